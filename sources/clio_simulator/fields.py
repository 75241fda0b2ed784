"""The `fields` parameter: a comma list, one nested level in braces."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .errors import Refusal, invalid_fields

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
