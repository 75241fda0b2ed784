"""CSV files as lines of cells: any separator, cells of any length, nothing guessed."""

import csv
import io
import re
from collections.abc import Iterator

from pipelines.errors import EditRefusedError

from .sheet import FORMULA, Cell, Line, text_cell

SEPARATORS = (",", ";", "\t")
_SEPARATOR_LINE = re.compile(r'"?sep=(?P<separator>[^"\s]|\t)"?\r?\n', re.IGNORECASE)
_BLANK = re.compile(r"[\s,;]*?(?=[^\s,;])")


def csv_lines(name: str, data: bytes) -> Iterator[Line]:
    """Read a CSV file in UTF-8; its separator is the one that it names, or that of the header.

    Raises:
        EditRefusedError: it is not UTF-8, or its quotes are broken.

    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeError:
        message = f'{name} is not UTF-8; save it as "CSV UTF-8", or as .xlsx'
        raise EditRefusedError(message) from None
    named = _SEPARATOR_LINE.match(text)
    if named:
        text = text[named.end() :]
    blank = _BLANK.match(text)
    first = text[blank.end() if blank else 0 :].partition("\n")[0]
    separator = named["separator"] if named else max(SEPARATORS, key=first.count)
    yield from _lines(name, text, separator)


def _lines(name: str, text: str, separator: str) -> Iterator[Line]:
    before = csv.field_size_limit(max(len(text), csv.field_size_limit()))
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for cells in lines:
            yield Line([_cell(cell) for cell in cells])
    except csv.Error:
        message = f"{name}: the quotes or line ends are broken at line {lines.line_num}"
        raise EditRefusedError(message) from None
    finally:
        csv.field_size_limit(before)


def _cell(text: str) -> Cell:
    if text.startswith("="):
        return Cell(text, trouble=f"{FORMULA}; a text that begins with = is written '= there")
    return text_cell(text)
