"""The `fields` parameter: a comma list, one nested level in braces; and what a user sees of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from . import values
from .errors import Refusal, forbidden, invalid_fields, not_found
from .filters import Test
from .store import Row
from .switches import Switches

DEFAULTS = ("id", "etag")


@dataclass(frozen=True)
class FieldRequest:
    """One field that is asked for; `inside` is None where it is named without braces."""

    name: str
    inside: tuple[str, ...] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Give the dotted names that this stands for."""
        return (self.name, *(f"{self.name}.{name}" for name in self.inside or ()))


def _split(text: str) -> list[str]:
    """Split at the commas outside braces."""
    parts, depth, start = [], 0, 0
    for position, letter in enumerate(text):
        if letter == "{":
            depth += 1
        elif letter == "}":
            depth -= 1
        elif letter == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
        if depth not in {0, 1}:
            raise Refusal(400, "The fields parameter allows one nested level")
    if depth:
        raise Refusal(400, "The fields parameter has an open brace")
    return [*parts, text[start:]]


def _wanted(part: str) -> FieldRequest:
    name, brace, rest = part.partition("{")
    if not brace:
        return FieldRequest(name.strip())
    inside = tuple(inner.strip() for inner in rest.rstrip().removesuffix("}").split(","))
    return FieldRequest(name.strip(), tuple(inner for inner in inside if inner))


@lru_cache(maxsize=1000)
def parse(text: str) -> tuple[FieldRequest, ...]:
    """Read a `fields` parameter; empty text asks for the defaults."""
    parts = [part for part in _split(text) if part.strip()]
    return tuple(dict.fromkeys(_wanted(part) for part in parts))


def defaults(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Give those of id and etag that a record has."""
    return tuple(name for name in DEFAULTS if name in schema)


def check(
    wanted: tuple[FieldRequest, ...], schema: str, schemas: Mapping[str, Mapping[str, Any]]
) -> None:
    """Refuse what the record does not have."""
    unknown = []
    for field in wanted:
        described = schemas[schema].get(field.name)
        if described is None:
            unknown.append(field.name)
        elif field.inside is not None:
            known = schemas[described["schema"]] if "schema" in described else {}
            unknown += [f"{field.name}.{name}" for name in field.inside if name not in known]
    if unknown:
        raise invalid_fields(unknown)


def check_collection(collection: str, switches: Switches) -> None:
    """Refuse a collection that the caller may not use."""
    if collection in switches.forbidden:
        raise forbidden()


def check_fields(collection: str, data: Mapping[str, Any], switches: Switches) -> None:
    """Refuse a write to a field that the caller may not see."""
    if hidden(collection, switches) & set(data):
        raise forbidden()


def check_rows(collection: str, switches: Switches) -> None:
    """Refuse a single record where the caller sees none."""
    if collection in switches.emptied:
        raise not_found()


def tests(collection: str, switches: Switches) -> list[Test]:
    """Keep of a list what the caller sees."""
    return [lambda _: False] if collection in switches.emptied else []


def hidden(collection: str, switches: Switches) -> frozenset[str]:
    """Name the fields that the caller may not see."""
    fields = switches.hidden_fields
    return frozenset(fields.get(collection, ())) | frozenset(fields.get("*", ()))


def mark(collection: str, switches: Switches) -> tuple[object, ...]:
    """Give what changes with every switch that changes what is shown of a collection."""
    misfits = repr(switches.misfits.get(collection))
    return hidden(collection, switches), switches.hidden_fields_shape, misfits


@dataclass(frozen=True)
class Veil:
    """The records of one collection as the caller sees them."""

    collection: str
    switches: Switches

    def __call__(self, record: Row, key: int) -> Row:
        """Give the record with that id, about to be written as JSON, without what is hidden."""
        spoilt = self.switches.misfits.get(self.collection, {}).get(key, {})
        for name in spoilt.keys() & record.keys():
            record[name] = _writable(spoilt[name])
        for name in hidden(self.collection, self.switches) & record.keys():
            self._hide(record, name)
        return record

    def _hide(self, record: Row, name: str) -> None:
        value, shape = record[name], self.switches.hidden_fields_shape
        if isinstance(value, list) and all(_has_id(entry) for entry in value):
            record[name] = [_stripped(entry, keep=("id",)) for entry in value]
        elif shape == "missing":
            del record[name]
        else:
            whole = shape == "stripped" and isinstance(value, dict)
            record[name] = _stripped(value) if whole else None


def _writable(value: object) -> object:
    """Give what JSON can hold only in escapes, as half a surrogate pair, as its bytes."""
    try:
        values.dump(value)
    except TypeError:
        return values.Raw(json.dumps(value).encode())
    return value


def _has_id(entry: Any) -> bool:  # noqa: ANN401 - any JSON
    return isinstance(entry, dict) and "id" in entry


def _stripped(value: Row, keep: tuple[str, ...] = ()) -> Row:
    return {name: value[name] if name in keep else None for name in value}
