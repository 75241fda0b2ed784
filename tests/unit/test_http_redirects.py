"""Redirects within the API are followed by path; all others are not."""

from dataclasses import replace

import pytest

from sources.clio_http.api import ClientSettings
from sources.clio_http.client import ClioClient
from sources.clio_http.paging import walk
from sources.errors import MissingScopeError, MovedError, RedirectRefusedError
from tests.unit.http_loopback import FakeClock, Loopback, Request, page, reply, settings

OLD, NEW = "/api/v4/practice_areas.json", "/api/v4/practice_areas_with_categories.json"
PARAMS = [("fields", "id"), ("limit", "200")]


def of(server: Loopback) -> ClientSettings:
    """Return the settings of a client of Clio Manage at a server."""
    return replace(settings(server), api_path="/api/v4")


def pages_after(where: str) -> list[Request]:
    """Walk a list of two pages that a redirect leads to; give the requests."""

    def script(request: Request, number: int) -> bytes:
        if request.path == OLD:
            return reply(307, b"", location=where.replace("{origin}", server.origin))
        link = f"{server.origin}{NEW}?page_token=two&fields=id"
        return page([{"id": number}], None if "page_token" in request.params else link)

    with Loopback(script) as server, ClioClient(of(server), FakeClock()) as client:
        assert len(list(walk(client, "practice_areas", PARAMS))) == 2
        assert len(list(walk(client, "practice_areas", PARAMS))) == 2
    return server.requests


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("{origin}/api/v4/practice_areas_with_categories?fields=etag", id="whole"),
        pytest.param("/api/v4/practice_areas_with_categories.json", id="path"),
    ],
)
def test_path_of_the_same_api_is_followed_and_remembered(where: str) -> None:
    """One request more for all pages of the run; of the redirect nothing but the path is used."""
    asked = pages_after(where)
    assert [request.path for request in asked] == [OLD, NEW, NEW, NEW, NEW]
    assert {request.params["fields"] for request in asked} == {"id"}
    assert [request.params.get("page_token") for request in asked[1:]] == [None, "two", None, "two"]


@pytest.mark.parametrize(
    "where",
    [
        pytest.param("{origin}/practice_areas", id="outside-the-api"),
        pytest.param("/api/v4/../applications", id="upwards"),
        pytest.param("/api/v4//practice_areas", id="empty-part"),
        pytest.param("/api/v4/practice%5Fareas", id="escaped"),
        pytest.param("//evil.example/api/v4/x", id="no-scheme"),
        pytest.param("http://evil.example/api/v4/x", id="other-host"),
        pytest.param("https://127.0.0.1/api/v4/x", id="other-scheme-and-port"),
        pytest.param("{user}/api/v4/x", id="with-a-user"),
        pytest.param("/api/v4/practice_areas.json", id="itself"),
        pytest.param("", id="nowhere"),
    ],
)
def test_other_redirects_are_not_followed(where: str) -> None:
    """One request, and the collection fails."""

    def script(request: Request, number: int) -> bytes:
        user = server.origin.replace("http://", "http://me@")
        there = where.replace("{origin}", server.origin).replace("{user}", user)
        return reply(307, b"", location=there)

    with (
        Loopback(script) as server,
        ClioClient(of(server), FakeClock()) as client,
        pytest.raises(RedirectRefusedError),
    ):
        client.get("practice_areas")
    assert len(server.requests) == 1


def test_redirect_is_followed_once() -> None:
    """A path that leads on to another one is not followed further."""

    def script(request: Request, number: int) -> bytes:
        return reply(307, b"", location=f"/api/v4/place{number}")

    with (
        Loopback(script) as server,
        ClioClient(of(server), FakeClock()) as client,
        pytest.raises(MovedError, match="practice_areas was answered with 307"),
    ):
        client.get("practice_areas")
    assert [request.path for request in server.requests] == [OLD, "/api/v4/place1.json"]


def test_redirect_to_another_host_names_the_likely_cause() -> None:
    """A network that wants a sign-in first redirects everything to its own page."""
    away = reply(302, b"", location="https://wifi.hotel.example/login?to=x")
    with (
        Loopback(lambda *_: away) as server,
        ClioClient(of(server), FakeClock()) as client,
        pytest.raises(RedirectRefusedError, match=r"wifi\.hotel\.example .* sign-in page of"),
    ):
        client.get("users")


def test_sign_in_page_of_clio_is_still_a_missing_scope() -> None:
    """Also where it is a path of the same server outside the API."""
    away = reply(302, b"", location="/session/new")
    with (
        Loopback(lambda *_: away) as server,
        ClioClient(of(server), FakeClock()) as client,
        pytest.raises(MissingScopeError),
    ):
        client.get("users")
