"""SIGTERM is 4 and Ctrl-C 130; whoever reads what is printed may stop reading."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.clio_simulator import Simulator
from sources.clio_simulator.faults import Wait
from tests.conftest import ROOT
from tests.system.process import SECONDS, document, environment, run, start
from tests.system.writing import SEED, Desk

SLOW = "select max(hash(a.range * b.range)) from range(300000) a, range(300000) b"
TERM, INT = signal.SIGTERM, signal.SIGINT
ENDED_WITHIN = """
import os, sys, time
from pipelines.cli.base import call
call("load", lambda stop: os.kill(os.getpid(), int(sys.argv[1])) or time.sleep(60),
     as_json=True, debug=False)
"""


@pytest.fixture
def folder(loaded_for_writes: Path, tmp_path: Path) -> Path:
    """Return a loaded data folder."""
    return Path(shutil.copytree(loaded_for_writes, tmp_path / "data"))


@pytest.fixture
def clio() -> Iterator[Simulator]:
    """Return a Clio."""
    with Simulator(SEED, rate_limit=0) as running:
        yield running


def until_asked(clio: Simulator, requests: int) -> None:
    """Wait until so many requests have reached the server."""
    deadline = time.monotonic() + SECONDS
    while len(clio.requests) < requests:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.long
@pytest.mark.parametrize("command", ["load", "sweep", "sync"])
def test_terminated_while_it_reads(folder: Path, clio: Simulator, command: str) -> None:
    """A run that reads from Clio ends at the next page edge with 4, and goes on afterwards."""
    clio.faults.add(Wait(2), "*", times=None)
    names = () if command == "sync" else ("--resource", "tasks")
    env = environment(folder, clio)
    process = start(command, *names, "--json", env=env)
    until_asked(clio, 2)
    process.send_signal(TERM)
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 4, (out, err)
    clio.faults.clear()
    if command != "sync":
        assert run(command, *names, env=env).returncode == 0


@pytest.mark.long
@pytest.mark.parametrize(("number", "code"), [(TERM, 4), (INT, 130)])
def test_stopped_before_anything_began(folder: Path, number: signal.Signals, code: int) -> None:
    """A command that never looks whether it is to stop is ended where it is."""
    env = environment(folder)
    sql = folder / "proposals"
    sql.mkdir()
    (sql / "slow.sql").write_text(
        f"select 'matters' as resource, 1 as id, 'description' as field, ({SLOW})::varchar as"
        " new_value, 'r' as reason",
        "utf-8",
    )
    process = start("edits", "run", "slow", "--json", env=env)
    time.sleep(2)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, (out, err)
    assert "What was stored stays" in err + out or "What was loaded stays" in err
    assert run("edits", "list", env=env).returncode == 0


@pytest.mark.parametrize(("number", "code"), [(TERM, 4), (INT, 130)])
def test_stopped_where_python_notices(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """A command that is ended at once, with no query to wait for, tells the same by its code."""
    done = subprocess.run(
        [sys.executable, "-c", ENDED_WITHIN, str(int(number))],
        cwd=ROOT,
        env=environment(tmp_path),
        timeout=SECONDS,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert document(done)["exit_code"] == code


@pytest.mark.long
def test_terminated_push(desk: Desk) -> None:
    """A push that is stopped between two records ends with 4; the next one sends the rest."""
    rows = desk.firm.clio.dump("matters")[:3]
    for row in rows:
        desk.propose("matters", row["id"], "description=altered")
    plan = desk.approved()
    desk.firm.clio.faults.add(Wait(2), "matters/*", method="PATCH", times=None)
    env = environment(desk.firm.folder, desk.firm.clio, CLIO_SYNC__ACTOR="bo")
    process = start("push", plan, "--commit", plan, "--json", env=env)
    deadline = time.monotonic() + SECONDS
    while not desk.patches:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(TERM)
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 4, (out, err)
    assert len(desk.patches) < len(rows)
    desk.firm.clio.faults.clear()
    assert run("push", plan, "--commit", plan, env=env).returncode == 0
    assert len(desk.patches) == len(rows)


def piped(*words: str, env: dict[str, str], head: bool) -> subprocess.CompletedProcess[str]:
    """Run a command whose output nobody reads to its end."""
    read, write = os.pipe()
    process = start(*words, env=env, stdout=write)
    os.close(write)

    def reading() -> None:
        if head:
            os.read(read, 10)
        os.close(read)

    reader = threading.Thread(target=reading)
    reader.start()
    _, err = process.communicate(timeout=SECONDS)
    reader.join()
    return subprocess.CompletedProcess(words, process.returncode, "", err)


@pytest.mark.long
@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("status", "--json"),
        ("resources",),
        ("models", "ls"),
        ("edits", "list"),
        ("audit", "show"),
        ("load", "--help"),
        ("load", "--nonsense", "--json"),
        ("sql", "select 1"),
        ("doctor",),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("head", [True, False])
def test_reader_that_went_away(folder: Path, words: tuple[str, ...], *, head: bool) -> None:
    """`… | head` ends without a word of its own, and with the exit code of what was done."""
    env = environment(folder)
    code = run(*words, env=env).returncode
    done = piped(*words, env=env, head=head)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_progress_that_nobody_reads(folder: Path, clio: Simulator) -> None:
    """A load whose progress nobody reads any more is loaded to its end all the same."""
    read, write = os.pipe()
    os.close(read)
    words = ("load", "--resource", "tasks", "--resource", "notes", "--json")
    process = start(*words, env=environment(folder, clio), stderr=write)
    os.close(write)
    out, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_output_that_finds_no_room(folder: Path) -> None:
    """Where what is printed finds no room, that is told and is no success."""
    with Path("/dev/full").open("w") as full:
        done = run("status", env=environment(folder), stdout=full)
    assert done.returncode == 4
    assert "could not be printed (No space left on device)" in done.stderr


@pytest.mark.long
def test_document_of_a_stopped_command(folder: Path, clio: Simulator) -> None:
    """A load that Ctrl-C ends keeps its document, and is incomplete: the walk goes on later."""
    clio.faults.add(Wait(2), "*", times=None)
    process = start("load", "--resource", "tasks", "--json", env=environment(folder, clio))
    until_asked(clio, 2)
    process.send_signal(INT)
    out, _ = process.communicate(timeout=SECONDS)
    done = subprocess.CompletedProcess((), process.returncode, out, "")
    assert process.returncode == 4
    assert document(done)["errors"][0]["code"] == "interrupted"
