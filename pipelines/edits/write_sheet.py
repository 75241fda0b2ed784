"""Tables into CSV files and workbooks, for people to fill in."""

import csv
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from pipelines.errors import EditRefusedError
from pipelines.outcome import escaped

from .edit import FIELD, ID, LABEL, OLD, REASON, RESOURCE, VALUE
from .read_sheet import TEXT_FILE, WORKBOOK

HEADER = (RESOURCE, ID, FIELD, OLD, VALUE, REASON, LABEL)


@dataclass(frozen=True)
class SheetLine:
    """One field of one record, as a file shows it. A number needs no guard against formulas."""

    resource: str
    record_id: str
    field: str
    old_value: str
    label: str
    is_number: bool = False

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the cells, in the order of the header; those to fill in are empty."""
        old = self.old_value if self.is_number else escaped(self.old_value)
        return self.resource, self.record_id, self.field, old, "", "", escaped(self.label)


def write_sheet(path: Path, lines: Sequence[SheetLine]) -> None:
    """Write a .csv or .xlsx file that only its owner can read, and that was not there before.

    Raises:
        EditRefusedError: it is there, or cannot be written.

    """
    kind = path.suffix.lower()
    if kind not in {WORKBOOK, TEXT_FILE}:
        message = f"{path.name} is neither a .csv nor an .xlsx file"
        raise EditRefusedError(message)
    data = _workbook(lines) if kind == WORKBOOK else _text_file(lines)
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        message = f"{path.name} is there already, and is not overwritten; name another file"
        raise EditRefusedError(message) from None
    except OSError as error:
        message = f"{path.name} cannot be written ({error.strerror})"
        raise EditRefusedError(message) from None
    with os.fdopen(handle, "wb") as file:
        file.write(data)


def _rows(lines: Sequence[SheetLine]) -> Iterator[tuple[str, ...]]:
    yield HEADER
    yield from (line.cells for line in lines)


def _text_file(lines: Sequence[SheetLine]) -> bytes:
    """Write UTF-8 with the mark by which spreadsheets know it."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(_rows(lines))
    return text.getvalue().encode("utf-8-sig")


def _workbook(lines: Sequence[SheetLine]) -> bytes:
    """Write one sheet in which every cell is text, also those that are to be filled in."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("edits")
    for row in _rows(lines):
        cells = []
        for text in row:
            cell = openpyxl.cell.WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
            cell.number_format = "@"
            cells.append(cell)
        sheet.append(cells)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()
