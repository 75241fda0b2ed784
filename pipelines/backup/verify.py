"""Restore a backup into a scratch folder, and see whether it holds what it says."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.context import Context
from pipelines.errors import DamagedBackupError, WarehouseError
from pipelines.errors.local import in_words
from pipelines.outcome import Outcome
from pipelines.state import epoch
from pipelines.warehouse import FILE, Warehouse, prepare_data_folder, writer_lock

from .create import HOME, copy, emptied
from .manifest import Manifest, TableSum, newest, read_manifest, table_sums

COMMAND = "backup verify"
SCRATCH = ".verify"

Findings = dict[str, str]
"""What is wrong, by the name of the file or table."""


def run_verify(context: Context, backup: Path | None = None) -> Outcome:
    """Verify a backup; the newest of the data folder unless another one is named.

    What differs is named in the outcome's errors, and the exit code is 7.

    Raises:
        NoBackupError: there is none.
        NotABackupError: the folder that was named is none.
        DamagedBackupError: its manifest cannot be relied on.
        StorageError: there is no room to restore it.

    """
    folder = context.settings.data_dir
    outcome = Outcome(COMMAND, context.clock.now())
    backup = backup or newest(folder / HOME)
    manifest = read_manifest(backup)
    prepare_data_folder(folder)
    with (
        writer_lock(folder, COMMAND, outcome.started_at),
        in_words("the backup could not be restored", str(folder)),
        emptied(folder / SCRATCH) as scratch,
    ):
        wrong = _compare_files(context, backup, manifest, scratch)
        opened = False
        if not wrong:
            context.reporter.note(f"comparing {len(manifest.tables)} tables")
            opened, wrong = _compare_tables(context, manifest, scratch)
    # of what was not compared nobody knows whether it is the same
    outcome.results = [
        row | {"same": row["name"] not in wrong if opened or row["kind"] == "file" else None}
        for row in manifest.results(backup)
    ]
    outcome.errors = [(name, DamagedBackupError(found)) for name, found in wrong.items()]
    outcome.exit_code = DamagedBackupError.exit_code if wrong else 0
    outcome.text = _text(backup, manifest, wrong, opened=opened)
    return outcome


def _compare_files(context: Context, backup: Path, manifest: Manifest, scratch: Path) -> Findings:
    """Restore every file, and compare what was read with the manifest."""
    wrong = {}
    for file in manifest.files:
        if not (backup / file.name).is_file():
            wrong[file.name] = "the file is missing"
            continue
        found = copy(context, backup, scratch, file.name)
        if found.size != file.size:
            wrong[file.name] = f"the file has {found.size:,} bytes instead of {file.size:,}"
        elif found != file:
            wrong[file.name] = "the content of the file is not what was written"
    return wrong


def _compare_tables(context: Context, manifest: Manifest, scratch: Path) -> tuple[bool, Findings]:
    """Open the restored warehouse, and compare every table; tell whether it could be opened."""
    try:
        with Warehouse(scratch) as warehouse:
            wrong = compared(manifest.tables, table_sums(warehouse, context.go_on))
            inside = None if wrong else epoch.epoch_inside(warehouse)
    except WarehouseError as error:
        return False, {FILE: str(error)}
    said = (manifest.warehouse_id, manifest.load_seq)
    if inside and (inside.warehouse_id, inside.load_seq) != said:
        wrong[FILE] = "it is not the warehouse that the manifest names"
    return True, wrong


def compared(wanted: Sequence[TableSum], found: Sequence[TableSum]) -> Findings:
    """Name each table that is not as it was, and how; never what stands in it."""
    before, after = {table.name: table for table in wanted}, {table.name: table for table in found}
    wrong = dict.fromkeys(after.keys() - before.keys(), "the table is not in the manifest")
    for name, table in before.items():
        now = after.get(name)
        if now is None:
            wrong[name] = "the table is missing"
        elif now.rows != table.rows:
            wrong[name] = f"the table has {now.rows:,} rows instead of {table.rows:,}"
        elif now.digest != table.digest:
            wrong[name] = "the rows of the table are not what was copied"
    return wrong


def _text(backup: Path, manifest: Manifest, wrong: Findings, *, opened: bool) -> str:
    made = f"{backup}, made {manifest.created_at}"
    if not wrong:
        return (
            f"{made}: {manifest.counts()}.\nRestored and compared: every file and every table is"
            " what was copied.\n"
        )
    if not opened:
        return f"{made}: damaged. Its tables were not compared.\n"
    return f"{made}: every file has its sum, but the restored warehouse differs.\n"
