"""What becomes of edits after an answer, or after the record was read again. Tables; no effects.

A record is one unit: its edits go in one PATCH, so what is not known of it is not known of any.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from pipelines.edits import values
from pipelines.edits.allowed import Record
from pipelines.edits.edit import Edit
from pipelines.edits.fields import FieldRef, Unreadable
from pipelines.edits.values import JsonScalar
from sources.clio_http.writes import Effect

from . import context_check

Readings: TypeAlias = Mapping[tuple[str, str], Record]
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


class Merge(StrEnum):
    """What becomes of one field."""

    SEND = "send"
    ALREADY = "already"
    CONFLICT = "conflict"
    HIDDEN = "hidden"


HOLDS = {
    Merge.ALREADY: "this field holds our value",
    Merge.SEND: "this field holds what was there before",
    Merge.CONFLICT: "this field holds neither",
    Merge.HIDDEN: HIDDEN,
}
"""What a field of a record shows after a write whose answer was lost."""


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


def merge(
    ref: FieldRef, base: JsonScalar, theirs: JsonScalar | Unreadable, new: JsonScalar
) -> Merge:
    """Decide about one field: the value that was replaced, the one that Clio has, and ours."""
    if isinstance(theirs, Unreadable):
        # Clio does not show the field, so nobody knows what would be overwritten
        return Merge.HIDDEN
    if values.same(ref, theirs, new):
        # Clio has our value, whoever wrote it
        return Merge.ALREADY
    if values.same(ref, base, theirs):
        # nobody changed the field since it was looked at
        return Merge.SEND
    # both sides changed the field: only a person decides
    return Merge.CONFLICT


def merged(edits: Sequence[Edit], record: Record) -> dict[str, Merge]:
    """Decide about every field of a record, by edit."""
    return {
        one.edit_id: merge(one.ref, one.base, values.read(one.ref, record), one.new_value)
        for one in edits
    }


def theirs(ref: FieldRef, record: Record) -> JsonScalar:
    """Return what Clio shows, as the ledger keeps it; None where it shows nothing."""
    found = values.read(ref, record)
    return None if isinstance(found, Unreadable) else found


def not_sent(edit: Edit, record: Record) -> Settled | None:
    """Return the end of an edit that cannot be sent to its record as it is; None if it can."""
    shown = theirs(edit.ref, record)
    found = merged([edit], record)[edit.edit_id]
    if found is Merge.SEND:
        # the base is still there
        return None
    if found is Merge.ALREADY:
        # Clio had the value before anything was sent
        return Settled(edit.edit_id, State.NO_CHANGE, BEFORE, shown)
    if found is Merge.HIDDEN:
        # the field is withheld from this token now, so what would be replaced is not known
        return Settled(edit.edit_id, State.CONFLICTED, HIDDEN, shown)
    # somebody changed the field; an empty one was emptied, or is withheld without a word
    note = NOTHING_LEFT if shown is None else BOTH
    return Settled(edit.edit_id, State.CONFLICTED, note, shown)


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
    edits: Sequence[Edit],
    etag: str,
    record: Record | None,
    context: Mapping[str, JsonScalar] | None = None,
) -> tuple[Settled, ...]:
    """Decide, before anything is sent, about a record as it was just read; () means: send it.

    `context` is what the approver saw beside the edits: it may differ under the same etag, which
    need not cover all that a record shows.
    """
    if record is None:
        # the record was deleted since it was planned
        return _all(edits, State.CONFLICTED, GONE, {})
    same = record.get("etag") == etag and not context_check.differing(context or {}, edits, record)
    if same and set(merged(edits, record).values()) == {Merge.SEND}:
        # the record is as it was approved
        return ()
    # anything moved: each edit gets its own end, and the record is not sent
    return tuple(_instead(one, record) for one in edits)


def _instead(edit: Edit, record: Record) -> Settled:
    """Return the end of an edit of a record that is not sent, as only a whole record is."""
    shown = theirs(edit.ref, record)
    return not_sent(edit, record) or Settled(edit.edit_id, State.CONFLICTED, REBASE, shown)


def returned(edits: Sequence[Edit], record: Record) -> dict[str, JsonScalar] | None:
    """Return what an answer shows of the edits' fields; None where it does not show all of them."""
    found = {one.edit_id: values.read(one.ref, record) for one in edits}
    if any(isinstance(value, Unreadable) for value in found.values()):
        return None
    return {key: value for key, value in found.items() if not isinstance(value, Unreadable)}


def after_accepted(
    edits: Sequence[Edit], shown: Mapping[str, JsonScalar], *, overrun: bool = False
) -> tuple[Settled, ...]:
    """Compare what an accepted PATCH answered with what was approved, field by field.

    `overrun` says that it met another version than the approved one.
    """
    if overrun:
        # the write is in Clio, and may have replaced what somebody wrote just before
        return tuple(
            Settled(one.edit_id, State.NEEDS_HUMAN, OVERRUN, shown[one.edit_id]) for one in edits
        )
    return tuple(_stored(one, shown[one.edit_id]) for one in edits)


def _stored(one: Edit, shown: JsonScalar) -> Settled:
    if shown == one.new_value:
        # Clio shows exactly what was approved
        return Settled(one.edit_id, State.APPLIED, "", shown)
    if values.alike(one.ref, shown, one.new_value):
        # Clio shows the same value in another form, such as a phone number without spaces
        return Settled(one.edit_id, State.APPLIED, IN_ITS_WAY, shown)
    # Clio said yes and shows another value, or none: it did not store ours
    note = NOTHING_SHOWN if shown is None else NOT_STORED
    return Settled(one.edit_id, State.NEEDS_HUMAN, note, shown)


def after_changed(edits: Sequence[Edit], record: Record | None) -> tuple[Settled, ...]:
    """Decide about a record that answered 412 and was never sent before: nothing was written."""
    if record is None:
        # it answered 412 because it was deleted
        return _all(edits, State.CONFLICTED, GONE, {})
    return tuple(_instead(one, record) for one in edits)


def after_rereading(
    edits: Sequence[Edit], etag: str, record: Record | None, attempts: int, updated_at: str = ""
) -> Resolved:
    """Settle a record of which nobody knows whether a PATCH had its effect.

    `record` is a new reading of it, None where Clio says that it is gone; `attempts` is how often
    the PATCH was sent. `updated_at` is the record's before: where that has moved under the same
    etag, the record may have been written and put back, if etags are made of contents.
    """
    if record is None:
        # it was deleted, before our write or after it
        return Resolved(Verdict.SETTLED, _all(edits, State.CONFLICTED, GONE, {}))
    if is_there(edits, record):
        # every value is there, by us or by an equal change of another
        return Resolved(Verdict.SETTLED, _all(edits, State.APPLIED_OBSERVED, SEEN, record))
    if set(merged(edits, record).values()) != {Merge.SEND}:
        # some values are neither the old nor ours: one PATCH writes all of them or none
        return _differs(edits, record)
    is_moved = bool(updated_at) and record.get("updated_at", updated_at) != updated_at
    if record.get("etag") != etag or is_moved:
        # the old values under another version: another field moved, or ours came and was undone
        return Resolved(Verdict.SETTLED, _all(edits, State.CONFLICTED, REVERTED, record))
    if attempts < ATTEMPTS:
        # nothing has arrived: the same PATCH under the same etag can do no harm
        return Resolved(Verdict.AGAIN)
    # it was sent as often as it may be and never arrived
    return Resolved(Verdict.SETTLED, _all(edits, State.NEEDS_HUMAN, TOO_OFTEN, record))


def _differs(edits: Sequence[Edit], record: Record) -> Resolved:
    """Settle a record that shows neither all the old values nor all of ours."""
    if Merge.HIDDEN in merged(edits, record).values():
        # a field is withheld now, so neither is proved
        return Resolved(Verdict.SETTLED, _all(edits, State.NEEDS_HUMAN, UNCONFIRMED, record))
    # somebody wrote another value; an empty one was emptied, or is withheld without a word
    ends = _all(edits, State.CONFLICTED, BOTH, record)
    noted = [replace(one, note=NOTHING_LEFT) if one.theirs is None else one for one in ends]
    if len(noted) > 1:
        # each field says what it holds: one PATCH wrote all or none, and others wrote since
        held = merged(edits, record)
        noted = [replace(one, note=f"{one.note}; {HOLDS[held[one.edit_id]]}") for one in noted]
    return Resolved(Verdict.SETTLED, tuple(noted))


def is_there(edits: Sequence[Edit], record: Record | None) -> bool:
    """Return whether a record shows every value that was approved."""
    return record is not None and set(merged(edits, record).values()) == {Merge.ALREADY}


def _all(edits: Sequence[Edit], state: State, note: str, record: Record) -> tuple[Settled, ...]:
    return tuple(Settled(one.edit_id, state, note, theirs(one.ref, record)) for one in edits)


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
