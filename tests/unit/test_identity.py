"""Whose token it is: one warehouse holds one account, proved through one user's eyes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pendulum
import pytest

from pipelines.access.account import Identity, identity_of, is_other_account
from pipelines.state.runs import Meta
from pipelines.state.server import pin, pinned
from pipelines.warehouse import Warehouse

AT = pendulum.datetime(2026, 3, 2, 9, 0, 0)
OURS = Identity("7", "101", "account owner, Admin, Billing")


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """Return an open warehouse."""
    with Warehouse(tmp_path) as opened:
        Meta(opened)
        yield opened


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        (
            {"id": 101, "account": {"id": 7}, "account_owner": True, "roles": ["Billing", "Admin"]},
            OURS,
        ),
        ({"id": 2**60 + 1, "account": {"id": 7}, "roles": []}, Identity("7", str(2**60 + 1), "")),
        ({"id": 101}, Identity("", "101", "")),
        ({"id": 101, "account": None, "roles": None}, Identity("", "101", "")),
        ({"id": 101, "account": 7, "roles": "Admin", "account_owner": "true"}, Identity("", "101")),
        ({}, Identity()),
    ],
)
def test_what_an_answer_tells(user: dict[str, object], expected: Identity) -> None:
    """Account, user and rights, the roles in one order; what is not told is empty."""
    assert identity_of(json.dumps({"data": user}).encode()) == expected


def test_answer_without_data_around_it() -> None:
    """Grow's early access shows single records bare: their account counts as well."""
    assert identity_of(b'{"id":101,"account":{"id":7}}') == Identity("7", "101")


@pytest.mark.parametrize("body", [b"[]", b"null", b'{"data":[]}', b'{"data":null}', b"{}", b"7"])
def test_answer_that_tells_nothing(body: bytes) -> None:
    """Any other JSON is nobody."""
    assert identity_of(body) == Identity()


def test_one_identity_is_pinned(warehouse: Warehouse) -> None:
    """The newest that was taken, for each product; nothing before that."""
    assert pinned(warehouse, "clio_manage") is None
    pin(warehouse, "clio_manage", Identity("7", "1", ""), AT)
    pin(warehouse, "clio_manage", OURS, AT)
    assert pinned(warehouse, "clio_manage") == OURS
    assert pinned(warehouse, "clio_grow") is None
    assert warehouse.rows("select count(*) from meta.accounts") == [(1,)]


@pytest.mark.parametrize(
    ("known", "now", "other"),
    [
        (OURS, OURS, False),
        (OURS, Identity("7", "102", ""), False),
        (OURS, Identity("8", "101", OURS.rights), True),
        (OURS, Identity("", "101", ""), False),
        (Identity("", "101", ""), Identity("8", "101", ""), False),
        (None, OURS, False),
    ],
)
def test_another_account(known: Identity | None, now: Identity, *, other: bool) -> None:
    """Two accounts that are both told and differ; another user is none, nor is silence."""
    assert is_other_account(known, now) == other
