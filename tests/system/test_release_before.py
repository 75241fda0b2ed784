"""A data folder of the release before: read as it is, brought up to date once, loaded on.

The code of commit bd405e1 made it, with a warehouse, a ledger, a backup and a snapshot: two loads
of tasks and users of the small firm with what `meanwhile` does in between, a sweep, a build of
`dim_user`, a snapshot, an edit, and one more load.
"""

import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.release import SCHEMA
from pipelines.state.epoch import migrate
from pipelines.warehouse import Warehouse
from sources.clio_simulator import Simulator
from tests.conftest import ROOT
from tests.system.firm import Firm
from tests.system.process import document, environment, run
from tests.system.writing import SEED

STORED = ROOT / "tests" / "data" / "data_of_bd405e1.tar.xz"
NAMES = ("tasks", "users")
COLUMNS = """
select table_name, column_index, column_name, data_type, is_nullable, column_default
from duckdb_columns() where schema_name = 'meta' order by all
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the data folder as that release left it."""
    with tarfile.open(STORED) as stored:
        stored.extractall(tmp_path, filter="data")
    return tmp_path / "data"


@pytest.fixture
def firm(folder: Path) -> Iterator[Firm]:
    """Return the firm that it was loaded from, two days later."""
    with Simulator(SEED, rate_limit=0) as clio:
        meanwhile(clio)
        clio.clock.advance(2 * 86_400)
        yield Firm(clio, folder)


def meanwhile(clio: Simulator) -> None:
    """Change what changed before that release's second load: a task went, another has a name."""
    gone, renamed = (int(row["id"]) for row in clio.dump("tasks")[:2])
    clio.changes.remove("tasks", gone)
    clio.changes.update("tasks", renamed, {"name": "changed"})


def rows(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every table of `meta` but the one that says of which version they are."""
    names = warehouse.layout("meta").keys() - {"versions"}
    return {name: warehouse.rows(f"from meta.{name} order by all") for name in names}


def test_tables_are_those_of_a_new_warehouse(folder: Path, tmp_path: Path) -> None:
    """Brought up to date it has the same columns of the same types in the same order, and each of
    its rows; what was made of it before is not made again.
    """
    with Warehouse(folder) as warehouse, Warehouse(tmp_path, file="new.duckdb") as new:
        assert warehouse.version == 1
        before = rows(warehouse)
        migrate(warehouse)
        migrate(new)
        assert warehouse.rows(COLUMNS) == new.rows(COLUMNS)
        assert rows(warehouse) == before
        assert warehouse.rows("select version from meta.versions") == [(SCHEMA,)]
    assert {name for name, kept in before.items() if kept} >= {
        *("sync_runs", "watermarks", "certificates", "tombstones", "epoch", "inputs"),
        *("models", "checks", "build", "edits", "ledger", "migrations", "accounts"),
    }


def test_readers_leave_it_as_it_is(folder: Path) -> None:
    """Status, a query of the snapshot, the proof of its backup and doctor, which says that a load
    of this release is due.
    """
    before = (folder / "warehouse.duckdb").read_bytes()
    env = environment(folder)
    for words in (("status",), ("backup", "verify"), ("edits", "list"), ("models", "ls")):
        done = run(*words, "--json", env=env)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    asked = run("sql", "select count(*) as n from core.dim_user", "--json", env=env)
    assert document(asked)["results"] == [{"n": 8}]
    (line,) = (
        one
        for one in document(run("doctor", "--json", env=env))["results"]
        if one["check"] == "warehouse"
    )
    assert (line["status"], line["fix"]) == ("warn", "clio-sync load")
    assert (folder / "warehouse.duckdb").read_bytes() == before


def test_loads_go_on(firm: Firm) -> None:
    """The first load makes a backup and brings it up to date; it and a sweep read on from where
    the release before stood, and nothing that was known is lost.
    """
    with Warehouse(firm.folder, read_only=True) as warehouse:
        before = rows(warehouse)
    (stored,) = (firm.folder / "backups").iterdir()
    firm.clio.changes.update("tasks", int(firm.clio.dump("tasks")[-1]["id"]), {"name": "newer"})
    loaded = firm.load(*NAMES)
    assert loaded.exit_code == 0, loaded.errors
    assert "brought up to date" in firm.log.getvalue()
    assert {row["resource"]: (row["mode"], row["updated"]) for row in loaded.results} == {
        "tasks": ("incremental", 1),
        "users": ("incremental", 0),
    }
    assert firm.sweep(*NAMES).exit_code == 0
    assert firm.live_differences(*NAMES) == []
    with Warehouse(firm.folder, read_only=True) as warehouse:
        after = rows(warehouse)
    for name in ("sync_runs", "certificates", "tombstones", "edits", "models", "migrations"):
        assert set(map(str, before[name])) <= set(map(str, after[name])), name
    ((_, name, _),) = before["epoch"]
    assert [known[1] for known in after["epoch"]] == [name]
    (made,) = set((firm.folder / "backups").iterdir()) - {stored}
    for backup in (stored, made):
        assert run("backup", "verify", str(backup), env=environment(firm.folder)).returncode == 0


def test_what_is_kept_out_is_read_again(firm: Firm) -> None:
    """This brings the warehouse up to date too, after a backup."""
    env = environment(firm.folder, firm.clio)
    assert run("quarantine", "retry", env=env).returncode == 0
    assert len(list((firm.folder / "backups").iterdir())) == 2


def test_a_restored_backup_goes_on(firm: Firm) -> None:
    """The backup that the release before made takes the place of the warehouse."""
    (backup,) = (firm.folder / "backups").iterdir()
    shutil.copy(backup / "warehouse.duckdb", firm.folder / "warehouse.duckdb")
    assert firm.load(*NAMES).exit_code == 0
    assert firm.sweep(*NAMES).exit_code == 0
    assert firm.live_differences(*NAMES) == []


def test_builds_go_on(firm: Firm) -> None:
    """What the release before built is built again and published beside its snapshot."""
    env = environment(firm.folder, firm.clio)
    for words in (("transform", "--select", "dim_user"), ("publish", "--partial")):
        done = run(*words, env=env)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    asked = run("sql", "select count(*) as n from core.dim_user", "--json", env=env)
    assert document(asked)["results"] == [{"n": 8}]
    assert len(list((firm.folder / "published").glob("warehouse-0*.duckdb"))) == 2
