"""Switches as JSON, in which a set is a list and every key is text."""

from dataclasses import fields
from typing import Any, get_args, get_origin, get_type_hints

from .switches import Switches
from .values import Raw, unraw

HINTS = get_type_hints(Switches)


def set_to(switches: Switches, name: str, value: Any) -> None:  # noqa: ANN401 - any JSON
    """Set one switch to what JSON says.

    Raises:
        KeyError: there is no such switch.

    """
    setattr(switches, name, _read(HINTS[name], value))


def shown(switches: Switches) -> dict[str, Any]:
    """Give all switches as JSON."""
    return {each.name: _written(getattr(switches, each.name)) for each in fields(switches)}


def _read(hint: Any, value: Any) -> Any:  # noqa: ANN401 - a type, and any JSON
    if get_origin(hint) is dict:
        key, inner = get_args(hint)
        return {key(name): _read(inner, each) for name, each in value.items()}
    sets = [kind for kind in (hint, *get_args(hint)) if get_origin(kind) is set]
    if sets and isinstance(value, list):
        return set(value)
    return unraw(value)


def _written(value: Any) -> Any:  # noqa: ANN401 - a switch
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Raw):
        return {"$raw": value.data.decode("utf-8", "surrogateescape")}
    if isinstance(value, dict):
        return {str(name): _written(each) for name, each in value.items()}
    return value
