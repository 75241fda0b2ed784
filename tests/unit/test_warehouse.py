"""One writer, a private folder, and errors that say what holds."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pendulum
import pyarrow as pa
import pytest

from pipelines.errors import BusyError, QueryError, WarehouseError
from pipelines.state.hashed_columns import mask_key
from pipelines.state.runs import Meta
from pipelines.warehouse import (
    FILE,
    MEMORY_LIMIT,
    Warehouse,
    arrow,
    prepare_data_folder,
    writer_lock,
)
from sources.clio_http.casts import quoted
from sources.errors import ConfigurationError
from tests.conftest import ROOT
from tests.system.damages import BLOCK, HEADER

NOW = pendulum.datetime(2026, 3, 2, 9, 0, 0)
HOLD = """
import sys, pendulum
from pathlib import Path
from pipelines.warehouse import Warehouse, writer_lock
folder = Path(sys.argv[1])
if sys.argv[2] == "lock":
    with writer_lock(folder, "load", pendulum.datetime(2026, 3, 2)):
        print("held", flush=True)
        sys.stdin.read()
else:
    with Warehouse(folder):
        print("held", flush=True)
        sys.stdin.read()
"""


@contextmanager
def holder(folder: Path, what: str) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the lock or the file while the context lasts."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), what],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a prepared data folder."""
    folder = tmp_path / "data"
    prepare_data_folder(folder)
    return folder


def mode(path: Path) -> int:
    """Return the permissions of a file or folder."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_second_writer_is_told_who_holds_the_lock(data: Path) -> None:
    """At once, with the process, its command and since when."""
    with (
        holder(data, "lock") as other,
        pytest.raises(BusyError) as raised,
        writer_lock(data, "load", NOW),
    ):
        pass
    assert f"process {other.pid} (load, since 2026-03-02" in str(raised.value)
    assert raised.value.exit_code == 4


def test_a_killed_writer_leaves_nothing_to_clean_up(data: Path) -> None:
    """The lock is the operating system's and goes with its process, note or not."""
    with holder(data, "lock") as other:
        other.kill()
        other.wait()
        assert (data / "lock.json").exists()
        with writer_lock(data, "load", NOW):
            assert json.loads((data / "lock.json").read_text())["pid"] == os.getpid()
    assert not (data / "lock.json").exists()


def test_a_lock_without_a_readable_note_is_still_held(data: Path) -> None:
    """A note that is cut or gone changes the sentence only."""
    with holder(data, "lock"):
        for note in ("", "{", '{"pid": 1}'):
            (data / "lock.json").write_text(note)
            with (
                pytest.raises(BusyError, match="another process holds the data folder"),
                writer_lock(data, "load", NOW),
            ):
                pass


def test_a_path_with_an_equals_sign_is_refused(tmp_path: Path) -> None:
    """DuckDB would take it for a partition; nothing is made."""
    folder = tmp_path / "firm=1" / "data"
    with pytest.raises(ConfigurationError, match="="):
        prepare_data_folder(folder)
    assert not folder.parent.exists()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    """A file in the way, for one, is named by its reason and exits with 2."""
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "data"):
        with pytest.raises(ConfigurationError, match="cannot be made"):
            prepare_data_folder(folder)


def test_everything_is_private_whatever_the_umask(tmp_path: Path) -> None:
    """The folder is its owner's alone, though others could read the files of this process."""
    folder = tmp_path / "data"
    before = os.umask(0)
    try:
        prepare_data_folder(folder)
        with writer_lock(folder, "load", NOW):
            mask_key(folder / "mask.key")
            assert mode(folder / "lock") == 0o600
    finally:
        os.umask(before)
    assert mode(folder) == 0o700
    assert mode(folder / "mask.key") == 0o600


def test_a_folder_that_others_could_read_is_closed(tmp_path: Path) -> None:
    """An existing folder is made private before anything is written into it."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    prepare_data_folder(folder)
    assert mode(folder) == 0o700


def test_read_only_reads_and_cannot_write(data: Path) -> None:
    """A reader makes no file and changes none."""
    with Warehouse(data) as warehouse:
        Meta(warehouse)
    with Warehouse(data, read_only=True) as warehouse:
        Meta(warehouse)
        assert warehouse.rows("select load_seq from meta.epoch") == [(0,)]
        with pytest.raises(duckdb.Error, match="read-only"):
            warehouse.rows("create table t (a int)")


def test_a_warehouse_that_is_not_there_is_not_made_by_a_reader(data: Path) -> None:
    """Opening for reading never makes an empty file."""
    with pytest.raises(WarehouseError):
        Warehouse(data, read_only=True)
    assert not (data / FILE).exists()


def test_a_file_that_another_program_holds_is_busy(data: Path) -> None:
    """An open file in another process is no damage: exit 4, try again."""
    with Warehouse(data):
        pass
    with holder(data, "file"):
        for read_only in (False, True):
            with pytest.raises(BusyError, match="another program has the warehouse open"):
                Warehouse(data, read_only=read_only)


@pytest.mark.parametrize("content", [b"not a database", b"\x00" * 20_000, b"DUCK" * 5_000])
def test_a_damaged_file_is_a_sentence_and_is_left_alone(data: Path, content: bytes) -> None:
    """The kind of failure is named, nothing of the file is; exit 7, and the file stays."""
    (data / FILE).write_bytes(content)
    with pytest.raises(WarehouseError, match="cannot be opened") as raised:
        Warehouse(data)
    assert str(data) not in str(raised.value)
    assert raised.value.exit_code == 7
    assert (data / FILE).read_bytes() == content


def test_every_cursor_is_in_utc_with_bounded_memory(data: Path) -> None:
    """Zones of the machine never matter, and DuckDB keeps to its limit."""
    with Warehouse(data) as warehouse:
        cursor = warehouse.cursor()
        assert cursor.execute("select current_setting('TimeZone')").fetchone() == ("UTC",)
        limit = cursor.execute("select current_setting('memory_limit')").fetchone()
        cursor.close()
    assert limit is not None
    assert limit[0].endswith("MiB")
    assert float(limit[0].split()[0]) <= float(MEMORY_LIMIT.removesuffix("MB"))


def test_a_name_is_quoted_whatever_it_holds(data: Path) -> None:
    """A column called like an injection is a column."""
    awkward = 'id"; drop table x; --'
    with Warehouse(data) as warehouse:
        warehouse.rows(f"create table t ({quoted(awkward)} int)")
        assert warehouse.columns("main", "t") == [awkward]
        assert warehouse.layout("main")["t"] == [awkward]
        assert warehouse.columns("main", "no") == []


@pytest.mark.long
def test_arrow_keeps_the_order_that_was_asked_for(tmp_path: Path) -> None:
    """However many threads work on a query: hashes and rows are put together by position."""
    texts = [f"text {number} " * 20 for number in range(10_000)]
    rows = pa.table({"n": range(10_000), **{f"c{at}": texts for at in range(20)}})
    hashed = ", ".join(f"c{at}" for at in range(20))
    with Warehouse(tmp_path) as warehouse:
        cursor = warehouse.cursor()
        cursor.execute("set threads = 4")
        cursor.register("rows", rows)
        for _ in range(15):
            found = arrow(cursor, f"select n, md5(concat({hashed})) from rows order by n")
            assert found["n"].to_pylist() == list(range(10_000))
        cursor.close()


def test_damage_that_a_query_meets(tmp_path: Path) -> None:
    """Noise in a block that only a query reads is damage (7), and no mistake in the query."""
    with Warehouse(tmp_path) as warehouse:
        warehouse.rows("create table many as select hash(i) as what from range(100000) as t (i)")
        warehouse.rows("checkpoint")
    with (tmp_path / FILE).open("r+b") as file:
        file.seek(HEADER + BLOCK + 9000)
        file.write(bytes(range(50)))
    with Warehouse(tmp_path, read_only=True) as damaged:
        with pytest.raises(WarehouseError) as told:
            damaged.ask("select sum(what) from many", 10)
        assert told.value.exit_code == 7
        assert "clio-sync backup verify" in str(told.value.hint)
        with pytest.raises(QueryError):
            damaged.ask("select sum(absent) from many", 10)
