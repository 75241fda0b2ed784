"""From a query string to a listing: orders, limits, timestamps, ids and filters of each product."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sources.clio_http.catalog import Collection

from . import filters
from .answers import Refusal, not_found
from .filters import Given, Test, truth
from .grow_records import ALL_LEADS, PAGED, PARENTS, STATES, Operation, is_id, own_lead, table
from .paging import Cursor, Listing, read_token
from .store import Row, Store, Table, moment
from .switches import Switches
from .values import data, milliseconds
from .views import VIEWS

COMMON = {
    "fields", "limit", "order", "page_token", "offset", "ids[]", "updated_since", "created_since",
}  # fmt: skip
BY_ID = "id(asc)"
MOST_IDS = 50
SEARCHED = ("name", "first_name", "last_name", "email", "phone_number")


@dataclass(frozen=True)
class Orders:
    """What a list documents: the order when none is asked for, and those that may be asked for.

    Without `listed`, any may. `by_relationship` says that `id` stands for the id of the
    relationship inside each row.
    """

    default: str = BY_ID
    listed: tuple[str, ...] = ()
    by_relationship: bool = False


@lru_cache
def documented_orders() -> dict[str, Orders]:
    """Return the lists that document an order, by collection."""
    return {
        name: Orders(
            entry["default"], tuple(entry.get("orders", ())), bool(entry.get("by_relationship"))
        )
        for name, entry in data("orders").items()
    }


def _order(collection: str, asked: str, switches: Switches) -> str:
    """Return the order that a list is in when `asked` is asked for, empty for none."""
    known = documented_orders().get(collection)
    if known is None:
        if asked and switches.undocumented_order == "refuse":
            raise Refusal(400, "order is not a parameter of this list")
        return BY_ID
    if not asked or not known.listed or asked in known.listed:
        return asked or known.default
    if switches.order_not_listed == "ignore":
        return known.default
    raise Refusal(400, f"order must be one of: {', '.join(known.listed)}")


def _times(given: Mapping[str, str], *, inclusive: bool) -> tuple[list[Test], int]:
    """Return the tests of updated_since and created_since, and the bound on `updated_at`."""
    tests: list[Test] = []
    bound = 0
    for name, field in (("updated_since", "updated_at"), ("created_since", "created_at")):
        if not given.get(name):
            continue
        try:
            since = milliseconds(given[name])
        except ValueError as error:
            raise Refusal(400, f"{name} is not an ISO-8601 timestamp") from error
        bound = since if name == "updated_since" else bound
        tests.append(_since(field, since if inclusive else since + 1))
    return tests, bound


def _since(field: str, earliest: int) -> Test:
    return lambda row: moment(row.get(field)) >= earliest


def _unseen(collection: str, switches: Switches) -> list[Test]:
    """Keep of a list what the caller sees."""
    return [lambda _: False] if collection in switches.emptied else []


def _check_known(given: Given, known: set[str], switches: Switches) -> None:
    unknown = set(given) - known
    if switches.strict_parameters and unknown:
        raise Refusal(400, f"unknown parameters: {', '.join(sorted(unknown))}")


@dataclass(frozen=True)
class ListQuery:
    """A request for a list of Manage: which collection, its path parameters and its query."""

    collection: Collection
    path: Mapping[str, str]
    given: Given

    def one(self, name: str, default: str = "") -> str:
        """Return the first value of a parameter."""
        return self.given.get(name, [default])[0]

    @property
    def documented(self) -> set[str]:
        """The filters that Clio documents for this list."""
        return {name for name in self.collection.parameters if not name.startswith("{")}


def _check(asked: ListQuery, switches: Switches) -> None:
    """Refuse a request without its required parameters, and unknown ones if so switched."""
    for name, described in asked.collection.parameters.items():
        if described.get("required") and not name.startswith("{") and not asked.one(name):
            raise Refusal(400, f"{name} is required")
    _check_type(asked, switches)
    _check_known(asked.given, COMMON | asked.documented, switches)


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


def _cursor(asked: ListQuery, switches: Switches) -> tuple[Cursor, str]:
    """Return where the page begins and in which order the list is."""
    order = _order(asked.collection.name, asked.one("order"), switches)
    if asked.one("page_token"):
        cursor = read_token(asked.one("page_token"), asked.collection.name)
        if cursor.kind != "position":
            return cursor, ""
    else:
        text = asked.one("offset") or "0"
        if not text.isdigit():
            raise Refusal(422, "offset must be an integer")
        cursor = Cursor("position", int(text), 1)
    if switches.insertion_order and not asked.collection.ordered:
        return cursor, "inserted"
    if switches.id_order_ignored and order == BY_ID:
        return cursor, "id(desc)"
    if order == BY_ID and "offset" not in asked.given and not asked.one("page_token"):
        return Cursor("after", -1, 1), ""
    return cursor, order


def _ids(asked: ListQuery) -> tuple[int, ...] | None:
    if "ids[]" not in asked.given or not asked.collection.ids:
        return None
    return tuple(sorted({int(text) for text in asked.given["ids[]"] if text.isdigit()}))


def rows_of(asked: ListQuery, store: Store, switches: Switches) -> Table:
    """Return the table, or the rows worked out for this request."""
    view = VIEWS.get(asked.collection.name)
    if view is None:
        return store[asked.collection.name]
    parameters = {name: asked.one(name) for name in view.takes} | dict(asked.path)
    return view.table(asked.collection.name, store, parameters, switches)


def listing(
    asked: ListQuery, store: Store, switches: Switches, schema: Mapping[str, Any]
) -> Listing:
    """Read a request for a list of Manage."""
    _check(asked, switches)
    name, collection = asked.collection.name, asked.collection
    chosen = filters.chosen(name, schema, asked.documented, asked.given)
    stamps = {"updated_since": collection.updated_since, "created_since": collection.created_since}
    taken = {each: asked.one(each) for each, takes in stamps.items() if takes}
    tests, bound = _times(taken, inclusive=switches.updated_since_inclusive)
    if name in filters.DEFAULTS:
        tests += filters.DEFAULTS[name](asked.given, switches, store)
    tests += _unseen(name, switches)
    narrow = chosen.narrow
    if "jurisdiction_id" in asked.path:
        narrow = ("_jurisdiction", int(asked.path["jurisdiction_id"]))
    if name == "document_versions":
        narrow = ("document_id", int(asked.path["id"]))
    cursor, order = _cursor(asked, switches)
    return Listing(
        table=rows_of(asked, store, switches),
        limit=_limit(asked, switches, cursor),
        tests=(*chosen.tests, *tests),
        cursor=cursor,
        order=order,
        since=bound,
        narrow=narrow,
        ids=_ids(asked),
    )


@dataclass(frozen=True)
class GrowListQuery:
    """A request for a list of Grow: what is asked for, the ids in its path and its query."""

    operation: Operation
    keys: tuple[int, ...]
    given: Given

    def one(self, name: str) -> str:
        """Return the first value of a parameter that this list takes, empty if there is none."""
        return self.given.get(name, [""])[0] if name in self.operation.takes else ""

    @property
    def filtered(self) -> bool:
        """Whether anything narrows the list; a state must be named, and narrows nothing."""
        narrowing = {*PAGED, *self.operation.takes} - {"page_token", "include", "state"}
        return any(name in self.given for name in narrowing)


def _grow_ids(asked: GrowListQuery) -> tuple[int, ...] | None:
    texts = asked.given.get("ids[]")
    if texts is None:
        return None
    if len(texts) > MOST_IDS or not all(map(is_id, texts)):
        raise Refusal(400, f"ids[] takes 1 to {MOST_IDS} integers")
    return tuple(sorted(map(int, set(texts))))


def _search(asked: GrowListQuery) -> list[Test]:
    wanted = asked.one("query").casefold()
    return [lambda row: wanted in _text(row)] if wanted else []


def _text(row: Row) -> str:
    """Return what is searched of a contact or lead, one piece a line."""
    single = [str(row.get(name) or "") for name in SEARCHED]
    return "\n".join([*single, *row.get("emails", ()), *row.get("phone_numbers", ())]).casefold()


def _leads(asked: GrowListQuery, switches: Switches) -> list[Test]:
    state = asked.one("state")
    if state not in STATES:
        raise Refusal(400, f"state is required and must be one of: {', '.join(sorted(STATES))}")
    tests: list[Test] = [lambda row: row.get("state") == state]
    return [*tests, own_lead] if ALL_LEADS in switches.grow_missing_scopes else tests


def _matters(asked: GrowListQuery, store: Store) -> list[Test]:
    tests: list[Test] = []
    lead = asked.one("inbox_lead_id")
    if lead:
        if not is_id(lead):
            raise Refusal(400, "inbox_lead_id must be an integer")
        tests.append(lambda row: row.get("inbox_lead_id") == int(lead))
    if truth(asked.one("submitted_only")):
        leads = store[table("inbox_leads")]
        tests.append(lambda row: own_lead(leads.get(row.get("inbox_lead_id", 0))))
    return tests


def grow_listing(asked: GrowListQuery, cursor: Cursor, store: Store, switches: Switches) -> Listing:
    """Read a request for a list of Grow."""
    collection = asked.operation.collection
    _check_known(asked.given, {*asked.operation.takes, "custom_action_nonce"}, switches)
    given = {name: asked.one(name) for name in ("updated_since", "created_since")}
    tests, bound = _times(given, inclusive=switches.grow_since_inclusive)
    tests += _search(asked)
    tests += _leads(asked, switches) if collection == "inbox_leads" else []
    tests += _matters(asked, store) if collection == "matters" else []
    tests += _unseen(table(collection), switches)
    narrow = None
    if collection in PARENTS:
        key = asked.keys[0]
        if store[table(PARENTS[collection])].get(key) is None:
            raise not_found()
        narrow = ("_parent", key)
        tests.append(lambda row: row.get("_parent") == key)
    return Listing(
        table=store[table(collection)],
        limit=switches.grow_page_size,
        tests=tuple(tests),
        cursor=cursor,
        since=bound,
        narrow=narrow,
        ids=_grow_ids(asked),
    )
