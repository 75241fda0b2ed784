"""Pages that Clio never shows: taken apart until the record that breaks them is alone."""

import threading
from dataclasses import dataclass, field
from typing import Any

import pytest

from sources.clio_simulator import Simulator
from sources.clio_simulator.faults import Status
from tests.system.conftest import NewFirm
from tests.system.firm import Firm, PageClock

NAME = "activities"
MANY = 450
LONG = pytest.mark.long


@dataclass(frozen=True)
class Case:
    """Which record breaks its pages (by place in the list), how, and what that may cost."""

    at: int
    most: int
    switches: dict[str, Any] = field(default_factory=dict)


CASES = [
    pytest.param(Case(250, 32), id="middle"),
    pytest.param(Case(0, 66), id="first", marks=LONG),
    pytest.param(Case(MANY - 1, 66), id="last", marks=LONG),
    pytest.param(Case(200, 40), id="first-of-a-page", marks=LONG),
    pytest.param(Case(250, 32, {"poison_as": "504"}), id="504", marks=LONG),
    pytest.param(Case(250, 32, {"poison_as": "unreadable"}), id="unreadable"),
    pytest.param(Case(250, 40, {"token_binds_limit": "refuse"}), id="limit-refused"),
    pytest.param(Case(250, 110, {"token_binds_limit": "ignore"}), id="limit-ignored", marks=LONG),
]


def poisoned(new_firm: NewFirm, case: Case) -> tuple[Firm, int]:
    """Start a firm of which one record breaks every page it is on."""
    firm = new_firm(activities=MANY, **case.switches)
    bad = sorted(firm.clio.store[NAME].rows)[case.at]
    firm.clio.world.switches.poison = {NAME: {bad}}
    return firm, bad


def heal(firm: Firm) -> None:
    """Let every record be shown again."""
    firm.clio.world.switches.poison = {}


def missing(firm: Firm) -> set[int]:
    """Return the ids that the warehouse lacks."""
    return set(firm.clio.store[NAME].rows) - {key for (key,) in firm.stored(NAME)}


def quarantined(firm: Firm) -> list[tuple[str, str | None]]:
    """Return the ids and fields that are kept out."""
    return firm.query("select distinct record_id, field from meta.quarantine order by all")


@pytest.mark.parametrize("case", CASES)
def test_record_that_breaks_its_page_costs_itself_alone(new_firm: NewFirm, case: Case) -> None:
    """All records but that one are stored, also those behind it; it is named in quarantine and the
    load ends with 4. The next one ends with 0 and asks no more than ever; once Clio shows the
    record and an hour is over, it is stored and the quarantine is empty.
    """
    firm, bad = poisoned(new_firm, case)
    outcome = firm.load(NAME)
    assert outcome.exit_code == 4
    assert str(bad) in str(outcome.errors[0][1])
    assert missing(firm) == {bad}
    assert quarantined(firm) == [(str(bad), None)]
    assert len(firm.asked(NAME)) <= case.most
    firm.clio.clock.advance(1200)
    before = len(firm.clio.requests)
    assert firm.load(NAME).exit_code == 0
    assert len(firm.clio.requests) - before == 2
    heal(firm)
    firm.clio.clock.advance(3600)
    assert firm.load(NAME).exit_code == 0
    assert firm.differences(NAME) == []
    assert quarantined(firm) == []
    assert firm.query("from meta.unread") == []


def test_record_that_breaks_only_what_is_nested(new_firm: NewFirm) -> None:
    """Its plain fields are stored, what is nested is kept as it was and told; exit 4 at first."""
    firm = new_firm(activities=MANY)
    assert firm.load(NAME).exit_code == 0
    bad = sorted(firm.clio.store[NAME].rows)[250]
    before = firm.stored(NAME)[(bad,)]
    firm.clio.clock.advance(60)
    firm.clio.changes.update(NAME, bad, {"note": "changed"})
    firm.clio.world.switches.poison = {NAME: {bad}}
    firm.clio.world.switches.poison_only_nested = True
    assert firm.load(NAME).exit_code == 4
    after = firm.stored(NAME)[(bad,)]
    assert after["note"] == "changed"
    assert after["matter__id"] == before["matter__id"]
    assert before["matter__id"] is not None
    assert (str(bad), "matter__id") in quarantined(firm)
    assert (str(bad), "note") not in quarantined(firm)


@pytest.mark.long
def test_known_record_is_asked_for_with_growing_pauses(new_firm: NewFirm) -> None:
    """After an hour, six more, a day more and each day: one record costs its own requests alone."""
    firm, bad = poisoned(new_firm, Case(250, 0))
    assert firm.load(NAME).exit_code == 4
    asked = []
    for hours in range(1, 60):
        firm.clio.clock.advance(3600)
        since = len(firm.clio.requests)
        assert firm.load(NAME).exit_code == 0
        if any("ids[]" in one.given for one in firm.clio.requests[since:]):
            asked.append(hours)
    assert asked == [1, 7, 31, 55]
    assert quarantined(firm) == [(str(bad), None)]


@pytest.mark.long
@pytest.mark.parametrize("largest", [100, 30, 1])
def test_list_whose_large_pages_time_out(new_firm: NewFirm, largest: int) -> None:
    """504 on each page of more: the walk goes on with smaller ones, which it learns once."""
    firm = new_firm(activities=260 if largest > 1 else 30)
    firm.clio.world.switches.heavy_above = {NAME: largest}
    outcome = firm.load(NAME)
    assert outcome.exit_code == 0, outcome.errors
    assert firm.differences(NAME) == []
    refused = [one for one in firm.asked(NAME) if one.status == 504]
    assert len(refused) < 20


def test_two_records_that_break_pages(new_firm: NewFirm) -> None:
    """Each costs itself, on one page and on two."""
    firm = new_firm(activities=MANY)
    ids = sorted(firm.clio.store[NAME].rows)
    bad = {ids[210], ids[211], ids[420]}
    firm.clio.world.switches.poison = {NAME: bad}
    assert firm.load(NAME).exit_code == 4
    assert missing(firm) == bad
    assert {key for key, _ in quarantined(firm)} == {str(key) for key in bad}


@pytest.mark.long
def test_sweep_takes_it_for_there(new_firm: NewFirm) -> None:
    """A stored record that breaks its page is not deleted by a sweep, which ends with 4 at first;
    another one that is gone is found all the same.
    """
    firm = new_firm(activities=MANY)
    assert firm.load(NAME).exit_code == 0
    ids = sorted(firm.clio.store[NAME].rows)
    firm.clio.world.switches.poison = {NAME: {ids[300]}}
    firm.clio.changes.remove(NAME, ids[7])
    assert firm.sweep(NAME).exit_code == 4
    assert firm.buried(NAME) == {str(ids[7])}
    assert (ids[300],) in firm.stored(NAME)
    heal(firm)
    assert firm.sweep(NAME).exit_code == 0
    assert quarantined(firm) == []


class Stopping(PageClock):
    """A clock that stops the run after so many requests."""

    def __init__(self, clio: Simulator, stop: threading.Event, most: int) -> None:
        """Take the event that is set, and when."""
        super().__init__(clio)
        self.stop, self.most = stop, most

    def monotonic(self) -> float:
        """Return a minute for each request."""
        if len(self.clio.requests) >= self.most:
            self.stop.set()
        return super().monotonic()


@pytest.mark.long
@pytest.mark.parametrize("most", [2, 3, 20, 34])
@pytest.mark.parametrize("at", [250, 399])
def test_walk_put_down_behind_it_goes_on_there(new_firm: NewFirm, most: int, at: int) -> None:
    """A load that is stopped before, while or after it steps over a record loses nothing."""
    firm, bad = poisoned(new_firm, Case(at, 0, {"token_binds_limit": "refuse"}))
    stop = threading.Event()
    firm.load(NAME, clock=Stopping(firm.clio, stop, most), stop=stop)
    firm.load(NAME)
    assert missing(firm) == {bad}
    assert firm.watermark(NAME) is not None
    assert quarantined(firm) == [(str(bad), None)]


def test_second_page_that_is_never_had(new_firm: NewFirm) -> None:
    """Whatever is asked for with its token is 500 for ever: all of it is read by other ways."""
    firm = new_firm(activities=MANY)
    firm.clio.faults.add(Status(500), NAME, page=2, times=None)
    outcome = firm.load(NAME)
    assert outcome.exit_code == 0, outcome.errors
    assert firm.differences(NAME) == []
    assert firm.query("from meta.quarantine") == []


def test_list_that_is_away_is_soon_given_up(new_firm: NewFirm) -> None:
    """A list that answers nothing but 500 costs a few requests more than before, and exit 4."""
    firm = new_firm(activities=MANY)
    firm.clio.faults.add(Status(500), NAME, times=None)
    assert firm.load(NAME).exit_code == 4
    assert len(firm.asked(NAME)) <= 9
    assert quarantined(firm) == []
