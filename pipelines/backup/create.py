"""Make a backup: the data folder's files as they are between two loads.

The copy grows in a folder with another name, which is renamed once everything in it is on the
disk. What a crash leaves under the other name is no backup, and the next one removes it.
"""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.context import Context
from pipelines.errors import BusyError, DamagedFileError, LedgerError, NoWarehouseError
from pipelines.errors.local import in_words, of_ledger
from pipelines.failpoints import crash_point
from pipelines.files import sync_folder
from pipelines.outcome import Outcome, jsonable
from pipelines.release import release
from pipelines.state import epoch
from pipelines.warehouse import FILE, PRIVATE, Warehouse, prepare_data_folder, writer_lock
from sources.errors import ConfigurationError

from .manifest import (
    FILES,
    LEDGER,
    PLAN,
    PLANS,
    STAMP,
    FileSum,
    Manifest,
    table_sums,
    write_manifest,
)

COMMAND = "backup create"
HOME = "backups"
PARTIAL = ".partial-"
PAGES = 1024
CHUNK = 1 << 20


def run_create(context: Context, out: Path | None = None) -> Outcome:
    """Make a backup in the data folder, or in another folder for backups.

    Raises:
        NoWarehouseError: nothing was loaded yet.
        BusyError: a load is running.
        StorageError: there is no room for it; nothing is left of it.

    """
    folder = context.settings.data_dir
    outcome = Outcome(COMMAND, context.clock.now())
    if not (folder / FILE).exists():
        raise NoWarehouseError
    prepare_data_folder(folder)
    with writer_lock(folder, COMMAND, outcome.started_at):
        backup, manifest = make(context, out)
    outcome.results = list(manifest.results(backup))
    outcome.text = (
        f"{backup}: {manifest.counts()}.\n"
        "Run clio-sync backup verify to see whether it can be restored.\n"
    )
    return outcome


def make(context: Context, out: Path | None = None) -> tuple[Path, Manifest]:
    """Make a backup while the writer's lock is held and nobody has the warehouse open.

    It raises as `run_create` does.
    """
    folder = context.settings.data_dir
    with Warehouse(folder) as warehouse:
        if not warehouse.layout("meta"):
            raise NoWarehouseError
        warehouse.checkpoint()
    home = out or folder / HOME
    try:
        home.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        message = f"the folder for backups cannot be made ({error.strerror})"
        raise ConfigurationError(message) from None
    with in_words("the backup could not be written", str(home)):
        return _create(context, home)


def _create(context: Context, home: Path) -> tuple[Path, Manifest]:
    """Copy, describe, and give the copy its name."""
    folder = context.settings.data_dir
    # while it is open, here and for reading, no other program can write into it
    with Warehouse(folder, read_only=True) as warehouse:
        if (folder / (FILE + ".wal")).exists():
            message = "another program wrote into the warehouse meanwhile"
            raise BusyError(message)
        inside = epoch.epoch_inside(warehouse)
        # other warehouses may keep their backups here too: only this one's are known to be dead
        with emptied(home / (PARTIAL + inside.warehouse_id)) as partial:
            crash_point("backup-begun")
            tables = table_sums(warehouse, context.go_on)
            context.reporter.note(f"copying {len(tables)} tables")
            files = tuple(
                (_copy_ledger if name == LEDGER else copy)(context, folder, partial, name)
                for name in _names(folder)
            )
            crash_point("backup-copied")
            created_at = context.clock.now()
            manifest = Manifest(
                release() or "unknown",
                str(jsonable(created_at)),
                inside.warehouse_id,
                inside.load_seq,
                files,
                tables,
            )
            write_manifest(partial, manifest)
            sync_folder(partial)
            crash_point("backup-described")
            backup = _free(home, created_at.in_timezone("UTC").format(STAMP))
            partial.rename(backup)
        sync_folder(home)
        sync_folder(home.parent)
        crash_point("backup-named")
    return backup, manifest


def _names(folder: Path) -> Iterator[str]:
    """Yield the files of a data folder that a backup holds, plans with their folder."""
    yield from (name for name in FILES if (folder / name).exists())
    plans = sorted(path.name for path in (folder / PLANS).glob("*.json"))
    yield from (name for name in (f"{PLANS}/{plan}" for plan in plans) if PLAN.fullmatch(name))


@contextmanager
def emptied(folder: Path) -> Iterator[Path]:
    """Return a folder without what a killed run left; it is gone afterwards unless renamed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=PRIVATE)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def copy(context: Context, folder: Path, into: Path, name: str) -> FileSum:
    """Copy a file of a folder durably, readable by its owner only; give what was read.

    Raises:
        OSError: it could not be read or written.

    """
    source, target = folder / name, into / name
    if target.parent != into:
        target.parent.mkdir(mode=PRIVATE, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    handle = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with source.open("rb") as read, os.fdopen(handle, "wb") as written:
        while chunk := read.read(CHUNK):
            context.go_on()
            digest.update(chunk)
            size += len(chunk)
            written.write(chunk)
        written.flush()
        os.fsync(written.fileno())
    sync_folder(target.parent)
    return FileSum(name, size, digest.hexdigest())


def _copy_ledger(context: Context, folder: Path, into: Path, name: str) -> FileSum:
    """Copy the ledger as SQLite gives it: what its own log still holds is part of it."""
    source, taken = folder / name, into / ".taken"
    taken.mkdir(mode=PRIVATE)
    try:
        read = sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)
        written = sqlite3.connect(taken / name)
        try:
            read.backup(written, pages=PAGES, progress=lambda *_: context.go_on())
        finally:
            written.close()
            read.close()
    except sqlite3.Error as error:
        found = of_ledger(error, str(source))
        if not isinstance(found, LedgerError):
            message = f"{LEDGER} could not be copied: {found}"
            raise type(found)(message) from None
        message = f"{LEDGER} is damaged ({error.sqlite_errorname})"
        raise DamagedFileError(message) from None
    copied = copy(context, taken, into, name)
    shutil.rmtree(taken)
    return copied


def _free(home: Path, stamp: str) -> Path:
    """Return a name that no backup has: a second one in a second gets a number."""
    name, number = home / stamp, 1
    while name.exists():
        number += 1
        name = home / f"{stamp}-{number}"
    return name
