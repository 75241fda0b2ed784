"""`edits run`: the changes that a query over the warehouse wants."""

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path

from pipelines.errors import EditRefusedError, QueryError
from pipelines.sql_folder import sql_folder

from .edit import COLUMNS, Gathered
from .read_sheet import gathered
from .resting import demand_known
from .sheet import Cell, Row, text_cell
from .validate import EditContext
from .values import plain_number

FOLDER = "proposals"
SUFFIX = ".sql"
MOST_ROWS = 100_000


def queried(at: EditContext, name: str) -> Gathered:
    """Run the query of this name, on a warehouse that is locked down.

    Raises:
        EditRefusedError: there is no such query, it lacks a column, or reads what is not known.
        QueryError: it cannot be run.

    """
    text = _text(at.settings.data_dir, name)
    demand_known(at.visibility, text)
    names, rows = at.warehouse.ask(text, MOST_ROWS)
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        message = f"the query gives no column {missing[0]}; it has to give {', '.join(COLUMNS)}"
        raise EditRefusedError(message)
    tables = (dict(zip(names, row, strict=True)) for row in rows)
    cells = ({column: _cell(row[column]) for column in COLUMNS} for row in tables)
    found = (Row(number, row) for number, row in enumerate(cells, 1))
    return gathered(found, f"query {name}")


def proposals(folder: Path) -> dict[str, Path]:
    """Return every query by name: those that came with the program, and those of the data folder.

    One in the data folder goes before another of its name.
    """
    places = [sql_folder() / FOLDER, folder / FOLDER]
    return {
        found.name.removesuffix(SUFFIX): found
        for place in places
        if place.is_dir()
        for found in sorted(place.iterdir(), key=lambda one: one.name)
        if found.name.endswith(SUFFIX) and found.is_file()
    }


def _text(folder: Path, name: str) -> str:
    known = proposals(folder)
    if name not in known:
        valid = ", ".join(sorted(known))
        shown = name if re.fullmatch(r"[\w.-]{1,60}", name) else "of this name"
        message = (
            f"there is no query {shown}; valid are {valid}, and what you put into the folder"
            f" {FOLDER} of the data folder"
        )
        raise EditRefusedError(message)
    try:
        return known[name].read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        message = f"{name}{SUFFIX} cannot be read as text"
        raise QueryError(message) from None


def _cell(value: object) -> Cell:
    """Write a value of the query as the text that a person would."""
    if value is None:
        return Cell()
    if isinstance(value, bool):
        return Cell("true" if value else "false")
    if isinstance(value, str):
        return text_cell(value, is_guarded=False)
    if isinstance(value, dt.datetime) and value.tzinfo:
        return Cell(value.isoformat())
    if isinstance(value, int | Decimal | dt.date | dt.time):
        return Cell(plain_number(value) if isinstance(value, Decimal) else str(value))
    return Cell(str(value), trouble=f"is a {type(value).__name__}; cast it to text or decimal")
