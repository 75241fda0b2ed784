"""The bodies that each product takes, `{"data": {…}}`, held against what is documented.

What its document does not name Manage drops without a word; Grow refuses it. The values of custom
fields are changed by the value's own id, and created by that of the field.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import orjson
import pendulum

from sources.clio_http.leaves import JsonValue

from .answers import Refusal
from .grow_records import API
from .store import Row, Store
from .switches import Switches
from .values import LIVE, milliseconds

Shape: TypeAlias = Mapping[str, Any]

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
LOOSE = frozenset({"custom_field_values[].id", "custom_field_values[].value"})
"""Values that Clio's document types too narrowly: ids such as `text_line-1`, numbers as values."""


def read(sent: bytes) -> Row:
    """Read a body and return what stands under `data`."""
    try:
        body = json.loads(sent)
    except ValueError as error:
        raise Refusal(400, "The request body is not valid JSON") from error
    if not isinstance(body, dict) or not isinstance(body.get("data"), dict):
        raise Refusal(400, "The request body must hold an object under data")
    data: Row = body["data"]
    return data


def accepted(shape: Shape, given: Row, path: str = "", *, creates: bool) -> Row:
    """Return what a body says in fields that are known; what a creation requires must be there."""
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


def _value(shape: Shape, given: JsonValue, path: str, *, creates: bool) -> JsonValue:
    if given is None:
        return None
    if shape["type"] == "object":
        if not isinstance(given, dict):
            raise Refusal(422, f"{path} must be an object")
        return accepted(shape, given, f"{path}.", creates=creates)
    if shape["type"] == "array":
        if not isinstance(given, list):
            raise Refusal(422, f"{path} must be an array")
        return [_value(shape["items"], each, f"{path}[]", creates=creates) for each in given]
    if path in LOOSE:
        return given
    kind, form = shape["type"], shape.get("format", "")
    if not TYPES[kind](given):
        raise Refusal(422, f"{path} must be {WORDS[kind]}")
    if "enum" in shape and given not in shape["enum"]:
        raise Refusal(422, f"{path} must be one of: {', '.join(map(str, shape['enum']))}")
    if kind == "string" and form in FORMATS and not FORMATS[form](given):
        raise Refusal(422, f"{path} must be an ISO-8601 {form}")
    return int(given) if kind == "integer" else given


def _is_number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool)


def _is_whole(given: object) -> bool:
    """Tell whether this is a whole number; ids may come as text, as those of calendar entries."""
    text = isinstance(given, str) and given.isascii() and given.isdigit()
    return text or (isinstance(given, int) and _is_number(given))


def _is_moment(given: str) -> bool:
    try:
        milliseconds(given)
    except ValueError:
        return False
    return True


TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda given: isinstance(given, str),
    "boolean": lambda given: isinstance(given, bool),
    "integer": _is_whole,
    "number": _is_number,
}
WORDS = {
    "string": "a string",
    "boolean": "true or false",
    "integer": "an integer",
    "number": "a number",
}
FORMATS: dict[str, Callable[[str], bool]] = {
    "date": lambda given: DAY.fullmatch(given[:10]) is not None and _is_moment(given),
    "date-time": _is_moment,
}


Check: TypeAlias = Callable[[Any], str]
"""Says what is wrong with a value; nothing if it is right."""


def _text(value: object, longest: int = 0, shortest: int = 0, pattern: str = r".*") -> str:
    if not isinstance(value, str):
        return "must be text"
    if len(value) < shortest or (longest and len(value) > longest):
        return f"must have {shortest} to {longest} characters"
    return "" if re.fullmatch(pattern, value, re.DOTALL) else "is not valid"


def _address(value: object) -> str:
    parts = urlsplit(value) if isinstance(value, str) else None
    return "" if parts and parts.scheme and parts.netloc else "must be an address"


def _reference(value: object) -> str:
    right = isinstance(value, dict) and set(value) <= {"id"} and isinstance(value.get("id"), int)
    return "" if right else "must hold an id"


KINDS: dict[str, Check] = {"address": _address, "reference": _reference}


def read_grow(sent: bytes, collection: str, switches: Switches) -> dict[str, Any]:
    """Return what a body holds under `data`."""
    try:
        whole = orjson.loads(sent)
    except ValueError as error:
        raise Refusal(400, "The body is not JSON") from error
    data = whole.get("data") if isinstance(whole, dict) else None
    if not isinstance(data, dict):
        raise Refusal(422, "data is required")
    body = API["bodies"][collection]
    known = body["required"] | body.get("optional", {})
    more = [name for name in whole if name != "data"] + [name for name in data if name not in known]
    if more and not body.get("others"):
        raise Refusal(switches.grow_unknown_key, f"unknown keys: {', '.join(sorted(more))}")
    for name in body["required"]:
        if data.get(name) is None:
            raise Refusal(422, f"{name} is required")
    kept = {name: data[name] for name in known if data.get(name) is not None}
    for name, value in kept.items():
        kind = known[name]
        wrong = KINDS[kind](value) if isinstance(kind, str) else _text(value, **kind)
        if wrong:
            raise Refusal(422, f"{name} {wrong}")
    return kept


PARENTS = {"matters": "Matter", "contacts": "Contact"}
LONGEST_LINE = 255


@dataclass(frozen=True)
class CustomValues:
    """Write values into the list of a matter or contact."""

    store: Store
    switches: Switches
    ids: Iterator[int]

    def written(self, collection: str, old: list[Any], given: Row, stamp: int) -> list[Any]:
        """Return the list with one value changed, taken away or added."""
        if given.get("id") is not None:
            return self._changed(old, given, stamp)
        field = self._definition(collection, given)
        same = [n for n, entry in enumerate(old) if entry["custom_field"] == field["id"]]
        empty = next((n for n in same if old[n].get("id") is None), None)
        if empty is not None:
            entry = {**old[empty], **self._created(field, given, stamp)}
            return [*old[:empty], entry, *old[empty + 1 :]]
        if same and self.switches.second_custom_value == "refuse":
            raise Refusal(422, "custom_field_values[].custom_field has already been taken")
        if same and self.switches.second_custom_value == "replace":
            entry = self._with(old[same[0]], field["field_type"], given, stamp)
            return [*old[: same[0]], entry, *old[same[0] + 1 :]]
        return [*old, self._created(field, given, stamp)]

    def _changed(self, old: list[Any], given: Row, stamp: int) -> list[Any]:
        at = next((n for n, entry in enumerate(old) if entry.get("id") == str(given["id"])), None)
        if at is None:
            raise Refusal(422, "custom_field_values[].id: there is no such value")
        if given.get("_destroy") is True:
            kept = {name: old[at][name] for name in old[at] if name not in REFERENCES.values()}
            empty = {**kept, "id": None, "value": None, "updated_at": stamp}
            return [*old[:at], empty, *old[at + 1 :]]
        if "value" not in given:
            return old
        new = self._with(old[at], old[at]["field_type"], given, stamp)
        return [*old[:at], new, *old[at + 1 :]]

    def _definition(self, collection: str, given: Row) -> Row:
        key = (given.get("custom_field") or {}).get("id")
        field = self.store["custom_fields"].get(int(key)) if key is not None else None
        if field is None or field["deleted"] or field["parent_type"] != PARENTS[collection]:
            raise Refusal(
                422, "custom_field_values[].custom_field.id: there is no such custom field"
            )
        return field

    def _created(self, field: Row, given: Row, stamp: int) -> Row:
        kind = field["field_type"]
        new = custom_value(field, f"{kind}-{next(self.ids)}")
        new |= {"created_at": stamp, "updated_at": stamp}
        return self._with(new, kind, given, stamp)

    def _with(self, entry: Row, kind: str, given: Row, stamp: int) -> Row:
        """Return a value with other content."""
        value = given.get("value")
        new = {name: entry[name] for name in entry if name not in REFERENCES.values()}
        new["value"] = None
        if value is not None:
            new |= self._content(kind, value, entry)
        same = all(new.get(name) == entry.get(name) for name in {*new, *entry})
        return entry if same else {**new, "updated_at": stamp}

    def _content(self, kind: str, value: JsonValue, entry: Row) -> Row:
        text = _kept_text(value)
        if not CHECKS[kind](text):
            raise Refusal(422, f"custom_field_values[].value is not a valid {kind}")
        if kind == "picklist":
            field = self.store["custom_fields"].rows[entry["custom_field"]]
            for option in field.get("picklist_options", ()):
                if str(option["id"]) == text and "deleted_at" not in option:
                    return {"value": text, REFERENCES[kind]: dict(option)}
            raise Refusal(422, "custom_field_values[].value is not an option of the picklist")
        if kind not in REFERENCES:
            return {"value": text}
        if self.store[f"{kind}s"].get(int(text)) is None:
            raise Refusal(422, "custom_field_values[].value: there is no such record")
        return {"value": text, REFERENCES[kind]: int(text)}


def custom_value(field: Row, key: str) -> Row:
    """Return what a value of a custom field copies of the field, under an id of its own."""
    copied = {name: field[own] for name, own in LIVE.items()}
    return {"id": key, **copied, "custom_field": field["id"]}


def _kept_text(value: JsonValue) -> str:
    """Write a value as Clio keeps it: text, whatever its type."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(text: str) -> bool:
    try:
        return abs(float(text)) < float("inf")
    except ValueError:
        return False


def _day(text: str) -> bool:
    try:
        return pendulum.from_format(text, "YYYY-MM-DD").to_date_string() == text
    except ValueError:
        return False


def _time(text: str) -> bool:
    parts = text.split(":")
    limits = (24, 60, 60)
    return len(parts) in {2, 3} and all(
        part.isdigit() and int(part) < limit for part, limit in zip(parts, limits, strict=False)
    )


def _line(text: str) -> bool:
    return len(text) <= LONGEST_LINE


CHECKS: dict[str, Callable[[str], bool]] = {
    "checkbox": {"true", "false"}.__contains__,
    "contact": str.isdigit,
    "currency": _number,
    "date": _day,
    "email": lambda text: "@" in text and _line(text),
    "matter": str.isdigit,
    "numeric": _number,
    "picklist": str.isdigit,
    "text_area": lambda _: True,
    "text_line": _line,
    "time": _time,
    "url": _line,
}
"""Type of a custom field → what its value must be."""

REFERENCES = {"picklist": "picklist_option", "contact": "contact", "matter": "matter"}
"""Type of a custom field → where the record that its value names is shown."""
