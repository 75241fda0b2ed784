"""What becomes of edits: every row of the tables, decided without sending anything."""

from typing import Any

import pytest

from pipelines.edits import fields
from pipelines.edits.edit import Edit
from pipelines.edits.fields import ABSENT, REDACTED, FieldRef
from pipelines.plan import outcomes
from pipelines.plan.outcomes import Merge, State, Verdict, merge
from sources.clio_http.writes import Effect

OLD, NEW = '"old"', '"new"'


def ref(name: str) -> FieldRef:
    """Make a text field."""
    return FieldRef("matters", name, fields.TEXT, (name,), (name,))


A = Edit("a", ref("description"), "base", "ours")
B = Edit("b", ref("location"), None, "ours")


def record(etag: str, **values: Any) -> dict[str, Any]:
    """Make a record as Clio shows it, with the base values unless said otherwise."""
    return {"id": 7, "etag": etag, "description": "base", "location": None, **values}


@pytest.mark.parametrize(
    ("base", "theirs", "ours", "found"),
    [
        ("a", "a", "b", Merge.SEND),
        ("a", "b", "b", Merge.ALREADY),
        ("a", "c", "b", Merge.CONFLICT),
        (None, "", "b", Merge.SEND),
        ("a", " a ", "b", Merge.SEND),
        ("a", None, "b", Merge.CONFLICT),
        ("a", ABSENT, "b", Merge.HIDDEN),
        ("a", REDACTED, "b", Merge.HIDDEN),
    ],
)
def test_merge(base: Any, theirs: Any, ours: Any, found: Merge) -> None:
    """A field is sent only while Clio has its base; a hidden one never."""
    assert merge(ref("description"), base, theirs, ours) is found


@pytest.mark.parametrize(
    ("now", "states"),
    [
        (record(OLD), []),
        (None, [State.CONFLICTED] * 2),
        (record(NEW), [State.CONFLICTED] * 2),
        (record(NEW, description="theirs"), [State.CONFLICTED] * 2),
        (record(NEW, description="ours"), [State.NO_CHANGE, State.CONFLICTED]),
        (record(OLD, description="theirs"), [State.CONFLICTED] * 2),
        (record(NEW, description="ours", location="ours"), [State.NO_CHANGE] * 2),
    ],
)
def test_before_sending(now: dict[str, Any] | None, states: list[State]) -> None:
    """Only a record with the planned tag and the planned values is sent."""
    assert [one.state for one in outcomes.before_sending((A, B), OLD, now)] == states


def test_rebase_is_offered_where_other_fields_moved() -> None:
    """Another tag with our base still there is told apart from a field that was changed."""
    found = outcomes.before_sending((A, B), OLD, record(NEW, location="theirs"))
    assert [one.note for one in found] == [outcomes.REBASE, outcomes.BOTH]
    assert found[1].theirs == "theirs"


@pytest.mark.parametrize(
    ("now", "attempts", "verdict", "state"),
    [
        (record(OLD), 1, Verdict.AGAIN, None),
        (record(OLD), 2, Verdict.AGAIN, None),
        (record(OLD), 3, Verdict.SETTLED, State.NEEDS_HUMAN),
        (
            record(NEW, description="ours", location="ours"),
            1,
            Verdict.SETTLED,
            State.APPLIED_OBSERVED,
        ),
        (
            record(OLD, description="ours", location="ours"),
            1,
            Verdict.SETTLED,
            State.APPLIED_OBSERVED,
        ),
        (record(NEW), 1, Verdict.SETTLED, State.CONFLICTED),
        (record(NEW, description="ours"), 1, Verdict.SETTLED, State.CONFLICTED),
        (record(OLD, description="ours"), 1, Verdict.SETTLED, State.CONFLICTED),
        (record(NEW, description="theirs"), 1, Verdict.SETTLED, State.CONFLICTED),
        (None, 1, Verdict.SETTLED, State.CONFLICTED),
    ],
)
def test_after_rereading(
    now: dict[str, Any] | None, attempts: int, verdict: Verdict, state: State | None
) -> None:
    """An unknown outcome is settled by what the record shows, and never sent a fourth time."""
    found = outcomes.after_rereading((A, B), OLD, now, attempts)
    assert found.verdict is verdict
    assert {one.state for one in found.ends} == ({state} if state else set())


def test_each_field_says_what_it_holds() -> None:
    """After a lost answer, of a record that shows some of our values, each field is told apart."""
    found = outcomes.after_rereading((A, B), OLD, record(NEW, description="ours"), 1).ends
    assert [one.note.partition("; ")[2] for one in found] == [
        "this field holds our value",
        "this field holds what was there before",
    ]
    found = outcomes.after_rereading((A, B), OLD, record(NEW, description="theirs"), 1).ends
    assert found[0].note.endswith("this field holds neither")


def test_reverted_is_never_sent_again() -> None:
    """Base values under another tag may be ours, undone: nobody can tell, so a person looks."""
    found = outcomes.after_rereading((A, B), OLD, record(NEW), 1)
    assert {one.note for one in found.ends} == {outcomes.REVERTED}


@pytest.mark.parametrize(
    ("shown", "state", "note"),
    [
        ("ours", State.APPLIED, ""),
        ("Ours ", State.APPLIED, outcomes.IN_ITS_WAY),
        ("base", State.NEEDS_HUMAN, outcomes.NOT_STORED),
        (None, State.NEEDS_HUMAN, outcomes.NOTHING_SHOWN),
    ],
)
def test_after_accepted(shown: str | None, state: State, note: str) -> None:
    """An accepted write counts as applied only if the answer shows the value."""
    (found,) = outcomes.after_accepted((A,), {"a": shown})
    assert (found.state, found.note) == (state, note)


def test_answer_without_the_field_says_nothing() -> None:
    """An answer that leaves a field out, or hides it, does not tell what became of it."""
    assert outcomes.returned((A,), {"id": 7, "etag": NEW}) is None
    assert outcomes.returned((A,), record(NEW, description=None, redacted=True)) is None
    assert outcomes.returned((A,), record(NEW, description="x")) == {"a": "x"}


def test_after_changed() -> None:
    """A 412 that nothing doubtful came before is a conflict, or an equal change of another."""
    found = outcomes.after_changed((A, B), record(NEW, description="ours"))
    assert [one.state for one in found] == [State.NO_CHANGE, State.CONFLICTED]
    assert {one.note for one in outcomes.after_changed((A,), None)} == {outcomes.GONE}


def test_every_effect_has_a_name_in_the_ledger() -> None:
    """No end of an attempt is left without a word, and no two share one."""
    assert set(outcomes.OUTCOMES) == set(Effect)
    assert len(set(outcomes.OUTCOMES.values())) == len(Effect)
