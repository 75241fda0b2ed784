"""Cells and rows of a table that was read, whatever it was read from."""

from dataclasses import dataclass

from . import literals
from .edit import TEXT
from .spreadsheet_errors import is_error

DIGITS = 15
"""Significant digits that a spreadsheet keeps of a number."""
MOST_ROWS = 100_000
SHORTENED = "stands for a text that no cell of a workbook can hold; change it in a CSV file"
FORMULA = "is a formula; put in its value instead"


@dataclass(frozen=True)
class Cell:
    """The text of a cell, and what kind of cell it is.

    `trouble` says why it cannot be taken; empty for most. `is_literal` says that the text was
    marked as one that is meant as it is.
    """

    text: str = ""
    kind: str = TEXT
    trouble: str = ""
    is_literal: bool = False

    @property
    def is_blank(self) -> bool:
        """Return whether there is nothing in it."""
        return not (self.text.strip() or self.is_literal or self.trouble)


@dataclass(frozen=True)
class Line:
    """The cells of one line of a table. What is hidden is not shown to who looks at the table."""

    cells: list[Cell]
    is_hidden: bool = False


@dataclass(frozen=True)
class Row:
    """A row of a table, with its number as a spreadsheet shows it, and its cells by column.

    `trouble` says why it cannot be taken; empty for most. `column` is what the table calls the
    column of the value, where each field has one of its own.
    """

    number: int
    cells: dict[str, Cell]
    trouble: str = ""
    is_hidden: bool = False
    column: str = ""

    def cell(self, name: str) -> Cell:
        """Return a cell; an empty one where the table lacks the column."""
        return self.cells.get(name, Cell())


def text_cell(text: str, *, is_guarded: bool = True) -> Cell:
    """Return the cell of a text, without marks and guards; an error of a spreadsheet is trouble."""
    meant, is_literal = literals.unmarked(literals.unguarded(text) if is_guarded else text)
    if is_literal:
        return Cell(meant, is_literal=True)
    if meant == literals.TOO_LONG:
        return Cell(meant, trouble=SHORTENED)
    return Cell(meant, trouble=literals.AN_ERROR if is_error(meant) else "")
