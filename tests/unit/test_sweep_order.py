"""What a sweep proves next, and how much of it fits into a night."""

from dataclasses import replace

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.load.planning import Rules, plan_sweep
from pipelines.state.runs import Progress
from pipelines.sweep.sweep import batches, estimate, in_order
from sources.clio_http.catalog import Collection
from sources.clio_http.plan import Point, fields_hash, lists_of
from tests.unit.pages import CATALOG

NOW = pendulum.datetime(2026, 3, 2, 9, 0, 0)
BEGUN = NOW.subtract(days=1)
NOTES = CATALOG.loaded["notes"]
NAMES = ("bills", "contacts", "matters", "notes", "tasks")
EVERY = [CATALOG.loaded[name] for name in NAMES]
PLACE = "place"


@pytest.mark.parametrize(
    ("name", "rows", "requests"),
    [
        ("tasks", 0, 1),
        ("tasks", 1, 1),
        ("tasks", 200, 1),
        ("tasks", 201, 2),
        ("activities", 100_000, 500),
        ("bills", 0, 3),
        ("bills", 1_000, 5),
        ("billable_clients", 26, 2),
        ("settings_billing", 1, 1),
    ],
)
def test_requests_of_a_walk(name: str, rows: int, requests: int) -> None:
    """One for each page, and at least one for each of the lists that make up a collection."""
    assert estimate(CATALOG.loaded[name], rows) == requests


def test_order() -> None:
    """What is under way comes first, then what was never proved, then the oldest certificate;
    among equals the name decides.
    """
    walked = {"matters": BEGUN, "contacts": BEGUN.subtract(days=1), "bills": BEGUN}
    found = in_order(EVERY, frozenset({"matters"}), walked)
    assert [c.name for c in found] == ["matters", "notes", "tasks", "contacts", "bills"]


needs = st.lists(st.integers(1, 9), max_size=5)


def queue(needed: list[int]) -> list[tuple[Collection, int]]:
    """Return collections that need so many requests."""
    return list(zip(EVERY, needed, strict=False))


@given(needed=needs)
def test_without_a_budget_everything_is_one_batch(needed: list[int]) -> None:
    """In the order in which it waits."""
    assert batches(queue(needed), None) == (EVERY[: len(needed)], [])


@given(needed=needs, budget=st.integers(0, 30))
def test_a_batch_is_what_the_budget_is_likely_to_do(needed: list[int], budget: int) -> None:
    """From the front, nothing left out in between, and always one at least, so that a collection
    that is larger than a night moves on too.
    """
    waiting = queue(needed)
    taken, left = batches(waiting, budget)
    size = len(taken)
    assert (taken, left) == ([c for c, _ in waiting[:size]], waiting[size:])
    assert bool(taken) == bool(waiting)
    assert size <= 1 or sum(needed[:size]) <= budget
    assert not left or sum(needed[: size + 1]) > budget


def put_down(**changes: object) -> Progress:
    """Return a sweep of the notes that was put down on its second list."""
    digest = fields_hash(NOTES, frozenset())
    known = Progress(
        "clio_manage",
        "notes",
        walk_started_at=BEGUN,
        page_token=PLACE,
        fields_hash=digest,
        mode="sweep",
        list_index=1,
        after_id=17,
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def test_new_sweep_walks_everything() -> None:
    """From the first page, whatever loads have read, with the moment of the run."""
    plan = plan_sweep(NOTES, None, Rules(), NOW)
    assert (plan.mode, plan.since, plan.start, plan.run_at) == ("sweep", None, Point(), None)
    assert (plan.started_at, plan.lists) == (NOW, lists_of(NOTES, NOW))
    assert plan_sweep(NOTES, put_down(walk_started_at=None), Rules(), NOW) == plan


def test_sweep_that_was_put_down_goes_on() -> None:
    """From its page, with the moment at which it began."""
    plan = plan_sweep(NOTES, put_down(), Rules(), NOW, budget=100)
    assert plan.start == Point(1, PLACE, 17)
    assert (plan.started_at, plan.run_at) == (BEGUN, NOW)


@pytest.mark.parametrize(("hours", "goes_on"), [(-1, False), (0, True), (11, True), (13, False)])
def test_sweep_without_a_budget_takes_half_a_day_at_most(hours: int, *, goes_on: bool) -> None:
    """What was walked longer ago, or at a time that is still to come, is walked anew."""
    begun = NOW.subtract(hours=hours)
    plan = plan_sweep(NOTES, put_down(walk_started_at=begun), Rules(), NOW)
    assert (plan.started_at, plan.run_at) == ((begun, NOW) if goes_on else (NOW, None))


@pytest.mark.parametrize("index", [0, 1])
def test_sweep_goes_on_from_a_stored_page_only(index: int) -> None:
    """One that died before its first page was stored begins anew; the end of a list is a place."""
    known = put_down(list_index=index, page_token="", after_id=0)
    plan = plan_sweep(NOTES, known, Rules(), NOW, budget=100)
    assert (plan.start, plan.run_at) == (Point(index), NOW if index else None)


@pytest.mark.parametrize(
    ("known", "rules"),
    [
        (put_down(fields_hash="other"), Rules()),
        (put_down(), Rules(left_out={"notes": frozenset({"detail"})})),
    ],
)
def test_sweep_of_other_fields_begins_anew(known: Progress, rules: Rules) -> None:
    """What was seen with other fields has other content."""
    plan = plan_sweep(NOTES, known, rules, NOW)
    assert (plan.start, plan.started_at, plan.run_at) == (Point(), NOW, None)
    assert plan.left_out == rules.left_out.get("notes", frozenset())
