"""Templates with a row for each record and a column for each field, and names beside ids."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipelines.errors import EditRefusedError
from sources.clio_manage.writable import CUSTOM

from . import fields, literals, values
from .checks import text_of
from .edit import ID, LABEL, REASON, RESOURCE
from .fields import PARENT_TYPES, EditableCustomField, FieldRef
from .literals import CLEAR
from .read_book import MOST_COLUMNS
from .stored_cell import stored_cell
from .validate import EditContext
from .warehouse_records import WarehouseRecord, names_of
from .wide import BEFORE, ELEMENT, NAME
from .write_sheet import Shown, Table

ONE_CHOICE = frozenset({fields.CHOICE, fields.BOOLEAN, fields.OPTION})


@dataclass(frozen=True)
class Column:
    """A column of a wide table: its name, and the field that it shows.

    That of an element of a list has the place of the element instead, counted from 1, and shows
    another field in each record. `part` is empty for the column of the elements' ids.
    """

    name: str
    ref: FieldRef | None = None
    array: str = ""
    place: int = 0
    part: str = ""

    @property
    def is_field(self) -> bool:
        """Return whether its cells may be changed."""
        return self.ref is not None or bool(self.part)


def wide_table(
    at: EditContext, resource: str, patterns: Sequence[str], records: Mapping[str, WarehouseRecord]
) -> Table:
    """Return the table of some fields of some records.

    Raises:
        EditRefusedError: it would have more columns than can be read again.

    """
    columns = list(_columns(at, resource, patterns, records))
    named = [column for column in columns if column.ref and len(column.ref.targets) == 1]
    header = [RESOURCE, ID, LABEL]
    for column in columns:
        header += [column.name, *([f"{NAME}{column.name}"] if column in named else [])]
    written = [column for column in columns if column.is_field]
    header += [REASON, *(f"{BEFORE}{column.name}" for column in written)]
    if len(header) > MOST_COLUMNS:
        message = f"the file would have more than {MOST_COLUMNS:,} columns; choose with --fields"
        raise EditRefusedError(message)
    names = {column.name: _names(at, column.ref, records) for column in named if column.ref}
    rows = []
    for key, stored in records.items():
        cells = {column.name: _cell(at, resource, column, stored) for column in columns}
        row = [Shown(resource), Shown(key), Shown(stored.label)]
        for column in columns:
            row.append(cells[column.name])
            if column in named:
                row.append(Shown(names[column.name].get(cells[column.name].text, "")))
        rows.append((*row, Shown(), *(cells[column.name] for column in written)))
    lists = {header.index(c.name): list(_offered(c.ref)) for c in columns if _is_choice(c.ref)}
    return Table(tuple(header), rows, lists)


def _columns(
    at: EditContext, resource: str, patterns: Sequence[str], records: Mapping[str, WarehouseRecord]
) -> Iterator[Column]:
    shown_ids = set()
    for pattern in patterns:
        array, bracket, part = pattern.partition("[]")
        if not bracket:
            ref = at.ref(resource, pattern)
            yield Column(_name(at, ref), ref)
        elif array == CUSTOM:
            parent = PARENT_TYPES[resource]
            for one in at.definitions:
                if one.parent_type == parent and not one.deleted:
                    ref = at.ref(resource, f"{CUSTOM}[{one.id}]")
                    yield Column(_name(at, ref), ref)
        else:
            most = max((len(one.record.get(array) or ()) for one in records.values()), default=0)
            for place in range(1, most + 1):
                if (array, place) not in shown_ids:
                    shown_ids.add((array, place))
                    yield Column(ELEMENT.format(array, place, ID), None, array, place)
                name = ELEMENT.format(array, place, part.removeprefix("."))
                yield Column(name, None, array, place, part)


def _name(at: EditContext, ref: FieldRef) -> str:
    """Return the name of a field in a header: a custom field's own, where that means no other."""
    if ref.custom is None:
        return ref.text
    named = f"{CUSTOM}[{' '.join(ref.custom.name.split())}]"
    try:
        found = at.ref(ref.resource, named).custom
    except EditRefusedError:
        return ref.text
    return named if _is(found, ref.custom) and named.isprintable() else ref.text


def _is(one: EditableCustomField | None, other: EditableCustomField) -> bool:
    return one is not None and one.id == other.id


def _cell(at: EditContext, resource: str, column: Column, stored: WarehouseRecord) -> Shown:
    ref = column.ref
    if ref is None:
        elements = stored.record.get(column.array) or ()
        if len(elements) < column.place or not elements[column.place - 1].get("id"):
            return Shown()
        key = str(elements[column.place - 1]["id"])
        if not column.part:
            return Shown(key)
        ref = at.ref(resource, f"{column.array}[{key}]{column.part}")
    return stored_cell(ref, stored) or Shown()


def _names(
    at: EditContext, ref: FieldRef, records: Mapping[str, WarehouseRecord]
) -> Mapping[str, str]:
    """Return the names of what a reference points at, by id."""
    found = (values.read(ref, stored.record) for stored in records.values())
    ids = {str(value) for value in found if isinstance(value, int)}
    return names_of(at.visibility, ref.targets[0][1], ids)


def _is_choice(ref: FieldRef | None) -> bool:
    return ref is not None and ref.kind in ONE_CHOICE


def _offered(ref: FieldRef | None) -> Iterator[str]:
    """Yield what the cells of a field may be filled with, as it is written there."""
    if ref is None:
        return
    if ref.kind == fields.BOOLEAN:
        yield from ("true", "false")
    yield from ref.choices
    for option in values.options_of(ref):
        if not option.deleted:
            yield literals.marked(text_of(ref, option.id))
    if ref.may_be_empty:
        yield CLEAR
