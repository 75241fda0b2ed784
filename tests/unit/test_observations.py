"""Versions that came late and changes without a new stamp, measured where rows are classified."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pendulum
import pyarrow as pa
import pytest

from pipelines.load.classify import Classifier, Observed, raw_schema
from pipelines.state.certificates import Watch, lateness_of_walk, verdict, worst_lateness
from pipelines.state.runs import Late, Meta, PackageOutcome, Silent
from pipelines.warehouse import Warehouse
from sources.clio_http.catalog import Field
from sources.clio_http.rows import ARROW_TYPES
from tests.unit.pages import CATALOG

RAW = "raw_clio_manage"
SOURCE = "clio_manage"
COVERED = pendulum.datetime(2026, 3, 2, 9, 0, 0)
LOADED = COVERED.subtract(minutes=15, seconds=1)
THINGS = replace(
    CATALOG.loaded["activities"],
    name="things",
    fields=(
        Field("id", "BIGINT"),
        Field("etag", "VARCHAR"),
        Field("updated_at", "TIMESTAMPTZ"),
        Field("name", "VARCHAR"),
        Field("total", "DECIMAL"),
    ),
)
LOAD, SWEEP = Watch(COVERED, LOADED), Watch(COVERED, LOADED, silent=True)


def thing(key: int, minutes: int, name: str = "a", **more: object) -> dict[str, Any]:
    """Return a row that was stamped so many minutes before the last load began."""
    return {"id": key, "updated_at": COVERED.subtract(minutes=minutes), "name": name, **more}


def batch(*rows: dict[str, Any]) -> pa.Table:
    """Return rows as a reading has them."""
    fields = [(column.name, ARROW_TYPES[column.type]) for column in THINGS.columns]
    return pa.Table.from_pylist(list(rows), pa.schema(fields))


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """Return a warehouse with three things that were stamped an hour, a day and five minutes before
    the last load began.
    """
    with Warehouse(tmp_path) as opened:
        Meta(opened)
        opened.rows(f"create schema {RAW}")
        cursor = opened.cursor()
        cursor.register("given", raw_schema(THINGS).empty_table())
        cursor.execute(f"create table {RAW}.things as from given")
        found = classifier(opened, None).classify(batch(*STORED)).table
        cursor.register("given", found)
        cursor.execute(f"insert into {RAW}.things by name from given")
        cursor.close()
        yield opened


STORED = (thing(1, 60), thing(2, 1440), thing(3, 5))


def classifier(warehouse: Warehouse, watch: Watch | None) -> Classifier:
    """Begin a package."""
    layout = warehouse.layout(RAW)
    return Classifier(warehouse, RAW, THINGS, COVERED, layout=layout, once=True, watch=watch)


def observed(warehouse: Warehouse, watch: Watch | None, *rows: dict[str, Any]) -> Observed:
    """Classify a reading and give what it shows of Clio."""
    begun = classifier(warehouse, watch)
    found = begun.classify(batch(*rows)).observed
    begun.close()
    return found


@pytest.mark.parametrize("watch", [LOAD, SWEEP])
def test_versions_that_the_last_load_should_have_seen(warehouse: Warehouse, watch: Watch) -> None:
    """A new row and a new version that were stamped before the last load began are late, by at
    least the time in between; the longest counts.
    """
    found = observed(warehouse, watch, thing(1, 20, "b"), thing(4, 30), thing(2, 1440))
    assert (found.late, found.seconds) == (2, 1800.0)


@pytest.mark.parametrize("watch", [LOAD, SWEEP])
def test_versions_in_time(warehouse: Warehouse, watch: Watch) -> None:
    """What was stamped when the last load began or after it, and what is stored already."""
    rows = (*STORED, thing(4, 0), thing(5, -10), thing(3, -1, "b"))
    found = observed(warehouse, watch, *rows[:2], *rows[3:])
    assert (found.late, found.seconds) == (0, 0.0)


def test_silent_changes(warehouse: Warehouse) -> None:
    """Fields that differ though the stamp is the stored one are counted, each for itself; null to
    a value too. Rows that loads still ask for are left out, and so are those with a new stamp.
    """
    rows = (
        thing(1, 60, "b", etag="new"),
        thing(2, 1440, "b", total=1),
        thing(3, 5, "b"),
        thing(4, -10, "b"),
    )
    found = observed(warehouse, SWEEP, *rows)
    assert found.silent == Counter({"name": 2, "etag": 1, "total": 1})
    assert found.late == 0


def test_loads_count_no_silent_changes(warehouse: Warehouse) -> None:
    """Only a sweep reads all rows; a full load finds what it finds. Without a watch nothing is."""
    assert observed(warehouse, LOAD, thing(1, 60, "b")) == Observed()
    assert observed(warehouse, None, thing(1, 60, "b"), thing(4, 60)) == Observed()


def test_an_equal_row_shows_nothing(warehouse: Warehouse) -> None:
    """Whatever its stamp."""
    assert observed(warehouse, SWEEP, *STORED) == Observed()


def test_observations_add_up() -> None:
    """Numbers add, the longest time stays."""
    whole = Observed(1, 20.0, Counter(name=1))
    whole.add(Observed(2, 10.0, Counter(name=1, etag=2)))
    assert whole == Observed(3, 20.0, Counter(name=2, etag=2))


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "ok"), (449, "ok"), (450, "warn"), (900, "warn"), (901, "fail")],
)
def test_verdict(seconds: float, told: str) -> None:
    """Half the overlap is a warning; beyond it loads miss what a sweep must find."""
    assert verdict(seconds) == told


def test_lateness_of_a_sweep(warehouse: Warehouse) -> None:
    """All of its packages and runs, which have the moment at which it began; loads and other
    sweeps have their own.
    """
    at = COVERED.add(hours=1)
    late = [
        Late(SOURCE, "things", "sweep", 2, 100.0, at),
        Late(SOURCE, "things", "sweep", 1, 300.0, at),
        Late(SOURCE, "things", "sweep", 8, 900.0, at.add(seconds=1)),
        Late(SOURCE, "things", "incremental", 8, 800.0, at),
        Late(SOURCE, "others", "sweep", 8, 700.0, at),
    ]
    for one in late:
        Meta(warehouse).save_walks(PackageOutcome(late=[one]), at, "run")
    assert lateness_of_walk(warehouse, SOURCE, "things", at) == (3, 300.0)
    assert lateness_of_walk(warehouse, SOURCE, "none", at) == (0, 0.0)
    assert worst_lateness(warehouse, SOURCE, at.add(days=30)) == {"things": 900.0, "others": 700.0}
    assert worst_lateness(warehouse, SOURCE, at.add(days=31)) == {}


def test_silent_changes_are_kept(warehouse: Warehouse) -> None:
    """With the run that found them; a later find is another row."""
    for run in ("first", "second"):
        silent = [Silent(SOURCE, "things", "name", 2)]
        Meta(warehouse).save_walks(PackageOutcome(silent=silent), COVERED, run)
    found = warehouse.rows("select field, records, run_id from meta.silent_changes order by run_id")
    assert found == [("name", 2, "first"), ("name", 2, "second")]
