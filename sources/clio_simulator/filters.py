"""Which rows and fields a caller gets: what a query parameter keeps, and what stays hidden.

A parameter that Clio documents and that is not served here has no effect, as an unknown one.
"""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from typing import Any, TypeAlias
from urllib.parse import unquote_plus

from sources.clio_http.catalog import OBJECT

from . import values
from .answers import forbidden, not_found
from .store import Row, Store, moment
from .switches import Switches
from .values import data
from .views import DERIVED

Test: TypeAlias = Callable[[Row], bool]
Maker: TypeAlias = Callable[[str, str], Test]
Narrow: TypeAlias = tuple[str, object]


class Given(dict[str, list[str]]):
    """The parameters of a query: name → values, in the order in which they came."""

    def one(self, name: str, default: str = "") -> str:
        """Return the first value of a parameter."""
        return self.get(name, [default])[0]


@lru_cache(maxsize=2000)
def pair(piece: str) -> tuple[str, str]:
    """Read one piece of a query."""
    name, _, value = piece.partition("=")
    return unquote_plus(name), unquote_plus(value)


def given_in(text: str) -> Given:
    """Read a query; its pieces are kept, since a long `fields` comes again with every page."""
    given = Given()
    for piece in text.split("&") if text else ():
        name, value = pair(piece)
        given.setdefault(name, []).append(value)
    return given


def truth(text: str) -> bool:
    """Read a boolean parameter."""
    return text.lower() in {"true", "1", "t", "yes"}


def _equal(name: str, text: str) -> Test:
    """Keep rows whose value is one of a comma list, whatever the case; `null` finds no value."""
    wanted = {part.strip().lower() for part in text.split(",")}
    return lambda row: ("null" if row.get(name) is None else str(row[name]).lower()) in wanted


def _same(name: str, text: str) -> Test:
    wanted = None if text == "null" else text
    return lambda row: (row.get(name) if wanted is None else str(row.get(name))) == wanted


def _true(name: str, text: str) -> Test:
    return lambda row: bool(row.get(name)) is truth(text)


def _day(compare: Callable[[Any, Any], bool]) -> Maker:
    return lambda name, text: (
        lambda row: bool(row.get(name)) and compare(str(row[name])[:10], text[:10])
    )


def _moment(compare: Callable[[Any, Any], bool]) -> Maker:
    return lambda name, text: lambda row: compare(moment(row.get(name)), moment(text))


def _compared(name: str, text: str) -> Test:
    """Compare a date with an operator that stands in the value, as `>=2020-01-01`."""
    day = text.lstrip("<>=")
    operators = {">": gt, ">=": ge, "<": lt, "<=": le}
    compare = operators.get(text.removesuffix(day), eq)
    return lambda row: bool(row.get(name)) and compare(row[name], day)


ACTIVITY_STATUS: dict[str, Test] = {
    "billed": lambda row: bool(row.get("billed")),
    "draft": lambda row: bool(row.get("on_bill")) and not row.get("billed"),
    "unbilled": lambda row: (
        not (row.get("on_bill") or row.get("non_billable") or row.get("_written_off"))
    ),
    "non_billable": lambda row: bool(row.get("non_billable")),
    "billable": lambda row: not row.get("non_billable"),
    "written_off": lambda row: bool(row.get("_written_off")),
}

MAKERS: dict[str, Maker] = {
    "equal": _equal,
    "same": _same,
    "true": _true,
    "listed": lambda name, text: lambda row: text in map(str, row.get(name, ())),
    "id inside": lambda name, text: lambda row: str((row.get(name) or {}).get("id")) == text,
    "type inside": lambda name, text: lambda row: str((row.get(name) or {}).get("type")) == text,
    "from": _day(ge),
    "to": _day(le),
    "since": _moment(ge),
    "until": _moment(le),
    "only": lambda name, text: lambda row: not truth(text) or bool(row.get(name)),
    "compared": _compared,
    "activity status": lambda _, text: ACTIVITY_STATUS.get(text, lambda _: False),
    "unaccounted": lambda _, text: ACTIVITY_STATUS["unbilled"] if truth(text) else lambda _: True,
    "valid": lambda name, text: lambda row: (name in row) is (text == "invalid"),
    "account type": lambda name, text: _equal(name, text.removesuffix("Account")),
    "opened": lambda _, text: lambda _: text == "opened",
    "starts": lambda name, text: lambda row: row.get(name, "").startswith(text),
    "initial": lambda name, text: lambda row: row.get(name, "").upper().startswith(text),
    "unless all": lambda name, text: lambda row: text == "all" or bool(row.get(name)),
    "complete": lambda name, text: lambda row: (row.get(name) == "complete") is truth(text),
    "role": lambda name, text: lambda row: text in {r.lower() for r in row.get(name, ())},
}
"""Name of a comparison → what makes a test of a field's name and a parameter's value."""

FILTERS: dict[str, dict[str, list[str]]] = data("manage")["filters"]
"""Collection → parameter → comparison and field, where it is more than equality with its own."""

SHOWS = frozenset(data("manage")["widening"])
"""Parameters that widen a list or choose its rows; `unasked` and the views serve them."""

FILED = frozenset({"documents", "folders", "folders_list"})
"""Collections of which `parent_id` is read together with what widens the list."""

UNLESS: dict[str, tuple[str, str]] = data("manage")["unless"]
"""Collection → the parameter without which rows with a mark are hidden, and the mark."""

INDEXED: dict[str, dict[str, str]] = data("manage")["indexed"]
"""Collection → parameter → field whose index serves it, where the names differ."""


def _narrow(collection: str, name: str, text: str, schema: Mapping[str, Any]) -> Narrow | None:
    if (collection, name, text) == ("activities", "status", "written_off"):
        return "_written_off", True
    indexed = INDEXED.get(collection, {})
    field = indexed.get(name, name.removesuffix("_id"))
    is_reference = schema.get(field, {}).get("type") == OBJECT or name in indexed
    if text.isdigit() and is_reference and (name.endswith("_id") or name == "id"):
        return field, int(text)
    return None


def _test(schema: Mapping[str, Any], name: str, texts: list[str]) -> Test | None:
    """Return the test of one parameter, None where it has no effect."""
    field, text = name.removesuffix("_id"), texts[0]
    if name == "exclude_ids[]":
        return lambda row: str(row["id"]) not in texts
    if name.endswith("es[]") and name.removesuffix("es[]") in schema:
        wanted = {each.lower() for each in texts}
        return lambda row: str(row.get(name.removesuffix("es[]"), "")).lower() in wanted
    if name == "query":
        needle = text.lower()
        return lambda row: any(needle in v.lower() for v in row.values() if isinstance(v, str))
    if name in schema and schema[name]["type"] == "BOOLEAN":
        return _true(name, text)
    if name in schema and schema[name]["type"] != OBJECT:
        return _equal(name, text)
    return _same(field, text) if field != name and field in schema else None


def chosen(
    collection: str, schema: Mapping[str, Any], documented: set[str], given: Given
) -> tuple[list[Test], Narrow | None]:
    """Return the tests of the parameters of a request, and one of them that an index can serve."""
    tests: list[Test] = []
    narrow: Narrow | None = None
    for name, texts in given.items():
        filed = collection in FILED and name == "parent_id"
        if name not in documented or name in SHOWS or filed:
            continue
        narrow = narrow or _narrow(collection, name, texts[0], schema)
        if name in FILTERS.get(collection, {}):
            comparison, field = FILTERS[collection][name]
            tests += [MAKERS[comparison](field, text) for text in texts]
        elif test := _test(schema, name, texts):
            tests.append(test)
    return tests, narrow


def _below(store: Store, folder: int) -> set[int]:
    """Return a folder and all folders inside it."""
    found, waiting = {folder}, [folder]
    while waiting:
        inside = set(store["folders"].where("parent", waiting.pop())) - found
        found |= inside
        waiting += inside
    return found


def _documents(given: Given, switches: Switches, store: Store) -> list[Test]:
    tests: list[Test] = []
    if not truth(given.one("include_deleted")):
        tests.append(lambda row: "deleted_at" not in row)
    if not truth(given.one("show_uncompleted")):
        tests.append(lambda row: not row.get("_uncompleted"))
    descendants = "descendants" in given.get("scope", ())
    parent = given.one("parent_id")
    if parent.isdigit():
        folders = _below(store, int(parent)) if descendants else {int(parent)}
        tests.append(lambda row: row.get("parent") in folders)
    elif switches.top_level_only and not descendants:
        tests.append(lambda row: row.get("parent") is None)
    return tests


def unasked(collection: str, given: Given, switches: Switches, store: Store) -> list[Test]:
    """Return what hides the rows that a list shows only to who asks for them."""
    if collection in FILED:
        return _documents(given, switches, store)
    tests: list[Test] = []
    parameter, mark = UNLESS.get(collection, ("", ""))
    voided = collection == "allocations" and switches.voided_allocations_listed
    if mark and parameter not in given and not voided:
        tests.append(lambda row: not row.get(mark))
    if collection == "users" and not truth(given.one("include_co_counsel")):
        tests.append(lambda row: not row.get("_co_counsel"))
    if collection == "users" and not switches.disabled_users_listed and "enabled" not in given:
        tests.append(lambda row: bool(row.get("enabled")))
    if collection == "bank_accounts" and not truth(given.one("show_empty_accounts")):
        balance = DERIVED["bank_accounts", "balance"].work_out
        tests.append(lambda row: bool(balance(store, row)))
    if collection == "bills" and "state" not in given:
        listed = {"deleted": switches.deleted_bills_listed, "void": switches.void_bills_listed}
        tests.append(lambda row: listed.get(row["state"], True))
    return tests


def check_collection(collection: str, switches: Switches) -> None:
    """Refuse a collection that the caller may not use."""
    if collection in switches.forbidden:
        raise forbidden()


def check_rows(collection: str, switches: Switches) -> None:
    """Refuse a single record where the caller sees none."""
    if collection in switches.emptied:
        raise not_found()


def hidden(collection: str, switches: Switches) -> frozenset[str]:
    """Return the names of the fields that the caller may not see."""
    fields = switches.hidden_fields
    return frozenset(fields.get(collection, ())) | frozenset(fields.get("*", ()))


def veil(collection: str, switches: Switches, record: Row, key: int) -> Row:
    """Return the record with that id as the caller sees it, or sees it amiss; JSON is next."""
    spoilt = switches.misfits.get(collection, {}).get(key, {})
    for name in spoilt.keys() & record.keys():
        record[name] = _writable(spoilt[name])
    for name in hidden(collection, switches) & record.keys():
        value, shape = record[name], switches.hidden_fields_shape
        if isinstance(value, list) and all(isinstance(e, dict) and "id" in e for e in value):
            record[name] = [{**dict.fromkeys(entry), "id": entry["id"]} for entry in value]
        elif shape == "missing":
            del record[name]
        else:
            whole = shape == "stripped" and isinstance(value, dict)
            record[name] = dict.fromkeys(value) if whole else None
    return record


def _writable(value: object) -> object:
    """Return what JSON can hold only in escapes, as half a surrogate pair, as its bytes."""
    try:
        values.dump(value)
    except TypeError:
        return values.Raw(json.dumps(value).encode())
    return value
