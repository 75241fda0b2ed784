"""A walk ends only where Clio says so, and never leaves the configured base."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.clio_http.client import ClioClient
from sources.clio_http.limits import Meter
from sources.clio_http.paging import Page, _meta, _tail, fetch, walk
from sources.clio_http.retry import Policy
from sources.errors import (
    BrokenWalkError,
    ForeignHostError,
    PageTokenRefusedError,
    UnreadableAnswerError,
)
from tests.unit.http_loopback import (
    FakeClock,
    Loopback,
    Request,
    Script,
    api_error,
    page,
    reply,
    settings,
)

PARAMS = [("fields", "id,client{id}"), ("order", "id(asc)"), ("updated_since", "2026-01-01")]


def read(server: Loopback, **changes: Any) -> list[Page]:
    """Walk the server's list to its end."""
    with ClioClient(settings(server), FakeClock()) as client:
        return list(walk(client, "contacts", PARAMS, **changes))


def link(request: Request, token: object) -> str:
    """Return a link to the next page as Clio would: on the host that was asked."""
    host = request.headers["host"]
    return f"http://{host}/api/v4/contacts.json?limit=1&page_token={token}"


def pages(count: int) -> Script:
    """Return a list of so many pages of one row."""

    def script(request: Request, _: int) -> bytes:
        number = int(request.params.get("page_token", "1"))
        return page([{"id": number}], link(request, number + 1) if number < count else None)

    return script


def broken(content: object) -> Script:
    """Return a list whose only page has this body."""
    return lambda _, __: reply(200, content)


def test_walk_reads_every_page_with_the_original_parameters() -> None:
    """Each request repeats the filters and adds the token of the page before."""
    with Loopback(pages(3)) as server:
        meter = Meter()
        got = read(server, meter=meter)

    assert [(one.number, one.token, one.next_token) for one in got] == [
        (1, "", "2"),
        (2, "2", "3"),
        (3, "3", ""),
    ]
    assert [json.loads(one.body)["data"] for one in got] == [[{"id": n}] for n in (1, 2, 3)]
    assert meter.requests == 3
    first, second, _ = server.requests
    assert first.params == dict(PARAMS)
    assert second.params == {**dict(PARAMS), "page_token": "2"}


def test_walk_goes_on_from_a_saved_token() -> None:
    """A walk that was interrupted starts at the page it had reached."""
    with Loopback(pages(3)) as server:
        got = read(server, page_token="3")

    assert [(one.number, one.token) for one in got] == [(1, "3")]


def test_fetch_reads_one_page_again() -> None:
    """A page whose rows could not be read is asked for by its own token."""
    with Loopback(pages(3)) as server, ClioClient(settings(server), FakeClock()) as client:
        got = fetch(client, "contacts", PARAMS, "2", meter=Meter())

    assert (got.token, got.next_token) == ("2", "3")


@pytest.mark.parametrize("paging", [{"next": None}, {}, {"previous": "x"}])
def test_absent_or_null_next_is_the_end(paging: dict[str, Any]) -> None:
    """Both forms of an end are understood (A30)."""
    with Loopback(broken({"data": [], "meta": {"paging": paging}})) as server:
        (only,) = read(server)

    assert only.next_token == ""


def test_next_on_another_base_of_clio_is_asked_on_our_own() -> None:
    """Only the token of such a link is used (A30); filters and base stay ours."""

    def script(request: Request, _: int) -> bytes:
        last = "page_token" in request.params
        return page([], None if last else "https://grow.clio.com/api/v2/contacts?page_token=z")

    with Loopback(script) as server:
        read(server)

    assert server.requests[1].path == "/api/v4/contacts.json"
    assert server.requests[1].params == {**dict(PARAMS), "page_token": "z"}


def test_empty_page_with_next_is_not_the_end() -> None:
    """A page without rows that links on is followed (A11)."""

    def script(request: Request, number: int) -> bytes:
        return page([], link(request, number)) if number < 3 else page([{"id": 1}])

    with Loopback(script) as server:
        assert len(read(server)) == 3


@pytest.mark.parametrize("leads_to", [1, 2, 3])
def test_token_seen_before_breaks_the_walk(leads_to: int) -> None:
    """A list that leads back to any earlier page, or to itself, would never end (A8)."""

    def script(request: Request, number: int) -> bytes:
        return page([], link(request, number if number < 4 else leads_to))

    with Loopback(script) as server, pytest.raises(BrokenWalkError):
        read(server)

    assert len(server.requests) == 4


def test_walk_has_a_greatest_number_of_pages() -> None:
    """A list without end is given up, not taken for complete."""
    with Loopback(pages(9)) as server, pytest.raises(BrokenWalkError):
        read(server, max_pages=4)

    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"data": []}, id="no-meta"),
        pytest.param({"data": [], "meta": None}, id="meta-null"),
        pytest.param({"data": [], "meta": []}, id="meta-list"),
        pytest.param({"data": [], "meta": {}}, id="no-paging"),
        pytest.param({"data": [], "meta": {"paging": None}}, id="paging-null"),
        pytest.param({"data": [], "meta": {"paging": "x"}}, id="paging-text"),
        pytest.param({"data": [], "meta": {"paging": {"next": 7}}}, id="next-number"),
        pytest.param({"data": [], "meta": {"paging": {"next": ""}}}, id="next-empty"),
        pytest.param({"data": [{"meta": {"paging": {}}}]}, id="meta-of-a-row"),
        pytest.param({"data": [], 'x],"meta': {"paging": {}}}, id="end-of-another-name"),
    ],
)
def test_unproven_end_breaks_the_walk_at_once(content: object) -> None:
    """Without paging in its place (A12) the list may have more: no page is given, none retried."""
    with Loopback(broken(content)) as server, pytest.raises(BrokenWalkError):
        read(server)

    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'{"data":[{"id":1}', id="cut"),
        pytest.param(b'{"data":[{"id":1}],"meta":{"paging":{}}', id="cut-in-meta"),
        pytest.param(b'{"data":[{"id":1}],"meta":{"paging":{}}}x', id="more-after-it"),
        pytest.param({"data": None, "meta": {"paging": {}}}, id="data-null"),
        pytest.param({"data": {"id": 1}, "meta": {"paging": {}}}, id="data-object"),
        pytest.param({"meta": {"paging": {}}}, id="no-data"),
        pytest.param({"rows": [], "meta": {"paging": {}}}, id="other-list"),
        pytest.param([], id="list"),
        pytest.param(b'{"data":[],"meta":{"paging":{}},"data":null}', id="data-twice"),
    ],
)
def test_page_that_cannot_be_read_is_asked_for_again(content: object) -> None:
    """What is not a page (N5) is treated like a server error, never as an empty page."""

    def script(_: Request, number: int) -> bytes:
        return reply(200, content) if number < 3 else page([])

    with Loopback(script) as server:
        assert len(read(server)) == 1
    with Loopback(broken(content)) as server, pytest.raises(UnreadableAnswerError):
        read(server)

    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "form",
    [
        pytest.param("http://{other}/api/v4/contacts.json?page_token=2", id="other-port"),
        pytest.param("http://{own}@{other}/api/v4/contacts.json?page_token=2", id="user-info"),
        pytest.param("https://{own}/api/v4/contacts.json?page_token=2", id="other-scheme"),
        pytest.param("http://localhost:{port}/api/v4/contacts.json?page_token=2", id="other-name"),
        pytest.param("http://{own}\\@{other}/contacts?page_token=2", id="backslash"),
        pytest.param("file:///contacts?page_token=2", id="file"),
        pytest.param("//{other}/contacts?page_token=2", id="no-scheme"),
        pytest.param("https://evil.example/contacts?page_token=2", id="foreign"),
    ],
)
def test_foreign_next_stops_the_walk_and_nothing_is_sent_there(form: str) -> None:
    """A link to another host (N11) ends the walk; that host gets no request and no token."""
    with Loopback(pages(1)) as other:

        def script(request: Request, _: int) -> bytes:
            host = request.headers["host"]
            names = {"own": host, "other": other.origin[7:], "port": other.origin[-5:]}
            return page([], form.format(**names))

        with Loopback(script) as server, pytest.raises(ForeignHostError) as caught:
            read(server)

    assert other.requests == []
    assert len(server.requests) == 1
    assert "page_token" not in str(caught.value)


def test_refused_token_is_told_apart() -> None:
    """A saved token that Clio no longer accepts (A10) has an error of its own."""
    refusal = reply(422, api_error("ArgumentError", "page_token is invalid"))
    with Loopback(lambda _, __: refusal) as server, pytest.raises(PageTokenRefusedError):
        read(server, page_token="old")


def test_one_attempt_means_one() -> None:
    """The policy of the settings is the one that is kept."""
    with Loopback(broken(b"{")) as server:
        once = settings(server, policy=Policy(attempts=1))
        with ClioClient(once, FakeClock()) as client, pytest.raises(UnreadableAnswerError):
            fetch(client, "contacts", (), "", meter=Meter())

    assert len(server.requests) == 1


JSON = st.recursive(
    st.none() | st.integers(-5, 5) | st.sampled_from(["meta", '"meta"', '],"meta":{', "data", "]"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["meta", "data", "paging", 'x],"meta', "id"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["data", "meta", "x"]), JSON), st.booleans())
def test_short_way_to_meta_equals_the_whole_parse(whole: dict[str, Any], spaced: bool) -> None:
    """Whatever the rows hold, parsing only the end gives the same meta as parsing all of it."""
    whole = {"data": [whole.pop("data", 1)], **whole}
    body = json.dumps(whole, indent=1).encode() if spaced else orjson.dumps(whole)

    assert _meta(body) == whole.get("meta")


def test_short_way_is_taken_for_an_ordinary_page() -> None:
    """A page as Clio sends it needs only its end parsed: rows that are not JSON go unnoticed."""
    body = b'{"data":[{"id":oops}],"meta":{"paging":{"next":"x"},"records":9}}'

    assert _meta(body) == {"paging": {"next": "x"}, "records": 9}
    assert _tail(b'{"meta":{}}]}') is None
