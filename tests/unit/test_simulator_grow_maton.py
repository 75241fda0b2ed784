"""The Maton gateway before Manage: its key, its connections, and what passes through."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sources.clio_simulator import SimulatedClock, Simulator
from sources.clio_simulator.faults import Reset, Status


@pytest.fixture
def clio() -> Iterator[Simulator]:
    """Return a simulator with a standing clock."""
    with Simulator(rate_limit=0, clock=SimulatedClock(running=False)) as simulator:
        yield simulator


@pytest.fixture
def http(clio: Simulator) -> Iterator[httpx.Client]:
    """Return a client with the key."""
    headers = {"Authorization": f"Bearer {clio.maton_key}"}
    with httpx.Client(base_url=f"{clio.maton_url}/", headers=headers, timeout=5) as opened:
        yield opened


def connections(http: httpx.Client, **asked: str) -> list[dict[str, Any]]:
    """Return the connections that are listed."""
    listed: list[dict[str, Any]] = http.get("connections", params=asked).json()["connections"]
    return listed


def test_what_clio_answers_passes_as_it_is(clio: Simulator, http: httpx.Client) -> None:
    """Body, status and headers are those of Clio, rate and version among them."""
    clio.switches.rate_limit = 50
    for path in (
        "matters.json?fields=id,etag&limit=200",
        "matters/2000001",
        "matters/1",
        "nothing",
    ):
        direct = httpx.get(f"{clio.url}/api/v4/{path}", headers=clio.headers)
        through = http.get(f"clio/api/v4/{path}")
        assert through.status_code == direct.status_code
        assert through.content == direct.content
        differing = {"x-ratelimit-remaining"}
        assert {k: v for k, v in through.headers.items() if k not in differing} == {
            k: v for k, v in direct.headers.items() if k not in differing
        }
    assert int(through.headers["X-RateLimit-Remaining"]) == 42


def test_next_stands_on_clio_s_own_host(clio: Simulator, http: httpx.Client) -> None:
    """The link names Clio; its token, sent to the gateway, gives the next page."""
    asked = {"limit": "30"}
    first = http.get("clio/api/v4/matters", params=asked).json()
    link = httpx.URL(first["meta"]["paging"]["next"])
    assert str(link.copy_with(query=None)) == "https://app.clio.com/api/v4/matters"
    more = {**asked, "page_token": link.params["page_token"]}
    second = http.get("clio/api/v4/matters", params=more).json()
    keys = [row["id"] for page in (first, second) for row in page["data"]]
    assert keys == [row["id"] for row in clio.dump("matters")]


def test_path_is_clio_s_own(http: httpx.Client) -> None:
    """Nothing is added to the path, and nothing but the API is behind the gateway."""
    for path in ("clio/matters", "clio/oauth/token", "clio/_simulator/clock"):
        assert http.get(path).status_code == 404


@pytest.mark.usefixtures("strays")
def test_key_is_no_token_and_no_token_a_key(clio: Simulator, http: httpx.Client) -> None:
    """Without the key the gateway is 401; Clio never sees the key, nor the gateway's header."""
    for headers in (clio.headers, {"Authorization": "Bearer other"}, {"Authorization": ""}):
        for path in ("clio/api/v4/matters", "connections", "connections/x"):
            refused = http.get(path, headers=headers)
            assert refused.status_code == 401
            assert "Maton" in refused.text
    at_clio = httpx.get(f"{clio.url}/api/v4/matters", headers=dict(http.headers))
    assert at_clio.status_code == 401


def test_log_tells_gateway_and_clio_apart(clio: Simulator, http: httpx.Client) -> None:
    """Each request is there twice: as it came to the gateway, and as it came to Clio."""
    (connection,) = connections(http)
    clio.requests.clear()
    name = {"Maton-Connection": connection["connection_id"], "If-Match": '"tag"'}
    http.get("clio/api/v4/users/who_am_i", headers=name)
    gateway, asked = clio.requests
    assert (gateway.path, gateway.collection) == ("/maton/clio/api/v4/users/who_am_i", "")
    assert (asked.path, asked.host) == ("/api/v4/users/who_am_i", "app.clio.com")
    assert gateway.token != asked.token
    assert asked.headers["if-match"] == '"tag"'
    assert "maton-connection" not in asked.headers
    assert clio.maton_key not in repr(clio.requests)


def test_without_a_connection_400(clio: Simulator, http: httpx.Client) -> None:
    """Where no connection works, or the one that is named does not, the gateway says 400."""
    pending = clio.connections.add(status="PENDING")
    other = clio.connections.add(app="slack")
    for named in (pending.id, other.id, "unknown"):
        refused = http.get("clio/api/v4/matters", headers={"Maton-Connection": named})
        assert refused.status_code == 400
        assert "connection" in refused.text
    assert http.get("clio/api/v4/matters").status_code == 200
    (first,) = connections(http, app="clio", status="ACTIVE")
    http.delete(f"connections/{first['connection_id']}")
    assert http.get("clio/api/v4/matters").status_code == 400


def test_connection_decides_whose_clio_it_is(clio: Simulator, http: httpx.Client) -> None:
    """The named connection's token is used, else that of the oldest one that works."""
    clio.switches.other_tokens = {"other": {"user": 102, "account": 2}}
    second = clio.connections.add(token="other")
    path, fields = "clio/api/v4/users/who_am_i", {"fields": "id,account{id}"}
    named = {"Maton-Connection": second.id}
    mine = http.get(path, params=fields).json()["data"]
    theirs = http.get(path, params=fields, headers=named).json()["data"]
    assert (mine["id"], mine["account"]["id"]) == (101, 1)
    assert (theirs["id"], theirs["account"]["id"]) == (102, 2)
    clio.switches.tokens = {"renewed"}
    assert http.get(path).status_code == 200
    clio.switches.other_tokens = {}
    lost = http.get(path, headers=named)
    assert (lost.status_code, lost.json()["error"]) == (401, "invalid_token")


@pytest.mark.parametrize("answer", ["whole", "id"])
def test_connection_is_made_opened_and_deleted(
    clio: Simulator, http: httpx.Client, answer: str
) -> None:
    """A new connection waits until its address is opened in a browser, and can be deleted."""
    clio.switches.maton_created = answer  # type: ignore[assignment]
    made = http.post("connections", json={"app": "clio"}).json()
    key = made.get("connection", made)["connection_id"]
    shown = http.get(f"connections/{key}").json()["connection"]
    assert (shown["status"], shown["app"], shown["metadata"]) == ("PENDING", "clio", {})
    assert shown["creation_time"] == "2026-03-31T12:00:00.000000Z"
    assert [row["connection_id"] for row in connections(http, status="PENDING")] == [key]
    clio.clock.advance(5)
    assert httpx.get(shown["url"]).status_code == 200
    active = http.get(f"connections/{key}").json()["connection"]
    assert active["status"] == "ACTIVE"
    assert active["last_updated_time"] > active["creation_time"]
    named = {"Maton-Connection": key}
    assert http.get("clio/api/v4/matters", headers=named).status_code == 200
    assert http.delete(f"connections/{key}").status_code == 200
    assert http.get(f"connections/{key}").status_code == 404
    assert http.post("connections", json={}).status_code == 400
    assert httpx.get(f"{clio.maton_url}/connect/?session_token=x").status_code == 404


def test_faults_of_clio_pass_through(clio: Simulator, http: httpx.Client) -> None:
    """What goes wrong at Clio goes wrong for the gateway's caller, on the wire too."""
    clio.faults.add(Status(503, {"Retry-After": "7"}), "matters")
    late = http.get("clio/api/v4/matters")
    assert (late.status_code, late.headers["Retry-After"]) == (503, "7")
    clio.faults.add(Reset(), "matters")
    with pytest.raises(httpx.TransportError):
        http.get("clio/api/v4/matters")


def test_no_token_leaves_with_an_answer(clio: Simulator, http: httpx.Client) -> None:
    """The connection's token is in no answer of the gateway."""
    texts = [
        http.get(path).text for path in ("connections", "clio/api/v4/users/who_am_i", "clio/x")
    ]
    assert clio.token not in " ".join(texts)
