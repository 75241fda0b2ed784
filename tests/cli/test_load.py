"""`clio-sync load`: its JSON document, its exit codes and what it says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.clio_simulator import Seed, Simulator
from sources.clio_simulator.faults import Status
from tests.system.process import document, environment, run

DOCUMENT = [
    "command", "status", "exit_code", "run_id", "started_at", "finished_at", "results", "errors",
]  # fmt: skip
RESULT = {
    "source", "resource", "mode", "since", "requests", "rows_read", "inserted", "updated",
    "unchanged", "quarantined", "watermark", "complete",
}  # fmt: skip


@pytest.fixture
def clio() -> Iterator[Simulator]:
    """Return a Clio."""
    with Simulator(Seed(7), rate_limit=0) as simulator:
        yield simulator


def test_document_of_a_load(clio: Simulator, tmp_path: Path) -> None:
    """--json prints one document with the promised keys; times are UTC; one result a resource."""
    env = environment(tmp_path / "data", clio)
    done = run("load", "manage", "--resource", "tasks", "--resource", "bills", "--json", env=env)
    assert done.returncode == 0, done.stderr
    printed = document(done)
    assert list(printed) == DOCUMENT
    assert (printed["command"], printed["status"], printed["exit_code"]) == ("load", "ok", 0)
    assert printed["started_at"] <= printed["finished_at"]
    assert printed["started_at"].endswith("Z")
    assert {row["resource"] for row in printed["results"]} == {"tasks", "bills"}
    assert all(set(row) == RESULT for row in printed["results"])
    assert {row["mode"] for row in printed["results"]} == {"first"}
    assert all(0 < row["inserted"] <= row["rows_read"] for row in printed["results"])
    assert printed["errors"] == []


def test_text_of_a_load(clio: Simulator, tmp_path: Path) -> None:
    """Without --json a table of what is new goes to standard output, progress to the other."""
    done = run("load", "--resource", "tasks", env=environment(tmp_path / "data", clio))
    assert done.returncode == 0
    assert "tasks" in done.stdout
    assert "60 rows read" in done.stdout
    assert "reading 1 collection\n" in done.stderr


def test_unknown_resource(clio: Simulator, tmp_path: Path) -> None:
    """A name that does not exist is exit 2 and points to the valid ones; nothing is sent."""
    done = run("load", "--resource", "mattters", "--json", env=environment(tmp_path / "data", clio))
    assert done.returncode == 2
    (error,) = document(done)["errors"]
    assert "mattters" in error["message"]
    assert "clio-sync resources" in error["message"] + error["hint"]
    assert clio.requests == []


def test_missing_token(tmp_path: Path) -> None:
    """Without a token: exit 3, and the hint says how to give one."""
    done = run("load", "--json", env=environment(tmp_path / "data"))
    assert done.returncode == 3
    printed = document(done)
    assert printed["status"] == "sign_in_needed"
    assert set(printed["errors"][0]) == {"code", "message", "hint"}


def test_wrong_token(clio: Simulator, tmp_path: Path) -> None:
    """A token that Clio refuses: exit 3."""
    env = environment(tmp_path / "data", clio, SOURCES__CLIO_MANAGE__ACCESS_TOKEN="wrong")
    assert run("load", env=env).returncode == 3


def test_incomplete(clio: Simulator, tmp_path: Path) -> None:
    """A collection that fails: exit 4, named, with what is safe; the others are loaded."""
    clio.faults.add(Status(404), "tasks", times=None)
    env = environment(tmp_path / "data", clio)
    done = run("load", "--resource", "tasks", "--resource", "bills", env=env)
    assert done.returncode == 4
    assert "tasks: " in done.stderr
    assert "What is stored stays as it is" in done.stderr


@pytest.mark.parametrize(
    "words",
    [("load", "--budget", "-1"), ("load", "nothing"), ("load", "--what"), ("lode",)],
)
def test_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    """What cannot be understood is exit 2."""
    assert run(*words, env=environment(tmp_path / "data")).returncode == 2


def test_unknown_setting(tmp_path: Path) -> None:
    """A setting that does not exist is exit 2 and names the valid ones."""
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "config.toml").write_text('[sources.clio_manage]\nregoin = "eu"\n')
    done = run("load", "--json", env=environment(tmp_path / "data"))
    assert done.returncode == 2
    assert "region" in document(done)["errors"][0]["message"]


@pytest.mark.parametrize("url", ["https://evil.example", "http://app.clio.com", "ftp://127.0.0.1"])
def test_base_url_that_is_not_clio(tmp_path: Path, url: str) -> None:
    """A base URL outside Clio's hosts, the gateway and this machine is exit 2; nothing is sent."""
    env = environment(tmp_path / "data", SOURCES__CLIO_MANAGE__BASE_URL=url)
    done = run("load", env={**env, "SOURCES__CLIO_MANAGE__ACCESS_TOKEN": "token"})
    assert done.returncode == 2


def test_usage_error_as_a_document(tmp_path: Path) -> None:
    """With --json even a mistyped option gives one document, exit 2 and what to do."""
    done = run("load", "--what", "--json", env=environment(tmp_path / "data"))
    printed = document(done)
    assert (done.returncode, printed["exit_code"], printed["command"]) == (2, 2, "load")
    assert (printed["errors"][0]["code"], printed["status"]) == ("usage", "usage")
    assert "--what" in printed["errors"][0]["message"]


def test_load_that_cannot_begin_leaves_a_trace(clio: Simulator, tmp_path: Path) -> None:
    """A refused token is how the load of every collection that was asked for ended."""
    env = environment(tmp_path / "data", clio)
    assert run("load", "--resource", "tasks", env=env).returncode == 0
    wrong = {**env, "SOURCES__CLIO_MANAGE__ACCESS_TOKEN": "wrong"}
    assert run("load", "--resource", "tasks", env=wrong).returncode == 3
    rows = {row["resource"]: row for row in document(run("status", "--json", env=env))["results"]}
    assert rows["tasks"]["state"] == "failed"
    assert rows["tasks"]["error"].startswith("sign_in_needed")
