"""Pages of a list: by token in order of id, or by position in any other order; page tokens."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

import orjson

from .answers import Refusal
from .filters import Given, Narrow, Test
from .store import Row, Store, Table, place

CEILING = 10_000
"""Records that paging by position reaches."""

SAME = {
    "client_name": "client.name",
    "clients": "client.name",
    "contact.name": "name",
    "due_at_strict": "due_at",
    "matter_id": "matter",
}
"""Orders that are named otherwise than the field that they go by."""

INVALID = "page_token is invalid"


@dataclass(frozen=True)
class Cursor:
    """Where a page begins; `kind` is after, before (an id) or position.

    `limit` is the size of the pages that its token was made with, 0 where it came with none.
    """

    kind: str
    value: int
    page: int
    limit: int = 0

    def token(self, walked: str, filters: Mapping[str, list[str]] | None = None) -> str:
        """Write the cursor as an opaque page token of one list, with filters if it carries them."""
        text = f"{walked}|{self.kind}|{self.value}|{self.page}|{self.limit}"
        more = f"|{orjson.dumps(filters).decode()}" if filters is not None else ""
        return urlsafe_b64encode(f"{text}{more}".encode()).decode().rstrip("=")


START = Cursor("after", -1, 1)


def read_token(token: str, walked: str = "", status: int = 422) -> tuple[Cursor, Given]:
    """Read a page token, of any list where none is named: where its page begins, and its filters.

    `status` is that of the refusal of a token that is none, or that of another list.
    """
    try:
        text = urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        name, kind, value, page, limit, *filters = text.split("|", 5)
        cursor = Cursor(kind, int(value), int(page), int(limit))
        given = Given(orjson.loads(filters[0]) if filters else {})
    except (ValueError, Base64Error) as error:
        raise Refusal(status, INVALID) from error
    if walked not in {"", name}:
        raise Refusal(status, INVALID)
    return cursor, given


def page_number(given: Given, page_size: int) -> int:
    """Tell which page of a list of Manage is asked for, by its token or its offset."""
    if token := given.one("page_token"):
        try:
            return read_token(token)[0].page
        except Refusal:
            return 0
    offset, limit = given.one("offset", "0"), given.one("limit")
    size = int(limit) if limit.isdigit() and int(limit) else page_size
    return int(offset) // size + 1 if offset.isdigit() else 1


@dataclass(frozen=True)
class Listing:
    """A list as one request asks for it; `targets` says where the references of its rows lead."""

    store: Store
    table: Table
    limit: int
    tests: list[Test]
    cursor: Cursor
    order: str = ""
    since: int = 0
    narrow: Narrow | None = None
    ids: list[int] | None = None
    targets: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RowPage:
    """The rows of one page, and the cursors of its neighbours where there are any."""

    rows: list[Row]
    next: Cursor | None = None
    previous: Cursor | None = None


def matching(listing: Listing, after: int = -1) -> Iterator[Row]:
    """Return the rows that pass every test, in order of id."""
    table, tests = listing.table, listing.tests
    keys: Iterable[int] | None = listing.ids
    if keys is None and listing.narrow is not None:
        keys = table.where(*listing.narrow)
    if keys is None:
        rows = table.after(after, listing.since)
    else:
        found = (table.get(key) for key in keys if key > after)
        rows = (row for row in found if row is not None)
    if len(tests) < 2:
        return filter(tests[0], rows) if tests else rows
    return (row for row in rows if all(test(row) for test in tests))


def _ordered(listing: Listing) -> list[Row]:
    if listing.order == "inserted":
        seen = filter(None, map(listing.table.get, listing.table.rows))
        return [row for row in seen if all(test(row) for test in listing.tests)]
    name, _, direction = listing.order.partition("(")
    first, _, rest = SAME.get(name, name).partition(".")

    def key(row: Row) -> tuple[bool, float, str]:
        value = place(row) if first == "id" else row.get(first)
        if rest and isinstance(value, int) and first in listing.targets:
            value = listing.store[listing.targets[first]].rows.get(value, {}).get(rest)
        if isinstance(value, int | float):
            return (True, float(value), "")
        return (value is not None, 0.0, str(value or ""))

    return sorted(matching(listing), key=key, reverse=direction == "desc)")


def page(listing: Listing) -> RowPage:
    """Return the page that a listing asks for."""
    start, limit, number = listing.cursor.value, listing.limit, listing.cursor.page
    if listing.cursor.kind == "position":
        if start >= CEILING:
            raise Refusal(422, f"offset must be below {CEILING}; use cursor pagination")
        rows, number = _ordered(listing), start // limit + 1
        more = start + limit < len(rows)
        later = Cursor("position", start + limit, number + 1) if more else None
        earlier = Cursor("position", max(0, start - limit), number - 1) if start else None
        return RowPage(rows[start : start + limit], later, earlier)
    if listing.cursor.kind == "before":
        rows, more = [row for row in matching(listing) if place(row) < start][-limit:], True
    else:
        found = list(islice(matching(listing, start), limit + 1))
        rows, more = found[:limit], len(found) > limit
    return RowPage(
        rows,
        Cursor("after", place(rows[-1]), number + 1) if rows and more else None,
        Cursor("before", place(rows[0]), number - 1) if rows and number > 1 else None,
    )
