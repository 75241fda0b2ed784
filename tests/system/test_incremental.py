"""What changes at Clio between two loads is in the warehouse after the second."""

import pendulum
import pytest

from sources.clio_simulator.changes import When
from tests.system.conftest import NewFirm
from tests.system.firm import Firm
from tests.system.plain_engine import PageTime


def first_id(firm: Firm, name: str, at: int = 0) -> int:
    """Return the id of a record."""
    return int(firm.clio.dump(name)[at]["id"])


def counts(firm: Firm, *names: str) -> dict[str, tuple[int, int]]:
    """Load again and give what was inserted and updated in each collection."""
    outcome = firm.load(*names)
    assert outcome.exit_code == 0, outcome.errors
    return {row["resource"]: (row["inserted"], row["updated"]) for row in outcome.results}


def test_changes_and_additions_are_loaded(firm: Firm) -> None:
    """A changed record and a new one arrive with the next load, which counts exactly those."""
    firm.load("matters", "contacts")
    firm.clio.changes.update("matters", first_id(firm, "matters"), {"description": "settled"})
    firm.clio.changes.add("contacts", {"name": "New Client", "type": "Person"})
    assert counts(firm, "matters", "contacts") == {"matters": (0, 1), "contacts": (1, 0)}
    assert firm.differences("matters", "contacts") == []


def test_second_load_asks_only_for_what_changed(firm: Firm) -> None:
    """The second load asks from the first one's start less the overlap and a second."""
    firm.clio.clock.freeze()
    start = firm.clio.clock.moment().start_of("second")
    firm.load("matters")
    assert firm.watermark("matters") == start.subtract(minutes=15)
    firm.load("matters")
    since = firm.asked("matters")[-1].given["updated_since"][0]
    assert pendulum.parse(since) == start.subtract(minutes=15, seconds=1)


@pytest.mark.parametrize("kind", ["Matter", "Contact"])
def test_notes_of_both_types_are_loaded(firm: Firm, kind: str) -> None:
    """Notes are two lists, one for each type; a change in either arrives."""
    firm.load("notes")
    note = next(row for row in firm.clio.dump("notes") if row["type"] == kind)
    firm.clio.changes.update("notes", note["id"], {"subject": "changed"})
    assert counts(firm, "notes") == {"notes": (0, 1)}
    assert firm.differences("notes") == []


@pytest.mark.parametrize("state", ["void", "deleted"])
def test_bill_that_leaves_the_default_list_is_followed(new_firm: NewFirm, state: str) -> None:
    """A bill that becomes void or deleted is found by asking for that state."""
    firm = new_firm(void_bills_listed=False)
    firm.load("bills")
    bill = next(row for row in firm.clio.dump("bills") if row["state"] not in {"void", "deleted"})
    firm.clio.changes.update("bills", bill["id"], {"state": state})
    assert counts(firm, "bills") == {"bills": (0, 1)}
    assert firm.stored("bills")[bill["id"],]["state"] == state
    assert firm.differences("bills") == []


def test_rows_in_two_variants_are_stored_once(new_firm: NewFirm) -> None:
    """A bill that two lists of one walk show is one row, and a second load leaves it alone."""
    firm = new_firm(void_bills_listed=True, deleted_bills_listed=True)
    firm.load("bills")
    assert firm.differences("bills") == []
    assert counts(firm, "bills") == {"bills": (0, 0)}


def test_record_that_moves_between_lists_during_the_walk(new_firm: NewFirm) -> None:
    """A bill read in one list, then changed so that a later list of the same walk shows it too:
    both readings come in one package, the later one is stored, once.
    """
    firm = new_firm(void_bills_listed=False)
    bill = next(row for row in firm.clio.dump("bills") if row["state"] == "draft")
    firm.clio.changes.update("bills", bill["id"], {"state": "void"}, when=When.after("bills", 1))
    outcome = firm.load("bills")
    assert outcome.exit_code == 0, outcome.errors
    assert firm.stored("bills")[bill["id"],]["state"] == "void"
    firm.load("bills")
    assert firm.differences("bills") == []


def test_collection_that_yields_nothing_keeps_its_rows(firm: Firm) -> None:
    """A load that finds nothing new leaves every stored row where it is."""
    firm.load("tasks", "practice_areas")
    before = firm.stored("tasks")
    firm.clio.clock.advance(86_400)
    assert counts(firm, "tasks", "practice_areas") == {"tasks": (0, 0), "practice_areas": (0, 0)}
    assert before == firm.stored("tasks")
    assert before


def test_empty_answer_of_a_full_list_keeps_its_rows(firm: Firm) -> None:
    """A list that is read in full and comes back empty empties nothing: a sweep decides that."""
    firm.load("lauk_civil_controlled_rates")
    before = firm.stored("lauk_civil_controlled_rates")
    firm.clio.store["lauk_civil_controlled_rates"].rows.clear()
    firm.load("lauk_civil_controlled_rates")
    assert before == firm.stored("lauk_civil_controlled_rates")
    assert before


@pytest.mark.parametrize("inclusive", [False, True])
def test_boundary_of_whole_seconds(new_firm: NewFirm, *, inclusive: bool) -> None:
    """A record stamped exactly at the watermark is found, whether `updated_since` means after or
    from that moment on.
    """
    firm = new_firm(updated_since_inclusive=inclusive)
    firm.clio.clock.freeze()
    firm.load("tasks")
    mark = firm.watermark("tasks")
    assert mark is not None
    stamp = int(mark.timestamp() * 1000)
    firm.clio.changes.update(
        "tasks", first_id(firm, "tasks"), {"name": "late", "updated_at": stamp}
    )
    assert counts(firm, "tasks") == {"tasks": (0, 1)}
    assert firm.differences("tasks") == []


@pytest.mark.parametrize("minutes", [1, 10, 14])
def test_change_that_is_seen_late_is_found(firm: Firm, minutes: int) -> None:
    """A change that lists show only minutes after its stamp is inside the overlap."""
    firm.clio.clock.freeze()
    firm.load("tasks")
    key = first_id(firm, "tasks")
    firm.clio.changes.update("tasks", key, {"name": "late"}, visible_after=60.0 * minutes)
    firm.clio.clock.advance(30)
    firm.load("tasks")
    firm.clio.clock.advance(60 * minutes)
    assert counts(firm, "tasks") == {"tasks": (0, 1)}
    assert firm.differences("tasks") == []


def test_five_hundred_rows_with_one_stamp(new_firm: NewFirm) -> None:
    """A19: a bulk change under one stamp, over several pages, is stored whole."""
    firm = new_firm(activities=650)
    firm.load("activities")
    firm.clio.clock.freeze()
    for row in firm.clio.dump("activities")[:500]:
        firm.clio.changes.update("activities", row["id"], {"note": "bulk"})
    assert counts(firm, "activities") == {"activities": (0, 500)}
    assert firm.differences("activities") == []


def test_change_behind_the_cursor(new_firm: NewFirm) -> None:
    """A15: a record changes after its page was read, and one ahead minutes later still: after the
    next load both are stored.
    """
    clock = PageTime()
    firm = new_firm(activities=650, clock=clock)
    clock.requests = firm.clio.requests
    behind, ahead = first_id(firm, "activities"), first_id(firm, "activities", -1)
    for page, key in ((2, behind), (3, ahead)):
        moment = When.after("activities", page)
        firm.clio.changes.update("activities", key, {"note": "changed"}, when=moment)
    firm.load("activities")
    firm.load("activities")
    assert firm.differences("activities") == []


@pytest.mark.parametrize("at", [5, 390])
def test_deletion_while_pages_are_read(new_firm: NewFirm, at: int) -> None:
    """A16: a record that goes behind or ahead of the cursor makes no other one disappear."""
    firm = new_firm(activities=650)
    gone = first_id(firm, "activities", at)
    firm.clio.changes.remove("activities", gone, when=When.after("activities", 1))
    firm.load("activities")
    missing = [text for text in firm.differences("activities") if "not at the server" not in text]
    assert missing == []


def test_addition_while_pages_are_read(new_firm: NewFirm) -> None:
    """A17: a record added in mid-walk is stored by this load or the next."""
    firm = new_firm(activities=650)
    sample = {"type": "TimeEntry", "date": "2026-03-31", "note": "added"}
    firm.clio.changes.add("activities", sample, when=When.after("activities", 2))
    firm.load("activities")
    firm.load("activities")
    assert firm.differences("activities") == []
