"""Table of faults, Local machine: crashes apart, which have a file of their own."""

import json
import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pendulum
import pytest

from pipelines.errors import BusyError, WarehouseError
from sources.clio_http.clock import SystemClock
from sources.clio_simulator.faults import Wait
from sources.errors import ConfigurationError
from tests.system.conftest import NewFirm
from tests.system.firm import Firm, QuickClock
from tests.system.process import SECONDS, document, environment, run, start

pytestmark = pytest.mark.long

TASKS = ("load", "--resource", "tasks")
HELD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


class WrongClock(QuickClock):
    """This machine's clock, some hours off."""

    def __init__(self, hours: int) -> None:
        """Take the error."""
        super().__init__()
        self.hours = hours

    def now(self) -> pendulum.DateTime:
        """Return the wrong time."""
        return super().now().add(hours=self.hours)


def until_asked(firm: Firm, requests: int) -> None:
    """Wait until so many requests have reached the server."""
    deadline = time.monotonic() + SECONDS
    while len(firm.clio.requests) < requests:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_killed_before_the_epoch_file(firm: Firm) -> None:
    """L2, equal at once: a warehouse ahead of its epoch file is fine."""
    firm.load("tasks")
    (firm.folder / "epoch.json").unlink()
    assert firm.load("tasks").exit_code == 0
    assert json.loads((firm.folder / "epoch.json").read_text())["load_seq"] == 2


def test_leftovers_of_a_killed_run_go(firm: Firm) -> None:
    """L3, equal at once: what an earlier run left in the working folder is deleted."""
    (firm.folder / "dlt" / "clio_manage" / "load").mkdir(parents=True)
    (firm.folder / "dlt" / "clio_manage" / "rows").write_text("left behind")
    assert firm.load("tasks").exit_code == 0
    assert not (firm.folder / "dlt").exists()
    assert firm.differences("tasks") == []


def test_disk_full(new_firm: NewFirm) -> None:
    """L4, equal after the next load: with no room for the files the load ends with exit 4,
    what was there before can be read, no watermark passes what is stored, and the message says
    what to do.
    """
    firm = new_firm(activities=2000)
    firm.load("tasks")
    mark, before = firm.watermark("tasks"), firm.stored("tasks")
    size = (firm.folder / "warehouse.duckdb").stat().st_size

    def limit() -> None:
        room = size + 100_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    env = environment(firm.folder, firm.clio)
    done = run("load", "--resource", "activities", "--json", env=env, preexec_fn=limit)
    assert done.returncode == 4, done.stderr
    (error,) = document(done)["errors"]
    assert "disk space" in error["hint"]
    assert firm.watermark("activities") is None or firm.differences("activities") == []
    assert (firm.watermark("tasks"), firm.stored("tasks")) == (mark, before)
    assert firm.load("activities").exit_code == 0
    assert firm.differences("activities") == []


def test_older_backup_restored(firm: Firm, tmp_path: Path) -> None:
    """L7, equal after the next load: an older copy of the warehouse, put in place of the newer one,
    is brought up to date from its own watermark; nothing stays missing.
    """
    firm.load("tasks")
    shutil.copy(firm.folder / "warehouse.duckdb", tmp_path / "backup")
    firm.clio.clock.advance(86_400)
    firm.clio.changes.add("tasks", {"name": "between"})
    firm.load("tasks")
    firm.clio.clock.advance(86_400)
    firm.load("tasks")
    shutil.copy(tmp_path / "backup", firm.folder / "warehouse.duckdb")
    assert firm.load("tasks").exit_code == 0
    assert firm.differences("tasks") == []


@pytest.mark.parametrize("damage", [b"", b"not a database, " * 1000])
def test_file_that_is_no_warehouse(firm: Firm, damage: bytes) -> None:
    """L6: a damaged or emptied file is refused with exit 7 and left where it is; moved aside, as
    the message says, it is built anew.
    """
    firm.load("tasks")
    path = firm.folder / "warehouse.duckdb"
    path.write_bytes(damage)
    with pytest.raises(WarehouseError, match="cannot be opened") as raised:
        firm.load("tasks")
    assert raised.value.exit_code == 7
    assert "never delete" in raised.value.hint
    assert path.read_bytes() == damage
    path.rename(path.with_name("aside"))
    assert firm.load("tasks").exit_code == 0
    assert firm.differences("tasks") == []


def test_two_runs_at_once(firm: Firm) -> None:
    """L8, bug 22: the second run exits with 4 at once and names the first; the first is not
    disturbed. A lock that a killed run left needs no cleaning.
    """
    firm.clio.faults.add(Wait(5), "tasks")
    first = start(*TASKS, env=environment(firm.folder, firm.clio))
    until_asked(firm, 1)
    second = run(*TASKS, "--json", env=environment(firm.folder, firm.clio))
    assert second.returncode == 4
    (error,) = document(second)["errors"]
    assert error["code"] == "busy"
    assert f"process {first.pid} (load" in error["message"]
    first.communicate(timeout=SECONDS)
    assert first.returncode == 0
    assert firm.differences("tasks") == []


def test_lock_of_a_killed_run(firm: Firm) -> None:
    """L8: after kill -9 the lock files are still there and hold nobody up."""
    firm.clio.faults.add(Wait(5), "tasks")
    killed = start(*TASKS, env=environment(firm.folder, firm.clio))
    until_asked(firm, 1)
    killed.kill()
    killed.communicate()
    assert (firm.folder / "lock").exists()
    assert firm.load("tasks").exit_code == 0
    assert firm.differences("tasks") == []


def test_analyst_has_the_file_open(firm: Firm) -> None:
    """L9, equal after the next load: a clear message, exit 4, nothing half loaded."""
    firm.load("tasks")
    words = [sys.executable, "-c", HELD, str(firm.folder / "warehouse.duckdb")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        firm.clio.changes.add("tasks", {"name": "meanwhile"})
        with pytest.raises(BusyError, match="another program has the warehouse open"):
            firm.load("tasks")
        other.communicate("")
    assert firm.load("tasks").exit_code == 0
    assert firm.differences("tasks") == []


@pytest.mark.parametrize("hours", [2, -2, 24 * 365])
def test_clock_of_this_machine_is_wrong(firm: Firm, hours: int) -> None:
    """L10, equal at once: the same rows and watermark, whatever this machine's clock says."""
    firm.clio.clock.freeze()
    start_of_run = firm.clio.clock.moment().start_of("second")
    assert firm.load("tasks", clock=WrongClock(hours)).exit_code == 0
    assert firm.watermark("tasks") == start_of_run.subtract(minutes=15)
    firm.clio.clock.advance(60)
    firm.clio.changes.add("tasks", {"name": "new"})
    assert firm.load("tasks", clock=WrongClock(-hours)).exit_code == 0
    assert firm.differences("tasks") == []


def test_files_are_private(firm: Firm) -> None:
    """L11: under umask 0 and in a folder open to all, everything made is the owner's alone."""
    firm.folder.mkdir(mode=0o777)
    firm.folder.chmod(0o777)
    done = run(*TASKS, env=environment(firm.folder, firm.clio), preexec_fn=lambda: os.umask(0))
    assert done.returncode == 0, done.stderr
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in [firm.folder, *firm.folder.rglob("*")]}
    assert {name: mode & 0o077 for name, mode in modes.items()} == dict.fromkeys(modes, 0)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_folder_of_another_user(firm: Firm) -> None:
    """L11: a data folder that belongs to someone else is refused."""
    firm.folder.mkdir()
    os.chown(firm.folder, 12345, 12345)
    with pytest.raises(ConfigurationError, match="another user"):
        firm.load("tasks")


def test_folder_that_duckdb_misreads(firm: Firm) -> None:
    """A path with `=` is refused before anything is made."""
    firm.folder = firm.folder / "a=b"
    with pytest.raises(ConfigurationError, match="holds ="):
        firm.load("tasks")
    assert not firm.folder.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_in_mid_walk(new_firm: NewFirm, number: signal.Signals) -> None:
    """L14, equal after the next load: a signal stops the load at a page edge with exit 4; what was
    read is stored, and the next load goes on with the page after it.
    """
    firm = new_firm(activities=900)
    firm.clio.faults.add(Wait(3), "activities", page=3)
    env = environment(firm.folder, firm.clio)
    process = start("load", "--resource", "activities", "--json", env=env)
    until_asked(firm, 3)
    process.send_signal(number)
    out, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 4
    (error,) = json.loads(out)["errors"]
    assert error["code"] == "interrupted"
    assert "What was loaded stays" in error["hint"]
    assert len(firm.stored("activities")) in {200, 400}
    assert firm.watermark("activities") is None
    before = len(firm.asked("activities"))
    assert firm.load("activities", clock=SystemClock()).exit_code == 0
    assert firm.asked("activities")[before].given["page_token"]
    assert firm.differences("activities") == []


def test_readers_see_the_last_load_while_nothing_runs(firm: Firm) -> None:
    """After a load the file is whole without its write-ahead log."""
    firm.load("tasks")
    assert not (firm.folder / "warehouse.duckdb.wal").exists()
    with duckdb.connect(str(firm.folder / "warehouse.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from raw_clio_manage.tasks").fetchall()
