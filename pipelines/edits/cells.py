"""Cells of spreadsheets: written so that none is taken for a formula, read so that none is
guessed at.
"""  # noqa: D205 - one sentence in two lines

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

TEXT, NUMBER, DATE, BOOLEAN = "text", "number", "date", "boolean"

FORMULA = frozenset("=+-@\t\r\n\0＝＋－＠")  # noqa: RUF001 - the wide forms are meant
"""What a cell begins with that a spreadsheet takes for a formula."""
MARK = "'"
ERRORS = frozenset({"#N/A", "#VALUE!", "#REF!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!"})
TROUBLES = {
    "f": "is a formula; put in its value instead",
    "e": "holds an error of a spreadsheet instead of a value",
}
"""What is wrong with a workbook's cell, by its data type."""
DIGITS = 15
"""Significant digits that a spreadsheet keeps of a number."""


@dataclass(frozen=True)
class Cell:
    """What stands in a cell, as text, and what kind of cell it is.

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
        """Give a cell; an empty one where the table lacks the column."""
        return self.cells.get(name, Cell())


def escaped(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula."""
    is_formula = bool(text) and text[0] in FORMULA
    return MARK + text if is_formula or _is_marked(text) else text


def plain(text: str) -> str:
    """Take that apostrophe away again, and no other."""
    return text[1:] if _is_marked(text) else text


def _is_marked(text: str) -> bool:
    return text[:1] == MARK and len(text) > 1 and (text[1] in FORMULA or text[1] == MARK)


def of_csv(text: str) -> Cell:
    """Take a cell of a CSV file."""
    if text.strip() in ERRORS or (text and not text.strip("#") and len(text) > 1):
        return Cell(text, trouble=TROUBLES["e"])
    if text.startswith("="):
        return Cell(text, trouble="is a formula; for a text that begins with = write '= there")
    return Cell(plain(text))


def of_workbook(value: object, data_type: str) -> Cell:
    """Take a cell of a workbook: its value as openpyxl gives it, and its data type."""
    if value is None:
        return Cell()
    if data_type in TROUBLES:
        return Cell(str(value), trouble=TROUBLES[data_type])
    if isinstance(value, str):
        return of_csv(value) if value.strip() in ERRORS else Cell(plain(value))
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


TOO_MANY = (
    f"is a number of more than {DIGITS} digits, of which a spreadsheet keeps no more; format the"
    " cell as text and write all of them"
)


def is_blank(cells: Sequence[Cell]) -> bool:
    """Tell whether there is nothing in any cell of a row."""
    return not any(cell.text.strip() for cell in cells)
