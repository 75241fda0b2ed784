"""kill -9 anywhere, then the same command again: as if nothing had happened."""

import random
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from pipelines.failpoints import POINTS, SWEEP_POINTS
from tests.system.conftest import NewFirm
from tests.system.firm import RAW, Firm
from tests.system.process import environment, run, start

NAMES = ("matters", "tasks")
OPTIONS = [word for name in NAMES for word in ("--resource", name)]
WORDS = ("load", *OPTIONS)
ALL = (*POINTS[:-1], *SWEEP_POINTS, POINTS[-1])
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


@pytest.mark.parametrize(
    "point",
    [
        p
        if p in {"package-committed", "watermarks-saved"}
        else pytest.param(p, marks=pytest.mark.long)
        for p in POINTS
    ],
)
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


@pytest.mark.long
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
@pytest.mark.parametrize("seed", range(3))
def test_killed_at_a_random_moment(new_firm: NewFirm, seed: int) -> None:
    """L1: killed at any moment, several times, the load after it is complete."""
    firm = new_firm(activities=2000)
    chance = random.Random(seed)
    for _ in range(3):
        env = environment(firm.folder, firm.clio)
        process = start("load", "--resource", "activities", "--resource", "matters", env=env)
        time.sleep(chance.uniform(0.1, 2.0))  # the moment is the point
        process.kill()
        process.communicate()
        key = chance.choice(sorted(firm.clio.store["activities"].rows))
        firm.clio.changes.update("activities", key, {"note": f"changed {seed}"})
    assert firm.load("activities", "matters").exit_code == 0
    assert firm.load("activities", "matters").exit_code == 0
    assert firm.differences("activities", "matters") == []


def left_by_sweep(firm: Firm) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that a sweep leaves, but for the moments; of each collection the first proof."""
    queries = {name: f"select id, _row_hash from {RAW}.{name} order by all" for name in NAMES}
    queries |= {
        f"{name}__versions": f"select id, _row_hash from {RAW}.{name}__versions order by all"
        for name in NAMES
    }
    queries["tombstones"] = (
        "select resource, record_id, evidence, revived_at from meta.tombstones order by all"
    )
    queries["certificates"] = (
        "select resource, rows_clio, rows_warehouse, missing, ghost, stale, healed, status,"
        " digest_before, digest_clio, digest_warehouse from meta.certificates"
        " qualify row_number() over (partition by resource order by walked_at) = 1 order by all"
    )
    return {name: firm.query(query) for name, query in queries.items()}


@pytest.mark.long
def test_sweep_killed_again_and_again(firm: Firm, tmp_path: Path) -> None:
    """Killed at one point after the other, each time a little later, a sweep leaves what one that
    nothing interrupts leaves: each tombstone, each row of history and each certificate once.
    """
    changed(firm)
    for name, key in [(name, max(firm.clio.store[name].rows)) for name in NAMES]:
        firm.clio.changes.remove(name, key)
        silently = {"name": "silently"} if name == "tasks" else {"description": "silently"}
        firm.clio.changes.update(name, key - 1, silently, silent=True, keep_etag=True)
    twin = Firm(firm.clio, tmp_path / "twin")
    shutil.copytree(firm.folder, twin.folder)
    assert twin.sweep(*NAMES).exit_code == 0
    for point in ALL:
        env = environment(firm.folder, firm.clio, CLIO_SYNC__CRASH_AT=point)
        died = run("sweep", *OPTIONS, env=env)
        assert died.returncode == -signal.SIGKILL, (point, died.stderr)
    assert firm.sweep(*NAMES).exit_code == 0
    proved = firm.query("select resource, walked_at from meta.certificates")
    assert len(proved) == len(set(proved))
    assert left_by_sweep(firm) == left_by_sweep(twin)
    assert firm.live_differences(*NAMES) == []
    assert not (firm.folder / "dlt").exists()
    assert firm.query("select count(*) from meta.sweeps") == [(0,)]
    assert firm.query("select count(*) from meta.census_known") == [(0,)]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
def test_sweep_killed_at_a_random_moment(new_firm: NewFirm, seed: int) -> None:
    """Killed at any moment, several times, a sweep marks no row that lives; the one after it
    finds every deletion and every silent change.
    """
    firm = new_firm(activities=2000)
    chance = random.Random(seed)
    assert firm.load("activities").exit_code == 0
    gone: set[str] = set()
    for turn in range(3):
        key, other = chance.sample(sorted(firm.clio.store["activities"].rows), 2)
        firm.clio.changes.remove("activities", key)
        firm.clio.changes.update("activities", other, {"note": f"silently {turn}"}, silent=True)
        gone.add(str(key))
        env = environment(firm.folder, firm.clio)
        process = start("sweep", "--resource", "activities", env=env)
        time.sleep(chance.uniform(0.1, 2.0))  # the moment is the point
        process.kill()
        process.communicate()
        assert firm.buried("activities") <= gone
    assert firm.sweep("activities").exit_code == 0
    assert firm.sweep("activities").exit_code == 0
    assert firm.buried("activities") == gone
    assert firm.live_differences("activities") == []
