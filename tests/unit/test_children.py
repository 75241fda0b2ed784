"""Which parents' lists are read next: never read, changed, then the longest unread."""

from pathlib import Path

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.config import ROLLING_SLICE
from pipelines.load.load import Queue, choose, queue
from pipelines.state.runs import Meta
from pipelines.warehouse import Warehouse
from tests.unit.pages import CATALOG

DAY = pendulum.datetime(2026, 3, 2)
CONTACTS = CATALOG.loaded["matter_contacts"]


def rest(*keys: int, start: pendulum.DateTime = DAY) -> tuple[tuple[pendulum.DateTime, int], ...]:
    """Return parents that were read one after another, a minute apart."""
    return tuple((start.add(minutes=at), key) for at, key in enumerate(keys))


QUEUES = {
    "a": Queue((1, 2), (3,), rest(4, 5)),
    "b": Queue((), (8,), rest(9, start=DAY.subtract(days=1))),
}


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        (None, {"a": [1, 2, 3, 4, 5], "b": [8, 9]}),
        (0, {"a": [], "b": []}),
        (2, {"a": [1, 2], "b": []}),
        (3, {"a": [1, 2, 3], "b": []}),
        (4, {"a": [1, 2, 3], "b": [8]}),
        (5, {"a": [1, 2, 3], "b": [8, 9]}),
        (6, {"a": [1, 2, 3, 4], "b": [8, 9]}),
        (99, {"a": [1, 2, 3, 4, 5], "b": [8, 9]}),
    ],
)
def test_a_budget_takes_the_unread_the_changed_and_then_the_oldest(
    budget: int | None, expected: dict[str, list[int]]
) -> None:
    """The rest go by the moment they were last read, over all child collections together."""
    assert choose(QUEUES, budget, full=False, rolling=ROLLING_SLICE) == expected


def test_without_a_budget_a_slice_of_the_rest_is_read() -> None:
    """All that wait, and the two hundred of the rest that were unread longest."""
    queues = {"a": Queue((1,), (2,), rest(*range(10, 510)))}
    chosen = choose(queues, None, full=False, rolling=ROLLING_SLICE)["a"]

    assert ROLLING_SLICE == 200
    assert list(chosen) == [1, 2, *range(10, 210)]
    assert choose(queues, None, full=False, rolling=3)["a"] == [1, 2, 10, 11, 12]
    assert choose(queues, None, full=False, rolling=0)["a"] == [1, 2]
    assert len(choose(queues, None, full=True, rolling=3)["a"]) == 502


def test_lists_that_failed_come_after_those_that_wait() -> None:
    """Each load asks for them again, last; with a budget they take turns with the others."""
    queues = {"a": Queue((1,), (2,), rest(10, 11), rest(20, 21, start=DAY.add(hours=1)))}
    assert choose(queues, None, full=False, rolling=1)["a"] == [1, 2, 20, 21, 10]
    assert choose(queues, 4, full=False, rolling=1)["a"] == [1, 2, 10, 11]


keys = st.lists(st.integers(1, 50), unique=True, max_size=9)


@given(found=st.dictionaries(st.sampled_from("abc"), keys), budget=st.none() | st.integers(0, 20))
def test_no_parent_is_read_twice_and_none_is_invented(
    found: dict[str, list[int]], budget: int | None
) -> None:
    """Whatever waits, each parent is chosen at most once and within the budget."""
    queues = {
        name: Queue(tuple(own[::3]), tuple(own[1::3]), rest(*own[2::3]))
        for name, own in found.items()
    }
    chosen = choose(queues, budget, full=False, rolling=ROLLING_SLICE)

    assert set(chosen) == set(queues)
    for name, own in chosen.items():
        assert len(own) == len(set(own))
        assert set(own) <= set(found[name])
    total = sum(map(len, chosen.values()))
    assert total == min(sum(map(len, found.values())), 10**9 if budget is None else budget)


def test_the_queue_is_derived_from_the_parents_table(tmp_path: Path) -> None:
    """Never read, stored anew since it was read, and the rest by the moment of reading."""
    with Warehouse(tmp_path) as warehouse:
        Meta(warehouse)
        warehouse.rows("create schema raw_clio_manage")
        warehouse.rows("create table raw_clio_manage.matters (id bigint, _synced_at timestamptz)")
        for key in (1, 2, 3, 4, 5):
            warehouse.rows("insert into raw_clio_manage.matters values ($1, $2)", [key, DAY])
        read = {2: -1, 3: 0, 4: 1, 5: 2}
        for key, hours in read.items():
            warehouse.rows(
                "insert into meta.parents_read values"
                " ('clio_manage', 'matter_contacts', $1, $2, false)",
                [key, DAY.add(hours=hours)],
            )
        waiting = queue(warehouse, "clio_manage", CONTACTS)

    assert (waiting.unread, waiting.changed) == ((1,), (2,))
    assert [key for _, key in waiting.rest] == [3, 4, 5]


def test_there_is_no_queue_before_there_are_parents(tmp_path: Path) -> None:
    """A child collection whose parents were never loaded waits for nothing."""
    with Warehouse(tmp_path) as warehouse:
        Meta(warehouse)
        assert queue(warehouse, "clio_manage", CONTACTS) == Queue((), (), ())
        assert queue(warehouse, "clio_manage", CATALOG.loaded["matters"]) == Queue((), (), ())
