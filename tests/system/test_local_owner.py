"""No file of the data folder is another user's to change."""

import os
import shutil
import stat
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pipelines.config.files import put_right
from tests.system.process import document, environment, run

OTHER, GIVEN = 12345, "given"


@pytest.fixture
def folder(loaded_for_writes: Path, tmp_path: Path) -> Path:
    """Return a loaded data folder."""
    return Path(shutil.copytree(loaded_for_writes, tmp_path / "data"))


def mode(path: Path) -> int:
    """Return the mode of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_modes_are_put_right(folder: Path) -> None:
    """What others may write, of one's own files, they may no longer after the next command."""
    plans = folder / "plans"
    plans.mkdir(exist_ok=True)
    open_ = [folder / "warehouse.duckdb", folder / "epoch.json", plans, plans / "0123456789ab.json"]
    open_[-1].write_text("{}", "utf-8")
    for path in open_:
        path.chmod(0o777)
    done = run("edits", "withdraw", "3f0c9a41b7d2", env=environment(folder))
    assert "another user" not in done.stderr
    assert {path.name: mode(path) & 0o022 for path in open_} == {path.name: 0 for path in open_}


def test_reading_puts_the_warehouse_right(folder: Path) -> None:
    """Also a command that only reads does so with the file that it opens."""
    path = folder / "warehouse.duckdb"
    path.chmod(0o666)
    assert run("status", env=environment(folder)).returncode == 0
    assert mode(path) & 0o022 == 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("warehouse.duckdb", ("status",)),
        ("warehouse.duckdb", ("transform",)),
        ("ledger.sqlite", ("edits", "list")),
        ("epoch.json", ("load",)),
        ("plans/0123456789ab.json", ("plan",)),
    ],
)
def test_files_of_others_are_refused(folder: Path, name: str, words: tuple[str, ...]) -> None:
    """A file that another user owns is refused with 2 and named, and stays as it is."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.touch()
    os.chown(path, OTHER, OTHER)
    before = path.read_bytes()
    env = environment(folder, SOURCES__CLIO_MANAGE__ACCESS_TOKEN=GIVEN)
    done = run(*words, "--json", env=env)
    assert done.returncode == 2, done.stdout
    (error,) = document(done)["errors"]
    assert error["code"] == "foreign_file"
    assert f"{path} belongs to another user" in error["message"]
    assert (path.stat().st_uid, path.read_bytes()) == (OTHER, before)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_a_folder_of_root_stops_nobody() -> None:
    """The `lost+found` of a file system of its own lies in its uppermost folder."""
    with TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "lost+found").mkdir(mode=0o700)
        (folder / "locked").mkdir(mode=0o000)
        (folder / "mine").touch()
        for path in (folder, folder / "locked", folder / "mine"):
            os.chown(path, OTHER, OTHER)
        (folder / "mine").chmod(0o666)
        os.setresuid(OTHER, OTHER, 0)
        try:
            put_right(folder)
        finally:
            os.setresuid(0, 0, 0)
        assert mode(folder / "mine") & 0o022 == 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_link_to_a_file_of_others(folder: Path, tmp_path: Path) -> None:
    """So is one that a link in the data folder leads to."""
    elsewhere = tmp_path / "elsewhere.duckdb"
    (folder / "warehouse.duckdb").rename(elsewhere)
    (folder / "warehouse.duckdb").symlink_to(elsewhere)
    assert run("status", env=environment(folder)).returncode == 0
    os.chown(elsewhere, OTHER, OTHER)
    assert run("status", env=environment(folder)).returncode == 2
