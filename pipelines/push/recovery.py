"""What became of what was sent: settled from the ledger, or by reading the record again."""

from dataclasses import replace

from pipelines.errors import EditRefusedError
from pipelines.ledger.errors import UnresolvedError
from pipelines.plan import outcomes
from pipelines.plan.outcomes import Settled, State, Verdict
from pipelines.plan.session import Session
from sources.errors import ClioError, Interrupted

from . import attempts
from .attempts import Ending, Job

PATIENCE = 2.0
"""Seconds to wait before a record is read again: a copy may lag behind."""
GONE, FORBIDDEN = 404, 403
NOT_ALLOWED = "the role or a permission of the token's user does not let it be changed"
NO_FIELD = "the field is no longer known, so nobody can tell what became of it"


def settle_all(at: Session) -> int:
    """Settle everything that was sent and has no end yet; gives how many records that were.

    Raises:
        UnresolvedError: of one it cannot be told yet; nothing may be sent.

    """
    waiting = attempts.under_way(at.ledger)
    for (plan_hash, resource, record_id), rows in waiting.items():
        etag = rows[0][-1]
        try:
            changes = attempts.changes_of(at, resource, rows)
        except EditRefusedError:
            ends = [Settled(row[0], State.NEEDS_HUMAN, NO_FIELD) for row in rows]
            attempts.settle(at, Job(plan_hash, resource, record_id, etag, ()), ends)
            continue
        job = Job(plan_hash, resource, record_id, etag, changes)
        job = replace(job, stamp=attempts.stamp_of(at.ledger, job))
        ending = attempts.last_ending(at.ledger, job)
        if ending.outcome is None:
            # the run died with this PATCH under way
            ending = Ending(ending.attempt, "unknown", sent=ending.sent, doubtful=ending.doubtful)
            attempts.end(at, job, ending)
        conclude(at, job, ending)
    return len(waiting)


def conclude(at: Session, job: Job, ending: Ending) -> tuple[Settled, ...]:
    """Bring the edits of a record to their end after an attempt; () means: it may be sent again.

    Raises:
        UnresolvedError: nobody can tell yet.

    """
    overrun = ending.outcome == outcomes.OVERRAN
    if (ending.outcome == "applied" or overrun) and ending.returned is not None:
        ends = outcomes.after_accepted(job.changes, ending.returned, overrun=overrun)
        attempts.settle(at, job, ends, ending.etag_after)
        return ends
    if ending.outcome == "changed" and not ending.doubtful:
        return _settled(at, job, outcomes.after_changed(job.changes, _read(at, job)))
    if ending.outcome == "refused":
        return _settled(at, job, _refused(at, job, ending))
    return _resolved(at, job, ending)


def _refused(at: Session, job: Job, ending: Ending) -> tuple[Settled, ...]:
    record = _read(at, job) if ending.doubtful or ending.status == GONE else None
    if ending.doubtful and outcomes.is_there(job.changes, record):
        # an earlier attempt had its effect after all
        return outcomes.after_rereading(job.changes, job.etag, record, ending.sent).ends
    if ending.status == GONE and record is None:
        return outcomes.after_changed(job.changes, None)
    told = ending.told or f"Clio refused it with {ending.status}"
    if ending.status == FORBIDDEN:
        told += f": {NOT_ALLOWED}"
    return tuple(Settled(one.edit_id, State.FAILED, told) for one in job.changes)


def _resolved(at: Session, job: Job, ending: Ending) -> tuple[Settled, ...]:
    at.run.clock.sleep(PATIENCE)
    record = _read(at, job)
    found = outcomes.after_rereading(job.changes, job.etag, record, ending.sent, job.stamp)
    if found.verdict is Verdict.AGAIN:
        attempts.back_to_approved(at, job, ending.attempt)
        return ()
    etag = str(record.get("etag") or "") if record else ""
    return _settled(at, job, found.ends, etag)


def _settled(
    at: Session, job: Job, ends: tuple[Settled, ...], etag: str = ""
) -> tuple[Settled, ...]:
    attempts.settle(at, job, ends, etag, "reading")
    return ends


def _read(at: Session, job: Job) -> outcomes.Shown | None:
    """Read a record again.

    Raises:
        UnresolvedError: it could not be read, so nothing is known.

    """
    failure: ClioError
    try:
        return at.reading.one(job.resource, job.record_id)
    except Interrupted:
        raise
    except ClioError as error:
        failure = error
    message = f"{job.resource} {job.record_id} could not be read again: {failure}"
    raise UnresolvedError(message)
