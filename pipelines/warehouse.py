"""The warehouse: one DuckDB file, one writer.

Everything that opens the file goes through here. The data folder is private to its owner; a
second writer is told who holds the lock.
"""

import json
import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import duckdb
import filelock
import pendulum
import pyarrow as pa

from pipelines.config.files import keep_own, put_right
from pipelines.errors.local import NewerFileError, in_words, newer, told
from sources.errors import ClioError, ConfigurationError

from .errors import BusyError, QueryError, StorageError, WarehouseError
from .files import cut, seal, write_beside
from .release import SCHEMA

Cursor: TypeAlias = duckdb.DuckDBPyConnection

REFUSED = (
    duckdb.DataError,
    duckdb.IntegrityError,
    duckdb.InternalError,
    duckdb.NotSupportedError,
    duckdb.ProgrammingError,
)
"""What DuckDB raises when a query is wrong, or does not fit its rows; not when the disk fails."""

MEMORY_LIMIT = "256MB"
PRIVATE = 0o700
FILE = "warehouse.duckdb"
ODD = "='?%\\"
"""Characters of a path that DuckDB or dlt take for something else, such as a partition."""
HEADER = 3 * 4096
"""The bytes at the file's beginning that every checkpoint changes."""
LOG_BEGINS = b"\x64\x00\x62\x65\x00"
"""The first bytes of a write-ahead log of DuckDB's: that the first entry tells its version."""
NO_EXTENSIONS = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
LOCKED_DOWN = (
    "set enable_external_access = false",
    "set allow_community_extensions = false",
    "set lock_configuration = true",
)
RELATIONS = """
select schema_name || '.' || table_name, 'table' from duckdb_tables()
where database_name = current_database() and not internal
union all
select schema_name || '.' || view_name, 'view' from duckdb_views()
where database_name = current_database() and not internal
"""
DEMO_MARK = "demo"
"""The file that says that a data folder holds the demo's invented firm."""

warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)


def arrow(cursor: Cursor, query: str) -> pa.Table:
    """Run a query and give its rows as an Arrow table, in the order that it asks for.

    DuckDB 2.0.0 forgets that order where `preserve_insertion_order` is off.
    """
    return cursor.execute(query).to_arrow_table()


def utc(value: datetime) -> pendulum.DateTime:
    """Take a timestamp from DuckDB as a moment in UTC."""
    return pendulum.instance(value, tz="UTC").in_timezone("UTC")


def moment(value: object) -> pendulum.DateTime | None:
    """Take a timestamp from DuckDB, where there is one, as a moment in UTC."""
    return utc(value) if isinstance(value, datetime) else None


def moments(row: Sequence[object]) -> tuple[Any, ...]:
    """Return a row of DuckDB's with its timestamps as moments in UTC."""
    return tuple(utc(value) if isinstance(value, datetime) else value for value in row)


def in_memory() -> Cursor:
    """Return an empty database of its own, in memory, whose errors are JSON documents."""
    cursor = duckdb.connect(":memory:", config=dict(NO_EXTENSIONS))
    cursor.execute("set timezone = 'UTC'")
    cursor.execute("set errors_as_json = true")
    return cursor


def prepare_data_folder(folder: Path) -> None:
    """Make the data folder, private to its owner, and refuse one that cannot be used.

    Raises:
        ForeignFileError: a file in it belongs to another user.
        ConfigurationError: it cannot be made, or is another user's.

    """
    odd = sorted(set(str(folder.resolve())) & set(ODD))
    if odd:
        message = f"the path of the data folder holds {odd[0]}, with which the engine cannot write"
        raise ConfigurationError(message)
    try:
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            message = "the data folder belongs to another user"
            raise ConfigurationError(message)
        folder.chmod(PRIVATE)
        put_right(folder)
    except OSError as error:
        message = f"the data folder cannot be made or changed ({error.strerror})"
        raise told(error, "the data folder cannot be made or changed", str(folder)) or (
            ConfigurationError(message)
        ) from None


@contextmanager
def writer_lock(folder: Path, command: str, now: pendulum.DateTime) -> Iterator[None]:
    """Hold the only writer's lock on a data folder.

    The lock is the operating system's, so it goes with the process that held it.

    Raises:
        BusyError: another process holds it; the message names that process.

    """
    holder = folder / "lock.json"
    lock = filelock.FileLock(folder / "lock", mode=0o600)
    with in_words("the data folder cannot be locked", str(folder)):
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise BusyError(_holder(holder)) from None
    try:
        text = json.dumps({"pid": os.getpid(), "command": command, "since": str(now)})
        with in_words("the data folder cannot be locked", str(folder)):
            write_beside(holder, text)
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _holder(path: Path) -> str:
    try:
        held = json.loads(path.read_text("utf-8"))
        who = f"process {held['pid']} ({held['command']}, since {held['since']})"
    except (OSError, ValueError, KeyError):
        who = "another process"
    return f"{who} holds the data folder"


class Warehouse:
    """An open warehouse. `connection` is what dlt is given; everyone else takes a cursor."""

    def __init__(
        self,
        folder: Path,
        *,
        read_only: bool = False,
        memory_limit: str = MEMORY_LIMIT,
        file: str = FILE,
    ) -> None:
        """Open the file, or make it; DuckDB takes no more memory than the limit.

        Raises:
            BusyError: another process has the file open.
            NewerFileError: a newer version of clio-sync or of DuckDB wrote it.
            WarehouseError: the file cannot be opened.

        """
        self.path = folder / file
        self.read_only = read_only
        config: dict[str, Any] = {
            "memory_limit": memory_limit,
            "temp_directory": str(folder / "tmp"),
            **NO_EXTENSIONS,
        }
        try:
            keep_own(self.path)
            demand_whole(self.path)
            self.connection = duckdb.connect(str(self.path), read_only=read_only, config=config)
            self.connection.execute("set timezone = 'UTC'")
            self._own, self._lock = self.cursor(), threading.RLock()
            self.version = self._known_version()
        except (duckdb.Error, OSError) as error:
            raise _unopened(error, self.path) from None

    def _known_version(self) -> int:
        """Return the number of the last migration that was made here; 0 where none was.

        Raises:
            NewerFileError: a newer clio-sync made it; nothing was misread or changed.

        """
        try:
            found = self.rows("select version, tool from meta.versions")
        except duckdb.CatalogException:
            return 0
        for version, tool in found:
            if version > SCHEMA:
                self.connection.close()
                raise NewerFileError(newer(self.path.name, version, SCHEMA, tool))
        return max((int(version) for version, _ in found), default=0)

    def __enter__(self) -> Self:
        """Return the warehouse itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it; what went wrong with the disk or the file becomes an error with words.

        Raises:
            ClioError: the file is damaged, or could not be read or written.

        """
        with suppress(duckdb.Error):
            self.close()
        if isinstance(error, ClioError | OSError) or not isinstance(error, Exception):
            return  # neither is of this file
        if found := told(error, "the warehouse could not be read or written", str(self.path)):
            raise found from None
        if isinstance(error, duckdb.OperationalError | duckdb.FatalException):
            message = f"the warehouse could not be read or written ({type(error).__name__})"
            raise StorageError(message) from None

    def close(self) -> None:
        """Close the file."""
        self._own.close()
        self.connection.close()
        if not self.read_only:
            seal(self.path, HEADER)

    def cursor(self) -> Cursor:
        """Return a connection of its own to the same open file, in UTC."""
        cursor = self.connection.cursor()
        cursor.execute("set timezone = 'UTC'")
        return cursor

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run one query, committed at once, and give its rows."""
        with self._lock:
            return self._own.execute(query, list(parameters)).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """Commit what `rows` or the cursor does meanwhile at once, or not at all; others wait."""
        with self._lock:
            self._own.execute("begin")
            try:
                yield self._own
            except BaseException:
                self._own.execute("rollback")
                raise
            self._own.execute("commit")

    def lock_down(self) -> None:
        """Let nothing that is asked from now on reach another file, a network or an extension.

        It cannot be undone while the file is open.
        """
        for statement in LOCKED_DOWN:
            self.connection.execute(statement)

    def ask(self, query: str, most: int) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run a query that a person wrote; give the names of its columns and its rows.

        Only on a warehouse that is read-only and locked down.

        Raises:
            QueryError: it is not one SELECT, it cannot be run, or it gives more than `most` rows.

        """
        try:
            kinds = [found.type for found in duckdb.extract_statements(query)]
            if kinds != [duckdb.StatementType.SELECT]:
                message = "a query is one SELECT, and nothing else"
                raise QueryError(message)
            with self._lock:
                self._own.execute(query)
                names = [column[0] for column in self._own.description or ()]
                rows = self._own.fetchmany(most + 1)
        except duckdb.Error as error:
            raise told(error, "the query ended", str(self.path)) or QueryError(
                _said(error)
            ) from None
        if len(rows) > most:
            message = f"the query gives more than {most:,} rows; narrow it"
            raise QueryError(message)
        return names, rows

    def interrupt(self) -> None:
        """End the query that is under way, from another thread."""
        self._own.interrupt()

    def columns(self, schema: str, table: str) -> list[str]:
        """Name the columns of a table in order; empty when there is no such table."""
        found = self.rows(
            "select column_name from duckdb_columns() where database_name = current_database()"
            " and schema_name = $1 and table_name = $2 order by column_index",
            [schema, table],
        )
        return [name for (name,) in found]

    def either(self, table: str, column: str) -> str:
        """Name a column of a table of `meta`; null in its place where an older version lacks it.

        A warehouse that is only read is not brought up to date.
        """
        return column if column in self.columns("meta", table) else "null"

    def layout(self, schema: str) -> dict[str, list[str]]:
        """Name the columns of every table of a schema, in order."""
        found = self.rows(
            "select table_name, list(column_name order by column_index) from duckdb_columns()"
            " where database_name = current_database() and schema_name = $1 group by 1",
            [schema],
        )
        return dict(found)

    def relations(self) -> dict[str, str]:
        """Name every relation with its schema, and say whether it is a table or a view."""
        return dict(self.rows(RELATIONS))

    def counts(self, schema: str) -> dict[str, int]:
        """Return about how many rows each table of a schema has."""
        found = self.rows(
            "select table_name, estimated_size from duckdb_tables() where schema_name = $1",
            [schema],
        )
        return dict(found)

    def checkpoint(self) -> None:
        """Move everything committed from the write-ahead log into the file."""
        self.rows("checkpoint")


def demand_whole(path: Path) -> None:
    """Refuse a file that was cut, and a write-ahead log that does not begin as DuckDB begins one.

    DuckDB notices a cut when it comes to a block that is gone, and passes such a log over without
    a word, with whatever it held. One that ends in the middle of an entry is as a crash leaves it,
    and so is one whose first block never came to the disk and reads as zeros.

    Raises:
        WarehouseError: it is so.

    """
    if said := cut(path, HEADER):
        message = f"the warehouse cannot be opened ({said})"
        raise WarehouseError(message)
    try:
        with path.with_name(path.name + ".wal").open("rb") as log:
            begins = log.read(len(LOG_BEGINS))
    except FileNotFoundError:
        return
    if begins.strip(b"\0") and not LOG_BEGINS.startswith(begins):
        message = "the warehouse cannot be opened (its write-ahead log is damaged)"
        raise WarehouseError(message)


def _unopened(error: duckdb.Error | OSError, path: Path) -> ClioError:
    """Return why the file could not be opened."""
    found = told(error, "the warehouse cannot be opened", str(path))
    if isinstance(found, BusyError):
        message = "another program has the warehouse open"
        return BusyError(message)
    kind = type(error).__name__
    return found or WarehouseError(f"the warehouse cannot be opened ({kind})")


def _said(error: duckdb.Error) -> str:
    """Say why a query failed: what DuckDB says of its text, and of its data only the kind."""
    about_text = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)
    kind = type(error).__name__
    said = str(error).partition("\n")[0] if isinstance(error, about_text) else kind
    return f"the query cannot be run ({said})"
