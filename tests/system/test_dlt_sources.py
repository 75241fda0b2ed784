"""Our sources in pipelines of dlt's own, while rows change: nothing lost, nothing doubled."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from dlt.pipeline.pipeline import Pipeline

from sources.clio_http import walks
from sources.clio_manage import clio_manage
from sources.clio_simulator.change import When
from sources.clio_simulator.faults import Forbidden
from tests.system.conftest import NewFirm
from tests.system.firm import CATALOG, Firm, Rows, compared
from tests.system.grow_firm import GROW, GrowFirm, NewGrow
from tests.system.pipelines_of_dlt import (
    grow,
    manage,
    newest,
    pipeline,
    plain_dlt,  # noqa: F401 - a fixture
    rows,
    settings,
)
from tests.system.postgres import address, driver  # noqa: F401 - fixtures

NAMES = ("activities", "contacts", "matters", "matter_contacts")
AS_PARQUET = {"loader_file_format": "parquet"}
OF_GROW = ("contacts", "matters", "matter_notes", "inbox_leads")


@pytest.fixture
def firm(new_firm: NewFirm, plain_dlt: pytest.MonkeyPatch) -> Firm:  # noqa: F811
    """Give a firm that dlt finds in the environment; a list of it has several pages."""
    firm = new_firm()
    for name, value in settings(firm.clio).items():
        plain_dlt.setenv(name, value)
    return firm


@pytest.fixture
def grow_firm(new_grow: NewGrow, plain_dlt: pytest.MonkeyPatch) -> GrowFirm:  # noqa: F811
    """Give a firm of Clio Grow that dlt finds in the environment."""
    firm = new_grow(grow_contacts=250, grow_matters=4)
    for name, value in settings(firm.clio).items():
        plain_dlt.setenv(name, value)
    return firm


@pytest.fixture
def page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each page be a table of its own, as it is where a list is long."""
    monkeypatch.setattr(walks, "MAX_PAGES", 1)


def change_behind(firm: Firm, name: str, column: str) -> None:
    """Let rows change once they were read, and a later row before it is."""
    keys = sorted(
        firm.clio.store[name].rows if "." not in name else firm.clio.grow_store[name].rows
    )
    for page, key in ((1, keys[5]), (1, keys[-5]), (2, keys[205])):
        changed = {column: f"changed {key}"}
        firm.clio.changes.update(name, key, changed, when=When.after(name, page))


def differences(
    pipe: Pipeline, firm: Firm, *names: str, read: Callable[..., Rows] = rows
) -> list[str]:
    """Name each row and column in which a destination is not what the server has."""
    catalog = GROW if isinstance(firm, GrowFirm) else CATALOG
    return [
        difference
        for name in names
        for difference in compared(name, read(pipe, catalog.loaded[name]), firm.served(name))
    ]


def run_twice(pipe: Pipeline, firm: Firm, make: Callable[[], Any], **more: Any) -> None:  # noqa: ANN401
    """Run while rows change, and once more an hour later."""
    if isinstance(firm, GrowFirm):
        change_behind(firm, "grow.contacts", "first_name")
    else:
        change_behind(firm, "activities", "note")
    pipe.run(make(), **more)
    firm.clio.clock.advance(3600)
    pipe.run(make(), **more)


def test_manage_into_duckdb(firm: Firm) -> None:
    """What changes behind the page that is read is there after the next run, which asks for what
    changed alone.
    """
    pipe = pipeline("duckdb")
    run_twice(pipe, firm, lambda: manage(*NAMES))
    assert [len(firm.asked(name)) for name in NAMES[:3]] == [3 + 1, 1 + 1, 1 + 1]
    assert differences(pipe, firm, *NAMES) == []


def test_grow_into_duckdb(grow_firm: GrowFirm) -> None:
    """The same for Clio Grow."""
    pipe = pipeline("duckdb")
    run_twice(pipe, grow_firm, lambda: grow(*OF_GROW))
    assert differences(pipe, grow_firm, *OF_GROW) == []


@pytest.mark.long
def test_everything_into_duckdb(firm: Firm) -> None:
    """Every collection that is not off by default, many at a time."""
    pipe, on = pipeline("duckdb"), [c.name for c in CATALOG.loaded.values() if not c.off]
    run_twice(pipe, firm, lambda: clio_manage().parallelize())
    tables = set(pipe.default_schema.data_table_names())
    assert set(on) <= tables
    assert differences(pipe, firm, *on) == []


@pytest.mark.long
def test_manage_into_postgres(firm: Firm, driver: Any, address: str) -> None:  # noqa: ANN401, F811
    """The same in PostgreSQL, where an empty text stays one."""
    keys = sorted(firm.clio.store["activities"].rows)
    firm.clio.changes.update("activities", keys[0], {"note": ""})
    pipe = pipeline(dlt.destinations.postgres(address), "of_manage")
    run_twice(pipe, firm, lambda: manage(*NAMES), loader_file_format="insert_values")
    assert differences(pipe, firm, *NAMES) == []


@pytest.mark.long
def test_grow_into_postgres(grow_firm: GrowFirm, driver: Any, address: str) -> None:  # noqa: ANN401, F811
    """The same for Clio Grow."""
    pipe = pipeline(dlt.destinations.postgres(address), "of_grow")
    run_twice(pipe, grow_firm, lambda: grow(*OF_GROW), loader_file_format="insert_values")
    assert differences(pipe, grow_firm, *OF_GROW) == []


def test_manage_into_parquet(firm: Firm) -> None:
    """Plain files take no merge: what was read is appended, and the newest of a key is as Clio is.
    Replaced, they hold each once.
    """
    pipe = pipeline(dlt.destinations.filesystem(Path("lake").absolute().as_uri()))
    names = ("activities", "matters")
    run_twice(pipe, firm, lambda: manage(*names), **AS_PARQUET)
    assert len(list(Path("lake/raw_clio/activities").glob("*.parquet"))) == 2
    assert differences(pipe, firm, *names, read=newest) == []
    run_twice(pipe, firm, lambda: manage(*names), **AS_PARQUET, write_disposition="replace")
    assert differences(pipe, firm, *names) == []


def test_grow_into_parquet(grow_firm: GrowFirm) -> None:
    """The same for Clio Grow."""
    pipe = pipeline(dlt.destinations.filesystem(Path("lake").absolute().as_uri()))
    run_twice(pipe, grow_firm, lambda: grow("contacts"), **AS_PARQUET)
    assert differences(pipe, grow_firm, "contacts", read=newest) == []


def test_a_limit_goes_on_from_its_page(firm: Firm, page_by_page: None) -> None:
    """A run that was limited moves no watermark: the next one goes on from the page after what it
    took, and the one after that asks for what changed since the first page was read.
    """
    pipe = pipeline("duckdb")
    change_behind(firm, "activities", "note")
    pipe.run(manage("activities").add_limit(1))
    assert len(rows(pipe, CATALOG.loaded["activities"])) == 200
    firm.clio.clock.advance(3600)
    pipe.run(manage("activities"))
    assert len(rows(pipe, CATALOG.loaded["activities"])) == 600
    assert [asked.page for asked in firm.asked("activities")] == [1, 2, 2, 3]
    pipe.run(manage("activities"))
    assert differences(pipe, firm, "activities") == []


def test_an_error_keeps_nothing(firm: Firm, page_by_page: None) -> None:
    """A run that fails stores nothing and moves nothing: the next one begins where it began."""
    pipe = pipeline("duckdb")
    firm.clio.faults.add(Forbidden(), "activities", page=2)
    change_behind(firm, "activities", "note")
    with pytest.raises(PipelineStepFailed):
        pipe.run(manage("activities", "matters"))
    assert pipe.default_schema_name is None
    firm.clio.clock.advance(3600)
    pipe.run(manage("activities", "matters"))
    assert differences(pipe, firm, "activities", "matters") == []


def test_each_resource_has_its_own_watermark(firm: Firm) -> None:
    """A child that is added later gets the lists of all parents; a parent that was only read for
    its children is read whole when it is selected itself.
    """
    pipe = pipeline("duckdb")
    pipe.run(manage("matters"))
    firm.clio.clock.advance(3600)
    pipe.run(manage("matters", "matter_contacts"))
    assert differences(pipe, firm, "matters", "matter_contacts") == []
    pipe.run(manage("conversation_messages"))
    firm.clio.clock.advance(3600)
    pipe.run(manage("conversations"))
    assert differences(pipe, firm, "conversations", "conversation_messages") == []
