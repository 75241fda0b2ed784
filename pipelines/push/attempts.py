"""Attempts to send the edits of one record: what the ledger keeps before and after each PATCH."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipelines.edits.edit import KEPT, Edit, kept_edit
from pipelines.edits.values import JsonScalar
from pipelines.ledger.canonical import SHORT, read, sha256
from pipelines.ledger.errors import PlanRefusedError
from pipelines.ledger.ledger import Entry, Ledger
from pipelines.plan.approval_policy import changed_since
from pipelines.plan.outcomes import AMBIGUOUS, NOT_APPLIED, Settled, State
from pipelines.plan.planning import settled
from pipelines.plan.session import Session
from sources.clio_http.writes import Patch


@dataclass(frozen=True)
class Attempt:
    """One PATCH for the planned edits of a record, before it is sent and after.

    `etag` guards it; `updated_at` is the record's as it was read last before. `name` is empty until
    the ledger holds the intent, and `outcome` None until it holds the end. `returned` is what the
    answer showed, by edit. `sent` counts the attempts, this one included, that may have had their
    effect; `doubtful` says that there was one before this. `looked` is the newest event when the
    approvals were looked at; None where they are not looked at again.
    """

    plan_hash: str
    resource: str
    record_id: str
    etag: str
    edits: tuple[Edit, ...]
    updated_at: str = ""
    name: str = ""
    outcome: str | None = None
    status: int = 0
    told: str = ""
    etag_after: str = ""
    returned: Mapping[str, JsonScalar] | None = None
    sent: int = 1
    doubtful: bool = False
    looked: int | None = None

    @property
    def edit_ids(self) -> list[str]:
        """Return the ids of the edits."""
        return [one.edit_id for one in self.edits]


def intend(at: Session, attempt: Attempt, patch: Patch, url: str) -> Attempt:
    """Record that a PATCH is about to leave; durable when this returns the attempt, named.

    Raises:
        PlanRefusedError: an edit of it is no longer approved, so it must not leave.

    """
    count = len(_attempts(at.ledger, attempt)) + 1
    name = f"{attempt.plan_hash[:SHORT]}-{attempt.resource}-{attempt.record_id}-{count}"
    body = {
        "attempt": name,
        "resource": attempt.resource,
        "record_id": attempt.record_id,
        "edits": attempt.edit_ids,
        "url": url,
        "if_match": patch.if_match,
        "body_hash": sha256(patch.body),
        "updated_at": attempt.updated_at,
    }
    at.ledger.record(
        at.me.name,
        Entry("attempt_intended", body, plan_hash=attempt.plan_hash),
        unless=lambda: _demand_approved(at.ledger, attempt),
    )
    return replace(attempt, name=name)


def _demand_approved(ledger: Ledger, attempt: Attempt) -> None:
    """Look once more, since others may judge edits while a push is under way.

    A new approval does not count either before the next push has looked whether it proves enough.
    """
    word = (
        "select kind, plan_hash, ?2 is null or seq <= ?2 from events where edit_id = ?1"
        " order by seq desc limit 1"
    )
    for edit_id in attempt.edit_ids:
        found = ledger.rows(word, [edit_id, attempt.looked])
        if found != [("edit_approved", attempt.plan_hash, 1)]:
            message = f"the edit {edit_id} is no longer approved as it was when the push began"
            raise PlanRefusedError(message)
    if attempt.looked is not None and changed_since(ledger, attempt.looked):
        message = "who may approve was changed while the push was under way"
        raise PlanRefusedError(message)


def end(at: Session, attempt: Attempt, *also: Entry) -> None:
    """Record how an attempt ended, and in the same step what else it showed."""
    body = {
        "attempt": attempt.name,
        "edits": attempt.edit_ids,
        "outcome": attempt.outcome,
        "status": attempt.status,
        "told": attempt.told,
        "etag_after": attempt.etag_after,
        "returned": attempt.returned,
    }
    at.ledger.record(at.me.name, Entry("attempt_ended", body, plan_hash=attempt.plan_hash), *also)


def settle(
    at: Session,
    attempt: Attempt,
    ends: Iterable[Settled],
    etag_after: str = "",
    seen_by: str = "answer",
) -> None:
    """Record the ends of a record's edits, all at once."""
    at.ledger.record(
        at.me.name, *(settled(one, attempt.plan_hash, etag_after, seen_by) for one in ends)
    )


def back_to_approved(at: Session, attempt: Attempt) -> None:
    """Record that an attempt was seen not to have had its effect: it may be sent again."""
    nothing = replace(attempt, status=0, told="", etag_after="", returned=None)
    end(at, replace(nothing, outcome=NOT_APPLIED))


ATTEMPTS_AT = """
select attempt, outcome, status, etag_after, returned from attempts
where plan_hash = ? and resource = ? and record_id = ? order by seq
"""


def _attempts(ledger: Ledger, attempt: Attempt) -> list[tuple[Any, ...]]:
    return ledger.rows(ATTEMPTS_AT, [attempt.plan_hash, attempt.resource, attempt.record_id])


def doubts(ledger: Ledger, attempt: Attempt) -> int:
    """Count the attempts at these edits that may have had their effect, or may still.

    They may be of an earlier plan of the same edits; under another tag none can arrive any more.
    """
    mine = set(attempt.edit_ids)
    found = ledger.rows(
        "select outcome, edits from attempts where resource = ? and record_id = ? and if_match = ?",
        [attempt.resource, attempt.record_id, attempt.etag],
    )
    return sum(outcome in AMBIGUOUS and bool(mine & set(read(edits))) for outcome, edits in found)


def last_attempt(ledger: Ledger, attempt: Attempt) -> Attempt:
    """Return the last attempt at these edits, with its end as far as the ledger knows it."""
    name, outcome, status, etag_after, returned = _attempts(ledger, attempt)[-1]
    sent = doubts(ledger, attempt)
    return replace(
        attempt,
        updated_at=_updated_at(ledger, attempt),
        name=name,
        outcome=outcome,
        status=int(status or 0),
        etag_after=etag_after or "",
        returned=read(returned) if returned else None,
        sent=sent,
        doubtful=sent > (outcome in AMBIGUOUS),
    )


def _updated_at(ledger: Ledger, attempt: Attempt) -> str:
    """Return the record's `updated_at` as it was before the last attempt; empty if not known."""
    found = ledger.rows(
        "select coalesce(body ->> '$.updated_at', '') from events"
        " where kind = 'attempt_intended' and plan_hash = ?"
        " and body ->> '$.resource' = ? and body ->> '$.record_id' = ? order by seq desc limit 1",
        [attempt.plan_hash, attempt.resource, attempt.record_id],
    )
    return str(found[0][0]) if found else ""


UNDER_WAY = f"""
select e.plan_hash,
    (select a.if_match from attempts a where a.plan_hash = e.plan_hash
        and a.resource = e.resource and a.record_id = e.record_id order by a.seq desc limit 1),
    {KEPT}
from edits e where e.state in (?, ?) order by e.last_seq
"""  # noqa: S608 - the names of columns


def under_way(ledger: Ledger) -> dict[tuple[str, str, str], list[tuple[str, ...]]]:
    """Return the edits that were sent and have no end, by plan and record.

    Each is the tag that guarded its PATCH, and the columns of `KEPT`.
    """
    found: dict[tuple[str, str, str], list[tuple[str, ...]]] = {}
    for plan_hash, etag, *row in ledger.rows(
        UNDER_WAY, [State.IN_FLIGHT.value, State.UNKNOWN.value]
    ):
        found.setdefault((plan_hash, row[1], row[2]), []).append((etag, *row))
    return found


def edits_of(at: Session, rows: Sequence[tuple[str, ...]]) -> tuple[Edit, ...]:
    """Return the edits of rows of `under_way`.

    Raises:
        EditRefusedError: the field of one is no longer there.

    """
    return tuple(kept_edit(at.field(row[2], row[4]), row[1:]) for row in rows)
