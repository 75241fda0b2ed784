"""Table of faults, API: what a server that misbehaves does to a load of two collections."""

from dataclasses import dataclass

import pytest

from sources.clio_http.clock import SystemClock
from sources.clio_simulator.faults import (
    Action,
    Duplicate,
    EmptyPage,
    Forbidden,
    ForgetNext,
    Header,
    NextElsewhere,
    NullNext,
    Redirect,
    RepeatPage,
    SameToken,
    ShiftDate,
    Shuffled,
    Status,
    TokenExpired,
    TooMany,
    Unauthorized,
)
from tests.system.conftest import NewFirm
from tests.system.firm import CATALOG, Firm, QuickClock

NAMES = ("activities", "tasks")


@dataclass(frozen=True)
class Case:
    """A fault of the activities: on which page, how often; how the load ends and what it says."""

    action: Action
    exit_code: int = 4
    says: str = ""
    page: int | None = 2
    times: int | None = None


AT_ONCE = [
    pytest.param(Case(TooMany("30"), 0, times=2), id="A1-429"),
    pytest.param(Case(TooMany(None), 0, times=2), id="A2-429-without-header"),
    pytest.param(Case(TooMany("-1"), 0, times=1), id="A2-429-negative"),
    pytest.param(Case(TooMany("soon"), 0, times=1), id="A2-429-text"),
    pytest.param(Case(TooMany("1000000000"), 0, times=1), id="A2-429-for-ever"),
    pytest.param(Case(Status(500), 0, times=2), id="A7-500-twice"),
    pytest.param(Case(Status(503), 0, times=2), id="A7-503-twice"),
    pytest.param(Case(Status(504), 0, times=2), id="A31-504-twice"),
    pytest.param(Case(EmptyPage(same_place=False), 0, page=9), id="A11-nothing-to-empty"),
    pytest.param(Case(NullNext(), 0, page=3), id="A30-null-on-the-last-page"),
    pytest.param(Case(NextElsewhere("https://app.clio.com"), 0), id="A30-other-base-of-clio"),
]
LATER = [
    pytest.param(Case(Forbidden(), says="Billing is missing", page=None), id="A6-403"),
    pytest.param(Case(Status(500), says="500", page=None), id="A7-500-for-ever"),
    pytest.param(Case(SameToken(), says="leads back"), id="A8-same-token"),
    pytest.param(Case(Shuffled(), says="do not rise"), id="A9-falling-ids"),
    pytest.param(Case(RepeatPage(), says="repeats the rows"), id="A9-repeated-page"),
    pytest.param(Case(Duplicate(), says="do not rise", page=4), id="D1-same-id-twice"),
    pytest.param(Case(TokenExpired(), says="page token"), id="A10-token-expires-in-mid-walk"),
    pytest.param(Case(ForgetNext(whole_meta=True), says="last"), id="A12-no-meta"),
    pytest.param(
        Case(ForgetNext(whole_meta=True, half_page=True), says="last"), id="A12-half-page"
    ),
    pytest.param(Case(Status(504), says="504", page=None), id="A31-504-for-ever"),
    pytest.param(Case(Status(422), says="422"), id="A32-422"),
    pytest.param(Case(Status(404), says="404", page=None), id="404"),
    pytest.param(
        Case(Redirect("https://auth.api.clio.com/login"), says="sign-in", page=None),
        id="A29-302",
    ),
]


def loaded(firm: Firm, case: Case) -> str:
    """Load under a fault; check exit code and words, and give what is said."""
    firm.clio.faults.add(case.action, "activities", page=case.page, times=case.times)
    outcome = firm.load(*NAMES)
    said = " ".join(f"{error} {error.hint}" for _, error in outcome.errors)
    assert outcome.exit_code == case.exit_code, said
    assert case.says in said
    return said


@pytest.mark.parametrize("case", AT_ONCE)
def test_fault_that_is_waited_out(firm: Firm, case: Case) -> None:
    """Equal at once."""
    loaded(firm, case)
    assert firm.differences(*NAMES) == []


@pytest.mark.long
@pytest.mark.parametrize("case", LATER)
def test_fault_that_ends_the_walk(new_firm: NewFirm, case: Case) -> None:
    """Equal after the next load: exit 4, the message says what is safe, there is no watermark for
    this collection, and the other one is loaded.
    """
    firm = new_firm(activities=650)
    said = loaded(firm, case)
    assert any(word in said for word in ("stays", "Nothing", "not affected", "starts from"))
    assert firm.watermark("activities") is None
    assert firm.differences("tasks") == []
    firm.clio.faults.clear()
    assert firm.load(*NAMES).exit_code == 0
    assert firm.differences(*NAMES) == []


@pytest.mark.long
@pytest.mark.parametrize(
    "action", [Forbidden("Billing"), Redirect("https://app.clio.com/session/new")]
)
def test_a_missing_permission_costs_its_collection_alone(firm: Firm, action: Action) -> None:
    """A6, A29: of a whole load one collection may not be read: that one is reported, with the
    permission where Clio names it; all others are loaded, exit 4.
    """
    firm.clio.faults.add(action, "bills", times=None)
    outcome = firm.load(budget=3)
    ((name, error),) = outcome.errors
    assert (outcome.exit_code, name, error.code) == (4, "bills", "missing_scope")
    assert ("Billing is missing" if isinstance(action, Forbidden) else "sign-in") in str(error)
    assert "other collections are not affected" in error.hint
    states = dict(firm.query("select resource, status from meta.sync_runs"))
    assert {name for name, status in states.items() if status == "failed"} == {"bills"}
    lists = [c.name for c in CATALOG.collections.values() if c.loaded and c.parent is None]
    assert firm.differences(*(name for name in lists if name != "bills")) == []
    assert firm.stored("bills") == {}


def test_empty_page_in_the_middle_of_nothing(firm: Firm) -> None:
    """A11, equal at once: a page without records and with `next` is gone on from."""
    firm.clio.faults.add(EmptyPage(same_place=False), "tasks", page=1)
    assert firm.load("tasks").exit_code == 0


def test_retry_after_is_kept(firm: Firm) -> None:
    """A1: after a 429 the load waits as long as it was told before it sends anything."""
    clock = QuickClock()
    firm.clio.faults.add(TooMany("30"), "tasks")
    assert firm.load("tasks", clock=clock).exit_code == 0
    assert sum(clock.slept) > 29.9


@pytest.mark.parametrize("page", [None, 2])
def test_refused_token_needs_signing_in(firm: Firm, page: int | None) -> None:
    """A5: 401 is exit 3; what is stored stays, and the load goes on once signed in."""
    firm.clio.faults.add(Unauthorized(), "activities", page=page, times=None)
    outcome = firm.load("activities")
    assert outcome.exit_code == 3
    assert "What is stored stays" in outcome.errors[0][1].hint
    assert firm.watermark("activities") is None
    firm.clio.faults.clear()
    assert firm.load("activities").exit_code == 0
    assert firm.differences("activities") == []


@pytest.mark.parametrize("ignored", ["id_order_ignored", "insertion_order"])
def test_server_that_pages_by_position(new_firm: NewFirm, ignored: str) -> None:
    """A13: a list that is not in order of id is refused, never cut off in silence."""
    firm = new_firm(**{ignored: True})
    outcome = firm.load("activities")
    wrong = firm.differences("activities")
    assert (outcome.exit_code, bool(wrong)) in {(4, True), (0, False)}
    assert outcome.exit_code == 4 or ignored == "insertion_order"


def test_every_list_is_asked_for_in_order_of_id(firm: Firm) -> None:
    """A13: every list request of a load says order=id(asc), has a limit and no offset."""
    firm.load("activities", "tasks", "bills", "calendar_entries")
    asked = [a for a in firm.clio.requests if a.collection and a.page]
    assert {tuple(a.given.get("order", ())) for a in asked if a.rows} == {("id(asc)",)}
    assert not [a for a in asked if "offset" in a.given]


def test_server_without_date(firm: Firm) -> None:
    """A26, equal after the next load: without the server's time nothing is loaded; exit 4."""
    firm.clio.faults.add(Header("Date", None), "users/who_am_i", times=None)
    with pytest.raises(Exception, match="what time it is") as raised:
        firm.load("tasks")
    assert getattr(raised.value, "exit_code", None) == 4
    firm.clio.faults.clear()
    assert firm.load("tasks").exit_code == 0
    assert firm.differences("tasks") == []


def test_clocks_that_differ_are_told(firm: Firm) -> None:
    """A26, L10, equal at once: the server's clock is used, whatever this machine's says; the
    difference is told.
    """
    assert firm.load("tasks").exit_code == 0
    assert "behind this machine's; this run goes by Clio's" in firm.log.getvalue()
    assert firm.differences("tasks") == []


@pytest.mark.parametrize("seconds", [7200, -7200])
def test_pages_with_another_date(firm: Firm, seconds: int) -> None:
    """A26: the `Date` of the pages themselves does not move the watermark."""
    firm.clio.clock.freeze()
    start = firm.clio.clock.moment().start_of("second")
    firm.clio.faults.add(ShiftDate(seconds), "tasks", times=None)
    assert firm.load("tasks").exit_code == 0
    assert firm.watermark("tasks") == start.subtract(minutes=15)


def test_share_of_the_rate_limit_earns_no_refusal(new_firm: NewFirm) -> None:
    """A3: a load under a rate limit waits for each window and is never refused."""
    firm = new_firm(rate_limit=3, rate_window=1.0, activities=650)
    outcome = firm.load("activities", "tasks", clock=SystemClock())
    assert outcome.exit_code == 0, outcome.errors
    assert not [asked for asked in firm.clio.requests if asked.status == 429]
    assert firm.differences("tasks") == []
