"""What became of each row: new, changed, the same, older, or a key that must wait."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pendulum
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.load.classify import Classified, Classifier, raw_schema
from pipelines.state.row_history import ensure_versions
from pipelines.warehouse import Warehouse, arrow
from sources.clio_http.catalog import Collection, Field
from sources.clio_http.rows import ARROW_TYPES
from tests.unit.pages import CATALOG

RAW = "raw_clio_manage"
RUN = pendulum.datetime(2026, 3, 2, 9, 0, 0)
OLD, NEW = RUN.subtract(hours=2), RUN.subtract(hours=1)
DECIDED = (
    Field("id", "BIGINT"),
    Field("updated_at", "TIMESTAMPTZ"),
    Field("name", "VARCHAR"),
    Field("total", "DECIMAL"),
)
THINGS = replace(CATALOG.loaded["activities"], name="things", fields=DECIDED)
BARE = replace(THINGS, fields=(DECIDED[0], DECIDED[2]))
PAIRS = replace(
    CATALOG.loaded["matter_contacts"],
    name="pairs",
    fields=(Field("id", "BIGINT"), Field("name", "VARCHAR")),
)


def batch(*rows: Mapping[str, Any], of: Collection = THINGS, without: str = "") -> pa.Table:
    """Return rows as a reading has them."""
    fields = [(c.name, ARROW_TYPES[c.type]) for c in of.columns if c.name != without]
    return pa.Table.from_pylist([dict(row) for row in rows], pa.schema(fields))


def thing(key: int, name: str | None = "a", at: pendulum.DateTime = OLD, **more: object) -> Any:
    """Return a row of things."""
    return {"id": key, "name": name, "updated_at": at, **more}


class Table:
    """A raw table in a real warehouse, and the engine's part played by one insert."""

    def __init__(self, warehouse: Warehouse, collection: Collection) -> None:
        """Make the empty table as the first load does."""
        self.warehouse, self.collection = warehouse, collection
        self.name = f"{RAW}.{collection.name}"
        self._write(f"create table {self.name} as from given", raw_schema(collection).empty_table())

    def _write(self, statement: str, rows: pa.Table) -> None:
        cursor = self.warehouse.cursor()
        cursor.register("given", rows)
        cursor.execute(statement)
        cursor.close()

    def classifier(self, *, once: bool = False, at: pendulum.DateTime = RUN) -> Classifier:
        """Begin a package."""
        layout = self.warehouse.layout(RAW)
        return Classifier(self.warehouse, RAW, self.collection, at, layout=layout, once=once)

    def classify(self, *batches: pa.Table, once: bool = False) -> list[Classified]:
        """Classify readings within one package; nothing is stored."""
        classifier = self.classifier(once=once)
        found = [classifier.classify(each) for each in batches]
        classifier.close()
        return found

    def load(self, *batches: pa.Table, at: pendulum.DateTime = RUN, once: bool = False) -> None:
        """Classify readings and store what is to go on, by key."""
        classifier = self.classifier(once=once, at=at)
        going = [each.table for b in batches if (each := classifier.classify(b)).table is not None]
        classifier.close()
        same = " and ".join(f"t.{name} = given.{name}" for name in self.collection.key)
        for rows in going:
            self._write(f"delete from {self.name} t using given where {same}", rows)
            self._write(f"insert into {self.name} by name from given", rows)

    def rows(self, what: str = "*", suffix: str = "") -> list[dict[str, Any]]:
        """Read the table."""
        cursor = self.warehouse.cursor()
        found = arrow(cursor, f"select {what} from {self.name}{suffix} order by all")
        cursor.close()
        rows: list[dict[str, Any]] = found.to_pylist()
        return rows


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """Return an open warehouse with an empty raw schema."""
    with Warehouse(tmp_path) as opened:
        opened.rows(f"create schema {RAW}")
        yield opened


@pytest.fixture
def things(warehouse: Warehouse) -> Table:
    """Return a raw table of things."""
    return Table(warehouse, THINGS)


def counts(found: Classified) -> tuple[int, int, int]:
    """Return inserted, updated and unchanged."""
    return found.inserted, found.updated, found.unchanged


@pytest.mark.parametrize("once", [True, False])
def test_rows_are_new_changed_or_the_same(things: Table, *, once: bool) -> None:
    """Only new and changed rows go on; a row that is the same is counted and dropped."""
    things.load(batch(thing(1), thing(2), thing(3)), once=once)
    readings = batch(thing(1), thing(2, "b", NEW), thing(4))
    (found,) = things.classify(readings, once=once)

    assert counts(found) == (1, 1, 1)
    assert found.table is not None
    assert sorted(found.table.column("id").to_pylist()) == [2, 4]
    assert found.table.schema == raw_schema(THINGS)
    assert set(found.table.column("_synced_at").to_pylist()) == {RUN}
    assert (found.older, found.again) == ((), None)


@pytest.mark.parametrize("once", [True, False])
def test_into_an_empty_table_everything_is_new(things: Table, *, once: bool) -> None:
    """A first load inserts; its hashes are those of any later one."""
    rows = batch(thing(1), thing(2, None, total=None))
    (found,) = things.classify(rows, once=once)
    assert counts(found) == (2, 0, 0)

    things.load(rows, once=once)
    assert [counts(each) for each in things.classify(rows)] == [(0, 0, 2)]


def test_an_empty_reading_is_nothing(things: Table) -> None:
    """No rows, no outcome."""
    (found,) = things.classify(batch())
    assert found == Classified()


def test_a_change_that_moved_no_stamp_is_a_change(things: Table) -> None:
    """The content decides, not `updated_at`: null to text, text to null, one digit of money."""
    things.load(batch(thing(1, None), thing(2), thing(3, total=1)))
    (found,) = things.classify(batch(thing(1), thing(2, None), thing(3, total=2)))
    assert counts(found) == (0, 3, 0)


def test_a_stamp_that_went_back_is_older_unless_settled(things: Table) -> None:
    """A lagging replica never overwrites; what a reading of its own says is taken."""
    things.load(batch(thing(1, "new", NEW), thing(2)))
    back = batch(thing(1, "old", OLD), thing(2, "b", NEW))
    (found,) = things.classify(back)

    assert found.older == (1,)
    assert counts(found) == (0, 1, 0)
    assert found.table is not None
    assert found.table.column("id").to_pylist() == [2]

    classifier = things.classifier()
    settled = classifier.classify(batch(thing(1, "old", OLD)), settled=True)
    classifier.close()
    assert (settled.older, counts(settled)) == ((), (0, 1, 0))


def test_the_same_content_is_unchanged_whatever_its_stamp_says(warehouse: Warehouse) -> None:
    """Without a stamp in the collection nothing is ever older."""
    table = Table(warehouse, BARE)
    table.load(batch({"id": 1, "name": "b"}, of=BARE))
    (found,) = table.classify(batch({"id": 1, "name": "a"}, of=BARE))
    assert (counts(found), found.older) == ((0, 1, 0), ())


@pytest.mark.parametrize("filled", [True, False])
def test_the_last_reading_of_a_batch_wins(things: Table, *, filled: bool) -> None:
    """One row goes on for each key; the others are counted as unchanged."""
    if filled:
        things.load(batch(thing(1, "first")))
    (found,) = things.classify(batch(thing(1, "x"), thing(2), thing(1, "y"), thing(1, "z")))

    assert found.table is not None
    going = {row["id"]: row["name"] for row in found.table.to_pylist()}
    assert going == {1: "z", 2: "a"}
    assert sum(counts(found)) == 4
    assert found.again is None


def test_a_key_goes_on_once_in_a_package(things: Table) -> None:
    """The same reading again is dropped; another one waits for the next package."""
    first, second, third = things.classify(
        batch(thing(1)), batch(thing(1), thing(2)), batch(thing(1, "other", NEW), thing(3))
    )
    assert (counts(first), counts(second)) == ((1, 0, 0), (1, 0, 1))
    assert second.again is None
    assert counts(third) == (1, 0, 0)
    assert third.again is not None
    assert third.again.column_names == ["id", "updated_at", "name", "total"]
    assert [row["name"] for row in third.again.to_pylist()] == ["other"]


def test_a_key_of_two_columns_is_one_key(warehouse: Warehouse) -> None:
    """The same contact in two matters is two rows."""
    pairs = Table(warehouse, PAIRS)
    rows = batch(
        {"matter__id": 1, "id": 7, "name": "a"},
        {"matter__id": 2, "id": 7, "name": "a"},
        {"matter__id": 1, "id": 7, "name": "b"},
        of=PAIRS,
    )
    pairs.load(rows)
    assert [(row["matter__id"], row["id"], row["name"]) for row in pairs.rows()] == [
        (1, 7, "b"),
        (2, 7, "a"),
    ]


def test_a_column_that_was_not_asked_for_is_carried(things: Table) -> None:
    """A refused field neither blanks what is stored nor makes its rows look changed."""
    things.load(batch(thing(1, total=5), thing(2, total=7)))
    given_rows = batch(thing(1), thing(2, "b", NEW), thing(3), without="total")
    (found,) = things.classify(given_rows)

    assert counts(found) == (1, 1, 1)
    things.load(given_rows)
    assert [(row["name"], row["total"]) for row in things.rows("name, total")] == [
        ("a", 5),
        ("a", None),
        ("b", 7),
    ]
    assert [counts(each) for each in things.classify(given_rows)] == [(0, 0, 3)]


def test_a_column_that_the_table_lacks_is_new_content(things: Table) -> None:
    """A field that the catalogue adds changes every row, once."""
    things.warehouse.rows(f"alter table {things.name} drop column total")
    rows = batch(thing(1, total=5))
    things.collection = replace(THINGS, fields=DECIDED[:3])
    things.load(batch(thing(1), of=things.collection))
    things.collection = THINGS
    (found,) = things.classify(rows)
    assert counts(found) == (0, 1, 0)


names = st.none() | st.sampled_from(["", "\x1e", "\x1f", "a", "b", "a\x1fb", "null", "Ł"])
records = st.builds(
    lambda name, total, second: {"name": name, "total": total, "updated_at": second},
    names,
    st.none() | st.integers(-3, 3),
    st.none() | st.integers(0, 3).map(lambda second: OLD.add(seconds=second)),
)


@settings(max_examples=12)
@given(rows=st.lists(records, min_size=1, max_size=6), cut=st.integers(0, 6))
def test_the_hash_of_a_row_does_not_depend_on_its_batch(
    warehouse_of_module: Warehouse, rows: list[dict[str, Any]], cut: int
) -> None:
    """Alone or with others, first or last, into an empty or a filled table: one hash."""
    given_rows = [{"id": key, **row} for key, row in enumerate(rows, start=1)]
    hashes: list[dict[int, str]] = []
    warehouse_of_module.rows(f"drop schema if exists {RAW} cascade")
    warehouse_of_module.rows(f"create schema {RAW}")
    table = Table(warehouse_of_module, THINGS)
    for once in (True, False):
        whole = table.classify(batch(*given_rows), once=once)
        parts = table.classify(
            *(batch(*part) for part in (given_rows[:cut], given_rows[cut:]) if part), once=once
        )
        hashes += [hashed(whole), hashed(parts)]
    table.load(batch(*reversed(given_rows)))
    (again,) = table.classify(batch(*given_rows))
    assert counts(again) == (0, 0, len(given_rows))
    assert all(each == hashes[0] for each in hashes)


def hashed(found: list[Classified]) -> dict[int, str]:
    """Return the hash of each row that goes on, by id."""
    rows = [row for each in found if each.table for row in each.table.to_pylist()]
    return {row["id"]: row["_row_hash"] for row in rows}


@pytest.fixture(scope="module")
def warehouse_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Return a warehouse that is emptied by whoever uses it."""
    with Warehouse(tmp_path_factory.mktemp("warehouse")) as opened:
        yield opened


def test_different_rows_have_different_hashes(things: Table) -> None:
    """Null is not the empty text, and text that looks like a boundary is none."""
    pairs = [(None, None), ("", None), ("a", 1), ("a", None), ("1", None), ("a\x1f1", None)]
    rows = [thing(1, name, total=total) for name, total in pairs]
    hashes = {hashed(things.classify(batch(row)))[1] for row in rows}
    assert len(hashes) == len(pairs)


def test_separators_inside_a_text_do_not_hide_a_change(warehouse: Warehouse) -> None:
    """A text equal to the mark for null is not null."""
    table = Table(warehouse, BARE)
    table.load(batch({"id": 1, "name": None}, of=BARE))
    (found,) = table.classify(batch({"id": 1, "name": "\x1e"}, of=BARE))
    assert counts(found) == (0, 1, 0)


@pytest.fixture
def kept(things: Table) -> Table:
    """Return a table with history and two rows."""
    things.load(batch(thing(1), thing(2)), at=OLD)
    ensure_versions(things.warehouse, RAW, ["things"])
    return things


def test_a_first_load_writes_no_history(kept: Table) -> None:
    """History is what was replaced, and nothing was."""
    assert kept.rows(suffix="__versions") == []


def test_the_outgoing_row_is_kept_once_even_if_run_twice(kept: Table) -> None:
    """A package that is classified again after a crash saves nothing twice."""
    change = batch(thing(1, "b", NEW), thing(2))
    before = kept.rows()
    kept.classify(change)
    kept.classify(change)

    (saved,) = kept.rows(suffix="__versions")
    assert saved.pop("_replaced_at") == RUN
    assert saved == before[0]

    kept.load(change)
    kept.load(batch(thing(1, "c", NEW)), at=RUN.add(hours=1))
    assert [row["name"] for row in kept.rows("name, _replaced_at", "__versions")] == ["a", "b"]


def test_unchanged_and_older_rows_make_no_history(kept: Table) -> None:
    """Only a row that goes on replaces another."""
    kept.classify(batch(thing(1), thing(2, "old", OLD.subtract(hours=1)), thing(3)))
    assert kept.rows(suffix="__versions") == []


def test_a_value_that_comes_back_is_history_each_time(kept: Table) -> None:
    """A to B to A: both outgoing rows are kept, told apart by when they were stored."""
    for hours, name in enumerate(["b", "a", "b"], start=1):
        at = OLD.add(hours=hours)
        kept.load(batch(thing(1, name, at)), at=at)
    found = kept.rows("_replaced_at, name", "__versions")
    assert [row["name"] for row in found] == ["a", "b", "a"]


def test_history_gains_the_columns_that_its_table_gains(kept: Table) -> None:
    """A new column of the raw table is kept from then on; making it twice changes nothing."""
    kept.warehouse.rows(f"alter table {kept.name} add column fresh bigint")
    for _ in range(2):
        ensure_versions(kept.warehouse, RAW, ["things", "not_there"])
    layout = kept.warehouse.layout(RAW)
    assert set(layout["things__versions"]) == {*layout["things"], "_replaced_at"}
    assert "not_there__versions" not in layout
