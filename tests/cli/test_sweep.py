"""`clio-sync sweep`: its JSON document, its exit codes and what it says."""

import re
from pathlib import Path
from typing import Any

import pytest

from sources.clio_simulator.faults import EmptyList, Value
from tests.system.conftest import NewFirm
from tests.system.firm import Firm
from tests.system.process import document, environment, run

DOCUMENT = [
    "command", "status", "exit_code", "run_id", "started_at", "finished_at", "results", "errors",
]  # fmt: skip
RESULT = {
    "source", "resource", "mode", "requests", "rows_read", "quarantined", "complete", "rows_clio",
    "rows_warehouse", "missing", "ghost", "stale", "healed", "undecided", "late_seconds",
    "digest_clio", "digest_warehouse", "walked_at", "status", "parts",
}  # fmt: skip
UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SHA256 = re.compile(r"[0-9a-f]{64}")


@pytest.fixture
def firm(new_firm: NewFirm) -> Firm:
    """Return a firm of which tasks and notes were loaded."""
    made = new_firm()
    assert made.load("tasks", "notes").exit_code == 0
    return made


def swept(firm: Firm, *words: str) -> dict[str, Any]:
    """Sweep with the command line and give its document."""
    return document(run("sweep", *words, "--json", env=environment(firm.folder, firm.clio)))


def test_document_of_a_sweep(firm: Firm) -> None:
    """--json prints one document with the promised keys: for each collection the walk and its
    certificate, for what was not proved the same keys without values.
    """
    firm.clio.changes.remove("tasks", min(firm.clio.store["tasks"].rows))
    names = ("--resource", "tasks", "--resource", "notes", "--resource", "bills")
    printed = swept(firm, *names)
    assert list(printed) == DOCUMENT
    assert (printed["command"], printed["status"], printed["exit_code"]) == ("sweep", "ok", 0)
    assert printed["errors"] == []
    assert all(set(row) == RESULT for row in printed["results"])
    rows = {row["resource"]: row for row in printed["results"]}
    assert list(rows) == ["bills", "notes", "tasks"]
    assert {row["mode"] for row in rows.values()} == {"sweep"}
    assert {name: row["complete"] for name, row in rows.items()} == {
        "bills": False, "notes": True, "tasks": True,
    }  # fmt: skip
    assert (rows["bills"]["requests"], rows["bills"]["status"]) == (0, None)
    found = {key: rows["tasks"][key] for key in ("rows_clio", "rows_warehouse", "ghost", "healed")}
    assert found == {"rows_clio": 59, "rows_warehouse": 59, "ghost": 1, "healed": 1}
    assert (rows["tasks"]["requests"], rows["tasks"]["rows_read"]) == (2, 59)
    for row in (rows["tasks"], rows["notes"]):
        assert (row["status"], row["late_seconds"], row["undecided"]) == ("ok", 0.0, 0)
        assert UTC.fullmatch(row["walked_at"])
        assert SHA256.fullmatch(row["digest_clio"])
        assert row["digest_clio"] == row["digest_warehouse"]


def test_text_of_a_sweep(firm: Firm) -> None:
    """Without --json a table of what differed goes to standard output, and how much was equal."""
    firm.clio.changes.remove("tasks", min(firm.clio.store["tasks"].rows))
    names = ("--resource", "tasks", "--resource", "notes")
    done = run("sweep", *names, env=environment(firm.folder, firm.clio))
    assert done.returncode == 0, done.stderr
    (row,) = [line for line in done.stdout.splitlines() if line.strip().startswith("tasks")]
    assert row.split() == ["tasks", "59", "59", "0", "1", "0", "1", "ok"]
    assert "2 collections proved, 119 rows, 5 requests; 1 was equal" in done.stdout


def test_sweep_before_any_load(firm: Firm, tmp_path: Path) -> None:
    """Without a warehouse there is nothing to prove: exit 4, and the hint says what to run;
    nothing is sent and nothing is made.
    """
    since, folder = len(firm.clio.requests), tmp_path / "none"
    done = run("sweep", "--json", env=environment(folder, firm.clio))
    assert done.returncode == 4
    (error,) = document(done)["errors"]
    assert error["code"] == "no_warehouse"
    assert "clio-sync load" in error["hint"]
    assert len(firm.clio.requests) == since
    assert not folder.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("--budget", "0"),
        ("--allow-absent", "5"),
        ("--allow-absent", "5", "--resource", "tasks", "--resource", "notes"),
        ("--resource", "taskss"),
    ],
)
def test_usage(firm: Firm, words: tuple[str, ...]) -> None:
    """What cannot be understood, and a decision about more than one list, is exit 2; nothing is
    sent.
    """
    since = len(firm.clio.requests)
    done = run("sweep", *words, "--json", env=environment(firm.folder, firm.clio))
    assert done.returncode == 2, done.stderr
    assert len(firm.clio.requests) == since


def test_guard(firm: Firm) -> None:
    """A list that came back empty: exit 5; the command that the hint names lets a person decide,
    who finds that every record is still there.
    """
    firm.clio.faults.add(EmptyList(), "tasks", times=None)
    printed = swept(firm, "--resource", "tasks")
    assert (printed["exit_code"], printed["status"]) == (5, "stopped_by_guard")
    (error,) = printed["errors"]
    assert error["code"] == "absent"
    assert "tasks: 60 of 60 rows are absent" in error["message"]
    words = error["hint"].partition("clio-sync sweep ")[2].split()
    assert words == ["--resource", "tasks", "--allow-absent", "60"]
    decided = swept(firm, *words)
    assert decided["exit_code"] == 0
    assert [(row["ghost"], row["status"]) for row in decided["results"]] == [(0, "ok")]


def test_other_eyes(firm: Firm) -> None:
    """A user whose role changed: exit 5 until --accept-user says that it sees what it should."""
    firm.clio.changes.update("users", 101, {"roles": ["Billing"]})
    printed = swept(firm, "--resource", "tasks")
    assert (printed["exit_code"], printed["results"]) == (5, [])
    (error,) = printed["errors"]
    assert error["code"] == "other_user"
    assert "clio-sync sweep --accept-user" in error["hint"]
    assert swept(firm, "--resource", "tasks", "--accept-user")["exit_code"] == 0


def test_budget(firm: Firm) -> None:
    """With a budget: no more requests than that, exit 0, and what is left is there to be seen."""
    since = len(firm.clio.requests)
    printed = swept(firm, "--budget", "3", "--resource", "tasks", "--resource", "notes")
    assert (printed["exit_code"], len(firm.clio.requests) - since) == (0, 3)
    assert {row["resource"]: row["complete"] for row in printed["results"]} == {
        "notes": True, "tasks": False,
    }  # fmt: skip


def test_row_that_does_not_fit(firm: Firm) -> None:
    """What cannot be stored is told: exit 4 the first time, and a certificate that says so."""
    key = min(firm.clio.store["tasks"].rows)
    firm.clio.faults.add(Value("due_at", '"soon"', id=key), "tasks", times=None)
    printed = swept(firm, "--resource", "tasks")
    assert (printed["exit_code"], printed["status"]) == (4, "incomplete")
    assert [error["code"] for error in printed["errors"]] == ["kept_out"]
    (row,) = printed["results"]
    assert (row["quarantined"], row["status"], row["complete"]) == (1, "withheld", True)
