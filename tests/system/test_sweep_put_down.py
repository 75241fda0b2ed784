"""A certificate says what its walk saw: walks that were put down, and loads in between."""

import json
import signal

import pytest

from tests.system.conftest import NewFirm
from tests.system.firm import Firm
from tests.system.process import environment, run

WORDS = ("sweep", "--resource", "tasks")


def killed(firm: Firm, point: str) -> None:
    """Let a sweep of the tasks die at a point."""
    died = run(*WORDS, env=environment(firm.folder, firm.clio, CLIO_SYNC__CRASH_AT=point))
    assert died.returncode == -signal.SIGKILL, died.stderr


def made_and_deleted(firm: Firm, number: int = 3) -> set[str]:
    """Make tasks in Clio, load them, and delete them in Clio."""
    made = [firm.clio.changes.add("tasks", {"name": f"new {n}"})["id"] for n in range(number)]
    assert firm.load("tasks").exit_code == 0
    for key in made:
        firm.clio.changes.remove("tasks", key)
    return {str(key) for key in made}


@pytest.mark.parametrize("point", ["run-started", "page-read", "package-committed"])
def test_rows_that_only_a_load_showed(firm: Firm, point: str) -> None:
    """A sweep dies before a page of it is stored; three tasks are made, loaded and deleted. The
    next sweep reads from the first page, asks for each of the three, and finds them deleted.
    """
    firm.load("tasks")
    rows = len(firm.clio.store["tasks"].rows)
    killed(firm, point)
    gone = made_and_deleted(firm)
    since = len(firm.clio.requests)
    outcome = firm.sweep("tasks")
    assert outcome.exit_code == 0, outcome.errors
    asked = [a for a in firm.asked("tasks") if a.number > since]
    assert [a.page for a in asked] == [1, 0, 0, 0]
    assert firm.buried("tasks") == gone
    assert firm.live_differences("tasks") == []
    proof = firm.certificate("tasks")
    assert (proof["status"], proof["rows_clio"], proof["rows_warehouse"]) == ("ok", rows, rows)
