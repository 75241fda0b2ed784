"""Entity tags: of a record's version or of its content, in the form that a switch asks for."""

from collections.abc import Callable
from typing import Any

import orjson

from . import values
from .store import Row
from .switches import Switches

MOVING = ("updated_at",)
"""What a tag of the content leaves out, as well as the simulator's own keys."""

FORMS: dict[str, Callable[[str], str | None]] = {
    "weak": lambda tag: f"W/{tag}",
    "comma": lambda tag: f"{tag[:9]},{tag[9:]}",
    "bare": lambda tag: tag.strip('"'),
    "none": lambda _: None,
}


def mark(switches: Switches) -> tuple[object, ...]:
    """Give what changes with every switch that changes etags."""
    return switches.content_etags, *sorted(switches.etag_forms.items())


def of(kind: str, row: Row, switches: Switches) -> Any:  # noqa: ANN401 - a string, null, raw bytes
    """Give the tag of a record or nested value; `kind` is its collection or schema."""
    known = row.get("etag")
    if known is not None:
        return known
    if switches.content_etags:
        tag = values.etag(kind, orjson.dumps(_content(row), default=repr).decode())
    else:
        tag = values.etag(kind, row.get("id"), row.get("_v") or row.get("updated_at", 0))
    form = switches.etag_forms.get(kind) or switches.etag_forms.get("*")
    return FORMS[form](tag) if form else tag


def header(tag: str, switches: Switches) -> str:
    """Give the tag as the header `ETag` shows it; empty for no header."""
    weakened = switches.etag_header == "weak" and tag and not tag.startswith("W/")
    return "" if switches.etag_header == "none" else f"W/{tag}" if weakened else tag


def _content(value: Any) -> Any:  # noqa: ANN401 - any value of a row
    if isinstance(value, dict):
        return {
            name: _content(inner)
            for name, inner in sorted(value.items())
            if name not in MOVING and not name.startswith("_")
        }
    return [_content(inner) for inner in value] if isinstance(value, list) else value
