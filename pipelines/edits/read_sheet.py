"""`edits import`: the changes that a CSV file or a workbook wants, with nothing guessed.

A table is narrow, with a row for each field of a record, or wide, with a row for each record and a
column for each field. A wide one is told by its header, which has no `field` and no `new_value`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from pipelines.errors import EditRefusedError

from .edit import (
    COLUMNS,
    FIELD,
    ID,
    LABEL,
    OLD,
    REASON,
    RESOURCE,
    ROW,
    VALUE,
    EditProblem,
    Gathered,
    WantedChange,
)
from .read_book import book_lines
from .read_csv import csv_lines
from .sheet import MOST_ROWS, Cell, Line, Row
from .wide import is_wide, narrowed, wide_trouble

MOST_BYTES = 20_000_000
NEEDED = (RESOURCE, ID, FIELD, VALUE)
KNOWN = (*COLUMNS, OLD, LABEL)
WORKBOOK, TEXT_FILE = ".xlsx", ".csv"
READ = (RESOURCE, ID, FIELD, VALUE, REASON, OLD)
HIDDEN = (
    "is hidden, by hand or by a filter; show every row, so that all that is proposed can be seen"
)

Reader: TypeAlias = Callable[[str, bytes], Iterator[Line]]


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
    every: set[int] = set()
    busy: set[int] = set()
    for row in rows:
        every.add(row.number)
        if not row.trouble and _changes_nothing(row):
            continue
        busy.add(row.number)
        where = f"{ROW}{row.number}"
        found = list(_troubles(row))
        problems += [(where, problem) for problem in found]
        if not found:
            wanted.append(_wanted(row, where, origin, reason))
    return Gathered(wanted, problems, len(every - busy))


def _troubles(row: Row) -> Iterator[EditProblem]:
    if row.trouble or row.is_hidden:
        yield EditProblem("", row.trouble or HIDDEN)
        return
    for name in READ:
        if row.cell(name).trouble:
            column = {VALUE: row.column, OLD: f"old:{row.column}"}.get(name) if row.column else name
            yield EditProblem(column or name, row.cell(name).trouble)


def _changes_nothing(row: Row) -> bool:
    new, old = row.cell(VALUE), row.cells.get(OLD)
    if new.is_blank:
        return True
    return old is not None and (new.text, new.is_literal) == (old.text, old.is_literal)


def _wanted(row: Row, where: str, origin: str, reason: str) -> WantedChange:
    value = row.cell(VALUE)
    return WantedChange(
        row.cell(RESOURCE).text.strip(),
        row.cell(ID).text,
        row.cell(FIELD).text,
        value.text,
        row.cell(REASON).text.strip() or reason,
        f"{where}, column {row.column}" if row.column else where,
        row.cell(OLD).text if OLD in row.cells else None,
        value.kind,
        origin,
        value.is_literal,
    )


def read_sheet(path: Path) -> list[Row]:
    """Read the rows of a .csv or .xlsx file, each with one field; empty rows are left out.

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
    return list(_rows(path.name, book_lines if kind == WORKBOOK else csv_lines, data))


def _rows(name: str, reader: Reader, data: bytes) -> Iterator[Row]:
    header: list[str] = []
    for number, line in enumerate(reader(name, data), 1):
        if number > MOST_ROWS + 1:
            message = f"{name} has more than {MOST_ROWS:,} rows; split it"
            raise EditRefusedError(message)
        cells = line.cells
        if all(cell.is_blank for cell in cells):
            continue
        if not header:
            header = _header(name, line)
            continue
        extra = [cell for cell in cells[len(header) :] if cell.text.strip()]
        trouble = "has more cells than the header" if extra else ""
        if len(cells) < len(header):
            trouble = "has fewer cells than the header"
        row = Row(number, dict(zip(header, cells, strict=False)), trouble, line.is_hidden)
        yield from narrowed(row) if is_wide(header) else (row,)
    if not header:
        message = f"{name} is empty; its first row has to be {','.join(COLUMNS)}"
        raise EditRefusedError(message)


def _header(name: str, line: Line) -> list[str]:
    names = _names(line.cells)
    for named, cell in zip(names, line.cells, strict=False):
        if cell.trouble and (named in READ or named not in KNOWN):
            message = (
                f"{name}: the column {named if named in KNOWN else 'of a field'} {cell.trouble}"
            )
            raise EditRefusedError(message)
    twice = sorted({one for one in names if names.count(one) > 1})
    unknown = [one for one in names if one not in KNOWN]
    missing = [one for one in NEEDED if one not in names]
    expected = f"the first row has to be {','.join(COLUMNS)}, and may have {OLD} and {LABEL}"
    if is_wide(names):
        trouble = wide_trouble(names)
        if not trouble:
            return names
        message = f"{name} {trouble}"
        raise EditRefusedError(message)
    if missing:
        message = f"{name} has no column {missing[0]}; {expected}"
        raise EditRefusedError(message)
    if twice or unknown:
        what = f"has the column {twice[0]} twice" if twice else "has a column of another name"
        message = f"{name} {what}; {expected}"
        raise EditRefusedError(message)
    return names


def _names(cells: Sequence[Cell]) -> list[str]:
    """Return the names of the columns; those that are known in lower case, fields as they are."""
    texts = [cell.text.strip() for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return [text.casefold() if text.casefold() in KNOWN else text for text in texts]
