"""From a query string to a listing: orders, limits, timestamps, ids and filters of each product."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache

from sources.clio_http.catalog import Collection

from . import filters
from .answers import Refusal, not_found
from .filters import Given, Test, truth
from .grow_records import ALL_LEADS, PAGED, PARENTS, STATES, Operation, is_id, own_lead, table
from .paging import START, Cursor, Listing, read_token
from .render import Renderer
from .store import Row, Store, Table, moment
from .switches import Switches
from .values import data, milliseconds
from .views import VIEWS
from .world import HandledRequest

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


@dataclass(frozen=True)
class Target:
    """A collection, whether its list, an item or a singleton is meant, and the ids in the path."""

    collection: Collection
    kind: str
    path: Mapping[str, int] = field(default_factory=dict)


@dataclass
class ManageRequest(HandledRequest):
    """One request to Manage; `writes` are collection and id (or 0) of what it writes to.

    `limits` are the headers that say what is left of the token's window, `wait` the seconds to
    wait where nothing is.
    """

    target: Target | None = None
    writes: tuple[str, int] | None = None
    limits: Mapping[str, str] = field(default_factory=dict)
    wait: int = 0


@dataclass
class GrowRequest(HandledRequest):
    """One request to Grow: what is asked for, and the ids in its path."""

    operation: Operation | None = None
    keys: tuple[int, ...] = ()
    cursor: Cursor = START

    @property
    def walked(self) -> str:
        """The path: lists of different parents have different tokens."""
        return self.path

    @property
    def known(self) -> Operation:
        """What is asked for, once that was found to exist."""
        assert self.operation is not None  # noqa: S101 - for the checker of types
        return self.operation

    @property
    def filtered(self) -> bool:
        """Whether anything narrows the list; a state must be named, and narrows nothing."""
        narrowing = {*PAGED, *self.known.takes} - {"page_token", "include", "state"}
        return any(name in self.given for name in narrowing)


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


def _times(given: Given, takes: AbstractSet[str], *, inclusive: bool) -> tuple[list[Test], int]:
    """Return the tests of updated_since and created_since, and the bound on `updated_at`."""
    tests: list[Test] = []
    bound = 0
    for name, stamp in (("updated_since", "updated_at"), ("created_since", "created_at")):
        if name not in takes or not given.one(name):
            continue
        try:
            since = milliseconds(given.one(name))
        except ValueError as error:
            raise Refusal(400, f"{name} is not an ISO-8601 timestamp") from error
        bound = since if name == "updated_since" else bound
        tests.append(_since(stamp, since if inclusive else since + 1))
    return tests, bound


def _since(stamp: str, earliest: int) -> Test:
    return lambda row: moment(row.get(stamp)) >= earliest


def _check(
    collection: Collection, given: Given, documented: AbstractSet[str], switches: Switches
) -> None:
    """Refuse a request without its required parameters, and others if so switched."""
    for name, described in collection.parameters.items():
        if described.get("required") and not name.startswith("{") and not given.one(name):
            raise Refusal(400, f"{name} is required")
    text, case = given.one("type"), switches.type_case
    if collection.name == "notes" and case != "any":
        known = collection.parameters["type"]["enum"]
        if text != (text.lower() if case == "lower" else text.capitalize()):
            shown = [each.lower() if case == "lower" else each for each in known]
            raise Refusal(422, f"type must be one of: {', '.join(shown)}")
    _check_known(given, COMMON | documented, switches)


def _check_known(given: Given, known: AbstractSet[str], switches: Switches) -> None:
    unknown = given.keys() - known
    if switches.strict_parameters and unknown:
        raise Refusal(400, f"unknown parameters: {', '.join(sorted(unknown))}")


def _limit(collection: Collection, given: Given, switches: Switches, cursor: Cursor) -> int:
    most = min(collection.page_size, switches.limit_maximum.get(collection.name, 1 << 30))
    text = given.one("limit") or str(most)
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


def _cursor(collection: Collection, given: Given, switches: Switches) -> tuple[Cursor, str]:
    """Return where the page begins and in which order the list is."""
    order = _order(collection.name, given.one("order"), switches)
    if token := given.one("page_token"):
        cursor, _ = read_token(token, collection.name)
        if cursor.kind != "position":
            return cursor, ""
    else:
        text = given.one("offset") or "0"
        if not text.isdigit():
            raise Refusal(422, "offset must be an integer")
        cursor = Cursor("position", int(text), 1)
    if switches.insertion_order and not collection.ordered:
        return cursor, "inserted"
    if switches.id_order_ignored and order == BY_ID:
        return cursor, "id(desc)"
    if order == BY_ID and "offset" not in given and not token:
        return START, ""
    return cursor, order


def rows_of(target: Target, given: Given, store: Store, switches: Switches) -> Table:
    """Return the table, or the rows worked out for this request."""
    name = target.collection.name
    view = VIEWS.get(name)
    if view is None:
        return store[name]
    path = {each: str(key) for each, key in target.path.items()}
    return view.table(name, store, {each: given.one(each) for each in view.takes} | path, switches)


def listing(target: Target, given: Given, renderer: Renderer) -> Listing:
    """Read a request for a list of Manage."""
    store, switches, collection = renderer.store, renderer.switches, target.collection
    name, schema = collection.name, renderer.schemas[collection.schema]
    documented = {each for each in collection.parameters if not each.startswith("{")}
    _check(collection, given, documented, switches)
    chosen, narrow = filters.chosen(name, schema, documented, given)
    stamps = {"updated_since": collection.updated_since, "created_since": collection.created_since}
    taken = {each for each, takes in stamps.items() if takes}
    tests, bound = _times(given, taken, inclusive=switches.updated_since_inclusive)
    tests = [*chosen, *tests, *filters.unasked(name, given, switches, store)]
    if name in switches.emptied:
        tests.append(lambda _: False)
    if "jurisdiction_id" in target.path:
        narrow = ("_jurisdiction", target.path["jurisdiction_id"])
    if name == "document_versions":
        narrow = ("document_id", target.path["id"])
    cursor, order = _cursor(collection, given, switches)
    ids = {int(text) for text in given.get("ids[]", ()) if text.isdigit()}
    return Listing(
        store=store,
        table=rows_of(target, given, store, switches),
        limit=_limit(collection, given, switches, cursor),
        tests=tests,
        cursor=cursor,
        order=order,
        since=bound,
        narrow=narrow,
        ids=sorted(ids) if "ids[]" in given and collection.ids else None,
        targets=renderer.references(collection.schema),
    )


def _searched(row: Row) -> str:
    """Return what is searched of a contact or lead, one piece a line."""
    single = [str(row.get(name) or "") for name in SEARCHED]
    return "\n".join([*single, *row.get("emails", ()), *row.get("phone_numbers", ())]).casefold()


def _matters(given: Given, store: Store) -> list[Test]:
    tests: list[Test] = []
    lead = given.one("inbox_lead_id")
    if lead:
        if not is_id(lead):
            raise Refusal(400, "inbox_lead_id must be an integer")
        tests.append(lambda row: row.get("inbox_lead_id") == int(lead))
    if truth(given.one("submitted_only")):
        leads = store[table("inbox_leads")]
        tests.append(lambda row: own_lead(leads.get(row.get("inbox_lead_id", 0))))
    return tests


def grow_listing(turn: GrowRequest, store: Store, switches: Switches) -> Listing:
    """Read a request for a list of Grow."""
    collection, given, takes = turn.known.collection, turn.given, {*turn.known.takes}
    _check_known(given, {*takes, "custom_action_nonce"}, switches)
    taken = Given({name: texts for name, texts in given.items() if name in takes})
    tests, bound = _times(taken, takes, inclusive=switches.grow_since_inclusive)
    if wanted := taken.one("query").casefold():
        tests.append(lambda row: wanted in _searched(row))
    if collection == "inbox_leads":
        state = taken.one("state")
        if state not in STATES:
            raise Refusal(400, f"state is required and must be one of: {', '.join(sorted(STATES))}")
        tests.append(lambda row: row.get("state") == state)
        tests += [own_lead] if ALL_LEADS in switches.grow_missing_scopes else []
    tests += _matters(taken, store) if collection == "matters" else []
    if table(collection) in switches.emptied:
        tests.append(lambda _: False)
    narrow = None
    if collection in PARENTS:
        if store[table(PARENTS[collection])].get(turn.keys[0]) is None:
            raise not_found()
        narrow = ("_parent", turn.keys[0])
        tests.append(lambda row: row.get("_parent") == turn.keys[0])
    ids = given.get("ids[]")
    if ids is not None and (len(ids) > MOST_IDS or not all(map(is_id, ids))):
        raise Refusal(400, f"ids[] takes 1 to {MOST_IDS} integers")
    return Listing(
        store=store,
        table=store[table(collection)],
        limit=switches.grow_page_size,
        tests=tests,
        cursor=turn.cursor,
        since=bound,
        narrow=narrow,
        ids=None if ids is None else sorted(map(int, set(ids))),
    )
