"""The `plan` command: the open edits, read anew in Clio, decided, guarded and frozen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import uuid4

from pipelines.context import Context
from pipelines.edits.allowed import Record, Visibility, is_on_a_bill
from pipelines.edits.edit import KEPT, Edit, kept_edit
from pipelines.edits.fields import flag_of, request_fields
from pipelines.errors import EditRefusedError
from pipelines.ledger.canonical import read, sha256
from pipelines.ledger.errors import NeedsPersonError, PlanRefusedError
from pipelines.ledger.ledger import Entry, Ledger
from pipelines.outcome import Outcome, counted, table
from sources.clio_http.writes import is_strong

from . import context_check, guards, plan_file
from .approval_policy import demanded
from .guards import Limits
from .meaning import meaning, names
from .outcomes import AMBIGUOUS, FOR_A_PERSON, GONE, SEEN, Settled, State, not_sent, theirs
from .plan_file import Plan, PlannedEdit, PlannedRecord, body_of
from .plan_text import listed, whole_text
from .risks import notes, risks
from .session import Session, session

Key = tuple[str, str]

CONTEXT: Mapping[str, tuple[str, ...]] = {
    "activities": ("type", "date", "quantity", "price", "matter.id"),
    "calendar_entries": ("summary", "start_at", "matter.id"),
    "communications": ("type", "subject", "matter.id"),
    "contacts": ("type", "name"),
    "documents": ("name", "matter.id"),
    "matters": ("display_number", "description", "status", "client.id"),
    "notes": ("type", "subject"),
    "relationships": ("description", "matter.id", "contact.id"),
    "tasks": ("name", "status", "due_at", "matter.id"),
}
"""What a person is shown of a record beside the change."""


@dataclass
class PlanDraft:
    """What planning found: records to send, and edits that end here.

    `sent` are the edits of which an earlier plan's PATCH may have had its effect, with that plan.
    """

    records: list[PlannedRecord] = field(default_factory=list)
    ends: list[Settled] = field(default_factory=list)
    sent: dict[str, str] = field(default_factory=dict)


def run_plan(context: Context, limits: Limits, *, again: bool = False) -> Outcome:
    """Freeze the edits that wait: those proposed, and those of plans that are too old.

    With `again` those that are planned or approved as well, whose approvals end with that.

    Raises:
        GuardError: the plan goes past a limit; nothing is frozen.
        ClioError: Clio or the data folder cannot be used.

    """
    outcome = Outcome("plan", context.clock.now(), run_id=uuid4().hex)
    with session(context, "plan", outcome.run_id) as at:
        rows = waiting(at.ledger, plan_file.stamp(at.now), again=again)
        draft = drafted(at, rows)
        plan = freeze(at, draft, limits) if draft.records else None
        _record(at, draft, plan)
        _tell(outcome, at, draft, plan)
    outcome.finished_at = context.clock.now()
    return outcome


WAITING = f"""
with
    over as (select plan_hash from plans where expires_at <= :now),
    broken as (
        select e.resource, e.record_id, s.plan_hash from steps s join edits e using (edit_id)
        where s.kind = 'plan_frozen' and e.state in ('rejected', 'withdrawn')
    ),
    chosen as (
        select resource, record_id from edits where state = 'proposed'
        union
        select resource, record_id from edits where state in ('planned', 'approved') and (
            :again
            or plan_hash in (select plan_hash from over)
            or (resource, record_id, plan_hash) in (select * from broken))
        except
        select resource, record_id from edits where state in ('in_flight', 'unknown')
    )
select {KEPT} from edits
where state in ('proposed', 'planned', 'approved')
and (resource, record_id) in (select * from chosen)
order by resource, length(record_id), record_id, proposed_at, edit_id
"""  # noqa: S608 - the names of columns
"""All open edits of a record go in the same PATCH, so those that are planned come along. A record
of which an edit was rejected or withdrawn needs a new plan: its frozen text holds that edit."""


def waiting(ledger: Ledger, now: str, *, again: bool) -> list[tuple[str, ...]]:
    """Return the rows of the edits to plan, record by record."""
    return ledger.rows(WAITING, {"now": now, "again": again})


def drafted(at: Session, rows: Sequence[tuple[str, ...]]) -> PlanDraft:
    """Read the records and decide about each edit."""
    draft = PlanDraft(sent=sent_before(at.ledger))
    edits: dict[Key, list[Edit]] = {}
    for row in rows:
        edit_id, resource, record_id, field, *_ = row
        try:
            edit = kept_edit(at.ref(resource, field), row)
        except EditRefusedError as error:
            draft.ends.append(Settled(edit_id, State.INVALID, str(error)))
        else:
            edits.setdefault((resource, record_id), []).append(edit)
    shown = at.read(edits) if edits else {}
    for key, mine in edits.items():
        _draft_record(draft, mine, shown.get(key), at.visibility)
    return draft


def sent_before(ledger: Ledger) -> dict[str, str]:
    """Return the edits that were sent without it being known whether that had its effect."""
    found = ledger.rows("select edits, plan_hash, outcome from attempts order by seq")
    return {
        edit_id: plan_hash
        for edits, plan_hash, outcome in found
        if outcome in AMBIGUOUS
        for edit_id in read(edits)
    }


def _draft_record(
    draft: PlanDraft, edits: Sequence[Edit], record: Record | None, visibility: Visibility
) -> None:
    sent = []
    for edit in edits:
        end = decide(edit, record)
        if end is not None and end.state is State.NO_CHANGE and edit.edit_id in draft.sent:
            end = replace(end, state=State.APPLIED_OBSERVED, note=SEEN)
        if end is None:
            sent.append(edit)
        else:
            draft.ends.append(end)
    if record is None or not sent:
        return
    try:
        body = body_of([edit.change for edit in sent], record)
    except EditRefusedError as error:
        draft.ends += [Settled(edit.edit_id, State.INVALID, str(error)) for edit in sent]
        return
    draft.records.append(_planned(edits, sent, record, body, visibility))


def _planned(
    edits: Sequence[Edit], sent: Sequence[Edit], record: Record, body: str, visibility: Visibility
) -> PlannedRecord:
    """Freeze a record; its answer is to show the fields of all its `edits`, not of `sent` alone."""
    resource, key = sent[0].key
    collection = visibility.catalog.collections[resource]
    known = {item.name for item in collection.fields}
    beside = [name for name in CONTEXT[resource] if name.partition(".")[0] in known]
    beside = visibility.names(resource, beside)
    refs = [edit.ref for edit in edits]
    return PlannedRecord(
        resource,
        key,
        visibility.label(resource, record, sent[0].label),
        str(record["etag"]),
        request_fields(refs, beside, visibility.hidden(resource), flag_of(collection, beside)),
        {name: context_check.shown(record, name) for name in beside},
        tuple(_edit(edit, record) for edit in sent),
        body,
        sha256(body),
    )


def _edit(edit: Edit, record: Record) -> PlannedEdit:
    base = theirs(edit.ref, record)
    return PlannedEdit(edit.edit_id, edit.field, base, edit.new_value, edit.reason, edit.author)


def decide(edit: Edit, record: Record | None) -> Settled | None:
    """Decide about one edit and its record as it is now; None means that it can be sent."""
    if record is None:
        # the record was deleted since the edit was proposed
        return Settled(edit.edit_id, State.CONFLICTED, GONE)
    if not is_strong(str(record.get("etag") or "")):
        # without a strong etag no write can be guarded
        note = "Clio shows no etag of this record that could guard a write"
        return Settled(edit.edit_id, State.INVALID, note)
    if is_on_a_bill(edit.resource, record):
        # what is on a bill is never changed from here
        return Settled(edit.edit_id, State.INVALID, "this activity is on a bill")
    # the rest depends on the value of the field
    return not_sent(edit, record)


def freeze(at: Session, draft: PlanDraft, limits: Limits) -> Plan:
    """Make the plan, once it is within the limits.

    Raises:
        GuardError: it is not.
        PlanRefusedError: nobody can tell whose account it would be for.

    """
    guards.check(draft.records, at.warehouse.counts(f"raw_{at.reading.source}"), limits)
    if not at.account:
        message = "Clio does not say of which account the token is"
        raise PlanRefusedError(message)
    now = at.now
    records = tuple(
        replace(one, risks=risks(at, one), notes=notes(at, one)) for one in draft.records
    )
    return Plan(
        plan_file.FORMAT,
        plan_file.tool(),
        at.account,
        at.region,
        at.host,
        at.me.name,
        at.me.login,
        plan_file.stamp(now),
        plan_file.stamp(now.add(hours=limits.expires_in)),
        at.policy,
        limits.shown(),
        records,
        demanded(at.run, at.ledger),
        meaning(at, records),
        names(at, records),
    )


def _record(at: Session, draft: PlanDraft, plan: Plan | None) -> None:
    """Write the file, then what it means: a file that the ledger does not know is never pushed."""
    entries = [settled(end, draft.sent.get(end.edit_id, "")) for end in draft.ends]
    if plan is not None:
        path = plan_file.write(at.run.settings.data_dir, plan)
        body = {
            "path": path.name,
            "edits": [edit.edit_id for edit in plan.edits],
            "records": len(plan.records),
            **{
                name: getattr(plan, name)
                for name in ("account", "region", "host", "author", "author_login")
            },
            "created_at": plan.created_at,
            "expires_at": plan.expires_at,
            "approval": plan.approval,
        }
        entries.append(Entry("plan_frozen", body, plan_hash=plan.hash))
    if entries:
        at.ledger.record(at.me.name, *entries)


def settled(end: Settled, plan_hash: str = "", etag_after: str = "", seen_by: str = "") -> Entry:
    """Make the event of an edit's end."""
    body = {
        "state": end.state.value,
        "note": end.note,
        "theirs": end.theirs,
        "etag_after": etag_after,
        "seen_by": seen_by,
    }
    return Entry("edit_settled", body, end.edit_id, plan_hash)


def _tell(outcome: Outcome, at: Session, draft: PlanDraft, plan: Plan | None) -> None:
    outcome.results = [
        *(listed(plan) if plan else ()),
        *({"edit_id": one.edit_id, "state": one.state, "note": one.note} for one in draft.ends),
    ]
    outcome.text = plan_text(at, plan, draft.ends)
    stuck = [one for one in draft.ends if one.state in FOR_A_PERSON]
    if stuck:
        verb = "conflicts" if len(stuck) == 1 else "conflict"
        error = NeedsPersonError(f"{counted(len(stuck), 'edit')} {verb} with what Clio has")
        outcome.errors.append(("", error))
        outcome.exit_code = error.exit_code


def plan_text(at: Session, plan: Plan | None, ends: Sequence[Settled]) -> str:
    """Write what `plan` prints."""
    parts = []
    if plan is not None:
        parts.append(whole_text(plan, at.client.rate))
    if ends:
        parts.append(table(("edit", "left out because"), [(e.edit_id, e.note) for e in ends]))
    if plan is None:
        parts.append("Nothing waits to be planned." if not ends else "Nothing is left to be sent.")
    else:
        parts.append(f"Next, by another person: clio-sync review {plan.short} --approve all")
    return "\n\n".join(parts) + "\n"
