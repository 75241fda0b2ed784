"""The ledger's edits and pushes as tables of `meta`, so that SQL and reports see them.

The ledger decides; these rows are made anew whenever a run writes to the warehouse. With them goes
the ledger's head, by which one that was lost or cut is noticed. Whatever is wrong with the ledger,
reading from Clio goes on.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.state import own_writes
from pipelines.state.epoch import migrate
from pipelines.warehouse import Warehouse
from sources.clio_http.clock import Clock
from sources.errors import ClioError

from .ledger import Head, Ledger

EDITS = {
    "edit_id": "varchar",
    "resource": "varchar",
    "record_id": "varchar",
    "label": "varchar",
    "field": "varchar",
    "base": "json",
    "new_value": "json",
    "base_etag": "varchar",
    "reason": "varchar",
    "author": "varchar",
    "origin": "varchar",
    "state": "varchar",
    "plan_hash": "varchar",
    "note": "varchar",
    "theirs": "json",
    "proposed_at": "timestamptz",
    "final_at": "timestamptz",
}
"""One row for each edit, in the state that it is in."""

PUSHES = {
    "attempt": "varchar",
    "plan_hash": "varchar",
    "resource": "varchar",
    "record_id": "varchar",
    "edits": "json",
    "if_match": "varchar",
    "body_hash": "varchar",
    "intended_at": "timestamptz",
    "ended_at": "timestamptz",
    "outcome": "varchar",
    "status": "integer",
    "etag_after": "varchar",
}
"""One row for each PATCH that may have reached Clio."""

TABLES = (("edits", "edits", EDITS), ("pushes", "attempts", PUSHES))
"""Each table of `meta`, the view of the ledger that it copies, and its columns."""


def refresh_from(warehouse: Warehouse, folder: Path, clock: Clock) -> str:
    """Copy the ledger of a data folder; return a note if that could not be done.

    Where the ledger is damaged, or does not hold what the warehouse has seen of it, the copies
    stay as they are.
    """
    migrate(warehouse)
    try:
        with Ledger.open(folder, clock, read_only=True) as ledger:
            lost = ledger.lost(Head(*own_writes.seen(warehouse)))
            if not lost:
                _copy(warehouse, ledger)
                return ""
        why = f"it held {lost[0].count:,} events once, of which the last is missing or another"
    except ClioError as error:
        why = str(error)
    return (
        f"meta.edits and meta.pushes stay as they are, for the ledger cannot be used: {why}."
        " Reading goes on; nothing is sent to Clio. See clio-sync audit verify"
    )


def refresh(warehouse: Warehouse, ledger: Ledger) -> None:
    """Copy an open ledger, and note its head."""
    migrate(warehouse)
    _copy(warehouse, ledger)


def _copy(warehouse: Warehouse, ledger: Ledger) -> None:
    head = ledger.head()
    if (head.count, head.hash) == own_writes.seen(warehouse):
        # the ledger only grows, so the copies are what it holds
        return
    cursor = warehouse.cursor()
    try:
        cursor.execute("begin")
        for table, view, columns in TABLES:
            rows = ledger.rows(f"select {', '.join(columns)} from {view}")
            cursor.execute(f"delete from meta.{table}")
            cursor.register("copied", _texts(list(columns), rows))
            cast = ", ".join(f"{name}::{kind} as {name}" for name, kind in columns.items())
            cursor.execute(f"insert into meta.{table} by name select {cast} from copied")
            cursor.unregister("copied")
        cursor.execute("commit")
    finally:
        cursor.close()
    # last: a crash before this copies once more
    own_writes.see(warehouse, (head.count, head.hash))


def _texts(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> pa.Table:
    """Make an Arrow table of texts; DuckDB casts them."""
    return pa.table(
        {
            name: pa.array([None if row[at] is None else str(row[at]) for row in rows], pa.string())
            for at, name in enumerate(names)
        }
    )
