"""The page, the CSV files and the workbook of the package.

The page needs no script, no other file and no network. In the others numbers are numbers, and no
text is a formula.
"""

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
from pipelines.templates import rendered

from .document import EXTRA, MISSING, Evidence, ShownLine, lines, shown_value, side, versions
from .verdicts import Comparison, ComparisonStatus

Cell: TypeAlias = object
Row: TypeAlias = Sequence[Cell]

MONEY_FORMAT = "#,##0.00;[Red](#,##0.00)"
WIDEST, NARROWEST = 60, 10
MOST_TEXT = 32_000
"""Characters that a cell of a workbook holds."""
MOST_LINES = 1_000
"""Lines in the page; all are in the workbook and the CSV files."""
LEVELS = {1: "records", 2: "control totals", 3: "Clio's own reports", 4: "between systems"}
NOTHING = "-"
SIGNERS = ("Prepared by", "Reviewed by", "Approved by")
LINK = "link"
LINES = (
    *("id", "comparison", "label", "left", "right", "difference", "status", "cause", "note"),
    *("resource", "record", LINK),
)
FIELDS = ("resource", "id", "field", "Clio", "warehouse", "status", "cause", LINK)
SUMMARY = ("check", "level", "rows", "equal", "left", "right", "difference", "status", "why")
DEFINITIONS = ("check", "level", "left", "right", "unit", "tolerance", "reason", "severity")


def page(evidence: Evidence) -> str:
    """Write the page."""
    counts = [f"{count} {name}" for name, count in evidence.counts.items() if count]
    compared = [one for one in lines(evidence) if one.line.status is not ComparisonStatus.NOT_RUN]
    return rendered(
        "reconcile/page.html",
        title=f"Reconciliation {evidence.heading.made_at.to_date_string()}",
        evidence=evidence,
        verdict=_verdict(evidence),
        counts=", ".join(counts),
        facts=_facts(evidence),
        found=compared,
        most=MOST_LINES,
        levels=LEVELS,
        signers=SIGNERS,
        shown=_shown,
    )


def _verdict(evidence: Evidence) -> str:
    if evidence.open:
        return f"{evidence.open:,} open differences."
    compared = " in what was compared" if evidence.counts[ComparisonStatus.NOT_RUN] else ""
    return f"No open difference{compared}."


def _facts(evidence: Evidence) -> dict[str, str]:
    told = evidence.heading
    return {
        "Run": told.run_id,
        "Made": _moment(told.made_at),
        "By": told.actor,
        "Clio": " account ".join(filter(None, (told.host, told.account))),
        "Newest load": _moment(told.loaded_at),
        "Models built": _moment(told.built_at),
        "Scope": told.scope,
        "Ledger": told.audit_head,
        "Versions": ", ".join(f"{name} {number}" for name, number in versions().items()),
    }


def _moment(at: object) -> str:
    return str(at)[:16].replace("T", " ") + " UTC" if at else ""


def _shown(value: object) -> tuple[str, str]:
    """Return what a cell shows of a value, and the style classes of that cell."""
    if not isinstance(value, Decimal):
        return str(value) if value is not None else NOTHING, ""
    text = shown_value(value)
    return (f"({text.removeprefix('-')})", "number negative") if value < 0 else (text, "number")


def csv_text(header: Iterable[str], rows: Iterable[Row]) -> bytes:
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
    line, name = shown.line, shown.comparison.definition.name
    told = (line.left, line.right, shown.difference, line.status.value, line.cause, shown.note)
    return (shown.id, name, line.label, *told, line.resource, line.record_id, shown.link)


def workbook(evidence: Evidence) -> bytes:
    """Write the workbook."""
    book = openpyxl.Workbook(write_only=True)
    found = list(lines(evidence))
    of_fields = [one for one in found if one.comparison.definition.name == "fields"]
    _sheet(book, "Summary", SUMMARY, map(_summary, evidence.ordered))
    _sheet(book, "Differences", LINES, map(line_cells, found))
    for title, which in (("Missing", MISSING), ("Extra", EXTRA)):
        _sheet(book, title, LINES, [line_cells(one) for one in found if side(one.line) == which])
    _sheet(book, "Field differences", FIELDS, map(_field, of_fields))
    for title, listing in evidence.listings.items():
        if listing.reason:
            _sheet(book, title, ("not run",), [(listing.reason,)])
        else:
            _sheet(book, title, listing.names or ("nothing",), listing.rows)
    _sheet(book, "Definitions", DEFINITIONS, map(_definition, evidence.ordered))
    _sheet(book, "Sign-off", ("", "name", "signature", "date"), _sign_off(evidence))
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _summary(one: Comparison) -> Row:
    sums = (one.left, one.right, one.difference)
    told = one.definition
    return (told.what, told.level, one.rows, one.equal, *sums, one.status.value, one.reason)


def _field(shown: ShownLine) -> Row:
    line = shown.line
    field = line.key.rpartition(".")[2]
    told = (line.left, line.right, line.status.value, line.cause, shown.link)
    return (line.resource, line.record_id, field, *told)


def _definition(one: Comparison) -> Row:
    told = one.definition
    sides = (told.left, told.right, told.unit, told.tolerance, told.reason, told.severity)
    return (told.what, told.level, *sides)


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
    titles = [WriteOnlyCell(sheet, name) for name in header]
    for title_cell in titles:
        title_cell.font = Font(bold=True)
    for row in [titles, *body]:
        sheet.append(row)


def _cell(sheet: Worksheet, value: Cell, name: str) -> SheetCell:
    """Make a cell; only ours are links, whatever address a text of a record is."""
    if isinstance(value, Decimal):
        cell = WriteOnlyCell(sheet, value)
        cell.number_format = MONEY_FORMAT
        return cell
    is_day = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
    if value is None or is_day or isinstance(value, bool | int | float):
        return WriteOnlyCell(sheet, value)
    text = ILLEGAL_CHARACTERS_RE.sub("", str(value))[:MOST_TEXT]
    cell = WriteOnlyCell(sheet, escaped(text))
    cell.data_type = "s"
    if text and name == LINK:
        cell.hyperlink = text
        cell.style = "Hyperlink"
    return cell
