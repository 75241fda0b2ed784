"""One record sent: intent, PATCH, answer, end. One at a time, each step durable before the next."""

from dataclasses import replace

from pipelines.failpoints import crash_point
from pipelines.ledger.errors import STOP, StopSwitchError
from pipelines.plan import context_check, outcomes
from pipelines.plan.outcomes import ATTEMPTS, OUTCOMES, Settled
from pipelines.plan.plan_file import PlannedRecord
from pipelines.plan.session import Session
from sources.clio_http import writes
from sources.clio_http.retry import backoff
from sources.clio_http.statuses import of_product
from sources.clio_http.writes import Effect, Patch, WriteResult
from sources.errors import (
    ClioError,
    Interrupted,
    RateLimitedError,
    SignInNeededError,
    UnreachableError,
)

from . import attempts, if_match_trust, recovery
from .attempts import Attempt

DEFERRALS = 5
"""So many times in a row one PATCH is put off with 429 before the push ends."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0


def stop_switch(at: Session) -> None:
    """Look for the file that stops every write.

    Raises:
        StopSwitchError: it is there.
        Interrupted: the run was asked to stop.

    """
    if (at.run.settings.data_dir / STOP).exists():
        raise StopSwitchError
    if at.run.stop.is_set():
        raise Interrupted


def send(at: Session, attempt: Attempt, planned: PlannedRecord) -> tuple[Settled, ...]:
    """Send one record until its edits have an end, and return those ends.

    Raises:
        StopSwitchError: writes were stopped; what is approved stays so.
        UnresolvedError: nobody can tell yet whether it had its effect.
        SignInNeededError: Clio no longer takes the token; what is approved stays so.
        RateLimitedError: Clio puts it off again and again.
        UnreachableError: nothing could be sent.
        WriteRefusedError: it must never be sent.

    """
    patch = Patch(*planned.key, planned.etag, planned.body, planned.fields)
    writes.check(patch, at.client.settings)
    deferred = unsent = 0
    while True:
        stop_switch(at)
        sent, written = _once(at, attempt, patch, planned)
        if writes.sign_in_needed(written):
            message = "Clio did not take the token for a write"
            raise of_product(SignInNeededError(message), at.client.settings.product)
        if written.effect is Effect.DEFERRED:
            deferred += 1
            wait = pause(deferred, DEFERRALS, RateLimitedError())
            at.client.hold(written.wait or wait)
        elif written.effect is Effect.UNSENT:
            unsent += 1
            at.run.clock.sleep(pause(unsent, ATTEMPTS, UnreachableError(written.told)))
        else:
            ends = recovery.conclude(at, sent)
            if ends:
                return ends


def pause(times: int, most: int, error: ClioError) -> float:
    """Return the seconds to wait before the same is sent again.

    Raises:
        ClioError: `error`, once that was done often enough.

    """
    if times >= most:
        raise error
    return backoff(times, FIRST_WAIT, LONGEST_WAIT)


def _once(
    at: Session, attempt: Attempt, patch: Patch, planned: PlannedRecord
) -> tuple[Attempt, WriteResult]:
    """Send a PATCH once, between the record of its intent and that of its end."""
    doubts = attempts.doubts(at.ledger, attempt)
    crash_point("before_intent")
    attempt = attempts.intend(at, attempt, patch, writes.address(patch, at.client.settings))
    crash_point("after_intent")
    try:
        written = writes.send(at.client, at.run.clock, patch, lambda: stop_switch(at))
    except (Interrupted, StopSwitchError):
        attempts.end(at, replace(attempt, outcome=OUTCOMES[Effect.UNSENT]))
        raise
    crash_point("after_send")
    if written.record is not None:
        written = replace(written, record=at.visibility.visible(attempt.resource, written.record))
    attempt = _ended(attempt, written, doubts)
    crash_point("after_answer")
    also = []
    if attempt.outcome == OUTCOMES[Effect.ACCEPTED] and (
        seen := _unexplained(attempt, planned, written)
    ):
        attempt = replace(attempt, outcome=outcomes.OVERRAN)
        evidence = f"the answer to an accepted write shows another {', '.join(seen)}"
        also = [if_match_trust.entry(at, if_match_trust.UNGUARDED, *planned.key, evidence)]
    attempts.end(at, attempt, *also)
    crash_point("before_final")
    return attempt, written


def _unexplained(attempt: Attempt, planned: PlannedRecord, written: WriteResult) -> list[str]:
    shown = written.record or {}
    return context_check.unexplained(attempt.resource, planned.context, attempt.edits, shown)


def _ended(attempt: Attempt, written: WriteResult, doubts: int) -> Attempt:
    """Return an attempt with its end; `doubts` are those before it that may have had an effect."""
    outcome = OUTCOMES[written.effect]
    attempt = replace(attempt, status=written.status, told=written.told, doubtful=doubts > 0)
    if written.record is not None:
        returned = outcomes.returned(attempt.edits, written.record)
        etag = str(written.record["etag"])
        if returned is not None:
            # the answer shows what became of every edit
            return replace(
                attempt, outcome=outcome, etag_after=etag, returned=returned, sent=doubts
            )
        # it was taken, and what was stored is not shown
        outcome, attempt = OUTCOMES[Effect.UNKNOWN], replace(attempt, told="a field is not shown")
    is_doubt = outcome == OUTCOMES[Effect.UNKNOWN]
    return replace(attempt, outcome=outcome, sent=doubts + is_doubt)
