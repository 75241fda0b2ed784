"""A sweep of Grow: certificates, deletions, leads that leave, values that are hidden; its notes."""

from typing import Any

import pytest

from sources.clio_simulator.changes import When
from tests.system.grow_firm import RAW, GrowFirm, NewGrow, codes

pytestmark = pytest.mark.long

LEADS = "inbox_leads"


def swept(firm: GrowFirm, *names: str, **choice: Any) -> tuple[int, list[str]]:
    """Sweep, and give the exit code and the errors with their collection."""
    outcome = firm.sweep(*names, **choice)
    return outcome.exit_code, [f"{subject}: {error}" for subject, error in outcome.errors]


def first(firm: GrowFirm, name: str, **wanted: object) -> dict[str, Any]:
    """Return the first record of a collection in which some fields have a value."""
    return next(
        row
        for row in firm.clio.dump(f"grow.{name}")
        if all(row[key] == value for key, value in wanted.items())
    )


def sightings(firm: GrowFirm) -> dict[int, tuple[Any, Any]]:
    """Return when each lead was first and last seen."""
    found = firm.query(f"select id, first_seen, last_seen from {RAW}.inbox_leads__seen")
    return {key: (first, last) for key, first, last in found}


def test_everything_that_is_loaded_is_certified(new_grow: NewGrow) -> None:
    """Nine certificates; both sides have the same digest."""
    firm = new_grow()
    codes(firm)
    contact = first(firm, "contacts")
    firm.clio.changes.update("grow.contacts", contact["id"], {"name": "Quiet"}, silent=True)
    assert swept(firm) == (0, [])
    found = firm.query(
        "select resource, status, digest_clio = digest_warehouse, rows_clio > 0"
        " from meta.certificates"
    )
    assert len(found) == 9
    assert {row[1:] for row in found} == {("ok", True, True)}
    assert (firm.certificate("contacts")["stale"], firm.certificate("contacts")["healed"]) == (1, 1)
    assert firm.differences("contacts") == []


@pytest.mark.parametrize(
    ("name", "evidence"),
    [
        ("contacts", "not found by its id"),
        ("locations", "not found by its id"),
        ("users", "not found by ids[]"),
        ("custom_actions", "not found by ids[]"),
    ],
)
def test_a_deletion_is_confirmed_by_a_second_reading(
    new_grow: NewGrow,
    name: str,
    evidence: str,
) -> None:
    """By the record's own address, or by `ids[]` where there is none."""
    firm = new_grow()
    codes(firm, name)
    gone = max(row["id"] for row in firm.clio.dump(f"grow.{name}"))
    firm.clio.changes.remove(f"grow.{name}", gone)
    assert swept(firm, name) == (0, [])
    assert firm.buried(name) == {str(gone)}
    assert firm.query("select evidence from meta.tombstones") == [(evidence,)]
    assert firm.certificate(name)["status"] == "ok"
    assert firm.certificate(name)["ghost"] == 1


def test_notes_go_with_their_contact(new_grow: NewGrow) -> None:
    """A contact that is proved gone takes its notes along."""
    firm = new_grow()
    codes(firm)
    note = first(firm, "contact_notes")
    own = {
        str(n["id"])
        for n in firm.clio.dump("grow.contact_notes")
        if n["contact_id"] == note["contact_id"]
    }
    firm.clio.changes.remove("grow.contacts", note["contact_id"])
    assert swept(firm, "contacts") == (0, [])
    assert firm.buried("contact_notes") == own


def test_a_note_that_is_deleted_is_found_by_the_walk_of_its_parent(
    new_grow: NewGrow,
) -> None:
    """By two readings of that parent's list."""
    firm = new_grow()
    codes(firm)
    note = first(firm, "matter_notes")
    firm.clio.changes.remove("grow.matter_notes", note["id"])
    assert codes(firm) == (0, [])
    assert firm.buried("matter_notes") == {str(note["id"])}


# Leads...


@pytest.mark.parametrize("shown", ["gone", "shown"])
def test_a_lead_that_was_accepted_is_kept(new_grow: NewGrow, shown: str) -> None:
    """It is in neither list, and no ghost, whatever its own address answers."""
    firm = new_grow(grow_accepted_lead=shown)
    codes(firm, LEADS)
    accepted = first(firm, LEADS, state="untriaged")
    began = sightings(firm)
    firm.clio.clock.advance(7200)
    firm.clio.changes.update(f"grow.{LEADS}", accepted["id"], {"state": "accepted"})
    before = len(firm.clio.requests)
    assert swept(firm, LEADS) == (0, [])
    assert len(firm.clio.requests) - before == 3  # who_am_i, and one page for each state
    assert firm.buried(LEADS) == set()
    assert firm.stored(LEADS)[accepted["id"],]["state"] == "untriaged"
    certificate = firm.certificate(LEADS)
    assert certificate["status"] == "ok"
    assert certificate["rows_clio"] == certificate["rows_warehouse"] == len(firm.served(LEADS))
    last = sightings(firm)
    assert last[accepted["id"]] == began[accepted["id"]]
    others = {key for key in last if key != accepted["id"]}
    assert all(last[key][0] == began[key][0] < last[key][1] for key in others)


def test_all_leads_may_leave(new_grow: NewGrow) -> None:
    """An empty inbox is no sign of a lost permission, since nothing is deleted by it."""
    firm = new_grow()
    codes(firm, LEADS)
    stored = firm.stored(LEADS)
    for row in firm.clio.dump(f"grow.{LEADS}"):
        firm.clio.changes.update(f"grow.{LEADS}", row["id"], {"state": "accepted"})
    assert swept(firm, LEADS) == (0, [])
    assert firm.stored(LEADS) == stored


def test_a_lead_that_is_ignored_is_seen_in_its_other_list(new_grow: NewGrow) -> None:
    """Its row changes, with a version of what it was; it has one row of sightings."""
    firm = new_grow()
    codes(firm, LEADS)
    lead = first(firm, LEADS, state="untriaged")
    firm.clio.clock.advance(3600)
    firm.clio.changes.update(f"grow.{LEADS}", lead["id"], {"state": "ignored"})
    assert codes(firm, LEADS) == (0, [])
    assert firm.differences(LEADS) == []
    versions = firm.query(f"select id, state from {RAW}.inbox_leads__versions")
    assert versions == [(lead["id"], "untriaged")]
    assert sightings(firm)[lead["id"]][0] < sightings(firm)[lead["id"]][1]


def test_a_lead_that_moves_while_it_is_read_is_stored_once(new_grow: NewGrow) -> None:
    """Shown in the one list and then in the other: the newer reading stands."""
    firm = new_grow()
    lead = first(firm, LEADS, state="untriaged")
    when = When(side="after", collection=f"grow.{LEADS}", page=1)
    firm.clio.changes.update(f"grow.{LEADS}", lead["id"], {"state": "ignored"}, when=when)
    assert codes(firm, LEADS) == (0, [])
    assert firm.differences(LEADS) == []


# What is hidden...


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("matters", "hired_date"),
        ("matters", "inbox_lead_id"),
        ("matters", "client"),
        ("matters", "custom_field_values"),
        ("contacts", "custom_field_values"),
        ("contacts", "clio_id"),
    ],
)
def test_a_value_that_is_hidden_later_stays(
    new_grow: NewGrow,
    name: str,
    field: str,
) -> None:
    """Loads and sweeps store the mark, keep the value, say so with 5, and count no more changes."""
    firm = new_grow()
    codes(firm, name)
    firm.clio.switches.grow_redacted = {f"{name}.{field}"}
    assert codes(firm, name, full=True)[0] == 5
    stored = firm.stored(name)
    assert all(row["redacted_fields"] == [field] for row in stored.values())
    assert [text for text in firm.differences(name) if "redacted_fields" not in text] == []
    (again,) = firm.load(name, full=True).results
    assert (again["updated"], again["unchanged"]) == (0, len(stored))
    assert swept(firm, name)[0] == 5
    proof = firm.certificate(name)
    assert (proof["stale"], proof["status"]) == (0, "withheld")
    firm.clio.switches.grow_redacted.clear()
    assert codes(firm, name, full=True) == (0, [])
    assert firm.differences(name) == []


def test_a_value_that_was_hidden_from_the_first_comes_with_the_consent(
    new_grow: NewGrow,
) -> None:
    """A redacted null turns into a value."""
    firm = new_grow(grow_missing_scopes={"grow_custom_field_read"})
    codes(firm, "contacts")
    assert {row["custom_field_values"] is None for row in firm.stored("contacts").values()} == {
        True
    }
    firm.clio.switches.grow_missing_scopes.clear()
    assert swept(firm, "contacts") == (0, [])
    assert firm.differences("contacts") == []


def test_a_change_beside_a_hidden_value_is_taken(new_grow: NewGrow) -> None:
    """The other fields of the record are as the server has them."""
    firm = new_grow()
    codes(firm, "matters")
    firm.clio.switches.grow_redacted = {"matters.hired_date"}
    firm.clio.clock.advance(3600)
    hired = next(row for row in firm.clio.dump("grow.matters") if row["hired_date"])
    firm.clio.changes.update("grow.matters", hired["id"], {"status": "Closed for good"})
    assert codes(firm, "matters")[0] == 5
    row = firm.stored("matters")[hired["id"],]
    assert (row["status"], str(row["hired_date"])) == ("Closed for good", hired["hired_date"])


# Notes...


def notes_asked(firm: GrowFirm, since: int) -> list[int]:
    """Return the parents whose notes were asked for, in order."""
    asked = [one.path for one in firm.clio.requests[since:] if one.path.endswith("/notes")]
    return [int(path.split("/")[-2]) for path in asked]


def rounds(firm: GrowFirm, parents: int, changed: int, rolling: int) -> None:
    """Load, change a few parents and some notes, and load until the walk has come round."""
    firm.grow["rolling_slice"] = rolling
    assert codes(firm, "contacts", "contact_notes") == (0, [])
    assert len(notes_asked(firm, 0)) == parents
    keys = sorted(firm.clio.grow_store["grow.contacts"].rows)
    firm.clio.clock.advance(3600)
    for key in keys[:changed]:
        firm.clio.changes.update("grow.contacts", key, {"status": "Intake"})
    for note in firm.clio.dump("grow.contact_notes")[:: max(1, parents // 40)]:
        firm.clio.changes.update("grow.contact_notes", note["id"], {"subject": "Read again"})
    since = len(firm.clio.requests)
    assert codes(firm, "contacts", "contact_notes") == (0, [])
    asked = notes_asked(firm, since)
    assert len(asked) == changed + rolling
    assert set(keys[:changed]) == set(asked[:changed])
    for _ in range(-(-(parents - changed - rolling) // rolling)):
        firm.clio.clock.advance(3600)
        assert codes(firm, "contact_notes") == (0, [])
    assert set(notes_asked(firm, since)) == set(keys)
    assert firm.differences("contact_notes") == []


def test_requests_for_notes(new_grow: NewGrow) -> None:
    """Changed parents and the configured slice of the others; once round, all notes are right."""
    rounds(new_grow(grow_contacts=60, grow_notes=80, grow_matters=3), 60, 3, 20)


@pytest.mark.night
def test_requests_for_notes_of_3000_parents(new_grow: NewGrow) -> None:
    """Of 3,000 parents of which 1 % changed: 30 requests and the slice."""
    rounds(new_grow(grow_contacts=3000, grow_notes=4000, grow_matters=3), 3000, 30, 600)
