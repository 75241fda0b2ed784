"""Publishing under kill -9, and readers while generations come and go."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.failpoints import PUBLISH_POINTS
from pipelines.publish.pointer import opened, read_published
from pipelines.warehouse import Warehouse
from tests.conftest import ROOT
from tests.unit.tiny_models import workshop

PUBLISH = """
import io, sys, threading
from pathlib import Path
from pipelines.config import Settings
from pipelines.progress import Lines
from pipelines.publish.snapshot import run_publish
from pipelines.transform.run import ModelContext
from pipelines.warehouse import Warehouse
from sources.clio_http.clock import SystemClock
folder = Path(sys.argv[1])
stop = threading.Event()
context = ModelContext(
    Settings(folder / "data", "tester"), SystemClock(stop), Lines(io.StringIO()), stop,
    folders=(folder / "sql",), generate=lambda _warehouse: {})
for generation in range(int(sys.argv[2]), int(sys.argv[3])):
    with Warehouse(folder / "data") as warehouse:
        warehouse.rows("update core.fct_bill set total = $1", [generation])
        warehouse.rows("create or replace table bi.other as select $1 as total", [generation])
    run_publish(context)
"""
READ = """
import sys
from pathlib import Path
from pipelines.publish.pointer import opened
QUERY = (
    "select (select generation from meta.snapshot), min(total), max(total),"
    " (select total from bi.other), (select sum(total) from bi.bill_totals) from core.fct_bill"
)
seen = []
for _ in range(int(sys.argv[2]) // 2):
    with opened(Path(sys.argv[1]) / "data") as (current, snapshot):
        for row in snapshot.rows(QUERY) + snapshot.rows(QUERY):
            generation, least, greatest, other, total = map(int, row)
            assert generation == current.generation, row
            assert least == greatest == other == generation, row
            assert total == 2 * generation, row
            seen.append(generation)
assert seen == sorted(seen), "an older generation came after a newer one"
print(len(seen), len(set(seen)))
"""


def python(code: str, *words: object, **environ: str) -> subprocess.Popen[str]:
    """Start a program."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environ}
    argv = (sys.executable, "-c", code, *map(str, words))
    return subprocess.Popen(argv, env=env, text=True, stdout=subprocess.PIPE)


def ended(process: subprocess.Popen[str]) -> int:
    """Wait for a program, and give its exit code."""
    process.communicate()
    return process.returncode


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Return a folder with models that are built, and generation 1 published."""
    with workshop(tmp_path) as shop:
        shop.build()
        shop.rows("create table bi.other as select 0 as total")
        shop.rows("insert into meta.models by name (select * replace ('bi.other' as model)"
                  " from meta.models limit 1)")  # fmt: skip
    assert ended(python(PUBLISH, tmp_path, 1, 2)) == 0
    return tmp_path


@pytest.mark.long
def test_killed_in_publish(built: Path) -> None:
    """At each point the pointer names a whole generation, the old one or the new one, and the
    next publish makes another and leaves nothing of the dead one behind.
    """
    data = built / "data"
    for point in PUBLISH_POINTS:
        before = read_published(data).generation
        dead = python(PUBLISH, built, 50, 51, CLIO_SYNC__CRASH_AT=point)
        assert ended(dead) == -signal.SIGKILL
        with opened(data) as (current, snapshot):
            moved = current.generation > before
            assert moved == (point in PUBLISH_POINTS[2:])
            if moved:
                assert snapshot.rows("select max(total)::int from core.fct_bill") == [(50,)]
            count = snapshot.rows("select count(*) from core.fct_bill")
            assert count == [(current.models["core.fct_bill"],)]
    assert ended(python(PUBLISH, built, 60, 61)) == 0
    home = data / "published"
    assert list(home.glob(".*")) == list(home.glob("*.tmp")) == []
    last = read_published(data)
    assert (home / "warehouse.duckdb").samefile(home / last.snapshot)
    with duckdb.connect(str(home / last.snapshot), read_only=True) as connection:
        assert connection.execute("select max(total)::int from core.fct_bill").fetchall() == [(60,)]


def test_a_full_disk_leaves_what_is_published(built: Path) -> None:
    """A publish that cannot write its Parquet ends, the pointer stays, and no part is left."""
    data = built / "data"
    before = read_published(data)
    with Warehouse(data) as warehouse:
        name = "a" * 250  # its file's name would be longer than a file system takes
        warehouse.rows(f"create table core.{name} as select 1 as a")
        warehouse.rows("insert into meta.models by name (select * replace ($1 as model)"
                       " from meta.models limit 1)", [f"core.{name}"])  # fmt: skip
    done = python(PUBLISH, built, 70, 71)
    assert ended(done) == 1
    assert read_published(data) == before
    assert sorted(path.name for path in (data / "published").iterdir()) == [
        "current.json", "parquet-000001", "warehouse-000001.duckdb", "warehouse.duckdb",
    ]  # fmt: skip


@pytest.mark.long
def test_readers_never_meet_a_publish(built: Path) -> None:
    """2,000 reads in three processes across 20 publishes: no error, and each read is of one
    generation, never of an older one than the read before.
    """
    readers = [python(READ, built, reads) for reads in (668, 666, 666)]
    writer = python(PUBLISH, built, 2, 22)
    assert ended(writer) == 0
    told = [reader.communicate()[0] for reader in readers]
    assert [reader.returncode for reader in readers] == [0, 0, 0]
    counts = [list(map(int, line.split())) for line in told]
    assert sum(reads for reads, _ in counts) == 2000
    assert sum(seen for _, seen in counts) > 6, "the readers saw too few generations"
    assert read_published(built / "data").generation == 21
