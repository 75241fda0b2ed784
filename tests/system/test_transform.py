"""The shipped models over a loaded firm, absent tables, and kill -9 in the midst of a build."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from pipelines.config import Settings
from pipelines.failpoints import TRANSFORM_POINTS
from pipelines.transform.inputs import catalogued
from pipelines.transform.run import ModelContext, run_check, run_transform
from tests.conftest import ROOT
from tests.system.firm import Firm
from tests.system.process import document, environment, run
from tests.unit.tiny_models import workshop

BUILD = """
import sys
from pathlib import Path
from pipelines.transform import BuildOptions, build
from pipelines.warehouse import Warehouse
folder = Path(sys.argv[1])
with Warehouse(folder / "data") as warehouse:
    build(warehouse, [folder / "sql"], BuildOptions(full=False))
"""
NEWER = "insert into raw_firm.bills values (3, 'paid', 1, '2')"


@pytest.mark.long
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
    """Over a firm without Clio Grow: every model is built, no check fails, and a check of all says
    the same; a build when nothing changed makes nothing and takes less than 3 s of the processor.
    """
    data = tmp_path / "firm"
    shutil.copytree(whole_firm.folder, data)
    work = replace(ModelContext.here(threading.Event()), settings=Settings(data, "tester"))
    outcome = run_transform(work)
    assert (outcome.exit_code, outcome.errors) == (0, [])
    built = [row for row in outcome.results if "check" not in row]
    assert len(built) > 100
    assert {row["status"] for row in built} == {"built"}
    checks = run_check(work)
    assert (checks.exit_code, checks.errors) == (0, [])
    assert len(checks.results) > 100
    before = os.times()
    done = run("transform", "--json", env=environment(data))
    after = os.times()
    assert done.returncode == 0, done.stderr
    assert [row for row in document(done)["results"] if "check" not in row] == []
    spent = after.children_user + after.children_system
    assert spent - before.children_user - before.children_system < 3
