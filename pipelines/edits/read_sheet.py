"""Tables out of CSV files and workbooks: rows of cells, with nothing guessed."""

import csv
import io
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import openpyxl

from pipelines.errors import EditRefusedError

from .cells import Cell, Row, is_blank, of_csv, of_workbook
from .edit import COLUMNS, ID, LABEL, OLD, RESOURCE, VALUE
from .edit import FIELD as NAME

Reader: TypeAlias = Callable[[str, bytes], Iterator[list[Cell]]]

MOST_BYTES = 20_000_000
MOST_UNPACKED = 100_000_000
MOST_ROWS = 100_000
MOST_COLUMNS = 20
NEEDED = (RESOURCE, ID, NAME, VALUE)
KNOWN = (*COLUMNS, OLD, LABEL)
WORKBOOK, TEXT_FILE = ".xlsx", ".csv"


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
        elif not is_blank(cells):
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
            yield [of_csv(cell) for cell in cells]
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
            cells = [of_workbook(cell.value, cell.data_type or "n") for cell in row]
            width = width or len(cells)
            yield cells + [Cell()] * (width - len(cells))
    except (ValueError, KeyError, TypeError, SyntaxError, zipfile.BadZipFile) as error:
        message = f"{name} is not a workbook that can be read ({type(error).__name__})"
        raise EditRefusedError(message) from None
