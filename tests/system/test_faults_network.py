"""Table of faults, Network: what a broken network does to a load of two collections.

Each case says whether the tables equal the server's at once or after the next load, which comes
when the fault is over.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest

from sources.clio_http.exchange import Bounds
from sources.clio_http.hosts import base_origin
from sources.clio_simulator.faults import (
    Action,
    Cut,
    GzipBomb,
    Html,
    NextElsewhere,
    Redirect,
    Reset,
    WrongLength,
)
from tests.system.conftest import NewFirm
from tests.system.firm import Firm
from tests.unit.http_loopback import Loopback, reply

pytestmark = pytest.mark.long

NAMES = ("activities", "tasks")


@dataclass(frozen=True)
class Case:
    """A fault of page 2 of the activities, how often it comes, and how the load ends."""

    action: Action
    times: int | None
    exit_code: int
    says: str = ""


ONCE = [
    pytest.param(Case(Reset(), 2, 0), id="N1-reset-before-the-answer"),
    pytest.param(Case(Reset(0.5), 2, 0), id="N3-reset-in-mid-body"),
    pytest.param(Case(WrongLength(), 2, 0), id="N4-length-larger-than-the-body"),
    pytest.param(Case(Cut(0.5), 2, 0), id="N5-cut-without-length"),
    pytest.param(Case(Html(), 2, 0), id="N6-html"),
]
FOR_EVER = [
    pytest.param(Case(Reset(), None, 4, "broke off"), id="N1"),
    pytest.param(Case(Reset(0.5), None, 4, "broke off"), id="N3"),
    pytest.param(Case(Cut(0.5), None, 4, "not whole JSON"), id="N5"),
    pytest.param(Case(Html(), None, 4, "not JSON"), id="N6"),
    pytest.param(Case(GzipBomb(80_000_000), None, 4, "larger than"), id="N9"),
    pytest.param(Case(Redirect("https://other.example/x"), None, 4, "other.example"), id="N10"),
]
LINKS = [
    pytest.param("https://evil.example", False, "evil.example", id="N11-other-host"),
    pytest.param("http://app.clio.com", False, "app.clio.com", id="N11-other-scheme"),
    pytest.param("https://app.clio.com@evil.example", False, "", id="N11-user-info"),
    pytest.param("file:///etc/passwd", True, "", id="N11-file"),
    pytest.param(
        "//evil.example/api/v4/activities.json?page_token=x", True, "", id="N11-no-scheme"
    ),
]


def loaded(firm: Firm, case: Case) -> str:
    """Load under a fault; check exit code and words, and give what is said."""
    # one page that is never had is taken apart; a list of which no page is had is not
    page = 2 if case.times else None
    firm.clio.faults.add(case.action, "activities", page=page, times=case.times)
    outcome = firm.load(*NAMES)
    said = " ".join(f"{error} {error.hint}" for _, error in outcome.errors)
    assert outcome.exit_code == case.exit_code, said
    assert case.says in said
    return said


@pytest.mark.parametrize("case", ONCE)
def test_fault_that_passes(firm: Firm, case: Case) -> None:
    """Equal at once: the same page is asked for again, and nothing is there twice."""
    loaded(firm, case)
    assert firm.differences(*NAMES) == []


@pytest.mark.parametrize("case", FOR_EVER)
def test_fault_that_stays(firm: Firm, case: Case) -> None:
    """Equal after the next load: exit 4, no watermark for this collection, the other one is
    loaded, the message says what is safe.
    """
    said = loaded(firm, case)
    assert any(word in said for word in ("stays", "Nothing"))
    assert firm.watermark("activities") is None
    assert firm.differences("tasks") == []
    firm.clio.faults.clear()
    assert firm.load(*NAMES).exit_code == 0
    assert firm.differences(*NAMES) == []


@pytest.mark.parametrize(("base", "whole", "host"), LINKS)
def test_link_that_leads_elsewhere(firm: Firm, base: str, host: str, *, whole: bool) -> None:
    """N11, equal after the next load: nothing is sent there, exit 4, the host is named."""
    said = loaded(firm, Case(NextElsewhere(base, whole), None, 4, host))
    assert "Nothing was sent there" in said
    assert firm.watermark("activities") is None
    firm.clio.faults.clear()
    assert firm.load(*NAMES).exit_code == 0
    assert firm.differences(*NAMES) == []


def test_no_token_reaches_another_server(firm: Firm) -> None:
    """N10, N11: a server that `next` and a redirect point to gets no request at all."""
    with Loopback(lambda _, __: reply(200, {"data": [], "meta": {"paging": {}}})) as other:
        firm.clio.faults.add(NextElsewhere(other.origin), "activities", page=1, times=None)
        firm.clio.faults.add(Redirect(f"{other.origin}/x"), "tasks", times=None)
        outcome = firm.load(*NAMES)
        assert outcome.exit_code == 4
        assert other.requests == []
    assert {error.code for _, error in outcome.errors} == {"foreign_host", "redirect_refused"}


def test_server_that_is_not_there(firm: Firm, tmp_path: Path) -> None:
    """N1, equal after the next load: nothing is begun; the tables and the watermark stay."""
    firm.load("tasks")
    before, mark = firm.stored("tasks"), firm.watermark("tasks")
    gone = Firm(firm.clio, firm.folder, {"base_url": "http://127.0.0.1:9"})
    with pytest.raises(Exception, match="could not be reached") as raised:
        gone.load("tasks")
    assert getattr(raised.value, "exit_code", None) == 4
    assert firm.stored("tasks") == before
    assert firm.watermark("tasks") == mark
    assert firm.load("tasks").exit_code == 0


def test_server_that_forges_its_name() -> None:
    """N7: only https may be spoken to Clio's hosts, and there is no way around it."""
    with pytest.raises(Exception, match="https"):
        base_origin("http://app.clio.com")


def test_bounds_are_finite() -> None:
    """N2, N8: every wait for bytes, the whole answer and its size have a bound."""
    bounds = Bounds()
    assert 0 < bounds.connect <= bounds.read <= bounds.total <= 600
    assert 0 < bounds.body <= 100_000_000


def test_link_into_another_list(new_firm: NewFirm) -> None:
    """N11: a link into another path of the same server is not taken for this list's."""
    firm = new_firm()
    link = f"{firm.clio.url}/api/v4/tasks.json?page_token=x"
    firm.clio.faults.add(NextElsewhere(link, whole=True), "activities", page=1, times=None)
    outcome = firm.load("activities")
    assert [error.code for _, error in outcome.errors] == ["broken_walk"]
