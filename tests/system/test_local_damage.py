"""Damaged files of the data folder: a warehouse is told by exit 7, a ledger stops only writing."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.clio_simulator import Simulator
from tests.system.damages import DAMAGES, altered_schema
from tests.system.process import document, environment, run
from tests.system.writing import SEED, Desk

MODEL = "dim_user"
MEETING: tuple[tuple[str, ...], ...] = (
    ("load",),
    ("sweep",),
    ("status",),
    ("transform",),
    ("check",),
    ("publish",),
    ("sync",),
    ("edits", "propose", "matters", "1", "status=closed", "--reason", "r"),
    ("plan",),
    ("doctor",),
    ("backup", "create"),
    ("models", "ls"),
    ("reconcile",),
)
"""The commands that open the warehouse."""


@pytest.fixture(scope="module")
def whole(loaded_for_writes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with a model that is built and published."""
    folder = tmp_path_factory.mktemp("whole") / "data"
    shutil.copytree(loaded_for_writes, folder)
    env = environment(folder)
    for words in (("transform", "--select", f"+{MODEL}"), ("publish", "--partial")):
        done = run(*words, env=env)
        # a part of the firm is loaded here: the first partial snapshot says so with 4
        assert done.returncode in {0, 4}, done.stderr
    return folder


@pytest.fixture(scope="module")
def clio() -> Iterator[Simulator]:
    """Return the Clio of that folder."""
    with Simulator(SEED, rate_limit=0) as running:
        yield running


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """Return a copy of it to damage."""
    return Path(shutil.copytree(whole, tmp_path / "data"))


def demand_damage(words: tuple[str, ...], env: dict[str, str]) -> None:
    """See that a command ends with 7 and names the command that helps."""
    done = run(*words, "--json", env=env)
    assert done.returncode == 7, (words, done.stdout[-500:], done.stderr)
    told = str(document(done))
    assert "clio-sync backup verify" in told, (words, told)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_warehouse_is_met_at_once(folder: Path, clio: Simulator, damage: str) -> None:
    """Cut anywhere, overwritten or with noise in its blocks or its log: the first command that
    opens the warehouse ends with 7, for a person, and never with 4 or 0.
    """
    DAMAGES[damage](folder / "warehouse.duckdb")
    env = environment(folder, clio)
    demand_damage(("status",), env)
    demand_damage(("load", "--resource", "tasks"), env)


@pytest.mark.long
@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_warehouse_by_every_command(folder: Path, clio: Simulator, damage: str) -> None:
    """Every command that opens the warehouse says so, whatever became of it."""
    DAMAGES[damage](folder / "warehouse.duckdb")
    env = environment(folder, clio)
    for words in MEETING:
        demand_damage(words, env)


def test_damage_is_met_late(folder: Path, clio: Simulator) -> None:
    """Where nobody noted the size of the file, a cut shows when a block is read: 7 as well."""
    (folder / "warehouse.duckdb.size").unlink()
    DAMAGES["shortened"](folder / "warehouse.duckdb")
    env = environment(folder, clio)
    found = {words: run(*words, "--json", env=env) for words in (("load",), ("backup", "create"))}
    assert 7 in {done.returncode for done in found.values()}
    for done in found.values():
        assert done.returncode in {0, 7}, done.stdout
        assert done.returncode == 0 or "backup verify" in done.stdout


@pytest.mark.parametrize("damage", ["emptied", "halved", "spoilt"])
def test_damaged_snapshot(folder: Path, damage: str) -> None:
    """A published snapshot that is damaged is 7 for who asks it, and publish makes a new one."""
    for snapshot in (folder / "published").glob("*.duckdb"):
        snapshot.chmod(0o600)
        if snapshot.stat().st_nlink == 1 or snapshot.name != "warehouse.duckdb":
            DAMAGES[damage](snapshot)
    env = environment(folder)
    done = run("sql", f"select * from core.{MODEL}", "--json", env=env)
    assert done.returncode == 7, done.stdout
    assert "clio-sync publish" in document(done)["errors"][0]["hint"]
    assert run("publish", "--partial", env=env).returncode == 0
    assert run("sql", f"select * from core.{MODEL}", env=env).returncode == 0


def test_healthy_warehouse_is_never_damaged(folder: Path) -> None:
    """A file that a later run changed, or that was put back whole, is not taken for cut."""
    older = folder.with_name("older")
    shutil.copy(folder / "warehouse.duckdb", older)
    env = environment(folder)
    assert run("transform", "--full", "--select", MODEL, env=env).returncode == 0
    shutil.copy(older, folder / "warehouse.duckdb")
    done = run("status", env=env)
    assert done.returncode == 0, done.stderr


@pytest.mark.long
def test_damaged_ledger_stops_writing_never_reading(quick_desk: Desk) -> None:
    """One byte of the ledger's schema altered: what reads from Clio goes on and says so, and the
    copies in the warehouse stay; what proposes, plans, approves, sends or undoes ends with 7.
    """
    desk, folder = quick_desk, quick_desk.firm.folder
    desk.ended = False
    key = int(desk.firm.clio.dump("matters")[0]["id"])
    desk.propose("matters", key, "description=altered")
    plan = desk.approved()
    desk.firm.load("matters")
    before = desk.firm.query("select * from meta.edits")
    assert before
    altered_schema(folder / "ledger.sqlite")
    env = environment(folder, desk.firm.clio)
    for reading in ("load", "sweep"):
        done = run(reading, "--resource", "matters", env=env)
        assert done.returncode == 0, (reading, done.stderr)
        assert "Reading goes on; nothing is sent to Clio" in done.stderr
    done = run("status", env=env)
    assert (done.returncode, "Nothing is sent to Clio" in done.stdout) == (0, True)
    assert run("models", "ls", env=env).returncode == 0
    assert desk.firm.query("select * from meta.edits") == before
    writing: tuple[tuple[str, ...], ...] = (
        ("edits", "propose", "matters", str(key), "description=x", "--reason", "r"),
        ("plan",),
        ("review", plan, "--approve", "all"),
        ("push", plan),
        ("push", plan, "--commit", plan),
        ("undo", plan),
    )
    for words in writing:
        done = run(*words, "--json", env=env)
        assert done.returncode == 7, (words, done.stdout)
        (error,) = document(done)["errors"]
        assert error["code"] == "ledger"
        assert "clio-sync audit verify" in error["hint"]
    assert desk.patches == []
