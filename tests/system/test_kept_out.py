"""What does not fit is loud: a value costs itself, the run that first meets it ends with 4."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.clio_simulator import Seed, Simulator
from sources.clio_simulator.faults import Value
from tests.system.firm import Firm

LISTED = "select resource, record_id, field, reason from meta.quarantine order by all"


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """Return a firm whose tasks are loaded."""
    with Simulator(Seed(7), rate_limit=0) as clio:
        firm = Firm(clio, tmp_path / "data")
        assert firm.load("tasks").exit_code == 0
        yield firm


def shows(firm: Firm, field: str, json: str, *, name: str = "tasks") -> int:
    """Let the first record of a collection change, and show a raw JSON value; give its id."""
    key = min(firm.clio.store[name].rows)
    firm.clio.faults.clear()
    firm.clio.faults.add(Value(field, json, id=key), name, times=None)
    firm.clio.changes.update(name, key, {"_note": json})
    return key


def codes(outcome: object) -> list[str]:
    """Return the codes of an outcome's errors."""
    return [error.code for _, error in outcome.errors]  # type: ignore[attr-defined]


def test_value_that_does_not_fit_is_told_once_then_warned_of(firm: Firm) -> None:
    """Exit code 4 in the run that meets it first, then a warning with its moment, never silence;
    the row is there, with the value known before.
    """
    before = firm.stored("tasks")
    key = shows(firm, "due_at", '"soon"')
    outcome = firm.load("tasks")
    assert (outcome.exit_code, codes(outcome)) == (4, ["kept_out"])
    assert "quarantine list" in outcome.errors[0][1].hint
    assert str(outcome.errors[0][1]) == "1 value kept out, since it does not fit"
    assert [row["quarantined"] for row in outcome.results] == [1]
    assert firm.query(LISTED) == [("tasks", str(key), "due_at", "does not fit its type")]
    assert firm.stored("tasks")[(key,)]["due_at"] == before[(key,)]["due_at"]
    ((since,),) = firm.query("select since from meta.quarantine")

    for full in (False, True):
        again = firm.load("tasks", full=full)
        assert again.exit_code == 0, again.errors
        assert "tasks: 1 value kept out since" in firm.log.getvalue()
        assert firm.query("select since from meta.quarantine") == [(since,)]


def test_half_a_character_costs_its_value(firm: Firm) -> None:
    """The rest of the record is stored as it is now."""
    key = min(firm.clio.store["tasks"].rows)
    firm.clio.changes.update("tasks", key, {"description": "changed"})
    shows(firm, "name", '"\\ud800"')
    assert firm.load("tasks").exit_code == 4
    assert firm.stored("tasks")[(key,)]["description"] == "changed"
    assert [row[2] for row in firm.query(LISTED)] == ["name"]


def test_value_leaves_when_it_fits(firm: Firm) -> None:
    """And nothing is said of it any more."""
    key = shows(firm, "due_at", '"soon"')
    firm.load("tasks")
    firm.clio.faults.clear()
    firm.clio.changes.update("tasks", key, {"due_at": "2026-04-01"})
    assert firm.load("tasks").exit_code == 0
    assert firm.query(LISTED) == []
    assert firm.differences("tasks") == []


def test_row_that_is_deleted_leaves(firm: Firm) -> None:
    """A record of which something is kept out is deleted in Clio: nothing is kept of it."""
    key = shows(firm, "updated_at", '"soon"')
    assert firm.load("tasks").exit_code == 4
    assert firm.query(LISTED)[0][:3] == ("tasks", str(key), None)
    firm.clio.faults.clear()
    firm.clio.changes.remove("tasks", key)
    assert firm.sweep("tasks").exit_code == 0
    assert firm.query(LISTED) == []


def test_row_that_was_never_stored_and_is_deleted_leaves(firm: Firm) -> None:
    """Nothing else remembers it, so that no tombstone could."""
    key = 10**9
    firm.clio.changes.add("tasks", {"id": key, "name": "new"})
    firm.clio.faults.add(Value("updated_at", '"soon"', id=key), "tasks", times=None)
    assert firm.load("tasks").exit_code == 4
    assert [row[1] for row in firm.query(LISTED)] == [str(key)]
    firm.clio.faults.clear()
    firm.clio.changes.remove("tasks", key)
    assert firm.sweep("tasks").exit_code == 0
    assert firm.query(LISTED) == []


def test_certificate_of_rows_that_are_kept_out(firm: Firm) -> None:
    """It says that something is not known; what else there is is proved."""
    shows(firm, "updated_at", '"soon"')
    assert firm.load("tasks").exit_code == 4
    outcome = firm.sweep("tasks")
    assert outcome.exit_code == 0, outcome.errors
    (row,) = outcome.results
    assert (row["status"], row["rows_clio"], row["stale"]) == ("withheld", row["rows_warehouse"], 1)
    assert "tasks: 1 row kept out since" in firm.log.getvalue()


def test_type_that_changed_is_told_in_every_run(firm: Firm) -> None:
    """All tasks show a number with a unit: drift of that field and exit code 4, again and again;
    what was known before stays.
    """
    before = firm.stored("tasks")
    firm.clio.switches.misfits = {"tasks": {key: {"due_at": "soon"} for (key,) in before}}
    for _ in range(2):
        outcome = firm.load("tasks", full=True)
        assert (outcome.exit_code, codes(outcome)) == (4, ["type_changed"])
    assert ("due_at", "type") in firm.query("select field, kind from meta.drift")
    now = firm.stored("tasks")
    assert {key: row["due_at"] for key, row in now.items()} == {
        key: row["due_at"] for key, row in before.items()
    }


def test_stamp_of_the_future_is_told(firm: Firm) -> None:
    """Stored as it is, since Clio says so; noted, and drift."""
    shows(firm, "updated_at", '"2999-01-01T00:00:00Z"')
    assert firm.load("tasks").exit_code == 0
    assert "updated_at of 1 rows lies over a day in the future" in firm.log.getvalue()
    assert firm.query("select field, kind from meta.drift") == [("updated_at", "future")]
