"""What may be sent to Grow: the keys of each body, and what is refused."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import orjson

from .errors import Refusal
from .switches import Switches

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


def read(sent: bytes, collection: str, switches: Switches) -> dict[str, Any]:
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
