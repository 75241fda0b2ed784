"""Our sources in pipelines of dlt's own, while rows change: nothing lost, nothing doubled."""

from pathlib import Path
from typing import Any

import dlt
import pytest

from sources.clio_manage import clio_manage
from tests.system.firm import CATALOG, Firm
from tests.system.grow_firm import GrowFirm
from tests.system.pipelines_of_dlt import differences, grow, manage, newest, pipeline, run_twice

NAMES = ("activities", "contacts", "matters", "matter_contacts")
OF_GROW = ("contacts", "matters", "matter_notes", "inbox_leads")
AS_PARQUET = {"loader_file_format": "parquet"}


def test_manage_into_duckdb(dlt_firm: Firm) -> None:
    """What changes behind the page that is read is there after the next run, which asks for what
    changed alone.
    """
    pipe = pipeline("duckdb")
    run_twice(pipe, dlt_firm, lambda: manage(*NAMES))
    assert [len(dlt_firm.asked(name)) for name in NAMES[:3]] == [3 + 1, 1 + 1, 1 + 1]
    assert differences(pipe, dlt_firm, *NAMES) == []


def test_grow_into_duckdb(dlt_grow: GrowFirm) -> None:
    """The same for Clio Grow."""
    pipe = pipeline("duckdb")
    run_twice(pipe, dlt_grow, lambda: grow(*OF_GROW))
    assert differences(pipe, dlt_grow, *OF_GROW) == []


@pytest.mark.night
def test_everything_into_duckdb(dlt_firm: Firm) -> None:
    """Every collection that is not off by default, many at a time."""
    pipe, on = pipeline("duckdb"), [c.name for c in CATALOG.loaded.values() if not c.off]
    run_twice(pipe, dlt_firm, lambda: clio_manage().parallelize())
    tables = set(pipe.default_schema.data_table_names())
    assert set(on) <= tables
    assert differences(pipe, dlt_firm, *on) == []


@pytest.mark.long
def test_manage_into_postgres(dlt_firm: Firm, driver: Any, address: str) -> None:
    """The same in PostgreSQL, where an empty text stays one."""
    keys = sorted(dlt_firm.clio.store["activities"].rows)
    dlt_firm.clio.changes.update("activities", keys[0], {"note": ""})
    pipe = pipeline(dlt.destinations.postgres(address), "of_manage")
    run_twice(pipe, dlt_firm, lambda: manage(*NAMES), loader_file_format="insert_values")
    assert differences(pipe, dlt_firm, *NAMES) == []


@pytest.mark.long
def test_grow_into_postgres(dlt_grow: GrowFirm, driver: Any, address: str) -> None:
    """The same for Clio Grow."""
    pipe = pipeline(dlt.destinations.postgres(address), "of_grow")
    run_twice(pipe, dlt_grow, lambda: grow(*OF_GROW), loader_file_format="insert_values")
    assert differences(pipe, dlt_grow, *OF_GROW) == []


def test_manage_into_parquet(dlt_firm: Firm) -> None:
    """Plain files take no merge: what was read is appended, and the newest of a key is as Clio is.
    Replaced, they hold each once.
    """
    pipe = pipeline(dlt.destinations.filesystem(Path("lake").absolute().as_uri()))
    names = ("activities", "matters")
    run_twice(pipe, dlt_firm, lambda: manage(*names), **AS_PARQUET)
    assert len(list(Path("lake/raw_clio/activities").glob("*.parquet"))) == 2
    assert differences(pipe, dlt_firm, *names, read=newest) == []
    run_twice(pipe, dlt_firm, lambda: manage(*names), **AS_PARQUET, write_disposition="replace")
    assert differences(pipe, dlt_firm, *names) == []


def test_grow_into_parquet(dlt_grow: GrowFirm) -> None:
    """The same for Clio Grow."""
    pipe = pipeline(dlt.destinations.filesystem(Path("lake").absolute().as_uri()))
    run_twice(pipe, dlt_grow, lambda: grow("contacts"), **AS_PARQUET)
    assert differences(pipe, dlt_grow, "contacts", read=newest) == []
