"""The connections that the gateway keeps: made, listed, shown and deleted, and what is refused."""

import threading
from collections.abc import Iterator

import httpx
import pytest

from sources.clio_http.connections import Connection, Connections
from sources.clio_http.hosts import Gateway
from sources.clio_http.secret import Secret
from sources.clio_simulator import SimulatedClock, Simulator
from sources.errors import (
    ClioError,
    ConfigurationError,
    GatewayConnectionError,
    GatewayKeyError,
    RateLimitedError,
    RequestRefusedError,
    UnavailableError,
    UnreadableAnswerError,
)
from tests.strays import STRAYS
from tests.unit.http_faults import always
from tests.unit.http_loopback import FakeClock, Loopback, reply

KEY = "canary-maton-key"


@pytest.fixture
def clio() -> Iterator[Simulator]:
    """Return a simulator with a standing clock."""
    with Simulator(rate_limit=0, clock=SimulatedClock(running=False)) as simulator:
        yield simulator


def connections(url: str, key: str) -> Connections:
    """Return the connections of a gateway of these tests."""
    if key == KEY:
        STRAYS.own(url, [KEY])
    return Connections(Gateway(url, Secret(key)), FakeClock(), threading.Event())


@pytest.mark.parametrize("answer", ["whole", "id"])
def test_a_connection_from_its_making_to_its_end(clio: Simulator, answer: str) -> None:
    """It waits until its page was opened, and is gone once deleted, however it was answered."""
    clio.switches.maton_created = answer  # type: ignore[assignment]
    ours = connections(clio.maton_url, clio.maton_key)
    made = ours.create()
    assert made.status == "PENDING"
    assert made.url.startswith(f"{clio.maton_url}/connect/?session_token=")
    assert "session_token" not in repr(made)
    assert httpx.get(made.url).status_code == 200
    shown = ours.one(made.id)
    assert (shown.status, shown.app) == ("ACTIVE", "clio")
    assert shown.created_at is not None
    assert [each.id for each in ours.listed()][-1] == made.id
    ours.delete(made.id)
    assert made.id not in [each.id for each in ours.listed()]
    for ask in (ours.one, ours.delete):
        with pytest.raises(GatewayConnectionError, match="404"):
            ask(made.id)


def test_other_applications_are_left_alone(clio: Simulator) -> None:
    """What the key connects beside Clio is neither listed nor shown."""
    other = clio.connections.add(app="slack")
    ours = connections(clio.maton_url, clio.maton_key)
    assert other.id not in [each.id for each in ours.listed()]
    with pytest.raises(GatewayConnectionError, match="not one to Clio"):
        ours.one(other.id)


def test_wrong_key(clio: Simulator) -> None:
    """401 is the key's; the key is not in the message."""
    with pytest.raises(GatewayKeyError) as raised:
        connections(clio.maton_url, "canary-wrong-key").listed()
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "a/b", "../connections", "a?b", "ä", "a" * 101])
def test_id_that_is_none_is_never_sent(clio: Simulator, text: str) -> None:
    """An id becomes part of an address, so only what an id can be is taken."""
    ours = connections(clio.maton_url, clio.maton_key)
    for ask in (ours.one, ours.delete):
        with pytest.raises(ConfigurationError):
            ask(text)
    assert clio.requests == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (reply(403, {}), GatewayKeyError),
        (reply(429, {}), RateLimitedError),
        (reply(500, {}), UnavailableError),
        (reply(302, b"", location="https://evil.example"), RequestRefusedError),
        (reply(200, b"<html>"), UnreadableAnswerError),
        (reply(200, []), UnreadableAnswerError),
        (reply(200, {"connections": {}}), UnreadableAnswerError),
        (reply(200, {"connections": [{"app": "clio"}]}), UnreadableAnswerError),
    ],
)
def test_refusals_and_answers_that_cannot_be_read(answer: bytes, expected: type[ClioError]) -> None:
    """Each is an error of ours after one request; redirects are not followed."""
    with Loopback(always(answer)) as server:
        with pytest.raises(ClioError) as raised:
            connections(server.origin, KEY).listed()
        assert type(raised.value) is expected
        assert len(server.requests) == 1
        assert server.requests[0].params == {"app": "clio"}
        assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "url", ["https://evil.example/?session_token=x", "javascript:alert(1)", "", "file:///etc"]
)
def test_page_of_another_host_is_not_shown(url: str) -> None:
    """Nobody is sent anywhere but to the gateway's own pages."""
    row = {"connection_id": "a-1", "app": "clio", "status": "PENDING", "url": url}
    answer = reply(200, {"connection": row})
    with Loopback(always(answer)) as server, pytest.raises(UnreadableAnswerError, match="no addr"):
        connections(server.origin, KEY).create()


def test_pages_of_the_gateway_are_known() -> None:
    """A page is the gateway's if it is by https and of its own domain."""
    ours = connections("https://api.maton.ai", KEY)
    good = "https://connect.maton.ai/?session_token=x"
    assert ours.is_page(good)
    for url in (
        good.replace("https", "http"),
        good.replace("maton.ai", "maton.ai.evil.example"),
        good.replace("connect.maton.ai", "notmaton.ai"),
        good.replace("https://", "https://user@"),
        "http://127.0.0.1/",
    ):
        assert not ours.is_page(url)


def test_times_that_cannot_be_read_are_unknown() -> None:
    """A connection without usable times is shown all the same."""
    row = {"connection_id": "a-1", "app": "clio", "creation_time": "soon", "metadata": None}
    with Loopback(always(reply(200, {"connection": row}))) as server:
        found = connections(server.origin, KEY).one("a-1")
    assert found == Connection("a-1", "", "clio", None, None)
