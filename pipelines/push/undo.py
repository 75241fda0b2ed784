"""The `undo` command: proposes the inverse of what a plan changed, for the usual road.

Only for fields that still hold our value: what anybody changed since stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

from pipelines.context import Context
from pipelines.edits import values
from pipelines.edits.fields import FieldRef
from pipelines.edits.raw_values import Unreadable
from pipelines.edits.values import JsonScalar
from pipelines.errors import EditRefusedError
from pipelines.ledger.canonical import read
from pipelines.ledger.ledger import Entry, Ledger
from pipelines.outcome import Outcome, table
from pipelines.plan.outcomes import HIDDEN, OPEN, State
from pipelines.plan.plan_file import Plan, PlannedEdit, PlannedRecord
from pipelines.plan.refresh_records import Shown
from pipelines.plan.review import open_plan
from pipelines.plan.session import Session, session

DONE = (State.APPLIED, State.APPLIED_OBSERVED)
FOR_GOOD = (
    "What Clio did because of these changes cannot be undone from here: e-mails and notifications,"
    " automations, webhooks, and its own record of who changed what."
)
HEADER = ("record", "field", "in Clio now", "back to", "")


@dataclass(frozen=True)
class AppliedEdit:
    """An edit that was applied: `shown` is what Clio answered then."""

    record: PlannedRecord
    edit: PlannedEdit
    shown: JsonScalar


@dataclass(frozen=True)
class Inverse:
    """What becomes of one applied edit: the proposal `entry`, or `why` there is none."""

    done: AppliedEdit
    entry: Entry | None = None
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
        entries = [one.entry for one in found if one.entry is not None]
        if entries:
            undone = {"undone": [one.done.edit.edit_id for one in found if one.entry is not None]}
            at.ledger.record(
                at.me.name, *entries, Entry("plan_undone", undone, plan_hash=plan.hash)
            )
    outcome.results = [_result(plan, one) for one in found]
    outcome.text = _text(found)
    outcome.finished_at = context.clock.now()
    return outcome


def applied(ledger: Ledger, plan: Plan) -> list[AppliedEdit]:
    """Give the edits of a plan that are in Clio, in order, with what was seen there."""
    found = {
        edit_id: read(shown)
        for edit_id, shown in ledger.rows(
            "select edit_id, theirs from edits where plan_hash = ? and state in (?, ?)",
            [plan.hash, *(state.value for state in DONE)],
        )
    }
    return [
        AppliedEdit(record, edit, found[edit.edit_id])
        for record in plan.records
        for edit in record.edits
        if edit.edit_id in found
    ]


def inverses(at: Session, plan: Plan, done: Sequence[AppliedEdit]) -> list[Inverse]:
    """Decide about each of them, by the records as they are now."""
    refs: dict[tuple[str, str], dict[str, FieldRef]] = {}
    missing = set()
    for one in done:
        try:
            ref = at.ref(one.record.resource, one.edit.field)
            refs.setdefault(one.record.key, {})[one.edit.edit_id] = ref
        except EditRefusedError:
            missing.add(one.edit.edit_id)
    shown = at.read(refs) if refs else {}
    busy = open_fields(at.ledger)
    found = []
    for one in done:
        if one.edit.edit_id in missing:
            found.append(Inverse(one, why="the field may not be written any more"))
            continue
        ref = refs[one.record.key][one.edit.edit_id]
        why = why_not(one, ref, shown.get(one.record.key), busy)
        record = shown.get(one.record.key, {})
        found.append(Inverse(one, why=why) if why else Inverse(one, _entry(at, plan, one, record)))
    return found


def why_not(
    one: AppliedEdit, ref: FieldRef, record: Shown | None, busy: Mapping[tuple[str, str, str], str]
) -> str:
    """Say why an edit cannot be taken back; empty if it can."""
    if record is None:
        return "the record is gone in Clio"
    now = values.read(ref, record)
    if isinstance(now, Unreadable):
        return HIDDEN
    if values.same(ref, now, one.edit.base):
        return "it is back already"
    if not values.same(ref, now, one.shown):
        return "somebody changed it since, and that stays"
    if one.edit.base is None and not ref.may_be_empty:
        return "it was empty before, and Clio does not let this field be emptied"
    edit = busy.get((one.record.resource, one.record.record_id, one.edit.field))
    return f"it has an open edit, {edit}" if edit else ""


def open_fields(ledger: Ledger) -> dict[tuple[str, str, str], str]:
    """Give the fields that have an open edit, with that edit."""
    marks = ", ".join("?" for _ in OPEN)
    return {
        (resource, record_id, field): edit_id
        for resource, record_id, field, edit_id in ledger.rows(
            f"select resource, record_id, field, edit_id from edits where state in ({marks})",  # noqa: S608 - names and constants
            [state.value for state in OPEN],
        )
    }


def _entry(at: Session, plan: Plan, one: AppliedEdit, record: Shown) -> Entry:
    body = {
        "resource": one.record.resource,
        "record_id": one.record.record_id,
        "field": one.edit.field,
        "base": one.shown,
        "base_etag": str(record.get("etag") or ""),
        "new_value": one.edit.base,
        "reason": f"undo of plan {plan.short}",
        "author": at.me.name,
        "origin": f"undo {plan.short}",
        "label": at.sight.label(one.record.resource, record, one.record.label),
    }
    return Entry("edit_proposed", body, uuid4().hex[:12])


def _result(plan: Plan, one: Inverse) -> dict[str, object]:
    return {
        "plan": plan.short,
        "undone": one.done.edit.edit_id,
        "edit_id": one.entry.edit_id if one.entry else None,
        "resource": one.done.record.resource,
        "record_id": one.done.record.record_id,
        "field": one.done.edit.field,
        "base": one.done.shown,
        "new_value": one.done.edit.base,
        "note": one.why,
    }


def _text(found: Sequence[Inverse]) -> str:
    if not found:
        return "Nothing of this plan is in Clio, so there is nothing to undo.\n"
    cells = [
        (
            f"{one.done.record.resource} {one.done.record.record_id} {one.done.record.label}",
            one.done.edit.field,
            one.done.shown,
            one.done.edit.base,
            one.why or f"proposed as {one.entry.edit_id if one.entry else ''}",
        )
        for one in found
    ]
    made = sum(one.entry is not None for one in found)
    parts = [table(HEADER, cells), "", f"{made:,} of {len(found):,} changes can be undone."]
    if made:
        parts.append("Nothing was sent. Next: clio-sync plan, and the approval of another person.")
    parts.append(FOR_GOOD)
    return "\n".join(parts) + "\n"
