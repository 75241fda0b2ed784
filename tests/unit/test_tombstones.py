"""Rows that Clio has deleted: marked once, kept, and revived."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.state.row_history import buried, bury, ensure_versions
from pipelines.warehouse import Warehouse
from tests.unit.sides import AT, CONTACTS, RAW, SOURCE, TASKS, Sides

LATER = AT.add(hours=1)


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[Sides]:
    """Return a table of three rows."""
    with Warehouse(tmp_path) as warehouse:
        made = Sides(warehouse)
        made.store({"1": "a", "2": "b", "3": "c"})
        yield made


def found(sides: Sides) -> list[tuple[object, ...]]:
    """Return key, evidence and whether it is lifted of each tombstone."""
    return sides.warehouse.rows(
        "select record_id, evidence, revived_at is not null from meta.tombstones order by all"
    )


def test_mark_is_written_once(sides: Sides) -> None:
    """Marking a row again changes nothing, not even the moment and the evidence."""
    bury(sides.warehouse, SOURCE, TASKS, {"1": "not found"}, AT)
    bury(sides.warehouse, SOURCE, TASKS, {"1": "again", "2": "gone"}, LATER)
    assert found(sides) == [("1", "not found", False), ("2", "gone", False)]
    assert buried(sides.warehouse, SOURCE) == {"tasks": 2}
    rows = sides.warehouse.rows("select record_id, detected_at from meta.tombstones order by 1")
    assert [(key, at) for key, at in rows] == [("1", AT), ("2", LATER)]


def test_nothing_leaves_the_table(sides: Sides) -> None:
    """The row stays as it was."""
    before = sides.warehouse.rows(f"from {sides.raw} order by all")
    sides.bury("1", "2")
    assert sides.warehouse.rows(f"from {sides.raw} order by all") == before


def test_row_that_is_seen_again_is_revived(sides: Sides) -> None:
    """By any walk that shows it; the mark stays with the moment of its end, and a row that is
    deleted once more gets another.
    """
    sides.bury("1", "2")
    sides.show([("1", "a"), ("3", "c")], walk="load")
    assert found(sides) == [("1", "told so", True), ("2", "told so", False)]
    assert buried(sides.warehouse, SOURCE) == {"tasks": 1}
    sides.bury("1", at=LATER)
    assert buried(sides.warehouse, SOURCE) == {"tasks": 2}
    assert len(found(sides)) == 3


def test_marks_belong_to_one_collection(sides: Sides) -> None:
    """A record of another list with the same id is another record; so is one of Clio Grow."""
    sides.bury("1")
    others = Sides(sides.warehouse, CONTACTS)
    others.store({"1,1,0": "a"})
    others.bury("1,1,0")
    others.show([("1,1,0", "a")], walk="load")
    assert buried(sides.warehouse, SOURCE) == {"tasks": 1}
    assert buried(sides.warehouse, "clio_grow") == {}


def test_history_keeps_the_row(sides: Sides) -> None:
    """Where a collection has a history the outgoing row goes there, once, however often."""
    ensure_versions(sides.warehouse, RAW, ["tasks"])
    for at in (AT, LATER):
        sides.bury("1", at=at)
    kept = sides.warehouse.rows(f"select id, _row_hash, _replaced_at from {sides.raw}__versions")
    assert kept == [(1, "a", AT)]


def test_mark_and_history_are_one_step(sides: Sides) -> None:
    """Where the mark cannot be written the history has nothing either."""
    ensure_versions(sides.warehouse, RAW, ["tasks"])
    sides.warehouse.rows("drop table meta.tombstones")
    with pytest.raises(duckdb.Error):
        sides.bury("1")
    assert sides.warehouse.rows(f"select count(*) from {sides.raw}__versions") == [(0,)]
