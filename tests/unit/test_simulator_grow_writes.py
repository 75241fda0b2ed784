"""What can be written to Grow: notes, leads, custom actions and names of choices."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sources.clio_simulator import SimulatedClock, Simulator
from sources.clio_simulator.faults import Reset

NOTE = {"subject": "Call", "body": "Called back ✓"}
LEAD = {
    "first_name": "Ash",
    "last_name": "Reed",
    "from_message": "Please call",
    "referring_url": "https://example.com/form",
    "from_source": "Form",
}
ACTION = {
    "label": "Open it",
    "target_url": "https://tools.example.com/x",
    "ui_reference": "matters/show",
}


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


def sent(http: httpx.Client, path: str, data: object) -> httpx.Response:
    """Send a body."""
    return http.post(path, json={"data": data})


def test_note_is_added(clio: Simulator, http: httpx.Client) -> None:
    """A note is in its parent's list from then on, with the moment at which it came."""
    for name in ("contacts", "matters"):
        key = min(clio.grow_store[f"grow.{name}"].rows)
        before = http.get(f"{name}/{key}").content
        made = sent(http, f"{name}/{key}/notes", NOTE)
        assert made.status_code == 201
        note = made.json()["data"]
        assert {**NOTE, "created_at": "2026-03-31T12:00:00Z"}.items() <= note.items()
        assert http.get(f"{name}/{key}/notes").json()["data"][-1] == note
        assert http.get(f"{name}/{key}").content == before


def test_note_may_move_its_parent(clio: Simulator, http: httpx.Client) -> None:
    """By a switch a new note moves the `updated_at` of its parent, however it is added."""
    clio.switches.grow_note_moves_parent = True
    by_api, by_change = list(clio.grow_store["grow.contacts"].rows)[:2]
    sent(http, f"contacts/{by_api}/notes", NOTE)
    clio.changes.add_note("grow.contacts", by_change, NOTE)
    moved = http.get("contacts", params={"updated_since": "2026-03-31T12:00:00Z"}).json()["data"]
    assert [row["id"] for row in moved] == [by_api, by_change]


def test_locked_matter_takes_no_note(clio: Simulator, http: httpx.Client) -> None:
    """A locked matter refuses a note, by a switch it takes it; no parent is 404."""
    key = next(row["id"] for row in clio.dump("grow.matters") if row["is_locked"])
    assert sent(http, f"matters/{key}/notes", NOTE).status_code == 422
    clio.switches.grow_locked_note = 201
    assert sent(http, f"matters/{key}/notes", NOTE).status_code == 201
    assert sent(http, "matters/1/notes", NOTE).status_code == 404


def test_answer_to_a_write_may_be_lost(clio: Simulator, http: httpx.Client) -> None:
    """The connection can break after the note was written; reading back finds it."""
    key = min(clio.grow_store["grow.contacts"].rows)
    clio.faults.add(Reset(), f"grow/contacts/{key}/notes", method="POST")
    with pytest.raises(httpx.TransportError):
        sent(http, f"contacts/{key}/notes", NOTE)
    asked = {"created_since": "2026-03-31T12:00:00Z"}
    (found,) = http.get(f"contacts/{key}/notes", params=asked).json()["data"]
    assert found["body"] == NOTE["body"]


def test_lead_comes_back_whole_once(clio: Simulator, http: httpx.Client) -> None:
    """Message, source and referrer are in the answer to the create, and nowhere afterwards."""
    made = sent(http, "inbox_leads", LEAD)
    assert made.status_code == 201
    lead = made.json()["data"]
    assert {**LEAD, "state": "untriaged", "email": None}.items() <= lead.items()
    again = http.get(f"inbox_leads/{lead['id']}").json()["data"]
    assert lead.keys() - again.keys() == {"from_message", "from_source", "referring_url"}
    clio.switches.grow_missing_scopes = {"grow_lead_inbox_all_read"}
    listed = http.get("inbox_leads", params={"state": "untriaged"}).json()["data"]
    assert again in listed


def test_choices_of_a_lead(clio: Simulator, http: httpx.Client) -> None:
    """Types and locations that are not known or not rolled out are dropped without a word."""
    chosen = {"matter_type": {"id": 92_002}, "matter_location": {"id": 1}}
    lead = sent(http, "inbox_leads", {**LEAD, **chosen}).json()["data"]
    assert lead["matter_type"] == {"id": 92_002, "name": "Wills and estates"}
    assert lead["matter_location"] is None
    clio.switches.grow_lead_rollout = False
    lead = sent(http, "inbox_leads", {**LEAD, **chosen}).json()["data"]
    assert not {"matter_type", "matter_location"} & lead.keys()
    assert sent(http, "inbox_leads", {**LEAD, "marketing_source": {"id": 1}}).status_code == 422


@pytest.mark.parametrize("name", ["sources", "matter_types", "locations"])
def test_names_are_unique(clio: Simulator, http: httpx.Client, name: str) -> None:
    """A name is taken once; of sources and locations in any case, of types in its own."""
    made = sent(http, name, {"name": "Neu ✓"})
    assert made.status_code == 201
    assert made.json()["data"] == http.get(name).json()["data"][-1]
    assert sent(http, name, {"name": "Neu ✓"}).status_code == 422
    other_case = sent(http, name, {"name": "NEU ✓"}).status_code
    assert other_case == (201 if name == "matter_types" else 422)


def test_custom_action_comes_and_goes(clio: Simulator, http: httpx.Client) -> None:
    """An action can be created, with keys that nobody documented, and deleted."""
    made = sent(http, "custom_actions", {**ACTION, "colour": "red"})
    assert made.status_code == 201
    action = made.json()["data"]
    assert action in http.get("custom_actions").json()["data"]
    gone = http.delete(f"custom_actions/{action['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert action not in http.get("custom_actions").json()["data"]
    assert http.delete(f"custom_actions/{action['id']}").status_code == 404


WRONG: list[tuple[str, Any]] = [
    ("contacts/71000001/notes", {"subject": "only"}),
    ("contacts/71000001/notes", {**NOTE, "subject": "x" * 256}),
    ("contacts/71000001/notes", {**NOTE, "body": "x" * 65_536}),
    ("contacts/71000001/notes", {**NOTE, "body": 5}),
    ("contacts/71000001/notes", None),
    ("contacts/71000001/notes", [NOTE]),
    ("inbox_leads", {name: LEAD[name] for name in LEAD if name != "from_source"}),
    ("inbox_leads", {**LEAD, "referring_url": "not an address"}),
    ("inbox_leads", {**LEAD, "email": "not a mail"}),
    ("inbox_leads", {**LEAD, "matter_type": {"name": "x"}}),
    ("inbox_leads", {**LEAD, "matter_type": 5}),
    ("sources", {"name": "x" * 256}),
    ("custom_actions", {**ACTION, "label": "short"}),
    ("custom_actions", {**ACTION, "label": "x" * 33}),
    ("custom_actions", {**ACTION, "target_url": "http://plain.example.com"}),
    ("custom_actions", {**ACTION, "ui_reference": "contacts/show"}),
]


def test_wrong_body_is_refused(clio: Simulator, http: httpx.Client) -> None:
    """A body without what it needs, or with what it cannot hold, is 422 and changes nothing."""
    before = {name: len(table) for name, table in clio.grow_store.tables.items()}
    for path, data in WRONG:
        refused = sent(http, path, data)
        assert refused.status_code == 422, (path, data)
        assert set(refused.json()["error"]) == {"status", "message"}
    assert {name: len(table) for name, table in clio.grow_store.tables.items()} == before


def test_unknown_key_is_refused(clio: Simulator, http: httpx.Client) -> None:
    """A key that no document names is 422, by a switch 400."""
    bodies = [{"data": {**NOTE, "author": "me"}}, {"data": NOTE, "meta": {}}]
    for status in (422, 400):
        clio.switches.grow_unknown_key = status
        for body in bodies:
            assert http.post("contacts/71000001/notes", json=body).status_code == status


def test_body_must_be_json(http: httpx.Client) -> None:
    """Anything else is 400."""
    for content in (b"", b"{", b"\xff"):
        assert http.post("sources", content=content).status_code == 400


def test_early_access_creates_bare(clio: Simulator, http: httpx.Client) -> None:
    """In v1 the answer to a create is bare too."""
    clio.switches.grow_version = "v1"
    assert sent(http, "contacts/71000001/notes", NOTE).json()["subject"] == "Call"
    lead = sent(http, "inbox_leads", LEAD).json()
    assert (lead["from_source"], "marketing_source" in lead) == ("Form", False)
    assert sent(http, "sources", {"name": "x"}).status_code == 404


@pytest.mark.parametrize("applied", [True, False])
def test_answer_is_lost(clio: Simulator, http: httpx.Client, *, applied: bool) -> None:
    """The rule says whether a note whose answer is lost was made."""
    key = min(clio.grow_store["grow.matters"].rows)
    before = http.get(f"matters/{key}/notes").json()["data"]
    clio.faults.add(Reset(), "grow/matters/*", method="POST", applied=applied)
    with pytest.raises(httpx.TransportError):
        sent(http, f"matters/{key}/notes", NOTE)
    after = http.get(f"matters/{key}/notes").json()["data"]
    assert len(after) - len(before) == applied
