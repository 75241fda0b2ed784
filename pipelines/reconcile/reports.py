"""Clio's own reports as tables: asked for, fetched, and read by the headings that are known.

Clio documents which reports there are and not how they are laid out. A report without the headings
that a comparison needs is not guessed at: that comparison is not run.
"""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

import pyarrow as pa

from pipelines.progress import Lines
from pipelines.state.hashed_columns import Masks
from sources.clio_http.client import ClioClient
from sources.clio_http.clock import Clock
from sources.clio_http.reports import ReportRequest, report
from sources.errors import (
    ClioError,
    Interrupted,
    SignInNeededError,
    UnreachableError,
    WriteRefusedError,
)

from .evaluate import Inputs

TEXT, NUMBER, DAY = "text", "number", "day"
TYPES = {TEXT: pa.string(), NUMBER: pa.decimal128(38, 6), DAY: pa.date32()}
PREFIX = "report_"
UNASKED = "Clio's own reports were not asked for: --reports"
BEGINNING = "2000-01-01"
"""The first day of the period of reports that need one."""
OF_THE_RUN = (SignInNeededError, UnreachableError, WriteRefusedError, Interrupted)
"""What is wrong with more than the one report that was asked for."""
MOST_ROWS = 1_000_000
PLACES = Decimal("0.000001")
_WHOLE = r"([0-9]+|[0-9]{1,3}(,[0-9]{3})+)"
_PLAIN = rf"({_WHOLE}(\.[0-9]*)?|\.[0-9]+)"
_NUMBER = re.compile(rf"-?{_PLAIN}|\({_PLAIN}\)")


@dataclass(frozen=True)
class ReportColumn:
    """A column of a report: the headings that it may stand under, in lower case.

    `shows` names the collection and column of records whose text it shows, where it does.
    """

    headings: tuple[str, ...]
    kind: str = TEXT
    shows: tuple[str, str] | None = None


@dataclass(frozen=True)
class Layout:
    """The columns of one kind of report, and whether it is asked for by a period."""

    columns: Mapping[str, ReportColumn]
    by_period: bool = False


_BILL = ReportColumn(
    ("bill", "bill number", "invoice", "invoice number"), TEXT, ("bills", "number")
)
_MATTER = ReportColumn(
    ("matter", "matter number", "matter display number"), TEXT, ("matters", "display_number")
)
_CLIENT = ReportColumn(("client", "client name", "contact"), TEXT, ("contacts", "name"))
_ACCOUNT = ReportColumn(
    ("account", "bank account", "account name"), TEXT, ("bank_accounts", "name")
)
_USER = ReportColumn(("user", "timekeeper", "firm user"), TEXT, ("users", "name"))


def _money(*headings: str) -> ReportColumn:
    return ReportColumn(headings, NUMBER)


LAYOUTS = {
    "accounts_receivable": Layout(
        {"bill": _BILL, "client": _CLIENT, "balance": _money("balance", "outstanding", "total due")}
    ),
    "accounts_receivable_aging": Layout(
        {
            "bill": _BILL,
            "b_current": _money("current", "not due"),
            "b_1_30": _money("1-30", "1 - 30", "1-30 days"),
            "b_31_60": _money("31-60", "31 - 60", "31-60 days"),
            "b_61_90": _money("61-90", "61 - 90", "61-90 days"),
            "b_91": _money("91+", "90+", "91+ days", "over 90"),
        }
    ),
    "work_in_progress": Layout(
        {
            "matter": _MATTER,
            "hours": _money("hours", "unbilled hours"),
            "amount": _money("amount", "unbilled amount", "total"),
        }
    ),
    "revenue": Layout(
        {
            "bill": _BILL,
            "timekeeper": _USER,
            "billed": _money("billed", "billed amount"),
            "collected": _money("collected", "collected amount", "payments"),
        },
        by_period=True,
    ),
    "trust_listing": Layout(
        {"account": _ACCOUNT, "matter": _MATTER, "client": _CLIENT, "balance": _money("balance")}
    ),
    "trust_ledger": Layout(
        {
            "account": _ACCOUNT,
            "day": ReportColumn(("date",), DAY),
            "matter": _MATTER,
            "client": _CLIENT,
            "funds_in": _money("funds in", "in", "deposit", "receipts"),
            "funds_out": _money("funds out", "out", "withdrawal", "disbursements"),
        },
        by_period=True,
    ),
    "matter_balance_summary": Layout(
        {
            "matter": _MATTER,
            "wip": _money("work in progress", "unbilled", "wip"),
            "owed": _money("outstanding", "outstanding balance", "accounts receivable"),
            "trust": _money("trust", "trust balance", "trust funds"),
        }
    ),
}
"""What is read of each kind of report. The headings are an assumption until one was seen."""


class StrangeReportError(ValueError):
    """A report does not look as it has to; the message says in what, and nothing of its rows."""


def asked_reports(
    client: ClioClient, clock: Clock, today: date, reporter: Lines, masks: Masks
) -> Inputs:
    """Let Clio make every report that is known, and give each as a table, or why it is none.

    Texts of columns that are left out or hashed are hidden in them in the same way.

    Raises:
        SignInNeededError: no other report can be asked for either.
        UnreachableError: neither can it.
        WriteRefusedError: nothing may be posted here.
        Interrupted: the run is to stop.

    """
    days = {"beginning": [date.fromisoformat(BEGINNING)], "today": [today]}
    tables: dict[str, pa.Table] = {"asked_on": pa.table(days)}
    absent: dict[str, str] = {}
    for kind, layout in LAYOUTS.items():
        period = (BEGINNING, today.isoformat()) if layout.by_period else ("", "")
        try:
            body = report(client, clock, ReportRequest(kind, *period))
            tables[PREFIX + kind] = read_report(body, layout, masks)
        except OF_THE_RUN:
            raise
        except (ClioError, StrangeReportError) as error:
            absent[PREFIX + kind] = str(error)
        reporter.note(f"report {kind}: {absent.get(PREFIX + kind, 'fetched')}")
    return Inputs(tables, absent)


def unasked(why: str = "") -> Inputs:
    """Return no report, and why."""
    return Inputs({}, {PREFIX + kind: why or UNASKED for kind in LAYOUTS})


def read_report(body: bytes, layout: Layout, masks: Masks | None = None) -> pa.Table:
    """Read a report as a CSV file with known headings; an empty one has no rows.

    Raises:
        StrangeReportError: a heading is missing, or a value is none of its kind.

    """
    schema = pa.schema([(name, TYPES[one.kind]) for name, one in layout.columns.items()])
    try:
        lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        message = "the report is not a CSV file in UTF-8"
        raise StrangeReportError(message) from None
    if not lines:
        return schema.empty_table()
    header, *rows = lines
    places = _places(header, layout)
    found = [row for row in rows if any(cell.strip() for cell in row)]
    if len(found) > MOST_ROWS or any(len(row) != len(header) for row in found):
        message = "a row of the report has not the cells that its header says"
        raise StrangeReportError(message)
    hide = masks or Masks()
    columns = [
        pa.array([_shown(row[places[name]], one, hide) for row in found], TYPES[one.kind])
        for name, one in layout.columns.items()
    ]
    return pa.table(columns, schema=schema)


def _places(header: Sequence[str], layout: Layout) -> dict[str, int]:
    known = [" ".join(text.split()).casefold() for text in header]
    places = {}
    for name, column in layout.columns.items():
        mine = [known.index(one) for one in column.headings if one in known]
        if not mine:
            message = f"the report has no column {column.headings[0]}"
            raise StrangeReportError(message)
        places[name] = mine[0]
    return places


def _shown(cell: str, column: ReportColumn, masks: Masks) -> object:
    value = _value(cell, column.kind)
    return masks.cell(*column.shows, str(value)) if column.shows else value


def _value(cell: str, kind: str) -> object:
    text = cell.strip()
    if kind == TEXT:
        return text
    try:
        return date.fromisoformat(text) if kind == DAY else _number(text)
    except (ValueError, InvalidOperation):
        message = f"a cell of the report is not a {kind}"
        raise StrangeReportError(message) from None


def _number(text: str) -> Decimal:
    """Read 1,234.50, $5, -5 and (5): the last two are below nothing; to six places.

    A comma that parts no thousands is not guessed at: 1,50 and 1.234,50 may be other amounts.
    """
    plain = re.sub(r"[\s$£€]|USD|CAD|GBP|EUR|AUD", "", text)
    if not _NUMBER.fullmatch(plain or "0"):
        raise InvalidOperation
    negative = plain.startswith("(")
    number = Decimal(plain.strip("()").replace(",", "") or "0").quantize(PLACES)
    return -number if negative else number
