"""What becomes of edits after an answer, or after the record was read again. Tables; no effects.

A record is one unit: its edits go in one PATCH, so what is not known of it is not known of any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeAlias

from pipelines.edits import values
from pipelines.edits.raw_values import Unreadable
from pipelines.edits.values import JsonScalar
from sources.clio_http.writes import Effect

from . import context_check
from .merge import FieldChange, Merge, merged, theirs

Shown: TypeAlias = Mapping[str, Any]
"""A record as Clio's JSON shows it."""

Readings: TypeAlias = Mapping[tuple[str, str], Shown]
"""Records as they were read, by collection and id; those that are gone are left out."""

ATTEMPTS = 3
"""So often one PATCH is sent at most while nobody knows whether it had its effect."""

GONE = "the record is gone in Clio"
REBASE = "other fields of the record changed in Clio: clio-sync edits rebase offers it anew"
REVERTED = (
    "another field changed, or this was applied and then undone by a person: that cannot be told"
    " apart, so it is not sent again"
)
BOTH = "Clio has another value by now"
NOTHING_LEFT = "Clio shows nothing there by now: it was emptied, or is withheld from this token"
HIDDEN = (
    "Clio does not show this field to this token now, so what it holds is not known: look at the"
    " role and the permissions of the token's user"
)
UNCONFIRMED = (
    "it cannot be confirmed: Clio does not show this field to this token now; look at the record in"
    " Clio, and at the role and the permissions of the token's user"
)
NOT_STORED = "Clio accepted it and did not store it"
NOTHING_SHOWN = (
    "Clio accepted it and shows nothing there: it did not store it, or keeps it from this token"
)
TOO_OFTEN = f"it was sent {ATTEMPTS} times and never seen to arrive: look at the record in Clio"
BEFORE = "Clio had this value already"
IN_ITS_WAY = "Clio wrote it in its own way"
OVERRUN = (
    "Clio took it although the record had changed since it was approved: what somebody wrote just"
    " before may be lost"
)
SEEN = "Clio shows this value; whether by us or by an equal change of another is not known"


class State(StrEnum):
    """The states of an edit, as the ledger's view names them."""

    PROPOSED = "proposed"
    PLANNED = "planned"
    APPROVED = "approved"
    IN_FLIGHT = "in_flight"
    UNKNOWN = "unknown"
    APPLIED = "applied"
    APPLIED_OBSERVED = "applied_observed"
    NO_CHANGE = "no_change"
    CONFLICTED = "conflicted"
    FAILED = "failed"
    INVALID = "invalid"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    NEEDS_HUMAN = "needs_human"


OPEN = (State.PROPOSED, State.PLANNED, State.APPROVED, State.IN_FLIGHT, State.UNKNOWN)
FOR_A_PERSON = (State.CONFLICTED, State.NEEDS_HUMAN)


@dataclass(frozen=True)
class Settled:
    """The end of one edit. `theirs` is what Clio shows; None as well where it shows nothing."""

    edit_id: str
    state: State
    note: str = ""
    theirs: JsonScalar = None


def not_sent(edit_id: str, merge: Merge, shown: JsonScalar) -> Settled | None:
    """Give the end of an edit whose field cannot be sent; None where it can."""
    both = NOTHING_LEFT if shown is None else BOTH
    ends = {
        Merge.ALREADY: (State.NO_CHANGE, BEFORE),
        Merge.CONFLICT: (State.CONFLICTED, both),
        Merge.HIDDEN: (State.CONFLICTED, HIDDEN),
    }
    return Settled(edit_id, *ends[merge], shown) if merge in ends else None


class Verdict(StrEnum):
    """What is to be done about a record after it was read again."""

    SETTLED = "settled"
    AGAIN = "again"


@dataclass(frozen=True)
class Resolved:
    """The verdict, with the ends of the record's edits where it is settled."""

    verdict: Verdict
    ends: tuple[Settled, ...] = ()


def before_sending(
    changes: Sequence[FieldChange],
    etag: str,
    record: Shown | None,
    context: Mapping[str, JsonScalar] | None = None,
) -> tuple[Settled, ...]:
    """Decide, before anything is sent, about a record as it was just read; () means: send it.

    `context` is what the approver saw beside the changes: it may differ under the same etag, which
    need not cover all that a record shows.
    """
    if record is None:
        return _all(changes, State.CONFLICTED, GONE, {})
    found = merged(changes, record)
    same = record.get("etag") == etag and not context_check.differing(
        context or {}, changes, record
    )
    if same and set(found.values()) == {Merge.SEND}:
        return ()
    return tuple(_instead(one, found[one.edit_id], record) for one in changes)


def _instead(one: FieldChange, merge: Merge, record: Shown) -> Settled:
    shown = theirs(one.ref, record)
    end = not_sent(one.edit_id, merge, shown)
    return end or Settled(one.edit_id, State.CONFLICTED, REBASE, shown)


def returned(changes: Sequence[FieldChange], record: Shown) -> dict[str, JsonScalar] | None:
    """Give what an answer shows of the edits' fields; None where it does not show all of them."""
    found = {one.edit_id: values.read(one.ref, record) for one in changes}
    if any(isinstance(value, Unreadable) for value in found.values()):
        return None
    return {key: value for key, value in found.items() if not isinstance(value, Unreadable)}


def after_accepted(
    changes: Sequence[FieldChange], shown: Mapping[str, JsonScalar], *, overrun: bool = False
) -> tuple[Settled, ...]:
    """Hold what an accepted PATCH answered against what was approved, field by field.

    `overrun` says that it met another version than the approved one.
    """
    if overrun:
        return tuple(
            Settled(one.edit_id, State.NEEDS_HUMAN, OVERRUN, shown[one.edit_id]) for one in changes
        )
    return tuple(_stored(one, shown[one.edit_id]) for one in changes)


def _stored(one: FieldChange, shown: JsonScalar) -> Settled:
    if shown == one.new:
        return Settled(one.edit_id, State.APPLIED, "", shown)
    if values.alike(one.ref, shown, one.new):
        return Settled(one.edit_id, State.APPLIED, IN_ITS_WAY, shown)
    note = NOTHING_SHOWN if shown is None else NOT_STORED
    return Settled(one.edit_id, State.NEEDS_HUMAN, note, shown)


def after_changed(changes: Sequence[FieldChange], record: Shown | None) -> tuple[Settled, ...]:
    """Decide about a record that answered 412 and was never sent before: nothing was written."""
    if record is None:
        return _all(changes, State.CONFLICTED, GONE, {})
    found = merged(changes, record)
    return tuple(_instead(one, found[one.edit_id], record) for one in changes)


def after_rereading(
    changes: Sequence[FieldChange], etag: str, record: Shown | None, attempts: int, stamp: str = ""
) -> Resolved:
    """Settle a record of which nobody knows whether a PATCH had its effect.

    `record` is a new reading of it, None where Clio says that it is gone; `attempts` is how often
    the PATCH was sent. `stamp` is the record's `updated_at` before: where that has moved under the
    same etag, the record may have been written and put back, if etags are made of contents.
    """
    if record is None:
        return Resolved(Verdict.SETTLED, _all(changes, State.CONFLICTED, GONE, {}))
    found = merged(changes, record)
    shown = set(found.values())
    if is_there(changes, record):
        return Resolved(Verdict.SETTLED, _all(changes, State.APPLIED_OBSERVED, SEEN, record))
    if shown != {Merge.SEND}:
        return _differs(changes, record)
    is_moved = bool(stamp) and record.get("updated_at", stamp) != stamp
    if record.get("etag") != etag or is_moved:
        return Resolved(Verdict.SETTLED, _all(changes, State.CONFLICTED, REVERTED, record))
    if attempts < ATTEMPTS:
        return Resolved(Verdict.AGAIN)
    return Resolved(Verdict.SETTLED, _all(changes, State.NEEDS_HUMAN, TOO_OFTEN, record))


def _differs(changes: Sequence[FieldChange], record: Shown) -> Resolved:
    """Settle a record that does not show all values; what it does not show is neither way."""
    if Merge.HIDDEN in merged(changes, record).values():
        return Resolved(Verdict.SETTLED, _all(changes, State.NEEDS_HUMAN, UNCONFIRMED, record))
    ends = _all(changes, State.CONFLICTED, BOTH, record)
    told = (replace(one, note=NOTHING_LEFT) if one.theirs is None else one for one in ends)
    return Resolved(Verdict.SETTLED, tuple(told))


def is_there(changes: Sequence[FieldChange], record: Shown | None) -> bool:
    """Tell whether a record shows every value that was approved."""
    return record is not None and set(merged(changes, record).values()) == {Merge.ALREADY}


def _all(
    changes: Sequence[FieldChange], state: State, note: str, record: Shown
) -> tuple[Settled, ...]:
    return tuple(Settled(one.edit_id, state, note, theirs(one.ref, record)) for one in changes)


OUTCOMES = {
    Effect.ACCEPTED: "applied",
    Effect.CHANGED: "changed",
    Effect.REFUSED: "refused",
    Effect.DEFERRED: "deferred",
    Effect.UNSENT: "unsent",
    Effect.UNKNOWN: "unknown",
}
"""What the ledger calls the end of an attempt."""


OVERRAN = "overran"
"""Accepted, on another version than the one that was approved."""

NOT_APPLIED = "not_applied"
"""Seen not to have had its effect yet, after it was unknown; a delayed copy may still arrive."""

AMBIGUOUS = frozenset({None, OUTCOMES[Effect.UNKNOWN], NOT_APPLIED})
"""The ends of attempts that may have had their effect, or may still; none is the first of them."""
