"""What Clio withholds is never an edit's base, never taken for empty, and never written to Clio."""

from collections.abc import Iterator
from typing import Any

import pytest

from pipelines.edits.assignments import assigned
from pipelines.edits.propose import run_proposal
from pipelines.plan import outcomes
from pipelines.push.rebase import run_rebase
from pipelines.push.undo import run_undo
from sources.clio_simulator import Simulator
from sources.clio_simulator.faults import Forbidden, Status
from tests.system.proposing import told, work
from tests.system.writing import Desk

CUSTOM = "custom_field_values"


@pytest.fixture
def desk(quick_desk: Desk) -> Iterator[Desk]:
    """Return a loaded firm, and show everything again before its history is judged."""
    yield quick_desk
    quick_desk.firm.clio.switches.hidden_fields = {}


@pytest.fixture
def clio(desk: Desk) -> Simulator:
    """Return its Clio."""
    return desk.firm.clio


def hide(clio: Simulator, name: str = CUSTOM) -> None:
    """Take a permission from the token's user."""
    clio.switches.hidden_fields = {"matters": {name}}


def text_field(clio: Simulator, *, filled: bool) -> tuple[int, str, str]:
    """Find a matter with custom fields, a text field that it has a value of, or not, and it."""
    fields = {
        str(one["id"]): one
        for one in clio.dump("custom_fields")
        if one["parent_type"] == "Matter" and one["field_type"] in {"text_line", "text_area"}
    }
    living = [key for key, one in fields.items() if not one["deleted"]]
    for row in clio.dump("matters"):
        values = {str(v["custom_field"]["id"]): v["value"] for v in row[CUSTOM]}
        for key in living:
            if values and (key in values) is filled:
                return int(row["id"]), key, str(values.get(key))
    raise AssertionError


def notes(desk: Desk) -> list[tuple[Any, ...]]:
    """Return state and note of each edit."""
    return desk.rows("select state, note, theirs from edits")


def withheld(desk: Desk, key: int | None, name: str, *, accepted: bool = False) -> None:
    """Mark a column of the matters as withheld, of one record or of all."""
    with desk.firm.writable() as warehouse:
        warehouse.execute(
            "insert into meta.withheld values"
            " ('clio_manage', 'matters', $1, $2, now(), 'stripped', $3, true)",
            [None if key is None else str(key), name, accepted],
        )


@pytest.mark.parametrize("filled", [True, False])
def test_a_stripped_custom_field_is_no_base(desk: Desk, clio: Simulator, *, filled: bool) -> None:
    """Entries without name, type and value hide what is there: the plan sends nothing, not even a
    first value of a field that seems to have none.
    """
    key, field, _ = text_field(clio, filled=filled)
    desk.propose("matters", key, f"{CUSTOM}[{field}]=Ours")
    hide(clio)
    assert desk.plan().exit_code == 6
    assert notes(desk) == [("conflicted", outcomes.HIDDEN, "null")]
    assert not (desk.firm.folder / "plans").exists()


def test_hidden_between_plan_and_push(desk: Desk, clio: Simulator) -> None:
    """What is withheld once the plan was approved is not written, and not offered anew."""
    key, field, _ = text_field(clio, filled=True)
    (edit,) = desk.propose("matters", key, f"{CUSTOM}[{field}]=Ours")
    plan = desk.approved()
    hide(clio)
    assert desk.push(plan).exit_code == 6
    assert desk.patches == []
    assert notes(desk) == [("conflicted", outcomes.HIDDEN, "null")]
    assert run_rebase(desk.context("ana"), [edit]).exit_code == 6


@pytest.mark.long
def test_a_withheld_reading_confirms_nothing(desk: Desk, clio: Simulator) -> None:
    """Where an answer was lost and the field is withheld afterwards, nobody knows what became of
    it: a person looks, and it is neither sent again nor taken for a change of a colleague's.
    """
    key, field, _ = text_field(clio, filled=True)
    desk.propose("matters", key, f"{CUSTOM}[{field}]=Ours")
    plan = desk.approved()
    clio.faults.add(Status(503), "matters/*", method="PATCH", applied=True)
    clio.faults.add(Forbidden(), "matters/*", method="GET", times=None)
    assert desk.push(plan).exit_code == 6
    clio.faults.clear()
    hide(clio)
    assert desk.push(plan).exit_code == 6
    assert notes(desk) == [("needs_human", outcomes.UNCONFIRMED, "null")]
    assert len(desk.patches) == 1


def test_undo_of_what_is_withheld(desk: Desk, clio: Simulator) -> None:
    """A value that Clio does not show is not put back."""
    key, field, _ = text_field(clio, filled=True)
    desk.propose("matters", key, f"{CUSTOM}[{field}]=Ours")
    plan = desk.approved()
    assert desk.push(plan).exit_code == 0
    hide(clio)
    (only,) = run_undo(desk.context("ana"), plan).results
    assert (only["edit_id"], only["note"]) == (None, outcomes.HIDDEN)


def test_the_body_holds_the_approved_entry_alone(desk: Desk, clio: Simulator) -> None:
    """Of all custom fields of a matter a PATCH holds the one that was approved."""
    key, field, _ = text_field(clio, filled=True)
    desk.propose("matters", key, f"{CUSTOM}[{field}]=Ours")
    before = {v["id"]: v["value"] for v in desk.record("matters", key)[CUSTOM]}
    assert desk.push(desk.approved()).exit_code == 0
    after = {v["id"]: v["value"] for v in desk.record("matters", key)[CUSTOM]}
    changed = [one for one in before if before[one] != after[one]]
    assert (len(changed), set(before) == set(after)) == (1, True)


@pytest.mark.parametrize("every", [True, False])
def test_a_marked_field_is_not_proposed(desk: Desk, clio: Simulator, *, every: bool) -> None:
    """A stored value of a withheld column is of another day: exit 5, naming what to look at."""
    key, field, _ = text_field(clio, filled=True)
    withheld(desk, None if every else key, CUSTOM)
    found = assigned("matters", str(key), [f"{CUSTOM}[{field}]=Ours"], "as agreed")
    outcome = run_proposal(work(desk.firm), "edits propose", lambda _: found)
    assert (outcome.exit_code, outcome.errors[0][1].code) == (5, "withheld_base")
    assert "the permission for custom fields" in told(outcome)[0]
    desk.propose("matters", key, "client_reference=R-1")


def test_a_value_that_was_accepted_and_is_there_is_a_base(desk: Desk, clio: Simulator) -> None:
    """A column that a person accepted as empty is known again where it holds a value."""
    key = int(clio.dump("matters")[0]["id"])
    withheld(desk, None, "description", accepted=True)
    assert len(desk.propose("matters", key, "description=Ours")) == 1
    withheld(desk, key, "client_reference", accepted=True)
    found = assigned("matters", str(key), ["client_reference=R-1"], "as agreed")
    outcome = run_proposal(work(desk.firm), "edits propose", lambda _: found)
    assert outcome.exit_code == (5 if not desk.record("matters", key)["client_reference"] else 0)


@pytest.mark.parametrize("moment", ["plan", "push"])
def test_a_marked_column_that_answers_null(desk: Desk, clio: Simulator, moment: str) -> None:
    """Null in a column that is known to be withheld is not a colleague's blanking."""
    key = int(clio.dump("matters")[0]["id"])
    desk.propose("matters", key, "description=Ours")
    plan = desk.approved() if moment == "push" else ""
    hide(clio, "description")
    withheld(desk, None, "description")
    outcome = desk.push(plan) if plan else desk.plan()
    assert outcome.exit_code == 6
    assert notes(desk) == [("conflicted", outcomes.HIDDEN, "null")]
    assert desk.patches == []


def test_nothing_shown_is_not_told_as_a_value(desk: Desk, clio: Simulator) -> None:
    """Without a mark nobody can tell a blanking from a withheld value, and the note says so."""
    key = int(clio.dump("matters")[0]["id"])
    desk.propose("matters", key, "description=Ours")
    hide(clio, "description")
    assert desk.plan().exit_code == 6
    assert notes(desk)[0][:2] in [
        ("conflicted", outcomes.NOTHING_LEFT),
        ("conflicted", outcomes.HIDDEN),
    ]


def test_a_refusal_for_want_of_a_permission(desk: Desk, clio: Simulator) -> None:
    """A PATCH that is answered by 403 is failed, and names the permission as the likely cause."""
    key = int(clio.dump("matters")[0]["id"])
    desk.propose("matters", key, "client_reference=R-1")
    plan = desk.approved()
    clio.faults.add(Status(403, type="Forbidden", message="x"), "matters/*", method="PATCH")
    assert desk.push(plan).exit_code == 1
    ((state, note, _),) = notes(desk)
    assert state == "failed"
    assert "a permission of the token's user does not let it be changed" in note
