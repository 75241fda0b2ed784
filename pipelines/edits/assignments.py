"""Fields and values as one types them: `status=closed`, `custom_field_values[Court]=High`."""

import re
from collections.abc import Sequence

from pipelines.errors import EditRefusedError

from .edit import Gathered, WantedChange

_ASSIGNMENT = re.compile(
    r"(?P<field>[A-Za-z_]+(?:\[.*?\])?(?:\.[A-Za-z_]+)?)\s*=(?P<value>.*)", re.DOTALL
)


def assigned(resource: str, record_id: str, assignments: Sequence[str], reason: str) -> Gathered:
    """Return the changes of one record, each written `FIELD=VALUE`.

    Raises:
        EditRefusedError: one is not written so, or has no value.

    """
    found = []
    for text in assignments:
        match = _ASSIGNMENT.fullmatch(text)
        if match is None:
            message = "a change is written FIELD=VALUE, such as status=closed"
            raise EditRefusedError(message)
        name, value = match["field"], match["value"]
        if not value.strip():
            message = f"{name} has no value; write {name}=<clear> to empty the field"
            raise EditRefusedError(message)
        where = f"{resource} {record_id} {name}"
        found.append(
            WantedChange(resource, record_id, name, value, reason, where, origin="command line")
        )
    return Gathered(found)


def listed(text: str) -> list[str]:
    """Split names at commas; a comma in brackets belongs to a name."""
    return [name.strip() for name in re.split(r",(?![^\[]*\])", text) if name.strip()]
