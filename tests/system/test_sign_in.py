"""Signing in: from nothing to a loaded warehouse, by browser and by hand; signing out."""

import os
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TextIO
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from pipelines.access.auth import Way, run_login, run_logout, run_status
from pipelines.config import IN_KEYRING
from pipelines.errors import TokenStoreError
from pipelines.outcome import Outcome
from sources.clio_simulator.faults import Status
from sources.errors import (
    AnswerLostError,
    ConfigurationError,
    GrantRefusedError,
    Interrupted,
    SignInNeededError,
)
from tests.system.conftest import NewFirm
from tests.system.process import SECONDS, document, run, start
from tests.system.signing import GROW, MANAGE, SignedInFirm, play, signing, told

pytestmark = pytest.mark.long

LOAD = ("load", "manage", "--resource", "tasks", "--resource", "matters")
Hand = Callable[[str], TextIO]


@pytest.fixture
def firm(new_firm: NewFirm, tmp_path: Path) -> SignedInFirm:
    """Return a small firm whose person signs in."""
    return SignedInFirm(new_firm().clio, tmp_path / "data")


def login(firm: SignedInFirm, source: str = MANAGE) -> Outcome:
    """Sign in with a browser, in this process."""
    with Path(os.devnull).open() as nothing:
        return run_login(firm.work, source, Way(nothing, play))


def test_from_an_empty_store_to_a_loaded_warehouse(firm: SignedInFirm) -> None:
    """A browser signs in; a load works; status tells whose it is; signed out means signed out at
    Clio too. No token, code or secret is in any output, log or other file.
    """
    env = signing(firm.folder, firm.clio)
    said = []
    for words, code in (
        (("auth", "login", "--debug"), 0),
        ((*LOAD, "--debug"), 0),
        (("auth", "status", "manage", "--json"), 0),
        (("auth", "logout", "manage", "--debug"), 0),
        (("auth", "status"), 3),
    ):
        said.append(run(*words, env=env))
        assert said[-1].returncode == code, said[-1].stderr
    assert firm.differences("tasks", "matters") == []

    (row,) = document(said[2])["results"]
    assert (row["state"], row["region"], row["scopes"]) == ("signed_in", "us", None)
    assert (row["account_id"], row["account"]) == ("1", "Example Law Firm")
    assert (row["user_id"], row["user"]) == ("101", "Ash Ambleford")
    assert row["expires_at"] > document(said[2])["finished_at"]
    assert row["kept_in"].endswith("data/tokens/clio_manage.json")

    assert [call["grant_type"] for call in firm.clio.world.oauth.calls] == ["authorization_code"]
    assert firm.clio.switches.tokens == {"simulator-token"}
    assert "clio-sync auth login manage" in said[-1].stderr
    assert told(firm.clio, firm.folder, *(done.stdout + done.stderr for done in said)) == []


def test_sign_in_to_grow(firm: SignedInFirm) -> None:
    """Grow takes its own application, a proof (PKCE) and scopes to read; signing out revokes."""
    (row,) = login(firm, GROW).results
    assert (row["source"], row["state"]) == (GROW, "signed_in")
    assert row["account"]
    assert row["user"]
    assert "grow_lead_inbox_all_read" in row["scopes"]
    assert [scope for scope in row["scopes"] if not scope.endswith("_read")] == []

    before = set(firm.clio.switches.grow_refresh_tokens)
    assert run_logout(firm.work, [GROW]).exit_code == 0
    assert len(before - firm.clio.switches.grow_refresh_tokens) == 1
    assert run_status(firm.work, [GROW]).exit_code == 3


def test_sign_in_without_a_browser(firm: SignedInFirm) -> None:
    """As a process: the address is shown, the code is pasted, standard output is one document."""
    env = signing(firm.folder, firm.clio)
    process = start("auth", "login", "--no-browser", "--json", env=env, stdin=subprocess.PIPE)
    assert process.stderr is not None
    page = next(filter(None, (address(line) for line in process.stderr)))
    code = httpx.URL(httpx.get(page).headers["location"]).params["code"]
    out, err = process.communicate(code + "\n", timeout=SECONDS)
    done = subprocess.CompletedProcess((), process.returncode, out, err)
    assert done.returncode == 0, err
    assert document(done)["results"][0]["user"] == "Ash Ambleford"
    assert told(firm.clio, firm.folder, out, err) == []


def address(text: str) -> str:
    """Find the page that a person is asked to open."""
    found = re.search(r"http://\S+/oauth/authorize\S*", text)
    return found.group() if found else ""


def by_hand(firm: SignedInFirm, paste: Callable[[str], str]) -> Outcome:
    """Sign in by hand: `paste` makes what is typed out of the address that the browser ends at."""
    reading, writing = os.pipe()
    work = firm.work

    class Shown:
        """Type as soon as the page is shown."""

        def write(self, text: str) -> None:
            """See what a person sees."""
            if page := address(text):
                back = httpx.get(page).headers["location"]
                os.write(writing, paste(back).encode())
                os.close(writing)

        def flush(self) -> None:
            """Do nothing."""

    work.reporter.stream = Shown()
    with os.fdopen(reading) as typed:
        return run_login(work, MANAGE, Way(typed))


@pytest.mark.parametrize(
    "paste",
    [
        lambda back: back + "\n",
        lambda back: back,
        lambda back: f"  {urlsplit(back).query}\n",
        lambda back: parse_qs(urlsplit(back).query)["code"][0] + "\n",
    ],
)
def test_what_may_be_pasted(firm: SignedInFirm, paste: Callable[[str], str]) -> None:
    """The whole address, what is behind its question mark, or the code alone."""
    assert by_hand(firm, paste).exit_code == 0
    firm.ask()


@pytest.mark.parametrize(
    ("paste", "kind"),
    [
        (lambda back: re.sub("state=[^&]*", "state=wrong", back) + "\n", SignInNeededError),
        (lambda back: re.sub("&?state=[^&]*", "", back) + "\n", SignInNeededError),
        (lambda _: "made-up\n", GrantRefusedError),
        (lambda _: "bWFkZS11cA==\n", GrantRefusedError),
        (lambda _: "\n", SignInNeededError),
        (lambda _: "", SignInNeededError),
    ],
)
def test_what_is_pasted_wrongly_signs_nobody_in(
    firm: SignedInFirm, paste: Callable[[str], str], kind: type[SignInNeededError]
) -> None:
    """An answer to another sign-in, an invented code and the end of the input: exit 3."""
    with pytest.raises(kind) as caught:
        by_hand(firm, paste)
    assert caught.value.exit_code == 3
    assert firm.store.read() is None


def test_typing_can_be_stopped(firm: SignedInFirm) -> None:
    """Ctrl-C ends the wait for a line that does not come."""
    work = firm.work
    work.stop.set()
    reading, writing = os.pipe()
    with os.fdopen(reading) as typed, os.fdopen(writing, "w"), pytest.raises(Interrupted):
        run_login(work, MANAGE, Way(typed))


def test_person_who_says_no(firm: SignedInFirm) -> None:
    """A refusal in Clio ends the command in words: exit 3, nothing kept."""
    firm.clio.switches.sign_in_denied = True
    with pytest.raises(SignInNeededError, match="not allowed in Clio"):
        login(firm)
    assert firm.store.read() is None


def test_no_browser_there(firm: SignedInFirm) -> None:
    """Where no browser opens, the hint names the other way."""
    with Path(os.devnull).open() as nothing, pytest.raises(SignInNeededError) as caught:
        run_login(firm.work, MANAGE, Way(nothing, lambda _: False))
    assert "--no-browser" in caught.value.hint


@pytest.mark.parametrize("name", ["client_id", "client_secret"])
def test_application_that_is_not_configured(firm: SignedInFirm, name: str) -> None:
    """Exit 2 names the setting; nothing was opened, made or sent."""
    firm.application = {name: "" if name == "client_id" else None}
    with pytest.raises(ConfigurationError, match=rf"^sources\.clio_manage\.{name} must be set"):
        login(firm)
    assert not firm.folder.exists()


def test_without_a_place_for_tokens_nobody_is_asked(firm: SignedInFirm) -> None:
    """L15: no keyring is exit 3 before anybody signs in, and no file stands in for it."""
    work = replace(firm.work, settings=replace(firm.settings, token_store=IN_KEYRING))
    with Path(os.devnull).open() as nothing, pytest.raises(TokenStoreError, match="no keyring"):
        run_login(work, MANAGE, Way(nothing, pytest.fail))


def test_lost_answer_to_a_code(firm: SignedInFirm) -> None:
    """A code is sent once: a server that fails ends the sign-in, which may be tried again."""
    firm.clio.world.oauth.faults.append(Status(503))
    with pytest.raises(AnswerLostError):
        login(firm)
    assert firm.token_calls == 1
    assert login(firm).exit_code == 0


def test_account_that_clio_does_not_tell(firm: SignedInFirm) -> None:
    """Signed in is signed in: if only the person cannot be told, that is a note."""
    firm.clio.faults.add(Status(403), "users/who_am_i", times=None)
    outcome = login(firm)
    assert (outcome.exit_code, outcome.results[0]["user"]) == (0, None)
    assert "did not say who this is" in firm.log.getvalue()
    assert firm.kept.refresh_token


def test_token_that_is_refused_at_once(firm: SignedInFirm) -> None:
    """If Clio's API does not take the token that its sign-in gave, that is told: exit 3."""
    firm.clio.faults.add(Status(401), "users/who_am_i", times=None)
    outcome = login(firm)
    assert (outcome.exit_code, outcome.errors[0][1].code) == (3, "sign_in_needed")


def test_signing_in_again_takes_the_place(firm: SignedInFirm) -> None:
    """A second sign-in replaces the first, and with it what was known of a refused one."""
    login(firm)
    first = firm.kept
    login(firm)
    assert firm.kept.fingerprint != first.fingerprint
    assert [path.name for path in firm.store.path.parent.iterdir() if "lock" not in path.name] == [
        "clio_manage.json"
    ]


@pytest.mark.parametrize("over", [False, True])
def test_signed_out_at_clio_as_well(firm: SignedInFirm, over: bool) -> None:
    """Also where the access token is over: neither it nor the refresh token is taken any more."""
    firm.sign_in()
    if over:
        firm.clio.switches.tokens.discard(firm.kept.access_token.reveal())
    outcome = run_logout(firm.work, [MANAGE, GROW])
    assert [row["state"] for row in outcome.results] == ["signed_out", "nobody"]
    assert (outcome.exit_code, outcome.errors, firm.store.read()) == (0, [], None)
    assert firm.clio.switches.refresh_tokens == set()
    assert firm.clio.switches.tokens == {"simulator-token"}


def test_signed_out_of_what_clio_has_forgotten(firm: SignedInFirm) -> None:
    """A sign-in that Clio knows nothing of is as good as revoked."""
    firm.sign_in()
    firm.clio.switches.tokens, firm.clio.switches.refresh_tokens = {"simulator-token"}, set()
    assert run_logout(firm.work, [MANAGE]).exit_code == 0
    assert firm.store.read() is None


@pytest.mark.parametrize("why", ["unreachable", "elsewhere", "unsafe", "unconfigured", "damaged"])
def test_revoking_that_fails_still_signs_out_here(firm: SignedInFirm, why: str) -> None:
    """Exit 4 says that Clio may still know the sign-in; here it is gone in any case."""
    firm.sign_in()
    nowhere = "http://127.0.0.1:9"
    changes: dict[str, dict[str, str | None]] = {
        "unreachable": {"oauth_url": nowhere, "base_url": nowhere},
        "elsewhere": {"oauth_url": "https://eu.app.clio.com"},
        "unconfigured": {"client_secret": None},
    }
    firm.application = changes.get(why, {})
    if why == "unreachable":
        firm.store.write(firm.kept.text().replace(firm.clio.url, nowhere))
    if why == "unsafe":
        firm.store.path.chmod(0o644)
    if why == "damaged":
        firm.store.write("{}")
    outcome = run_logout(firm.work, [MANAGE])
    assert [(error.code, error.exit_code) for _, error in outcome.errors] == [("not_revoked", 4)]
    assert outcome.exit_code == 4
    assert not firm.store.path.exists()


def test_nobody_to_sign_out(firm: SignedInFirm) -> None:
    """Signing out twice is no error, and makes no folder."""
    assert run_logout(firm.work, [MANAGE, GROW]).exit_code == 0
    assert not firm.folder.exists()


def test_states_of_a_sign_in(firm: SignedInFirm) -> None:
    """Nobody, signed in, for another place, refused, configured: each has its word and exit code;
    nothing is asked of Clio, and no token is shown.
    """

    def state() -> tuple[str, int]:
        outcome = run_status(firm.work, [MANAGE])
        assert "simulator-" not in str(outcome.document()) + outcome.text
        return outcome.results[0]["state"], outcome.exit_code

    assert state() == ("nobody", 3)
    firm.sign_in()
    assert state() == ("signed_in", 0)
    firm.application = {"oauth_url": "https://eu.app.clio.com"}
    assert state() == ("elsewhere", 3)
    firm.application = {"access_token": firm.kept.access_token}
    assert state() == ("configured", 0)
    firm.application = {}
    firm.clio.switches.refresh_tokens = set()
    firm.expire()
    with pytest.raises(GrantRefusedError):
        firm.ask()
    assert state() == ("refused", 3)
    firm.store.path.chmod(0o644)
    assert state() == ("unsafe_tokens", 3)
    assert firm.token_calls == 1
