"""`clio-sync load --json` in detail: times, modes, counts, and what is refused."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sources.clio_simulator import Seed, Simulator
from tests.system.process import document, environment, run

UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
TIMES = ("since", "watermark")
NAMES = ("--resource", "tasks", "--resource", "matters", "--resource", "billable_clients")


@pytest.fixture
def clio() -> Iterator[Simulator]:
    """Return a Clio."""
    with Simulator(Seed(7), rate_limit=0) as simulator:
        yield simulator


def results(printed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the results by collection."""
    return {row["resource"]: row for row in printed["results"]}


def test_two_loads_and_the_walk_of_children(clio: Simulator, tmp_path: Path) -> None:
    """First, then incremental from the watermark with nothing new; full lists stay full."""
    env = environment(tmp_path / "data", clio)
    one = document(run("load", *NAMES, "--json", env=env))
    two = document(run("load", *NAMES, "--json", env=env))
    first, second = results(one), results(two)

    assert one["run_id"] != two["run_id"]
    assert {name: row["mode"] for name, row in first.items()} == {
        "tasks": "first",
        "matters": "first",
        "billable_clients": "full",
    }
    assert {name: row["mode"] for name, row in second.items()} == {
        "tasks": "incremental",
        "matters": "incremental",
        "billable_clients": "full",
    }
    for printed in (one, two):
        assert UTC.fullmatch(printed["started_at"])
        assert UTC.fullmatch(printed["finished_at"])
        for row in printed["results"]:
            assert all(row[name] is None or UTC.fullmatch(row[name]) for name in TIMES)
            assert (row["source"], row["complete"], row["quarantined"]) == ("clio_manage", True, 0)
            assert row["requests"] >= 1
            counted = row["inserted"] + row["updated"] + row["unchanged"]
            assert counted == row["rows_read"]
    assert sum(row["inserted"] + row["updated"] for row in two["results"]) == 0
    assert second["tasks"]["since"] < first["tasks"]["watermark"] <= second["tasks"]["watermark"]

    printed = document(
        run("load", "--resource", "matter_contacts", "--budget", "2", "--json", env=env)
    )
    (child,) = printed["results"]
    assert printed["exit_code"] == 0
    assert (child["mode"], child["complete"]) == ("child", False)


def test_standard_output_is_one_document_also_when_it_fails(tmp_path: Path) -> None:
    """One line of JSON and nothing else; the sentence for a person goes to the other stream."""
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text("[clio_sync]\ndata_folder = 'x'\n")
    done = run("load", "--json", env=environment(tmp_path / "data"))

    assert done.stdout.count("\n") == 1
    printed = json.loads(done.stdout)
    assert (printed["status"], printed["exit_code"], done.returncode) == ("usage", 2, 2)
    message = printed["errors"][0]["message"]
    assert message.startswith("unknown setting clio_sync.data_folder; valid are clio_sync.actor")
    assert "clio_sync.data_dir" in message
    assert message in done.stderr
    assert printed["results"] == []


@pytest.mark.parametrize("words", [("--token", "canary-1"), ("--access-token=canary-1",)])
def test_a_token_on_the_command_line_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Process lists and shell histories would keep it; it is not repeated either."""
    done = run("load", *words, env=environment(tmp_path / "data"))
    assert done.returncode == 2
    assert "canary" not in done.stdout + done.stderr
    assert not (tmp_path / "data").exists()


def test_a_load_that_could_not_begin_leaves_no_warehouse(tmp_path: Path) -> None:
    """Otherwise `demo` and `status` take the folder for a firm's."""
    run("load", env=environment(tmp_path / "data"))
    assert not (tmp_path / "data" / "warehouse.duckdb").exists()


def test_what_cannot_begin_leaves_a_private_folder(tmp_path: Path) -> None:
    """Before a client is opened the data folder is its owner's alone; no warehouse is made."""
    data = tmp_path / "data"
    env = environment(data)
    assert run("load", "manage", env=env).returncode != 0
    assert data.stat().st_mode & 0o777 == 0o700
    assert not (data / "warehouse.duckdb").exists()
