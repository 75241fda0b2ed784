"""From a query string to a listing: limit, order, paging, timestamps, ids and filters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sources.clio_http.catalog import Collection

from . import filters, hidden, orders, veil
from .errors import Refusal
from .filters import Given, Test
from .paging import Cursor, Listing, read_token
from .store import Row, Store, Table, moment
from .switches import Switches
from .values import milliseconds
from .views import VIEWS

COMMON = {
    "fields",
    "limit",
    "order",
    "page_token",
    "offset",
    "ids[]",
    "updated_since",
    "created_since",
}


@dataclass(frozen=True)
class ListQuery:
    """A list request taken apart: which collection, its path parameters and its query."""

    collection: Collection
    path: Mapping[str, str]
    given: Given

    def one(self, name: str, default: str = "") -> str:
        """Give the first value of a parameter."""
        return self.given.get(name, [default])[0]

    @property
    def documented(self) -> set[str]:
        """Name the filters that Clio documents for this list."""
        return {name for name in self.collection.parameters if not name.startswith("{")}


def check(asked: ListQuery, switches: Switches) -> None:
    """Refuse a request without its required parameters, and unknown ones if so switched."""
    for name, described in asked.collection.parameters.items():
        if described.get("required") and not name.startswith("{") and not asked.one(name):
            raise Refusal(400, f"{name} is required")
    _check_type(asked, switches)
    unknown = set(asked.given) - COMMON - asked.documented
    if switches.strict_parameters and unknown:
        raise Refusal(400, f"unknown parameters: {', '.join(sorted(unknown))}")


def _check_type(asked: ListQuery, switches: Switches) -> None:
    """Refuse `type` of notes in letters that a switch does not want."""
    text, case = asked.one("type"), switches.type_case
    if asked.collection.name != "notes" or case == "any":
        return
    if text != (text.lower() if case == "lower" else text.capitalize()):
        known = asked.collection.parameters["type"]["enum"]
        shown = [each.lower() if case == "lower" else each for each in known]
        raise Refusal(422, f"type must be one of: {', '.join(shown)}")


def _limit(asked: ListQuery, switches: Switches, cursor: Cursor) -> int:
    name, most = asked.collection.name, asked.collection.page_size
    most = min(most, switches.limit_maximum.get(name, most))
    text = asked.one("limit") or str(most)
    if not text.isdigit() or int(text) == 0:
        raise Refusal(422, "limit must be a positive integer")
    if int(text) > most and switches.limit_above_maximum == "refuse":
        raise Refusal(422, f"limit must be at most {most}")
    limit = min(int(text), most)
    bound = switches.token_binds_limit
    if cursor.limit in {0, limit} or bound == "no":
        return limit
    if bound == "refuse":
        raise Refusal(400, "limit is not the one that page_token was made with")
    return cursor.limit


def _moment(text: str, name: str) -> int:
    try:
        return milliseconds(text)
    except ValueError as error:
        raise Refusal(400, f"{name} is not an ISO-8601 timestamp") from error


def _since(name: str, since: int, *, inclusive: bool) -> Test:
    def later(row: Row) -> bool:
        stamp = moment(row.get(name))
        return stamp > since or (inclusive and stamp == since)

    return later


def _times(asked: ListQuery, switches: Switches) -> tuple[list[Test], int]:
    """Give the tests of updated_since and created_since, and the bound on `updated_at`."""
    tests: list[Test] = []
    bound = 0
    inclusive = switches.updated_since_inclusive
    if asked.collection.updated_since and asked.one("updated_since"):
        bound = _moment(asked.one("updated_since"), "updated_since")
        tests.append(_since("updated_at", bound, inclusive=inclusive))
    if asked.collection.created_since and asked.one("created_since"):
        since = _moment(asked.one("created_since"), "created_since")
        tests.append(_since("created_at", since, inclusive=inclusive))
    return tests, bound


def _cursor(asked: ListQuery, switches: Switches) -> tuple[Cursor, str]:
    """Give where the page begins and in which order the list is."""
    order = orders.chosen(asked.collection.name, asked.one("order"), switches)
    if asked.one("page_token"):
        cursor = read_token(asked.one("page_token"), asked.collection.name)
        if cursor.kind != "position":
            return cursor, ""
    else:
        cursor = Cursor("position", _offset(asked), 1)
    if switches.insertion_order and not asked.collection.ordered:
        return cursor, "inserted"
    if switches.id_order_ignored and order == orders.BY_ID:
        return cursor, "id(desc)"
    if order == orders.BY_ID and "offset" not in asked.given and not asked.one("page_token"):
        return Cursor("after", -1, 1), ""
    return cursor, order


def _offset(asked: ListQuery) -> int:
    text = asked.one("offset") or "0"
    if not text.isdigit():
        raise Refusal(422, "offset must be an integer")
    return int(text)


def _ids(asked: ListQuery) -> tuple[int, ...] | None:
    if "ids[]" not in asked.given or not asked.collection.ids:
        return None
    return tuple(sorted({int(text) for text in asked.given["ids[]"] if text.isdigit()}))


def table(asked: ListQuery, store: Store, switches: Switches) -> Table:
    """Give the table, or the rows worked out for this request."""
    view = VIEWS.get(asked.collection.name)
    if view is None:
        return store[asked.collection.name]
    parameters = {name: asked.one(name) for name in view.takes} | dict(asked.path)
    return view.table(asked.collection.name, store, parameters, switches)


def listing(
    asked: ListQuery, store: Store, switches: Switches, schema: Mapping[str, Any]
) -> Listing:
    """Read a request for a list."""
    check(asked, switches)
    name = asked.collection.name
    chosen = filters.chosen(name, schema, asked.documented, asked.given)
    tests, bound = _times(asked, switches)
    if name in hidden.DEFAULTS:
        tests += hidden.DEFAULTS[name](asked.given, switches, store)
    tests += veil.tests(name, switches)
    narrow = chosen.narrow
    if "jurisdiction_id" in asked.path:
        narrow = ("_jurisdiction", int(asked.path["jurisdiction_id"]))
    if name == "document_versions":
        narrow = ("document_id", int(asked.path["id"]))
    cursor, order = _cursor(asked, switches)
    return Listing(
        table=table(asked, store, switches),
        limit=_limit(asked, switches, cursor),
        tests=(*chosen.tests, *tests),
        cursor=cursor,
        order=order,
        since=bound,
        narrow=narrow,
        ids=_ids(asked),
    )
