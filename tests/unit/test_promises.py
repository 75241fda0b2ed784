"""What lists promise of the order of their rows is checked, and nothing more."""

import pyarrow as pa
import pytest

from sources.clio_http.rows import demand_order
from sources.errors import BrokenWalkError

ROLES = ("id", "relationship__id")


def rows(*pages: list[tuple[int, int | None, str]]) -> pa.Table:
    """Return typed rows of some pages: id, relationship and name."""
    found = [
        {"id": key, "relationship__id": relation, "name": name, "_page": n, "_position": at}
        for n, page in enumerate(pages, start=1)
        for at, (key, relation, name) in enumerate(page, start=1)
    ]
    return pa.Table.from_pylist(found)


RISING = rows([(1, None, "a"), (2, None, "b")], [(5, None, "c")])
FALLING = rows([(2, None, "a"), (1, None, "b")], [(5, None, "c")])
ONE_PAGE = rows([(2, None, "a"), (1, None, "b")])


def test_ids_that_rise() -> None:
    """The greatest one is given, so that the next pages are held against it."""
    assert demand_order(RISING, ("id",), "id", 0) == 5
    assert demand_order(rows([(7, None, "x")]), ("id",), "id", 5) == 7


@pytest.mark.parametrize(("table", "after"), [(FALLING, 0), (RISING, 1), (RISING, 9)])
def test_ids_that_do_not_rise(table: pa.Table, after: int) -> None:
    """Within pages, and against those before."""
    with pytest.raises(BrokenWalkError, match="ids do not rise between pages 1 and 2"):
        demand_order(table, ("id",), "id", after)


def test_list_that_promises_nothing() -> None:
    """Rows may come in any order; what is known of those before stays as it was."""
    assert demand_order(FALLING, ("id",), "", 3) == 3


def test_list_on_one_page_needs_no_order() -> None:
    """Nothing can be lost between pages; but no id may come twice."""
    assert demand_order(ONE_PAGE, ("id",), "id", 0, whole=True) == 2
    twice = rows([(2, None, "a"), (1, None, "b"), (2, None, "a")])
    with pytest.raises(BrokenWalkError, match="page 1 holds a record twice"):
        demand_order(twice, ("id",), "id", 0, whole=True)


def test_ids_of_the_relationship_rise() -> None:
    """Those of the contacts need not; a client has none, wherever it stands."""
    table = rows([(9, None, "client"), (5, 1, "a"), (1, 4, "b")], [(5, 6, "c"), (3, None, "d")])
    assert demand_order(table, ROLES, "relationship__id", 0) == 6
    assert demand_order(rows([(9, None, "client")]), ROLES, "relationship__id", 6) == 6


def test_ids_of_the_relationship_that_fall() -> None:
    """A list of several pages that is not in its documented order may have lost rows between."""
    table = rows([(9, 4, "a")], [(5, 1, "b")])
    with pytest.raises(BrokenWalkError, match="ids do not rise"):
        demand_order(table, ROLES, "relationship__id", 0)
    assert demand_order(rows([(9, 4, "a"), (5, 1, "b")]), ROLES, "relationship__id", 0, whole=True)


def test_the_same_role_twice() -> None:
    """The same row again says nothing new; another one with its key cannot be told apart."""
    assert demand_order(rows([(5, 1, "a"), (5, 1, "a")]), ROLES, "relationship__id", 0) == 1
    with pytest.raises(BrokenWalkError, match="page 1 holds a record twice"):
        demand_order(rows([(5, 1, "a"), (5, 1, "b")]), ROLES, "relationship__id", 0)
    with pytest.raises(BrokenWalkError, match="page 1 holds a record twice"):
        demand_order(rows([(5, None, "a"), (5, None, "b")]), ROLES, "relationship__id", 0)
    assert demand_order(rows([(5, None, "a")], [(5, None, "b")]), ROLES, "", 0) == 0
