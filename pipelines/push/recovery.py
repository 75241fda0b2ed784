"""What became of what was sent: settled from the ledger, or by reading the record again."""

from dataclasses import replace

from pipelines.edits.allowed import Record
from pipelines.errors import EditRefusedError
from pipelines.ledger.errors import UnresolvedError
from pipelines.plan import outcomes
from pipelines.plan.outcomes import Settled, State, Verdict
from pipelines.plan.session import Session
from sources.errors import ClioError, Interrupted

from . import attempts
from .attempts import Attempt

PATIENCE = 2.0
"""Seconds to wait before a record is read again: a copy may lag behind."""
GONE, FORBIDDEN = 404, 403
NOT_ALLOWED = "the role or a permission of the token's user does not let it be changed"
NO_FIELD = "the field is no longer known, so nobody can tell what became of it"


def settle_all(at: Session) -> int:
    """Settle everything that was sent and has no end yet; return how many records that were.

    Raises:
        UnresolvedError: nobody can tell yet about one of them; nothing may be sent.

    """
    waiting = attempts.under_way(at.ledger)
    for (plan_hash, resource, record_id), rows in waiting.items():
        attempt = Attempt(plan_hash, resource, record_id, rows[0][0], ())
        try:
            attempt = replace(attempt, edits=attempts.edits_of(at, rows))
        except EditRefusedError:
            # the field is gone from Clio or from the list of what may be edited
            ends = [Settled(row[1], State.NEEDS_HUMAN, NO_FIELD) for row in rows]
            attempts.settle(at, attempt, ends)
            continue
        attempt = attempts.last_attempt(at.ledger, attempt)
        if attempt.outcome is None:
            # the run died with this PATCH under way
            attempt = replace(attempt, outcome="unknown")
            attempts.end(at, attempt)
        conclude(at, attempt)
    return len(waiting)


def conclude(at: Session, attempt: Attempt) -> tuple[Settled, ...]:
    """Bring the edits of a record to their end after an attempt; () means: it may be sent again.

    Raises:
        UnresolvedError: nobody can tell yet.

    """
    overrun = attempt.outcome == outcomes.OVERRAN
    if (attempt.outcome == "applied" or overrun) and attempt.returned is not None:
        # Clio took it, and its answer shows every field that was written
        ends = outcomes.after_accepted(attempt.edits, attempt.returned, overrun=overrun)
        attempts.settle(at, attempt, ends, attempt.etag_after)
        return ends
    if attempt.outcome == "changed" and not attempt.doubtful:
        # 412, and nothing of ours may have changed the record: somebody else did
        return _settled(at, attempt, outcomes.after_changed(attempt.edits, _read(at, attempt)))
    if attempt.outcome == "refused":
        # Clio refuses it for good, now; an earlier attempt may have been taken
        return _settled(at, attempt, _refused(at, attempt))
    # no answer, one that shows too little, or 412 after a doubt: the record shows which
    return _resolved(at, attempt)


def _refused(at: Session, attempt: Attempt) -> tuple[Settled, ...]:
    record = _read(at, attempt) if attempt.doubtful or attempt.status == GONE else None
    if attempt.doubtful and outcomes.is_there(attempt.edits, record):
        # an earlier attempt had its effect after all
        return outcomes.after_rereading(attempt.edits, attempt.etag, record, attempt.sent).ends
    if attempt.status == GONE and record is None:
        # 404, and the record is not there: it was deleted
        return outcomes.after_changed(attempt.edits, None)
    # the record is there, and Clio does not take this value, or not from this user
    note = attempt.told or f"Clio refused it with {attempt.status}"
    if attempt.status == FORBIDDEN:
        note += f": {NOT_ALLOWED}"
    return tuple(Settled(one.edit_id, State.FAILED, note) for one in attempt.edits)


def _resolved(at: Session, attempt: Attempt) -> tuple[Settled, ...]:
    at.run.clock.sleep(PATIENCE)
    record = _read(at, attempt)
    found = outcomes.after_rereading(
        attempt.edits, attempt.etag, record, attempt.sent, attempt.updated_at
    )
    if found.verdict is Verdict.AGAIN:
        # the record is as it was: the same PATCH, with the same etag, may be sent once more
        attempts.back_to_approved(at, attempt)
        return ()
    # it had its effect, or a person must look: either way it is not sent again
    etag = str(record.get("etag") or "") if record else ""
    return _settled(at, attempt, found.ends, etag)


def _settled(
    at: Session, attempt: Attempt, ends: tuple[Settled, ...], etag: str = ""
) -> tuple[Settled, ...]:
    attempts.settle(at, attempt, ends, etag, "reading")
    return ends


def _read(at: Session, attempt: Attempt) -> Record | None:
    """Read a record again.

    Raises:
        UnresolvedError: it could not be read, so nothing is known.

    """
    failure: ClioError
    try:
        return at.reading.one(attempt.resource, attempt.record_id)
    except Interrupted:
        raise
    except ClioError as error:
        failure = error
    message = f"{attempt.resource} {attempt.record_id} could not be read again: {failure}"
    raise UnresolvedError(message)
