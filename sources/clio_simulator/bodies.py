"""The bodies of POST and PATCH: `{"data": {…}}`, each value held against Clio's document.

What the document does not name is dropped without a word, as Clio does.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, TypeAlias

from .errors import Refusal
from .store import Row
from .values import milliseconds

Shape: TypeAlias = Mapping[str, Any]

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
LOOSE = frozenset({"custom_field_values[].id", "custom_field_values[].value"})
"""Values that Clio's document types too narrowly: ids such as `text_line-1`, numbers as values."""


@lru_cache
def operations() -> dict[str, dict[str, Any]]:
    """Read what `build_bodies.py` wrote: collection → path, post, patch, delete."""
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
