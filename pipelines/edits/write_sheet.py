"""Tables into CSV files and workbooks, for people to fill in."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from pipelines.errors import EditRefusedError
from pipelines.files import write_new

from .edit import FIELD, ID, LABEL, OLD, REASON, RESOURCE, VALUE
from .literals import TOO_LONG, guarded, marked
from .read_book import LISTS
from .read_sheet import TEXT_FILE, WORKBOOK

HEADER = (RESOURCE, ID, FIELD, OLD, VALUE, REASON, LABEL)
LONGEST_CELL = 32_767
"""Characters of UTF-16 that a cell of a workbook holds."""

_TO_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")


def _escaped(text: str) -> str:
    """Write what a workbook cannot hold as `_x000D_`, and what looks like that as well."""
    return _TO_ESCAPE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


@dataclass(frozen=True)
class Shown:
    """One cell of a file. A number needs no mark against formulas."""

    text: str = ""
    is_number: bool = False

    @property
    def meant(self) -> str:
        """Return the text as a CSV file holds it, with the marks that say what is meant by it."""
        return self.text if self.is_number else guarded(marked(self.text))

    @property
    def of_book(self) -> str:
        """Return the text as a workbook holds it; what is too long for one is not put in."""
        text = _escaped(self.meant)
        is_too_long = max(len(text), len(self.meant.encode("utf-16-le", "replace")) // 2)
        return text if is_too_long <= LONGEST_CELL else TOO_LONG


@dataclass(frozen=True)
class SheetLine:
    """One field of one record, as a file shows it."""

    resource: str
    record_id: str
    field: str
    old_value: str
    label: str
    is_number: bool = False

    @property
    def cells(self) -> tuple[Shown, ...]:
        """Return the cells, in the order of the header; those to fill in are empty."""
        named = (Shown(self.resource), Shown(self.record_id), Shown(self.field))
        return *named, Shown(self.old_value, self.is_number), Shown(), Shown(), Shown(self.label)


@dataclass(frozen=True)
class Table:
    """What a file shows; `lists` are what may be put into the cells of a column, by its place."""

    header: tuple[str, ...]
    rows: Sequence[tuple[Shown, ...]]
    lists: Mapping[int, Sequence[str]] = field(default_factory=dict)


def write_sheet(path: Path, lines: Sequence[SheetLine]) -> None:
    """Write a file with a row for each field, as `write_table` does."""
    write_table(path, Table(HEADER, [line.cells for line in lines]))


def write_table(path: Path, table: Table) -> None:
    """Write a .csv or .xlsx file that only its owner can read, and that was not there before.

    Raises:
        EditRefusedError: it is there, or cannot be written.

    """
    kind = path.suffix.lower()
    if kind not in {WORKBOOK, TEXT_FILE}:
        message = f"{path.name} is neither a .csv nor an .xlsx file"
        raise EditRefusedError(message)
    data = _workbook(table) if kind == WORKBOOK else _text_file(table)
    try:
        write_new(path, data)
    except FileExistsError:
        message = f"{path.name} is there already, and is not overwritten; name another file"
        raise EditRefusedError(message) from None
    except OSError as error:
        message = f"{path.name} cannot be written ({error.strerror})"
        raise EditRefusedError(message) from None


def _rows(table: Table) -> Sequence[tuple[Shown, ...]]:
    return [tuple(map(Shown, table.header)), *table.rows]


def _text_file(table: Table) -> bytes:
    """Write UTF-8 with the mark by which spreadsheets know it, and every cell in quotes."""
    text = io.StringIO(newline="")
    rows = ([cell.meant for cell in row] for row in _rows(table))
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode("utf-8-sig", "replace")


def _workbook(table: Table) -> bytes:
    """Write one sheet in which every cell is text, also those that are to be filled in."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("edits")
    sheet.freeze_panes = "A2"
    _offer(book, sheet, table)
    for row in _rows(table):
        cells = []
        for shown in row:
            cell = openpyxl.cell.WriteOnlyCell(sheet, shown.of_book)
            cell.number_format = "@"
            cells.append(cell)
        sheet.append(cells)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _offer(book: Any, sheet: Any, table: Table) -> None:  # noqa: ANN401 - openpyxl ships no types
    """Put drop-down lists into the columns that have a choice; any other text may be typed."""
    if not table.lists or not table.rows:
        return
    lists = book.create_sheet(LISTS)
    lists.sheet_state = "hidden"
    for at, (place, offered) in enumerate(sorted(table.lists.items()), 1):
        from_, to = f"${get_column_letter(at)}$1", f"${get_column_letter(at)}${len(offered)}"
        rule = DataValidation("list", formula1=f"{LISTS}!{from_}:{to}", showErrorMessage=False)
        column = get_column_letter(place + 1)
        rule.add(f"{column}2:{column}{len(table.rows) + 1}")
        sheet.data_validations.append(rule)
    columns = [table.lists[place] for place in sorted(table.lists)]
    for at in range(max(map(len, columns))):
        texts = [_escaped(column[at]) if at < len(column) else None for column in columns]
        lists.append(texts)
