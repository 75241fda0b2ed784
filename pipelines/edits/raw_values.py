"""Where in a record of Clio's JSON a field's value stands, and whether it is shown there at all."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from .fields import FieldRef

WHICH = frozenset({"id", "etag", "custom_field", "created_at", "updated_at"})
"""Members of an element that tell which one it is, and nothing of what it holds."""


class Unreadable(Enum):
    """What stands where a record shows no value.

    `ABSENT`: the record does not have this element, or the answer not this field. `REDACTED`: it
    is hidden from this user, so its null says nothing; or what is shown of it is stripped.
    """

    ABSENT = "absent"
    REDACTED = "redacted"


ABSENT, REDACTED = Unreadable.ABSENT, Unreadable.REDACTED


def raw_of(ref: FieldRef, record: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """Give what stands where a record has a field: any JSON, or why it is none."""
    top = record[ref.read[0]]
    if ref.element:
        return _of_element(ref, top)
    for name in ref.read[1:]:
        if isinstance(top, Mapping) and name == "id" and top.get(name, ABSENT) is None:
            # a reference that is empty is null itself
            return REDACTED
        top = top.get(name, ABSENT) if isinstance(top, Mapping) else None
    return top


def _of_element(ref: FieldRef, top: object) -> Any:  # noqa: ANN401 - any JSON value
    """Give what an element of an array shows. An array that is null is withheld, not empty."""
    if not isinstance(top, list | tuple):
        return REDACTED
    entries = [one for one in top if isinstance(one, Mapping)]
    mine = [one for one in entries if _is_element(ref, one)]
    if mine:
        return REDACTED if _is_stripped(mine[0]) else mine[0].get(ref.read[1], ABSENT)
    if not ref.custom:
        return ABSENT
    # a field without a value is not listed; a value without its field may be of this one
    return REDACTED if any(_is_nameless(one) for one in entries) else None


def _is_nameless(entry: Mapping[str, Any]) -> bool:
    owner = entry.get("custom_field")
    return not isinstance(owner, Mapping) or owner.get("id") is None


def _is_stripped(entry: Mapping[str, Any]) -> bool:
    """Tell whether all that an element shows is which one it is: its members are withheld.

    One member alone that is null may be empty.
    """
    told = [value for name, value in entry.items() if name not in WHICH]
    return len(told) > 1 and not any(value is not None for value in told)


def _is_element(ref: FieldRef, element: Mapping[str, Any]) -> bool:
    owner = element.get("custom_field") if ref.custom else element
    return isinstance(owner, Mapping) and str(owner.get("id")) == ref.element
