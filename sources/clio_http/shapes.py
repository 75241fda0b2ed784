"""Records of a list that sends the keys it likes, brought into the one shape read in bulk."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from .catalog import EXTRA, Column

Shape = Mapping[str, tuple[str, ...]]
"""Each key of a record with the keys that are taken of the object in it; none means: as it is."""


def shape_of(columns: Sequence[Column]) -> Shape:
    """Return the shape of the records that some columns are filled from."""
    shape: dict[str, tuple[str, ...]] = {}
    for column in columns:
        first, *inner = column.path
        shape[first] = (*shape.get(first, ()), *inner)
    return shape


def shaped(body: bytes, columns: Sequence[Column], known: frozenset[str]) -> bytes | None:
    """Return a page whose records have every key of their shape; None where that loses something.

    That is where a record has a key that is not `known`, or where the body is no page.
    """
    keeps_unknown = any(column.type == EXTRA for column in columns)
    shape = shape_of(columns)
    try:
        rows = orjson.loads(body)["data"]
        if keeps_unknown and not all(row.keys() <= known for row in rows):
            return None
        return orjson.dumps({"data": [_shaped(row, shape) for row in rows]})
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _shaped(row: dict[str, Any], shape: Shape) -> dict[str, Any]:
    return {
        key: _inside(row.get(key), inner) if inner else row.get(key) for key, inner in shape.items()
    }


def _inside(value: object, keys: tuple[str, ...]) -> object:
    """Keep some keys of an object; anything else stays, for the reader to judge."""
    return {key: value.get(key) for key in keys} if isinstance(value, dict) else value
