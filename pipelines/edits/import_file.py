"""`edits import`: the changes that a file wants."""

from collections.abc import Iterable
from pathlib import Path

from .cells import Row
from .edit import FIELD, ID, OLD, REASON, RESOURCE, VALUE, EditProblem, Gathered, WantedChange
from .propose import ROW
from .read_sheet import read_sheet

READ = (RESOURCE, ID, FIELD, VALUE, REASON, OLD)


def imported(path: Path, reason: str) -> Gathered:
    """Read the changes that a file wants; `reason` goes for rows that give none.

    Raises:
        EditRefusedError: the file is none that can be read without guessing.

    """
    return gathered(read_sheet(path), f"file {path.name}", reason)


def gathered(rows: Iterable[Row], origin: str, reason: str = "") -> Gathered:
    """Take the changes of rows; one without a new value, or with the old one, changes nothing."""
    wanted: list[WantedChange] = []
    problems: list[tuple[str, EditProblem]] = []
    blank = 0
    for row in rows:
        where = f"{ROW}{row.number}"
        if not row.trouble and _is_blank(row):
            blank += 1
            continue
        troubles = [(name, row.cell(name).trouble) for name in READ if row.cell(name).trouble]
        if row.trouble:
            troubles = [("", row.trouble)]
        problems += [(where, EditProblem(name, trouble)) for name, trouble in troubles]
        if not troubles:
            wanted.append(_wanted(row, where, origin, reason))
    return Gathered(wanted, problems, blank)


def _is_blank(row: Row) -> bool:
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
