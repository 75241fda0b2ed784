"""Pages of a list: by token in order of id, or by position in any other order; page tokens."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.datastructures import URL

from .answers import Refusal
from .filters import Test
from .store import Row, Store, Table, place
from .switches import Switches

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
FOREIGN = "https://grow.clio.com/api/v2"
"""The base on which the example of a next link in Grow's reference stands."""


def _opaque(text: bytes) -> str:
    return urlsafe_b64encode(text).decode().rstrip("=")


def _opened(token: str) -> bytes:
    return urlsafe_b64decode(token + "=" * (-len(token) % 4))


@dataclass(frozen=True)
class Cursor:
    """Where a page begins; `kind` is after, before (an id) or position.

    `limit` is the size of the pages that its token was made with, 0 where it came with none.
    """

    kind: str
    value: int
    page: int
    limit: int = 0

    def token(self, collection: str) -> str:
        """Write the cursor as an opaque page token of one list of Manage."""
        text = f"{collection}|{self.kind}|{self.value}|{self.page}|{self.limit}"
        return _opaque(text.encode())


def read_token(token: str, collection: str = "") -> Cursor:
    """Read a page token of a list of Manage, of any where none is named."""
    try:
        name, kind, *numbers = _opened(token).decode().split("|")
        value, page, limit = map(int, numbers)
    except (ValueError, Base64Error) as error:
        raise Refusal(422, INVALID) from error
    if collection not in {"", name}:
        raise Refusal(422, INVALID)
    return Cursor(kind, value, page, limit)


def page_number(given: Mapping[str, list[str]], page_size: int) -> int:
    """Tell which page of a list of Manage is asked for, by its token or its offset."""
    token = given.get("page_token", [""])[0]
    if token:
        try:
            return read_token(token).page
        except Refusal:
            return 0
    offset = given.get("offset", ["0"])[0]
    limit = given.get("limit", [str(page_size)])[0]
    size = int(limit) if limit.isdigit() and int(limit) else page_size
    return int(offset) // size + 1 if offset.isdigit() else 1


def grow_token(path: str, cursor: Cursor, filters: Mapping[str, list[str]]) -> str:
    """Write a page token of a list of Grow; `filters` are those of the walk, if it carries them."""
    return _opaque(orjson.dumps([path, cursor.kind, cursor.value, cursor.page, dict(filters)]))


def read_grow_token(text: str, path: str) -> tuple[Cursor, dict[str, list[str]]]:
    """Read the page token of a list of Grow: where the page begins, and the filters in it."""
    try:
        made_for, kind, value, page, filters = orjson.loads(_opened(text))
        cursor, filters = Cursor(str(kind), int(value), int(page)), dict(filters)
    except (ValueError, TypeError, Base64Error) as error:
        raise Refusal(400, INVALID) from error
    if made_for != path or cursor.kind not in {"after", "before"}:
        raise Refusal(400, INVALID)
    return cursor, filters


def grow_link(
    url: URL, path: str, cursor: Cursor, filters: Mapping[str, list[str]], switches: Switches
) -> str:
    """Return the address of a neighbouring page, on the base that the switches say."""
    where, own = switches.grow_next_filters, f"{url.scheme}://{url.netloc}/grow"
    bases = {"server": own, "server_plus_v2": f"{own}/v2", "grow_host_api_v2": FOREIGN}
    token = grow_token(path, cursor, filters if where == "token" else {})
    pieces = [(name, value) for name, given in filters.items() for value in given]
    query = [*(pieces if where == "link" else ()), ("page_token", token)]
    return f"{bases[switches.grow_next_base]}/{path}?{urlencode(query)}"


@dataclass(frozen=True)
class Listing:
    """A list as one request asks for it."""

    table: Table
    limit: int
    tests: tuple[Test, ...]
    cursor: Cursor
    order: str = ""
    since: int = 0
    narrow: tuple[str, object] | None = None
    ids: tuple[int, ...] | None = None


@dataclass(frozen=True)
class RowPage:
    """The rows of one page, and the cursors of its neighbours where there are any."""

    rows: list[Row]
    next: Cursor | None = None
    previous: Cursor | None = None


def _candidates(listing: Listing, after: int) -> Iterator[Row]:
    table = listing.table
    keys: Iterable[int] | None = listing.ids
    if keys is None and listing.narrow is not None:
        keys = table.where(*listing.narrow)
    if keys is None:
        return table.after(after, listing.since)
    found = (table.get(key) for key in keys if key > after)
    return (row for row in found if row is not None)


def matching(listing: Listing, after: int = -1) -> Iterator[Row]:
    """Return the rows that pass every test, in order of id."""
    rows = _candidates(listing, after)
    tests = listing.tests
    if not tests:
        return rows
    if len(tests) == 1:
        return filter(tests[0], rows)
    return (row for row in rows if all(test(row) for test in tests))


def _sort_key(store: Store, targets: Mapping[str, str], name: str) -> Any:  # noqa: ANN401 - what sort takes
    first, _, rest = SAME.get(name, name).partition(".")

    def key(row: Row) -> tuple[bool, float, str]:
        value = place(row) if first == "id" else row.get(first)
        if rest and isinstance(value, int) and first in targets:
            value = store[targets[first]].rows.get(value, {}).get(rest)
        if isinstance(value, int | float):
            return (True, float(value), "")
        return (value is not None, 0.0, str(value or ""))

    return key


def _ordered(listing: Listing, store: Store, targets: Mapping[str, str]) -> list[Row]:
    if listing.order == "inserted":
        rows = [row for key in listing.table.rows if (row := listing.table.get(key)) is not None]
        return [row for row in rows if all(test(row) for test in listing.tests)]
    name, _, direction = listing.order.partition("(")
    rows = list(matching(listing))
    rows.sort(key=_sort_key(store, targets, name), reverse=direction == "desc)")
    return rows


def _by_position(listing: Listing, rows: list[Row]) -> RowPage:
    start, limit = listing.cursor.value, listing.limit
    number = start // limit + 1
    later = Cursor("position", start + limit, number + 1) if start + limit < len(rows) else None
    earlier = Cursor("position", max(0, start - limit), number - 1) if start else None
    return RowPage(rows[start : start + limit], later, earlier)


def _backwards(listing: Listing) -> RowPage:
    before, number = listing.cursor.value, listing.cursor.page
    rows = [row for row in matching(listing) if place(row) < before][-listing.limit :]
    if not rows:
        return RowPage([])
    page = RowPage(rows, Cursor("after", place(rows[-1]), number + 1))
    if number > 1:
        page = replace(page, previous=Cursor("before", place(rows[0]), number - 1))
    return page


def page(listing: Listing, store: Store, targets: Mapping[str, str]) -> RowPage:
    """Return the page that a listing asks for."""
    cursor, limit = listing.cursor, listing.limit
    if cursor.kind == "position":
        if cursor.value >= CEILING:
            raise Refusal(422, f"offset must be below {CEILING}; use cursor pagination")
        return _by_position(listing, _ordered(listing, store, targets))
    if cursor.kind == "before":
        return _backwards(listing)
    rows = list(islice(matching(listing, cursor.value), limit + 1))
    more, rows = len(rows) > limit, rows[:limit]
    number = cursor.page
    return RowPage(
        rows,
        Cursor("after", place(rows[-1]), number + 1) if more else None,
        Cursor("before", place(rows[0]), number - 1) if rows and number > 1 else None,
    )
