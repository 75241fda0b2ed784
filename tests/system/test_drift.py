"""Fields that Clio refuses or forgets, collections that are gone, columns that are left out."""

import re

import pytest

from sources.clio_simulator.faults import RefuseFields, Status
from tests.system.conftest import NewFirm
from tests.system.firm import RAW, Firm

pytestmark = pytest.mark.long

DRIFT = "select field, kind from meta.drift where resource = 'matters'"


def descriptions(firm: Firm) -> dict[int, str]:
    """Return the stored descriptions."""
    return {key[0]: row["description"] for key, row in firm.stored("matters").items()}


def test_refused_field_keeps_what_is_stored(firm: Firm) -> None:
    """A field that Clio refuses from now on keeps its stored values, also in rows that change; it
    forces no full walk, is asked for once and is told as drift.
    """
    firm.load("matters")
    before = descriptions(firm)
    firm.clio.faults.add(RefuseFields(("description",)), "matters", times=None)
    key = min(firm.clio.store["matters"].rows)
    firm.clio.changes.update("matters", key, {"client_reference": "new"})
    for updated in (1, 0):
        outcome = firm.load("matters")
        assert outcome.exit_code == 0, outcome.errors
        assert (outcome.results[0]["mode"], outcome.results[0]["updated"]) == (
            "incremental",
            updated,
        )
    assert descriptions(firm) == before
    assert firm.stored("matters")[key,]["client_reference"] == "new"
    assert [a.status for a in firm.asked("matters")] == [200, 400, 200, 200]
    assert firm.query(DRIFT) == [("description", "refused")]
    assert firm.query("select field, status from meta.fields") == [("description", "refused")]


def test_refused_field_in_a_first_load(firm: Firm) -> None:
    """A field that was never there is an empty column; everything else is loaded."""
    firm.clio.faults.add(RefuseFields(("description", "client.id")), "matters", times=None)
    assert firm.load("matters").exit_code == 0
    assert set(descriptions(firm).values()) == {None}
    wrong = {text.split(": ")[1].split()[-1] for text in firm.differences("matters")}
    assert wrong <= {"description", "client__id"}


def test_field_that_came_back_changes_nothing_by_itself(firm: Firm) -> None:
    """The refusal is remembered: the field is not asked for again and nothing is read anew."""
    firm.clio.faults.add(RefuseFields(("description",)), "matters")
    firm.load("matters")
    outcome = firm.load("matters")
    assert outcome.results[0]["mode"] == "incremental"
    assert "description" not in firm.asked("matters")[-1].given["fields"][0].split(",")


MARKS = "select field, evidence, coalesce(held, false) from meta.withheld"


def test_field_that_came_back_and_is_empty_everywhere(firm: Firm) -> None:
    """Once a whole walk was shown it, null is what Clio says of it, and it is known."""
    for key in firm.clio.store["matters"].rows:
        firm.clio.changes.update("matters", key, {"description": None})
    firm.load("matters")
    firm.clio.faults.add(RefuseFields(("description",)), "matters", times=None)
    assert firm.load("matters", full=True).exit_code == 0
    firm.load("matters")
    assert firm.sweep("matters").exit_code == 0
    assert firm.query(MARKS) == [("description", "refused", False)]
    firm.clio.faults.clear()
    assert firm.load("matters", full=True).exit_code == 0
    assert firm.query(MARKS) == []


def test_field_that_came_back_without_its_values(firm: Firm) -> None:
    """What was known of it before is kept back, so that it is not known."""
    firm.load("matters")
    before = descriptions(firm)
    firm.clio.faults.add(RefuseFields(("description",)), "matters")
    firm.load("matters", full=True)
    firm.clio.switches.hidden_fields = {"matters": {"description"}}
    firm.load("matters", full=True)
    assert (descriptions(firm), firm.query(MARKS)) == (before, [("description", "refused", True)])


def test_collection_that_is_gone(firm: Firm) -> None:
    """A 404 on a list is drift and exit 4; the stored rows stay, the others are loaded."""
    firm.load("matters", "tasks")
    before = firm.stored("matters")
    firm.clio.faults.add(Status(404), "matters", times=None)
    firm.clio.changes.add("tasks", {"name": "new"})
    outcome = firm.load("matters", "tasks")
    assert outcome.exit_code == 4
    assert [(name, error.code) for name, error in outcome.errors] == [
        ("matters", "collection_gone")
    ]
    assert firm.stored("matters") == before
    assert firm.differences("tasks") == []
    assert firm.query(DRIFT) == [("", "collection_gone")]


def test_excluded_and_hashed_columns_leave_no_trace(new_firm: NewFirm) -> None:
    """An excluded column is never asked for; a hashed one is the same hash for the same text; the
    texts of neither are in any file.
    """
    options = {"exclude_columns": ("contacts.name",), "hash_columns": ("matters.description",)}
    firm = new_firm(options=options)
    key = min(firm.clio.store["matters"].rows)
    firm.clio.changes.update("matters", key, {"description": "CANARY-hashed"})
    firm.clio.changes.add("contacts", {"name": "CANARY-excluded", "type": "Company"})
    for _ in range(2):
        assert firm.load("matters", "contacts").exit_code == 0
    asked = re.sub(r"\{[^}]*\}", "", firm.asked("contacts")[-1].given["fields"][0])
    assert "name" not in asked.split(",")
    assert len(firm.stored("matters")[key,]["description"]) == 64
    files = [path for path in firm.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if b"CANARY" in path.read_bytes()]
    assert firm.query(f"select count(*) from {RAW}.contacts where name is not null") == [(0,)]
