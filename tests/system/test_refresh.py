"""Tokens that end: in the middle of a load, in two processes at once, with kill -9 in between."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipelines.access.auth import Way, run_login
from pipelines.access.signin import SignedInUser
from pipelines.errors import OtherAccountError
from pipelines.failpoints import TOKEN_POINTS
from sources.clio_http.client import WHO_AM_I
from sources.clio_http.secret import Secret
from sources.clio_simulator import Simulator
from sources.clio_simulator.faults import Action, Call, Reset, Status, Wait
from sources.errors import AnswerLostError, ClioError, GrantRefusedError
from tests.system.conftest import NewFirm
from tests.system.grow_firm import NewGrow
from tests.system.nursery import ROOT
from tests.system.process import SECONDS, run
from tests.system.signing import GROW, MANAGE, SignedInFirm, SignedInGrow, play, signing, told

pytestmark = pytest.mark.long

if TYPE_CHECKING:
    from pipelines.outcome import Outcome

LIFE = 3600
NAMES = ("tasks", "matters", "activities")
CURRENT = f"""
import sys
from pipelines.access.client import renewal
from pipelines.config import read_settings
from sources.clio_http.clock import SystemClock
from sources.errors import ClioError
try:
    settings = read_settings()
    renewal("{MANAGE}", settings, SystemClock()).current()
except ClioError as error:
    sys.exit(error.exit_code)
"""


class Later(Action):
    """Let the simulator's clock run ahead before a request is answered."""

    clio: Simulator
    seconds: int

    async def before(self, asked: Call) -> None:
        """Let the time pass. The request is let through: its token was good when it was sent."""
        self.clio.clock.advance(self.seconds)


class Meanwhile(Action):
    """Let another process do something before a request is answered."""

    do: Callable[[], object]

    async def before(self, asked: Call) -> None:
        """Do it, and let the request through."""
        self.do()


@pytest.fixture
def firm(new_firm: NewFirm, tmp_path: Path) -> SignedInFirm:
    """Return a small firm that is signed in, with tokens that last an hour."""
    return signed_in(SignedInFirm(new_firm().clio, tmp_path / "data"))


@pytest.fixture(params=[False, True], ids=["kept", "rotating"])
def rotating(firm: SignedInFirm, request: pytest.FixtureRequest) -> bool:
    """Return refresh tokens that stay, as Manage's, and such that are good once, as Grow's."""
    firm.clio.switches.rotate_refresh_tokens = bool(request.param)
    return bool(request.param)


def signed_in(firm: SignedInFirm) -> SignedInFirm:
    """Sign in with tokens that last an hour."""
    firm.clio.switches.token_life = LIFE
    firm.sign_in()
    return firm


def current(firm: SignedInFirm, **more: str) -> int:
    """Ask for a usable token in a process of its own; give its exit code."""
    env = signing(firm.folder, firm.clio, **more)
    words = [sys.executable, "-c", CURRENT]
    return subprocess.run(words, env=env, cwd=ROOT, timeout=SECONDS, check=False).returncode


@pytest.mark.parametrize("rotating", [False, True])
def test_token_that_ends_in_mid_load(
    new_firm: NewFirm,
    tmp_path: Path,
    rotating: bool,
) -> None:
    """A4, equal at once: the token ends while lists are walked; it is renewed once for all of
    them, the refused pages are asked for again, and the load is complete.
    """
    clio = new_firm(activities=700, rotate_refresh_tokens=rotating).clio
    firm = signed_in(SignedInFirm(clio, tmp_path / "data"))
    clio.faults.add(Later(clio, LIFE), "activities", page=3)
    before = firm.kept
    outcome = firm.load(*NAMES)
    assert outcome.exit_code == 0, outcome.errors
    assert firm.differences(*NAMES) == []
    assert firm.token_calls == 1
    assert (firm.kept.refresh_token != before.refresh_token) == rotating
    assert [asked.status for asked in clio.requests].count(401) >= 1


def test_token_of_grow_that_ends_in_mid_load(new_grow: NewGrow, tmp_path: Path) -> None:
    """A4, equal at once: signed in to Grow by a browser, whose token ends while a list is walked;
    the refresh token is good once, and the load is complete all the same.
    """
    clio = new_grow(grow_page_size=6, grow_token_life=LIFE).clio
    firm = SignedInGrow(clio, tmp_path / "data")
    with Path(os.devnull).open() as nothing:
        assert run_login(firm.work, GROW, Way(nothing, play)).exit_code == 0
    clio.faults.add(Later(clio, LIFE), "grow/contacts", page=2)
    outcome = firm.load("contacts", "matters")
    assert outcome.exit_code == 0, outcome.errors
    assert firm.differences("contacts", "matters") == []
    grants = [call["grant_type"] for call in clio.world.grow.oauth.calls]
    assert grants == ["authorization_code", "refresh_token"]
    assert 401 in firm.statuses()


def test_somebody_else_signs_in_in_mid_load(new_firm: NewFirm, tmp_path: Path) -> None:
    """D.1: the token ends while a list is walked, and the sign-in that is kept by then is another
    firm's. No row is read with it: exit 4, and the run after that is refused.
    """
    clio = new_firm(activities=700).clio
    firm = signed_in(SignedInFirm(clio, tmp_path / "data"))
    clio.switches.other_tokens["another-firm"] = {"user": 102, "account": 2}
    named = replace(firm.kept, person=SignedInUser("1", user_id="101"))
    firm.store.write(named.text())

    def sign_in() -> None:
        clio.clock.advance(LIFE)
        other = replace(named, access_token=Secret("another-firm"), person=SignedInUser("2"))
        firm.store.write(other.text())

    clio.faults.add(Meanwhile(sign_in), "activities", page=2)
    outcome = firm.load("tasks", "activities", "matters")
    assert {error.code for _, error in outcome.errors} == {"other_sign_in"}
    assert outcome.exit_code == 4
    assert clio.world.oauth.calls == []
    with pytest.raises(OtherAccountError, match="account 2"):
        firm.load("activities")


def test_tokens_that_are_renewed_while_somebody_signs_in(firm: SignedInFirm) -> None:
    """Another process renews the new pair before Clio tells whose it is: the newer pair stays."""
    newer = Secret("newer")

    def renew() -> None:
        firm.store.write(replace(firm.kept, access_token=newer).text())

    firm.clio.faults.add(Meanwhile(renew), WHO_AM_I)
    with Path(os.devnull).open() as nothing:
        run_login(firm.work, MANAGE, Way(nothing, play))
    assert firm.kept.access_token == newer


def test_token_that_is_over_before_the_load(firm: SignedInFirm) -> None:
    """A token whose end is known is renewed before anything is sent: Clio never sees the old one,
    and the next command needs no further call.
    """
    firm.expire()
    assert firm.load("tasks").exit_code == 0
    firm.ask()
    assert firm.token_calls == 1
    assert {asked.status for asked in firm.clio.requests} == {200}


def test_new_token_that_is_refused_too(firm: SignedInFirm) -> None:
    """A5: exit 3, no watermark moves, one token call however many threads are refused."""
    firm.load("tasks")
    mark = firm.watermark("tasks")
    firm.clio.faults.add(Status(401), times=None)
    with pytest.raises(ClioError) as caught:
        firm.load(*NAMES)
    assert caught.value.exit_code == 3
    assert firm.token_calls == 1
    assert firm.watermark("tasks") == mark


def test_list_that_refuses_every_token(firm: SignedInFirm) -> None:
    """A list that answers 401 to good tokens ends the load with exit 3 and at most two calls."""
    firm.clio.faults.add(Status(401), "activities", times=None)
    outcome: Outcome = firm.load(*NAMES)
    assert outcome.exit_code == 3
    assert firm.token_calls <= 2
    assert firm.watermark("activities") is None


def test_sign_in_that_was_revoked(firm: SignedInFirm) -> None:
    """Whoever removes the application in Clio ends the load with exit 3; the refused token is not
    sent again by later runs.
    """
    firm.clio.switches.tokens = {"another"}
    firm.clio.switches.refresh_tokens = {"another"}
    for _ in range(2):
        with pytest.raises(GrantRefusedError) as caught:
            firm.load("tasks")
        assert caught.value.exit_code == 3
    assert firm.token_calls == 1


def test_answer_that_is_lost(firm: SignedInFirm, *, rotating: bool) -> None:
    """L16: an answer that goes lost is followed by one attempt with the old token. One that stays
    is taken; one that was good once is not, and then only a person can sign in.
    """
    firm.expire()
    firm.clio.world.oauth.faults.append(Reset())
    if rotating:
        for _ in range(2):
            with pytest.raises(GrantRefusedError):
                firm.ask()
    else:
        firm.ask()
    assert firm.token_calls == 2


def test_sign_in_of_clio_is_down(firm: SignedInFirm) -> None:
    """While Clio's sign-in fails a command ends with exit 4; when it is back the next one works."""
    firm.expire()
    firm.clio.world.oauth.faults += [Status(503)] * 2
    with pytest.raises(AnswerLostError) as caught:
        firm.ask()
    assert caught.value.exit_code == 4
    firm.ask()
    assert firm.token_calls == 3


def test_two_processes_refresh_at_once(firm: SignedInFirm) -> None:
    """L17: both find a token that is over; one asks Clio, the other waits and takes what came."""
    firm.clio.switches.rotate_refresh_tokens = True
    firm.expire()
    firm.clio.world.oauth.faults.append(Wait(1.0))
    env = signing(firm.folder, firm.clio)
    both = [subprocess.Popen([sys.executable, "-c", CURRENT], env=env, cwd=ROOT) for _ in "12"]
    assert [process.wait(SECONDS) for process in both] == [0, 0]
    assert firm.token_calls == 1
    firm.ask()


@pytest.mark.parametrize("point", TOKEN_POINTS)
def test_killed_in_a_refresh(firm: SignedInFirm, *, rotating: bool, point: str) -> None:
    """L16, bug 18: killed before the token is sent and after the pair is saved, the next command
    works; killed between the answer and the save it works if the old token still does, and asks to
    sign in if not. It takes at most one more token call, and none from then on.
    """
    firm.expire()
    assert current(firm, CLIO_SYNC__CRASH_AT=point) == -signal.SIGKILL
    assert firm.token_calls == (point != "refresh-marked")
    works = not (rotating and point == "refresh-answered")
    more = {"refresh-marked": 1, "refresh-answered": 1, "refresh-saved": 0}[point]
    for _ in range(2):
        with nullcontext() if works else pytest.raises(GrantRefusedError):
            firm.ask()
    assert firm.token_calls == (point != "refresh-marked") + more


@pytest.mark.parametrize(("point", "calls"), [("refresh-answered", 1), ("refresh-saved", 0)])
def test_load_of_grow_killed_in_a_refresh(
    new_grow: NewGrow, tmp_path: Path, point: str, calls: int
) -> None:
    """L16, bug 18, with a real kill -9 of a load in whose midst the token ends: before the pair is
    saved the old one is tried once, and then only signing in helps; after it the load goes on.
    """
    clio = new_grow(grow_page_size=6, grow_token_life=LIFE).clio
    firm = SignedInGrow(clio, tmp_path / "data")
    with Path(os.devnull).open() as nothing:
        run_login(firm.work, GROW, Way(nothing, play))
    clio.faults.add(Later(clio, LIFE), "grow/contacts", page=2)
    load = ("load", "grow", "--resource", "contacts")
    killed = run(*load, env=signing(firm.folder, clio, CLIO_SYNC__CRASH_AT=point))
    assert killed.returncode == -signal.SIGKILL
    before = len(clio.world.grow.oauth.calls)
    codes = [run(*load, env=signing(firm.folder, clio)).returncode for _ in "12"]
    assert codes == ([3, 3] if calls else [0, 0])
    assert len(clio.world.grow.oauth.calls) - before == calls
    assert calls or firm.differences("contacts") == []


def test_nothing_is_told_where_a_refresh_fails(firm: SignedInFirm) -> None:
    """No token is in what a load with --debug says or leaves, nor in the marker of its refresh."""
    firm.clio.switches.rotate_refresh_tokens = True
    firm.expire()
    firm.clio.world.oauth.faults += [Reset(), Status(500, message="simulator-refresh")]
    words = ("load", "manage", "--resource", "tasks", "--debug")
    lost = run(*words, env=signing(firm.folder, firm.clio))
    assert lost.returncode == 4
    assert "Clio's sign-in answered with 500" in lost.stderr
    left = list((firm.folder / "tokens").iterdir())
    assert {path.name for path in left} == {
        "clio_manage.json", "clio_manage.lock", "clio_manage.refresh_started",
    }  # fmt: skip
    others = [path.read_text() for path in left if path.suffix != ".json"]
    assert told(firm.clio, firm.folder, lost.stdout, lost.stderr, *others) == []
