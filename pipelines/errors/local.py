"""What goes wrong on this machine, turned into words in one place: disk, files, SQLite, DuckDB.

The operating system names a failure by number, SQLite by its own number, DuckDB only in its text.
Whatever the engine or a library wraps around it, the failure itself is looked for in the chain of
causes, so that a disk that is full ends every command alike.
"""

import errno
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pipelines.release import release
from sources.errors import ClioError, ConfigurationError

from . import BusyError, LedgerError, StorageError, WarehouseError


class DiskFullError(StorageError):
    """There is no room left on the disk."""

    code = "disk_full"
    hint = (
        "What was committed stays, and no watermark has passed it. Free disk space, then run the"
        " same command again."
    )


class ReadOnlyError(ConfigurationError):
    """A file or folder may not be written here, or not be read."""

    code = "read_only"
    hint = (
        "Nothing was sent to Clio by this. Give your user the right to the path that is named, or"
        " point CLIO_SYNC__DATA_DIR at a folder that it may write; then run the same command."
    )


class DiskBrokenError(StorageError):
    """The disk itself could not be read or written."""

    code = "disk_broken"
    hint = (
        "What was committed before is as safe as the disk is. Look at the disk and at the system's"
        " log, see with clio-sync backup verify whether the newest backup is whole, and move the"
        " data folder to another disk."
    )
    exit_code = 7


class NewerFileError(ConfigurationError):
    """A file was written by a newer version than the one that is at work."""

    code = "newer_file"
    hint = (
        "Nothing was changed. Install the newer clio-sync that wrote it, then run the same command;"
        " or put the backup back that was made before the upgrade."
    )


FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
FORBIDDEN = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
LATER = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EBUSY, errno.EAGAIN})
BY_NUMBER: Mapping[int, tuple[type[ClioError], str]] = {
    **dict.fromkeys(FULL, (DiskFullError, "there is no room left")),
    **dict.fromkeys(FORBIDDEN, (ReadOnlyError, "it may not be read or written")),
    **dict.fromkeys(LATER, (StorageError, "the machine has nothing left to do it with")),
    errno.EIO: (DiskBrokenError, "the disk failed"),
}
"""What the operating system's numbers mean for whoever ran the command."""

BY_SQLITE: Mapping[int, tuple[type[ClioError], str]] = {
    sqlite3.SQLITE_FULL: (DiskFullError, "there is no room left"),
    sqlite3.SQLITE_PERM: (ReadOnlyError, "it may not be written"),
    sqlite3.SQLITE_AUTH: (ReadOnlyError, "it may not be written"),
    sqlite3.SQLITE_READONLY: (StorageError, "it cannot be written"),
    sqlite3.SQLITE_CANTOPEN: (StorageError, "it cannot be opened"),
    sqlite3.SQLITE_IOERR: (StorageError, "it could not be read or written"),
    sqlite3.SQLITE_NOMEM: (StorageError, "there is no memory left"),
    sqlite3.SQLITE_BUSY: (BusyError, "another process is writing to it"),
    sqlite3.SQLITE_LOCKED: (BusyError, "another process is writing to it"),
}
"""What SQLite's numbers mean; every other one says that the file is damaged."""

DAMAGED = (
    r"Corrupt database file|not a valid DuckDB database|Could not read (?:enough|all) bytes"
    r"|Failed to deserialize|[Cc]hecksum|replaying WAL|metadata pointer|Invalid block"
)
BY_TEXT: tuple[tuple[str, type[ClioError], str], ...] = (
    (r"No space left on device|Disk quota exceeded|File too large", *BY_NUMBER[errno.ENOSPC]),
    (r"Read-only file system|Permission denied|Operation not permitted", *BY_NUMBER[errno.EROFS]),
    (r"Input/output error", *BY_NUMBER[errno.EIO]),
    (r"Could not set lock on file", BusyError, "another program has it open"),
    (r"newer version of DuckDB|storage version number", NewerFileError, ""),
    (DAMAGED, WarehouseError, "it is damaged"),
    (r"Could not (?:read|write|open|sync)|Cannot open file", StorageError, "it could not be used"),
    (r"Out of Memory|could not allocate", StorageError, "there is not enough memory"),
)
"""What DuckDB's words mean, the first that fits; it names the file in quotation marks."""

_DUCKDB = frozenset({"duckdb", "_duckdb"})
_QUOTES = frozenset({"DataError", "IntegrityError", "NotSupportedError", "ProgrammingError"})
"""Errors of DuckDB's about a query or its rows, whose words may be those of a row."""
_SCANT = 1 << 20
"""Bytes; with less of them free, what SQLite could not write found no room."""
_FILE = re.compile(r'file "([^"]+)"')
_VERSIONS = re.compile(r"storage version number \d+, but we can only read[^.\n]*")


def told(failed: BaseException, what: str = "", where: str = "") -> ClioError | None:
    """Return the error in words for a failure of this machine; None if it is none.

    Args:
        failed: what was raised; its causes are looked into.
        what: what could not be done, such as `the backup could not be written`.
        where: the file or folder, where the failure itself names none.

    """
    for one in _causes(failed):
        if found := _meaning(one):
            kind, why, path = found
            named = "" if issubclass(kind, WarehouseError) else path or where
            subject = ", ".join(filter(None, (what, named)))
            return kind(f"{subject} ({why})" if subject else why)
    return None


@contextmanager
def in_words(what: str, where: str = "") -> Iterator[None]:
    """Raise a failure of this machine as an error in words; any of the operating system's.

    Raises:
        ClioError: instead of it, of the class that says what to do next.

    """
    try:
        yield
    except OSError as error:
        found = told(error, what, where)
        message = f"{what} ({error.strerror})"
        raise found or StorageError(message) from None


def newer(what: str, version: int, known: int, tool: str = "") -> str:
    """Say that a file has a newer schema than is known here, with the versions of both."""
    by = f" of clio-sync {tool}" if tool else ""
    return f"{what} has schema {version}{by}; this clio-sync {release()} knows {known}"


def of_ledger(failed: BaseException, where: str) -> ClioError:
    """Return what a failure of the ledger's file means; what is not known of it is damage."""
    what = "the ledger could not be read or written"
    found = told(failed, what, where)
    if isinstance(found, StorageError) and isinstance(failed, sqlite3.Error):
        # SQLite does not say which of the two it was
        if not os.access(Path(where).parent, os.W_OK):
            return ReadOnlyError(f"{what}, {where} (its folder may not be written)")
        if shutil.disk_usage(Path(where).parent).free < _SCANT:
            return DiskFullError(f"{what}, {where} (there is no room left)")
    if found is not None:
        return found
    kind = getattr(failed, "sqlite_errorname", None) or type(failed).__name__
    return LedgerError(f"the ledger cannot be read ({kind})")


def _causes(failed: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = failed
    seen: set[int] = set()
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__


def _meaning(one: BaseException) -> tuple[type[ClioError], str, str] | None:
    """Return the class, the reason and the path of one failure; None if it is not of this kind."""
    if isinstance(one, OSError) and one.errno is not None and one.errno in BY_NUMBER:
        kind, why = BY_NUMBER[one.errno]
        path = one.filename if isinstance(one.filename, str) else ""
        return kind, f"{why}: {one.strerror}" if one.strerror else why, path
    if isinstance(one, MemoryError):
        return StorageError, "there is not enough memory", ""
    if isinstance(one, sqlite3.Error):
        code = getattr(one, "sqlite_errorcode", None)
        known = BY_SQLITE.get(code & 0xFF) if code is not None else None
        return (*known, "") if known else None
    kinds = {kind.__name__ for kind in type(one).__mro__}
    if type(one).__module__ in _DUCKDB and not kinds & _QUOTES:
        return _of_duckdb(str(one))
    return None


def _of_duckdb(said: str) -> tuple[type[ClioError], str, str] | None:
    path = named[1] if (named := _FILE.search(said)) else ""
    for pattern, kind, why in BY_TEXT:
        if found := re.search(pattern, said):
            if kind is NewerFileError:
                versions = _VERSIONS.search(said)
                return kind, versions[0] if versions else found[0], path
            spoken = found[0] if issubclass(kind, (StorageError, ReadOnlyError)) else ""
            return kind, f"{why}: {spoken}" if spoken else why, path
    return None
