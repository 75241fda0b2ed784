"""Tables with a row for each record and a column for each field.

Beside a column `status` stands one called `old:status`, with what the warehouse held when the file
was written: what differs from it is what a person changed, and what differs from the warehouse is
what Clio changed since. Columns that begin with `name:` are for people; nothing in them is read.
"""

import re
from collections.abc import Iterator, Sequence

from .edit import FIELD, ID, LABEL, OLD, REASON, RESOURCE, VALUE
from .literals import CLEAR
from .sheet import Cell, Row

BEFORE, NAME = "old:", "name:"
ELEMENT = "{}#{}.{}"
"""The column of an element of a list, by the place of the element: `phone_numbers#1.number`.

Which element that is says the column `phone_numbers#1.id` beside it.
"""
_ELEMENT = re.compile(r"(?P<array>[a-z_]+)#(?P<place>[0-9]+)\.(?P<part>[a-z_]+)")
OF_THE_RECORD = (RESOURCE, ID, REASON, LABEL)
"""The columns that are no fields."""
EMPTIED = (
    f"is empty where a value was: write {CLEAR} to empty the field, or put the value back to change"
    " nothing"
)


def is_wide(names: Sequence[str]) -> bool:
    """Return whether a header is that of a table with a column for each field."""
    is_narrow = {FIELD, VALUE, OLD} & set(names)
    return not is_narrow and {RESOURCE, ID} <= set(names) and bool(fields_of(names))


def fields_of(names: Sequence[str]) -> list[str]:
    """Return the columns that hold fields."""
    return [
        name
        for name in names
        if name and name not in OF_THE_RECORD and not name.startswith((BEFORE, NAME))
        if not _is_id(name)
    ]


def _is_id(name: str) -> bool:
    found = _ELEMENT.fullmatch(name)
    return found is not None and found["part"] == ID


def wide_trouble(names: Sequence[str]) -> str:
    """Return what is wrong with the header of a wide table; empty for most."""
    if not all(names):
        return "has a column without a name"
    if len(set(names)) < len(names):
        return "has two columns of one name"
    fields = set(fields_of(names))
    alone = [name for name in names if name.startswith(BEFORE)]
    if any(name.removeprefix(BEFORE) not in fields for name in alone):
        return f"has a column {BEFORE}FIELD without one that is called FIELD; put it back"
    for name in fields:
        found = _ELEMENT.fullmatch(name)
        needed = ELEMENT.format(found["array"], found["place"], ID) if found else ""
        if needed and needed not in names:
            return f"has no column {needed}, which says of which element the others are"
    return ""


def narrowed(row: Row) -> Iterator[Row]:
    """Return a row for each field of a row of a wide table."""
    if row.trouble:
        yield row
        return
    for name in fields_of(tuple(row.cells)):
        new, old = row.cells[name], row.cells.get(f"{BEFORE}{name}")
        if new.is_blank and old is not None and not old.is_blank:
            new = Cell(trouble=EMPTIED)
        cells = {RESOURCE: row.cell(RESOURCE), ID: row.cell(ID), REASON: row.cell(REASON)}
        spelled, trouble = _spelled(name, row)
        new = Cell(new.text, trouble=trouble) if trouble and not new.is_blank else new
        cells |= {FIELD: Cell(spelled), VALUE: new} | ({OLD: old} if old is not None else {})
        yield Row(row.number, cells, "", row.is_hidden, name)


def _spelled(name: str, row: Row) -> tuple[str, str]:
    """Return the field that a column is in one row, or why it is none there."""
    found = _ELEMENT.fullmatch(name)
    if not found:
        return name, ""
    key = row.cell(ELEMENT.format(found["array"], found["place"], ID)).text.strip()
    if not key:
        return name, "belongs to no element that the record has; a new one is never made"
    return f"{found['array']}[{key}].{found['part']}", ""
