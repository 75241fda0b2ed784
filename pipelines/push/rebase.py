"""`edits rebase`: an edit that lost a race with changes of other fields is offered anew.

It is proposed from the record as it is now, and needs a new plan and a new approval: whoever
approved it saw another record. Where the field itself was changed, a person proposes anew.
"""

from collections.abc import Sequence
from uuid import uuid4

from pipelines.context import Context
from pipelines.edits.allowed import Record
from pipelines.edits.edit import KEPT, Edit, kept_edit
from pipelines.errors import CommandLineError
from pipelines.ledger.errors import NeedsPersonError
from pipelines.ledger.ledger import Entry
from pipelines.outcome import Outcome, table
from pipelines.plan.outcomes import FOR_A_PERSON, GONE, not_sent, theirs
from pipelines.plan.session import Session, session

from .undo import open_fields

HEADER = ("edit", "record", "field", "base", "Clio has", "ours", "")


def run_rebase(context: Context, edit_ids: Sequence[str]) -> Outcome:
    """Offer edits in conflict anew, where only other fields of the record were changed.

    Raises:
        CommandLineError: an edit is not in conflict.
        ClioError: Clio or the data folder cannot be used; nothing was changed.

    """
    outcome = Outcome("edits rebase", context.clock.now(), run_id=uuid4().hex)
    rows, stuck = [], 0
    with session(context, "edits rebase", outcome.run_id) as at:
        found = [conflicted(at, one) for one in dict.fromkeys(edit_ids)]
        edits = [kept_edit(at.ref(row[1], row[3]), row) for row in found]
        shown = at.read(one.key for one in edits)
        entries = []
        for edit in edits:
            record = shown.get(edit.key)
            why = why_not(edit, record, at)
            rows.append(_row(edit, record, why))
            if record is not None and not why:
                body = {
                    "base": theirs(edit.ref, record),
                    "base_etag": str(record.get("etag") or ""),
                }
                entries.append(Entry("edit_rebased", body, edit.edit_id))
        stuck = len(edits) - len(entries)
        if entries:
            at.ledger.record(at.me.name, *entries)
    outcome.results = rows
    outcome.text = _text(rows, stuck)
    if stuck:
        error = NeedsPersonError(f"{stuck:,} edits cannot be rebased")
        outcome.errors, outcome.exit_code = [("", error)], error.exit_code
    outcome.finished_at = context.clock.now()
    return outcome


def conflicted(at: Session, edit_id: str) -> tuple[str, ...]:
    """Return the row of an edit that waits for a person.

    Raises:
        CommandLineError: there is no such edit, or it does not.

    """
    found = at.ledger.rows(f"select {KEPT}, state from edits where edit_id = ?", [edit_id])  # noqa: S608 - the names of columns
    if not found or found[0][-1] not in FOR_A_PERSON:
        state = f"is {found[0][-1]}, not in conflict" if found else "is not known"
        message = f"the edit {edit_id} {state}"
        raise CommandLineError(message)
    return found[0][:-1]


def why_not(edit: Edit, record: Record | None, at: Session) -> str:
    """Return why an edit cannot be offered anew as it is; empty if it can."""
    if record is None:
        # the record was deleted meanwhile
        return GONE
    other = open_fields(at.ledger).get(edit.field_key)
    if other:
        # somebody proposed the field anew already
        return f"the field has an open edit, {other}"
    # it can where the field itself is as it was
    end = not_sent(edit, record)
    return end.note if end else ""


def _row(edit: Edit, record: Record | None, why: str) -> dict[str, object]:
    return {
        "edit_id": edit.edit_id,
        "resource": edit.resource,
        "record_id": edit.record_id,
        "label": edit.label,
        "field": edit.field,
        "base": edit.base,
        "theirs": theirs(edit.ref, record) if record is not None else None,
        "new_value": edit.new_value,
        "state": "conflicted" if why else "proposed",
        "note": why,
    }


def _text(rows: Sequence[dict[str, object]], stuck: int) -> str:
    cells = [
        (
            row["edit_id"],
            f"{row['resource']} {row['record_id']} {row['label']}".strip(),
            row["field"],
            row["base"],
            row["theirs"],
            row["new_value"],
            row["note"] or "proposed anew",
        )
        for row in rows
    ]
    parts = [table(HEADER, cells)]
    if len(rows) > stuck:
        parts.append("Next: clio-sync plan, and a new approval.")
    if stuck:
        parts.append(
            "Where Clio has another value by now: clio-sync edits withdraw, and propose anew."
        )
    return "\n".join(parts) + "\n"
