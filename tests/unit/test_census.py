"""What was known before a walk, what the walk showed, and how the two sides differ."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.state.snapshots import Census, SnapshotComparison, clear
from pipelines.warehouse import Warehouse
from sources.clio_http.misfits import NO_KEY
from tests.unit.sides import AT, CONTACTS, SOURCE, Sides


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """Return an open warehouse."""
    with Warehouse(tmp_path) as opened:
        yield opened


@pytest.fixture
def sides(warehouse: Warehouse) -> Sides:
    """Return a table of three rows, known before the walk."""
    made = Sides(warehouse)
    made.store({"1": "a", "2": "b", "10": "c"})
    made.census().begin()
    return made


def test_rows_that_were_not_shown_are_absent(sides: Sides) -> None:
    """In the order of their numbers; what came into the table after the walk began is not."""
    sides.store({"11": "d"})
    assert sides.census().absent() == ["1", "2", "10"]
    sides.show([("2", "b")])
    assert sides.census().absent() == ["1", "10"]


def test_rows_shown_by_an_earlier_run_of_the_walk_count(sides: Sides) -> None:
    """A walk of many packages and runs is one walk; another walk's rows are not its own."""
    sides.show([("1", "a")])
    sides.show([("2", "b")])
    sides.show([("10", "c")], walk="load")
    assert sides.census().absent() == ["10"]
    assert sides.census("load").absent() == []


def test_marked_rows_are_neither_known_nor_absent(sides: Sides) -> None:
    """Before the walk and in its course; a mark that was lifted counts no more."""
    sides.bury("1", "2")
    sides.show([("1", "a")], walk="load")
    assert sides.census().absent() == ["1", "10"]
    clear(sides.warehouse, SOURCE, "sweep", ["tasks"])
    sides.census().begin()
    assert sides.census().absent() == ["1", "10"]
    assert sides.census().compare().known == 2


def test_clearing_forgets_one_walk_of_some_collections(sides: Sides) -> None:
    """The other walk and other collections keep their census."""
    sides.census("load").begin()
    clear(sides.warehouse, SOURCE, "sweep", ["matters"])
    assert sides.census().compare().known == 3
    clear(sides.warehouse, SOURCE, "sweep", ["tasks", "matters"])
    assert sides.census().compare() == SnapshotComparison(0, 0, 0, 0, blind=False)
    assert sides.census("load").compare().known == 3


def test_comparison(sides: Sides) -> None:
    """Missing was not known, stale has another content; what does not fit is stale too."""
    sides.show([("1", "a"), ("2", "other"), ("3", "new"), ("10", None)])
    assert sides.census().compare() == SnapshotComparison(3, 4, missing=1, stale=2, blind=False)


def test_row_without_a_key_makes_the_comparison_blind(sides: Sides) -> None:
    """It may be any of the absent ones."""
    sides.show([("1", "a"), (NO_KEY, None)])
    assert sides.census().compare().blind


def test_the_last_reading_of_a_row_counts(sides: Sides) -> None:
    """Within a package and from package to package, also where the last one did not fit."""
    sides.show([("1", "x"), ("1", "a"), ("2", "b")])
    sides.show([("2", "y")])
    sides.show([("10", None)])
    sides.show([("10", "c")])
    assert sides.census().compare().stale == 1
    sides.store({"2": "y"})
    assert sides.digests()["seen"] == sides.digests()["live"]


def test_healed_rows_are_stored_as_they_were_shown(sides: Sides) -> None:
    """Those that were missing or stale and are right now; the others are not counted."""
    sides.show([("1", "a"), ("2", "new"), ("3", "d"), ("10", "other"), ("4", None)])
    assert sides.census().healed() == 0
    sides.store({"2": "new", "3": "d"})
    assert sides.census().healed() == 2


def test_ghosts_are_absent_rows_that_are_marked_now(sides: Sides) -> None:
    """Whichever run marked them; an absent row that is not marked is none."""
    sides.show([("1", "a")])
    sides.bury("2")
    assert (sides.census().ghosts(), sides.census().absent()) == (1, ["10"])
    sides.bury("10")
    assert (sides.census().ghosts(), sides.census().absent()) == (2, [])


def test_row_that_is_marked_was_not_shown(sides: Sides) -> None:
    """A row that this walk saw and another one found deleted since counts as a ghost."""
    sides.show([("1", "a"), ("2", "b"), ("10", "c")])
    sides.bury("2")
    assert sides.census().ghosts() == 1
    assert sides.digests()["seen"] == sides.digests()["live"]


def test_what_a_load_stores_in_between_is_no_finding(sides: Sides) -> None:
    """Changed behind the place that the sweep has reached, changed before it, and new: afterwards
    both sides have it, nothing is stale or missing, and nothing else is absent.
    """
    sides.show([("1", "a")])
    stored = [("1", "a2"), ("2", "b1"), ("2", "b2"), ("3", "d")]
    sides.store(dict(stored))
    sides.show(stored, walk="load", proving=True)
    sides.show([("2", "b2"), ("3", "d")])
    assert sides.census().absent() == ["10"]
    sides.show([("10", "c")])
    assert sides.census().compare() == SnapshotComparison(4, 4, 0, 0, blind=False)
    assert len(set(sides.digests().values())) == 1


def test_what_a_load_stores_is_not_shown_by_the_walk(sides: Sides) -> None:
    """A row that a load brought ahead of the sweep, and that the sweep passes without showing it,
    is absent; one that a load brought behind it is held against neither side.
    """
    sides.put_down(after=5)
    sides.show([("1", "a"), ("2", "b")])
    sides.store({"3": "new", "7": "new"})
    sides.show([("3", "new"), ("7", "new")], walk="load", proving=True)
    sides.show([("10", "c")])
    assert sides.census().absent() == ["7"]
    sides.bury("7")
    assert sides.census().compare() == SnapshotComparison(4, 3, 0, 0, blind=False)
    assert sides.digests()["seen"] == sides.digests()["live"]
    assert sides.digests()["live"][0] == 3


@pytest.mark.parametrize(("lists", "index"), [(2, 0), (2, 1), (1, 1)])
def test_place_in_one_of_many_lists(sides: Sides, lists: int, index: int) -> None:
    """Where nobody knows in which list a row stands, it is passed when every list is, or when the
    last one is past its number.
    """
    sides.put_down(after=5, index=index)
    sides.show([("3", "new"), ("7", "new")], walk="load", proving=True, lists=lists)
    missed = {(2, 0): ["3", "7"], (2, 1): ["7"], (1, 1): []}[lists, index]
    assert sorted({*sides.census().absent()} - {"1", "2", "10"}) == missed


def test_findings_survive_a_load(sides: Sides) -> None:
    """What the sweep found stale or missing stays a finding when a load changes that row."""
    sides.put_down(after=5)
    sides.show([("1", "other"), ("2", "b"), ("3", "found")])
    sides.show([("1", "newer"), ("2", "b2"), ("3", "newer")], walk="load", proving=True)
    sides.show([("10", "c")])
    sides.store({"1": "newer", "2": "b2", "3": "newer"})
    assert sides.census().compare() == SnapshotComparison(3, 4, missing=1, stale=1, blind=False)
    assert sides.census().healed() == 2
    assert sides.digests()["seen"] == sides.digests()["live"]


@pytest.mark.parametrize("anew", [False, True])
def test_what_a_run_that_died_has_stored(sides: Sides, *, anew: bool) -> None:
    """Rows that it brought must be shown by the walk that goes on, and are found by it; begun
    anew, nothing that was shown before counts, and what was known before counts still.
    """
    sides.put_down(after=1)
    sides.show([("1", "a")])
    sides.store({"2": "healed", "11": "brought", "12": "brought"})
    sides.census().go_on(anew=anew)
    assert sides.census().absent() == ([] if not anew else ["1"]) + ["2", "10", "11", "12"]
    sides.show([("1", "a"), ("2", "healed"), ("10", "c"), ("11", "brought")])
    assert sides.census().absent() == ["12"]
    assert sides.census().compare() == SnapshotComparison(3, 4, missing=1, stale=1, blind=False)
    assert sides.census().healed() == 2


def test_parts_of_a_walk(sides: Sides) -> None:
    """When each run began that read a part, and how many rows; a walk that began again at its
    first page has shown what it showed since.
    """
    later = AT.add(days=1)
    sides.show([("1", "a"), ("2", "b")], at=AT)
    sides.show([("2", "b"), ("10", "c")], at=later)
    assert [(str(at)[:10], rows) for at, rows in sides.census().parts()] == [
        (AT.to_date_string(), 1),
        (later.to_date_string(), 2),
    ]
    sides.show([("2", "b")], at=later, restarted=True)
    assert sides.census().absent() == ["1"]


def test_what_a_load_could_not_store_is_a_difference(sides: Sides) -> None:
    """A version that did not fit is Clio's last word; the older one that is stored is not."""
    sides.show([("1", "a"), ("2", "b"), ("10", "c")])
    sides.show([("2", None)], walk="load", proving=True)
    assert sides.census().compare().stale == 1
    assert sides.census().unfit() == 1
    assert sides.digests()["seen"] == sides.digests()["live"]
    sides.show([("1", "z")], walk="load", proving=True)
    assert sides.digests()["seen"] != sides.digests()["live"]


def test_census_of_a_child_list(warehouse: Warehouse) -> None:
    """Only the rows of parents whose lists are to be read are known, and only those whose lists
    were read to the end are absent.
    """
    sides = Sides(warehouse, CONTACTS)
    sides.store({"1,7,5": "a", "1,8,5": "b", "2,7,5": "c", "3,7,5": "d"})
    sides.census("load").begin(["1", "2"])
    sides.show([("1,7,5", "a")], walk="load")
    census = sides.census("load")
    assert census.absent() == ["1,8,5", "2,7,5"]
    assert census.absent(["1"]) == ["1,8,5"]
    assert census.absent([]) == []
    assert census.live() == 4
    assert sorted(census.of_parents(["1", "3"])) == ["1,7,5", "1,8,5", "3,7,5"]
    sides.bury("1,7,5")
    assert census.live() == 3
    assert census.of_parents(["1"]) == ["1,8,5"]


def test_empty_sides_have_a_digest(warehouse: Warehouse) -> None:
    """No rows on either side are equal."""
    sides = Sides(warehouse)
    sides.census().begin()
    nothing = hashlib.sha256(b"").hexdigest()
    assert set(sides.digests().values()) == {(0, nothing)}


keys = st.integers(1, 2**62).map(str)
contents = st.text("0123456789abcdef", min_size=1, max_size=4)
tables = st.dictionaries(keys, contents, max_size=30)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ours=tables, theirs=tables, change=st.booleans())
def test_digests_are_equal_only_for_equal_sides(
    sides: Sides, ours: dict[str, str], theirs: dict[str, str], *, change: bool
) -> None:
    """The same keys with the same content give the same digest in any order; one key or content
    that is different gives another, also where one text runs on into the next.
    """
    shown = theirs if change else ours
    sides.warehouse.rows(f"delete from {sides.raw}")
    clear(sides.warehouse, SOURCE, "sweep", ["tasks"])
    sides.store(ours)
    sides.census().begin()
    sides.show(list(reversed(shown.items())))
    digests = sides.digests()
    assert digests["live"][0] == len(ours)
    assert digests["seen"][0] == len(shown)
    assert (digests["live"] == digests["seen"]) == (ours == shown)


def test_the_census_survives_a_run(tmp_path: Path) -> None:
    """Both sides are in the warehouse's file: the next run goes on with them."""
    with Warehouse(tmp_path) as warehouse:
        sides = Sides(warehouse)
        sides.store({"1": "a", "2": "b"})
        sides.census().begin()
        sides.show([("1", "a")])
    with Warehouse(tmp_path) as warehouse:
        found = warehouse.rows("select key, row_hash from meta.census_known order by 1")
        assert found == [("1", "a"), ("2", "b")]
        assert warehouse.rows("select key from meta.census_seen") == [("1",)]


def test_content_is_believed_and_not_the_hash_beside_it(sides: Sides) -> None:
    """Told how to hash a row, the census corrects hashes that do not fit their row before the
    walk, and digests what the rows hold after it.
    """
    clear(sides.warehouse, SOURCE, "sweep", ["tasks"])
    census = Census(sides.warehouse, SOURCE, sides.collection, "sweep", "'of ' || t.id")
    census.begin()
    found = sides.warehouse.rows(f"select id, _row_hash from {sides.raw} order by 1")
    assert found == [(1, "of 1"), (2, "of 2"), (10, "of 10")]
    sides.show([(str(key), row_hash) for key, row_hash in found])
    assert census.compare().stale == 0
    sides.store({"2": "altered"})
    assert census.digest(census.live_pairs()) == census.digest(census.seen_pairs())
