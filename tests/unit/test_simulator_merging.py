"""Two contacts become one: whatever pointed at the one points at the other."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sources.clio_manage.build_catalog import correct, corrections
from sources.clio_simulator import SimulatedClock, Simulator, When
from tests.contract.schemas import Schemas
from tests.contract.simulator_client import client, ids

OLD, NEW = 9_000_000_001, 9_000_000_002
"""Ids that no record of any collection has, so that they can be looked for anywhere."""

PLACES = {
    "activities.vendor",
    "activity_rates.co_counsel_contact_id",
    "activity_rates.contact_id",
    "allocations.contact",
    "bank_transactions.client",
    "bills.client",
    "clio_payments_links.contact",
    "clio_payments_payments.contact",
    "communications.receivers[].id",
    "contacts.company",
    "contacts.custom_field_values[].contact",
    "contacts.custom_field_values[].value",
    "contacts.related_contacts[]",
    "credit_memos.contact",
    "documents.contact",
    "internal_notifications_my_events.event.subject_id",
    "log_entries.item.id",
    "matters.client",
    "matters.client_id",
    "matters.custom_field_values[].contact",
    "matters.custom_field_values[].value",
    "matters.matter_bill_recipients[].recipient",
    "matters.split_invoice_payers[].contact_id",
    "medical_records_details.medical_provider",
    "notes.contact",
    "relationships.contact",
    "trust_line_items.client",
    "users.contact",
}
"""Where records point at contacts."""


@pytest.fixture
def clio() -> Iterator[Simulator]:
    """Return a simulator with a standing clock."""
    with Simulator(rate_limit=0, clock=SimulatedClock(running=False)) as simulator:
        yield simulator


@pytest.fixture
def http(clio: Simulator) -> Iterator[httpx.Client]:
    """Return a client."""
    with client(clio) as opened:
        yield opened


def found(place: str, value: Any, key: int) -> Iterator[str]:
    """Name the places inside a value that hold an id, as a number or as text."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from found(f"{place}.{name}", inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from found(f"{place}[]", inner, key)
    elif value in (key, str(key)) and place != "contacts.id":
        yield place


def places(clio: Simulator, key: int) -> list[str]:
    """Name the places of the store that hold an id, in order."""
    tables = clio.store.tables.items()
    return [
        p for name, table in tables for row in table.rows.values() for p in found(name, row, key)
    ]


def pair(clio: Simulator) -> tuple[int, int]:
    """Return two contacts: one that is no client, and the client of the first matter."""
    loser = next(iter(clio.store["matters"].rows.values()))["client"]
    rows = clio.store["contacts"].rows
    return next(key for key, row in rows.items() if not row["is_client"]), loser


def seldom(clio: Simulator) -> None:
    """Point at the contact from where the firm points at none, or at few."""
    event = next(iter(clio.store["internal_notifications_my_events"].rows.values()))["event"]
    value = {"id": "contact-1", "field_type": "contact", "contact": OLD, "value": str(OLD)}
    fields: dict[str, dict[str, Any]] = {
        "activity_rates": {"contact_id": OLD, "co_counsel_contact_id": OLD},
        "contacts": {"related_contacts": [OLD], "custom_field_values": [value]},
        "documents": {"contact": OLD},
        "internal_notifications_my_events": {
            "event": {**event, "subject_type": "Contact", "subject_id": OLD}
        },
        "matters": {"split_invoice_payers": [{"id": 1, "contact_id": OLD}]},
        "users": {"contact": OLD},
    }
    for name, given in fields.items():
        clio.changes.update(name, next(iter(clio.store[name].rows)), given)


def test_everything_that_points_at_the_loser_is_moved(clio: Simulator) -> None:
    """Each place of the store at which a contact can stand takes the winner's id, and no other."""
    rows = list(clio.store["contacts"].rows.values())
    clio.changes.add("contacts", {"id": OLD, "name": "Old", "type": "Person", "is_client": True})
    for row in rows:
        if "company" not in row:
            clio.changes.merge(OLD, row["id"])
    seldom(clio)
    before = places(clio, OLD)
    assert set(before) == PLACES
    clio.changes.add("contacts", {"id": NEW, "name": "New", "type": "Company"})
    clio.changes.merge(NEW, OLD)
    assert places(clio, OLD) == []
    assert places(clio, NEW) == before
    assert clio.store["contacts"].rows[NEW]["is_client"] is True


def test_merge_over_http(clio: Simulator, http: httpx.Client) -> None:
    """The loser is absent and 404; its matter shows the winner and is in `updated_since`."""
    winner, loser = pair(clio)
    moved = [r["id"] for r in clio.store["matters"].rows.values() if r["client"] == loser]
    asked = {"fields": "etag,client_id,client{id,name}"}
    before = http.get(f"matters/{moved[0]}", params=asked).json()["data"]
    clio.changes.merge(winner, loser)
    assert http.get(f"contacts/{loser}").status_code == 404
    assert loser not in ids(http, "contacts")
    after = http.get(f"matters/{moved[0]}", params=asked).json()["data"]
    name = clio.store["contacts"].rows[winner]["name"]
    assert after["client"] == {"id": winner, "name": name}
    assert after["client_id"] == winner
    assert after["etag"] != before["etag"]
    assert set(moved) <= set(ids(http, "matters", updated_since="2026-03-31T00:00:00Z"))
    assert winner in [row["id"] for row in clio.dump("outstanding_client_balances")]


def test_merge_may_move_no_stamp(clio: Simulator, http: httpx.Client) -> None:
    """A switch leaves `updated_at` of what is moved, and `keep_etag` the etag."""
    winner, loser = pair(clio)
    moved = [r["id"] for r in clio.store["matters"].rows.values() if r["client"] == loser]
    asked = {"fields": "etag,updated_at,client{id}"}
    before = http.get(f"matters/{moved[0]}", params=asked).json()["data"]
    clio.switches.merge_moves_children = False
    clio.changes.merge(winner, loser, keep_etag=True)
    after = http.get(f"matters/{moved[0]}", params=asked).json()["data"]
    assert after == {**before, "client": {"id": winner}}
    assert ids(http, "matters", updated_since="2026-03-31T00:00:00Z") == []


def test_copies_of_the_name_follow(clio: Simulator, http: httpx.Client) -> None:
    """A participant who was the loser has the winner's id, name and type."""
    winner, _ = pair(clio)
    row = next(iter(clio.store["communications"].rows.values()))
    kept = clio.store["contacts"].rows[winner]
    clio.changes.merge(winner, row["receivers"][0]["id"])
    asked = {"fields": "receivers{id,name,type}"}
    shown = http.get(f"communications/{row['id']}", params=asked).json()["data"]
    expected = {"id": winner, "name": kept["name"], "type": kept["type"]}
    assert shown["receivers"] == [expected]


def test_winner_does_not_point_at_itself(clio: Simulator) -> None:
    """A person merged with the company worked for has no company; a list names nobody twice."""
    winner = next(r for r in clio.store["contacts"].rows.values() if "company" in r)
    both = (winner["id"], winner["company"])
    other = next(key for key in clio.store["contacts"].rows if key not in both)
    clio.changes.update("contacts", other, {"related_contacts": list(both)})
    merged = clio.changes.merge(*both)
    assert "company" not in merged
    assert clio.store["contacts"].rows[other]["related_contacts"] == [winner["id"]]


def test_equal_ids_of_other_collections_stay(clio: Simulator) -> None:
    """A note about a contact, with the very id of the loser, keeps it."""
    winner, loser = pair(clio)
    clio.changes.add("notes", {"id": loser, "type": "Contact", "subject": "s", "contact": loser})
    clio.changes.add("matters", {"id": loser, "description": "m", "client": winner})
    clio.changes.merge(winner, loser)
    assert clio.store["notes"].rows[loser]["contact"] == winner
    assert clio.store["matters"].rows[loser]["description"] == "m"


def test_merge_at_a_moment_and_seen_late(clio: Simulator, http: httpx.Client) -> None:
    """A merge can happen between pages, and be seen some time after its stamp."""
    winner, loser = pair(clio)
    clio.changes.merge(winner, loser, visible_after=60, when=When.before("contacts", 2))
    ids(http, "contacts", limit="10")
    assert http.get(f"contacts/{loser}").status_code == 200
    clio.clock.advance(60)
    assert http.get(f"contacts/{loser}").status_code == 404
    moved = next(r for r in clio.dump("matters") if r["client"]["id"] == winner)
    assert moved["updated_at"] == "2026-03-31T12:00:00Z"


def test_loser_can_come_back(clio: Simulator, http: httpx.Client) -> None:
    """An undeleted loser is a contact again, at which nothing points any more."""
    winner, loser = pair(clio)
    clio.changes.merge(winner, loser)
    clio.changes.undelete("contacts", loser)
    assert http.get(f"contacts/{loser}").status_code == 200
    assert all(row["client"]["id"] != loser for row in clio.dump("matters"))


def test_contact_is_not_merged_with_itself(clio: Simulator) -> None:
    """Winner and loser are two."""
    winner, _ = pair(clio)
    with pytest.raises(ValueError, match="itself"):
        clio.changes.merge(winner, winner)


@pytest.mark.long
@pytest.mark.shared
def test_what_is_merged_is_what_clio_describes(clio: Simulator, shared: Path) -> None:
    """After merges, losses and returns every whole record validates against Clio's document."""
    document = shared / "reference" / "manage-openapi-2026-04-08.json"
    schemas = Schemas(correct(json.loads(document.read_text("utf-8")), corrections()))
    contacts = list(clio.store["contacts"].rows)
    for winner, loser in zip(contacts[::3], contacts[1::3], strict=True):
        clio.changes.merge(winner, loser)
    clio.changes.undelete("contacts", contacts[1])
    clio.changes.lose("contacts", 0.2, seed=7)
    clio.changes.lose("matters", 0.2, seed=7)
    for name, collection in clio.world.catalog.collections.items():
        if "{" not in collection.path:
            validator = schemas.answer(f"/{collection.path}.json")
            problems = [e.message for e in validator.iter_errors({"data": clio.dump(name)})]
            assert not problems, (name, problems[:5])
