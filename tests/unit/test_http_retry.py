"""When a request is repeated, and how long the wait before is."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.clio_http.retry import (
    LONGEST_HOLD,
    Outcome,
    Policy,
    Retrier,
    Succeeded,
    Throttled,
    Transient,
    asked_wait,
    backoff,
)
from sources.errors import Interrupted, RateLimitedError, UnavailableError
from tests.unit.http_loopback import START, FakeClock

NOW = int(START.timestamp())


def retrier(clock: FakeClock, policy: Policy, stop: threading.Event | None = None) -> Retrier:
    """Return a retrier whose holds are sleeps."""
    return Retrier(policy, clock, stop or threading.Event(), clock.sleep)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({"retry-after": "30"}, 30, id="seconds"),
        pytest.param({"retry-after": "0.5"}, 0.5, id="half-second"),
        pytest.param({"retry-after": "Mon, 02 Mar 2026 09:00:45 GMT"}, 45, id="http-date"),
        pytest.param({"retry-after": "Mon, 02 Mar 2026 08:00:00 GMT"}, None, id="past-date"),
        pytest.param({"retry-after": "-1"}, None, id="negative"),
        pytest.param({"retry-after": "0"}, None, id="zero"),
        pytest.param({"retry-after": "1000000000"}, LONGEST_HOLD, id="huge"),
        pytest.param({"retry-after": "inf"}, LONGEST_HOLD, id="infinite"),
        pytest.param({"retry-after": "nan"}, None, id="nan"),
        pytest.param({"retry-after": "soon"}, None, id="text"),
        pytest.param({"retry-after": ""}, None, id="empty"),
        pytest.param({}, None, id="absent"),
        pytest.param({"retry-at": str(NOW + 12)}, 12, id="at-unix"),
        pytest.param({"retry-at": "Mon, 02 Mar 2026 09:00:20 GMT"}, 20, id="at-http-date"),
        pytest.param({"retry-at": "2026-03-02T09:00:25Z"}, 25, id="at-iso"),
        pytest.param({"retry-at": "tomorrow"}, None, id="at-text"),
        pytest.param({"retry-after": "soon", "retry-at": str(NOW + 7)}, 7, id="second-choice"),
        pytest.param(
            {"retry-at": str(NOW + 3605), "date": "Mon, 02 Mar 2026 10:00:00 GMT"},
            5,
            id="by-the-servers-clock",
        ),
    ],
)
def test_asked_wait_reads_what_a_429_says(
    headers: dict[str, str],
    expected: float | None,
) -> None:
    """Seconds and moments are understood; anything else counts as not said."""
    assert asked_wait(headers, START) == expected


@given(st.text(max_size=40), st.text(max_size=40))
def test_asked_wait_survives_any_text(after: str, at: str) -> None:
    """Whatever the headers hold, the wait is positive and bounded, or not said."""
    wait = asked_wait({"retry-after": after, "retry-at": at}, START)

    assert wait is None or 0 < wait <= LONGEST_HOLD


@given(st.integers(1, 10_000), st.floats(0.1, 10.0), st.floats(10.0, 300.0))
def test_backoff_grows_within_its_bound(failures: int, first: float, longest: float) -> None:
    """The wait is never more than its bound and never less than half of what it could be."""
    most = min(longest, first * 2.0 ** min(failures - 1, 30))

    assert most / 2 <= backoff(failures, first, longest) <= most


def test_success_after_failures_is_given() -> None:
    """A request that fails twice and then succeeds has succeeded."""
    clock = FakeClock()
    outcomes: Iterator[Outcome[str]] = iter(
        [Transient(UnavailableError()), Transient(UnavailableError()), Succeeded("here")],
    )

    assert retrier(clock, Policy()).call(nullcontext, lambda: next(outcomes)) == "here"
    assert len(clock.sleeps) == 2


def test_attempts_are_bounded() -> None:
    """The error of the last of so many attempts is raised."""
    clock = FakeClock()
    with pytest.raises(UnavailableError, match="no luck"):
        retrier(clock, Policy(attempts=3)).call(
            nullcontext,
            lambda: Transient(UnavailableError("no luck")),
        )

    assert len(clock.sleeps) == 2


@pytest.mark.parametrize(
    ("request_takes", "longest_wait"), [(60.0, 0.001), (0.0, 30.0), (20.0, 30.0), (299.0, 30.0)]
)
def test_time_is_bounded(request_takes: float, longest_wait: float) -> None:
    """No attempt is begun once the total time would be passed, whether it went into requests or
    into the waits between them; and until then there is a next one.
    """
    clock = FakeClock()
    begun: list[float] = []
    policy = Policy(attempts=1000, total=300.0, first_wait=longest_wait, longest_wait=longest_wait)

    def once() -> Transient:
        begun.append(clock.monotonic())
        clock.sleep(request_takes)
        return Transient(UnavailableError())

    with pytest.raises(UnavailableError):
        retrier(clock, policy).call(nullcontext, once)

    assert begun[-1] <= 300.0
    assert clock.monotonic() <= 300.0 + request_takes
    assert clock.monotonic() > 300.0 - longest_wait


def test_waiting_for_a_slot_is_not_counted() -> None:
    """The rate limit may rightly take its time."""
    clock = FakeClock()
    tries: list[float] = []

    @contextmanager
    def slot() -> Iterator[None]:
        clock.sleep(1000.0)
        yield

    def once() -> Transient:
        tries.append(clock.monotonic())
        return Transient(UnavailableError())

    with pytest.raises(UnavailableError):
        retrier(clock, Policy(attempts=4, total=300.0)).call(slot, once)
    assert len(tries) == 4


def test_time_of_failures_goes_on_over_refusals() -> None:
    """A refusal between two failures does not begin the total time anew."""
    clock = FakeClock()
    tries: list[float] = []

    def once() -> Transient | Throttled:
        tries.append(clock.monotonic())
        clock.sleep(100.0)
        return Throttled(1.0) if len(tries) % 2 else Transient(UnavailableError())

    with pytest.raises(UnavailableError):
        retrier(clock, Policy(attempts=1000, total=300.0)).call(nullcontext, once)
    assert len(tries) == 4


def test_refusals_are_bounded_apart_from_failures() -> None:
    """Twenty refusals end the request, though only five failures would."""
    clock = FakeClock()
    with pytest.raises(RateLimitedError):
        retrier(clock, Policy(attempts=5)).call(nullcontext, lambda: Throttled(30.0))

    assert clock.sleeps == [30.0] * 19


def test_refusal_without_a_time_backs_off_with_jitter() -> None:
    """Where Clio does not say how long, the waits grow, differ and stay bounded."""
    clock = FakeClock()
    with pytest.raises(RateLimitedError):
        retrier(clock, Policy()).call(nullcontext, lambda: Throttled(None))

    assert clock.sleeps[0] <= 1.0
    assert max(clock.sleeps) <= LONGEST_HOLD
    assert len(set(clock.sleeps)) == 19


def test_stop_during_a_wait_interrupts() -> None:
    """Once asked to stop, no further attempt is made."""
    clock, stop = FakeClock(), threading.Event()
    stop.set()
    with pytest.raises(Interrupted):
        retrier(clock, Policy(), stop).call(nullcontext, lambda: Transient(UnavailableError()))
