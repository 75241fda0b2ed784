"""Does Clio refuse a write whose tag is wrong? Asked before the first push to a collection.

This is the only write that nobody approved. Its tag is none that a record has: a server that keeps
to If-Match must refuse it with 412. It holds nothing, so that one that does not has no value in it
that could be written; where Clio refuses it for that, it is asked once more with the value that the
record has.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from pipelines.context import Context
from pipelines.edits import values
from pipelines.edits.fields import Unreadable
from pipelines.errors import EditRefusedError
from pipelines.ledger.canonical import sha256
from pipelines.ledger.errors import NotToldError, UnguardedError
from pipelines.ledger.ledger import Ledger
from pipelines.outcome import Outcome, table
from pipelines.plan.plan_file import Plan, PlannedRecord, body_of
from pipelines.plan.review import open_plan
from pipelines.plan.session import Session, session
from sources.clio_http import writes
from sources.clio_http.statuses import of_product
from sources.clio_http.writes import Effect, Patch, WriteResult
from sources.errors import ClioError, RateLimitedError, SignInNeededError

from . import if_match_trust
from .recovery import settle_all
from .send import DEFERRALS, pause, stop_switch

NO_TAG = '"no-record-has-this-tag"'
EMPTY = '{"data":{}}'
HEADER = ("collection", "If-Match", "how it is known")
KEPT = {True: "kept to", False: "NOT kept to", None: "not known"}
ABOUT_THE_BODY = {400, 409, 422, 428}
"""Answers that may be about the empty body, and not about the tag."""
EARLIER = "seen before; not asked again"


@dataclass(frozen=True)
class GuardFinding:
    """What is known of one collection: `guarded` is None where Clio did not tell."""

    resource: str
    guarded: bool | None
    evidence: str
    error: ClioError | None = None


def run_probe(context: Context, named: str) -> Outcome:
    """Ask for each collection of a plan that is not known to be guarded; send nothing else.

    Raises:
        PlanError: the plan is not what was frozen.
        LedgerError: the ledger is damaged.
        PlanRefusedError: it is for another account or host.
        UnresolvedError: nobody can tell yet whether an earlier write had its effect.
        ClioError: Clio or the data folder cannot be used; nothing was sent.

    """
    outcome = Outcome("push", context.clock.now(), run_id=uuid4().hex)
    with Ledger.open(context.settings.data_dir, context.clock, read_only=True) as ledger:
        ledger.demand_whole()
        plan = open_plan(ledger, context, named)
    with session(context, "push", outcome.run_id) as at:
        settle_all(at)
        at.demand_here(plan)
        found = [_known_or_asked(at, one) for one in firsts(plan.records)]
    outcome.results = [_result(one) for one in found]
    outcome.errors = [("", one.error) for one in found if one.error is not None]
    outcome.exit_code = max((error.exit_code for _, error in outcome.errors), default=0)
    outcome.text = _text(plan, found)
    outcome.finished_at = context.clock.now()
    return outcome


def demand_asked(at: Session, records: Sequence[PlannedRecord]) -> None:
    """Ask for each collection of some records that is not known to be guarded.

    Raises:
        UnguardedError: Clio took a wrong tag, or answered otherwise than with 412.
        NotToldError: it did not answer.
        ClioError: it cannot be asked.

    """
    for record in firsts(records):
        found = _known_or_asked(at, record)
        if found.error is not None:
            raise found.error


def firsts(records: Sequence[PlannedRecord]) -> list[PlannedRecord]:
    """Return the first record of each collection among some."""
    found = {one.resource: one for one in reversed(records)}
    return [found[name] for name in sorted(found)]


def _known_or_asked(at: Session, record: PlannedRecord) -> GuardFinding:
    if if_match_trust.known(at).get(record.resource):
        return GuardFinding(record.resource, guarded=True, evidence=EARLIER)
    written = _asked(at, record, EMPTY)
    if written.status in ABOUT_THE_BODY and (body := _present(at, record)):
        written = _asked(at, record, body)
    return _found(at, record, written)


def _asked(at: Session, record: PlannedRecord, body: str) -> WriteResult:
    """Send a write with a wrong tag, once what is asked is in the ledger."""
    resource, key = record.key
    patch = Patch(resource, key, NO_TAG, body, "id,etag")
    writes.check(patch, at.client.settings)
    deferred = 0
    while True:
        stop_switch(at)
        asked = if_match_trust.entry(at, if_match_trust.PROBED, resource, key)
        at.ledger.record(at.me.name, replace(asked, body={**asked.body, "body_hash": sha256(body)}))
        written = writes.send(at.client, at.run.clock, patch, lambda: stop_switch(at))
        if writes.sign_in_needed(written):
            message = "Clio did not take the token for a write"
            raise of_product(SignInNeededError(message), at.client.settings.product)
        if written.effect is not Effect.DEFERRED:
            return written
        deferred += 1
        wait = pause(deferred, DEFERRALS, RateLimitedError())
        at.client.hold(written.wait or wait)


def _present(at: Session, record: PlannedRecord) -> str:
    """Return a body with a value that the record has; empty where none could be written."""
    now = at.read([record.key]).get(record.key)
    if now is None:
        return ""
    for edit in record.edits:
        with suppress(EditRefusedError):
            ref = at.ref(record.resource, edit.field)
            value = values.read(ref, now)
            if not isinstance(value, Unreadable):
                return body_of([(ref, value)], now)
    return ""


def _found(at: Session, record: PlannedRecord, written: WriteResult) -> GuardFinding:
    """Record what an answer says of a collection."""
    resource, key = record.key
    answered = f"answered with {written.status}" if written.status else written.told
    evidence = f"a write with a wrong tag was {answered}"
    if written.effect is Effect.CHANGED:
        at.ledger.record(
            at.me.name, if_match_trust.entry(at, if_match_trust.GUARDED, resource, key, evidence)
        )
        return GuardFinding(resource, guarded=True, evidence=evidence)
    if written.effect is Effect.ACCEPTED:
        at.ledger.record(
            at.me.name, if_match_trust.entry(at, if_match_trust.UNGUARDED, resource, key, evidence)
        )
        message = f"Clio took a write to {resource} although its tag was wrong"
        return GuardFinding(
            resource, guarded=False, evidence=evidence, error=UnguardedError(message)
        )
    message = f"nobody knows whether Clio keeps to If-Match for {resource}: {evidence}"
    is_answer = written.effect is Effect.REFUSED
    error = UnguardedError(message) if is_answer else NotToldError(message)
    return GuardFinding(resource, guarded=None, evidence=evidence, error=error)


def _result(one: GuardFinding) -> dict[str, Any]:
    return {"resource": one.resource, "guarded": one.guarded, "evidence": one.evidence}


def _text(plan: Plan, found: Sequence[GuardFinding]) -> str:
    cells = [(one.resource, KEPT[one.guarded], one.evidence) for one in found]
    parts = [table(HEADER, cells), "", "No edit was sent."]
    if all(one.guarded for one in found):
        parts.append(f"Next: clio-sync push {plan.short}")
    return "\n".join(parts) + "\n"
