"""What sign-in sends to Clio, what it makes of the answers, and what it never tells."""

import traceback
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import pytest

from sources.clio_http.oauth import DIALECTS, Application, OAuth, oauth_base
from sources.clio_http.secret import Secret
from sources.clio_http.token_answers import code_in
from sources.errors import (
    AnswerLostError,
    ClioError,
    ConfigurationError,
    GrantRefusedError,
    RateLimitedError,
    RequestRefusedError,
    SignInNeededError,
    UnreachableError,
)
from tests.strays import STRAYS
from tests.unit.http_faults import Answer, always, cut, half_then_reset
from tests.unit.http_loopback import FakeClock, Loopback, reply, reset

SECRET = "canary-secret-41"
OLD, NEW = "canary-refresh-old", "canary-refresh-new"
CODE = "canary-code-77"
GIVEN = {"access_token": "canary-access-1", "token_type": "bearer", "expires_in": 3600}
REDIRECT = "http://127.0.0.1:8974/callback"


def application(url: str, product: str = "clio_manage") -> Application:
    """Return an application that signs in at a server of these tests."""
    STRAYS.own(url, [SECRET, OLD, NEW, CODE])
    return Application(product, url, "the-key", Secret(SECRET), REDIRECT, ("one", "two"))


def refresh(answer: Answer) -> tuple[object, Loopback]:
    """Send a refresh token to a server that answers so; give the grant or the error."""
    with Loopback(always(answer)) as server:
        oauth = OAuth(application(server.origin), FakeClock())
        try:
            return oauth.refreshed(Secret(OLD)), server
        except ClioError as error:
            return error, server


@pytest.mark.parametrize(
    ("product", "region", "host"),
    [
        ("clio_manage", "us", "https://app.clio.com"),
        ("clio_manage", "au", "https://au.app.clio.com"),
        ("clio_grow", "us", "https://auth.api.clio.com"),
        ("clio_grow", "eu", "https://eu.auth.api.clio.com"),
    ],
)
def test_each_region_has_its_own_sign_in(product: str, region: str, host: str) -> None:
    """Manage signs in where its API is, Grow at a host for that; each region has its own."""
    assert DIALECTS[product].hosts[region] == host
    assert oauth_base(host) == host


@pytest.mark.parametrize(
    "url",
    ["https://evil.example", "http://app.clio.com", "https://gateway.maton.ai", "ftp://127.0.0.1"],
)
def test_secret_goes_to_clio_or_this_machine(url: str) -> None:
    """An application cannot be made for a host that its secret must not be sent to."""
    with pytest.raises(ConfigurationError):
        application(url)


def test_page_to_open_in_manage() -> None:
    """Manage is given key, address, scopes, a state that nobody can guess, and a challenge."""
    requests = [OAuth(application("https://app.clio.com"), FakeClock()).request() for _ in "12"]
    parts = urlsplit(requests[0].url)
    state = requests[0].state.reveal()

    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://app.clio.com/oauth/authorize"
    asked = parse_qs(parts.query)
    assert asked.pop("code_challenge_method") == ["S256"]
    assert len(asked.pop("code_challenge")[0]) == 43
    assert asked == {
        "response_type": ["code"],
        "client_id": ["the-key"],
        "redirect_uri": [REDIRECT],
        "scope": ["one two"],
        "state": [state],
    }
    assert len(state) >= 40
    assert requests[1].state != requests[0].state
    assert requests[1].verifier != requests[0].verifier


def test_page_to_open_in_grow_has_a_challenge() -> None:
    """Grow is given the SHA-256 of a verifier that is sent with the code alone."""
    request = OAuth(application("https://auth.api.clio.com", "clio_grow"), FakeClock()).request()
    asked = parse_qs(urlsplit(request.url).query)

    digest = sha256(request.verifier.reveal().encode()).digest()
    assert asked["code_challenge"] == [urlsafe_b64encode(digest).decode().rstrip("=")]
    assert asked["code_challenge_method"] == ["S256"]
    assert request.verifier.reveal() not in request.url


def test_code_is_exchanged() -> None:
    """The code goes in a form, with address, key, secret and verifier; nothing is in the URL."""
    with Loopback(always(reply(200, {**GIVEN, "refresh_token": NEW, "scope": "one"}))) as server:
        grant = OAuth(application(server.origin), FakeClock()).exchanged(
            Secret(CODE), Secret("canary-verifier")
        )

    (sent,) = server.requests
    assert (sent.method, sent.path, sent.params) == ("POST", "/oauth/token", {})
    assert sent.form == {
        "grant_type": "authorization_code",
        "code": CODE,
        "redirect_uri": REDIRECT,
        "client_id": "the-key",
        "client_secret": SECRET,
        "code_verifier": "canary-verifier",
    }
    assert "authorization" not in sent.headers
    assert (grant.access_token, grant.refresh_token) == (Secret("canary-access-1"), Secret(NEW))
    assert (grant.expires_in, grant.scope) == (3600, "one")


@pytest.mark.parametrize(("given", "kept"), [({}, OLD), ({"refresh_token": NEW}, NEW)])
def test_refresh_token_is_kept_unless_a_new_one_comes(given: dict[str, str], kept: str) -> None:
    """Manage gives none and the old one stays; Grow gives a new one."""
    grant, server = refresh(reply(200, {**GIVEN, **given}))

    assert getattr(grant, "refresh_token", None) == Secret(kept)
    assert server.requests[0].form["refresh_token"] == OLD
    assert "scope" not in server.requests[0].form


@pytest.mark.parametrize(
    ("life", "seconds"),
    [(60, 60), ("60", 60), (0, 0), (None, None), ("soon", None), (-1, None), ([], None)],
)
def test_lifetime_that_cannot_be_read_loses_no_token(life: object, seconds: int | None) -> None:
    """`expires_in` is what Clio says; where it says nothing sensible the end is not known."""
    grant, _ = refresh(reply(200, {**GIVEN, "refresh_token": NEW, "expires_in": life}))

    assert getattr(grant, "refresh_token", None) == Secret(NEW)
    assert getattr(grant, "expires_in", "absent") == seconds


def named(error: str, status: int = 400) -> bytes:
    """Return an error in the protocol's shape, with a description that quotes what was sent."""
    told = {"error": error, "error_description": f"{OLD} of {SECRET} \N{LATIN SMALL LETTER E}é"}
    return reply(status, told)


MEANINGS = [
    pytest.param(named("invalid_grant"), GrantRefusedError, id="invalid-grant"),
    pytest.param(named("invalid_grant", 401), GrantRefusedError, id="invalid-grant-401"),
    pytest.param(named("invalid_client", 401), ConfigurationError, id="invalid-client"),
    pytest.param(named("unauthorized_client"), ConfigurationError, id="unauthorized-client"),
    pytest.param(named("invalid_scope"), ConfigurationError, id="invalid-scope"),
    pytest.param(named(f"{OLD}"), ConfigurationError, id="unheard-of"),
    pytest.param(named("access_denied"), SignInNeededError, id="denied"),
    pytest.param(
        reply(400, {"error": {"type": "x", "message": OLD}}), RequestRefusedError, id="v4"
    ),
    pytest.param(reply(404, b"<html>"), RequestRefusedError, id="404"),
    pytest.param(reply(429, {"message": OLD}), RateLimitedError, id="429"),
    pytest.param(
        reply(302, b"", location=f"https://x.example/{OLD}"), RequestRefusedError, id="302"
    ),
    pytest.param(reply(500, named("invalid_grant")), AnswerLostError, id="500"),
    pytest.param(reply(503, b"<html>"), AnswerLostError, id="503"),
    pytest.param(reply(200, b"<html>"), AnswerLostError, id="html"),
    pytest.param(reply(200, [OLD]), AnswerLostError, id="list"),
    pytest.param(reply(200, {"token_type": "bearer"}), AnswerLostError, id="no-token"),
    pytest.param(reply(200, {**GIVEN, "access_token": 5}), AnswerLostError, id="number"),
    pytest.param(reply(200, {**GIVEN, "refresh_token": "a b"}), AnswerLostError, id="space"),
    pytest.param(reply(200, b" " * 100_000), AnswerLostError, id="too-large"),
    pytest.param(reply(200, b"x", content_encoding="gzip"), AnswerLostError, id="not-asked-for"),
    pytest.param(cut(reply(200, GIVEN), 9), AnswerLostError, id="cut"),
    pytest.param(half_then_reset, AnswerLostError, id="reset-in-body"),
    pytest.param(reset, AnswerLostError, id="reset"),
]


@pytest.mark.parametrize(("answer", "kind"), MEANINGS)
def test_what_an_answer_means(answer: Answer, kind: type[ClioError]) -> None:
    """Each answer other than tokens has one meaning; the call is never repeated, no redirect is
    followed, and neither token nor secret is in the error, its chain or its traceback.
    """
    error, server = refresh(answer)

    assert type(error) is kind
    assert len(server.requests) == 1
    told = [str(error), repr(vars(error)), *traceback.format_exception(error)]
    assert [text for text in told if "canary" in text] == []
    assert (error.__context__, error.__cause__) == (None, None)


def test_nothing_was_sent_where_nobody_listens() -> None:
    """A refused connection is told apart from a lost answer."""
    with Loopback(always(b"")) as server:
        pass
    with pytest.raises(UnreachableError):
        OAuth(application(server.origin), FakeClock()).refreshed(Secret(OLD))


def test_proxy_of_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """An inherited proxy must not see a secret."""
    with Loopback(always(reply(500, b""))) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.origin)
        grant, _ = refresh(reply(200, GIVEN))

    assert not isinstance(grant, ClioError)
    assert proxy.requests == []


def test_manage_is_told_by_the_access_token_to_forget() -> None:
    """Manage's deauthorize takes the access token as a bearer, and no secret."""
    with Loopback(always(reply(200, b""))) as server:
        OAuth(application(server.origin), FakeClock()).revoke(Secret("access"), Secret("refresh"))

    (sent,) = server.requests
    assert (sent.method, sent.path, sent.form) == ("POST", "/oauth/deauthorize", {})
    assert sent.headers["authorization"] == "Bearer access"


@pytest.mark.parametrize(("refresh_token", "token"), [(Secret("r"), "r"), (None, "a")])
def test_grow_is_told_by_the_application_to_forget(
    refresh_token: Secret | None, token: str
) -> None:
    """Grow's revoke takes the refresh token, or else the access token, by HTTP Basic."""
    with Loopback(always(reply(200, b"{}"))) as server:
        oauth = OAuth(application(server.origin, "clio_grow"), FakeClock())
        oauth.revoke(Secret("a"), refresh_token)

    (sent,) = server.requests
    assert (sent.path, sent.form) == ("/oauth/revoke", {"token": token})
    assert sent.headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply(401, {"error": "invalid_token"}), SignInNeededError),
        (reply(404, b""), RequestRefusedError),
        (reply(400, {"error": "invalid_request"}), RequestRefusedError),
        (reply(500, b""), AnswerLostError),
    ],
)
def test_revoking_that_fails_is_told(answer: bytes, kind: type[ClioError]) -> None:
    """A token that Clio does not know is one thing, a server that fails another."""
    with Loopback(always(answer)) as server, pytest.raises(kind) as caught:
        OAuth(application(server.origin), FakeClock()).revoke(Secret("a"), Secret("r"))
    assert type(caught.value) is kind


@pytest.mark.parametrize("start", ["http://127.0.0.1:8974/callback", "", "https://app.clio.com/x"])
def test_code_in_an_address(start: str) -> None:
    """The code is taken out of an address with the right state, wherever that leads."""
    assert code_in(f"{start}?state=right&code={CODE}", Secret("right")) == Secret(CODE)


@pytest.mark.parametrize(
    "query",
    ["state=wrong&code=c", "code=c", "state=right", "state=right&code=", "", "state=wrong&error=x"],
)
def test_address_of_another_sign_in_is_refused(query: str) -> None:
    """Without the right state and a code there is no code."""
    with pytest.raises(SignInNeededError, match="does not answer the sign-in"):
        code_in(f"http://127.0.0.1/callback?{query}", Secret("right"))


@pytest.mark.parametrize("address", ["http://[", "\0", "?" * 9])
def test_address_that_is_none_is_refused(address: str) -> None:
    """What cannot be read as an address has no code."""
    with pytest.raises(SignInNeededError):
        code_in(address, Secret("right"))


def test_refusal_in_an_address() -> None:
    """A person who says no in Clio ends the sign-in in words."""
    with pytest.raises(SignInNeededError, match="not allowed in Clio"):
        code_in("?error=access_denied&state=right", Secret("right"))


def test_application_shows_no_secret() -> None:
    """Printing an application or what waits for an answer shows no secret."""
    made = application("https://app.clio.com")
    request = OAuth(made, FakeClock()).request()
    assert SECRET not in repr(made)
    assert request.state.reveal() not in repr(request)
