"""Writes that go wrong: conditions, races, lost answers, late copies, old versions, odd etags."""

import re
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from sources.clio_simulator import Change, Simulator, When
from sources.clio_simulator.faults import (
    Action,
    Again,
    Cut,
    Html,
    Redirect,
    Reset,
    Stale,
    Status,
    TooMany,
    Wait,
    WrongLength,
)
from tests.contract.simulator_client import pages
from tests.unit.written import WITHOUT, clean, first, patch, read

SENT = {"location": "Sent"}
FIELDS = "id,etag,location"


@pytest.fixture
def clio(served: tuple[Simulator, httpx.Client]) -> Iterator[Simulator]:
    """Return the simulator without faults, its first matter without a location."""
    with clean(served[0]) as simulator:
        simulator.changes.update("matters", first(simulator), {"location": None})
        yield simulator


@pytest.fixture
def path(clio: Simulator) -> str:
    """Name the matter that is written to."""
    return f"matters/{first(clio)}"


def location(clio: Simulator) -> object:
    """Return what the matter holds by now."""
    return clio.store["matters"].rows[first(clio)].get("location")


def condition(etag: str, kind: str) -> str:
    """Return an If-Match of a kind."""
    return {
        "current": etag,
        "bare": etag.strip('"'),
        "weak": f"W/{etag}",
        "several": f'"a,b", {etag}',
        "any": "*",
        "stale": '"0"',
        "none": WITHOUT,
    }[kind]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("current", 200),
        ("bare", 200),
        ("several", 200),
        ("any", 200),
        ("none", 200),
        ("weak", 412),
        ("stale", 412),
    ],
)
def test_if_match(http: httpx.Client, clio: Simulator, path: str, kind: str, status: int) -> None:
    """Only the current tag lets a write through, and without a condition the last one wins."""
    etag = read(http, path)["etag"]
    answer = patch(http, path, SENT, if_match=condition(etag, kind), fields=FIELDS)
    assert answer.status_code == status
    assert (location(clio) == "Sent") is (status == 200)
    if status == 412:
        assert answer.json()["error"]["type"] == "PreconditionFailed"
        assert read(http, path)["etag"] == etag


def test_conditions_are_switches(http: httpx.Client, clio: Simulator, path: str) -> None:
    """Quotes may be needed, a condition ignored on one resource, and heeded by DELETE."""
    bare = read(http, path)["etag"].strip('"')
    clio.switches.if_match_needs_quotes = True
    assert patch(http, path, SENT, if_match=bare).status_code == 412
    clio.switches.if_match_ignored = {"matters"}
    assert patch(http, path, SENT, if_match='"stale"').status_code == 200
    clio.switches.delete_checks_if_match = True
    note = f"notes/{first(clio, 'notes')}"
    assert patch(http, note, None, method="DELETE", if_match='"stale"').status_code == 412
    source = f"grant_funding_sources/{first(clio, 'grant_funding_sources')}"
    clio.switches.delete_checks_if_match = False
    assert patch(http, source, None, method="DELETE", if_match='"stale"').status_code == 412
    assert patch(http, source, None, method="DELETE").status_code == 200


@pytest.mark.parametrize("side", ["before", "after"])
def test_colleague_around_a_write(
    http: httpx.Client, clio: Simulator, path: str, side: str
) -> None:
    """A change comes just before the second PATCH of this matter, or just after it."""
    at = When.before_request if side == "before" else When.after_request
    key = first(clio)
    clio.changes.update(
        "matters", key, {"location": "Theirs"}, when=at("PATCH", "matters", key, nth=2)
    )
    assert patch(http, path, {"client_reference": "1"}).status_code == 200
    etag = read(http, path)["etag"]
    answer = patch(http, path, SENT, if_match=etag, fields=FIELDS)
    assert location(clio) == "Theirs"
    if side == "before":
        assert answer.status_code == 412
    else:
        assert answer.json()["data"]["location"] == "Sent"
    assert clio.writes[-1].applied is (side == "after")


def test_colleague_over_http(http: httpx.Client, clio: Simulator, path: str) -> None:
    """The control interface takes the same moments."""
    body = {
        "operation": "update",
        "collection": "matters",
        "id": first(clio),
        "fields": {"location": "Theirs"},
        "when": {"side": "after", "method": "GET", "collection": "matters", "id": first(clio)},
    }
    assert http.post(f"{clio.url}/_simulator/changes", json=body).json()["waits"]
    etag = read(http, path)["etag"]
    assert location(clio) == "Theirs"
    assert patch(http, path, SENT, if_match=etag).status_code == 412


def test_record_goes_before_a_write(http: httpx.Client, clio: Simulator) -> None:
    """A record may be deleted, or the permission lost, between reading and writing."""
    tasks = list(clio.store["tasks"].rows)[:2]
    moment = When.before_request("PATCH", "tasks")
    clio.changes.remove("tasks", tasks[0], when=moment)
    assert patch(http, f"tasks/{tasks[0]}", {"name": "x"}).status_code == 404
    clio.switches.hidden_answer = 403
    clio.changes.hide("tasks", tasks[1], when=moment)
    assert patch(http, f"tasks/{tasks[1]}", {"name": "x"}).status_code == 403


SPOILT: list[tuple[Action, int | None]] = [
    (Status(408), 408),
    (Status(500), 500),
    (Status(502), 502),
    (Status(503), 503),
    (Status(504), 504),
    (TooMany("1"), 429),
    (Html(), 200),
    (Redirect(), 302),
    (Reset(), None),
    (Reset(keep=0.5), None),
    (Cut(), None),
    (WrongLength(), None),
    (Wait(0.4), None),
]


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize(("action", "status"), SPOILT, ids=str)
def test_spoilt_answer(
    http: httpx.Client,
    clio: Simulator,
    path: str,
    action: Action,
    status: int | None,
    *,
    applied: bool,
) -> None:
    """Whatever becomes of the answer, the rule says whether the write took effect."""
    etag = read(http, path)["etag"]
    clio.faults.add(action, "matters/*", method="PATCH", applied=applied)
    params, body = {"fields": FIELDS}, {"data": SENT}
    try:
        answer = http.patch(path, params=params, json=body, headers={"If-Match": etag}, timeout=0.3)
        found = answer.status_code if answer.is_error or not is_json(answer) else None
    except httpx.TransportError:
        found = None
    assert found == status
    if isinstance(action, Wait):
        clio.faults.add(Wait(0.3), "users/who_am_i")
        http.get("users/who_am_i")
    assert (location(clio) == "Sent") is applied
    written = clio.writes[-1]
    assert written.applied is applied
    assert written.etag_before == etag
    assert (written.etag_after == etag) is not applied
    assert patch(http, path, SENT, if_match=etag).status_code == (412 if applied else 200)


def is_json(answer: httpx.Response) -> bool:
    """Tell whether an answer is one of the API, whole or not."""
    kind: str = answer.headers.get("content-type", "")
    return kind.startswith("application/json")


def test_timed_out_write_lands_late(http: httpx.Client, clio: Simulator, path: str) -> None:
    """By nature, waiting comes before the effect: the write lands after the caller gave up."""
    clio.faults.add(Wait(0.4), "matters/*", method="PATCH")
    with pytest.raises(httpx.ReadTimeout):
        http.patch(path, json={"data": SENT}, timeout=0.1)
    assert location(clio) is None
    clio.faults.add(Wait(0.6), "users/who_am_i")
    http.get("users/who_am_i")
    assert location(clio) == "Sent"


def test_copy_after_requests(http: httpx.Client, clio: Simulator, path: str) -> None:
    """A delayed copy of a lost PATCH lands after the retry, and is refused by its condition."""
    etag = read(http, path)["etag"]
    clio.faults.add(Again(requests=2), "matters/*", method="PATCH")
    clio.faults.add(Reset(), "matters/*", method="PATCH", applied=False)
    with pytest.raises(httpx.TransportError):
        patch(http, path, SENT, if_match=etag)
    assert read(http, path)["etag"] == etag
    assert patch(http, path, SENT, if_match=etag).status_code == 200
    assert [(w.number, w.status, w.applied, w.again) for w in clio.writes] == [
        (1, 200, False, 0),
        (2, 200, True, 0),
        (3, 412, False, 1),
    ]


def test_copy_after_seconds(http: httpx.Client, clio: Simulator, path: str) -> None:
    """Without a condition, a copy brings its values back over a colleague's."""
    clio.faults.add(Again(seconds=30), "matters/*", method="PATCH")
    assert patch(http, path, SENT).status_code == 200
    clio.changes.update("matters", first(clio), {"location": "Theirs"})
    read(http, path)
    assert location(clio) == "Theirs"
    clio.clock.advance(30)
    assert read(http, path, FIELDS)["location"] == "Sent"
    assert [(w.applied, w.again) for w in clio.writes] == [(True, 0), (True, 1)]


def test_stale_lists(http: httpx.Client, clio: Simulator, path: str) -> None:
    """Lists show the version before the write for some requests; the record itself does not."""
    before = read(http, path, FIELDS)
    clio.faults.add(Stale(requests=3), "matters/*", method="PATCH")
    after = patch(http, path, SENT, fields=FIELDS).json()["data"]
    assert read(http, path, FIELDS) == after
    asked = {"fields": FIELDS, "ids[]": str(first(clio))}
    for expected in (before, before, after):
        (page,) = pages(http, "matters", **asked)
        assert page["data"] == [expected]


def test_stale_record(http: httpx.Client, clio: Simulator, path: str) -> None:
    """A replica may show the old version at the record's own address, and list no change."""
    before = read(http, path, "etag,updated_at")
    clio.clock.advance(60)
    clio.faults.add(Stale(seconds=10, items=True), "matters/*", method="PATCH")
    patch(http, path, SENT)
    assert read(http, path, "etag,updated_at") == before
    asked = {"updated_since": "2026-03-31T12:00:30Z"}
    assert [page["data"] for page in pages(http, "matters", **asked)] == [[]]
    assert patch(http, path, {"location": "2"}, if_match=before["etag"]).status_code == 412
    clio.clock.advance(10)
    assert read(http, path, "etag,updated_at") != before
    assert [len(page["data"]) for page in pages(http, "matters", **asked)] == [1]


def test_faults_over_http(http: httpx.Client, clio: Simulator, path: str) -> None:
    """The control interface takes the same rules, and the log names what was played."""
    for rule in (
        {"action": "Again", "with": {"requests": 0}},
        {"action": "Status", "with": {"status": 503}, "applied": True},
    ):
        body = {**rule, "path": "matters/*", "method": "PATCH"}
        assert http.post(f"{clio.url}/_simulator/faults", json=body).status_code == 200
    assert patch(http, path, SENT).status_code == 503
    assert [(w.status, w.again) for w in clio.writes] == [(200, 0), (200, 1)]
    assert clio.requests[-1].faults == ("Again", "Status")


def test_content_etags(http: httpx.Client, clio: Simulator, path: str) -> None:
    """Made of the content, the etag of A, B, A is the first one again, and A's copy passes."""
    key = first(clio)
    versions = {read(http, path)["etag"]}
    for switched in (False, True):
        clio.switches.content_etags = switched
        etag = read(http, path)["etag"]
        clio.clock.advance(1)
        clio.changes.update("matters", key, {"location": "B"})
        assert read(http, path)["etag"] != etag
        clio.changes.update("matters", key, {"location": None})
        assert (read(http, path)["etag"] == etag) is switched
        versions.add(etag)
    assert patch(http, path, SENT, if_match=etag).status_code == 200
    assert len(versions) == 2


LOOKS = {
    "weak": 'W/"[0-9a-f]+"',
    "comma": '"[0-9a-f]+,[0-9a-f]+"',
    "bare": "[0-9a-f]+",
    "none": "None",
}


@pytest.mark.parametrize(
    ("form", "status"), [("weak", 412), ("comma", 200), ("bare", 200), ("none", 412)]
)
def test_forms_of_etags(
    http: httpx.Client, clio: Simulator, path: str, form: str, status: int
) -> None:
    """Etags may be weak, without quotes, with a comma inside, or missing."""
    clio.switches.etag_forms = {"matters": form}
    answer = http.get(path, params={"fields": "id,etag"})
    etag = answer.json()["data"]["etag"]
    assert answer.headers.get("ETag") == etag
    assert re.fullmatch(LOOKS[form], str(etag))
    assert patch(http, path, SENT, if_match=etag or '"none"').status_code == status
    contact = read(http, f"contacts/{first(clio, 'contacts')}")["etag"]
    assert contact.strip('"').isalnum()


@pytest.mark.parametrize("kind", ["weak", "none"])
def test_header_alone(http: httpx.Client, clio: Simulator, path: str, kind: str) -> None:
    """An intermediary may weaken or drop the header; the field stays as it is."""
    clio.switches.etag_header = "weak" if kind == "weak" else "none"
    answer = http.get(path, params={"fields": "id,etag"})
    etag = answer.json()["data"]["etag"]
    assert answer.headers.get("ETag") == (f"W/{etag}" if kind == "weak" else None)
    assert patch(http, path, SENT, if_match=etag).status_code == 200


def test_write_without_a_token(clio: Simulator, path: str) -> None:
    """A write that is refused at the door is logged, and nothing is written."""
    answer = httpx.patch(f"{clio.url}/api/v4/{path}", json={"data": SENT})
    assert answer.status_code == 401
    assert [(w.status, w.applied) for w in clio.writes] == [(401, False)]
    assert location(clio) is None


def test_waiting_change_is_checked(clio: Simulator) -> None:
    """A change that waits for a write must be one that there is."""
    with pytest.raises(KeyError):
        clio.changes.do(Change("update", "nothing"), When.before_request("PATCH", "matters"))


@pytest.mark.parametrize("length", [-5, 5])
def test_length_that_is_wrong(http: httpx.Client, clio: Simulator, path: str, length: int) -> None:
    """A body that is longer or shorter than it says is not written."""
    body = b'{"data":{"location":"Sent"}}'
    head = (
        f"PATCH /api/v4/{path} HTTP/1.1\r\nHost: clio\r\nAuthorization: Bearer {clio.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body) + length}\r\n\r\n"
    )
    where = urlsplit(clio.url)
    with socket.create_connection((where.hostname, where.port), timeout=5) as connection:
        connection.sendall(head.encode() + body)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(1000)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
    read(http, path)
    assert location(clio) is None
    assert [(w.status, w.applied) for w in clio.writes] == [(400, False)]
