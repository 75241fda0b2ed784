"""Long walks: many packages, stops at page edges, and going on where the last run stood."""

import threading

import pendulum
import pytest

from sources.clio_simulator.changes import When
from sources.clio_simulator.faults import Status, TokenExpired
from tests.system.conftest import NewFirm
from tests.system.firm import Firm, PageClock, QuickClock

pytestmark = pytest.mark.long


class StoppingClock(PageClock):
    """Asks the run to stop once a number of requests has been sent."""

    def __init__(self, firm: Firm, requests: int) -> None:
        """Count from now."""
        super().__init__(firm.clio)
        self.after = len(firm.clio.requests) + requests
        self.event = threading.Event()

    def monotonic(self) -> float:
        """Return the time, and stop the run when it is time."""
        if len(self.clio.requests) >= self.after:
            self.event.set()
        return super().monotonic()


def stopped_load(firm: Firm, name: str, requests: int) -> int:
    """Load until so many requests were sent; give the exit code."""
    clock = StoppingClock(firm, requests)
    return firm.load(name, clock=clock, stop=clock.event).exit_code


def test_walk_of_many_packages(new_firm: NewFirm) -> None:
    """A walk that is closed after every page goes on in the next package to its end."""
    firm = new_firm(activities=900)
    outcome = firm.load("activities", clock=PageClock(firm.clio))
    assert outcome.exit_code == 0, outcome.errors
    assert firm.query("select load_seq from meta.epoch")[0][0] >= 4
    assert len(firm.asked("activities")) == 5
    assert firm.differences("activities") == []


def test_stop_at_a_page_edge_and_go_on(new_firm: NewFirm) -> None:
    """A load that is asked to stop exits with 4, keeps what it read and no watermark; the next
    one asks for the page after it and no page twice.
    """
    firm = new_firm(activities=900)
    assert stopped_load(firm, "activities", 3) == 4
    kept = len(firm.stored("activities"))
    assert 0 < kept < 900
    assert firm.watermark("activities") is None
    assert firm.query("select status from meta.sync_runs where resource = 'activities'") in (
        [("interrupted",)],
        [("incomplete",)],
    )
    before = len(firm.asked("activities"))
    assert firm.load("activities").exit_code == 0
    assert firm.asked("activities")[before].given["page_token"]
    assert len(firm.asked("activities")) - before == 5 - kept // 200
    assert firm.differences("activities") == []


def test_resume_keeps_the_first_start(new_firm: NewFirm) -> None:
    """N12: a walk that is gone on with hours later counts from its first request, so that a change
    behind the saved page, made in between, is found by the load after it.
    """
    firm = new_firm(activities=900)
    firm.clio.clock.freeze()
    start = firm.clio.clock.moment().start_of("second")
    stopped_load(firm, "activities", 3)
    behind = int(firm.clio.dump("activities")[0]["id"])
    firm.clio.clock.advance(3600)
    firm.clio.changes.update("activities", behind, {"note": "meanwhile"})
    firm.clio.clock.advance(4 * 3600)
    assert firm.load("activities").exit_code == 0
    assert firm.watermark("activities") == start.subtract(minutes=15)
    assert firm.load("activities").exit_code == 0
    assert firm.differences("activities") == []


def test_refused_token_starts_the_walk_again(new_firm: NewFirm) -> None:
    """A10: if the saved page token is no longer accepted, the walk starts from its first page."""
    firm = new_firm(activities=900)
    stopped_load(firm, "activities", 3)
    firm.clio.faults.add(TokenExpired(), "activities")
    outcome = firm.load("activities")
    assert outcome.exit_code == 0, outcome.errors
    assert firm.differences("activities") == []


def test_failed_walk_goes_on_after_the_pages_before_it(new_firm: NewFirm) -> None:
    """A7: pages before an error are kept; the next load goes on with the page that failed."""
    firm = new_firm(activities=900)
    for request in range(3, 99):  # the third page, and every other way to its records
        firm.clio.faults.add(Status(500), "activities", nth=request)
    outcome = firm.load("activities", clock=PageClock(firm.clio))
    assert outcome.exit_code == 4
    assert len(firm.stored("activities")) == 400
    firm.clio.faults.clear()
    before = len(firm.asked("activities"))
    assert firm.load("activities").exit_code == 0
    assert len(firm.asked("activities")) - before == 3
    assert firm.differences("activities") == []


def test_written_rows_carry_the_start_of_their_run(new_firm: NewFirm) -> None:
    """`_synced_at` is server time at the start of the run that wrote the row, also on resume."""
    firm = new_firm(activities=900)
    firm.clio.clock.freeze()
    first = firm.clio.clock.moment().start_of("second")
    stopped_load(firm, "activities", 3)
    firm.clio.clock.advance(7200)
    firm.load("activities")
    found = firm.query("select distinct _synced_at from raw_clio_manage.activities order by 1")
    assert [pendulum.instance(at) for (at,) in found] == [first, first.add(hours=2)]


def test_full_load_reads_every_row_again(firm: Firm) -> None:
    """`--full` finds a change that moved no stamp."""
    firm.load("matters")
    key = int(firm.clio.dump("matters")[0]["id"])
    firm.clio.changes.update("matters", key, {"description": "silent"}, silent=True)
    assert firm.load("matters").results[0]["updated"] == 0
    result = firm.load("matters", full=True).results[0]
    assert (result["mode"], result["updated"]) == ("full", 1)
    assert firm.differences("matters") == []


def test_changes_between_packages(new_firm: NewFirm) -> None:
    """A record that comes twice in one walk, in two packages, ends as it was last seen."""
    firm = new_firm(void_bills_listed=False)
    bill = next(row for row in firm.clio.dump("bills") if row["state"] == "draft")
    firm.clio.changes.update("bills", bill["id"], {"state": "void"}, when=When.after("bills", 1))
    assert firm.load("bills", clock=PageClock(firm.clio)).exit_code == 0
    assert firm.stored("bills")[bill["id"],]["state"] == "void"
    assert firm.load("bills", clock=QuickClock()).exit_code == 0
    assert firm.differences("bills") == []
