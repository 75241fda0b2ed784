"""The body of a PATCH: the approved values and nothing else. No effects."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pipelines.edits import fields
from pipelines.edits.fields import FieldRef
from pipelines.edits.raw_values import Unreadable
from pipelines.edits.values import JsonScalar, read
from pipelines.errors import EditRefusedError
from pipelines.ledger.canonical import canonical
from sources.clio_manage.writable import CUSTOM

Change = tuple[FieldRef, JsonScalar]


def body_of(changes: Sequence[Change], record: Mapping[str, Any]) -> str:
    """Write the text to send that gives fields of a record, as it was read, their new values.

    An element of an array is named by its id, the value of a custom field by its own, or by that
    of the field where it has none yet. Money and hours are numbers written digit by digit.

    Raises:
        EditRefusedError: the record has no such element.

    """
    data: dict[str, Any] = {}
    for ref, value in changes:
        if ref.custom:
            data.setdefault(CUSTOM, []).append(_custom(ref, value, record))
        elif ref.element:
            _element(data.setdefault(ref.array, []), ref, value, record)
        else:
            _plain(data, ref, value)
    for ref, _ in changes:
        _with_type(data, ref, record)
    return _written({"data": data})


def names(changes: Iterable[Change]) -> set[str]:
    """Name the fields at the top of the body that these changes make."""
    return {ref.path[0] for ref, _ in changes}


def _plain(data: dict[str, Any], ref: FieldRef, value: JsonScalar) -> None:
    *outer, last = ref.path
    for name in outer:
        data = data.setdefault(name, {})
    data[last] = _value(ref, value)


def _with_type(data: dict[str, Any], ref: FieldRef, record: Mapping[str, Any]) -> None:
    """Say with an id what type of record it points at, as Clio shows it, unless that changes."""
    if not ref.companion or ref.path == ref.companion:
        return
    top, name = ref.companion
    there = record.get(top)
    kind = there.get(name) if isinstance(there, Mapping) else None
    if kind is not None:
        data[top].setdefault(name, kind)


def _value(ref: FieldRef, value: JsonScalar) -> JsonScalar | Decimal:
    if ref.kind == fields.NUMBER and isinstance(value, str):
        return Decimal(value)
    return value


def _element(
    entries: list[dict[str, Any]], ref: FieldRef, value: JsonScalar, record: Mapping[str, Any]
) -> None:
    if isinstance(read(ref, record), Unreadable):
        message = f"the record has no {ref.text} that could be changed"
        raise EditRefusedError(message)
    key = int(ref.element)
    entry = next((one for one in entries if one["id"] == key), None)
    if entry is None:
        entry = {"id": key}
        entries.append(entry)
    entry[ref.path[1]] = _value(ref, value)


def _custom(ref: FieldRef, value: JsonScalar, record: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(read(ref, record), Unreadable):
        # without knowing what is there, a second value could be made beside it
        message = f"Clio does not show {ref.text} of this record"
        raise EditRefusedError(message)
    key = _value_id(ref, record)
    if value is None:
        if key is None:
            message = f"{ref.text} has no value that could be taken away"
            raise EditRefusedError(message)
        return {"id": key, "_destroy": True}
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    if key is None:
        return {"custom_field": {"id": int(ref.element)}, "value": text}
    return {"id": key, "value": text}


def _value_id(ref: FieldRef, record: Mapping[str, Any]) -> str | int | None:
    """Find the id of the value that a record has of a custom field.

    Raises:
        EditRefusedError: it has several, so that nobody can tell which one is meant.

    """
    mine = [
        entry
        for entry in record.get(CUSTOM) or ()
        if str((entry.get("custom_field") or {}).get("id")) == ref.element
    ]
    if len(mine) > 1:
        message = f"the record has several values of {ref.text}"
        raise EditRefusedError(message)
    key: str | int | None = mine[0].get("id") if mine else None
    return key


def _written(value: object) -> str:
    """Write JSON in one way, decimals digit by digit, which `canonical` leaves to its caller."""
    if isinstance(value, Mapping):
        parts = (f"{canonical(name)}:{_written(value[name])}" for name in sorted(value))
        return "{" + ",".join(parts) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return f"{value:f}" if isinstance(value, Decimal) else canonical(value)
