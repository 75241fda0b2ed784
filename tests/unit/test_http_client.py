"""What the client sends, what it gives, and what it refuses to do."""

import gzip

import pytest

from sources.clio_http.api import ClientSettings
from sources.clio_http.client import ClioClient
from sources.clio_http.secret import Secret
from sources.errors import (
    ConfigurationError,
    MissingScopeError,
    RedirectRefusedError,
    SignInNeededError,
)
from tests.unit.http_faults import GOOD, always
from tests.unit.http_loopback import TOKEN, FakeClock, Loopback, api_error, reply, settings


def test_gzip_is_read() -> None:
    """A compressed answer is asked for and decoded."""
    packed = reply(200, gzip.compress(b'{"data": []}'), content_encoding="gzip")
    with Loopback(always(packed)) as server, ClioClient(settings(server), FakeClock()) as client:
        assert client.get("users").body == b'{"data": []}'

    assert server.requests[0].headers["accept-encoding"] == "gzip"


def test_signed_address_is_asked_as_it_is() -> None:
    """What a file's address asks with is its signature; no token goes there."""
    with Loopback(always(GOOD)) as server, ClioClient(settings(server), FakeClock()) as client:
        client.fetch_unsigned(f"{server.origin}/file.csv?X-Signature=a1&expires=60")

    (asked,) = server.requests
    assert asked.params == {"X-Signature": "a1", "expires": "60"}
    assert "authorization" not in asked.headers


def test_redirect_is_not_followed() -> None:
    """A redirect to another host (N10) reaches nobody, and only its host is named."""
    with Loopback(always(GOOD)) as other:
        away = reply(302, b"", location=f"{other.origin}/x?key=1")
        with (
            Loopback(always(away)) as server,
            ClioClient(settings(server), FakeClock()) as client,
            pytest.raises(RedirectRefusedError, match=r"a redirect to 127\.0\.0\.1 was not"),
        ):
            client.get("users")

    assert other.requests == []
    assert len(server.requests) == 1


def test_redirect_to_the_sign_in_page_means_a_missing_scope() -> None:
    """Clio may answer a missing scope with its sign-in page (A29)."""
    away = reply(302, b"", location="https://account.clio.com/login?to=x")
    with (
        Loopback(always(away)) as server,
        ClioClient(settings(server), FakeClock()) as client,
        pytest.raises(MissingScopeError, match=r"/activities .* at account\.clio\.com"),
    ):
        client.get("activities")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            {"error": "invalid_token", "error_description": "The access token expired"},
            id="oauth",
        ),
        pytest.param(api_error("Unauthorized", "no"), id="api"),
        pytest.param(["unexpected"], id="list"),
    ],
)
def test_401_asks_to_sign_in_at_once(body: object) -> None:
    """A refused token (A5) is not tried again, in whichever shape the error comes."""
    with (
        Loopback(always(reply(401, body))) as server,
        ClioClient(settings(server), FakeClock()) as client,
        pytest.raises(SignInNeededError) as caught,
    ):
        client.get("users")

    assert len(server.requests) == 1
    assert caught.value.exit_code == 3


def test_request_goes_to_the_configured_base() -> None:
    """Path, parameters, version, token and type of content are sent as documented."""
    with Loopback(always(GOOD)) as server:
        prefixed = settings(server, base_url=f"{server.origin}/clio")
        with ClioClient(prefixed, FakeClock()) as client:
            client.get("activities", [("fields", "id,matter{id}"), ("limit", "200")])

    (request,) = server.requests
    assert request.path == "/clio/api/v4/activities.json"
    assert request.params == {"fields": "id,matter{id}", "limit": "200"}
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["x-api-version"] == "4.0.13"
    assert request.headers["accept"] == "application/json"


def test_proxy_of_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """An inherited proxy variable must not see the traffic."""
    with Loopback(always(GOOD)) as proxy, Loopback(always(GOOD)) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        monkeypatch.setenv("ALL_PROXY", proxy.origin)
        with ClioClient(settings(server), FakeClock()) as client:
            client.get("users")

    assert proxy.requests == []


def test_cookies_are_not_kept() -> None:
    """A session that the server offers is not sent back."""
    answer = reply(200, {"data": []}, set_cookie="session=1; Path=/")
    with Loopback(always(answer)) as server, ClioClient(settings(server), FakeClock()) as client:
        client.get("users")
        client.get("users")

    assert "cookie" not in server.requests[1].headers


def test_answer_holds_time_and_a_few_headers() -> None:
    """Only the headers worth keeping are kept, in lower case."""
    answer = reply(
        200,
        {"data": []},
        Date="Mon, 02 Mar 2026 09:00:05 GMT",
        ETag='"1"',
        X_Request_Id="7",
        X_RateLimit_Limit="50",
    )
    with Loopback(always(answer)) as server, ClioClient(settings(server), FakeClock()) as client:
        got = client.get("users")

    assert got.date == FakeClock().now().add(seconds=5)
    assert sorted(got.headers) == ["content-type", "date", "etag", "x-ratelimit-limit"]


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Mar 2026 09:00:05 GMT"])
def test_answer_without_a_usable_date_has_none(date: str) -> None:
    """A missing or absurd Date (A26) is not made up."""
    answer = reply(200, {"data": []}, date=date)
    with Loopback(always(answer)) as server, ClioClient(settings(server), FakeClock()) as client:
        assert client.get("users").date is None


@pytest.mark.parametrize("reserve", [-0.1, 1.0, 2.0])
def test_reserve_that_leaves_nothing_is_refused(reserve: float) -> None:
    """At least something of the rate limit must be left to use."""
    with pytest.raises(ConfigurationError):
        ClientSettings("clio_manage", "https://app.clio.com", "/api/v4", Secret("x"), {}, reserve)


def test_client_cannot_be_made_for_a_foreign_host() -> None:
    """The token is bound to Clio's hosts before anything is opened."""
    with pytest.raises(ConfigurationError):
        ClientSettings("clio_manage", "https://evil.example", "/api/v4", Secret(TOKEN))
