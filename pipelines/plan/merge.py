"""Base, Clio's and ours, field by field: what may be sent, what is there already, what conflicts.

No effects. A field that both sides changed is never decided here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pipelines.edits import values
from pipelines.edits.fields import FieldRef
from pipelines.edits.raw_values import Unreadable
from pipelines.edits.values import JsonScalar


class Merge(StrEnum):
    """What becomes of one field."""

    SEND = "send"
    ALREADY = "already"
    CONFLICT = "conflict"
    HIDDEN = "hidden"


@dataclass(frozen=True)
class FieldChange:
    """One edit as a plan holds it, with its field found."""

    edit_id: str
    ref: FieldRef
    base: JsonScalar
    new: JsonScalar


def merge(
    ref: FieldRef, base: JsonScalar, theirs: JsonScalar | Unreadable, new: JsonScalar
) -> Merge:
    """Merge one field: it is sent only while Clio still has the base."""
    if isinstance(theirs, Unreadable):
        return Merge.HIDDEN
    if values.same(ref, theirs, new):
        return Merge.ALREADY
    if values.same(ref, base, theirs):
        return Merge.SEND
    return Merge.CONFLICT


def merged(changes: Sequence[FieldChange], record: Mapping[str, Any]) -> dict[str, Merge]:
    """Merge all the fields of a record, by edit."""
    return {
        one.edit_id: merge(one.ref, one.base, values.read(one.ref, record), one.new)
        for one in changes
    }


def theirs(ref: FieldRef, record: Mapping[str, Any]) -> JsonScalar:
    """Give what Clio shows, as the ledger keeps it; None where it shows nothing."""
    found = values.read(ref, record)
    return None if isinstance(found, Unreadable) else found
