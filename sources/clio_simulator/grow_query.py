"""From a request for a list of Grow to a listing: timestamps, ids, search, state, scopes."""

from collections.abc import Mapping
from dataclasses import dataclass

from . import veil
from .errors import Refusal, not_found
from .filters import Test, truth
from .grow_redaction import own_lead
from .grow_tables import ALL_LEADS, PAGED, PARENTS, Operation, is_id, table
from .paging import Cursor, Listing
from .store import Row, Store, moment
from .switches import Switches
from .values import milliseconds

MOST_IDS = 50
STATES = frozenset({"untriaged", "ignored"})
SEARCHED = ("name", "first_name", "last_name", "email", "phone_number")


@dataclass(frozen=True)
class GrowListQuery:
    """A list request taken apart: what is asked for, the ids in its path and its query."""

    operation: Operation
    keys: tuple[int, ...]
    given: Mapping[str, list[str]]

    def one(self, name: str) -> str:
        """Give the first value of a parameter that this list takes, empty if there is none."""
        if name not in self.operation.takes:
            return ""
        return self.given.get(name, [""])[0]

    @property
    def filtered(self) -> bool:
        """Tell whether anything narrows the list; a state must be named, and narrows nothing."""
        narrowing = {*PAGED, *self.operation.takes} - {"page_token", "include", "state"}
        return any(name in self.given for name in narrowing)


def _moment(asked: GrowListQuery, name: str) -> int | None:
    text = asked.one(name)
    try:
        return milliseconds(text) if text else None
    except ValueError as error:
        raise Refusal(400, f"{name} is not an ISO-8601 timestamp") from error


def _since(field: str, since: int, *, inclusive: bool) -> Test:
    earliest = since if inclusive else since + 1
    return lambda row: moment(row.get(field)) >= earliest


def _times(asked: GrowListQuery, switches: Switches) -> list[Test]:
    tests = []
    for name, field in (("updated_since", "updated_at"), ("created_since", "created_at")):
        since = _moment(asked, name)
        if since is not None:
            tests.append(_since(field, since, inclusive=switches.grow_since_inclusive))
    return tests


def _ids(asked: GrowListQuery) -> tuple[int, ...] | None:
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
    """Give what is searched of a contact or lead, one piece a line."""
    single = [str(row.get(name) or "") for name in SEARCHED]
    return "\n".join([*single, *row.get("emails", ()), *row.get("phone_numbers", ())]).casefold()


def _leads(asked: GrowListQuery, switches: Switches) -> list[Test]:
    state = asked.one("state")
    if state not in STATES:
        raise Refusal(400, f"state is required and must be one of: {', '.join(sorted(STATES))}")
    tests: list[Test] = [lambda row: row.get("state") == state]
    if ALL_LEADS in switches.grow_missing_scopes:
        tests.append(own_lead)
    return tests


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


def parent_key(asked: GrowListQuery, store: Store) -> int | None:
    """Give the id of the record whose own list is asked for, None where there is none."""
    parent = PARENTS.get(asked.operation.collection)
    if parent is None:
        return None
    if store[table(parent)].get(asked.keys[0]) is None:
        raise not_found()
    return asked.keys[0]


def listing(asked: GrowListQuery, cursor: Cursor, store: Store, switches: Switches) -> Listing:
    """Read a request for a list."""
    collection = asked.operation.collection
    unknown = set(asked.given) - {*asked.operation.takes, "custom_action_nonce"}
    if switches.strict_parameters and unknown:
        raise Refusal(400, f"unknown parameters: {', '.join(sorted(unknown))}")
    tests = [*_times(asked, switches), *_search(asked)]
    tests += _leads(asked, switches) if collection == "inbox_leads" else []
    tests += _matters(asked, store) if collection == "matters" else []
    tests += veil.tests(table(collection), switches)
    parent = parent_key(asked, store)
    if parent is not None:
        tests.append(lambda row: row.get("_parent") == parent)
    return Listing(
        table=store[table(collection)],
        limit=switches.grow_page_size,
        tests=tuple(tests),
        cursor=cursor,
        since=_moment(asked, "updated_since") or 0,
        narrow=None if parent is None else ("_parent", parent),
        ids=_ids(asked),
    )
