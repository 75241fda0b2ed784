"""Which pages may be read in bulk, and in which shape.

The bulk reader keeps numbers as doubles, takes records of one shape alone, and does not see that
Clio shows a record without what is in it: nested records stripped of their members. Clio never
lists a custom field that is not set, and a record that is there has an id; so an entry without its
name, type and value, or an object without its id, is one that this token may not see.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from .catalog import EXTRA, OBJECT, Collection, Column

STRIPPED = "stripped"
NOT_SENT = "not sent"
DOES_NOT_FIT = "does not fit"
NOT_READ = "not read"
"""Why a value is not known: a nested record without its members, no key, a misfit, or a record that
Clio shows only without what is nested in it."""
_NO_ID = b'"id":null'
NAMED = ("field_name", "field_type", "value")
"""The members of a custom field's value that are null together only when it is stripped."""
ALWAYS = ("etag", "created_at")
"""Members that every record has, whatever it is."""
_SPACES = tuple(b'"' + space + b":" for space in (b" ", b"\t", b"\r", b"\n")) + tuple(
    b'":' + space for space in (b" ", b"\t", b"\r", b"\n")
)
LONG = 17
LONGEST_SPACE = 256
_DIGITS = bytes.maketrans(b"123456789.", b"0" * 10)
_LONG_RUN = b"0" * LONG
_NULL_DATA = re.compile(rb'"data"\s*:\s*null')


def bulk_is_exact(body: bytes) -> bool:
    """Tell whether the bulk reader reads a page exactly.

    Long runs of digits are looked for in a copy whose digits are all the same: a search for one
    fixed string, many times faster than a pattern.
    """
    if _NULL_DATA.search(body):
        return False
    same = body.translate(_DIGITS)
    start = same.find(_LONG_RUN)
    while start >= 0:
        end = start + LONG
        while same[end : end + 1] == b"0":
            end += 1
        before = body[max(0, start - LONGEST_SPACE) : start].rstrip(b"- \t\r\n")
        if before[-1:] in (b"", b":", b"[", b",") and not _survives_as_double(body[start:end]):
            return False
        start = same.find(_LONG_RUN, end)
    return True


def _survives_as_double(run: bytes) -> bool:
    try:
        return Decimal(run.decode()) == Decimal(repr(float(run)))
    except (ArithmeticError, ValueError):
        return True


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
    found = {}
    for key, inner in shape.items():
        value = row.get(key)
        if inner and isinstance(value, dict):  # anything else stays, for the reader to judge
            value = {name: value.get(name) for name in inner}
        found[key] = value
    return found


@dataclass(frozen=True)
class Signs:
    """What to look for in the rows of one reader.

    `arrays` maps a field to the members that are null together in a stripped entry; `objects` are
    the fields whose object was asked for with its id. `marks` are bytes of which one is in every
    page with a stripped entry. `narrows` says that every key that was asked for must come. `alone`
    are objects that were named without what is in them.
    """

    arrays: Mapping[str, tuple[str, ...]]
    objects: frozenset[str]
    marks: tuple[bytes, ...]
    narrows: bool
    alone: frozenset[str] = frozenset()

    def may_be_in(self, body: bytes) -> bool:
        """Tell whether a page must be looked at row by row; cheap, and never wrongly false."""
        if any(space in body for space in _SPACES):
            try:
                body = orjson.dumps(orjson.loads(body))
            except ValueError:
                return True
        if any(mark in body for mark in self.marks):
            return True
        # an entry of an array may have no id: a custom field that is shown though it is not set
        entries = sum(body.count(bracket + _NO_ID) for bracket in (b"[{", b",{"))
        return bool(self.objects) and body.count(_NO_ID) > entries

    def is_stripped(self, field: str, value: object) -> bool:
        """Tell whether a value of a row is an array with a stripped entry, or a stripped object."""
        if field in self.arrays and isinstance(value, list):
            members = self.arrays[field]
            entries = [entry for entry in value if isinstance(entry, dict)]
            return any(all(entry.get(name, "") is None for name in members) for entry in entries)
        if field in self.objects and isinstance(value, dict):
            return "id" in value and value["id"] is None
        return False


NONE = Signs({}, frozenset(), (), narrows=False)


def signs_of(collection: Collection, columns: Sequence[Column]) -> Signs:
    """Say what to look for; nothing in a list that sends the keys it likes."""
    if not collection.narrows:
        return NONE
    tops = {column.path[0] for column in columns if column.path}
    arrays: dict[str, tuple[str, ...]] = {}
    objects = set()
    for field in collection.fields:
        names = tuple(name for name, _ in field.sub)
        if field.name not in tops:
            continue
        if field.type == OBJECT and (not names or "id" in names):
            objects.add(field.name)
        elif field.type != OBJECT and len(names) > 1 and "id" in names:
            members = NAMED if set(NAMED) <= set(names) else names
            arrays[field.name] = tuple(name for name in members if name != "id")
    marks = _marks(arrays.values(), columns)
    alone = frozenset(f.name for f in collection.fields if f.type == OBJECT and not f.sub)
    return Signs(arrays, frozenset(objects), marks, narrows=True, alone=alone)


def _marks(arrays: Iterable[tuple[str, ...]], columns: Sequence[Column]) -> tuple[bytes, ...]:
    """Return for each kind of stripped entry one member that is hardly ever null elsewhere."""
    elsewhere = {name for column in columns for name in column.path}
    names = set()
    for members in arrays:
        rare = [name for name in members if name not in elsewhere]
        always = [name for name in ALWAYS if name in members]
        names.add([*always, *rare, *members][0])
    return tuple(f'"{name}":null'.encode() for name in sorted(names))
