"""The shipped models over a loaded firm, absent tables, and kill -9 in the midst of a build."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from pipelines.crash import TRANSFORM_POINTS
from pipelines.transform.inputs import catalogued
from tests.system.firm import Firm
from tests.system.process import ROOT, document, environment, run
from tests.unit.tiny_models import workshop

BUILD = """
import sys
from pathlib import Path
from pipelines.transform import Wish, build
from pipelines.warehouse import Warehouse
folder = Path(sys.argv[1])
with Warehouse(folder / "data") as warehouse:
    build(warehouse, [folder / "sql"], Wish(full=False))
"""
NEWER = "insert into raw_firm.bills values (3, 'paid', 1, '2')"


@pytest.mark.parametrize("point", TRANSFORM_POINTS)
def test_killed_in_a_build(tmp_path: Path, point: str) -> None:
    """The warehouse holds the last build or the new one, whole, and the next build is right."""
    with workshop(tmp_path) as shop:
        shop.build()
        shop.rows(NEWER)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "CLIO_SYNC__CRASH_AT": point},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    count = "select count(*) from core.fct_bill"
    with duckdb.connect(str(tmp_path / "data" / "warehouse.duckdb")) as connection:
        expected = 3 if point == "models-committed" else 2
        assert connection.execute(count).fetchall() == [(expected,)]
        runs = connection.execute("select count(distinct run_id) from meta.models").fetchall()
        assert runs == [(1,)]
    subprocess.run(
        [sys.executable, "-c", BUILD, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
    )
    with duckdb.connect(str(tmp_path / "data" / "warehouse.duckdb")) as connection:
        assert connection.execute(count).fetchall() == [(3,)]


def test_the_catalogue_knows_every_raw_table(whole_firm: Firm) -> None:
    """What stands in for an absent table has the columns and types that a load makes."""
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in whole_firm.query(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns()"
        " where schema_name = 'raw_clio_manage' and not starts_with(table_name, '_dlt')"
    ):
        found.setdefault(table, {})[column] = kind
    known = catalogued()
    assert len(found) > 70
    with duckdb.connect() as connection:
        for table, columns in found.items():
            for column, kind in columns.items():
                wanted = connection.execute(f"select typeof(null::{known[table][column]})")
                assert (table, column, kind) == (table, column, wanted.fetchall()[0][0])


def test_the_shipped_models_are_built(whole_firm: Firm, tmp_path: Path) -> None:
    """Over a firm without Clio Grow: every model is built and no check fails; a build when nothing
    changed takes less than 3 s in all; check and docs agree.
    """
    data = tmp_path / "firm"
    shutil.copytree(whole_firm.folder, data)
    env = environment(data)
    done = run("transform", "--json", env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    built = [row for row in document(done)["results"] if "model" in row and "rows" in row]
    assert len(built) > 100
    assert {row["status"] for row in built} == {"built"}
    began = time.monotonic()
    again = run("transform", "--json", env=env)
    seconds = time.monotonic() - began
    assert [row for row in document(again)["results"] if "rows" in row] == []
    assert seconds < 3
    checks = document(run("check", "--json", env=env))["results"]
    assert len(checks) > 100
    assert {row["status"] for row in checks} <= {"passed", "warned"}
    listed = document(run("models", "ls", "--json", env=env))["results"]
    assert {row["model"] for row in listed} == {row["model"] for row in built}
    assert run("models", "docs", "--out", str(tmp_path / "x.html"), env=env).returncode == 0
    assert (tmp_path / "x.html").stat().st_size > 100_000
