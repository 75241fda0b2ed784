"""A sweep in nights: a bound on requests, the oldest proof first, on from the page it reached."""

import threading

import pytest

from tests.system.conftest import NewFirm
from tests.system.firm import Firm, PageClock

pytestmark = pytest.mark.long

NAMES = ("activities", "contacts", "line_items", "matters", "notes", "tasks")


def pages_needed(firm: Firm, *names: str) -> dict[str, int]:
    """Sweep without a bound and give the requests that each collection needs."""
    outcome = firm.sweep(*names)
    assert outcome.exit_code == 0, outcome.errors
    return {row["resource"]: row["requests"] for row in outcome.results}


def night(firm: Firm, budget: int, *names: str) -> tuple[list[str], int]:
    """Sweep with a bound; give what was proved, and the requests that the server counted."""
    since = len(firm.clio.requests)
    outcome = firm.sweep(*names, budget=budget)
    assert outcome.exit_code == 0, outcome.errors
    left = [row["resource"] for row in outcome.results if not row["complete"]]
    assert not left or f"Not proved in this run: {', '.join(left)}." in outcome.text
    return (
        [row["resource"] for row in outcome.results if row["complete"]],
        len(firm.clio.requests) - since,
    )


def proofs(firm: Firm) -> dict[str, int]:
    """Count the certificates of each collection."""
    return dict(firm.query("select resource, count(*) from meta.certificates group by 1"))


def test_nights_with_a_budget(new_firm: NewFirm) -> None:
    """With six requests a night, one of which asks who the token belongs to, every collection has
    a certificate of the round after as many nights as the pages need at five a night. No night
    sends more.
    """
    firm = new_firm(activities=1000)
    firm.load(*NAMES)
    needed = pages_needed(firm, *NAMES)
    assert needed == {
        "activities": 5, "contacts": 1, "line_items": 2, "matters": 1, "notes": 2, "tasks": 1,
    }  # fmt: skip
    nights = -(-sum(needed.values()) // 5)
    for _ in range(nights):
        firm.clio.clock.advance(86_400)
        assert night(firm, 6, *NAMES)[1] <= 6
    assert min(proofs(firm).values()) >= 2
    statuses = firm.query("select distinct status, missing, ghost, stale from meta.certificates")
    assert statuses == [("ok", 0, 0, 0)]


@pytest.mark.long
def test_nights_of_a_whole_firm(new_firm: NewFirm) -> None:
    """With 100 requests a night every collection of a firm has a certificate of the round after
    as many nights as the requests need, at 99 a night and one to ask who the token belongs to.
    """
    firm = new_firm(activities=20_000)
    assert firm.load(every=True).exit_code == 0
    needed = sum(pages_needed(firm).values())
    assert needed > 100
    for _ in range(-(-needed // 99)):
        firm.clio.clock.advance(86_400)
        assert night(firm, 100)[1] <= 100
    assert min(proofs(firm).values()) >= 2
    assert firm.query("select distinct status from meta.certificates") == [("ok",)]


def test_the_oldest_proof_comes_first(firm: Firm) -> None:
    """What was never proved comes first, then what was proved longest ago."""
    firm.load("contacts", "matters", "tasks")
    proved = []
    for name in ("tasks", "contacts"):
        firm.sweep(name)
        firm.clio.clock.advance(3_600)
    for _ in range(3):
        proved += night(firm, 2)[0]
        firm.clio.clock.advance(3_600)
    assert proved == ["matters", "tasks", "contacts"]


def test_sweep_that_goes_on_page_by_page(new_firm: NewFirm) -> None:
    """With one page a night, each night reads the next one and none is read twice. Rows that were
    not seen yet are not taken for deleted; the one that is gone is found at the end, by what was
    known before the first night.
    """
    firm = new_firm(activities=600)
    firm.load("activities")
    gone = sorted(firm.clio.store["activities"].rows)[300]
    firm.clio.changes.remove("activities", gone)
    since = len(firm.clio.requests)
    for _ in range(3):
        assert night(firm, 2, "activities") == ([], 2)
        assert firm.query("select count(*) from meta.tombstones") == [(0,)]
    assert night(firm, 2, "activities") == (["activities"], 2)
    asked = [(a.page, a.path) for a in firm.asked("activities") if a.number > since]
    assert [page for page, path in asked if str(gone) not in path] == [1, 2, 3]
    assert asked[3:] == [(0, f"/api/v4/activities/{gone}.json")]
    assert firm.buried("activities") == {str(gone)}
    proof = firm.certificate("activities")
    assert (proof["status"], proof["ghost"], proof["rows_clio"]) == ("ok", 1, 599)


class StoppingClock(PageClock):
    """A page clock that tells the run to stop after so many requests."""

    def __init__(self, firm: Firm, requests: int) -> None:
        """Count from now."""
        super().__init__(firm.clio)
        self.stop = threading.Event()
        self.last = len(firm.clio.requests) + requests

    def monotonic(self) -> float:
        """Return the time, and stop if it is time."""
        if len(self.clio.requests) >= self.last:
            self.stop.set()
        return super().monotonic()


@pytest.mark.parametrize(
    "requests",
    [3, 4, pytest.param(2, marks=pytest.mark.long), pytest.param(5, marks=pytest.mark.long)],
)
def test_stop_at_any_request(new_firm: NewFirm, requests: int) -> None:
    """Told to stop at any request, also between the last page and the confirmations, a sweep
    marks nothing that lives and certifies nothing that is not settled; the next run brings it to
    its end.
    """
    firm = new_firm(activities=400)
    firm.load("activities")
    gone = {str(key) for key in sorted(firm.clio.store["activities"].rows)[10:12]}
    for key in gone:
        firm.clio.changes.remove("activities", int(key))
    clock = StoppingClock(firm, requests)
    outcome = firm.sweep("activities", clock=clock, stop=clock.stop)
    assert {error.code for _, error in outcome.errors} == {"interrupted"}
    assert outcome.exit_code == 4
    proved = firm.query("select status, ghost from meta.certificates")
    assert proved in ([], [("ok", 2)] if requests == 5 else [])
    assert firm.buried("activities") <= gone
    assert firm.sweep("activities").exit_code == 0
    assert firm.buried("activities") == gone
    proved = firm.query("select status, ghost from meta.certificates order by walked_at")
    assert proved[0] == ("ok", 2)


def test_budget_that_ends_among_the_confirmations(firm: Firm) -> None:
    """Six rows are gone and the night allows four questions: the next night asks the other two,
    reads no page again, and its certificate counts all six.
    """
    firm.load("tasks")
    gone = sorted(firm.clio.store["tasks"].rows)[:6]
    for key in gone:
        firm.clio.changes.remove("tasks", key)
    assert night(firm, 6, "tasks") == ([], 6)
    assert len(firm.buried("tasks")) == 4
    assert night(firm, 6, "tasks") == (["tasks"], 3)
    assert firm.buried("tasks") == {str(key) for key in gone}
    proof = firm.certificate("tasks")
    assert (proof["status"], proof["ghost"], proof["healed"]) == ("ok", 6, 6)


def test_loads_between_the_nights(new_firm: NewFirm) -> None:
    """What loads bring between the nights of one sweep, changed or new, before and behind the
    page that it has reached, does not make the two sides differ.
    """
    firm = new_firm(activities=600)
    firm.load("activities")
    keys = sorted(firm.clio.store["activities"].rows)
    for at in (5, 250):
        done, _ = night(firm, 2, "activities")
        assert done == []
        firm.clio.clock.advance(3_600)
        firm.clio.changes.update("activities", keys[at], {"note": "changed"})
        firm.clio.changes.update("activities", keys[at + 10], {"note": "changed"})
        firm.clio.changes.add("activities", {"type": "TimeEntry", "date": "2026-03-31"})
        firm.clio.changes.remove("activities", keys[at + 20])
        assert firm.load("activities").exit_code == 0
    while not done:
        done, _ = night(firm, 2, "activities")
    proof = firm.certificate("activities")
    assert (proof["status"], proof["stale"], proof["missing"]) == ("ok", 0, 0)
    assert proof["digest_clio"] == proof["digest_warehouse"]
    assert firm.sweep("activities").exit_code == 0
    assert firm.live_differences("activities") == []
    assert firm.certificate("activities")["status"] == "ok"


def test_changed_fields_begin_the_walk_anew(new_firm: NewFirm) -> None:
    """A sweep that was put down does not go on where its list is asked for other fields since."""
    firm = new_firm(activities=600)
    firm.load("activities")
    assert night(firm, 3, "activities") == ([], 3)
    other = Firm(firm.clio, firm.folder, {"exclude_columns": ("activities.note",)})
    other.load("activities")
    since = len(firm.clio.requests)
    assert other.sweep("activities").exit_code == 0
    assert len(firm.clio.requests) - since == 4
    assert firm.certificate("activities")["rows_clio"] == 600
