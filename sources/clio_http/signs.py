"""Signs that Clio shows a record without what is in it: nested records stripped of their members.

Clio never lists a custom field that is not set, and a record that is there has an id; so an entry
without its name, type and value, or an object without its id, is one that this token may not see.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from .catalog import OBJECT, Collection, Column

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
            return any(self._is_stripped_entry(field, entry) for entry in value)
        if field in self.objects and isinstance(value, dict):
            return "id" in value and value["id"] is None
        return False

    def _is_stripped_entry(self, field: str, entry: object) -> bool:
        if not isinstance(entry, dict):
            return False
        members = self.arrays[field]
        return all(name in entry and entry[name] is None for name in members)


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
