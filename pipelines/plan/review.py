"""The `review` command: what another person says of a plan, signed where that is demanded."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from pipelines.config import ASSERTED, OFF, SIGNED
from pipelines.context import Context
from pipelines.errors import CommandLineError, StorageError
from pipelines.files import write_new
from pipelines.ledger.canonical import sha256
from pipelines.ledger.errors import PlanRefusedError, SignatureError
from pipelines.ledger.ledger import Entry, Ledger
from pipelines.outcome import Outcome

from . import plan_file, signatures, witness
from .approval import (
    REVIEW,
    Review,
    approvals,
    checked,
    demand_level,
    demand_other,
)
from .approval_policy import LEVELS, demanded
from .four_eyes import Person
from .plan_file import Plan, PlannedEdit
from .plan_text import listed, whole_text
from .risks import demand_comment
from .session import person

ALL = "all"
SIGNATURE = ".sig"
"""What ssh-keygen adds to the name of the file that it signs."""


@dataclass(frozen=True)
class ReviewAnswer:
    """What a person says: the edits to approve, or `all`; those to reject; and a comment.

    `sign` is the key to sign it with.
    """

    approve: tuple[str, ...] = ()
    reject: tuple[str, ...] = ()
    comment: str = ""
    sign: Path | None = None


@dataclass(frozen=True)
class Judgement:
    """A review that is to be recorded: of which edits, by whom, and what proves it.

    `me` is who runs the command, which for a signed review need not be the approver.
    """

    approved: list[PlannedEdit]
    rejected: list[PlannedEdit]
    said: Review
    me: Person
    by: Person
    level: str
    statement: str = ""
    signature: str = ""

    def entries(self, plan: Plan) -> list[Entry]:
        """Return the events of the ledger: the signed statement first, then edit by edit."""
        entries, login = [], self.me.login
        if self.statement:
            body = {"statement": self.statement, "signature": self.signature, "login": login}
            entries.append(Entry(REVIEW, {**body, "name": self.by.name}, plan_hash=plan.hash))
        said = {
            "approver": self.by.name,
            "login": login,
            "level": self.level,
            "comment": self.said.comment,
            "shown": self.said.shown,
            **({"statement": sha256(self.statement)} if self.statement else {}),
        }
        for kind, edits in (("edit_approved", self.approved), ("edit_rejected", self.rejected)):
            entries += [
                Entry(kind, {**said, "content_hash": edit.content}, edit.edit_id, plan.hash)
                for edit in edits
            ]
        return entries


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
        SignatureError: it is not signed by an approver.
        LedgerError: the ledger is damaged.

    """
    outcome = Outcome("review", context.clock.now(), run_id=uuid4().hex)
    with Ledger.open(context.settings.data_dir, context.clock) as ledger:
        plan = _reviewable(ledger, context, named)
        states = states_of(ledger, plan)
        approved, rejected = _chosen(ledger, plan, answer, states, signing=answer.sign)
        said = _said(plan, approved, rejected, answer.comment)
        is_off = demanded(context, ledger, plan) == OFF
        level = OFF if is_off else ASSERTED
        me = person(context)
        found = Judgement(approved, rejected, said, me, me, level)
        if answer.sign is not None and (approved or rejected):
            statement = said.statement(plan, _origins(ledger, plan), ledger.head())
            signature = signatures.signed(statement, answer.sign, signatures.PLAN)
            _, approver, _ = checked(ledger, plan, statement, signature)
            by, proof = approver.person, (statement, signature)
            found = Judgement(approved, rejected, said, me, by, SIGNED, *proof)
        _record(context, ledger, plan, found, states)
        _tell(outcome, plan, found, states_of(ledger, plan), demanded(context, ledger, plan))
    outcome.finished_at = context.clock.now()
    return outcome


def run_export(context: Context, named: str, answer: ReviewAnswer, out: Path) -> Outcome:
    """Write what an approver signs on another machine, and what they look at; record nothing.

    Raises:
        CommandLineError: a file of that name is there.
        StorageError: it cannot be written.

    """
    outcome = Outcome("review", context.clock.now())
    with Ledger.open(context.settings.data_dir, context.clock, read_only=True) as ledger:
        plan = _reviewable(ledger, context, named)
        states = states_of(ledger, plan)
        approved, rejected = _chosen(ledger, plan, answer, states, signing=out)
        said = _said(plan, approved, rejected, answer.comment)
        statement = said.statement(plan, _origins(ledger, plan), ledger.head())
    beside = out.with_name(out.name + ".txt")
    for path, text in ((out, statement), (beside, whole_text(plan, 0) + "\n")):
        _write_new(path, text)
    outcome.text = (
        f"{len(approved):,} edits to approve and {len(rejected):,} to reject stand in {out}; what"
        f" they are, in {beside}. Nothing was recorded.\n"
        f"The approver signs: ssh-keygen -Y sign -n {signatures.PLAN} -f KEY {out.name}\n"
        f"Then: clio-sync review {plan.short} --import {out}\n"
    )
    outcome.results = [{"plan": plan.short, "statement": str(out), "shown": str(beside)}]
    outcome.finished_at = context.clock.now()
    return outcome


def run_import(context: Context, named: str, path: Path) -> Outcome:
    """Record what an approver signed elsewhere: a statement, and its signature beside it.

    Raises:
        SignatureError: it is not signed by an approver, or is not about this plan and ledger.
        FourEyesError, PlanRefusedError, LedgerError: as `run_review` does.

    """
    outcome = Outcome("review", context.clock.now(), run_id=uuid4().hex)
    statement = _read(path)
    signature = _read(path.with_name(path.name + SIGNATURE))
    with Ledger.open(context.settings.data_dir, context.clock) as ledger:
        plan = _reviewable(ledger, context, named)
        said, approver, _ = checked(ledger, plan, statement, signature)
        states = states_of(ledger, plan)
        answer = ReviewAnswer(tuple(said.approved), tuple(said.rejected), said.comment)
        approved, rejected = _chosen(ledger, plan, answer, states, signing=path)
        missing = {*said.approved} - {edit.edit_id for edit in approved}
        if missing:
            message = f"the edit {min(missing)} is approved and signed already"
            raise PlanRefusedError(message)
        by = approver.person
        proof = statement, signature
        found = Judgement(approved, rejected, said, person(context), by, SIGNED, *proof)
        _record(context, ledger, plan, found, states)
        _tell(outcome, plan, found, states_of(ledger, plan), demanded(context, ledger, plan))
    outcome.finished_at = context.clock.now()
    return outcome


def _reviewable(ledger: Ledger, context: Context, named: str) -> Plan:
    """Return a plan that may still be judged, of a ledger that is whole."""
    ledger.demand_whole()
    plan = open_plan(ledger, context, named)
    ((frozen_at,),) = ledger.rows("select frozen_at from plans where plan_hash = ?", [plan.hash])
    age = context.clock.now() - plan_file.moment(f"{frozen_at[:19]}Z")
    # the plan's moments are by Clio's clock, which this machine's may differ from
    if plan.is_over(plan_file.moment(plan.created_at) + age):
        message = f"the plan {plan.short} was valid until {plan.ends_at}"
        raise PlanRefusedError(message)
    witness.demand(context, ledger, plan.account)
    return plan


def _said(
    plan: Plan, approved: Iterable[PlannedEdit], rejected: Iterable[PlannedEdit], comment: str
) -> Review:
    ids = [tuple(edit.edit_id for edit in edits) for edits in (approved, rejected)]
    return Review(ids[0], ids[1], comment, sha256(whole_text(plan, 0)))


def _origins(ledger: Ledger, plan: Plan) -> list[str]:
    """Return where the edits of a plan came from."""
    ids = {edit.edit_id for edit in plan.edits}
    return sorted({o for key, o in ledger.rows("select edit_id, origin from edits") if key in ids})


def _chosen(
    ledger: Ledger,
    plan: Plan,
    answer: ReviewAnswer,
    states: Mapping[str, str],
    *,
    signing: Path | None,
) -> tuple[list[PlannedEdit], list[PlannedEdit]]:
    """Find the edits that are judged; a signature takes the place of a typed name."""
    proved = {one.edit_id: one.level for one in approvals(ledger, plan, strict=False)}
    anew = {
        key: "planned"
        for key, state in states.items()
        if signing and state == "approved" and proved.get(key) != SIGNED
    }
    return chosen(plan, answer, {**states, **anew})


def _record(
    context: Context, ledger: Ledger, plan: Plan, found: Judgement, states: Mapping[str, str]
) -> None:
    """Record a judgement, unless something else was done with the edits meanwhile."""
    demand_comment(plan, {edit.edit_id for edit in found.approved}, found.said.comment)
    if found.level != OFF:
        for edit in found.approved:
            demand_other(ledger, plan, edit, found.by)
    entries = found.entries(plan)
    if entries:
        ledger.record(found.me.name, *entries, unless=lambda: _demand_unmoved(plan, states, ledger))
        witness.tell(context, ledger, plan.account)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        message = f"{path.name} cannot be read"
        raise SignatureError(message) from None


def _write_new(path: Path, text: str) -> None:
    try:
        write_new(path, text.encode())
    except FileExistsError:
        message = f"{path} is there already"
        raise CommandLineError(message) from None
    except OSError as error:
        message = f"{path} cannot be written ({error.strerror})"
        raise StorageError(message) from None


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


def approved_edits(context: Context, ledger: Ledger, plan: Plan) -> set[str]:
    """Return the edits of a plan whose last judgement approves exactly what the plan holds.

    Raises:
        ApprovalLevelError: one proves less than is demanded.
        ForgedApprovalError: one says that it was signed, and is not.
        FourEyesError: one was approved by its author.
        PlanRefusedError: one was approved with another content.

    """
    level = demanded(context, ledger, plan)
    states = states_of(ledger, plan)
    edits = {edit.edit_id: edit for edit in plan.edits}
    found = set()
    for one in approvals(ledger, plan):
        edit = edits.get(one.edit_id)
        if edit is None or one.content != edit.content:
            message = f"the approval of {one.edit_id} is not of what the plan {plan.short} holds"
            raise PlanRefusedError(message)
        if states[one.edit_id] != "approved":
            continue
        demand_level(level, one)
        if level != OFF:
            demand_other(ledger, plan, edit, one.person)
        found.add(one.edit_id)
    return found


def _tell(
    outcome: Outcome, plan: Plan, found: Judgement, after: Mapping[str, str], level: str
) -> None:
    outcome.results = [{**one, "state": after[one["edit_id"]]} for one in listed(plan)]
    parts = [whole_text(plan, 0), ""] if found.approved else []
    approved, rejected = len(found.approved), len(found.rejected)
    parts.append(f"Plan {plan.short}: {approved:,} edits approved, {rejected:,} rejected just now.")
    waiting = _count(after.values(), "planned")
    ready = _count(after.values(), "approved")
    if found.approved:
        by = f"by {found.by.name}, {found.level}"
        parts.append(f"Approved {by}: what was shown has the hash {found.said.shown}.")
    if waiting:
        parts.append(f"{waiting:,} wait for approval; a record is sent once all its edits are.")
    if ready and LEVELS.index(found.level) < LEVELS.index(level):
        parts.append(
            f"This does not suffice: {level} is demanded. An approver signs with clio-sync review"
            f" {plan.short} --approve all --sign KEY"
        )
    elif ready:
        parts.append(f"Next: clio-sync push {plan.short} --commit {plan.short}")
    outcome.text = "\n".join(parts) + "\n"


def _count(states: Iterable[str], wanted: str) -> int:
    return sum(state == wanted for state in states)
