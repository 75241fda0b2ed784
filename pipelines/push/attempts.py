"""One record on its way to Clio: its attempts in the ledger, and the ends of its edits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.edits.values import JsonScalar
from pipelines.ledger.canonical import SHORT, read, sha256
from pipelines.ledger.errors import PlanRefusedError
from pipelines.ledger.ledger import Entry, Ledger
from pipelines.plan.merge import FieldChange
from pipelines.plan.outcomes import AMBIGUOUS, NOT_APPLIED, Settled, State
from pipelines.plan.planning import settled
from pipelines.plan.session import Session
from sources.clio_http.writes import Patch


@dataclass(frozen=True)
class Job:
    """The edits of one record in one plan, and the tag that guards them.

    `stamp` is the record's `updated_at` as it was read last before it was sent.
    """

    plan_hash: str
    resource: str
    record_id: str
    etag: str
    changes: tuple[FieldChange, ...]
    stamp: str = ""

    @property
    def edit_ids(self) -> list[str]:
        """Name the edits."""
        return [one.edit_id for one in self.changes]


@dataclass(frozen=True)
class Ending:
    """How an attempt ended, as the ledger keeps it; `returned` is what the answer showed, by edit.

    `sent` counts the attempts, this one included, that may have had their effect; `doubtful` says
    that there was one before this.
    """

    attempt: str
    outcome: str | None
    status: int = 0
    told: str = ""
    etag_after: str = ""
    returned: Mapping[str, JsonScalar] | None = None
    sent: int = 1
    doubtful: bool = False


def intend(at: Session, job: Job, patch: Patch, url: str) -> str:
    """Record that a PATCH is about to leave; durable when this returns. Gives its name.

    Raises:
        PlanRefusedError: an edit of it is no longer approved, so it must not leave.

    """
    count = len(_attempts(at.ledger, job)) + 1
    attempt = f"{job.plan_hash[:SHORT]}-{job.resource}-{job.record_id}-{count}"
    body = {
        "attempt": attempt,
        "resource": job.resource,
        "record_id": job.record_id,
        "edits": job.edit_ids,
        "url": url,
        "if_match": patch.if_match,
        "body_hash": sha256(patch.body),
        "updated_at": job.stamp,
    }
    at.ledger.record(
        at.me.name,
        Entry("attempt_intended", body, plan_hash=job.plan_hash),
        unless=lambda: _demand_approved(at.ledger, job),
    )
    return attempt


def _demand_approved(ledger: Ledger, job: Job) -> None:
    """Look once more, since others may judge edits while a push is under way."""
    word = "select kind, plan_hash from events where edit_id = ? order by seq desc limit 1"
    for edit_id in job.edit_ids:
        if ledger.rows(word, [edit_id]) != [("edit_approved", job.plan_hash)]:
            message = f"the edit {edit_id} is no longer approved"
            raise PlanRefusedError(message)


def end(at: Session, job: Job, ending: Ending, *also: Entry) -> None:
    """Record how an attempt ended, and in the same step what else it showed."""
    body = {
        "attempt": ending.attempt,
        "edits": job.edit_ids,
        "outcome": ending.outcome,
        "status": ending.status,
        "told": ending.told,
        "etag_after": ending.etag_after,
        "returned": ending.returned,
    }
    at.ledger.record(at.me.name, Entry("attempt_ended", body, plan_hash=job.plan_hash), *also)


def settle(
    at: Session, job: Job, ends: Iterable[Settled], etag_after: str = "", seen_by: str = "answer"
) -> None:
    """Record the ends of a record's edits, all at once."""
    at.ledger.record(
        at.me.name, *(settled(one, job.plan_hash, etag_after, seen_by) for one in ends)
    )


def back_to_approved(at: Session, job: Job, attempt: str) -> None:
    """Record that an attempt was seen not to have had its effect: it may be sent again."""
    end(at, job, Ending(attempt, NOT_APPLIED))


ATTEMPTS_AT = """
select attempt, outcome, status, etag_after, returned from attempts
where plan_hash = ? and resource = ? and record_id = ? order by seq
"""


def _attempts(ledger: Ledger, job: Job) -> list[tuple[Any, ...]]:
    return ledger.rows(ATTEMPTS_AT, [job.plan_hash, job.resource, job.record_id])


def doubts(ledger: Ledger, job: Job) -> int:
    """Count the attempts at these edits that may have had their effect, or may still.

    They may be of an earlier plan of the same edits; under another tag none can arrive any more.
    """
    mine = set(job.edit_ids)
    found = ledger.rows(
        "select outcome, edits from attempts where resource = ? and record_id = ? and if_match = ?",
        [job.resource, job.record_id, job.etag],
    )
    return sum(outcome in AMBIGUOUS and bool(mine & set(read(edits))) for outcome, edits in found)


def stamp_of(ledger: Ledger, job: Job) -> str:
    """Give the record's `updated_at` as it was before the last attempt; empty if not known."""
    found = ledger.rows(
        "select coalesce(body ->> '$.updated_at', '') from events"
        " where kind = 'attempt_intended' and plan_hash = ?"
        " and body ->> '$.resource' = ? and body ->> '$.record_id' = ? order by seq desc limit 1",
        [job.plan_hash, job.resource, job.record_id],
    )
    return str(found[0][0]) if found else ""


def last_ending(ledger: Ledger, job: Job) -> Ending:
    """Give how the last attempt at a record ended, as far as the ledger knows."""
    attempt, outcome, status, etag_after, returned = _attempts(ledger, job)[-1]
    sent = doubts(ledger, job)
    before = sent - (outcome in AMBIGUOUS)
    return Ending(
        attempt,
        outcome,
        int(status or 0),
        "",
        etag_after or "",
        read(returned) if returned else None,
        sent,
        before > 0,
    )


UNDER_WAY = """
select e.plan_hash, e.resource, e.record_id, e.edit_id, e.field, e.base, e.new_value,
    (select a.if_match from attempts a where a.plan_hash = e.plan_hash
        and a.resource = e.resource and a.record_id = e.record_id order by a.seq desc limit 1)
from edits e where e.state in (?, ?) order by e.last_seq
"""


def under_way(ledger: Ledger) -> dict[tuple[str, str, str], list[tuple[str, ...]]]:
    """Give the edits that were sent and have no end, by plan and record."""
    found: dict[tuple[str, str, str], list[tuple[str, ...]]] = {}
    for *key, edit_id, field, base, new, etag in ledger.rows(
        UNDER_WAY, [State.IN_FLIGHT.value, State.UNKNOWN.value]
    ):
        found.setdefault((key[0], key[1], key[2]), []).append((edit_id, field, base, new, etag))
    return found


def changes_of(
    at: Session, resource: str, rows: Sequence[tuple[str, ...]]
) -> tuple[FieldChange, ...]:
    """Find the fields of edits again, as they stand in the ledger.

    Raises:
        EditRefusedError: one is no longer there.

    """
    return tuple(
        FieldChange(edit_id, at.field(resource, field), read(base), read(new))
        for edit_id, field, base, new, *_ in rows
    )
