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


def put_down(firm: Firm) -> list[int]:
    """Load three pages of activities, sweep the first of them, and give the keys."""
    firm.load("activities")
    assert firm.sweep("activities", budget=2).results[0]["complete"] is False
    return sorted(firm.clio.store["activities"].rows)


def pages_of_sweep(firm: Firm, budget: int | None = None) -> list[int]:
    """Sweep the activities; give the pages that were asked for, 0 for a record of its own."""
    since = len(firm.clio.requests)
    outcome = firm.sweep("activities", budget=budget)
    assert outcome.exit_code == 0, outcome.errors
    return [a.page for a in firm.asked("activities") if a.number > since]


def test_rows_that_a_load_brought_ahead_of_the_sweep(new_firm: NewFirm) -> None:
    """Made, loaded and deleted while a sweep was put down on its second page: it passes their
    place, does not show them, asks for each and marks them.
    """
    firm = new_firm(activities=600)
    put_down(firm)
    made = [firm.clio.changes.add("activities", {"type": "TimeEntry"})["id"] for _ in range(3)]
    assert firm.load("activities").exit_code == 0
    for key in made:
        firm.clio.changes.remove("activities", key)
    assert pages_of_sweep(firm) == [2, 3, 0, 0, 0]
    assert firm.buried("activities") == {str(key) for key in made}
    proof = firm.certificate("activities")
    assert (proof["status"], proof["rows_clio"], proof["rows_warehouse"]) == ("ok", 600, 600)
    assert firm.live_differences("activities") == []


@pytest.mark.long
def test_parts_of_a_sweep_of_several_nights(new_firm: NewFirm) -> None:
    """The certificate says of each part when it was walked, and so does the command."""
    firm = new_firm(activities=600)
    put_down(firm)
    nights = [firm.clio.clock.moment()]
    for pages in ([2], [3]):
        firm.clio.clock.advance(86_400)
        nights.append(firm.clio.clock.moment())
        assert pages_of_sweep(firm, budget=2) == pages
    proof = firm.certificate("activities")
    parts = json.loads(proof["parts"])
    assert [part["rows"] for part in parts] == [200, 200, 200]
    assert [p["walked_at"][:10] for p in parts] == [night.to_date_string() for night in nights]
    assert proof["walked_at"].strftime("%Y-%m-%dT%H:%M:%SZ") == parts[0]["walked_at"]
    firm.clio.clock.advance(86_400)
    assert firm.sweep("activities", budget=3).exit_code == 0
    firm.clio.clock.advance(60)
    outcome = firm.sweep("activities", budget=3)
    assert outcome.results[0]["parts"][0]["rows"] == 400
    assert "activities was read in 2 parts: 400 rows on " in outcome.text


def test_sweep_that_was_put_down_for_half_a_day(new_firm: NewFirm) -> None:
    """Without a budget it goes on within twelve hours of its first page, and begins anew later."""
    firm = new_firm(activities=600)
    put_down(firm)
    firm.clio.clock.advance(11 * 3_600)
    assert pages_of_sweep(firm) == [2, 3]
    put_down(firm)
    firm.clio.clock.advance(13 * 3_600)
    assert pages_of_sweep(firm) == [1, 2, 3]
    assert json.loads(firm.certificate("activities")["parts"])[0]["rows"] == 600


@pytest.mark.long
def test_sweep_goes_not_on_after_a_load_that_died(new_firm: NewFirm) -> None:
    """What that load stored behind the sweep was noted nowhere, so the sweep begins anew."""
    firm = new_firm(activities=600)
    keys = put_down(firm)
    firm.clio.clock.advance(60)
    firm.clio.changes.update("activities", keys[5], {"note": "changed"})
    env = environment(firm.folder, firm.clio, CLIO_SYNC__CRASH_AT="package-committed")
    assert run("load", "--resource", "activities", env=env).returncode == -signal.SIGKILL
    assert pages_of_sweep(firm) == [1, 2, 3]
    assert firm.certificate("activities")["status"] == "ok"


@pytest.mark.parametrize("file", ["warehouse.duckdb", "epoch.json"])
def test_sweep_goes_not_on_after_the_warehouse_went_back(new_firm: NewFirm, file: str) -> None:
    """An older copy of the warehouse has a sweep that was put down; it proves nothing of now. Nor
    does one of a warehouse of which nobody can tell whether it went back.
    """
    firm = new_firm(activities=600)
    put_down(firm)
    kept = (firm.folder / "warehouse.duckdb").read_bytes()
    assert firm.load("activities").exit_code == 0
    if file == "epoch.json":
        (firm.folder / file).unlink()
    else:
        (firm.folder / file).write_bytes(kept)
    assert pages_of_sweep(firm) == [1, 2, 3]
    assert firm.certificate("activities")["status"] == "ok"


def test_rows_that_a_sweep_brought_before_it_died(firm: Firm) -> None:
    """It stored a row that was missing and died; the row is deleted in Clio. The next sweep must
    be shown it too, and is not.
    """
    firm.load("tasks")
    missing = firm.clio.changes.add("tasks", {"name": "not loaded"})["id"]
    killed(firm, "package-committed")
    assert (missing,) in firm.stored("tasks")
    firm.clio.changes.remove("tasks", missing)
    assert firm.sweep("tasks").exit_code == 0
    assert firm.buried("tasks") == {str(missing)}
    assert firm.live_differences("tasks") == []
