"""One table says what a failure of this machine means for whoever ran the command."""

import errno
import os
import sqlite3
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import BusyError, LedgerError, StorageError, WarehouseError
from pipelines.errors.local import (
    DiskBrokenError,
    DiskFullError,
    NewerFileError,
    ReadOnlyError,
    in_words,
    of_ledger,
    told,
)
from sources.errors import ClioError

NAMED = 'Could not write file "/data/warehouse.duckdb": '
NUMBERS = [
    (errno.ENOSPC, DiskFullError, 4),
    (errno.EDQUOT, DiskFullError, 4),
    (errno.EFBIG, DiskFullError, 4),
    (errno.EROFS, ReadOnlyError, 2),
    (errno.EACCES, ReadOnlyError, 2),
    (errno.EPERM, ReadOnlyError, 2),
    (errno.EIO, DiskBrokenError, 7),
    (errno.EMFILE, StorageError, 4),
    (errno.ENOMEM, StorageError, 4),
]
SHORT = (
    'Could not read enough bytes from file "/data/warehouse.duckdb": attempted to read 262144'
    " bytes from location 2895872"
)
FORMAT = (
    "Trying to read a database file with storage version number 70, but we can only read storage"
    " versions between 64 and 69."
)
WORDS = [
    (NAMED + "No space left on device", DiskFullError, 4),
    (NAMED + "Disk quota exceeded", DiskFullError, 4),
    ('Cannot open file "/data/warehouse.duckdb": Read-only file system', ReadOnlyError, 2),
    ('Cannot open file "/data/warehouse.duckdb": Permission denied', ReadOnlyError, 2),
    ('Could not read from file "/data/warehouse.duckdb": Input/output error', DiskBrokenError, 7),
    (SHORT, WarehouseError, 7),
    ('The file "/data/w" exists, but it is not a valid DuckDB database file!', WarehouseError, 7),
    ("Corrupt database file: computed checksum 1 does not match stored", WarehouseError, 7),
    (FORMAT, NewerFileError, 2),
    ('Could not set lock on file "/data/warehouse.duckdb"', BusyError, 4),
    (NAMED + "something new", StorageError, 4),
]


@pytest.mark.parametrize(("number", "kind", "code"), NUMBERS)
def test_numbers_of_the_system(number: int, kind: type[ClioError], code: int) -> None:
    """Full, forbidden, broken and short of something differ in class and exit code; the path is
    in the words.
    """
    found = told(OSError(number, os.strerror(number), "/data/lock"), "it could not be locked")
    assert type(found) is kind
    assert found.exit_code == code
    assert str(found).startswith("it could not be locked, /data/lock (")
    assert os.strerror(number) in str(found)


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ENOTDIR, errno.EPIPE, errno.ECONNRESET])
def test_other_numbers(number: int) -> None:
    """Any other number is no failure of the machine: whoever knows what was done must say."""
    assert told(OSError(number, "x")) is None
    with (
        pytest.raises(StorageError, match=r"^it could not be written \(x\)$"),
        in_words("it could not be written"),
    ):
        raise OSError(number, "x")


@pytest.mark.parametrize(("said", "kind", "code"), WORDS)
def test_words_of_duckdb(said: str, kind: type[ClioError], code: int) -> None:
    """DuckDB tells such failures in its text alone."""
    found = told(duckdb.IOException("IO Error: " + said), "it could not be read", "/elsewhere")
    assert type(found) is kind
    assert found.exit_code == code
    assert ("/data/warehouse.duckdb" in str(found)) == (
        kind is not WarehouseError and "/data/warehouse.duckdb" in said
    )


@pytest.mark.parametrize(
    "kind", [duckdb.ConversionException, duckdb.BinderException, duckdb.ConstraintException]
)
def test_words_of_a_row(kind: type[duckdb.Error]) -> None:
    """An error about a query or a row may quote it: its words say nothing of the disk."""
    assert told(kind('Could not convert "No space left on device" to INT32')) is None


def test_cause_behind_others() -> None:
    """Whatever libraries wrap around it, the failure is found."""
    first, second, third = OSError(errno.ENOSPC, "full", "/data/x"), RuntimeError(), KeyError()
    second.__cause__ = first
    third.__context__ = second
    first.__context__ = third  # a ring, as some libraries make one
    assert isinstance(told(third), DiskFullError)
    assert told(ValueError("x")) is None


@pytest.mark.parametrize(
    ("statement", "kind"),
    [("insert into a values (zeroblob(100000))", DiskFullError), ("select x", LedgerError)],
)
def test_words_of_sqlite(tmp_path: Path, statement: str, kind: type[ClioError]) -> None:
    """SQLite tells by its own numbers; what is none of the table is damage."""
    path = tmp_path / "ledger.sqlite"
    database = sqlite3.connect(path)
    database.execute("create table a (b)")
    database.execute("pragma max_page_count = 3")
    with pytest.raises(sqlite3.Error) as raised:
        database.execute(statement)
    database.close()
    found = of_ledger(raised.value, str(path))
    assert type(found) is kind
    assert statement not in str(found)
