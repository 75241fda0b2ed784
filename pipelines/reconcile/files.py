"""The CSV files and the workbook of the package: numbers as numbers, no text as a formula."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TypeAlias

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell
from openpyxl.cell.cell import Cell as SheetCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from pipelines.outcome import escaped

from .document import (
    EXTRA,
    MISSING,
    Evidence,
    ListedRows,
    ShownLine,
    lines,
    shown_value,
    side,
    versions,
)
from .page import SIGNERS

Cell: TypeAlias = object
Row: TypeAlias = Sequence[Cell]

MONEY_FORMAT = "#,##0.00;[Red](#,##0.00)"
WIDEST, NARROWEST = 60, 10
MOST_TEXT = 32_000
"""Characters that a cell of a workbook holds."""
LINK = "link"
LINES = (
    "id",
    "comparison",
    "label",
    "left",
    "right",
    "difference",
    "status",
    "cause",
    "note",
    "resource",
    "record",
    LINK,
)
FIELDS = ("resource", "id", "field", "Clio", "warehouse", "status", "cause", LINK)
SUMMARY = ("check", "level", "rows", "equal", "left", "right", "difference", "status", "why")
DEFINITIONS = ("check", "level", "left", "right", "unit", "tolerance", "reason", "severity")


def csv_text(header: Sequence[str], rows: Iterable[Row]) -> bytes:
    """Write a CSV file in UTF-8 with the mark by which spreadsheets know it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    for row in rows:
        writer.writerow([_plain(cell) for cell in row])
    return text.getvalue().encode("utf-8-sig")


def _plain(cell: Cell) -> str:
    if isinstance(cell, Decimal):
        return shown_value(cell)
    return escaped(cell) if isinstance(cell, str) else "" if cell is None else str(cell)


def line_cells(shown: ShownLine) -> Row:
    """Return the cells of one line, in the order of `LINES`."""
    line = shown.line
    return (
        shown.id,
        shown.comparison.definition.name,
        line.label,
        line.left,
        line.right,
        shown.difference,
        line.status.value,
        line.cause,
        shown.note,
        line.resource,
        line.record_id,
        shown.link,
    )


def workbook(evidence: Evidence) -> bytes:
    """Write the workbook."""
    book = openpyxl.Workbook(write_only=True)
    found = list(lines(evidence))
    _sheet(book, "Summary", SUMMARY, _summary(evidence))
    _sheet(book, "Differences", LINES, map(line_cells, found))
    for title, which in (("Missing", MISSING), ("Extra", EXTRA)):
        _sheet(book, title, LINES, [line_cells(one) for one in found if side(one.line) == which])
    _sheet(book, "Field differences", FIELDS, [_field(one) for one in found if _is_field(one)])
    for title, listing in evidence.listings.items():
        _listing(book, title, listing)
    _sheet(book, "Definitions", DEFINITIONS, _definitions(evidence))
    _sheet(book, "Sign-off", ("", "name", "signature", "date"), _sign_off(evidence))
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _summary(evidence: Evidence) -> Iterable[Row]:
    for one in evidence.ordered:
        both = one.left is not None and one.right is not None
        difference = one.left - one.right if both else None  # type: ignore[operator]
        yield (
            one.definition.what,
            one.definition.level,
            one.rows,
            one.equal,
            one.left,
            one.right,
            difference,
            one.status.value,
            one.reason,
        )


def _is_field(shown: ShownLine) -> bool:
    return shown.comparison.definition.name == "fields"


def _field(shown: ShownLine) -> Row:
    line = shown.line
    field = line.key.rpartition(".")[2]
    told = (line.left, line.right, line.status.value, line.cause, shown.link)
    return (line.resource, line.record_id, field, *told)


def _definitions(evidence: Evidence) -> Iterable[Row]:
    for one in evidence.ordered:
        told = one.definition
        sides = (told.left, told.right, told.unit, told.tolerance, told.reason, told.severity)
        yield (told.what, told.level, *sides)


def _sign_off(evidence: Evidence) -> list[Row]:
    told = evidence.heading
    facts = {
        "Run": told.run_id,
        "Made": told.made_at.to_iso8601_string(),
        "By": told.actor,
        "Ledger": told.audit_head,
        **versions(),
    }
    return [
        *((signer, None, None, None) for signer in SIGNERS),
        (None, None, None, None),
        *((name, text, None, None) for name, text in facts.items()),
    ]


def _listing(book: openpyxl.Workbook, title: str, listing: ListedRows) -> None:
    if listing.reason:
        _sheet(book, title, ("not run",), [(listing.reason,)])
    else:
        _sheet(book, title, list(listing.names) or ("nothing",), listing.rows)


def _sheet(book: openpyxl.Workbook, title: str, header: Sequence[str], rows: Iterable[Row]) -> None:
    """Add a sheet: a bold header that stays in sight, filters, and cells of their own kind."""
    sheet = book.create_sheet(title)
    body = [
        [_cell(sheet, value, name) for value, name in zip(row, header, strict=True)] for row in rows
    ]
    sheet.freeze_panes = "A2"
    last = get_column_letter(len(header))
    sheet.auto_filter.ref = f"A1:{last}{len(body) + 1}"
    for at, name in enumerate(header, 1):
        longest = max([len(name), *(len(str(row[at - 1].value or "")) for row in body[:200])])
        width = min(max(longest + 2, NARROWEST), WIDEST)
        sheet.column_dimensions[get_column_letter(at)].width = width
    sheet.append([_bold(sheet, name) for name in header])
    for row in body:
        sheet.append(row)


def _bold(sheet: Worksheet, text: str) -> SheetCell:
    cell = WriteOnlyCell(sheet, text)
    cell.font = Font(bold=True)
    return cell


def _cell(sheet: Worksheet, value: Cell, name: str) -> SheetCell:
    """Make a cell; only ours are links, whatever address a text of a record is."""
    if isinstance(value, Decimal):
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = MONEY_FORMAT
        return cell
    if value is None or isinstance(value, bool | int | float):
        return WriteOnlyCell(sheet, value)
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return WriteOnlyCell(sheet, value)
    text = ILLEGAL_CHARACTERS_RE.sub("", str(value))[:MOST_TEXT]
    cell = WriteOnlyCell(sheet, escaped(text))
    cell.data_type = "s"
    if text and name == LINK:
        cell.hyperlink = text
        cell.style = "Hyperlink"
    return cell
