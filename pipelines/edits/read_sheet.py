"""`edits import`: the changes that a CSV file or a workbook wants, with nothing guessed."""

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import openpyxl

from pipelines.errors import EditRefusedError
from pipelines.outcome import unescaped

from .edit import (
    BOOLEAN,
    COLUMNS,
    DATE,
    FIELD,
    ID,
    LABEL,
    NUMBER,
    OLD,
    REASON,
    RESOURCE,
    ROW,
    TEXT,
    VALUE,
    EditProblem,
    Gathered,
    WantedChange,
)

ERRORS = frozenset({"#N/A", "#VALUE!", "#REF!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"})
TROUBLES = {
    "f": "is a formula; put in its value instead",
    "e": "holds an error of a spreadsheet instead of a value",
}
"""What is wrong with a workbook's cell, by its data type."""
DIGITS = 15
"""Significant digits that a spreadsheet keeps of a number."""
TOO_MANY = (
    f"is a number of more than {DIGITS} digits, of which a spreadsheet keeps no more; format the"
    " cell as text and write all of them"
)
MOST_BYTES = 20_000_000
MOST_UNPACKED = 100_000_000
MOST_ROWS = 100_000
MOST_COLUMNS = 20
NEEDED = (RESOURCE, ID, FIELD, VALUE)
KNOWN = (*COLUMNS, OLD, LABEL)
WORKBOOK, TEXT_FILE = ".xlsx", ".csv"
READ = (RESOURCE, ID, FIELD, VALUE, REASON, OLD)


@dataclass(frozen=True)
class Cell:
    """The text of a cell, and what kind of cell it is.

    `trouble` says why it cannot be taken; empty for most.
    """

    text: str = ""
    kind: str = TEXT
    trouble: str = ""


@dataclass(frozen=True)
class Row:
    """A row of a table, with its number as a spreadsheet shows it, and its cells by column.

    `trouble` says why it cannot be taken; empty for most.
    """

    number: int
    cells: dict[str, Cell]
    trouble: str = ""

    def cell(self, name: str) -> Cell:
        """Return a cell; an empty one where the table lacks the column."""
        return self.cells.get(name, Cell())


Reader: TypeAlias = Callable[[str, bytes], Iterator[list[Cell]]]


def imported(path: Path, reason: str) -> Gathered:
    """Read the changes that a file wants; `reason` goes for rows that give none.

    Raises:
        EditRefusedError: the file is none that can be read without guessing.

    """
    return gathered(read_sheet(path), f"file {path.name}", reason)


def gathered(rows: Iterable[Row], origin: str, reason: str = "") -> Gathered:
    """Return the changes of rows; one without a new value, or with the old one, has none."""
    wanted: list[WantedChange] = []
    problems: list[tuple[str, EditProblem]] = []
    blank = 0
    for row in rows:
        where = f"{ROW}{row.number}"
        if not row.trouble and _changes_nothing(row):
            blank += 1
            continue
        troubles = [(name, row.cell(name).trouble) for name in READ if row.cell(name).trouble]
        if row.trouble:
            troubles = [("", row.trouble)]
        problems += [(where, EditProblem(name, trouble)) for name, trouble in troubles]
        if not troubles:
            wanted.append(_wanted(row, where, origin, reason))
    return Gathered(wanted, problems, blank)


def _changes_nothing(row: Row) -> bool:
    new, old = row.cell(VALUE), row.cells.get(OLD)
    return not new.text.strip() or (old is not None and new.text == old.text)


def _wanted(row: Row, where: str, origin: str, reason: str) -> WantedChange:
    value = row.cell(VALUE)
    return WantedChange(
        row.cell(RESOURCE).text.strip(),
        row.cell(ID).text,
        row.cell(FIELD).text,
        value.text,
        row.cell(REASON).text.strip() or reason,
        where,
        row.cell(OLD).text if OLD in row.cells else None,
        value.kind,
        origin,
    )


def read_sheet(path: Path) -> list[Row]:
    """Read the rows of a .csv or .xlsx file whose header is `resource,id,field,new_value,reason`.

    Empty rows are left out.

    Raises:
        EditRefusedError: the file is none that can be read without guessing.

    """
    kind = path.suffix.lower()
    if kind not in {WORKBOOK, TEXT_FILE}:
        message = f"{path.name} is neither a .csv nor an .xlsx file"
        raise EditRefusedError(message)
    try:
        if path.stat().st_size > MOST_BYTES:
            message = f"{path.name} is larger than {MOST_BYTES // 1_000_000} MB; split it"
            raise EditRefusedError(message)
        data = path.read_bytes()
    except OSError as error:
        message = f"{path.name} cannot be read ({error.strerror})"
        raise EditRefusedError(message) from None
    return list(_rows(path.name, _workbook if kind == WORKBOOK else _text_file, data))


def _rows(name: str, reader: Reader, data: bytes) -> Iterator[Row]:
    lines = reader(name, data)
    header: list[str] = []
    for number, cells in enumerate(lines, 1):
        if number > MOST_ROWS + 1:
            message = f"{name} has more than {MOST_ROWS:,} rows; split it"
            raise EditRefusedError(message)
        if not header:
            header = _header(name, cells)
        elif not _is_empty(cells):
            extra = [cell for cell in cells[len(header) :] if cell.text.strip()]
            trouble = "has more cells than the header" if extra else ""
            if len(cells) < len(header):
                trouble = "has fewer cells than the header"
            yield Row(number, dict(zip(header, cells, strict=False)), trouble)
    if not header:
        message = f"{name} is empty; its first row has to be {','.join(COLUMNS)}"
        raise EditRefusedError(message)


def _header(name: str, cells: Sequence[Cell]) -> list[str]:
    names = [cell.text.strip().casefold() for cell in cells]
    while names and not names[-1]:
        names.pop()
    twice = sorted({one for one in names if names.count(one) > 1})
    unknown = [one for one in names if one not in KNOWN]
    missing = [one for one in NEEDED if one not in names]
    expected = f"the first row has to be {','.join(COLUMNS)}, and may have {OLD} and {LABEL}"
    if missing:
        message = f"{name} has no column {missing[0]}; {expected}"
        raise EditRefusedError(message)
    if twice or unknown:
        what = f"has the column {twice[0]} twice" if twice else "has a column of another name"
        message = f"{name} {what}; {expected}"
        raise EditRefusedError(message)
    return names


def _text_file(name: str, data: bytes) -> Iterator[list[Cell]]:
    """Read a CSV file in UTF-8; its separator is the one of the header."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeError:
        message = f'{name} is not UTF-8; save it as "CSV UTF-8", or as .xlsx'
        raise EditRefusedError(message) from None
    first = text.partition("\n")[0]
    separator = max((",", ";", "\t"), key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for cells in lines:
            yield [_of_csv(cell) for cell in cells]
    except csv.Error:
        message = f"{name}: the quotes or line ends are broken at line {lines.line_num}"
        raise EditRefusedError(message) from None


def _workbook(name: str, data: bytes) -> Iterator[list[Cell]]:
    """Read the only sheet of a workbook, as it was saved: formulas are not worked out."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(item.file_size for item in packed.infolist())
    except zipfile.BadZipFile:
        message = f"{name} is not a workbook"
        raise EditRefusedError(message) from None
    if unpacked > MOST_UNPACKED:
        message = f"{name} unpacks to more than {MOST_UNPACKED // 1_000_000} MB; split it"
        raise EditRefusedError(message)
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
    except Exception as error:  # noqa: BLE001 - a broken workbook fails in any way
        message = f"{name} is not a workbook that can be read ({type(error).__name__})"
        raise EditRefusedError(message) from None
    try:
        yield from _sheet(name, book)
    finally:
        book.close()


def _sheet(name: str, book: openpyxl.Workbook) -> Iterator[list[Cell]]:
    if len(book.worksheets) != 1:
        message = f"{name} has {len(book.worksheets)} sheets; keep the one that is meant"
        raise EditRefusedError(message)
    sheet = book.worksheets[0]
    sheet.reset_dimensions()
    width = 0
    try:
        for row in sheet.iter_rows(max_col=MOST_COLUMNS):
            cells = [_of_workbook(cell.value, cell.data_type or "n") for cell in row]
            width = width or len(cells)
            yield cells + [Cell()] * (width - len(cells))
    except (ValueError, KeyError, TypeError, SyntaxError, zipfile.BadZipFile) as error:
        message = f"{name} is not a workbook that can be read ({type(error).__name__})"
        raise EditRefusedError(message) from None


def _of_csv(text: str) -> Cell:
    """Return a cell of a CSV file."""
    if text.strip() in ERRORS or (text and not text.strip("#") and len(text) > 1):
        return Cell(text, trouble=TROUBLES["e"])
    if text.startswith("="):
        return Cell(text, trouble="is a formula; for a text that begins with = write '= there")
    return Cell(unescaped(text))


def _of_workbook(value: object, data_type: str) -> Cell:
    """Return a cell of a workbook, from its value and its data type as openpyxl has them."""
    if value is None:
        return Cell()
    if data_type in TROUBLES:
        return Cell(str(value), trouble=TROUBLES[data_type])
    if isinstance(value, str):
        return _of_csv(value) if value.strip() in ERRORS else Cell(unescaped(value))
    if isinstance(value, bool):
        return Cell("true" if value else "false", BOOLEAN)
    return _number(value) if isinstance(value, int | float) else _date(value)


def _date(value: object) -> Cell:
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return Cell(value.date().isoformat(), DATE)
    if isinstance(value, dt.date):
        return Cell(value.isoformat(), DATE)
    return Cell(str(value), trouble="is neither text, number, date nor true or false")


def _number(value: float) -> Cell:
    if isinstance(value, int) or value.is_integer():
        whole = str(int(value))
        return Cell(whole, NUMBER, "" if len(whole.lstrip("-")) <= DIGITS else TOO_MANY)
    text = repr(value)
    digits = text.lstrip("-0.").replace(".", "")
    is_kept = "e" not in text and len(digits) <= DIGITS
    return Cell(text, NUMBER, "" if is_kept else TOO_MANY)


def _is_empty(cells: Sequence[Cell]) -> bool:
    """Return whether there is nothing in any cell of a row."""
    return not any(cell.text.strip() for cell in cells)
