"""The ledger's file, changed behind its back by somebody who knows how it is guarded."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pipelines.ledger.ledger import FILE


@contextmanager
def unguarded(folder: Path) -> Iterator[sqlite3.Connection]:
    """Return a data folder's ledger without its triggers, which are there again afterwards."""
    with closing(sqlite3.connect(folder / FILE)) as database:
        query = "select name, sql from sqlite_schema where type = 'trigger'"
        guards = database.execute(query).fetchall()
        for name, _ in guards:
            database.execute(f"drop trigger {name}")
        yield database
        for _, statement in guards:
            database.execute(statement)
        database.commit()
