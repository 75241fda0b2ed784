"""`edits template`: a file that shows what may be edited, made to be filled in and imported."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.context import Context
from pipelines.errors import EditRefusedError
from pipelines.outcome import Outcome
from sources.clio_manage.writable import CUSTOM, editables

from .allowed import UNSEEN, is_on_a_bill
from .fields import PARENT_TYPES
from .literals import CLEAR
from .propose import opened
from .sheet import MOST_ROWS
from .stored_cell import stored_cell
from .validate import EditContext
from .warehouse_records import WarehouseRecord, ids_where
from .wide_template import wide_table
from .write_sheet import SheetLine, write_sheet, write_table


@dataclass(frozen=True)
class TemplateChoice:
    """What a template is to show: a collection, fields of it (none: all), and which records.

    `where` is a condition in SQL over the columns of the raw table; empty for every record. A wide
    one has a row for each record and a column for each field.
    """

    resource: str
    fields: tuple[str, ...] = ()
    where: str = ""
    is_wide: bool = False


def run_template(context: Context, choice: TemplateChoice, path: Path) -> Outcome:
    """Write a file with a row for each field of each record.

    Raises:
        EditRefusedError: a field is unknown, there would be too many rows, or the file is there.
        QueryError: the condition cannot be used.
        NoWarehouseError: nothing was loaded yet.
        BusyError: another run is at work on this data folder.

    """
    outcome = Outcome("edits template", context.clock.now())
    with opened(context, "edits template") as at:
        patterns = _patterns(at, choice)
        ids = ids_where(at.warehouse, choice.resource, choice.where, MOST_ROWS)
        records = _shown_records(choice, at.records(choice.resource, ids))
        if choice.is_wide:
            table = wide_table(at, choice.resource, patterns, records)
        else:
            lines = _bounded(_lines(at, choice.resource, patterns, records))
    if choice.is_wide:
        write_table(path, table)
        count, what = len(table.rows), "Write what shall be over what is, and a reason beside it"
        rest = "a cell that is left as it is changes nothing"
    else:
        write_sheet(path, lines)
        count, what = len(lines), "Fill in new_value and reason where something is to change"
        rest = "an empty new_value changes nothing"
    outcome.finished_at = context.clock.now()
    outcome.results = [{"path": str(path), "rows": count}]
    outcome.text = (
        f"{count:,} rows were written to {path}. {what};\n{rest}, {CLEAR} empties the field.\n"
        f"Next: clio-sync edits import {shlex.quote(str(path))}\n"
    )
    return outcome


def _shown_records(
    choice: TemplateChoice, records: Mapping[str, WarehouseRecord]
) -> dict[str, WarehouseRecord]:
    """Leave out what cannot be edited: what is deleted, and work that is on a bill."""
    return {
        key: records[key]
        for key in sorted(records, key=int)
        if not records[key].gone and not is_on_a_bill(choice.resource, records[key].record)
    }


def _patterns(at: EditContext, choice: TemplateChoice) -> list[str]:
    """Return the fields that are shown, with `[]` for every element."""
    every = editables(at.catalog, choice.resource)
    if not every:
        at.ref(choice.resource, "id")
    known = [name for name, one in every.items() if at.visibility.shows(choice.resource, one.read)]
    for name in choice.fields:
        if name in every and name not in known:
            raise EditRefusedError(UNSEEN.format(choice.resource, name))
    if not choice.fields:
        mine = at.allowed.names
        return [name for name in known if f"{choice.resource}.{name}" in mine]
    return [name if name in known else at.ref(choice.resource, name).text for name in choice.fields]


def _bounded(lines: Iterator[SheetLine]) -> list[SheetLine]:
    found = []
    for line in lines:
        found.append(line)
        if len(found) > MOST_ROWS:
            message = (
                f"the file would have more than {MOST_ROWS:,} rows; choose fields with --fields or"
                " records with --where"
            )
            raise EditRefusedError(message)
    return found


def _lines(
    at: EditContext, resource: str, patterns: Sequence[str], records: Mapping[str, WarehouseRecord]
) -> Iterator[SheetLine]:
    for key, stored in records.items():
        for name in _named(at, resource, patterns, stored):
            ref = at.ref(resource, name)
            cell = stored_cell(ref, stored)
            if cell is not None:
                label = stored.label
                yield SheetLine(resource, key, ref.text, cell.text, label, cell.is_number)


def _named(
    at: EditContext, resource: str, patterns: Sequence[str], stored: WarehouseRecord
) -> Iterator[str]:
    """Return the fields that a record has: those of each of its elements."""
    for pattern in patterns:
        array, bracket, part = pattern.partition("[]")
        if not bracket:
            yield pattern
        elif array == CUSTOM:
            parent = PARENT_TYPES[resource]
            mine = (one for one in at.definitions if one.parent_type == parent)
            yield from (f"{CUSTOM}[{one.id}]" for one in mine if not one.deleted)
        else:
            elements = stored.record.get(array) or ()
            yield from (f"{array}[{one['id']}]{part}" for one in elements if one.get("id"))
