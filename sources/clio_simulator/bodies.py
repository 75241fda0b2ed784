"""The bodies that each product takes, `{"data": {…}}`, held against what is documented.

What its document does not name Manage drops without a word; Grow refuses it.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import orjson

from .errors import Refusal
from .store import Row
from .switches import Switches
from .values import milliseconds

Shape: TypeAlias = Mapping[str, Any]

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
LOOSE = frozenset({"custom_field_values[].id", "custom_field_values[].value"})
"""Values that Clio's document types too narrowly: ids such as `text_line-1`, numbers as values."""


@lru_cache
def operations() -> dict[str, dict[str, Any]]:
    """Read what `build.py` wrote: collection → path, post, patch, delete."""
    text = files("sources").joinpath("clio_simulator", "bodies.json").read_text("utf-8")
    found: dict[str, dict[str, Any]] = json.loads(text)
    return found


def read(sent: bytes) -> Row:
    """Read a body and give what stands under `data`."""
    try:
        body = json.loads(sent)
    except ValueError as error:
        raise Refusal(400, "The request body is not valid JSON") from error
    if not isinstance(body, dict) or not isinstance(body.get("data"), dict):
        raise Refusal(400, "The request body must hold an object under data")
    data: Row = body["data"]
    return data


def unknown(shape: Shape, data: Row) -> list[str]:
    """Name the fields of a body that Clio's document does not."""
    return sorted(set(data) - set(shape["inside"]))


def accepted(shape: Shape, data: Row, *, creates: bool) -> Row:
    """Give what a body says in fields that are known; what a creation requires must be there."""
    return _object(shape, data, "", creates=creates)


def _object(shape: Shape, given: Row, path: str, *, creates: bool) -> Row:
    inside = shape["inside"]
    missing = [name for name in shape.get("required", ()) if given.get(name) is None]
    if creates and missing:
        raise Refusal(422, f"{path}{missing[0]} is required")
    if not inside:
        return given
    return {
        name: _value(inside[name], value, f"{path}{name}", creates=creates)
        for name, value in given.items()
        if name in inside
    }


def _value(shape: Shape, given: Any, path: str, *, creates: bool) -> Any:  # noqa: ANN401 - any JSON
    if given is None:
        return None
    if shape["type"] == "object":
        if not isinstance(given, dict):
            raise Refusal(422, f"{path} must be an object")
        return _object(shape, given, f"{path}.", creates=creates)
    if shape["type"] == "array":
        if not isinstance(given, list):
            raise Refusal(422, f"{path} must be an array")
        return [_value(shape["items"], each, f"{path}[]", creates=creates) for each in given]
    return given if path in LOOSE else _scalar(shape, given, path)


def _scalar(shape: Shape, given: Any, path: str) -> Any:  # noqa: ANN401 - any JSON
    kind = shape["type"]
    if not TYPES[kind](given):
        raise Refusal(422, f"{path} must be {WORDS[kind]}")
    if "enum" in shape and given not in shape["enum"]:
        raise Refusal(422, f"{path} must be one of: {', '.join(map(str, shape['enum']))}")
    form = shape.get("format", "")
    if kind == "string" and not FORMATS.get(form, _any)(given):
        raise Refusal(422, f"{path} must be an ISO-8601 {form}")
    return int(given) if kind == "integer" else given


def _whole(given: object) -> bool:
    """Tell whether this is a whole number; ids may come as text, as those of calendar entries."""
    if isinstance(given, str):
        return given.isascii() and given.isdigit()
    return isinstance(given, int) and not isinstance(given, bool)


def _number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)


def _day(given: str) -> bool:
    return DAY.fullmatch(given[:10]) is not None and _moment(given)


def _moment(given: str) -> bool:
    try:
        milliseconds(given)
    except ValueError:
        return False
    return True


def _any(_: str) -> bool:
    return True


TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda given: isinstance(given, str),
    "boolean": lambda given: isinstance(given, bool),
    "integer": _whole,
    "number": _number,
}
WORDS = {
    "string": "a string",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
}
FORMATS: dict[str, Callable[[str], bool]] = {"date": _day, "date-time": _moment}


Check: TypeAlias = Callable[[Any], str]
"""Says what is wrong with a value; nothing if it is right."""


def _text(longest: int = 0, shortest: int = 0, pattern: str = "") -> Check:
    def check(value: object) -> str:
        if not isinstance(value, str):
            return "must be text"
        if len(value) < shortest or (longest and len(value) > longest):
            return f"must have {shortest} to {longest} characters"
        return "" if re.fullmatch(pattern or r".*", value, re.DOTALL) else "is not valid"

    return check


def _address(value: object) -> str:
    parts = urlsplit(value) if isinstance(value, str) else None
    return "" if parts and parts.scheme and parts.netloc else "must be an address"


def _reference(value: object) -> str:
    right = isinstance(value, dict) and set(value) <= {"id"} and isinstance(value.get("id"), int)
    return "" if right else "must hold an id"


@dataclass(frozen=True)
class Body:
    """The keys of a body; `others` lets it hold keys that are not documented."""

    required: Mapping[str, Check]
    optional: Mapping[str, Check]
    others: bool = False


_NAME = Body({"name": _text(255)}, {})
_NOTE = Body({"subject": _text(255), "body": _text(65_535)}, {})
_REFERENCES = ("marketing_source", "matter_type", "matter_location")

BODIES = {
    "contact_notes": _NOTE,
    "matter_notes": _NOTE,
    "sources": _NAME,
    "matter_types": _NAME,
    "locations": _NAME,
    "inbox_leads": Body(
        {
            "first_name": _text(),
            "last_name": _text(),
            "from_message": _text(),
            "referring_url": _address,
            "from_source": _text(),
        },
        {
            "email": _text(pattern=r"[^@\s]+@[^@\s]+"),
            "phone_number": _text(),
            **dict.fromkeys(_REFERENCES, _reference),
        },
    ),
    "custom_actions": Body(
        {
            "label": _text(32, 6),
            "target_url": _text(pattern=r"https://.+"),
            "ui_reference": _text(pattern=r"matters/show"),
        },
        {},
        others=True,
    ),
}
"""Collection → what creates a record of it."""


def read_grow(sent: bytes, collection: str, switches: Switches) -> dict[str, Any]:
    """Give what a body holds under `data`."""
    try:
        whole = orjson.loads(sent)
    except ValueError as error:
        raise Refusal(400, "The body is not JSON") from error
    data = whole.get("data") if isinstance(whole, dict) else None
    if not isinstance(data, dict):
        raise Refusal(422, "data is required")
    body = BODIES[collection]
    known = {**body.required, **body.optional}
    more = [name for name in whole if name != "data"] + [name for name in data if name not in known]
    if more and not body.others:
        raise Refusal(switches.grow_unknown_key, f"unknown keys: {', '.join(sorted(more))}")
    return _checked(data, body, known)


def _checked(data: dict[str, Any], body: Body, known: Mapping[str, Check]) -> dict[str, Any]:
    for name in body.required:
        if data.get(name) is None:
            raise _wrong(name, "is required")
    for name, check in known.items():
        wrong = check(data[name]) if data.get(name) is not None else ""
        if wrong:
            raise _wrong(name, wrong)
    return {name: data[name] for name in known if data.get(name) is not None}


def _wrong(name: str, what: str) -> Refusal:
    return Refusal(422, f"{name} {what}")
