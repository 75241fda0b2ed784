"""Waiting as Clio asks, and stopping when told to."""

import threading
import time

import pytest

from sources.clio_http.client import ClioClient
from sources.clio_http.clock import SystemClock
from sources.errors import Interrupted, RateLimitedError
from tests.unit.http_faults import GOOD, always, then_good
from tests.unit.http_loopback import (
    FakeClock,
    Loopback,
    Request,
    api_error,
    page,
    reply,
    settings,
)


def test_429_waits_as_asked() -> None:
    """Retry-After (A1) is waited out before the same request is sent again."""
    clock = FakeClock()
    refusal = reply(429, api_error("RateLimited", "x"), retry_after="30")
    with Loopback(then_good(refusal)) as server, ClioClient(settings(server), clock) as client:
        client.get("users")

    assert sum(clock.sleeps) == pytest.approx(30.0)
    assert len(server.requests) == 2


def test_429_holds_every_thread() -> None:
    """While one thread is told to wait, no other sends anything."""
    clock = FakeClock()
    arrived: list[float] = []

    def script(_: Request, number: int) -> bytes:
        arrived.append(clock.monotonic())
        return reply(429, b"", retry_after="30") if number == 3 else GOOD

    with Loopback(script) as server, ClioClient(settings(server), clock) as client:
        client.get("users")
        client.get("users")
        threads = [threading.Thread(target=client.get, args=("users",)) for _ in range(4)]
        threads[0].start()
        while len(arrived) < 3 or not clock.sleeps:
            time.sleep(0.001)
        for thread in threads[1:]:
            thread.start()
        for thread in threads:
            thread.join()

    assert arrived[:3] == [0.0, 0.0, 0.0]
    assert min(arrived[3:]) >= 30.0


def test_429_for_ever_ends() -> None:
    """Refusals are bounded too (A2)."""
    with (
        Loopback(always(reply(429, b""))) as server,
        ClioClient(settings(server), FakeClock()) as client,
        pytest.raises(RateLimitedError),
    ):
        client.get("users")

    assert len(server.requests) == 20


def test_spent_window_is_waited_out_before_it_is_refused() -> None:
    """With nothing remaining (A3) the next request waits for the reset."""
    clock = FakeClock()
    last = page(
        [],
        date="Mon, 02 Mar 2026 09:00:00 GMT",
        x_ratelimit_limit="50",
        x_ratelimit_remaining="0",
        x_ratelimit_reset=str(int(clock.now().timestamp()) + 42),
    )
    with Loopback(always(last)) as server, ClioClient(settings(server), clock) as client:
        client.get("users")
        client.get("users")

    assert 42.0 < sum(clock.sleeps) <= 42.05


def test_stop_is_obeyed_before_a_request() -> None:
    """Once asked to stop, nothing more is sent."""
    stop = threading.Event()
    stop.set()
    with (
        Loopback(always(GOOD)) as server,
        ClioClient(settings(server), FakeClock(), stop=stop) as client,
        pytest.raises(Interrupted),
    ):
        client.get("users")

    assert server.requests == []


def test_stop_ends_a_real_wait() -> None:
    """A thread that waits out a 429 on the machine's clock ends when asked to."""
    stop = threading.Event()
    refusal = reply(429, b"", retry_after="30")
    with (
        Loopback(always(refusal)) as server,
        ClioClient(settings(server), SystemClock(stop), stop=stop) as client,
    ):
        threading.Timer(0.1, stop.set).start()
        began = time.monotonic()
        with pytest.raises(Interrupted):
            client.get("users")

    assert time.monotonic() - began < 2.0
