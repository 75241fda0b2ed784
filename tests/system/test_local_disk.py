"""A disk that is full is 4, a folder that is read-only 2, with the path, from every command."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.errors.local import DiskFullError, ReadOnlyError
from sources.clio_simulator import Simulator
from tests.system.process import document, environment, run
from tests.system.writing import SEED, Desk

WRITING: tuple[tuple[str, ...], ...] = (
    ("load", "--resource", "tasks"),
    ("sweep", "--resource", "tasks"),
    ("transform",),
    ("check",),
    ("publish",),
    ("sync",),
    ("edits", "propose", "matters", "1", "status=closed", "--reason", "r"),
    ("edits", "withdraw", "3f0c9a41b7d2"),
    ("plan",),
    ("reconcile",),
    ("audit", "accept"),
    ("backup", "create"),
    ("copy", "postgres"),
    ("doctor",),
)
"""Every command that writes into the data folder, and doctor, which tells what keeps them."""
READING: tuple[tuple[str, ...], ...] = (("status",), ("edits", "list"), ("audit", "verify"))


@contextmanager
def mounted(place: Path, size: str = "120m") -> Iterator[Path]:
    """Return a small disk of its own; a test is skipped where none may be mounted."""
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(place)]
    made = subprocess.run(words, capture_output=True, check=False)
    if made.returncode:
        pytest.skip("no disk may be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)  # noqa: S607 - the system's own


def fill(place: Path) -> None:
    """Leave no room on a disk."""
    with (place / "fill").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(65_536))
        except OSError:
            return


def shut(place: Path) -> None:
    """Let nothing be written to a disk."""
    words = ["mount", "-o", "remount,ro", str(place)]
    subprocess.run(words, check=True)


@pytest.fixture
def disk(tmp_path: Path, loaded_for_writes: Path) -> Iterator[Path]:
    """Return a small disk with a loaded data folder on it."""
    with mounted(tmp_path / "disk") as place:
        shutil.copytree(loaded_for_writes, place / "data")
        yield place


@pytest.fixture(scope="module")
def clio() -> Iterator[Simulator]:
    """Return a Clio."""
    with Simulator(SEED, rate_limit=0) as running:
        yield running


def demand_told(disk: Path, clio: Simulator, words: tuple[str, ...], exit_code: int) -> None:
    """See that a command ends so, and says in words which path it is about."""
    done = run(*words, "--json", env=environment(disk / "data", clio))
    assert done.returncode == exit_code, (words, done.stdout[-600:], done.stderr)
    told = document(done)
    said = " ".join(one["message"] for one in told["errors"]) + str(
        [row for row in told["results"] if row.get("status") == "fail"]
    )
    assert str(disk) in said, (words, told)
    assert "unexpected" not in said


@pytest.mark.long
@pytest.mark.parametrize("words", WRITING, ids=" ".join)
@pytest.mark.parametrize(("spoil", "exit_code"), [(fill, 4), (shut, 2)])
def test_every_command(
    disk: Path,
    clio: Simulator,
    spoil: Callable[[Path], None],
    exit_code: int,
    words: tuple[str, ...],
) -> None:
    """Whatever is run, the exit code says whether room or a right is missing, and where."""
    spoil(disk)
    demand_told(disk, clio, words, exit_code)


@pytest.mark.parametrize(("spoil", "exit_code"), [(fill, 4), (shut, 2)])
def test_some_commands(
    disk: Path, clio: Simulator, spoil: Callable[[Path], None], exit_code: int
) -> None:
    """As above, for three; what only reads is not kept from it."""
    spoil(disk)
    for words in (WRITING[0], WRITING[2], ("doctor",)):
        demand_told(disk, clio, words, exit_code)
    for words in READING:
        done = run(*words, env=environment(disk / "data", clio))
        assert done.returncode == 0, (words, done.stderr)


@pytest.mark.long
def test_room_that_ends_in_the_middle(
    tmp_path: Path, loaded_for_writes: Path, clio: Simulator
) -> None:
    """Room that ends while rows are stored or models are built is 4 as well; what was there stays,
    and with room again the same command ends with 0.
    """
    size = (loaded_for_writes / "warehouse.duckdb").stat().st_size
    with mounted(tmp_path / "disk", str(size + 1_500_000)) as disk:
        shutil.copytree(loaded_for_writes, disk / "data")
        env = environment(disk / "data", clio)
        for words in (("load", "--all"), ("transform",)):
            demand_told(disk, clio, words, 4)
            assert run("status", env=env).returncode == 0
        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)  # noqa: S607 - the system's own
        done = run("load", "--all", env=env)
        assert done.returncode == 0, done.stderr


def test_ledger_without_room(quick_desk: Desk, tmp_path: Path) -> None:
    """Where an approval finds no room, nothing of it counts and the exit code is 4."""
    desk = quick_desk
    key = int(desk.firm.clio.dump("matters")[0]["id"])
    desk.propose("matters", key, "description=altered")
    plan = desk.plan().results[0]["plan"]
    with mounted(tmp_path / "disk") as disk:
        shutil.copytree(desk.firm.folder, disk / "data")
        fill(disk)
        env = environment(disk / "data", desk.firm.clio, CLIO_SYNC__ACTOR="bo")
        done = run("review", str(plan), "--approve", "all", "--json", env=env)
        assert done.returncode == 4, done.stdout
        assert document(done)["errors"][0]["code"] == DiskFullError.code
        shut(disk)
        done = run("review", str(plan), "--approve", "all", "--json", env=env)
        assert done.returncode == 2, done.stdout
        assert document(done)["errors"][0]["code"] == ReadOnlyError.code
