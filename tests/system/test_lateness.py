"""What Clio shows late or changes in silence is found, measured and told."""

from typing import Any

import pytest

from pipelines.operate.status import run_status
from tests.system.conftest import NewFirm
from tests.system.firm import Firm, QuickClock

pytestmark = pytest.mark.long

LATE = "select resource, mode, records, seconds from meta.lateness order by walked_at"
SILENT = "select field, records from meta.silent_changes where resource = $1 order by 1"


def keys(firm: Firm, name: str) -> list[int]:
    """Return the ids of a collection."""
    return sorted(firm.clio.store[name].rows)


def status(firm: Firm) -> dict[str, Any]:
    """Return the one row of the status, and what is told below the table."""
    outcome = run_status(firm.settings, QuickClock())
    (row,) = outcome.results
    return {**row, "text": outcome.text}


@pytest.fixture
def frozen(new_firm: NewFirm) -> Firm:
    """Return a firm of which the tasks were loaded, on a clock that moves only when it is told."""
    firm = new_firm()
    firm.clio.clock.freeze()
    firm.load("tasks")
    return firm


def shown_late(firm: Firm, seconds: int, *, add: bool = False) -> None:
    """Change a task, or add one, that lists show only so much later; the last load before that
    begins ten seconds too early to see it.
    """
    if add:
        fields = {"name": "late", "status": "pending"}
        firm.clio.changes.add("tasks", fields, visible_after=float(seconds))
    else:
        key = keys(firm, "tasks")[0]
        firm.clio.changes.update("tasks", key, {"name": "late"}, visible_after=float(seconds))
    for step in (60, seconds - 70):
        firm.clio.clock.advance(step)
        # an answer without any row would let the next load read on from an earlier one
        firm.clio.changes.update("tasks", keys(firm, "tasks")[-1], {"name": f"after {step} s"})
        firm.load("tasks")
    firm.clio.clock.advance(20)


@pytest.mark.parametrize(
    ("minutes", "verdict"), [(10, "warn"), pytest.param(5, "ok", marks=pytest.mark.long)]
)
def test_change_that_is_late_within_the_overlap(frozen: Firm, minutes: int, verdict: str) -> None:
    """A18: the next load finds it, and notes the least time by which it was late: from its stamp
    to the start of the last load that did not see it. From half the overlap on, status warns.
    """
    shown_late(frozen, 60 * minutes)
    (row,) = frozen.load("tasks").results
    assert (row["inserted"], row["updated"]) == (0, 1)
    assert frozen.differences("tasks") == []
    assert frozen.query(LATE) == [("tasks", "incremental", 1, 60.0 * minutes - 10)]
    assert frozen.sweep("tasks").exit_code == 0
    proof = frozen.certificate("tasks")
    assert (proof["status"], proof["late"], proof["healed"]) == ("ok", 0, 0)
    told = status(frozen)
    assert (told["lateness"], told["late_seconds"]) == (verdict, 60.0 * minutes - 10)
    assert ("warn: tasks had a version" in told["text"]) == (verdict == "warn")


@pytest.mark.parametrize("add", [False, pytest.param(True, marks=pytest.mark.long)])
def test_change_that_is_late_beyond_the_overlap(frozen: Firm, *, add: bool) -> None:
    """A18: no load asks for it any more; the sweep finds it and stores it, marks the certificate
    and ends with exit code 0, since all is healed; status fails.
    """
    shown_late(frozen, 1200, add=add)
    (row,) = frozen.load("tasks").results
    assert (row["inserted"], row["updated"]) == (0, 0)
    assert len(frozen.differences("tasks")) == (1 if add else 3)
    outcome = frozen.sweep("tasks")
    assert (outcome.exit_code, outcome.errors) == (0, [])
    assert frozen.differences("tasks") == []
    proof = frozen.certificate("tasks")
    assert (proof["missing"], proof["stale"], proof["healed"]) == (int(add), int(not add), 1)
    assert (proof["status"], proof["late"], proof["late_seconds"]) == ("late", 1, 1210.0)
    assert proof["digest_clio"] == proof["digest_warehouse"]
    assert frozen.query(LATE) == [("tasks", "sweep", 1, 1210.0)]
    assert frozen.query(SILENT, "tasks") == []
    told = status(frozen)
    assert (told["lateness"], told["certificate"]) == ("fail", "late")
    assert "fail: tasks had a version that became visible 20 minutes late" in told["text"]
    frozen.clio.clock.advance(60)
    assert frozen.sweep("tasks").exit_code == 0
    assert frozen.certificate("tasks")["status"] == "ok"


def test_change_in_time_is_not_late(frozen: Firm) -> None:
    """Changes and additions between loads, and between a load and a sweep, are no lateness."""
    for _ in range(2):
        frozen.clio.changes.update("tasks", keys(frozen, "tasks")[0], {"name": "changed"})
        frozen.clio.changes.add("tasks", {"name": "added", "status": "pending"})
        frozen.clio.clock.advance(1)
        frozen.load("tasks")
        frozen.clio.clock.advance(3_600)
    frozen.clio.changes.update("tasks", keys(frozen, "tasks")[0], {"name": "changed again"})
    frozen.clio.clock.advance(1)
    assert frozen.sweep("tasks").exit_code == 0
    proof = frozen.certificate("tasks")
    assert (proof["status"], proof["stale"], proof["late"]) == ("ok", 1, 0)
    assert frozen.query(LATE) == []


def test_silent_changes_are_counted_by_field(frozen: Firm) -> None:
    """A20: what changed though `updated_at` did not move is found by the sweep alone, which
    counts the rows for each field, the etag being one of them where it moved.
    """
    frozen.clio.clock.advance(3_600)
    frozen.load("tasks")
    first, second, third = keys(frozen, "tasks")[:3]
    silently: dict[int, dict[str, Any]] = {
        first: {"name": "one", "permission": None},
        second: {"name": "two"},
    }
    for key, fields in silently.items():
        frozen.clio.changes.update("tasks", key, fields, silent=True, keep_etag=True)
    frozen.clio.changes.update("tasks", third, {"description": "three"}, silent=True)
    frozen.load("tasks")
    assert len({text.split()[1] for text in frozen.differences("tasks")}) == 3
    assert frozen.sweep("tasks").exit_code == 0
    assert frozen.differences("tasks") == []
    proof = frozen.certificate("tasks")
    assert (proof["status"], proof["stale"], proof["healed"]) == ("ok", 3, 3)
    counted = [("description", 1), ("etag", 1), ("name", 2), ("permission", 1)]
    assert frozen.query(SILENT, "tasks") == counted
    assert status(frozen)["silent_changes"] == 5
    assert frozen.sweep("tasks").exit_code == 0
    assert frozen.query(SILENT, "tasks") == counted


def test_silent_change_that_a_load_may_still_see_is_not_counted(frozen: Firm) -> None:
    """A row stamped within the overlap is asked for again by the next load: what a sweep finds in
    it is no silent change. Nor is what a full load finds, which asks for everything.
    """
    key = keys(frozen, "tasks")[0]
    frozen.clio.changes.update("tasks", key, {"name": "one"})
    frozen.load("tasks")
    frozen.clio.changes.update("tasks", key, {"name": "two"}, silent=True)
    frozen.sweep("tasks")
    assert frozen.differences("tasks") == []
    frozen.clio.clock.advance(3_600)
    frozen.load("tasks")
    frozen.clio.changes.update("tasks", key, {"name": "three"}, silent=True)
    frozen.load("tasks", full=True)
    assert frozen.differences("tasks") == []
    assert frozen.query(SILENT, "tasks") == []
