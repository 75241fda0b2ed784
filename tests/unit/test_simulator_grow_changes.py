"""What happens to Grow's records while they are read, in this process and through HTTP."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sources.clio_simulator import Change, SimulatedClock, Simulator, When

NOW = "2026-03-31T12:00:00Z"
NOTE = {"subject": "Call", "body": "Called back"}


@pytest.fixture
def clio() -> Iterator[Simulator]:
    """Return a simulator with a standing clock."""
    with Simulator(rate_limit=0, clock=SimulatedClock(running=False)) as simulator:
        yield simulator


@pytest.fixture
def http(clio: Simulator) -> Iterator[httpx.Client]:
    """Return a client that is signed in to Grow."""
    base = f"{clio.grow_url}/"
    with httpx.Client(base_url=base, headers=clio.grow_headers, timeout=5) as opened:
        yield opened


def item(http: httpx.Client, path: str) -> dict[str, Any]:
    """Return one record."""
    record: dict[str, Any] = http.get(path).json()["data"]
    return record


def changed(http: httpx.Client, path: str, **asked: str) -> list[int]:
    """Return the ids of what changed at the present moment."""
    rows = http.get(path, params={**asked, "updated_since": NOW}).json()["data"]
    return [row["id"] for row in rows]


def lead(clio: Simulator) -> dict[str, Any]:
    """Return a lead that waits, with everything in it."""
    rows = clio.dump("grow.inbox_leads")
    return next(r for r in rows if r["state"] == "untriaged" and r["matter_type"] and r["email"])


def intake(clio: Simulator) -> dict[str, Any]:
    """Return a matter that neither is in Manage nor is its client."""
    contacts = {row["id"]: row for row in clio.dump("grow.contacts")}
    rows = clio.dump("grow.matters")
    return next(r for r in rows if not r["clio_id"] and not contacts[r["client"]["id"]]["clio_id"])


def test_accepted_lead_leaves_both_lists(clio: Simulator, http: httpx.Client) -> None:
    """A contact and a matter are made of it; it is 404, or shown in a state of its own."""
    before = lead(clio)
    matter = clio.changes.accept_lead(before["id"])
    for state in ("untriaged", "ignored"):
        listed = http.get("inbox_leads", params={"state": state}).json()["data"]
        assert before["id"] not in [row["id"] for row in listed]
    (found,) = http.get("matters", params={"inbox_lead_id": before["id"]}).json()["data"]
    assert found["id"] == matter["id"]
    assert found["type"] == before["matter_type"]["name"]
    assert found["status_category"] == "intake"
    contact = item(http, f"contacts/{found['client']['id']}")
    assert contact["emails"] == [before["email"]]
    assert contact["matters"] == [{"id": found["id"]}]
    assert http.get(f"inbox_leads/{before['id']}").status_code == 404
    clio.switches.grow_accepted_lead = "shown"
    assert item(http, f"inbox_leads/{before['id']}")["state"] == "accepted"
    with pytest.raises(ValueError, match="accepted before"):
        clio.changes.accept_lead(before["id"])


def test_lead_is_ignored_or_untriaged_again(clio: Simulator, http: httpx.Client) -> None:
    """A lead moves from one list to the other by an ordinary change."""
    key = lead(clio)["id"]
    clio.changes.update("grow.inbox_leads", key, {"state": "ignored"})
    assert changed(http, "inbox_leads", state="untriaged") == []
    assert changed(http, "inbox_leads", state="ignored") == [key]
    assert item(http, f"inbox_leads/{key}")["state"] == "ignored"


@pytest.mark.parametrize("moves", [True, False])
def test_matter_is_pushed_to_manage(clio: Simulator, http: httpx.Client, *, moves: bool) -> None:
    """Matter and client get a `clio_id`, and are in Manage; a switch says what moves."""
    clio.switches.grow_convert_moves_updated_at = moves
    matter = intake(clio)
    pushed = clio.changes.convert(matter["id"])
    shown = item(http, f"matters/{matter['id']}")
    client = item(http, f"contacts/{matter['client']['id']}")
    assert shown["clio_id"] == pushed["clio_id"]
    manage = {row["id"]: row for row in clio.dump("matters")}[shown["clio_id"]]
    assert manage["client"]["id"] == client["clio_id"]
    assert manage["description"] == matter["description"]
    for path in (f"matters/{shown['clio_id']}", f"contacts/{client['clio_id']}"):
        answer = httpx.get(f"{clio.url}/api/v4/{path}", headers=clio.headers)
        assert answer.status_code == 200
    assert changed(http, "matters") == ([matter["id"]] if moves else [])
    assert changed(http, "contacts") == ([client["id"]] if moves else [])
    with pytest.raises(ValueError, match="in Manage already"):
        clio.changes.convert(matter["id"])


def test_next_matter_of_a_client_keeps_the_client(clio: Simulator) -> None:
    """A client that is in Manage already is not made there again."""
    known = {row["id"]: row for row in clio.dump("grow.contacts") if row["clio_id"]}
    matter = next(
        r for r in clio.dump("grow.matters") if not r["clio_id"] and r["client"]["id"] in known
    )
    contacts = len(clio.store["contacts"])
    clio.changes.convert(matter["id"])
    assert len(clio.store["contacts"]) == contacts


@pytest.mark.parametrize("way", ["silent", "stamped", "kept"])
def test_matter_type_is_renamed(clio: Simulator, http: httpx.Client, way: str) -> None:
    """Matters show the new name, with or without moving, or keep the one that is no more."""
    clio.switches.grow_rename = way  # type: ignore[assignment]
    mine = [row["id"] for row in clio.dump("grow.matters") if row["type"] == "Employment"]
    key = next(r["id"] for r in clio.dump("grow.matter_types") if r["name"] == "Employment")
    assert mine
    clio.changes.rename_matter_type(key, "Arbeit")
    assert item(http, f"matter_types/{key}")["name"] == "Arbeit"
    shown = {row["type"] for row in http.get("matters").json()["data"] if row["id"] in mine}
    assert shown == {"Employment" if way == "kept" else "Arbeit"}
    assert changed(http, "matters") == (mine if way == "stamped" else [])


def test_redacted_value_is_there_after_new_consent(clio: Simulator, http: httpx.Client) -> None:
    """What a missing scope hid is shown when it is granted, and nothing has moved."""
    key = next(row["id"] for row in clio.dump("grow.matters") if row["inbox_lead_id"])
    whole = item(http, f"matters/{key}")
    clio.switches.grow_missing_scopes = {"grow_lead_inbox_all_read"}
    clio.changes.update("grow.inbox_leads", whole["inbox_lead_id"], {"_submitted": False})
    hidden = item(http, f"matters/{key}")
    assert (hidden["inbox_lead_id"], hidden["redacted_fields"]) == (None, ["inbox_lead_id"])
    clio.switches.grow_missing_scopes = set()
    assert item(http, f"matters/{key}") == whole


def test_records_are_hidden_lost_and_regained(clio: Simulator, http: httpx.Client) -> None:
    """The changes that Manage knows work on Grow, and its records alone."""
    keys = list(clio.grow_store["grow.contacts"].rows)
    clio.changes.hide("grow.contacts", keys[0])
    clio.changes.remove("grow.contacts", keys[1])
    seen = [row["id"] for row in http.get("contacts").json()["data"]]
    assert seen == keys[2:] == [row["id"] for row in clio.dump("grow.contacts")]
    assert http.get(f"contacts/{keys[0]}/notes").status_code == 404
    notes = {row["contact_id"] for row in clio.dump("grow.contact_notes")}
    assert not notes & {*keys[:2]}
    clio.changes.undelete("grow.contacts", keys[1])
    lost = clio.changes.lose("grow.contacts", 0.5)
    assert len(lost) == 24
    assert clio.changes.regain("grow.contacts") == lost
    assert len(clio.store["contacts"]) == 60


def test_value_of_a_custom_field_changes(clio: Simulator, http: httpx.Client) -> None:
    """An edit inside a record moves it as the switches for both products say."""
    row = next(row for row in clio.dump("grow.contacts") if row["custom_field_values"])
    value = row["custom_field_values"][0]["id"]
    fields = {"value": "new", "raw_value": "new"}
    clio.switches.child_moves_updated_at = False
    clio.changes.update_inside("grow.contacts", row["id"], "custom_field_values", value, fields)
    assert changed(http, "contacts") == []
    shown = item(http, f"contacts/{row['id']}?include=custom_field_values")
    assert shown["custom_field_values"][0]["value"] == "new"
    assert shown["custom_field_values"][0]["updated_at"] == NOW


def test_definition_of_a_custom_field_changes(clio: Simulator, http: httpx.Client) -> None:
    """A definition that is renamed is so in every value, and no record has moved."""
    row = next(row for row in clio.dump("grow.contacts") if row["custom_field_values"])
    field = row["custom_field_values"][0]["custom_field"]["id"]
    clio.changes.update("grow.custom_fields", field, {"name": "Renamed"})
    shown = item(http, f"contacts/{row['id']}?include=custom_field_values")
    assert shown["custom_field_values"][0]["custom_field"]["name"] == "Renamed"
    assert changed(http, "contacts") == []


def test_change_waits_for_its_moment(clio: Simulator, http: httpx.Client) -> None:
    """Changes of Grow can wait for a moment too, and be seen later than they are stamped."""
    key = lead(clio)["id"]
    clio.changes.accept_lead(key, when=When.time("2026-03-31T12:01:00Z"))
    parent = min(clio.grow_store["grow.contacts"].rows)
    clio.changes.add_note("grow.contacts", parent, NOTE, visible_after=30)
    assert item(http, f"inbox_leads/{key}")["state"] == "untriaged"
    notes = len(http.get(f"contacts/{parent}/notes").json()["data"])
    clio.clock.advance(61)
    assert http.get(f"inbox_leads/{key}").status_code == 404
    listed = http.get(f"contacts/{parent}/notes").json()["data"]
    assert len(listed) == notes + 1
    assert listed[-1]["created_at"] == NOW


def test_control_through_http(clio: Simulator, http: httpx.Client) -> None:
    """What a test in this process can do to Grow, another process can too."""
    control = f"{clio.url}/_simulator"
    matter, key = intake(clio)["id"], lead(clio)["id"]
    bodies: list[dict[str, Any]] = [
        {"operation": "accept_lead", "collection": "grow.inbox_leads", "id": key},
        {"operation": "convert", "collection": "grow.matters", "id": matter},
        {"operation": "add_note", "collection": "grow.matters", "id": matter, "fields": NOTE},
        {
            "operation": "rename_matter_type",
            "collection": "grow.matter_types",
            "id": 92_003,
            "fields": {"name": "Arbeit"},
        },
        {"operation": "update", "collection": "grow.contacts", "id": 71_000_001, "fields": {}},
    ]
    for body in bodies:
        assert http.post(f"{control}/changes", json=body).status_code == 200, body
    assert http.post(f"{control}/changes", json=bodies[0]).status_code == 400
    records = http.get(f"{control}/records/grow.matters").json()["data"]
    assert records == clio.dump("grow.matters")
    assert next(row for row in records if row["id"] == matter)["clio_id"]
    assert http.get(f"{control}/records/grow.nothing").status_code == 404
    http.patch(f"{control}/switches", json={"grow_missing_scopes": ["grow_user_read"]})
    assert http.get("users").status_code == 403


def test_unknown_names_raise(clio: Simulator) -> None:
    """A collection or record that is not there is an error at once."""
    with pytest.raises(KeyError):
        clio.changes.do(Change("update", "grow.nothing", 1))
    with pytest.raises(KeyError):
        clio.changes.convert(1)
