"""One window of the rate limit: what each answer teaches."""

import pytest

from sources.clio_http.limits import LONGEST_WINDOW, MARGIN, Window
from tests.unit.http_loopback import START

EPOCH = START.timestamp()


def headers(remaining: int, reset: float, limit: int = 50) -> dict[str, str]:
    """Return the headers of one answer."""
    return {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(reset),
    }


def startable(window: Window, now: float = 0.0) -> int:
    """Count how many requests may start now."""
    started = 0
    while window.wait(now, EPOCH + now) == 0.0 and started < 1000:
        window.start()
        started += 1
    return started


def known(remaining: int) -> Window:
    """Return a window of which one answer has been seen."""
    window = Window()
    window.start()
    window.learn(200, headers(remaining, EPOCH + 60), 0.0)
    window.end()
    return window


def test_first_request_goes_alone() -> None:
    """Before anything is known, the others wait for the first answer."""
    window = Window()

    assert startable(window) == 1
    assert window.wait(0.0, EPOCH) is None


def test_late_answer_does_not_raise_the_budget() -> None:
    """An older Remaining that arrives late counts for nothing."""
    window = known(3)
    window.learn(200, headers(40, EPOCH + 60), 0.0)

    assert startable(window) == 3


def test_late_answer_of_an_earlier_window_counts_for_nothing() -> None:
    """Neither its Remaining nor its Reset replaces what is known of this window."""
    window = known(3)
    window.learn(200, headers(0, EPOCH), 0.0)
    window.learn(200, headers(45, EPOCH), 0.0)

    assert startable(window) == 3


def test_lost_answer_still_costs_its_slot() -> None:
    """A request whose answer never came may have been counted by Clio."""
    window = known(3)
    window.start()
    window.end()

    assert startable(window) == 2


def test_requests_of_others_are_believed() -> None:
    """A Remaining below our own count means that someone else uses this token."""
    window = known(30)
    window.start()
    window.learn(200, headers(4, EPOCH + 60), 0.0)
    window.end()

    assert startable(window) == 4


def test_spent_window_waits_until_just_after_its_reset_by_server_time() -> None:
    """The wait ends at the reset on the server's clock, and at most 50 ms later."""
    window = Window()
    window.start()
    date = {"date": "Mon, 02 Mar 2026 10:00:00 GMT"}  # one hour ahead of the local clock
    window.learn(200, headers(0, EPOCH + 3600 + 30) | date, 0.0)
    window.end()

    assert window.wait(0.0, EPOCH) == pytest.approx(30 + MARGIN)
    assert MARGIN <= 0.05


def test_greatest_lower_bound_of_the_servers_clock_is_kept() -> None:
    """Of many answers, the one dated latest for its arrival says the time best."""
    window = Window()
    for second, arrived in ((10, 10.9), (12, 12.1), (13, 13.8)):
        date = {"date": f"Mon, 02 Mar 2026 09:00:{second} GMT"}
        window.start()
        window.learn(200, headers(0, EPOCH + 60) | date, arrived)
        window.end()

    assert window.wait(14.0, EPOCH) == pytest.approx(60 - (14.0 - 0.1) + MARGIN)


def test_refusal_corrects_a_servers_clock_that_went_back() -> None:
    """After a 429 the bound is taken from that answer alone."""
    window = Window()
    for status, second in ((200, 59), (429, 10)):
        date = {"date": f"Mon, 02 Mar 2026 09:00:{second} GMT"}
        window.start()
        window.learn(status, headers(0, EPOCH + 60) | date, 0.0)
        window.end()

    assert window.wait(0.0, EPOCH) == pytest.approx(50 + MARGIN)


def test_absurd_reset_cannot_stop_the_run_for_ever() -> None:
    """A window that claims to last for years is over after five minutes."""
    window = Window()
    window.start()
    window.learn(200, headers(0, EPOCH * 1000), 0.0)
    window.end()

    assert window.wait(0.0, EPOCH) == pytest.approx(LONGEST_WINDOW + MARGIN)
    assert window.wait(LONGEST_WINDOW + MARGIN, EPOCH) == 0.0


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({}, id="absent"),
        pytest.param({"x-ratelimit-limit": "50"}, id="incomplete"),
        pytest.param(
            {"x-ratelimit-limit": "x", "x-ratelimit-remaining": "1", "x-ratelimit-reset": "1"},
            id="text",
        ),
        pytest.param(
            {"x-ratelimit-limit": "50", "x-ratelimit-remaining": "nan", "x-ratelimit-reset": "1"},
            id="nan",
        ),
        pytest.param(
            {"x-ratelimit-limit": "0", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"},
            id="no-limit",
        ),
    ],
)
def test_server_without_a_count_is_not_paced(sent: dict[str, str]) -> None:
    """Without sensible headers every request may start at once."""
    window = Window()
    window.start()
    window.learn(200, sent, 0.0)
    window.end()

    assert startable(window) == 1000


def test_server_error_without_headers_does_not_lift_the_caution() -> None:
    """A proxy's error page says nothing of Clio: the next request still goes alone."""
    window = Window()
    window.start()
    window.learn(502, {}, 0.0)
    window.end()

    assert startable(window) == 1


def test_hold_keeps_everyone_waiting_even_without_headers() -> None:
    """A 429's wait binds every thread, also where nothing else is paced."""
    window = Window()
    window.learn(200, {}, 0.0)
    window.hold(30.0)
    window.hold(10.0)

    assert window.wait(5.0, EPOCH) == pytest.approx(25.0)
    assert window.wait(30.0, EPOCH) == 0.0


def test_window_that_does_not_show_itself_is_tried_one_by_one() -> None:
    """Once the new window's limit is spent unseen, no second full limit is assumed."""
    window = known(0)
    assert startable(window, 61.0) == 50
    for _ in range(50):
        window.end()

    assert startable(window, 61.0) == 1
