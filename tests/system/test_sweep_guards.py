"""What must not pass for a deletion: broken lists, lost permissions, other eyes, killed runs."""

import random
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import OtherAccountError, OtherUserError
from pipelines.failpoints import POINTS, SWEEP_POINTS
from sources.clio_http.secret import Secret
from sources.clio_simulator import Seed, Simulator
from sources.clio_simulator.faults import (
    Action,
    EmptyList,
    EmptyPage,
    ForgetNext,
    RepeatPage,
    Status,
    Value,
)
from tests.system.conftest import NewFirm
from tests.system.firm import Firm
from tests.system.process import environment, run, start

pytestmark = pytest.mark.long

OURS = "simulator-token"
SECOND = "second-token"
LONG = pytest.mark.long


def told(outcome: Any) -> list[tuple[str, str]]:
    """Return collection and code of each error."""
    return [(name, error.code) for name, error in outcome.errors]


def nothing_is_buried(firm: Firm) -> bool:
    """Tell whether there is no tombstone at all."""
    return firm.query("select count(*) from meta.tombstones") == [(0,)]


@pytest.fixture(scope="module")
def long_list(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """Return a firm of which three pages of activities were loaded; tests leave it as it was."""
    with Simulator(Seed(7, activities=600), rate_limit=0) as clio:
        firm = Firm(clio, tmp_path_factory.mktemp("long") / "data")
        assert firm.load("activities", "tasks").exit_code == 0
        yield firm


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        pytest.param(ForgetNext(), "absent", id="ends-early"),
        pytest.param(ForgetNext(whole_meta=True), "broken_walk", id="no-meta"),
        pytest.param(ForgetNext(half_page=True), "absent", id="half-a-page", marks=LONG),
        pytest.param(EmptyList(), "absent", id="empty-page-at-the-end", marks=LONG),
        pytest.param(EmptyPage(same_place=False), "absent", id="empty-page-between", marks=LONG),
        pytest.param(EmptyPage(), "broken_walk", id="empty-page-that-repeats", marks=LONG),
        pytest.param(RepeatPage(), "broken_walk", id="same-page-again", marks=LONG),
    ],
)
def test_list_that_breaks_off(long_list: Firm, fault: Action, code: str) -> None:
    """Whatever happens to the second of three pages, no row that lives is taken for deleted, and
    no certificate says that all is well; the next sweep finds both sides equal.
    """
    firm = long_list
    firm.clio.faults.add(fault, "activities", page=2, times=None)
    outcome = firm.sweep("activities")
    firm.clio.faults.clear()
    assert told(outcome) == [("activities", code)]
    assert outcome.exit_code == (5 if code == "absent" else 4)
    assert nothing_is_buried(firm)
    proved = firm.query("select status from meta.certificates where run_id = $1", outcome.run_id)
    assert proved == ([("guard",)] if code == "absent" else [])
    assert firm.sweep("activities").exit_code == 0
    assert firm.differences("activities") == []
    assert firm.certificate("activities")["status"] == "ok"


def test_empty_list(firm: Firm) -> None:
    """A24: an empty answer for a table of 60 rows marks none of them; exit 5, and the message
    says how many, what to look at, and how to decide. The decision itself asks Clio once more
    for each row, so that what is still there stays.
    """
    firm.load("tasks")
    firm.clio.faults.add(EmptyList(), "tasks", times=None)
    outcome = firm.sweep("tasks")
    ((name, error),) = outcome.errors
    assert (name, error.code, outcome.exit_code) == ("tasks", "absent", 5)
    assert "60 of 60 rows are absent" in str(error)
    assert "permission or role" in error.hint
    assert "another user's" in error.hint
    assert "clio-sync sweep --resource tasks --allow-absent 60" in error.hint
    assert nothing_is_buried(firm)
    gone = sorted(firm.clio.store["tasks"].rows)[:10]
    for key in gone:
        firm.clio.changes.remove("tasks", key)
    assert firm.sweep("tasks", allow_absent=59).exit_code == 5
    assert nothing_is_buried(firm)
    assert firm.sweep("tasks", allow_absent=60).exit_code == 0
    assert firm.buried("tasks") == {str(key) for key in gone}
    firm.clio.faults.clear()
    assert firm.sweep("tasks").exit_code == 0
    assert firm.live_differences("tasks") == []


@pytest.mark.parametrize("answer", [404, pytest.param(403, marks=LONG)])
def test_permission_that_was_lost(new_firm: NewFirm, answer: int) -> None:
    """A23: 40 % of the matters vanish, and their own addresses answer 404 or 403: nothing is
    marked, not even by loads that read a few lists of contacts at a time; once the permission
    is back, everything is equal.
    """
    firm = new_firm(matters=20, hidden_answer=answer)
    firm.load("matters", "matter_contacts")
    lost = firm.clio.changes.lose("matters", 0.4)
    outcome = firm.sweep("matters")
    assert told(outcome) == [("matters", "absent")]
    assert outcome.exit_code == 5
    assert f"{len(lost)} of 20 rows are absent" in str(outcome.errors[0][1])
    for _ in range(2):
        firm.load("matter_contacts", budget=9)
    assert nothing_is_buried(firm)
    firm.clio.changes.regain("matters")
    assert firm.sweep("matters").exit_code == 0
    assert firm.load("matter_contacts").exit_code == 0
    assert nothing_is_buried(firm)
    assert firm.differences("matters", "matter_contacts") == []
    assert firm.certificate("matters")["status"] == "ok"


@pytest.mark.parametrize(("answer", "marked"), [(404, 8), pytest.param(403, 0, marks=LONG)])
def test_decision_that_was_wrong(new_firm: NewFirm, answer: int, marked: int) -> None:
    """Where a person takes hidden rows for deleted, those that Clio refuses to show stay even so,
    and those that it denies are revived by the sweep after the permission is back.
    """
    firm = new_firm(matters=20, hidden_answer=answer)
    firm.load("matters")
    firm.clio.changes.lose("matters", 0.4)
    outcome = firm.sweep("matters", allow_absent=8)
    assert len(firm.buried("matters")) == marked
    assert outcome.exit_code == (0 if marked else 4)
    firm.clio.changes.regain("matters")
    assert firm.sweep("matters").exit_code == 0
    assert firm.buried("matters") == set()
    assert firm.differences("matters") == []


def test_guard_in_a_load(firm: Firm) -> None:
    """A33: a list that loads read in full is held against the same guard: exit 5, nothing is
    marked, the other collections are loaded; a person decides.
    """
    names = ("lauk_civil_controlled_rates", "tasks")
    full, other = names
    firm.load(*names)
    gone = {str(key) for key in firm.clio.store[full].rows}
    firm.clio.store[full].rows.clear()
    firm.clio.changes.add("tasks", {"name": "added"})
    outcome = firm.load(*names)
    assert told(outcome) == [(full, "absent")]
    assert outcome.exit_code == 5
    assert nothing_is_buried(firm)
    assert firm.differences(other) == []
    assert firm.load(full, allow_absent=len(gone)).exit_code == 0
    assert firm.buried(full) == gone


def test_full_list_of_a_load_finds_deletions(firm: Firm) -> None:
    """A few rows that a list read in full no longer shows get their tombstones from the load."""
    name = "lauk_civil_controlled_rates"
    firm.load(name)
    key = min(firm.clio.store[name].rows)
    firm.clio.changes.remove(name, key)
    assert firm.load(name).exit_code == 0
    assert firm.buried(name) == {str(key)}
    firm.clio.changes.undelete(name, key)
    assert firm.load(name).exit_code == 0
    assert firm.buried(name) == set()
    assert firm.differences(name) == []


def test_row_whose_key_cannot_be_told(firm: Firm) -> None:
    """As long as a row does not fit of which only a part of the key is known, any absent row may
    be that one: nothing is marked.
    """
    name = "lauk_expense_categories"
    firm.load(name)
    key = min(firm.clio.store[name].rows)
    firm.clio.changes.remove(name, key)
    firm.clio.faults.add(Value("id", '"much"'), name, times=None)
    outcome = firm.sweep(name)
    assert {code for _, code in told(outcome)} == {"kept_out", "undecided"}
    assert nothing_is_buried(firm)
    firm.clio.faults.clear()
    assert firm.sweep(name).exit_code == 0
    assert firm.buried(name) == {f"London,{key}", f"Non-London,{key}"}


def with_token(firm: Firm, token: str) -> Firm:
    """Return the same data folder, read with another token."""
    return Firm(firm.clio, firm.folder, {"access_token": Secret(token)})


def test_token_of_another_account(firm: Firm) -> None:
    """A25: another firm's token stops loads and sweeps before the first page, whatever a person
    accepts; nothing is written but how the run ended.
    """
    firm.load("tasks")
    firm.clio.switches.other_tokens[SECOND] = {"user": 103, "account": 2}
    other, since = with_token(firm, SECOND), len(firm.clio.requests)
    told_so = "the token is of account 2"
    with pytest.raises(OtherAccountError, match=told_so):
        other.load("tasks")
    for accept in (False, True):
        with pytest.raises(OtherAccountError, match=told_so):
            other.sweep("tasks", accept_user=accept)
    assert {asked.collection for asked in firm.clio.requests[since:]} == {"users_who_am_i"}
    assert "another folder for the other firm" in OtherAccountError.hint
    found = firm.query("select distinct status from meta.sync_runs where error like 'other_acc%'")
    assert found == [("failed",)]
    assert firm.sweep("tasks").exit_code == 0
    assert nothing_is_buried(firm)


@pytest.mark.parametrize(
    "change",
    ["role", pytest.param("user", marks=LONG), pytest.param("not told", marks=LONG)],
)
def test_other_eyes(firm: Firm, change: str) -> None:
    """Another user of the firm, a user whose role changed, or one that is no longer told: no
    sweep until a person accepts it. From then on that is whom the warehouse is proved with; one
    that is not told is accepted for that sweep alone.
    """
    firm.load("tasks")
    key = min(firm.clio.store["tasks"].rows)
    firm.clio.changes.remove("tasks", key)
    firm.clio.switches.other_tokens[SECOND] = {"user": 103}
    other = with_token(firm, SECOND if change == "user" else OURS)
    if change == "role":
        firm.clio.changes.update("users", 101, {"roles": ["Billing"]})
    if change == "not told":
        firm.clio.faults.add(Status(403), "users/who_am_i", times=None)
    since = len(firm.clio.requests)
    with pytest.raises(OtherUserError):
        other.sweep("tasks")
    assert "clio-sync sweep --accept-user" in OtherUserError.hint
    assert firm.asked("tasks")[-1].number <= since
    assert nothing_is_buried(firm)
    assert other.sweep("tasks", accept_user=True).exit_code == 0
    assert firm.buried("tasks") == {str(key)}
    if change == "not told":
        with pytest.raises(OtherUserError):
            other.sweep("tasks")
    else:
        assert other.sweep("tasks").exit_code == 0


def test_other_eyes_in_a_load(firm: Firm) -> None:
    """Where a user's role changed, a load goes on loading, but moves no watermark, and marks
    nothing that a list read in full no longer shows.
    """
    full = "lauk_civil_controlled_rates"
    firm.load(full, "tasks")
    firm.clio.changes.update("users", 101, {"roles": []})
    firm.clio.changes.remove(full, min(firm.clio.store[full].rows))
    firm.clio.changes.add("tasks", {"name": "added"})
    outcome = firm.load(full, "tasks")
    assert told(outcome) == [("", "other_eyes"), (full, "other_user")]
    assert nothing_is_buried(firm)
    assert firm.differences("tasks") == []


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """Return a loaded firm, where a matter was deleted since and a task changed silently."""
    with Simulator(Seed(7), rate_limit=0) as clio:
        firm = Firm(clio, tmp_path_factory.mktemp("loaded") / "data")
        assert firm.load("matters", "tasks").exit_code == 0
        clio.changes.remove("matters", min(clio.store["matters"].rows))
        key = min(clio.store["tasks"].rows)
        clio.changes.update("tasks", key, {"name": "silently"}, silent=True, keep_etag=True)
        yield firm


OFTEN = ("page-read:2", "ghosts-buried")
SELDOM = tuple(sorted({*POINTS, *SWEEP_POINTS, "ghosts-buried:2"} - {*OFTEN}))


@pytest.mark.parametrize("point", [*OFTEN, *(pytest.param(point, marks=LONG) for point in SELDOM)])
def test_sweep_that_is_killed(loaded: Firm, tmp_path: Path, point: str) -> None:
    """Killed at any point, a sweep leaves no tombstone but the confirmed one; the same command
    again ends with the certificates that an uninterrupted one gives.
    """
    firm = Firm(loaded.clio, tmp_path / "data")
    shutil.copytree(loaded.folder, firm.folder)
    gone = {str(key) for (key,) in firm.stored("matters").keys() - firm.served("matters").keys()}
    words = ("sweep", "--resource", "matters", "--resource", "tasks")
    died = run(*words, env=environment(firm.folder, firm.clio, CLIO_SYNC__CRASH_AT=point))
    reached = point != "ghosts-buried:2"
    assert died.returncode == (-signal.SIGKILL if reached else 0), died.stderr
    assert firm.buried("matters") <= gone
    assert firm.buried("tasks") == set()
    outcome = firm.sweep("matters", "tasks")
    assert outcome.exit_code == 0, outcome.errors
    assert firm.buried("matters") == gone
    assert firm.live_differences("matters", "tasks") == []
    found = firm.query(
        "select resource, status, sum(ghost), sum(stale) from meta.certificates group by all"
        " order by all"
    )
    assert found == [("matters", "ok", 1, 0), ("tasks", "ok", 0, 1)]
    assert firm.query("select count(*) from meta.tombstones") == [(1,)]


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
def test_sweep_that_is_killed_at_a_random_moment(new_firm: NewFirm, seed: int) -> None:
    """Killed at any moment, several times, while records change and go, nothing that lives is
    marked; the sweep after it proves that the two sides are equal.
    """
    firm = new_firm(activities=2000)
    firm.load("activities")
    chance = random.Random(seed)
    for _ in range(3):
        process = start("sweep", env=environment(firm.folder, firm.clio))
        time.sleep(chance.uniform(0.5, 4.0))  # the moment is the point
        process.kill()
        process.communicate()
        changed, gone = chance.sample(sorted(firm.clio.store["activities"].rows), 2)
        firm.clio.changes.update("activities", changed, {"note": f"changed {seed}"}, silent=True)
        firm.clio.changes.remove("activities", gone)
    for _ in range(2):
        outcome = firm.sweep("activities")
        assert outcome.exit_code == 0, outcome.errors
    assert firm.live_differences("activities") == []
    assert firm.certificate("activities")["status"] == "ok"
