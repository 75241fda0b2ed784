"""A newer clio-sync's files are refused by an older one; an upgrade makes a backup first."""

import json
import shutil
import sqlite3
import struct
from pathlib import Path

import duckdb
import pytest

from pipelines.release import SCHEMA, release
from tests.system.process import document, environment, run
from tests.system.test_local_disk import fill, mounted

GIVEN = "given"
NEWER = f"update meta.versions set version = {SCHEMA + 1}, tool = '9.9.9'"
MEETING: tuple[tuple[str, ...], ...] = (
    ("load",),
    ("sweep",),
    ("status",),
    ("transform",),
    ("check",),
    ("publish",),
    ("sync",),
    ("plan",),
    ("edits", "propose", "matters", "1", "status=closed", "--reason", "r"),
    ("backup", "create"),
    ("models", "ls"),
    ("reconcile",),
)
WORD = struct.Struct("<Q")
MIXED = 0xBF58476D1CE4E5B9
"""What DuckDB multiplies each word with for its checksum, which begins at 5381."""


@pytest.fixture
def folder(loaded_for_writes: Path, tmp_path: Path) -> Path:
    """Return a loaded data folder."""
    return Path(shutil.copytree(loaded_for_writes, tmp_path / "data"))


def tell(folder: Path, *statements: str) -> None:
    """Change the warehouse behind the tool's back, and leave one file."""
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)


def ask(folder: Path, query: str) -> list[tuple[object, ...]]:
    """Ask the warehouse."""
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def older(folder: Path) -> None:
    """Make of a warehouse what an older clio-sync would have left."""
    tell(folder, "drop table meta.versions", "alter table meta.quarantine drop column field")


def test_warehouse_says_who_made_it(folder: Path) -> None:
    """The version of the tables and of the tool stands in the warehouse, once."""
    assert ask(folder, "select version, tool from meta.versions") == [(SCHEMA, release())]


def test_newer_warehouse_is_refused_by_every_command(folder: Path) -> None:
    """Exit 2 with both versions, whatever is run, and nothing is changed."""
    tell(folder, NEWER)
    before = (folder / "warehouse.duckdb").read_bytes()
    env = environment(folder, SOURCES__CLIO_MANAGE__ACCESS_TOKEN=GIVEN)
    for words in MEETING:
        done = run(*words, "--json", env=env)
        assert done.returncode == 2, (words, done.stdout)
        said = document(done)["errors"][0]["message"]
        assert f"schema {SCHEMA + 1} of clio-sync 9.9.9" in said
        assert f"this clio-sync {release()} knows {SCHEMA}" in said
    assert (folder / "warehouse.duckdb").read_bytes() == before


def test_newer_storage_of_duckdb(folder: Path) -> None:
    """A file in a format that this DuckDB cannot read is 2 as well, and no damage."""
    path = folder / "warehouse.duckdb"
    text = bytearray(path.read_bytes())
    WORD.pack_into(text, 12, 500)
    total = 5381
    for (word,) in WORD.iter_unpack(text[8:4096]):
        total ^= word * MIXED & (1 << 64) - 1
    WORD.pack_into(text, 0, total)
    path.write_bytes(text)
    done = run("status", "--json", env=environment(folder))
    assert done.returncode == 2, done.stdout
    assert "storage version number 500" in document(done)["errors"][0]["message"]


def test_newer_ledger(folder: Path) -> None:
    """A ledger of a newer clio-sync stops writing with 2; reading goes on and says so."""
    with sqlite3.connect(folder / "ledger.sqlite") as database:
        database.execute("pragma user_version = 2")
    env = environment(folder)
    words = ("edits", "propose", "matters", "1", "status=closed", "--reason", "r")
    done = run(*words, "--json", env=env)
    assert done.returncode == 2, done.stdout
    assert "the ledger has schema 2" in document(done)["errors"][0]["message"]
    done = run("status", env=env)
    assert (done.returncode, "the ledger has schema 2" in done.stdout) == (0, True)


def test_newer_snapshot(folder: Path) -> None:
    """What a newer clio-sync published is refused by name and not taken for damage."""
    env = environment(folder)
    for words in (("transform", "--select", "+dim_user"), ("publish", "--partial")):
        # a part of the firm is loaded here: the first partial snapshot says so with 4
        assert run(*words, env=env).returncode in {0, 4}
    pointer = folder / "published" / "current.json"
    said = json.loads(pointer.read_text("utf-8"))
    snapshot = folder / "published" / said["snapshot"]
    query = "select version, tool from meta.versions"
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        assert connection.execute(query).fetchall() == [(SCHEMA, release())]
    assert (said["schema_version"], said["tool_version"]) == (SCHEMA, release())
    newer = {**said, "schema_version": SCHEMA + 1, "tool_version": "9.9.9", "unheard_of": 1}
    pointer.write_text(json.dumps(newer), "utf-8")
    done = run("sql", "select 1", "--json", env=env)
    assert done.returncode == 2, done.stdout
    assert "of clio-sync 9.9.9" in document(done)["errors"][0]["message"]


@pytest.mark.long
@pytest.mark.parametrize("words", [("transform", "--select", "+dim_user"), ("check",)])
def test_upgrade_makes_a_backup_first(folder: Path, words: tuple[str, ...]) -> None:
    """The first command that writes into an older warehouse copies it as it was, says so, and
    brings it up to date; the second makes no further copy.
    """
    older(folder)
    env = environment(folder)
    done = run(*words, env=env)
    assert "brought up to date" in done.stderr
    (backup,) = (folder / "backups").iterdir()
    tables = {row["table"] for row in json.loads((backup / "manifest.json").read_text())["tables"]}
    assert "versions" not in tables
    assert run("backup", "verify", env=env).returncode == 0
    assert ask(folder, "select version from meta.versions") == [(SCHEMA,)]
    assert ask(folder, "select count(field) from meta.quarantine") == [(0,)]
    assert run(*words, env=env).returncode == done.returncode
    assert len(list((folder / "backups").iterdir())) == 1


def test_upgrade_without_room_changes_nothing(folder: Path, tmp_path: Path) -> None:
    """Where the backup finds no room, the warehouse stays as the older clio-sync left it."""
    older(folder)
    with mounted(tmp_path / "disk") as disk:
        shutil.copytree(folder, disk / "data")
        before = (disk / "data" / "warehouse.duckdb").stat().st_size
        fill(disk)
        # room for the lock, and for nothing like a copy
        with (disk / "fill").open("r+b") as file:
            file.truncate((disk / "fill").stat().st_size - 400_000)
        done = run("transform", "--json", env=environment(disk / "data"))
        assert done.returncode == 4, done.stdout
        assert "the backup could not be written" in document(done)["errors"][0]["message"]
        assert (disk / "data" / "warehouse.duckdb").stat().st_size == before
        assert ask(disk / "data", "select 1 from duckdb_tables() where table_name='versions'") == []
