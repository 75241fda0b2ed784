"""Fields and values as one types them: `status=closed`, `custom_field_values[Court]=High`."""

import re
from collections.abc import Sequence

from pipelines.errors import EditRefusedError

from .edit import Gathered, WantedChange
from .literals import CLEAR, unmarked

_NAME = re.compile(r"[A-Za-z_]+(?P<bracket>\[)?")
_PLAIN = re.compile(r"(\.[A-Za-z_]+)?\s*=")


def assigned(resource: str, record_id: str, assignments: Sequence[str], reason: str) -> Gathered:
    """Return the changes of one record, each written `FIELD=VALUE`.

    Raises:
        EditRefusedError: one is not written so, or has no value.

    """
    found = []
    for text in assignments:
        parts = parted(text)
        if parts is None:
            message = "a change is written FIELD=VALUE, such as status=closed"
            raise EditRefusedError(message)
        name, value = parts
        if not value.strip():
            message = f"{name} has no value; write {name}={CLEAR} to empty the field"
            raise EditRefusedError(message)
        where = f"{resource} {record_id} {name}"
        meant, is_literal = unmarked(value)
        found.append(
            WantedChange(
                resource,
                record_id,
                name,
                meant,
                reason,
                where,
                origin="command line",
                is_literal=is_literal,
            )
        )
    return Gathered(found)


def parted(text: str) -> tuple[str, str] | None:
    """Part `FIELD=VALUE` at its equals sign; one in the brackets of a name belongs to the name.

    A bracket in a name may hold brackets. Where they do not match, the name ends at the first
    closing one that an equals sign follows.
    """
    begun = _NAME.match(text)
    if begun is None:
        return None
    if not begun["bracket"]:
        found = _PLAIN.match(text, begun.end())
        return None if found is None else _at(text, found)
    depth, ends = 1, []
    for at in range(begun.end(), len(text)):
        depth += {"[": 1, "]": -1}.get(text[at], 0)
        found = _PLAIN.match(text, at + 1) if text[at] == "]" else None
        if found is not None and depth == 0:
            return _at(text, found)
        ends += [found] if found is not None else []
    return _at(text, ends[0]) if ends else None


def _at(text: str, equals: re.Match[str]) -> tuple[str, str]:
    return text[: equals.end() - 1].rstrip(), text[equals.end() :]


def listed(text: str) -> list[str]:
    """Split names at commas; a comma in brackets belongs to a name."""
    depth, parts = 0, [""]
    for char in text:
        depth += {"[": 1, "]": -1}.get(char, 0)
        if char == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += char
    return [name.strip() for name in parts if name.strip()]
