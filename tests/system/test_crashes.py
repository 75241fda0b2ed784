"""kill -9 anywhere, then the same command again: as if nothing had happened."""

import random
import signal
import time

import pytest

from pipelines.crash import POINTS
from tests.system.conftest import NewFirm
from tests.system.firm import RAW, Firm
from tests.system.process import environment, run, start

NAMES = ("matters", "tasks")
WORDS = ("load", *(word for name in NAMES for word in ("--resource", name)))
HISTORY = f"select id, description from {RAW}.matters__versions order by all"


def changed(firm: Firm) -> list[tuple[int, str]]:
    """Load, then change the firm; give the rows that history must hold after the next load."""
    assert firm.load(*NAMES).exit_code == 0
    keys = sorted(firm.clio.store["matters"].rows)[:3]
    before = firm.stored("matters")
    firm.clio.clock.advance(60)
    for key in keys:
        firm.clio.changes.update("matters", key, {"description": f"changed {key}"})
    firm.clio.changes.add("tasks", {"name": "added"})
    return [(key, before[key,]["description"]) for key in keys]


@pytest.mark.parametrize("point", POINTS)
def test_killed_in_a_later_load(firm: Firm, point: str) -> None:
    """L1, equal after the next load: killed at a point of an incremental load, the tables, the
    history and the watermark are those of an uninterrupted run; nothing needs cleaning.
    """
    outgoing = changed(firm)
    mark = firm.watermark("matters")
    killed = run(*WORDS, env=environment(firm.folder, firm.clio, CLIO_SYNC__CRASH_AT=point))
    assert killed.returncode == -signal.SIGKILL
    reached = firm.watermark("matters")
    assert (reached == mark) == (POINTS.index(point) < POINTS.index("watermarks-saved"))
    outcome = firm.load(*NAMES)
    assert outcome.exit_code == 0, outcome.errors
    assert firm.differences(*NAMES) == []
    assert firm.query(HISTORY) == outgoing
    assert not (firm.folder / "dlt").exists()
    assert firm.query("select count(*) from meta.sync_runs where status = 'running'") == [(0,)]
    done = firm.load(*NAMES)
    assert [(r["inserted"], r["updated"]) for r in done.results] == [(0, 0), (0, 0)]


@pytest.mark.parametrize("point", ["page-read", "package-extracted", "package-committed"])
def test_killed_in_a_first_load(firm: Firm, point: str) -> None:
    """L1, L3: killed in the first load, nothing counts as fresh; the next one brings everything,
    and what changed in between leaves its history.
    """
    env = environment(firm.folder, firm.clio, CLIO_SYNC__CRASH_AT=point)
    assert run(*WORDS, env=env).returncode == -signal.SIGKILL
    assert firm.watermark("matters") is None
    key = min(firm.clio.store["matters"].rows)
    before = firm.clio.store["matters"].rows[key].get("description")
    firm.clio.changes.update("matters", key, {"description": "after the crash"})
    assert firm.load(*NAMES).exit_code == 0
    assert firm.differences(*NAMES) == []
    stored = point == "package-committed"
    assert firm.query(HISTORY) == ([(key, before)] if stored else [])


def test_interrupted_run_is_told(firm: Firm) -> None:
    """A run that died is `interrupted` in meta.sync_runs once the next one has begun."""
    env = environment(firm.folder, firm.clio, CLIO_SYNC__CRASH_AT="page-read")
    run(*WORDS, env=env)
    assert {s for (s,) in firm.query("select status from meta.sync_runs")} == {"running"}
    firm.load(*NAMES)
    found = firm.query("select status, count(*) from meta.sync_runs group by all order by all")
    assert found == [("interrupted", 2), ("ok", 2)]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20))
def test_killed_at_a_random_moment(new_firm: NewFirm, seed: int) -> None:
    """L1: killed at any moment, several times, the load after it is complete."""
    firm = new_firm(activities=2000)
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    for _ in range(3):
        env = environment(firm.folder, firm.clio)
        process = start("load", "--resource", "activities", "--resource", "matters", env=env)
        time.sleep(chance.uniform(0.5, 4.0))  # the moment is the point
        process.kill()
        process.communicate()
        key = chance.choice(sorted(firm.clio.store["activities"].rows))
        firm.clio.changes.update("activities", key, {"note": f"changed {seed}"})
    assert firm.load("activities", "matters").exit_code == 0
    assert firm.load("activities", "matters").exit_code == 0
    assert firm.differences("activities", "matters") == []
