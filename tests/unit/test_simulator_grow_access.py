"""Who may ask Grow: tokens, scopes, how often; and its sign-in."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256

import httpx
import pytest

from sources.clio_simulator import SimulatedClock, Simulator
from sources.clio_simulator.faults import Reset, Status

BACK = "http://127.0.0.1:5000/callback"
CLIENT = {"client_id": "simulator-grow-app", "client_secret": "simulator-grow-secret"}
REFRESH = {**CLIENT, "grant_type": "refresh_token", "refresh_token": "simulator-grow-refresh"}


@pytest.fixture
def clio() -> Iterator[Simulator]:
    """Return a simulator with a standing clock."""
    with Simulator(rate_limit=0, clock=SimulatedClock(running=False)) as simulator:
        yield simulator


@pytest.fixture
def http(clio: Simulator) -> Iterator[httpx.Client]:
    """Return a client that is signed in to Grow."""
    base = f"{clio.grow_url}/"
    with httpx.Client(base_url=base, headers=clio.grow_headers, timeout=5) as opened:
        yield opened


def bearer(token: str) -> dict[str, str]:
    """Return the header that brings a token."""
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.usefixtures("strays")
def test_tokens_are_of_one_product(clio: Simulator, http: httpx.Client) -> None:
    """Manage's token is 401 at Grow, and Grow's at Manage; each in its own shape."""
    assert clio.token != clio.grow_token
    at_grow = http.get("users", headers=clio.headers)
    at_manage = httpx.get(f"{clio.url}/api/v4/users", headers=clio.grow_headers)
    assert (at_grow.status_code, at_manage.status_code) == (401, 401)
    assert at_grow.json() == {
        "error": {"status": "unauthorized", "message": "The access token is invalid"}
    }
    assert http.get("users").status_code == 200


def test_status_in_errors_may_be_a_number(clio: Simulator, http: httpx.Client) -> None:
    """Nobody says what `status` holds: by a switch it is the number, still as text."""
    clio.switches.grow_error_status = "code"
    assert http.get("nothing").json()["error"]["status"] == "404"


def test_tokens_of_another_user_and_account(clio: Simulator, http: httpx.Client) -> None:
    """A further token is of another user or account, and reads the same."""
    clio.switches.grow_other_tokens = {"user": {"user": 90_102}, "account": {"account": 2}}
    who = {
        token: http.get("users/who_am_i", headers=bearer(token)).json()["data"]
        for token in ("user", "account", clio.grow_token)
    }
    assert [who[token]["id"] for token in who] == [90_102, 90_101, 90_101]
    assert [who[token]["account"]["id"] for token in who] == [77_001, 2, 77_001]
    other = http.get("contacts", headers=bearer("account"))
    assert other.content == http.get("contacts").content


SCOPES = {
    "contacts": "grow_contact_read",
    "contacts/71000001": "grow_contact_read",
    "contacts/71000001/notes": "grow_contact_note_read",
    "matters": "grow_matter_read",
    "matters/72000001/notes": "grow_matter_note_read",
    "inbox_leads?state=ignored": "grow_lead_inbox_read",
    "users": "grow_user_read",
    "users/who_am_i": "grow_user_read",
    "custom_actions": "grow_custom_action_read",
    "sources": "grow_source_read",
    "matter_types": "grow_matter_type_read",
    "locations": "grow_location_read",
}


def test_missing_scope_is_named_or_sent_elsewhere(clio: Simulator, http: httpx.Client) -> None:
    """Without its scope a path is 403 and says so, or 302 to the sign-in; others are served."""
    for scope in set(SCOPES.values()):
        clio.switches.grow_missing_scopes = {scope}
        clio.switches.grow_missing_scope_answer = "forbidden"
        answers = {path: http.get(path) for path in SCOPES}
        refused = {path: a for path, a in answers.items() if SCOPES[path] == scope}
        assert {a.status_code for a in refused.values()} == {403}
        for answer in refused.values():
            assert scope.removeprefix("grow_") in answer.json()["error"]["message"]
        assert {answers[path].status_code for path in answers.keys() - refused} == {200}
        clio.switches.grow_missing_scope_answer = "redirect"
        for path in refused:
            sent = http.get(path)
            assert sent.status_code == 302
            assert sent.headers["Location"].startswith("https://auth.api.clio.com/")


def test_writing_has_scopes_of_its_own(clio: Simulator, http: httpx.Client) -> None:
    """A note needs another scope than reading does."""
    clio.switches.grow_missing_scopes = {"grow_contact_note_write"}
    body = {"data": {"subject": "s", "body": "b"}}
    assert http.post("contacts/71000001/notes", json=body).status_code == 403
    assert http.get("contacts/71000001/notes").status_code == 200


def test_nonce_is_good_once(clio: Simulator, http: httpx.Client) -> None:
    """The nonce of a custom action is accepted once, another is 403."""
    clio.switches.grow_nonces = {"n1"}
    asked = {"custom_action_nonce": "n1"}
    assert http.get("matters/72000001", params=asked).status_code == 200
    assert http.get("matters/72000001", params=asked).status_code == 403


def test_three_requests_a_second_for_the_application(clio: Simulator, http: httpx.Client) -> None:
    """The fourth request in a second is 429, whoever's token it brings, and says nothing more."""
    clio.switches.rate_limit = 50
    clio.switches.grow_tokens = {"one", "two"}
    tokens = ("one", "two", "one", "two")
    answers = [http.get("users", headers=bearer(token)) for token in tokens]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json() == {"message": "Too Many Requests"}
    told = " ".join(name.lower() for name in answers[3].headers)
    assert "ratelimit" not in told
    assert "retry" not in told
    clio.clock.advance(1)
    assert http.get("users", headers=bearer("one")).status_code == 200


def test_rate_limit_counts_nobody_else(clio: Simulator, http: httpx.Client) -> None:
    """Requests to Manage, and those without a token of the application, are not counted."""
    clio.switches.rate_limit = 50
    for _ in range(4):
        httpx.get(f"{clio.url}/api/v4/currencies", headers=clio.headers)
        assert http.get("users", headers=bearer("foreign")).status_code == 401
    assert http.get("users").status_code == 200


def test_429_may_say_more(clio: Simulator, http: httpx.Client) -> None:
    """By switches a 429 has the error object, and Retry-After."""
    clio.switches.rate_limit, clio.switches.grow_rate_limit = 50, 1
    clio.switches.grow_429_body = "error"
    clio.switches.grow_retry_after = True
    http.get("users")
    refused = http.get("users")
    assert set(refused.json()["error"]) == {"status", "message"}
    assert refused.headers["Retry-After"] == "1"


def test_rate_may_be_counted_at_every_moment(clio: Simulator, http: httpx.Client) -> None:
    """A burst at the turn of a second passes fixed windows, and not sliding ones."""
    clio.switches.rate_limit = 50

    def burst() -> list[int]:
        clio.clock.set("2026-03-31T13:00:00.900Z")
        before = [http.get("users").status_code for _ in range(3)]
        clio.clock.advance(0.2)
        return before + [http.get("users").status_code for _ in range(3)]

    assert burst() == [200] * 6
    clio.switches.grow_rate_sliding = True
    assert burst() == [200] * 3 + [429] * 3
    clio.clock.advance(0.8)
    assert http.get("users").status_code == 200


def authorize(clio: Simulator, **asked: str) -> httpx.URL:
    """Ask for a code as a browser does, and give where that leads."""
    given = {"response_type": "code", "redirect_uri": BACK, "state": "s", **CLIENT, **asked}
    given.pop("client_secret")
    answer = httpx.get(f"{clio.grow_url}/oauth/authorize", params=given)
    assert answer.status_code == 302
    return httpx.URL(answer.headers["Location"])


def token(clio: Simulator, **form: str) -> httpx.Response:
    """Ask for tokens."""
    return httpx.post(f"{clio.grow_url}/oauth/token", data=form)


@pytest.mark.usefixtures("strays")
def test_sign_in_by_code(clio: Simulator, http: httpx.Client) -> None:
    """A code, with the address and the proof it was asked for with, gives tokens for a day."""
    challenge = urlsafe_b64encode(sha256(b"verifier").digest()).decode().rstrip("=")
    back = authorize(clio, code_challenge=challenge, code_challenge_method="S256")
    assert (str(back.copy_with(query=None)), back.params["state"]) == (BACK, "s")
    form = {**CLIENT, "grant_type": "authorization_code", "code": back.params["code"]}
    given = token(clio, **form, redirect_uri=BACK, code_verifier="verifier").json()
    assert given["expires_in"] == 86_400
    assert set(given) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert http.get("users", headers=bearer(given["access_token"])).status_code == 200
    manage = httpx.get(f"{clio.url}/api/v4/users", headers=bearer(given["access_token"]))
    assert manage.status_code == 401
    clio.clock.advance(86_400)
    assert http.get("users", headers=bearer(given["access_token"])).status_code == 401


@pytest.mark.parametrize("wrong", ["code", "redirect_uri", "code_verifier", "late", "twice"])
def test_code_is_good_as_it_was_asked_for(clio: Simulator, wrong: str) -> None:
    """Another code, address or proof, ten minutes or a second use: invalid_grant."""
    challenge = urlsafe_b64encode(sha256(b"verifier").digest()).decode().rstrip("=")
    code = authorize(clio, code_challenge=challenge).params["code"]
    form = {**CLIENT, "grant_type": "authorization_code", "code": code}
    form |= {"redirect_uri": BACK, "code_verifier": "verifier"}
    clio.clock.advance(600 if wrong == "late" else 0)
    if wrong == "twice":
        assert token(clio, **form).status_code == 200
    refused = token(clio, **{**form, wrong: "other"})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_authorize_says_no(clio: Simulator) -> None:
    """Scopes that do not exist, a person who denies, `localhost` and another application."""
    assert authorize(clio, scope="grow_contact_read").params["code"]
    assert authorize(clio, scope="grow_contact_write").params["error"] == "invalid_scope"
    clio.switches.sign_in_denied = True
    assert authorize(clio).params["error"] == "access_denied"
    for wrong in ({"redirect_uri": "http://localhost:1/x"}, {"client_id": "other"}):
        asked = {"redirect_uri": BACK, "client_id": "simulator-grow-app", **wrong}
        answer = httpx.get(f"{clio.grow_url}/oauth/authorize", params=asked)
        assert answer.status_code in {400, 401}


def test_refresh_token_rotates(clio: Simulator, http: httpx.Client) -> None:
    """Each refresh gives a new refresh token, and the old one is dead at once."""
    given = token(clio, **REFRESH).json()
    assert http.get("users", headers=bearer(given["access_token"])).status_code == 200
    again = token(clio, **REFRESH)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert token(clio, **{**REFRESH, "refresh_token": given["refresh_token"]}).status_code == 200
    assert len(clio.world.grow.oauth.calls) == 3


@pytest.mark.usefixtures("strays")
def test_token_of_manage_refreshes_nothing_here(clio: Simulator) -> None:
    """The refresh tokens and the application of Manage are not Grow's."""
    manage = {**REFRESH, "refresh_token": "simulator-refresh"}
    assert token(clio, **manage).json()["error"] == "invalid_grant"
    other = {**REFRESH, "client_id": clio.switches.client_id}
    assert (token(clio, **other).status_code) == 401
    assert token(clio, **{**REFRESH, "grant_type": "password"}).status_code == 400


def test_token_call_can_go_wrong(clio: Simulator) -> None:
    """A token call can fail before it did anything, or its answer be lost after it did."""
    clio.world.grow.oauth.faults.extend([Status(503), Reset()])
    assert token(clio, **REFRESH).status_code == 503
    with pytest.raises(httpx.TransportError):
        token(clio, **REFRESH)
    assert token(clio, **REFRESH).json()["error"] == "invalid_grant"


def test_revoked_tokens_are_dead(clio: Simulator, http: httpx.Client) -> None:
    """Revoking a refresh token ends it and the access token beside it; it needs the secret."""
    given = token(clio, **REFRESH).json()
    address, form = f"{clio.grow_url}/oauth/revoke", {"token": given["refresh_token"]}
    assert httpx.post(address, data=form).status_code == 401
    secret = ("simulator-grow-app", "simulator-grow-secret")
    assert httpx.post(address, data=form, auth=secret).status_code == 200
    assert http.get("users", headers=bearer(given["access_token"])).status_code == 401
    assert token(clio, **{**REFRESH, "refresh_token": given["refresh_token"]}).status_code == 400
    assert httpx.post(address, data={"token": clio.grow_token}, auth=secret).status_code == 200
    assert http.get("users").status_code == 401
