"""What other programs read: DuckDB 1.5 from an environment of its own, and pyarrow."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.publish.about import ABOUT, PROBLEMS
from pipelines.publish.pointer import opened
from tests.conftest import ROOT
from tests.system.test_publish import built  # noqa: F401 - a fixture

OLDER = "duckdb>=1.5,<1.6"
BESIDE = ("meta.not_known", "meta.snapshot", "meta.versions")
LOOK = """
import json, sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
tables = connection.execute(
    "select schema_name || '.' || table_name, comment from duckdb_tables() order by 1").fetchall()
rows = {name: [list(map(str, row)) for row in
        connection.execute(f"select * from {name} order by all").fetchall()] for name, _ in tables}
print(json.dumps({"version": duckdb.__version__, "comments": dict(tables), "rows": rows}))
"""


@pytest.mark.long
def test_duckdb_1_5_reads_the_snapshot(
    built: Path,  # noqa: F811 - the fixture
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Every table with its comment, row for row what the warehouse's own DuckDB reads."""
    venv = tmp_path_factory.mktemp("older")
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    python = str(venv / "bin" / "python")
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", OLDER]
    subprocess.run(pip, check=True)
    with opened(built / "data") as (current, snapshot):
        file = str(snapshot.path)
        expected = {
            name: [list(map(str, row)) for row in snapshot.rows(f"from {name} order by all")]
            for name in [*current.models, ABOUT, PROBLEMS, *BESIDE]
        }
    done = subprocess.run([python, "-c", LOOK, file], check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout)
    assert found["version"].startswith("1.5.")
    assert found["rows"] == expected
    assert "Bills that count." in found["comments"]["core.fct_bill"]


def test_pyarrow_reads_the_parquet(built: Path) -> None:  # noqa: F811 - the fixture
    """The rows of the snapshot, with money as decimals of two places."""
    with opened(built / "data") as (current, snapshot):
        rows = snapshot.rows("select bill_id, total from core.fct_bill order by 1")
    folder = built / "data" / "published" / current.parquet
    table = pq.read_table(folder / "core.fct_bill.parquet").sort_by("bill_id")
    assert str(table.schema.field("total").type) == "decimal128(18, 2)"
    assert [(row["bill_id"], row["total"]) for row in table.to_pylist()] == rows
    assert {file.stem for file in folder.iterdir()} == {*current.models, ABOUT, PROBLEMS}


def test_the_page_shows_python_that_runs(built: Path) -> None:  # noqa: F811 - the fixture
    """The program of the page opens the newest generation, with its own tables."""
    page = (ROOT / "docs" / "bi.md").read_text("utf-8")
    program = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    assert "select month_start, utilization, realization from bi.firm_month" in program
    query = "select state, total from bi.bill_totals"
    here = program.replace("select month_start, utilization, realization from bi.firm_month", query)
    done = subprocess.run(
        [sys.executable, "-c", here], cwd=built, check=True, stdout=subprocess.PIPE, text=True
    )
    assert "paid" in done.stdout
