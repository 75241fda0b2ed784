"""Lists that show far less than is known, for a while: the watermark waits, nothing is skipped."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.outcome import Outcome
from sources.clio_simulator import Seed, Simulator
from tests.system.firm import Firm

TASKS = "tasks"


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    """Return a firm of which the tasks were loaded and proved."""
    with Simulator(Seed(7), rate_limit=0) as clio:
        firm = Firm(clio, tmp_path / "data")
        assert firm.load(TASKS).exit_code == 0
        assert firm.sweep(TASKS).exit_code == 0
        yield firm


def change(firm: Firm, most: int = 28) -> None:
    """Change some tasks in Clio, an hour later each time."""
    firm.clio.clock.advance(3600)
    for key in sorted(firm.clio.store[TASKS].rows)[:most]:
        firm.clio.changes.update(TASKS, key, {"name": f"changed {key}"})


def state(firm: Firm) -> tuple[Any, ...]:
    """Read whether the list is frozen, and how its last load ended."""
    ((frozen,),) = firm.query("select coalesce(frozen, '') <> '' from meta.watermarks")
    ((status,),) = firm.query(
        "select status from meta.sync_runs where mode <> 'sweep' order by started_at desc limit 1"
    )
    return frozen, status


def told(outcome: Outcome) -> list[str]:
    """Return the codes that an outcome tells."""
    return [error.code for _, error in outcome.errors]


def test_a_permission_that_was_lost_for_a_week(firm: Firm) -> None:
    """Tasks changed while the list came empty with 200 are read once it shows rows again, by loads
    alone.
    """
    firm.clio.switches.emptied = {TASKS}
    for _ in range(3):
        change(firm)
        assert firm.load(TASKS).exit_code == 0
    firm.clio.clock.advance(7 * 86_400)
    assert firm.load(TASKS).exit_code == 0
    firm.clio.switches.emptied = set()
    assert firm.load(TASKS).exit_code == 0
    assert firm.differences(TASKS) == []


def test_a_sweep_that_the_guard_stopped(firm: Firm) -> None:
    """Loads read on from the last proof and say so, until the list shows rows again."""
    firm.clio.switches.emptied = {TASKS}
    change(firm)
    assert told(firm.sweep(TASKS)) == ["absent"]
    before = firm.watermark(TASKS)
    loaded = firm.load(TASKS)
    assert (loaded.exit_code, told(loaded)) == (4, ["frozen"])
    assert state(firm) == (True, "failed")
    firm.clio.switches.emptied = set()
    assert firm.load(TASKS).exit_code == 0
    assert firm.differences(TASKS) == []
    assert state(firm) == (False, "ok")
    assert str(firm.watermark(TASKS)) > str(before)
    assert firm.sweep(TASKS).exit_code == 0


def test_a_sweep_that_saw_a_part(firm: Firm) -> None:
    """Where some rows are still shown, only a proof lets the watermark move again."""
    hidden = sorted(firm.clio.store[TASKS].rows)[:40]
    for key in hidden:
        firm.clio.changes.hide(TASKS, key)
    change(firm, 50)
    assert told(firm.load(TASKS)) == []
    assert told(firm.sweep(TASKS)) == ["absent"]
    for key in hidden:
        firm.clio.changes.restore(TASKS, key)
    assert told(firm.load(TASKS)) == ["frozen"]
    assert firm.differences(TASKS) == []
    assert firm.sweep(TASKS).exit_code == 0
    assert told(firm.load(TASKS)) == []
    assert state(firm) == (False, "ok")


def test_a_whole_load_that_shows_nothing(firm: Firm) -> None:
    """`load --full` that shows none of the known rows ends with 5 and moves no watermark."""
    firm.clio.switches.emptied = {TASKS}
    before = firm.watermark(TASKS)
    change(firm)
    loaded = firm.load(TASKS, full=True)
    assert (loaded.exit_code, told(loaded)) == (5, ["hidden_rows"])
    assert firm.watermark(TASKS) == before
    assert state(firm) == (True, "failed")
    firm.clio.switches.emptied = set()
    assert firm.load(TASKS).exit_code == 0
    assert firm.differences(TASKS) == []


def test_another_role(firm: Firm) -> None:
    """A change of the token's role is said, and no watermark moves until a person accepts it."""
    before = firm.watermark(TASKS)
    user = firm.clio.switches.who_am_i
    firm.clio.changes.update("users", user, {"roles": ["Bookkeeper"]}, silent=True)
    change(firm)
    loaded = firm.load(TASKS)
    assert (loaded.exit_code, told(loaded)) == (5, ["other_eyes"])
    assert firm.watermark(TASKS) == before
    assert firm.differences(TASKS) == []
    assert firm.sweep(TASKS, accept_user=True).exit_code == 0
    assert firm.load(TASKS).exit_code == 0
    assert str(firm.watermark(TASKS)) > str(before)


def test_an_untouched_list_costs_no_more(firm: Firm) -> None:
    """Loads of a firm in which nothing changed send two requests: who is asking, and the list."""
    for _ in range(3):
        firm.clio.clock.advance(3600)
        loaded = firm.load(TASKS)
        assert loaded.exit_code == 0
        assert [row["requests"] for row in loaded.results] == [1]


def test_a_list_that_is_shown_again_and_in_which_nothing_changed(firm: Firm) -> None:
    """A load asks for one record that is known: where it is shown the watermark moves again."""
    firm.clio.switches.emptied = {TASKS}
    firm.clio.clock.advance(3600)
    assert told(firm.sweep(TASKS)) == ["absent"]
    loaded = firm.load(TASKS)
    assert (loaded.exit_code, told(loaded)) == (4, ["frozen"])
    firm.clio.switches.emptied = set()
    assert firm.load(TASKS).exit_code == 0
    assert state(firm) == (False, "ok")
    assert firm.load(TASKS).exit_code == 0


def test_a_list_that_clio_works_out_and_its_daily_copy(firm: Firm) -> None:
    """Once nearly all clients have paid most of it is gone, and that is the truth."""
    names = ("outstanding_client_balances", "outstanding_client_balances__daily")
    assert firm.load(*names).exit_code == 0
    before = len(firm.clio.dump(names[0]))
    *paid, last = [row for row in firm.clio.dump("bills") if row["state"] == "awaiting_payment"]
    for row in [row for row in paid if row["client"] != last["client"]]:
        firm.clio.changes.update("bills", row["id"], {"state": "paid", "balance": 0.0})
    firm.clio.clock.advance(86_400)
    loaded = firm.load(*names)
    assert (loaded.exit_code, told(loaded)) == (0, [])
    days = firm.query(f"select count(*) from raw_clio_manage.{names[1]} group by day order by day")
    assert days == [(before,), (1,)]
    assert firm.query("select state from meta.inputs where resource = $1", names[1]) == [
        ("complete",)
    ]
