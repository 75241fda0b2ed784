"""How Grow differs at the edge: what is sent, what is believed, and what its refusals mean."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pendulum
import pytest

from sources.clio_grow.settings import BACK_OFF, VERSIONS
from sources.clio_grow.versions import catalog_of
from sources.clio_http.api import ClientSettings
from sources.clio_http.catalog import read_catalog
from sources.clio_http.client import ClioClient
from sources.clio_http.hosts import base_origin, next_token
from sources.clio_http.plan import List, WalkPlan
from sources.clio_http.retry import Policy
from sources.clio_http.secret import Secret
from sources.clio_http.statuses import RequestContext, error_for
from sources.clio_http.walks import Walk
from sources.errors import (
    BrokenWalkError,
    ForeignHostError,
    MissingScopeError,
    RateLimitedError,
    RedirectRefusedError,
    SignInNeededError,
    UnavailableError,
)
from tests.unit.http_loopback import START, FakeClock, Loopback, Request, page, reply

GROW = read_catalog("clio_grow")
EARLY = catalog_of("v1")
STAMP = "2026-03-02T09:00:00Z"
BASES = {
    "api": "https://api.clio.com/grow/contacts?page_token=T2",
    "api v2": "https://api.clio.com/grow/v2/contacts?page_token=T2",
    "grow": "https://grow.clio.com/api/v2/contacts?page_token=T2",
}
Script = Callable[[Request, int], bytes]


def contact(key: int, **more: object) -> dict[str, Any]:
    """Return a contact as Grow sends it."""
    return {"id": key, "created_at": STAMP, "updated_at": STAMP, **more}


def client(server: Loopback, *, bare: bool = False) -> ClioClient:
    """Return a client of Grow that leads to a server of these tests."""
    settings = ClientSettings(
        "clio_grow",
        server.origin + "/grow",
        "",
        Secret("token-for-tests"),
        headers=VERSIONS["v2"].headers,
        suffix="",
        policy=Policy(attempts=2, waits=BACK_OFF),
        bare=bare,
    )
    return ClioClient(settings, FakeClock())


def walked(script: Script, name: str = "contacts", **changes: Any) -> tuple[Walk, list[Request]]:
    """Walk a collection to its end; give the walk and what was asked."""
    bare = changes.pop("bare", False)
    collection = (EARLY if bare else GROW).loaded[name]
    lists = tuple(List(collection.path, tuple(v.items())) for v in collection.variants)
    plan = WalkPlan(collection, "first", START, lists, **changes)
    with Loopback(script) as server, client(server, bare=bare) as grow:
        walk = Walk(grow, plan, FakeClock(), ThreadPoolExecutor(1))
        for _ in walk.readings():
            pass
        return walk, server.requests


def test_lists_are_sent_only_what_grow_documents() -> None:
    """The filters and `include`; no fields, no limit, no order, no suffix."""
    since = pendulum.datetime(2026, 3, 1, 8, 30)
    walk, (asked,) = walked(lambda *_: page([contact(1)]), since=since)
    assert walk.complete
    assert asked.path == "/grow/contacts"
    assert asked.params == {
        "include": "custom_field_values",
        "updated_since": "2026-03-01T08:30:00Z",
    }
    assert asked.headers["x-api-version"] == VERSIONS["v2"].headers["X-API-Version"]


def test_both_states_of_leads_are_walked() -> None:
    """One list for each, since the state is required."""
    walk, asked = walked(lambda *_: page([]), "inbox_leads")
    assert walk.complete
    assert [one.params for one in asked] == [{"state": "untriaged"}, {"state": "ignored"}]


@pytest.mark.parametrize("link", BASES.values(), ids=BASES)
@pytest.mark.parametrize("base", ["https://api.clio.com/grow", "http://127.0.0.1:8421/grow"])
def test_the_token_is_taken_from_every_documented_link(base: str, link: str) -> None:
    """Clio's texts show three addresses for the next page."""
    assert next_token(link, "contacts", base_origin(base)) == "T2"


@pytest.mark.parametrize("region", ["ca", "eu", "au"])
def test_links_stay_in_their_region(region: str) -> None:
    """Another region's link is as foreign as any."""
    base = base_origin(VERSIONS["v2"].hosts[region])
    near = f"https://{region}.grow.clio.com/api/v2/contacts?page_token=T2"
    assert next_token(near, "contacts", base) == "T2"
    with pytest.raises(ForeignHostError):
        next_token(BASES["grow"], "contacts", base)


@pytest.mark.parametrize("link", BASES.values(), ids=BASES)
def test_the_next_page_is_asked_of_the_own_base_with_the_filters(link: str) -> None:
    """Whatever the link says, and whether or not it carries the filters."""

    def script(asked: Request, _: int) -> bytes:
        second = "page_token" in asked.params
        return page([contact(2)]) if second else page([contact(1)], link)

    walk, (first, second) = walked(script)
    assert walk.complete
    assert second.path == first.path == "/grow/contacts"
    assert second.params == {**first.params, "page_token": "T2"}


def test_next_may_be_null() -> None:
    """The last page has no `next`, or a null there."""
    body = {"data": [contact(1)], "meta": {"paging": {"next": None, "previous": None}}}
    walk, asked = walked(lambda *_: reply(200, body))
    assert walk.complete
    assert len(asked) == 1


ASKED = RequestContext("contacts")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"error":{"status":"403","message":"Missing scope: grow_contact_read"}}', True),
        (b'{"error":{"status":"forbidden","message":"custom_field_read is required"}}', True),
        (b'{"message":"matter_note_read scope is needed"}', True),
        (b'{"message":"Ann Lee may not"}', False),
        (b"", False),
    ],
)
def test_a_403_names_its_scope_and_nothing_else(body: bytes, told: bool) -> None:
    """Either shape of body is read; of the words only a scope is repeated."""
    error = error_for(403, body, "", ASKED)
    assert isinstance(error, MissingScopeError)
    assert ("is missing" in str(error)) is told
    assert "Ann" not in str(error)


@pytest.mark.parametrize(
    "location",
    [
        "https://auth.api.clio.com/oauth/authorize?client_id=1",
        "https://auth.api.clio.com/",
        "https://account.clio.com",
        "https://eu.auth.api.clio.com/login",
    ],
)
def test_a_redirect_to_the_sign_in_is_a_missing_scope(location: str) -> None:
    """It is not followed; the host is named, the query is not."""
    error = error_for(302, b"", location, ASKED)
    assert isinstance(error, MissingScopeError)
    assert "client_id" not in str(error)


def test_another_redirect_is_none() -> None:
    """Only the sign-in means a scope."""
    error = error_for(302, b"", "https://api.clio.com/grow/v2/contacts", ASKED)
    assert isinstance(error, RedirectRefusedError)


@pytest.mark.parametrize(
    "answer",
    [reply(403, {"error": {"status": "403", "message": "no"}}),
     reply(302, b"", location="https://auth.api.clio.com/login")],
    ids=["403", "302"],
)  # fmt: skip
def test_the_scope_of_the_collection_is_named(answer: bytes) -> None:
    """Where Clio does not say which, the catalogue knows."""
    walk, _ = walked(lambda *_: answer)
    assert isinstance(walk.error, MissingScopeError)
    assert str(walk.error).endswith("it needs the scope grow_contact_read")


def test_a_scope_that_clio_names_stands() -> None:
    """The collection's own is not put beside it."""
    answer = reply(403, {"error": {"status": "403", "message": "custom_field_read missing"}})
    walk, _ = walked(lambda *_: answer)
    assert str(walk.error).endswith("custom_field_read is missing")


BODIES = {
    "gateway": {"message": "Too Many Requests"},
    "error": {"error": {"status": "429", "message": "Too Many Requests"}},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_back_off_without_retry_after(body: object) -> None:
    """1, 2, 4, 8 and 16 seconds, then it is over: five further tries."""
    with Loopback(lambda *_: reply(429, body)) as server, client(server) as grow:
        clock = grow._clock
        with pytest.raises(RateLimitedError):
            grow.get("contacts")
    assert len(server.requests) == 6
    assert isinstance(clock, FakeClock)
    for waited, asked in zip(clock.sleeps, BACK_OFF, strict=True):
        assert asked <= waited <= asked * 1.1


def test_retry_after_is_obeyed_and_is_not_counted_with_the_others() -> None:
    """Who says how long may say it more often."""
    answers = [*[reply(429, BODIES["gateway"], retry_after="3")] * 8, page([])]
    with Loopback(lambda _, at: answers[at - 1]) as server, client(server) as grow:
        grow.get("contacts")
        assert isinstance(grow._clock, FakeClock)
        assert grow._clock.sleeps == [3.0] * 8


def test_a_504_in_the_middle_is_never_no_data() -> None:
    """The walk ends where it stood, with an error; what was read before it is kept."""

    def script(asked: Request, _: int) -> bytes:
        return reply(504, b"") if "page_token" in asked.params else page([contact(1)], BASES["api"])

    walk, asked = walked(script)
    assert isinstance(walk.error, UnavailableError)
    assert not walk.complete
    assert walk.point.page_token == "T2"
    assert len(asked) == 3


def test_a_refused_token_is_a_sign_in() -> None:
    """A body of the gateway's own shape changes nothing of that."""
    assert isinstance(error_for(401, b'{"message":"Unauthorized"}', "", ASKED), SignInNeededError)


# Early access...


def bare_page(rows: int) -> bytes:
    """Return a page that says nothing of paging."""
    return reply(200, {"data": [contact(key) for key in range(1, rows + 1)]})


def test_an_unmarked_page_that_is_not_full_is_the_last() -> None:
    """The page of v1 shows no `meta`."""
    walk, asked = walked(lambda *_: bare_page(199), bare=True)
    assert walk.complete
    assert [one.params for one in asked] == [{}]


def test_an_unmarked_page_that_is_full_ends_the_walk() -> None:
    """Nobody can tell whether there is more, and rows must not be missing unseen."""
    walk, _ = walked(lambda *_: bare_page(200), bare=True)
    assert isinstance(walk.error, BrokenWalkError)
    assert not walk.complete


def test_the_current_version_must_mark_its_pages() -> None:
    """There a page without `meta` is a fault."""
    walk, _ = walked(lambda *_: bare_page(1))
    assert isinstance(walk.error, BrokenWalkError)


def test_early_access_may_mark_its_pages_all_the_same() -> None:
    """Then the mark counts."""

    def script(asked: Request, _: int) -> bytes:
        second = "page_token" in asked.params
        return page([contact(2)]) if second else page([contact(1)], BASES["grow"])

    walk, asked = walked(script, bare=True)
    assert walk.complete
    assert len(asked) == 2


@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize("wrapped", [True, False])
def test_a_single_record_may_be_bare_in_early_access_only(bare: bool, wrapped: bool) -> None:
    """There its samples show no `data` around it."""
    body = {"data": contact(5)} if wrapped else contact(5)
    collection = (EARLY if bare else GROW).loaded["contacts"]
    plan = WalkPlan(collection, "first", START, (List("contacts"),))
    with Loopback(lambda *_: reply(200, body)) as server, client(server, bare=bare) as grow:
        records = Walk(grow, plan, FakeClock()).records
        if wrapped or bare:
            found = records.one(5)
            assert found is not None
            assert found.table["id"].to_pylist() == [5]
        else:
            with pytest.raises(BrokenWalkError):
                records.one(5)
        (asked,) = server.requests
    assert asked.params == ({} if bare else {"include": "custom_field_values"})


def test_ids_are_asked_for_fifty_at_a_time() -> None:
    """In both states of leads, and with nothing that Grow does not know."""
    collection = GROW.loaded["inbox_leads"]
    lists = tuple(List(collection.path, tuple(v.items())) for v in collection.variants)
    plan = replace(WalkPlan(collection, "first", START, ()), lists=lists)
    with Loopback(lambda *_: page([])) as server, client(server) as grow:
        Walk(grow, plan, FakeClock()).records.by_ids(list(range(1, 61)))
        assert [one.params for one in server.requests] == [
            {"state": state, "ids[]": last}  # the loopback keeps the last of several
            for last in ("50", "60")
            for state in ("untriaged", "ignored")
        ]
