"""What is due when: daily collections, and daily copies of what Clio shows only as it is today."""

import datetime as dt

import pytest

from sources.clio_http.clock import SystemClock
from sources.clio_http.secret import Secret
from sources.errors import SignInNeededError
from tests.system.firm import CATALOG, Firm

pytestmark = pytest.mark.long

ONCE = "currencies"
COPY = "bank_accounts__daily"
OTHERS = tuple(set(CATALOG.loaded) - {ONCE, COPY, "tasks"})


def modes(firm: Firm, *, every: bool = False) -> dict[str, str]:
    """Load what is due and give the mode of each collection that was read."""
    outcome = firm.load(every=every)
    assert outcome.exit_code == 0, outcome.errors
    lists = [row for row in outcome.results if row["mode"] != "child"]
    return {row["resource"]: row["mode"] for row in lists}


def test_cadence(firm: Firm) -> None:
    """Collections that hardly change are read once a day, daily copies too; `--all` and naming them
    reads them again; the others are read each time.
    """
    firm.options["off"] = OTHERS
    firm.clio.clock.set("2026-03-31T10:00:00Z")
    assert modes(firm) == {ONCE: "first", COPY: "daily", "tasks": "first"}
    firm.clio.clock.advance(3600)
    assert modes(firm) == {"tasks": "incremental"}
    assert modes(firm, every=True) == {ONCE: "incremental", COPY: "daily", "tasks": "incremental"}
    assert [row["resource"] for row in firm.load(ONCE).results] == [ONCE]
    firm.clio.clock.advance(86_400)
    assert modes(firm) == {ONCE: "incremental", COPY: "daily", "tasks": "incremental"}


def test_daily_copy_keeps_every_day(firm: Firm) -> None:
    """Each day has its own rows; a second reading on one day replaces that day's only."""
    firm.clio.clock.set("2026-03-30T10:00:00Z")
    firm.load(COPY)
    firm.clio.clock.advance(86_400)
    for _ in range(2):
        firm.load(COPY)
    days = firm.query(f"select day, count(*) from raw_clio_manage.{COPY} group by 1 order by 1")
    count = len(firm.clio.store["bank_accounts"].rows)
    assert days == [(dt.date(2026, 3, 30), count), (dt.date(2026, 3, 31), count)]
    today = [text for text in firm.differences(COPY) if "not at the server" not in text]
    assert today == []


def test_a_run_that_cannot_begin_has_missed_what_was_due(firm: Firm) -> None:
    """What is read once a day and was read today stays as it was."""
    firm.options["off"] = OTHERS
    # before a run has begun there is this machine's clock alone
    firm.clio.clock.set(SystemClock().now().to_iso8601_string())
    modes(firm)
    firm.options["access_token"] = Secret("wrong")
    with pytest.raises(SignInNeededError):
        firm.load()
    del firm.options["access_token"]
    query = "select resource from meta.sync_runs where status = 'failed'"
    assert firm.query(query) == [("tasks",)]
    assert modes(firm) == {"tasks": "incremental"}
    states = firm.query("select state from meta.inputs where resource = $1", ONCE)
    assert states == [("complete",)]
