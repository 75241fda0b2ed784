"""Clio's own reports as tables: asked for, fetched, and read by the headings that are known.

Clio documents which reports there are and not how they are laid out. A report without the headings
that a comparison needs is not guessed at: that comparison is not run.
"""

import csv
import io
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

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
    kind: str
    shows: tuple[str, str] | None = None


@dataclass(frozen=True)
class Layout:
    """The columns of one kind of report, and whether it is asked for by a period."""

    columns: Mapping[str, ReportColumn]
    by_period: bool


def _layouts() -> dict[str, Layout]:
    """Read what is read of each kind of report."""
    told = tomllib.loads(Path(__file__).with_name("layouts.toml").read_text("utf-8"))
    found = {}
    for kind, report_kind in told["reports"].items():
        columns = {}
        for name in report_kind["texts"]:
            collection, field = told["shows"][name]
            columns[name] = ReportColumn(tuple(told["texts"][name]), TEXT, (collection, field))
        for group, type_name in (("days", DAY), ("numbers", NUMBER)):
            for name, headings in report_kind.get(group, {}).items():
                columns[name] = ReportColumn(tuple(headings), type_name)
        found[kind] = Layout(columns, report_kind.get("by_period", False))
    return found


LAYOUTS = _layouts()


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
