"""Backups: whole or not there, and good for a restore."""

import io
import resource
import shutil
import signal
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.backup import run_create, run_verify
from pipelines.backup.manifest import STAMPED
from pipelines.context import Context
from pipelines.errors import (
    BusyError,
    DamagedFileError,
    NoBackupError,
    NoWarehouseError,
    StorageError,
    WarehouseError,
)
from pipelines.failpoints import BACKUP_POINTS
from pipelines.progress import Lines
from pipelines.warehouse import FILE, writer_lock
from sources.errors import ConfigurationError, Interrupted
from tests.system.backups import CANARY, COPIED, MANIFESTS, backups, create, fill, work, wrong
from tests.system.firm import Firm, QuickClock
from tests.system.process import environment, run
from tests.system.setbacks import NAMES, assert_healed, killed_with_a_log, work_goes_on

pytestmark = pytest.mark.long


def test_what_is_copied_can_be_restored(firm: Firm) -> None:
    """Every file that a restore needs is copied, privately and without a token; every table is
    compared; nothing is left in the data folder, and no content of a row is in the manifest.
    """
    fill(firm)
    before = {path.name for path in firm.folder.iterdir()}
    backup = create(firm)
    outcome = run_verify(work(firm))

    assert STAMPED.fullmatch(backup.name)
    assert {path.name for path in backup.iterdir()} == {*COPIED, *MANIFESTS}
    paths = [backup.parent, backup, *backup.iterdir()]
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in paths} == {0}
    assert wrong(outcome) == {}
    assert all(result["same"] for result in outcome.results)
    files = {result["name"] for result in outcome.results if result["kind"] == "file"}
    assert files == set(COPIED)
    said = {r["name"]: r["rows"] for r in outcome.results if r["kind"] == "table"}
    assert said == counted(firm)
    assert {path.name for path in firm.folder.iterdir()} == {*before, "backups"}
    assert CANARY not in "".join((backup / name).read_text("utf-8") for name in MANIFESTS)


def test_plans_are_copied(firm: Firm) -> None:
    """The plans that approvals name are in a backup, and one that was changed there is noticed."""
    fill(firm)
    plans = firm.folder / "plans"
    plans.mkdir(mode=0o700, exist_ok=True)
    (plans / "0123456789ab.json").write_text("{}")
    (plans / "notes.json").write_text("a person's own")
    backup = create(firm)
    assert [path.name for path in (backup / "plans").iterdir()] == ["0123456789ab.json"]
    assert wrong(run_verify(work(firm))) == {}
    (backup / "plans" / "0123456789ab.json").write_text("[]")
    assert list(wrong(run_verify(work(firm)))) == ["plans/0123456789ab.json"]


def counted(firm: Firm) -> dict[str, int]:
    """Count the rows of every table of the warehouse."""
    tables = firm.query("select schema_name, table_name from duckdb_tables()")
    return {
        f"{schema}.{table}": firm.query(f'select count(*) from "{schema}"."{table}"')[0][0]
        for schema, table in tables
    }


def test_a_restored_backup_heals(firm: Firm) -> None:
    """L7: restored as the page says, with the epoch file left, the next load makes the warehouse
    equal to Clio and raises one alarm; the ledger is not touched.
    """
    fill(firm)
    backup = create(firm)
    firm.clio.clock.advance(86_400)
    work_goes_on(firm)
    firm.load(*NAMES)
    ledger = (firm.folder / "ledger.sqlite").read_bytes()
    (firm.folder / FILE).rename(firm.folder / "aside")
    shutil.copy(backup / FILE, firm.folder / FILE)

    assert_healed(firm, "load 1 instead of 2")
    assert (firm.folder / "ledger.sqlite").read_bytes() == ledger


def test_everything_of_a_backup_in_a_new_folder(firm: Firm, tmp_path: Path) -> None:
    """After the loss of the whole data folder all files go into a new one; that is no alarm."""
    fill(firm)
    backup = create(firm, tmp_path / "elsewhere")
    work_goes_on(firm)
    shutil.rmtree(firm.folder)
    firm.folder.mkdir()
    for name in COPIED:
        shutil.copy(backup / name, firm.folder / name)

    assert firm.load(*NAMES).exit_code == 0
    assert firm.differences(*NAMES) == []
    assert firm.query("select count(*) from meta.regressions") == [(0,)]


def test_what_is_in_the_write_ahead_log_is_copied(firm: Firm) -> None:
    """A killed load leaves commits in the log: the backup has them in its one file."""
    killed_with_a_log(firm)
    backup = create(firm)

    assert wrong(run_verify(work(firm))) == {}
    with duckdb.connect(str(backup / FILE), read_only=True) as copied:
        assert copied.execute("select load_seq from meta.epoch").fetchall() == [(2,)]
    assert not (backup / (FILE + ".wal")).exists()


def test_the_ledger_with_its_log(firm: Firm) -> None:
    """A ledger that is open elsewhere, with rows in SQLite's own log, is copied with them."""
    fill(firm)
    with closing(sqlite3.connect(firm.folder / "ledger.sqlite")) as ledger:
        ledger.execute("pragma journal_mode = wal")
        ledger.execute("insert into events (what) values ('still in the log')")
        ledger.commit()
        backup = create(firm)
    with closing(sqlite3.connect(backup / "ledger.sqlite")) as copied:
        assert copied.execute("select count(*) from events").fetchall() == [(3,)]
    assert {path.name for path in backup.iterdir()} >= set(COPIED)


def test_a_damaged_ledger(firm: Firm) -> None:
    """A ledger that SQLite cannot read is exit 7, and there is no backup without it."""
    fill(firm)
    (firm.folder / "ledger.sqlite").write_bytes(b"not a ledger, " * 1000)
    with pytest.raises(DamagedFileError, match=r"ledger\.sqlite is damaged") as raised:
        run_create(work(firm))
    assert raised.value.exit_code == 7
    assert backups(firm) == []


def test_a_damaged_warehouse(firm: Firm) -> None:
    """Every table is read while a backup is made: of a damaged warehouse there is none."""
    firm.load("tasks")
    good = (firm.folder / FILE).read_bytes()
    for start in range(12_288, len(good), 262_144):
        damaged = bytearray(good)
        damaged[start + 64] ^= 1
        (firm.folder / FILE).write_bytes(damaged)
        try:
            create(firm)
        except WarehouseError:
            assert backups(firm) == []
        else:
            assert wrong(run_verify(work(firm))) == {}
            shutil.rmtree(firm.folder / "backups")


def test_no_room_for_a_backup(firm: Firm) -> None:
    """L4: with no room the backup ends with exit 4 and says so; nothing of it is left, and the
    warehouse is as it was.
    """
    firm.load(*NAMES)
    before = (firm.folder / FILE).read_bytes()
    env = environment(firm.folder)
    done = run("backup", "create", env=env, preexec_fn=lambda: limit(1_000_000))
    assert done.returncode == 4, done.stderr
    assert "the backup could not be written" in done.stderr
    assert "disk space" in done.stderr
    assert backups(firm) == []
    assert (firm.folder / FILE).read_bytes() == before
    assert firm.load(*NAMES).exit_code == 0
    create(firm)
    assert wrong(run_verify(work(firm))) == {}


def test_no_room_to_restore(firm: Firm) -> None:
    """L4: a backup that cannot be restored for want of room is not called damaged."""
    firm.load(*NAMES)
    create(firm)
    env = environment(firm.folder)
    done = run("backup", "verify", env=env, preexec_fn=lambda: limit(1_000_000))
    assert done.returncode == 4, done.stderr
    assert "the backup could not be restored" in done.stderr
    assert not (firm.folder / ".verify").exists()


def limit(room: int) -> None:
    """Let this process write no file beyond a size."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


@pytest.mark.parametrize("point", BACKUP_POINTS)
def test_killed_while_a_backup_is_made(firm: Firm, point: str) -> None:
    """Killed anywhere, there is either no backup or one that is whole; the next one removes what
    was left.
    """
    fill(firm)
    env = environment(firm.folder, None, CLIO_SYNC__CRASH_AT=point)
    assert run("backup", "create", env=env).returncode == -signal.SIGKILL
    verified = run("backup", "verify", env=environment(firm.folder))
    assert verified.returncode == (0 if point == BACKUP_POINTS[-1] else 4), verified.stderr
    create(firm)
    assert all(STAMPED.fullmatch(path.name) for path in backups(firm))
    assert wrong(run_verify(work(firm))) == {}


def test_one_at_a_time(firm: Firm) -> None:
    """L8: while another command holds the data folder both end with exit 4 and name it."""
    firm.load("tasks")
    create(firm)
    for command in (run_create, run_verify):
        with (
            writer_lock(firm.folder, "load", QuickClock().now()),
            pytest.raises(BusyError, match=r"\(load, since") as raised,
        ):
            command(work(firm))
        assert raised.value.exit_code == 4
    assert len(backups(firm)) == 1


def test_stopped_by_the_user(firm: Firm) -> None:
    """Asked to stop, a backup ends before the next piece and leaves nothing."""
    firm.load("tasks")
    create(firm)
    stop = threading.Event()
    stop.set()
    for command in (run_create, run_verify):
        with pytest.raises(Interrupted):
            command(work(firm, stop))
    assert len(backups(firm)) == 1
    assert not (firm.folder / ".verify").exists()


def test_names_and_the_newest(firm: Firm) -> None:
    """Two backups of one second have two names, and the newest is the one that is verified."""
    firm.load("tasks")
    at = QuickClock().now()

    class Frozen(QuickClock):
        def now(self) -> Any:
            return at

    held = Context(firm.settings, Frozen(), Lines(io.StringIO()), threading.Event())
    names = [Path(run_create(held).results[0]["backup"]).name for _ in range(3)]
    assert names == [names[0], f"{names[0]}-2", f"{names[0]}-3"]
    assert [path.name for path in backups(firm)] == names
    assert run_verify(work(firm)).results[0]["backup"].endswith("-3")


def test_another_folder_for_backups(firm: Firm, tmp_path: Path) -> None:
    """With a folder of its own, the data folder holds no backup, and what else is there stays."""
    firm.load("tasks")
    other = tmp_path / "others"
    (other / ".partial-of-another").mkdir(parents=True)
    backup = create(firm, other)

    assert backup.parent == other
    assert (other / ".partial-of-another").exists()
    with pytest.raises(NoBackupError) as raised:
        run_verify(work(firm))
    assert raised.value.exit_code == 4
    assert wrong(run_verify(work(firm), backup)) == {}


def test_a_folder_for_backups_that_cannot_be_made(firm: Firm, tmp_path: Path) -> None:
    """A file in the way is a matter of usage: exit 2."""
    firm.load("tasks")
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="folder for backups cannot be made"):
        run_create(work(firm), tmp_path / "file" / "backups")


def test_before_the_first_load(firm: Firm) -> None:
    """There is nothing to copy, and nothing is made."""
    with pytest.raises(NoWarehouseError):
        run_create(work(firm))
    assert not firm.folder.exists()


def test_a_ledger_that_cannot_be_opened(firm: Firm) -> None:
    """It is exit 4, and nothing is left of the backup."""
    firm.load("tasks")
    (firm.folder / "ledger.sqlite").mkdir()
    with pytest.raises(StorageError, match=r"ledger\.sqlite could not be copied"):
        run_create(work(firm))
    assert backups(firm) == []
