"""`push --probe`: does Clio refuse a write whose tag is wrong? Asked where a person wishes it.

This is the only write that nobody approved. It holds nothing, and its tag is none that a record
has: a server that keeps to If-Match must refuse it with 412, and one that does not has no value in
it that could be written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from pipelines.context import Context
from pipelines.ledger.errors import NotToldError, UnguardedError
from pipelines.ledger.ledger import Ledger
from pipelines.outcome import Outcome, table
from pipelines.plan.plan_file import Plan, PlannedRecord
from pipelines.plan.review import open_plan
from pipelines.plan.session import Session, session
from sources.clio_http import writes
from sources.clio_http.statuses import of_product
from sources.clio_http.writes import Effect, Patch
from sources.errors import ClioError, SignInNeededError

from . import if_match_trust
from .command import demand_here, exit_code
from .recovery import settle_all
from .send import stop_switch

NO_TAG = '"no-record-has-this-tag"'
EMPTY = '{"data":{}}'
HEADER = ("collection", "If-Match", "how it is known")
KEPT = {True: "kept to", False: "NOT kept to", None: "not known"}
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
        demand_here(at, plan)
        found = [_known_or_asked(at, one) for one in firsts(plan)]
    outcome.results = [_result(one) for one in found]
    outcome.errors = [("", one.error) for one in found if one.error is not None]
    outcome.exit_code = exit_code([error for _, error in outcome.errors])
    outcome.text = _text(plan, found)
    outcome.finished_at = context.clock.now()
    return outcome


def firsts(plan: Plan) -> list[PlannedRecord]:
    """Return the first record of each collection of a plan."""
    found = {one.resource: one for one in reversed(plan.records)}
    return [found[name] for name in sorted(found)]


def _known_or_asked(at: Session, record: PlannedRecord) -> GuardFinding:
    if if_match_trust.known(at).get(record.resource):
        return GuardFinding(record.resource, guarded=True, evidence=EARLIER)
    return _asked(at, record)


def _asked(at: Session, record: PlannedRecord) -> GuardFinding:
    """Send the empty write, between the record of the intent and that of what it showed."""
    stop_switch(at)
    resource, key = record.key
    patch = Patch(resource, key, NO_TAG, EMPTY, "id,etag")
    writes.check(patch, at.client.settings)
    at.ledger.record(at.me.name, if_match_trust.entry(at, if_match_trust.PROBED, resource, key))
    written = writes.send(at.client, at.run.clock, patch, lambda: stop_switch(at))
    answered = f"answered with {written.status}" if written.status else written.told
    evidence = f"an empty write with a wrong tag was {answered}"
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
    if writes.sign_in_needed(written):
        message = "Clio did not take the token for a write"
        raise of_product(SignInNeededError(message), at.client.settings.product)
    message = f"Clio does not say whether it keeps to If-Match for {resource}: {evidence}"
    return GuardFinding(resource, guarded=None, evidence=evidence, error=NotToldError(message))


def _result(one: GuardFinding) -> dict[str, Any]:
    return {"resource": one.resource, "guarded": one.guarded, "evidence": one.evidence}


def _text(plan: Plan, found: Sequence[GuardFinding]) -> str:
    cells = [(one.resource, KEPT[one.guarded], one.evidence) for one in found]
    parts = [table(HEADER, cells), "", "No edit was sent."]
    if all(one.guarded for one in found):
        parts.append(f"Next: clio-sync push {plan.short}")
    return "\n".join(parts) + "\n"
