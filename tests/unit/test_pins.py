"""Each pin has a reason that can be tested; when the reason is gone, the test says so."""

import tomllib
from importlib.metadata import requires, version
from pathlib import Path

import dlt
import duckdb
import pyarrow as pa
import pytest

from pipelines.load.package import ENGINE
from tests.conftest import ROOT

CEILING = "30.22"
"""The first sqlglot with which dlt's `pipeline.dataset()` breaks."""


def parts(text: str) -> tuple[int, ...]:
    """Return a version as numbers."""
    return tuple(int(part) for part in text.split(".")[:2])


def test_the_sqlglot_that_is_installed_is_below_the_pin() -> None:
    """Should this fail, the pin was lifted: see that the next test passes, then drop both."""
    assert parts(version("sqlglot")) < parts(CEILING), (
        "sqlglot is newer than the pin of pyproject.toml allows: if the test below passes with it,"
        " remove the pin, this test and the line in pyproject.toml's comment"
    )


def test_the_pin_is_in_the_project() -> None:
    """The bound that a user installs with is the one that is tested here."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    (pin,) = [d for d in tomllib.loads(text)["project"]["dependencies"] if d.startswith("sqlglot")]
    assert pin.endswith(f"<{CEILING}")


def test_the_installed_dlt_is_the_one_that_the_pin_is_for() -> None:
    """A dlt that bounds sqlglot itself, or another minor of dlt, is the moment to look again."""
    assert parts(version("dlt")) == (1, 31), "another dlt: try it without the sqlglot pin"
    own = [line for line in requires("dlt") or () if line.startswith("sqlglot")]
    assert not any("<" in line for line in own), (
        f"dlt bounds sqlglot itself now ({own}): remove the pin of pyproject.toml"
    )


def test_dlt_can_query_what_it_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`pipeline.dataset()` works with the sqlglot that is installed; with 30.22 it does not."""
    for name, value in ENGINE.items():
        monkeypatch.setenv(name, value)
    connection = duckdb.connect(str(tmp_path / "pins.duckdb"))
    pipeline = dlt.pipeline(
        pipeline_name="pins",
        pipelines_dir=str(tmp_path / "dlt"),
        destination=dlt.destinations.duckdb(connection),
        dataset_name="raw",
    )
    rows = pa.table({"id": [1, 2], "name": ["a", "b"]})
    pipeline.run(rows, table_name="things", loader_file_format="parquet")

    dataset = pipeline.dataset()
    assert sorted(dataset["things"].select("id", "name").fetchall()) == [(1, "a"), (2, "b")]
    assert dataset("select count(*) from things").fetchall() == [(2,)]
    connection.close()


def test_no_job_is_written_as_insert_values() -> None:
    """Parquet is set in code: dlt's default took 42 s and 3.5 GB for 22,000 records."""
    assert ENGINE["NORMALIZE__LOADER_FILE_FORMAT"] == "parquet"
    assert ENGINE["RUNTIME__DLTHUB_TELEMETRY"] == "false"
    assert ENGINE["LOAD__DELETE_COMPLETED_JOBS"] == "true"
    assert ENGINE["RUNTIME__INTERCEPT_SIGNALS"] == "false"
    assert ENGINE["RESTORE_FROM_DESTINATION"] == "false"
