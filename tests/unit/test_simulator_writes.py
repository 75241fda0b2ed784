"""What can be written to Manage: bodies, references, their effects and what is refused."""

import json
from hashlib import sha256
from typing import Any, Literal

import httpx
import pytest

from sources.clio_simulator import Simulator
from tests.contract.simulator_client import ids
from tests.unit.written import first, patch, read, shown

NOW = "2026-03-31T12:00:00Z"


WRITTEN: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("matters", {"description": "new"}, {"description": "new"}),
    ("matters", {"status": "pending"}, {"status": "Pending", "pending_date": "2026-03-31"}),
    ("matters", {"status": "closed"}, {"status": "Closed", "close_date": "2026-03-31"}),
    (
        "matters",
        {"status": "closed", "close_date": "2026-01-02"},
        {"close_date": "2026-01-02"},
    ),
    ("matters", {"practice_area": None}, {"practice_area": None}),
    ("matters", {"group": {"id": None}}, {"group": None}),
    ("matters", {"responsible_attorney": {"id": 103}}, {"responsible_attorney": {"id": 103}}),
    ("matters", {"open_date": "2026-02-03"}, {"open_date": "2026-02-03"}),
    ("matters", {"client_reference": None}, {"client_reference": None}),
    (
        "contacts",
        {"first_name": "Ash", "middle_name": None, "last_name": "Reed"},
        {"name": "Ash Reed"},
    ),
    ("contacts", {"date_of_birth": "1990-02-03"}, {"date_of_birth": "1990-02-03"}),
    ("tasks", {"status": "complete"}, {"status": "complete", "completed_at": NOW}),
    ("tasks", {"status": "pending"}, {"status": "pending", "completed_at": None}),
    ("tasks", {"due_at": "2026-05-06"}, {"due_at": "2026-05-06"}),
    ("tasks", {"priority": "Low", "time_estimated": 60}, {"priority": "Low", "time_estimated": 60}),
    (
        "calendar_entries",
        {"start_at": "2026-05-06T10:00:00-07:00", "all_day": True},
        {"start_at": "2026-05-06T17:00:00Z", "start_date": "2026-05-06", "all_day": True},
    ),
    ("notes", {"subject": "S", "date": "2026-01-02"}, {"subject": "S", "date": "2026-01-02"}),
    (
        "communications",
        {"received_at": "2026-01-02T03:04:05Z"},
        {"received_at": "2026-01-02T03:04:05Z"},
    ),
    ("documents", {"name": "x.pdf"}, {"name": "x.pdf"}),
    ("relationships", {"description": "aunt"}, {"description": "aunt"}),
    ("line_items", {"note": "n", "quantity": 9}, {"note": "n"}),
]


@pytest.mark.parametrize(("name", "data", "expected"), WRITTEN, ids=str)
def test_written(
    http: httpx.Client,
    clio: Simulator,
    name: str,
    data: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    """What is written shows in the answer, in the record, and in its etag."""
    path = f"{name}/{first(clio, name)}"
    asked = ",".join(["id", "etag", *expected])
    before = read(http, path, asked)
    answer = shown(http, path, data, asked)
    assert expected.items() <= with_ids(answer).items()
    assert read(http, path, asked) == answer
    assert (answer["etag"] != before["etag"]) is clio.writes[-1].applied


def with_ids(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record whose references show their ids alone."""
    return {
        name: {"id": value["id"]} if isinstance(value, dict) and "id" in value else value
        for name, value in record.items()
    }


REFUSED: list[tuple[str, object, int, str]] = [
    ("matters", {"status": "Open"}, 422, "status must be one of: open, closed, pending"),
    ("matters", {"description": 5}, 422, "description must be a string"),
    ("matters", {"billable": "yes"}, 422, "billable must be true or false"),
    ("matters", {"open_date": "01/02/2026"}, 422, "open_date must be an ISO-8601 date"),
    ("matters", {"open_date": "2026-02-30"}, 422, "open_date must be an ISO-8601 date"),
    ("matters", {"client": {"id": 5}}, 422, "client.id: there is no such record"),
    ("matters", {"client": 5}, 422, "client must be an object"),
    ("matters", {"originating_attorney": {"id": None}}, 422, "originating_attorney can't be blank"),
    ("matters", {"custom_field_values": {}}, 422, "custom_field_values must be an array"),
    ("contacts", {"addresses": [{"name": "Office"}]}, 422, "addresses[].name must be one of"),
    ("contacts", {"phone_numbers": [{"id": 5}]}, 422, "phone_numbers[].id"),
    ("contacts", {"email_addresses": [{}] * 21}, 422, "at most 20"),
    ("tasks", {"status": "in_progress"}, 422, "status must be one of"),
    ("tasks", {"due_at": "soon"}, 422, "due_at must be an ISO-8601 date-time"),
    ("tasks", {"assignee": {"id": 5, "type": "User"}}, 422, "assignee.id"),
    ("communications", {"received_at": "soon"}, 422, "received_at must be an ISO-8601"),
]


@pytest.mark.parametrize(("name", "data", "status", "message"), REFUSED, ids=str)
def test_refused(
    http: httpx.Client, clio: Simulator, name: str, data: object, status: int, message: str
) -> None:
    """A value that is wrong is refused in Clio's words' shape, and nothing is written."""
    path = f"{name}/{first(clio, name)}"
    before = read(http, path, "id,etag,updated_at")
    answer = patch(http, path, data)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["type"] == "ArgumentError"
    assert message in error["message"]
    assert read(http, path, "id,etag,updated_at") == before
    assert not clio.writes[-1].applied


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"data":[]}', b'{"description":"x"}'])
def test_body_without_data_is_refused(http: httpx.Client, clio: Simulator, body: bytes) -> None:
    """A body that is no JSON or has no object under `data` answers 400."""
    answer = http.patch(f"matters/{first(clio)}", content=body)
    assert answer.status_code == 400


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_unknown_record(http: httpx.Client, method: str) -> None:
    """A record that is not there answers 404."""
    assert patch(http, "matters/5", {"description": "x"}, method=method).status_code == 404


def test_unknown_answer_fields_write_nothing(http: httpx.Client, clio: Simulator) -> None:
    """A write that asks for a field that does not exist is refused whole."""
    path = f"matters/{first(clio)}"
    before = read(http, path)
    assert patch(http, path, {"description": "other"}, fields="id,bogus").status_code == 400
    assert read(http, path) == before


def test_unknown_body_fields(http: httpx.Client, clio: Simulator) -> None:
    """Unknown fields are dropped without a word, or refused if so switched."""
    path = f"matters/{first(clio)}"
    before = read(http, path)
    answer = patch(http, path, {"bogus": 1, "billing_method": "flat"})
    assert (answer.status_code, answer.json()["data"]) == (200, before)
    clio.switches.unknown_body_fields = "refuse"
    answer = patch(http, path, {"bogus": 1})
    assert answer.status_code == 422
    assert "bogus" in answer.text


@pytest.mark.parametrize(
    ("switch", "status", "left"),
    [("ignore", 200, True), ("refuse", 422, True), ("clear", 200, False)],
)
@pytest.mark.parametrize("data", [None, {}])
def test_null_of_a_reference_that_must_be(
    http: httpx.Client,
    clio: Simulator,
    switch: Literal["ignore", "refuse", "clear"],
    status: int,
    data: object,
    *,
    left: bool,
) -> None:
    """Clearing the originating attorney answers 200 and changes nothing, unless so switched."""
    key = first(clio)
    clio.changes.update("matters", key, {"originating_attorney": 102})
    clio.switches.null_reference = switch
    assert patch(http, f"matters/{key}", {"originating_attorney": data}).status_code == status
    expected = left or data == {}
    assert (clio.store["matters"].rows[key].get("originating_attorney") == 102) is expected


def test_number_moves_only_when_it_is_reset(http: httpx.Client, clio: Simulator) -> None:
    """`display_number` is written together with `reset_matter_number` alone."""
    path = f"matters/{first(clio)}"
    was = read(http, path, "display_number")["display_number"]
    data: dict[str, object] = {"display_number": "X-1"}
    assert shown(http, path, data, "display_number") == {"display_number": was}
    data["reset_matter_number"] = True
    assert shown(http, path, data, "display_number") == {"display_number": "X-1"}


def test_billed_activity(http: httpx.Client, clio: Simulator) -> None:
    """An activity on a bill cannot be written; its hours elsewhere move what hangs on them."""
    rows = clio.store["activities"].rows.values()
    billed = next(row["id"] for row in rows if row.get("on_bill"))
    answer = patch(http, f"activities/{billed}", {"note": "x"})
    assert answer.status_code == 422
    assert "billed" in answer.text
    free = next(row["id"] for row in rows if not row.get("on_bill") and row["type"] == "TimeEntry")
    data = {"quantity": 7200, "price": 100}
    fields = "quantity,quantity_in_hours,rounded_quantity,total"
    assert shown(http, f"activities/{free}", data, fields) == {
        "quantity": 7200.0,
        "quantity_in_hours": 2.0,
        "rounded_quantity": 7200.0,
        "total": 200.0,
    }
    clio.switches.redact_activities = True
    assert patch(http, f"activities/{free}", {"quantity": 1}).status_code == 403
    assert patch(http, f"activities/{free}", {"note": "seen"}).status_code == 200


def test_ignored_field(http: httpx.Client, clio: Simulator) -> None:
    """The quantity of a line item answers 200 and stays; the switch names other fields."""
    path = f"line_items/{first(clio, 'line_items')}"
    before = read(http, path, "id,etag,quantity")
    assert shown(http, path, {"quantity": 99}, "id,etag,quantity") == before
    clio.switches.ignored_fields = {"matters.location"}
    assert shown(http, path, {"quantity": 99}, "quantity") == {"quantity": 99.0}
    matter = f"matters/{first(clio)}"
    data = {"location": "Rome", "client_reference": "R"}
    answer = shown(http, matter, data, "location,client_reference")
    assert answer["client_reference"] == "R"
    assert answer["location"] != "Rome"


def test_side_effects(http: httpx.Client, clio: Simulator) -> None:
    """A switch lets the write of one field set others."""
    clio.switches.side_effects = {"matters.location": {"client_reference": "moved"}}
    path = f"matters/{first(clio)}"
    answer = shown(http, path, {"location": "Oslo"}, "location,client_reference")
    assert answer == {"location": "Oslo", "client_reference": "moved"}
    clio.switches.status_sets_dates = False
    clio.changes.update("matters", first(clio), {"status": "Open", "close_date": None})
    answer = shown(http, path, {"status": "closed"}, "status,close_date")
    assert answer == {"status": "Closed", "close_date": None}


@pytest.mark.parametrize(
    ("rule", "path", "data", "fields", "expected"),
    [
        ("trim", "matters", {"location": " a "}, "location", {"location": "a"}),
        ("nfc", "matters", {"location": "e\u0301"}, "location", {"location": "\u00e9"}),
        (
            "email_case",
            "contacts",
            {"email_addresses": [{"name": "Work", "address": "New@Example.COM"}]},
            "email_addresses{address}",
            "new@example.com",
        ),
        (
            "phone",
            "contacts",
            {"phone_numbers": [{"name": "Work", "number": "+1 (555) 010-99"}]},
            "phone_numbers{number}",
            "+155501099",
        ),
    ],
)
def test_server_normalises(
    http: httpx.Client,
    clio: Simulator,
    rule: str,
    path: str,
    data: dict[str, Any],
    fields: str,
    expected: object,
) -> None:
    """The server may keep another text than the one that was sent."""
    clio.switches.normalise = {rule}
    answer = shown(http, f"{path}/{first(clio, path)}", data, fields)
    if isinstance(expected, dict):
        assert answer == expected
    else:
        assert expected in answer[fields.partition("{")[0]][-1].values()


def test_note_stays_where_it_is(http: httpx.Client, clio: Simulator) -> None:
    """Type, matter and contact of a note are fixed once it is made."""
    path = f"notes/{first(clio, 'notes')}"
    before = read(http, path, "id,etag,type,matter{id}")
    data = {"type": "Contact", "matter": {"id": first(clio)}}
    assert shown(http, path, data, "id,etag,type,matter{id}") == before


def test_record_is_made_and_deleted(http: httpx.Client, clio: Simulator) -> None:
    """POST answers 201 with the record; DELETE 204, then 404, and the list is without it."""
    data = {"client": {"id": first(clio, "contacts")}, "description": "made"}
    made = patch(http, "matters", data, method="POST", fields="id,etag,status,user{id},client{id}")
    assert made.status_code == 201
    record = made.json()["data"]
    assert record["status"] == "Open"
    assert record["user"] == {"id": 101}
    assert made.headers["ETag"] == record["etag"]
    assert record["id"] == ids(http, "matters")[-1]
    path = f"matters/{record['id']}"
    stale = '"stale"'
    assert patch(http, path, None, method="DELETE", if_match=stale).status_code == 204
    assert http.get(path).status_code == 404
    assert patch(http, path, None, method="DELETE").status_code == 404


def test_required_fields(http: httpx.Client, clio: Simulator) -> None:
    """A creation without what is required answers 422 and makes nothing."""
    before = len(clio.store["matters"])
    answer = patch(http, "matters", {"description": "x"}, method="POST")
    assert answer.status_code == 422
    assert "client is required" in answer.text
    assert len(clio.store["matters"]) == before


def test_trash_and_restore(http: httpx.Client, clio: Simulator) -> None:
    """A deleted document has a `deleted_at`, and comes back by PATCH."""
    key = next(k for k, row in clio.store["documents"].rows.items() if "deleted_at" not in row)
    path = f"documents/{key}"
    assert patch(http, path, None, method="DELETE").status_code == 204
    assert read(http, path, "deleted_at") == {"deleted_at": NOW}
    assert key not in ids(http, "documents")
    assert patch(http, path, None, method="DELETE").status_code == 404
    assert shown(http, path, {"restore": True}, "deleted_at") == {"deleted_at": None}


def test_bill_is_deleted_or_voided(http: httpx.Client, clio: Simulator) -> None:
    """DELETE of a bill ends it by its state; one that is paid stays."""
    ends = {"draft": "deleted", "awaiting_payment": "void"}
    for key, row in list(clio.store["bills"].rows.items()):
        answer = patch(http, f"bills/{key}", None, method="DELETE")
        if row["state"] in ends:
            assert answer.status_code == 204
            assert clio.store["bills"].rows[key]["state"] == ends[row["state"]]
        if row["state"] == "paid":
            assert answer.status_code == 422


def test_log_of_writes(http: httpx.Client, clio: Simulator) -> None:
    """Each write is logged with its condition, its body's hash, and the version it fell on."""
    path = f"matters/{first(clio)}"
    before = read(http, path)["etag"]
    body = json.dumps({"data": {"location": "Bonn"}}).encode()
    answer = http.patch(path, content=body, headers={"If-Match": before})
    (written,) = clio.writes
    assert written.number == clio.requests[-1].write == 1
    assert (written.method, written.collection, written.path) == ("PATCH", "matters", path)
    assert written.id == first(clio)
    assert (written.if_match, written.etag_before) == (before, before)
    assert written.body_sha256 == sha256(body).hexdigest()
    assert (written.status, written.applied) == (200, True)
    assert written.etag_after == answer.json()["data"]["etag"] == answer.headers["ETag"]
    over_http = http.get(f"{clio.url}/_simulator/writes").json()["data"]
    assert over_http == [vars(written)]
    http.patch(path, content=body, headers={"If-Match": before})
    http.patch(path, content=body)
    assert [(w.status, w.applied) for w in clio.writes[1:]] == [(412, False), (200, False)]
    assert "Bonn" not in repr(clio.writes)


def test_whoever_may_only_read(http: httpx.Client, clio: Simulator) -> None:
    """A collection may be closed to writes, or the record hidden."""
    path = f"tasks/{first(clio, 'tasks')}"
    clio.switches.read_only = {"tasks"}
    assert patch(http, path, {"name": "x"}).status_code == 403
    clio.switches.read_only = set()
    clio.changes.hide("tasks", first(clio, "tasks"))
    assert patch(http, path, {"name": "x"}).status_code == 404
    clio.switches.hidden_answer = 403
    assert patch(http, path, {"name": "x"}).status_code == 403
    clio.changes.restore("tasks", first(clio, "tasks"))
    assert patch(http, path, {"name": "x"}).status_code == 200


def test_write_through_the_gateway(clio: Simulator) -> None:
    """Maton's gateway passes a PATCH on, with its condition and its body."""
    path = f"matters/{first(clio)}"
    address = f"{clio.maton_url}/clio/api/v4/{path}"
    key = {"Authorization": f"Bearer {clio.maton_key}"}
    data = {"data": {"location": "Lyon"}}
    stale = httpx.patch(address, json=data, headers={**key, "If-Match": '"0"'})
    assert stale.status_code == 412
    assert httpx.patch(address, json=data, headers=key).status_code == 200
    assert [(w.path, w.status, w.applied) for w in clio.writes] == [
        (path, 412, False),
        (path, 200, True),
    ]
    assert clio.store["matters"].rows[first(clio)]["location"] == "Lyon"
