"""The write edge: what is never sent, and what each answer means."""

import json
from typing import Any

import pytest

from sources.clio_http.api import ClientSettings
from sources.clio_http.clock import SystemClock
from sources.clio_http.exchange import RawAnswer
from sources.clio_http.secret import Secret
from sources.clio_http.writes import COLLECTIONS, Effect, Patch, address, check, effect_of
from sources.clio_manage import writable
from sources.errors import WriteRefusedError

BODY = '{"data":{"description":"x"}}'
JSON = {"content-type": "application/json; charset=utf-8"}


def patch(**changes: str) -> Patch:
    """Make a PATCH that may be sent, unless changed."""
    given = {
        "resource": "matters",
        "record_id": "7",
        "if_match": '"abc"',
        "body": BODY,
        "fields": "id,etag",
        **changes,
    }
    return Patch(**given)


def settings(product: str = "clio_manage") -> ClientSettings:
    """Make the settings of a client of this machine."""
    return ClientSettings(product, "http://127.0.0.1:9", "/api/v4", Secret("t"))


def test_both_lists_name_the_same_collections() -> None:
    """The edge states the nine collections again; neither list can widen the other unseen."""
    assert COLLECTIONS == writable.COLLECTIONS
    assert len(COLLECTIONS) == 9


@pytest.mark.parametrize(
    "changes",
    [
        {"resource": "bills"},
        {"resource": "line_items"},
        {"resource": "trust_line_items"},
        {"resource": "bank_transactions"},
        {"resource": "clio_payments/payments"},
        {"resource": "allocations"},
        {"resource": "users"},
        {"resource": "webhooks"},
        {"resource": "matters/7/../bills"},
        {"record_id": ""},
        {"record_id": "7/related"},
        {"record_id": "../bills/7"},
        {"record_id": "7?x=1"},
        {"record_id": "7.json"},
        {"record_id": "7\n"},
        {"if_match": ""},
        {"if_match": " "},
        {"if_match": "*"},
        {"if_match": 'W/"abc"'},
        {"if_match": "W/abc"},
        {"if_match": '"a","b"'},
        {"if_match": 'a, "b"'},
        {"if_match": '""'},
        {"if_match": '"a"\r\nX-Evil: 1'},
        {"if_match": '"\u00e9"'},
        {"if_match": "None, *"},
        {"body": ""},
        {"body": "[]"},
        {"body": '{"data":[]}'},
        {"body": '{"data":{},"more":1}'},
        {"body": "{"},
    ],
)
def test_never_sent(changes: dict[str, str]) -> None:
    """Money, users, other addresses and an unguarded or unreadable write are refused."""
    with pytest.raises(WriteRefusedError):
        check(patch(**changes), settings())


def test_never_to_grow() -> None:
    """Nothing is written to Grow."""
    with pytest.raises(WriteRefusedError):
        check(patch(), settings("clio_grow"))


@pytest.mark.parametrize("tag", ['"abc"', '"a,b"', "abc-1", '"W/x"'])
def test_sent_as_it_is(tag: str) -> None:
    """A strong tag is good in quotes or without, also with a comma inside the quotes."""
    check(patch(if_match=tag), settings())
    assert address(patch(), settings()) == "http://127.0.0.1:9/api/v4/matters/7.json?fields=id,etag"


def good(**record: Any) -> bytes:
    """Make the body of a good answer."""
    return json.dumps({"data": {"id": 7, "etag": '"new"', **record}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "headers", "effect"),
    [
        (200, good(), JSON, Effect.ACCEPTED),
        (200, good(id=8), JSON, Effect.UNKNOWN),
        (200, good(etag=None), JSON, Effect.UNKNOWN),
        (200, good()[:-3], JSON, Effect.UNKNOWN),
        (200, good()[:-2] + b',"id":7}}', JSON, Effect.UNKNOWN),
        (200, b'{"data":[]}', JSON, Effect.UNKNOWN),
        (200, b"<html>", {"content-type": "text/html"}, Effect.UNKNOWN),
        (200, good(), {}, Effect.UNKNOWN),
        (201, good(), JSON, Effect.UNKNOWN),
        (202, b"", JSON, Effect.UNKNOWN),
        (204, b"", {}, Effect.UNKNOWN),
        (412, b"", JSON, Effect.CHANGED),
        (429, b"", {"retry-after": "7"}, Effect.DEFERRED),
        (401, b"{}", JSON, Effect.DEFERRED),
        *((status, b"{}", JSON, Effect.REFUSED) for status in (400, 403, 404, 409, 422, 428)),
        *((status, b"", JSON, Effect.REFUSED) for status in (301, 302, 303, 307, 308)),
        *((status, b"", JSON, Effect.UNKNOWN) for status in (402, 405, 408, 410, 418, 451)),
        *((status, b"", JSON, Effect.UNKNOWN) for status in (500, 501, 502, 503, 504, 599)),
    ],
)
def test_effect(status: int, body: bytes, headers: dict[str, str], effect: Effect) -> None:
    """Each answer has one meaning; what is not known to mean something else is unknown."""
    found = effect_of(RawAnswer(status, headers, body), patch(), SystemClock())
    assert found.effect is effect
    assert found.status == status
    assert (found.record is not None) == (effect is Effect.ACCEPTED)


def test_wait_is_what_clio_asks_for() -> None:
    """A deferral says how long."""
    found = effect_of(RawAnswer(429, {"retry-after": "7"}, b""), patch(), SystemClock())
    assert found.wait == 7


def test_reason_holds_field_names_and_nothing_of_the_record() -> None:
    """Why Clio refused is told by its type and by fields that were sent, never by its words."""
    told = {"error": {"type": "ArgumentError", "message": "description of Smith is too long"}}
    found = effect_of(RawAnswer(422, JSON, json.dumps(told).encode()), patch(), SystemClock())
    assert found.told == "Clio refused it with 422, ArgumentError, about description"


def test_numbers_keep_their_digits() -> None:
    """A number with a fraction is read as it stands."""
    body = b'{"data":{"id":7,"etag":"x","price":0.10}}'
    found = effect_of(RawAnswer(200, JSON, body), patch(), SystemClock())
    assert str((found.record or {})["price"]) == "0.10"
