"""Workbooks as lines of cells: what is shown is what is read, and formulas are not worked out."""

import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import openpyxl
from openpyxl.utils import range_boundaries
from openpyxl.xml.functions import iterparse

from pipelines.errors import EditRefusedError

from .edit import BOOLEAN, DATE, NUMBER, TIME
from .literals import AN_ERROR, unguarded, unmarked
from .sheet import DIGITS, FORMULA, MOST_ROWS, Cell, Line, text_cell

MOST_UNPACKED = 100_000_000
MOST_COLUMNS = 2_000
LISTS = "lists"
"""The name of the sheet that holds what drop-down lists offer."""
TROUBLES = {"f": FORMULA, "e": AN_ERROR}
"""What is wrong with a cell, by its data type."""
TOO_MANY = (
    f"is a number of more than {DIGITS} digits, of which a spreadsheet keeps no more; format the"
    " cell as text and write all of them"
)
MERGED = "is merged with other cells; take the merge apart and fill in each cell"
HIDDEN_COLUMN = "is hidden; show the column, so that all that is proposed can be seen"
STRINGS = b"sst"
"""The first element of the part that holds texts, which may have any name."""

_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_BROKEN = (ValueError, KeyError, TypeError, SyntaxError, IndexError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Layout:
    """What a sheet hides and merges; columns and rows are counted from 1."""

    rows: set[int] = field(default_factory=set)
    columns: list[tuple[int, int]] = field(default_factory=list)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)

    def trouble(self, row: int, column: int) -> str:
        """Return what is wrong with a cell for where it stands."""
        if any(a <= column <= c and b <= row <= d for a, b, c, d in self.merged):
            return MERGED
        return ""

    def hides(self, column: int) -> bool:
        """Return whether a column is hidden."""
        return any(first <= column <= last for first, last in self.columns)


def decoded(text: str) -> str:
    """Return a text of a workbook with `_x000D_` and the like as the characters that they are."""
    if "_x" not in text:
        return text
    whole = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    try:
        return whole.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        return whole


def book_lines(name: str, data: bytes) -> Iterator[Line]:
    """Read the only sheet of a workbook, beside the one of drop-down lists.

    Raises:
        EditRefusedError: it is no workbook, too large, or has other sheets.

    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(item.file_size for item in packed.infolist()) > MOST_UNPACKED:
                message = f"{name} unpacks to more than {MOST_UNPACKED // 1_000_000} MB; split it"
                raise EditRefusedError(message)
            kept = _with_its_escapes(packed)
    except zipfile.BadZipFile:
        message = f"{name} is not a workbook"
        raise EditRefusedError(message) from None
    try:
        book = openpyxl.load_workbook(kept, read_only=True, keep_links=False)
    except Exception as error:  # noqa: BLE001 - a broken workbook fails in any way
        message = f"{name} is not a workbook that can be read ({type(error).__name__})"
        raise EditRefusedError(message) from None
    try:
        with warnings.catch_warnings():
            # of drop-down lists and the like, which are not read
            warnings.simplefilter("ignore", UserWarning)
            lines = list(_sheet(name, book))
    finally:
        book.close()
    yield from lines


def _with_its_escapes(packed: zipfile.ZipFile) -> io.BytesIO:
    """Return a workbook in which openpyxl finds none of the escapes that it takes out.

    It deletes every `x005F_` of a shared text, and decodes nothing else; decoding is ours.
    """
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_STORED) as written:
        for item in packed.infolist():
            part = packed.read(item)
            if STRINGS in part[:1_000]:
                part = part.replace(b"_x005F_", b"_x005f_").replace(b"x005F_", b"_x0078_005F_")
            written.writestr(item.filename, part)
    copy.seek(0)
    return copy


def _sheet(name: str, book: openpyxl.Workbook) -> Iterator[Line]:
    sheets = [sheet for sheet in book.worksheets if sheet.title != LISTS] or book.worksheets
    if len(sheets) != 1:
        message = f"{name} has {len(sheets)} sheets; keep the one that is meant"
        raise EditRefusedError(message)
    sheet = sheets[0]
    sheet.reset_dimensions()
    try:
        layout = _layout(sheet)
        width = _width(sheet)
        header = True
        for number, row in enumerate(sheet.iter_rows(max_col=width or MOST_COLUMNS), 1):
            cells = [_cell(cell) for cell in row]
            placed = [
                _placed(cell, layout, number, column, in_header=header)
                for column, cell in enumerate(cells, 1)
            ]
            header = header and all(cell.is_blank for cell in placed)
            padded = placed + [Cell()] * (width - len(placed))
            yield Line(padded, number in layout.rows)
    except _BROKEN as error:
        message = f"{name} is not a workbook that can be read ({type(error).__name__})"
        raise EditRefusedError(message) from None


def _placed(cell: Cell, layout: Layout, row: int, column: int, *, in_header: bool) -> Cell:
    trouble = layout.trouble(row, column)
    if in_header and cell.text.strip() and layout.hides(column):
        trouble = HIDDEN_COLUMN
    return Cell(cell.text, cell.kind, trouble, cell.is_literal) if trouble else cell


def _width(sheet: Any) -> int:  # noqa: ANN401 - openpyxl ships no types
    """Return how many columns are read: those of the first row that has any, and some more."""
    for row in sheet.iter_rows(max_row=MOST_ROWS, max_col=MOST_COLUMNS):
        filled = [at for at, cell in enumerate(row, 1) if str(cell.value or "").strip()]
        if filled:
            return filled[-1] + 20
    return 0


def _layout(sheet: Any) -> Layout:  # noqa: ANN401 - openpyxl ships no types
    """Read what a sheet hides and merges; of a sheet that is only read openpyxl does not tell."""
    found, number = Layout(), 0
    with sheet._get_source() as source:  # noqa: SLF001 - there is no other way to the sheet's own text
        for event, node in iterparse(source, events=("start", "end")):
            if event == "start" and node.tag == f"{_MAIN}row":
                number = int(float(node.get("r", number + 1)))
                if _is_hidden(node, "ht"):
                    found.rows.add(number)
            elif event == "start" and node.tag == f"{_MAIN}col" and _is_hidden(node, "width"):
                found.columns.append((int(node.get("min")), int(node.get("max"))))
            elif event == "start" and node.tag == f"{_MAIN}mergeCell":
                found.merged.append(range_boundaries(node.get("ref")))
            elif event == "end":
                node.clear()
    return found


def _is_hidden(node: Any, size: str) -> bool:  # noqa: ANN401 - openpyxl ships no types
    return node.get("hidden") in {"1", "true"} or float(node.get(size, 1)) == 0


def _cell(cell: Any) -> Cell:  # noqa: ANN401 - openpyxl ships no types
    """Return a cell of a workbook, from its value and its data type as openpyxl has them."""
    value = cell.value
    if value is None:
        return Cell()
    if cell.data_type in TROUBLES:
        return Cell(str(value), trouble=TROUBLES[cell.data_type])
    if isinstance(value, str):
        return _text(decoded(value), is_quoted=bool(cell.style_array.quotePrefix))
    if isinstance(value, bool):
        return Cell("true" if value else "false", BOOLEAN)
    return _number(value) if isinstance(value, int | float) else _date(value)


def _text(text: str, *, is_quoted: bool) -> Cell:
    """Return the cell of a text. A spreadsheet keeps an apostrophe before it beside the text."""
    if is_quoted:
        meant, is_literal = unmarked(f"'{unguarded(text)}")
        return Cell(meant, is_literal=True) if is_literal else text_cell(text)
    return text_cell(text)


def _date(value: object) -> Cell:
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return Cell(value.date().isoformat(), DATE)
    if isinstance(value, dt.date):
        return Cell(value.isoformat(), DATE)
    if isinstance(value, dt.time) and not value.microsecond:
        return Cell(value.isoformat("seconds"), TIME)
    return Cell(str(value), trouble="is neither text, number, date nor true or false")


def _number(value: float) -> Cell:
    if isinstance(value, int) or value.is_integer():
        whole = str(int(value))
        return Cell(whole, NUMBER, "" if len(whole.lstrip("-")) <= DIGITS else TOO_MANY)
    text = repr(value)
    digits = text.lstrip("-0.").replace(".", "")
    is_kept = "e" not in text and len(digits) <= DIGITS
    return Cell(text, NUMBER, "" if is_kept else TOO_MANY)
