"""The `review` command: a plan as a person reads it, and what another person says of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from pipelines.context import Context
from pipelines.edits import values
from pipelines.edits.values import JsonScalar
from pipelines.errors import CommandLineError, EditRefusedError
from pipelines.ledger.errors import FourEyesError, PlanRefusedError
from pipelines.ledger.ledger import Entry, Ledger
from pipelines.outcome import Outcome, one_line, table

from . import plan_file
from .four_eyes import LEVEL, Person, is_same
from .guards import Limits
from .plan_file import Plan, PlannedEdit, PlannedRecord
from .session import Session, person

ALL = "all"
HEADER = ("edit", "record", "field", "in Clio now", "proposed", "reason")
A_MINUTE = 50
"""Requests that Clio allows in a minute at busy hours, where it has not said otherwise yet."""
BLOCK = 200


@dataclass(frozen=True)
class ReviewAnswer:
    """What a person says: the edits to approve, or `all`; those to reject; and a comment."""

    approve: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()
    comment: str = ""


def open_plan(ledger: Ledger, context: Context, named: str) -> Plan:
    """Read the plan that is named, and make sure that the ledger knows it.

    Raises:
        NoPlanError: there is none.
        PlanError: it is not what was frozen.
        PlanRefusedError: the ledger does not know it.

    """
    plan = plan_file.load(plan_file.find(context.settings.data_dir, named))
    if not ledger.rows("select 1 from plans where plan_hash = ?", [plan.hash]):
        message = f"the ledger does not know the plan {plan.short}"
        raise PlanRefusedError(message)
    return plan


def show_plan(context: Context, named: str) -> tuple[Plan, str]:
    """Return a plan, and its text for a person who is to judge it; raises as `open_plan` does."""
    with Ledger.open(context.settings.data_dir, context.clock, read_only=True) as ledger:
        plan = open_plan(ledger, context, named)
    return plan, whole_text(plan, 0) + "\n"


def run_review(context: Context, named: str, answer: ReviewAnswer) -> Outcome:
    """Record what a person says about a plan.

    Raises:
        FourEyesError: it is their own edit.
        PlanRefusedError: the plan is too old, or an edit is no longer part of it.
        LedgerError: the ledger is damaged.

    """
    outcome = Outcome("review", context.clock.now(), run_id=uuid4().hex)
    with Ledger.open(context.settings.data_dir, context.clock) as ledger:
        ledger.demand_whole()
        plan = open_plan(ledger, context, named)
        if plan.is_over(context.clock.now()):
            message = f"the plan {plan.short} was valid until {plan.expires_at}"
            raise PlanRefusedError(message)
        states = states_of(ledger, plan)
        approved, rejected = chosen(plan, answer, states)
        me = person(context)
        if context.settings.four_eyes:
            demand_other(plan, approved, me)
        entries = [
            *(_entry("edit_approved", plan, edit, me, answer) for edit in approved),
            *(_entry("edit_rejected", plan, edit, me, answer) for edit in rejected),
        ]
        if entries:
            ledger.record(me.name, *entries, unless=lambda: _demand_unmoved(plan, states, ledger))
        after = states_of(ledger, plan)
    outcome.results = [{**one, "state": after[one["edit_id"]]} for one in listed(plan)]
    outcome.text = _text(plan, len(approved), len(rejected), after)
    outcome.finished_at = context.clock.now()
    return outcome


def states_of(ledger: Ledger, plan: Plan) -> dict[str, str]:
    """Return the state of each edit of a plan; `elsewhere` for one that is no longer part of it."""
    found = {
        edit_id: state if plan_hash in {plan.hash, ""} and state != "proposed" else "elsewhere"
        for edit_id, state, plan_hash in ledger.rows("select edit_id, state, plan_hash from edits")
    }
    return {edit.edit_id: found.get(edit.edit_id, "elsewhere") for edit in plan.edits}


def _demand_unmoved(plan: Plan, states: Mapping[str, str], ledger: Ledger) -> None:
    """Refuse a word about edits with which something else was done meanwhile.

    Raises:
        PlanRefusedError: they are no longer as they were looked at.

    """
    if states_of(ledger, plan) != states:
        message = f"edits of the plan {plan.short} were sent, judged or withdrawn just now"
        raise PlanRefusedError(message)


def chosen(
    plan: Plan, answer: ReviewAnswer, states: Mapping[str, str]
) -> tuple[list[PlannedEdit], list[PlannedEdit]]:
    """Find the edits to approve and to reject; what is said already is not said again.

    Raises:
        CommandLineError: an edit is named that the plan does not hold, or both ways.
        PlanRefusedError: an edit that is named cannot be judged any more.

    """
    edits = {edit.edit_id: edit for edit in plan.edits}
    every = ALL in answer.approve
    named = [*(one for one in answer.approve if one != ALL), *answer.reject]
    unknown = [one for one in named if one not in edits]
    if unknown or len(set(named)) != len(named):
        wrong = unknown[0] if unknown else "one edit twice"
        message = f"the plan {plan.short} does not hold {wrong}"
        raise CommandLineError(message)
    for one in named:
        if states[one] not in {"planned", "approved"}:
            message = f"the edit {one} is {states[one]}, not part of this plan any more"
            raise PlanRefusedError(message)
    approved = [
        edit
        for key, edit in edits.items()
        if states[key] == "planned"
        and key not in answer.reject
        and (every or key in answer.approve)
    ]
    return approved, [edits[key] for key in answer.reject]


def demand_other(plan: Plan, approved: Iterable[PlannedEdit], me: Person) -> None:
    """Refuse an author's own approval, in whatever spelling.

    Raises:
        FourEyesError: an edit is the approver's own.

    """
    logins = {plan.author: plan.author_login}
    for edit in approved:
        if is_same(Person(edit.author, logins.get(edit.author, "")), me):
            message = f"the edit {edit.edit_id} was proposed by {edit.author}, who is taken for you"
            raise FourEyesError(message)


def _entry(kind: str, plan: Plan, edit: PlannedEdit, me: Person, answer: ReviewAnswer) -> Entry:
    body = {
        "approver": me.name,
        "login": me.login,
        "level": LEVEL,
        "comment": answer.comment,
        "content_hash": edit.content,
    }
    return Entry(kind, body, edit.edit_id, plan.hash)


APPROVALS = """
select a.edit_id, a.approver, a.content_hash from approvals a
where a.plan_hash = ? and a.decision = 'approved'
and a.seq = (select max(b.seq) from approvals b where b.edit_id = a.edit_id)
"""


def approved_edits(ledger: Ledger, plan: Plan, *, four_eyes: bool) -> set[str]:
    """Return the edits of a plan whose last judgement approves exactly what the plan holds.

    Raises:
        FourEyesError: one was approved by its author.
        PlanRefusedError: one was approved with another content.

    """
    states = states_of(ledger, plan)
    edits = {edit.edit_id: edit for edit in plan.edits}
    found = set()
    for edit_id, approver, content in ledger.rows(APPROVALS, [plan.hash]):
        edit = edits.get(edit_id)
        if edit is None or content != edit.content:
            message = f"the approval of {edit_id} is not of what the plan {plan.short} holds"
            raise PlanRefusedError(message)
        if four_eyes:
            demand_other(plan, [edit], Person(approver))
        if states[edit_id] == "approved":
            found.add(edit_id)
    return found


def _text(plan: Plan, approved: int, rejected: int, states: Mapping[str, str]) -> str:
    waiting = _count(states.values(), "planned")
    ready = _count(states.values(), "approved")
    parts = [f"Plan {plan.short}: {approved:,} edits approved, {rejected:,} rejected just now."]
    if waiting:
        parts.append(f"{waiting:,} wait for approval; a record is sent once all its edits are.")
    if ready:
        parts.append(f"Next: clio-sync push {plan.short} --commit {plan.short}")
    return "\n".join(parts) + "\n"


def _count(states: Iterable[str], wanted: str) -> int:
    return sum(state == wanted for state in states)


def listed(plan: Plan) -> Iterator[dict[str, Any]]:
    """Return one object for each edit of a plan."""
    for record in plan.records:
        for edit in record.edits:
            yield {
                "plan": plan.short,
                "edit_id": edit.edit_id,
                "resource": record.resource,
                "record_id": record.record_id,
                "label": record.label,
                "field": edit.field,
                "base": edit.base,
                "new_value": edit.new_value,
                "reason": edit.reason,
                "author": edit.author,
                "context": dict(record.context),
                "state": "planned",
            }


def requests_of(plan: Plan) -> int:
    """Count the requests that a push needs at least."""
    records = Counter(one.resource for one in plan.records)
    return 1 + len(plan.records) + 2 * sum(-(-count // BLOCK) for count in records.values())


def minutes_of(plan: Plan, rate: int) -> int:
    """Return the minutes that a push needs about, at least 1."""
    return max(1, -(-requests_of(plan) // (rate or A_MINUTE)))


def whole_text(plan: Plan, rate: int, at: Session | None = None) -> str:
    """Write a plan: its edits, what goes with it, and what it needs."""
    cells = [
        (
            edit.edit_id,
            f"{record.resource} {record.record_id} {record.label}".strip(),
            edit.field,
            _shown(record, edit, edit.base, at),
            _shown(record, edit, edit.new_value, at),
            edit.reason,
        )
        for record in plan.records
        for edit in record.edits
    ]
    return "\n".join([table(HEADER, cells), "", *_context(plan), *_facts(plan, rate)])


def _shown(record: PlannedRecord, edit: PlannedEdit, value: JsonScalar, at: Session | None) -> str:
    if at is None:
        return values.plain(value)
    try:
        return values.shown(at.ref(record.resource, edit.field), value)
    except EditRefusedError:
        return values.plain(value)


def _context(plan: Plan) -> Iterator[str]:
    for record in plan.records:
        known = ", ".join(
            f"{name} {one_line(str(value))}" for name, value in record.context.items() if value
        )
        yield f"{record.resource} {record.record_id}: {known}"


def _facts(plan: Plan, rate: int) -> Iterator[str]:
    yield ""
    yield (
        f"Plan {plan.short}: {len(plan.edits):,} edits of {len(plan.records):,} records for account"
        f" {plan.account} at {plan.host}, valid until {plan.expires_at}."
    )
    yield f"A push needs {requests_of(plan):,} requests, about {minutes_of(plan, rate)} min."
    usual = Limits().shown()
    differs = [f"{name} {value}" for name, value in plan.guards.items() if usual.get(name) != value]
    if differs:
        yield f"Limits lifted in this plan: {', '.join(differs)}."
