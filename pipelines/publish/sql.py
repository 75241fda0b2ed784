"""`clio-sync sql`: one query on what is published, which can reach nothing else."""

import csv
import datetime as dt
import io
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

import pendulum

from pipelines.config import Settings
from pipelines.edits.literals import guarded
from pipelines.errors import QueryError
from pipelines.outcome import Outcome, escaped, jsonable, table
from pipelines.warehouse import Warehouse
from sources.clio_http.clock import Clock
from sources.errors import ClioError

from .pointer import opened

MOST = 100_000
"""Rows that a query may give."""
SECONDS = 300
"""So long a query may run."""
NULL = ""


@contextmanager
def limited(warehouse: Warehouse, seconds: float) -> Iterator[None]:
    """End a query that runs longer than it may.

    Raises:
        QueryError: it did.

    """
    over = threading.Event()

    def end() -> None:
        over.set()
        warehouse.interrupt()

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        yield
    except (ClioError, KeyboardInterrupt):
        if not over.is_set():
            raise
        message = f"the query ran longer than {seconds:g} seconds; narrow it, or raise --timeout"
        raise QueryError(message) from None
    finally:
        timer.cancel()


def run_sql(
    settings: Settings, clock: Clock, query: str, *, as_csv: bool = False, seconds: float = SECONDS
) -> Outcome:
    """Run one SELECT on the newest snapshot; as text it is a table, or CSV for spreadsheets.

    Raises:
        NotPublishedError: nothing is published.
        PointerError: what is published cannot be found.
        QueryError: it is not one SELECT, it cannot be run, or it gives too many rows.

    """
    outcome = Outcome("sql", clock.now(), run_id=uuid4().hex)
    with opened(settings.data_dir) as (current, snapshot):
        snapshot.lock_down()
        with limited(snapshot, seconds):
            found, rows = snapshot.ask(query, MOST)
    names = distinct(found)
    cells = [[plain(value) for value in row] for row in rows]
    outcome.results = [dict(zip(names, row, strict=True)) for row in cells]
    if as_csv:
        outcome.text = csv_text(names, cells)
    else:
        many = "1 row" if len(cells) == 1 else f"{len(cells):,} rows"
        source = f"generation {current.generation}, published {current.published_at}"
        outcome.text = f"{table(names, cells)}\n{many}; {source}\n"
    outcome.finished_at = clock.now()
    return outcome


def distinct(names: Sequence[str]) -> list[str]:
    """Number names that come again: `id`, `id_1`."""
    found: list[str] = []
    for name in names:
        number, other = 0, name
        while other in found:
            number += 1
            other = f"{name}_{number}"
        found.append(other)
    return found


def plain(value: object) -> object:
    """Turn a value into what tables, CSV and JSON can show: moments in UTC, bytes in hex."""
    if isinstance(value, dt.datetime):
        return pendulum.instance(value).in_timezone("UTC") if value.tzinfo else value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value


def csv_text(names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Write CSV of which no text is taken for a formula: such a one begins with an apostrophe.

    Numbers, days and moments stay as they are, negative numbers too.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([safe(name) for name in names])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return file.getvalue()


def safe(text: str) -> str:
    """Guard a text that a spreadsheet takes for a formula, also where it parts cells by `;`."""
    return guarded(escaped(text))


def _cell(value: object) -> str:
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return safe(json.dumps(value, default=jsonable, ensure_ascii=False))
    return safe(value) if isinstance(value, str) else str(jsonable(value))
