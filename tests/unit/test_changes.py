"""Where a walk for a pipeline of dlt begins, by the state that is kept of it."""

from typing import Any

import pendulum
import pytest

from sources.clio_http.catalog import read_catalog
from sources.clio_http.changes import State, plan_changes, same_fields
from sources.clio_http.plan import STEP_BACK, Point

LOADED = read_catalog("clio_manage").loaded
MATTERS, DAILY = LOADED["matters"], LOADED["matters__daily"]
NOW = pendulum.datetime(2026, 3, 31, 12)
EARLIER, LATER = NOW.subtract(days=2), NOW.subtract(days=1)


def done(at: pendulum.DateTime, **more: Any) -> State:
    """Return the state of a collection that was read to its last page."""
    return {"watermark": at.isoformat(), **more}


def put_down(at: pendulum.DateTime) -> State:
    """Return the state of a first walk that was put down after a page."""
    page = {"index": 0, "page_token": "abc", "after": 7}
    return {"walk": {"started_at": at.isoformat(), "since": None, **page}}


@pytest.mark.parametrize(
    ("states", "since"),
    [
        pytest.param([{}], None, id="never read"),
        pytest.param([done(LATER)], LATER - STEP_BACK, id="read"),
        pytest.param([done(LATER), done(EARLIER)], EARLIER - STEP_BACK, id="the furthest behind"),
        pytest.param([done(LATER), {}], None, id="a child that is new"),
        pytest.param([done(NOW.add(hours=1))], None, id="by a clock that was wrong"),
        pytest.param(
            [done(LATER, before=EARLIER.isoformat(), kept_out=True)],
            EARLIER - STEP_BACK,
            id="a record was left out",
        ),
        pytest.param([done(LATER, kept_out=True)], None, id="one was left out of the first walk"),
        pytest.param([done(LATER), {**put_down(EARLIER), **done(EARLIER)}], EARLIER - STEP_BACK,
                     id="the other one was put down alone"),
    ],
)  # fmt: skip
def test_a_walk_begins_at_the_watermark(
    states: list[State], since: pendulum.DateTime | None
) -> None:
    """At the earliest of those for whom it is made; at the beginning where there is none."""
    plan = plan_changes(MATTERS, states, NOW)
    assert (plan.since, plan.start, plan.started_at) == (since, Point(), NOW)


def test_a_walk_that_was_put_down_goes_on() -> None:
    """From its page, and with the time at which it began."""
    plan = plan_changes(MATTERS, [put_down(LATER), put_down(LATER)], NOW)
    assert (plan.start, plan.started_at, plan.since) == (Point(0, "abc", 7), LATER, None)


def test_a_copy_of_yesterday_is_not_gone_on_with() -> None:
    """What it read is of another day than what it has yet to read."""
    assert plan_changes(DAILY, [put_down(LATER)], NOW).start == Point()
    assert plan_changes(DAILY, [put_down(NOW.subtract(hours=1))], NOW).start == Point(0, "abc", 7)


def test_other_fields_empty_a_state() -> None:
    """With another catalogue everything is asked for again."""
    state = same_fields(done(LATER), MATTERS)
    assert "watermark" not in state
    state.update(done(LATER))
    assert same_fields(state, MATTERS)["watermark"] == LATER.isoformat()
    assert "watermark" not in same_fields(state, DAILY)
