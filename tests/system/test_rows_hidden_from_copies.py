"""Daily copies, and walks that go on with an earlier one, while a list shows no rows."""

import pytest

from sources.clio_simulator.faults import Forbidden
from tests.system.conftest import NewFirm

DAILY = "matters__daily"
NAME = "matters"
DAY = 86_400


@pytest.mark.long
def test_daily_list_that_is_emptied(new_firm: NewFirm) -> None:
    """The day is not done: it is asked for again until the list shows rows, or a person says so."""
    firm = new_firm()
    assert firm.load(DAILY).exit_code == 0
    done = firm.query("select completed_at from meta.watermarks where resource = ?", DAILY)
    firm.clio.clock.advance(DAY)
    firm.clio.switches.emptied = {NAME}
    outcome = firm.load(DAILY)
    assert [(error.code, error.exit_code) for _, error in outcome.errors] == [("hidden_rows", 5)]
    assert "clio-sync load --resource matters__daily --allow-absent" in outcome.errors[0][1].hint
    assert done == firm.query("select completed_at from meta.watermarks where resource = ?", DAILY)
    firm.clio.switches.emptied = set()
    firm.clio.clock.advance(3600)
    assert firm.load().exit_code == 0
    days = firm.query(f"select count(*) from raw_clio_manage.{DAILY} group by day order by day")
    assert len(days) == 2
    assert days[0] == days[1]
    firm.clio.clock.advance(DAY)
    firm.clio.switches.emptied = {NAME}
    assert firm.load(DAILY, allow_absent=days[0][0]).exit_code == 0


def test_whole_walk_resumed_while_its_list_is_empty(new_firm: NewFirm) -> None:
    """The rest of it proves nothing: the next load asks for every record again."""
    firm = new_firm()
    assert firm.load(NAME).exit_code == 0
    last = max(firm.clio.store[NAME].rows)
    firm.clio.clock.advance(7200)
    firm.clio.changes.update(NAME, last, {"description": "changed"})
    firm.clio.clock.advance(7200)
    firm.clio.switches.limit_maximum = {NAME: 10}
    firm.clio.faults.add(Forbidden(), NAME, page=2, times=None)
    assert firm.load(NAME, full=True).exit_code != 0
    ((token,),) = firm.query("select page_token from meta.watermarks where resource = ?", NAME)
    assert token
    firm.clio.faults.clear()
    firm.clio.switches.emptied = {NAME}
    outcome = firm.load(NAME)
    assert [error.code for _, error in outcome.errors] == ["hidden_rows"]
    firm.clio.switches.emptied = set()
    assert firm.load(NAME).exit_code == 0
    assert firm.differences(NAME) == []
