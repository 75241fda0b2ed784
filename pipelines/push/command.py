"""The `push` command: an approved plan, sent exactly as it was frozen, or not at all."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from pipelines.config import SESSION, SIGNED
from pipelines.context import Context
from pipelines.edits.allowed import Record
from pipelines.edits.edit import Edit
from pipelines.errors import CommandLineError, EditRefusedError
from pipelines.ledger.canonical import SHORT, read
from pipelines.ledger.errors import (
    ApprovalLevelError,
    EditFailedError,
    NeedsPersonError,
    OverrunError,
    PlanRefusedError,
    WitnessError,
)
from pipelines.ledger.ledger import Ledger
from pipelines.outcome import Outcome, table
from pipelines.plan import meaning, outcomes, witness
from pipelines.plan.approval_policy import demanded
from pipelines.plan.outcomes import FOR_A_PERSON, Settled, State
from pipelines.plan.plan_file import Plan, PlannedRecord, body_of, names
from pipelines.plan.plan_text import listed, whole_text
from pipelines.plan.review import approved_edits, open_plan, states_of
from pipelines.plan.session import Session, session
from sources.errors import ClioError

from . import attempts, if_match_probe, if_match_trust
from .attempts import Attempt
from .recovery import settle_all
from .send import send, stop_switch

WORDS: Mapping[str, str] = {
    State.APPLIED: "applied",
    State.APPLIED_OBSERVED: "seen in Clio",
    State.NO_CHANGE: "there already",
    State.CONFLICTED: "in conflict",
    State.FAILED: "refused by Clio",
    State.NEEDS_HUMAN: "need a person",
    State.UNKNOWN: "not known yet",
    State.IN_FLIGHT: "not known yet",
    State.APPROVED: "approved and not sent",
    State.PLANNED: "wait for approval",
    State.REJECTED: "rejected",
    State.WITHDRAWN: "withdrawn",
}
LISTED = (*FOR_A_PERSON, State.FAILED, State.UNKNOWN, State.IN_FLIGHT)
HEADER = ("edit", "record", "field", "planned from", "ours", "Clio has", "state", "why")
CONFLICTS = 3
"""So many records in a row that conflict end a push: something is not as the approver saw it."""


@dataclass
class Pushed:
    """What a push did: the records that were sent, why it stopped, and how many it left."""

    sent: list[PlannedRecord] = field(default_factory=list)
    stopped: ClioError | None = None
    left: int = 0


def run_push(context: Context, named: str, commit: str = "", canary: int | None = None) -> Outcome:
    """Send what is approved of a plan; without `commit`, its hash, only say what would be sent.

    With `canary` at most so many records.

    Raises:
        PlanError: the plan is not what was frozen.
        LedgerError: the ledger is damaged.
        PlanRefusedError: it is too old, for another account, or was approved otherwise.
        FourEyesError: an author approved their own edit.
        UnresolvedError: nobody can tell yet whether an earlier write had its effect.
        ClioError: Clio or the data folder cannot be used; nothing was sent.

    """
    outcome = Outcome("push", context.clock.now(), run_id=uuid4().hex)
    with Ledger.open(context.settings.data_dir, context.clock, read_only=True) as ledger:
        ledger.demand_whole()
        plan = open_plan(ledger, context, named)
        if not commit:
            approved = approved_edits(context, ledger, plan)
            states = states_of(ledger, plan)
            outcome.results = results_of(ledger, plan, states)
            ready = ready_records(plan, approved)
            outcome.text = push_text(plan, states, len(ready), asked=False)
            outcome.finished_at = context.clock.now()
            return outcome
    demand_hash(plan, commit)
    with session(context, "push", outcome.run_id) as at:
        pushed = _push(at, plan, canary)
        states = states_of(at.ledger, plan)
        outcome.results = results_of(at.ledger, plan, states)
    _tell(outcome, plan, pushed, states)
    outcome.finished_at = context.clock.now()
    return outcome


def demand_hash(plan: Plan, commit: str) -> None:
    """Refuse to send another plan than the one whose hash was typed.

    Raises:
        CommandLineError: it is another one.

    """
    if len(commit) < SHORT or not plan.hash.startswith(commit):
        message = f"--commit names another plan; to send this one: --commit {plan.short}"
        raise CommandLineError(message)


def ready_records(plan: Plan, approved: set[str]) -> list[PlannedRecord]:
    """Return the records of which every edit is approved: one PATCH holds them all."""
    return [one for one in plan.records if all(edit.edit_id in approved for edit in one.edits)]


def _push(at: Session, plan: Plan, canary: int | None) -> Pushed:
    pushed = Pushed()
    settle_all(at)
    looked = at.ledger.head().count
    approved = approved_edits(at.run, at.ledger, plan)
    ready = ready_records(plan, approved)
    if not ready:
        _demand_signed(at, plan)
        return pushed
    tries = [replace(attempt_of(at, plan, one), looked=looked) for one in ready]
    demand_plan(at, plan, ready)
    meaning.demand_same(at, plan)
    witness.demand(at.run, at.ledger, at.account)
    witness.tell(at.run, at.ledger, at.account)
    stop_switch(at)
    chosen = list(zip(ready, tries, strict=True))[:canary]
    pushed.left = len(ready) - len(chosen)
    shown = at.read(one.key for one, _ in chosen)
    if_match_probe.demand_asked(
        at, [one for one, attempt in chosen if not _before(attempt, one, shown.get(one.key))]
    )
    try:
        _send_all(at, chosen, shown, pushed)
    except ClioError as error:
        # what was sent before stays as it is; what was not stays approved
        pushed.stopped = error
    if pushed.sent:
        _read_back(at, pushed)
        _tell_witness(at, pushed)
    return pushed


def _demand_signed(at: Session, plan: Plan) -> None:
    """Say that a signature is missing where edits wait for nothing but that.

    Raises:
        ApprovalLevelError: edits wait for an approval that has to be signed.

    """
    level = demanded(at.run, at.ledger, plan)
    if level in {SIGNED, SESSION} and State.PLANNED in states_of(at.ledger, plan).values():
        message = f"no record of the plan {plan.short} has the approvals that {level} demands"
        raise ApprovalLevelError(message)


def attempt_of(at: Session, plan: Plan, record: PlannedRecord) -> Attempt:
    """Find the fields of a planned record, and make sure that its body holds those and no other.

    Raises:
        PlanRefusedError: a field may not be written, or the body is not of these edits.

    """
    try:
        edits = tuple(
            Edit(
                one.edit_id,
                at.ref(record.resource, one.field),
                one.base,
                one.new_value,
                record.record_id,
            )
            for one in record.edits
        )
    except EditRefusedError as error:
        message = f"a field of the plan may not be written: {error}"
        raise PlanRefusedError(message) from None
    body = read(record.body)
    if set(body) != {"data"} or set(body["data"]) != names(one.change for one in edits):
        message = f"the body for {record.resource} {record.record_id} is not that of its edits"
        raise PlanRefusedError(message)
    return Attempt(plan.hash, record.resource, record.record_id, record.etag, edits)


def demand_plan(at: Session, plan: Plan, ready: Sequence[PlannedRecord]) -> None:
    """Refuse a plan that is not for here and now.

    Raises:
        PlanRefusedError: it is too old, for another account, or made under other rules.
        UnguardedError: Clio does not keep to If-Match for a collection of it.

    """
    at.demand_here(plan)
    if plan.is_over(at.now):
        message = f"the plan {plan.short} was valid until {plan.ends_at}"
        raise PlanRefusedError(message)
    if plan.policy != at.policy:
        message = "what may be written or seen has changed since the plan was frozen"
        raise PlanRefusedError(message)
    if_match_trust.demand(at, (one.resource for one in ready))


def _send_all(
    at: Session,
    chosen: Sequence[tuple[PlannedRecord, Attempt]],
    shown: outcomes.Readings,
    pushed: Pushed,
) -> None:
    """Send record after record, and stop at what a person must see."""
    conflicts = 0
    for record, attempt in chosen:
        now = shown.get(record.key)
        ends = _instead_of_sending(at, attempt, record, now)
        if ends:
            attempts.settle(at, attempt, ends, seen_by="reading")
        else:
            _demand_body(record, attempt, now)
            pushed.sent.append(record)
            updated_at = str((now or {}).get("updated_at") or "")
            ends = send(at, replace(attempt, updated_at=updated_at), record)
        _demand_guarded(record, ends)
        is_conflict = any(one.state is State.CONFLICTED for one in ends)
        conflicts = conflicts + 1 if is_conflict else 0
        if conflicts >= CONFLICTS:
            message = f"{CONFLICTS} records in a row conflict with what Clio has; the rest waits"
            raise NeedsPersonError(message)


def _instead_of_sending(
    at: Session, attempt: Attempt, record: PlannedRecord, now: Record | None
) -> tuple[Settled, ...]:
    """Return the ends of what is not sent; what was sent before may have had its effect late."""
    ends = _before(attempt, record, now)
    sent = attempts.doubts(at.ledger, attempt) if ends else 0
    if not sent:
        return ends
    return outcomes.after_rereading(attempt.edits, record.etag, now, sent).ends or ends


def _before(attempt: Attempt, record: PlannedRecord, now: Record | None) -> tuple[Settled, ...]:
    return outcomes.before_sending(attempt.edits, record.etag, now, record.context)


def _demand_body(record: PlannedRecord, attempt: Attempt, now: Record | None) -> None:
    """Make sure that the text to be sent is what these edits ask of the record, and nothing else.

    Raises:
        PlanRefusedError: it is not.

    """
    try:
        asked = body_of([one.change for one in attempt.edits], now or {})
    except EditRefusedError as error:
        asked = str(error)
    if asked != record.body:
        message = f"the body for {record.resource} {record.record_id} is not that of its edits"
        raise PlanRefusedError(message)


def _demand_guarded(record: PlannedRecord, ends: Sequence[Settled]) -> None:
    if any(one.note == outcomes.OVERRUN for one in ends):
        message = (
            f"Clio took the write to {record.resource} {record.record_id} although the record was"
            " no longer as it was approved: it does not keep to If-Match"
        )
        raise OverrunError(message)


def _read_back(at: Session, pushed: Pushed) -> None:
    """Read what was sent once more, so that the warehouse has it as Clio does."""
    try:
        at.read(one.key for one in pushed.sent)
    except ClioError as error:
        # what was written is settled: the next load brings it
        pushed.stopped = pushed.stopped or error


def _tell_witness(at: Session, pushed: Pushed) -> None:
    """Tell the witness what was sent; where it cannot be told, the next push does."""
    try:
        witness.tell(at.run, at.ledger, at.account)
    except WitnessError as error:
        pushed.stopped = pushed.stopped or error


def _tell(outcome: Outcome, plan: Plan, pushed: Pushed, states: dict[str, str]) -> None:
    stuck = [key for key, state in states.items() if state in {*FOR_A_PERSON, State.UNKNOWN}]
    errors: list[ClioError] = [pushed.stopped] if pushed.stopped is not None else []
    if stuck and not any(isinstance(one, NeedsPersonError) for one in errors):
        errors.append(NeedsPersonError(f"{len(stuck):,} edits need a person"))
    failed = failures(outcome.results)
    outcome.errors = [("", one) for one in [*errors, *failed]]
    outcome.exit_code = exit_code([*errors, *failed])
    ready = sum(state == State.APPROVED for state in states.values())
    outcome.text = stuck_text(outcome.results)
    outcome.text += push_text(plan, states, ready, asked=True, left=pushed.left)


URGENCY = (130, 3, 7, 5, 6, 4, 1)
"""Which exit code counts where several things went wrong."""


def exit_code(errors: Sequence[ClioError]) -> int:
    """Return the exit code of the most urgent error; 0 without one."""
    codes = {one.exit_code if one.exit_code in URGENCY else 1 for one in errors}
    return next((code for code in URGENCY if code in codes), 0)


def results_of(ledger: Ledger, plan: Plan, states: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one object for each edit of a plan, with where it stands."""
    known = {
        edit_id: {"note": note, "theirs": read(theirs) if theirs else None}
        for edit_id, note, theirs in ledger.rows(
            "select edit_id, note, theirs from edits where plan_hash = ?", [plan.hash]
        )
    }
    nothing = {"note": "", "theirs": None}
    return [
        {**one, **known.get(one["edit_id"], nothing), "state": states[one["edit_id"]]}
        for one in listed(plan)
    ]


def failures(results: Iterable[Mapping[str, Any]]) -> list[ClioError]:
    """Return errors for the edits of a plan that Clio refused for good, in this push or before."""
    notes = Counter(one["note"] for one in results if one["state"] == State.FAILED)
    return [EditFailedError(f"{count:,} edits: {note}") for note, count in notes.items()]


def push_text(
    plan: Plan, states: Mapping[str, str], ready: int, *, asked: bool, left: int = 0
) -> str:
    """Write what `push` prints; not `asked`, it has sent nothing and says what it would send."""
    counts = Counter(WORDS.get(s, s) for s in states.values())
    parts = [] if asked else [whole_text(plan, 0)]
    standing = ", ".join(f"{count:,} {word}" for word, count in counts.items())
    parts.append(f"Plan {plan.short}: {standing}.")
    if not asked and ready:
        parts.append(
            f"Nothing was sent. To send {ready:,} records exactly as above: clio-sync push"
            f" {plan.short} --commit {plan.short}"
        )
    elif not asked:
        parts.append("Nothing was sent, and nothing of it is ready to be sent.")
    if left:
        parts.append(f"{left:,} records wait: run the same command without --canary for them.")
    return "\n".join(parts) + "\n"


def stuck_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write the edits that did not go through, with all three values."""
    cells = [
        (
            one["edit_id"],
            f"{one['resource']} {one['record_id']} {one['label']}".strip(),
            one["field"],
            one["base"],
            one["new_value"],
            one["theirs"],
            WORDS[State(one["state"])],
            one["note"],
        )
        for one in rows
        if one["state"] in LISTED
    ]
    return table(HEADER, cells) + "\n\n" if cells else ""
