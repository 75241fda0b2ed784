"""The `undo` command: proposes the inverse of what a plan changed, for the usual road.

Only for fields that still hold our value: what anybody changed since stays as it is.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import uuid4

from pipelines.context import Context
from pipelines.edits import values
from pipelines.edits.allowed import Record
from pipelines.edits.edit import Edit
from pipelines.edits.fields import FieldRef, Unreadable
from pipelines.edits.values import JsonScalar
from pipelines.errors import EditRefusedError
from pipelines.ledger.canonical import read
from pipelines.ledger.ledger import Entry, Ledger
from pipelines.outcome import Outcome, table
from pipelines.plan.outcomes import HIDDEN, OPEN, State
from pipelines.plan.plan_file import Plan, PlannedEdit, PlannedRecord
from pipelines.plan.review import open_plan
from pipelines.plan.session import Session, session

DONE = (State.APPLIED, State.APPLIED_OBSERVED)
FOR_GOOD = (
    "What Clio did because of these changes cannot be undone from here: e-mails and notifications,"
    " automations, webhooks, and its own record of who changed what."
)
HEADER = ("record", "field", "in Clio now", "back to", "")


@dataclass(frozen=True)
class Inverse:
    """What becomes of one applied edit: the `edit` that takes it back, or `why` there is none.

    `base` is what Clio showed when it was applied.
    """

    record: PlannedRecord
    applied: PlannedEdit
    base: JsonScalar
    edit: Edit | None = None
    why: str = ""


def run_undo(context: Context, named: str) -> Outcome:
    """Propose to put back what a pushed plan changed.

    Raises:
        NoPlanError: there is no such plan.
        ClioError: Clio or the data folder cannot be used; nothing was proposed.

    """
    outcome = Outcome("undo", context.clock.now(), run_id=uuid4().hex)
    with session(context, "undo", outcome.run_id) as at:
        plan = open_plan(at.ledger, context, named)
        found = inverses(at, plan, applied(at.ledger, plan))
        entries = [one.edit.proposal for one in found if one.edit is not None]
        if entries:
            undone = {"undone": [one.applied.edit_id for one in found if one.edit is not None]}
            at.ledger.record(
                at.me.name, *entries, Entry("plan_undone", undone, plan_hash=plan.hash)
            )
    outcome.results = [_result(plan, one) for one in found]
    outcome.text = _text(found)
    outcome.finished_at = context.clock.now()
    return outcome


def applied(ledger: Ledger, plan: Plan) -> list[Inverse]:
    """Return the edits of a plan that are in Clio, in order, not decided about yet."""
    found = {
        edit_id: read(shown)
        for edit_id, shown in ledger.rows(
            "select edit_id, theirs from edits where plan_hash = ? and state in (?, ?)",
            [plan.hash, *(state.value for state in DONE)],
        )
    }
    return [
        Inverse(record, edit, found[edit.edit_id])
        for record in plan.records
        for edit in record.edits
        if edit.edit_id in found
    ]


def inverses(at: Session, plan: Plan, done: Sequence[Inverse]) -> list[Inverse]:
    """Decide about each of them, by the records as they are now."""
    refs: dict[str, FieldRef] = {}
    for one in done:
        with suppress(EditRefusedError):
            refs[one.applied.edit_id] = at.ref(one.record.resource, one.applied.field)
    shown = at.read(one.record.key for one in done if one.applied.edit_id in refs) if refs else {}
    busy = open_fields(at.ledger)
    found = []
    for one in done:
        ref, record = refs.get(one.applied.edit_id), shown.get(one.record.key)
        if ref is None:
            found.append(replace(one, why="the field may not be written any more"))
            continue
        why = why_not(one, ref, record, busy)
        edit = None if why else _edit(at, plan, one, ref, record or {})
        found.append(replace(one, edit=edit, why=why))
    return found


def why_not(
    one: Inverse, ref: FieldRef, record: Record | None, busy: Mapping[tuple[str, str, str], str]
) -> str:
    """Return why an edit cannot be taken back; empty if it can."""
    if record is None:
        # the record was deleted meanwhile
        return "the record is gone in Clio"
    now = values.read(ref, record)
    if isinstance(now, Unreadable):
        # whether it still has our value is not known
        return HIDDEN
    if values.same(ref, now, one.applied.base):
        # somebody put it back already
        return "it is back already"
    if not values.same(ref, now, one.base):
        # what somebody wrote after us is not ours to take back
        return "somebody changed it since, and that stays"
    if one.applied.base is None and not ref.may_be_empty:
        # it was empty, which Clio does not take as a value
        return "it was empty before, and Clio does not let this field be emptied"
    # it can where nobody has proposed the field anew
    edit = busy.get((one.record.resource, one.record.record_id, one.applied.field))
    return f"it has an open edit, {edit}" if edit else ""


def open_fields(ledger: Ledger) -> dict[tuple[str, str, str], str]:
    """Return the fields that have an open edit, with that edit."""
    marks = ", ".join("?" for _ in OPEN)
    return {
        (resource, record_id, field): edit_id
        for resource, record_id, field, edit_id in ledger.rows(
            f"select resource, record_id, field, edit_id from edits where state in ({marks})",  # noqa: S608 - names and constants
            [state.value for state in OPEN],
        )
    }


def _edit(at: Session, plan: Plan, one: Inverse, ref: FieldRef, record: Record) -> Edit:
    return Edit(
        uuid4().hex[:12],
        ref,
        one.base,
        one.applied.base,
        one.record.record_id,
        f"undo of plan {plan.short}",
        at.me.name,
        at.visibility.label(one.record.resource, record, one.record.label),
        f"undo {plan.short}",
        str(record.get("etag") or ""),
    )


def _result(plan: Plan, one: Inverse) -> dict[str, object]:
    return {
        "plan": plan.short,
        "undone": one.applied.edit_id,
        "edit_id": one.edit.edit_id if one.edit else None,
        "resource": one.record.resource,
        "record_id": one.record.record_id,
        "field": one.applied.field,
        "base": one.base,
        "new_value": one.applied.base,
        "note": one.why,
    }


def _text(found: Sequence[Inverse]) -> str:
    if not found:
        return "Nothing of this plan is in Clio, so there is nothing to undo.\n"
    cells = [
        (
            f"{one.record.resource} {one.record.record_id} {one.record.label}",
            one.applied.field,
            one.base,
            one.applied.base,
            one.why or f"proposed as {one.edit.edit_id if one.edit else ''}",
        )
        for one in found
    ]
    made = sum(one.edit is not None for one in found)
    parts = [table(HEADER, cells), "", f"{made:,} of {len(found):,} changes can be undone."]
    if made:
        parts.append("Nothing was sent. Next: clio-sync plan, and the approval of another person.")
    parts.append(FOR_GOOD)
    return "\n".join(parts) + "\n"
