"""The rate budget as a whole: spent in full, never over."""

import heapq
import math
import random
import threading
from dataclasses import dataclass, field

import pendulum
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from sources.clio_http.client import ClioClient
from sources.clio_http.exchange import Bounds
from sources.clio_http.limits import RateBudget, Window
from sources.errors import Interrupted
from tests.unit.http_loopback import START, FakeClock, Loopback, Request, page, settings

EPOCH = START.timestamp()


@dataclass
class FixedWindows:
    """A model of the server: so many requests in each fixed window, by its own clock."""

    limit: int
    length: int
    ahead: float = 0.0  # server clock - local clock
    used: dict[float, int] = field(default_factory=dict)
    refused: int = 0

    def answer(self, now: float) -> tuple[int, dict[str, str]]:
        """Count a request that arrives at local second `now`."""
        server = EPOCH + now + self.ahead
        reset = math.floor(server / self.length) * self.length + self.length
        self.used[reset] = self.used.get(reset, 0) + 1
        over = self.used[reset] > self.limit
        self.refused += over
        headers = {
            "date": pendulum.from_timestamp(math.floor(server)).format(
                "ddd, DD MMM YYYY HH:mm:ss [GMT]",
            ),
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(max(0, self.limit - self.used[reset])),
            "x-ratelimit-reset": str(reset),
        }
        return (429 if over else 200), headers


def drive(
    window: Window,
    server: FixedWindows,
    requests: int,
    workers: int,
    delays: random.Random,
) -> float:
    """Send requests through a window in virtual time; give the second when the last ended.

    Each request takes a random time to the server and back, so answers overtake one another.
    """
    now, sent, done = 0.0, 0, 0
    # (time, order, kind): an arrival carries nothing, a return carries the answer.
    events: list[tuple[float, int, tuple[int, dict[str, str]] | None]] = []
    order = 0
    while done < requests:
        wait: float | None = None
        while sent - done < min(workers, requests - done):
            wait = window.wait(now, EPOCH + now)
            if wait != 0.0:
                break
            window.start()
            sent += 1
            heapq.heappush(events, (now + delays.uniform(0.01, 0.3), order, None))
            order += 1
        wakes = math.inf if not wait else now + wait
        if not events or wakes < events[0][0]:
            assert wakes < math.inf, "nothing is under way and nothing may start"
            now = wakes
            continue
        now, _, answer = heapq.heappop(events)
        if answer is None:
            event = (now + delays.uniform(0.01, 0.3), order, server.answer(now))
            heapq.heappush(events, event)
            order += 1
        else:
            window.learn(*answer, now)
            window.end()
            done += 1
    return now


@given(
    limit=st.integers(2, 60),
    length=st.sampled_from([10, 60]),
    windows=st.integers(1, 4),
    workers=st.integers(1, 8),
    ahead=st.floats(-30.0, 30.0),
    seed=st.integers(0, 2**32),
)
@examples(deadline=None)
def test_budget_is_spent_in_full_and_never_over(
    limit: int,
    length: int,
    windows: int,
    workers: int,
    ahead: float,
    seed: int,
) -> None:
    """No 429 is earned, and no window is wasted, whatever the clocks and the order of answers."""
    server = FixedWindows(limit, length, ahead)
    requests = limit * windows
    took = drive(Window(), server, requests, workers, random.Random(seed))

    # Some windows are too short for the limit, or have already half gone by.
    slowest = 0.6 * (limit / workers + workers + 2)
    first = length - (EPOCH + ahead) % length
    assert server.refused == 0
    assert sum(server.used.values()) == requests
    if slowest < min(length, first):
        assert set(server.used.values()) == {limit}
        assert took <= first + (windows - 1) * length * 1.05


@given(reserve=st.floats(0.0, 0.9), seed=st.integers(0, 2**32))
@examples(deadline=None, max_examples=50)
def test_reserved_share_is_left_in_each_window(reserve: float, seed: int) -> None:
    """What is reserved for others is still there when a window ends."""
    server = FixedWindows(50, 60)
    drive(Window(reserve), server, 100, 5, random.Random(seed))

    assert max(server.used.values()) <= 50 - math.floor(50 * reserve)


def test_budget_follows_a_limit_that_rises_off_peak() -> None:
    """A greater limit in the next window is used as soon as it is seen."""
    server = FixedWindows(10, 60)
    window = Window()
    drive(window, server, 10, 5, random.Random(1))
    server.limit = 30
    window.wait(61.0, EPOCH + 61.0)
    window.learn(*server.answer(61.0), 61.0)

    started = 0
    while window.wait(61.0, EPOCH + 61.0) == 0.0:
        window.start()
        started += 1

    assert started == 29


def test_threads_share_one_budget_over_real_sockets() -> None:
    """Five threads spend their windows and earn no 429."""
    clock = FakeClock()
    windows = FixedWindows(10, 60)

    def script(_: Request, __: int) -> bytes:
        sent = windows.answer(clock.monotonic())[1]
        return page([], **{name.replace("-", "_"): value for name, value in sent.items()})

    with Loopback(script) as server:
        # The clock jumps a minute while requests are under way: no deadline may count that.
        unhurried = settings(server, bounds=Bounds(total=10_000.0))
        with ClioClient(unhurried, clock) as client:
            threads = [
                threading.Thread(target=lambda: [client.get("users") for _ in range(8)])
                for _ in range(5)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    assert windows.refused == 0
    assert sum(windows.used.values()) == client.requests == 40
    # A request that was under way during the jump is counted in the window after it.
    assert len(windows.used) <= 5
    assert len(clock.sleeps) <= 4


def test_waiting_thread_obeys_the_stop() -> None:
    """A thread that waits for a slot ends when asked to stop."""
    stop = threading.Event()
    budget = RateBudget(FakeClock(), stop=stop)
    with budget.slot():
        threading.Timer(0.05, stop.set).start()
        with pytest.raises(Interrupted), budget.slot():
            pass
