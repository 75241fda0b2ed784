"""What the quantity of an activity counts: seconds that were worked, or things that were paid.

Both are the same number of the same field at Clio; the type of the record tells which.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .edit import FIELD, EditProblem
from .fields import COUNT, SECONDS, FieldRef

ACTIVITIES, QUANTITY, TYPE = "activities", "quantity", "type"
TIME = "TimeEntry"


def needs_type(resource: str, field: str) -> bool:
    """Return whether a field means one thing or another by the type of its record."""
    return (resource.strip(), field.strip()) == (ACTIVITIES, QUANTITY)


def of_record(ref: FieldRef, record: Mapping[str, Any]) -> FieldRef:
    """Return a field with the unit that it has in this record.

    Raises:
        EditProblem: it has one, and the record does not show which.

    """
    if not needs_type(ref.resource, ref.text):
        return ref
    type_ = record.get(TYPE)
    if not isinstance(type_, str) or not type_:
        message = "whether this is time or an expense is not known here, and so neither is its unit"
        raise EditProblem(FIELD, message)
    return replace(ref, unit=SECONDS if type_ == TIME else COUNT)
