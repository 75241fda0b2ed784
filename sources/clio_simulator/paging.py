"""Pages of a list: by token in order of id, or by position in any other order."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from .errors import Refusal
from .filters import Test
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
        """Write the cursor as an opaque page token of one list."""
        text = f"{collection}|{self.kind}|{self.value}|{self.page}|{self.limit}"
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def peek(token: str) -> Cursor:
    """Read a page token of any list."""
    return _read(token)[1]


def read_token(token: str, collection: str) -> Cursor:
    """Read a page token."""
    name, cursor = _read(token)
    if name != collection:
        raise Refusal(422, "page_token is invalid")
    return cursor


def _read(token: str) -> tuple[str, Cursor]:
    try:
        text = urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
        name, kind, *numbers = text.split("|")
        value, page, limit = map(int, numbers)
        return name, Cursor(kind, value, page, limit)
    except (ValueError, Base64Error) as error:
        raise Refusal(422, "page_token is invalid") from error


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
    number: int
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
    """Give the rows that pass every test, in order of id."""
    rows = _candidates(listing, after)
    tests = listing.tests
    if not tests:
        return rows
    if len(tests) == 1:
        return filter(tests[0], rows)
    return (row for row in rows if all(test(row) for test in tests))


def _sort_key(store: Store, targets: Mapping[str, str], name: str) -> Any:  # noqa: ANN401
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
        keys = (table_key for table_key in listing.table.rows)
        rows = [row for key in keys if (row := listing.table.get(key)) is not None]
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
    return RowPage(rows[start : start + limit], number, later, earlier)


def _backwards(listing: Listing) -> RowPage:
    before, number = listing.cursor.value, listing.cursor.page
    rows = [row for row in matching(listing) if place(row) < before][-listing.limit :]
    if not rows:
        return RowPage([], number)
    page = RowPage(rows, number, Cursor("after", place(rows[-1]), number + 1))
    if number > 1:
        page = replace(page, previous=Cursor("before", place(rows[0]), number - 1))
    return page


def page(listing: Listing, store: Store, targets: Mapping[str, str]) -> RowPage:
    """Give the page that a listing asks for."""
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
        number,
        Cursor("after", place(rows[-1]), number + 1) if more else None,
        Cursor("before", place(rows[0]), number - 1) if rows and number > 1 else None,
    )
