"""Which rows and fields a caller gets: what a query parameter keeps, and what stays hidden.

A parameter that Clio documents and that is not served here has no effect, as an unknown one.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sources.clio_http.catalog import OBJECT

from . import values
from .answers import forbidden, not_found
from .store import Row, Store, moment
from .switches import Switches
from .views import DERIVED

Test: TypeAlias = Callable[[Row], bool]
Maker: TypeAlias = Callable[[str], Test]
Given: TypeAlias = Mapping[str, list[str]]
Hiding: TypeAlias = Callable[[Given, Switches, Store], list[Test]]


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


def _true(name: str) -> Maker:
    return lambda text: lambda row: bool(row.get(name)) is truth(text)


def _listed(name: str) -> Maker:
    return lambda text: lambda row: text in map(str, row.get(name, ()))


def _inside(name: str, key: str) -> Maker:
    return lambda text: lambda row: str((row.get(name) or {}).get(key)) == text


def _from(name: str) -> Maker:
    return lambda text: lambda row: bool(row.get(name)) and str(row[name])[:10] >= text[:10]


def _to(name: str) -> Maker:
    return lambda text: lambda row: bool(row.get(name)) and str(row[name])[:10] <= text[:10]


def _since(name: str) -> Maker:
    return lambda text: lambda row: moment(row.get(name)) >= moment(text)


def _until(name: str) -> Maker:
    return lambda text: lambda row: moment(row.get(name)) <= moment(text)


def _of(name: str) -> Maker:
    return lambda text: _same(name, text)


def _only(name: str) -> Maker:
    return lambda text: lambda row: not truth(text) or bool(row.get(name))


def _compared(name: str) -> Maker:
    """Compare a date with an operator that stands in the value, as `>=2020-01-01`."""

    def make(text: str) -> Test:
        operator = text[: len(text) - len(text.lstrip("<>="))]
        day = text.lstrip("<>=")
        tests: dict[str, Test] = {
            ">": lambda row: (row.get(name) or "") > day,
            ">=": lambda row: (row.get(name) or "") >= day,
            "<": lambda row: "" < (row.get(name) or "") < day,
            "<=": lambda row: "" < (row.get(name) or "") <= day,
        }
        return tests.get(operator, lambda row: row.get(name) == day)

    return make


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


SPECIAL: dict[tuple[str, str], Maker] = {
    ("activities", "status"): lambda text: ACTIVITY_STATUS.get(text, lambda _: False),
    ("activities", "start_date"): _from("date"),
    ("activities", "end_date"): _to("date"),
    ("activities", "only_unaccounted_for"): lambda text: (
        ACTIVITY_STATUS["unbilled"] if truth(text) else lambda _: True
    ),
    ("allocations", "status"): lambda text: lambda row: ("voided_at" in row) is (text == "invalid"),
    ("allocations", "parent_id"): _inside("parent", "id"),
    ("allocations", "parent_type"): _inside("parent", "type"),
    ("bank_accounts", "type"): lambda text: _equal("type", text.removesuffix("Account")),
    ("bank_accounts", "status"): lambda text: lambda _: text == "opened",
    ("bills", "bill_number"): lambda text: _equal("number", text),
    ("bills", "client_id"): _of("client"),
    ("bills", "matter_id"): _listed("matters"),
    ("bills", "due_after"): _from("due_at"),
    ("bills", "due_before"): _to("due_at"),
    ("bills", "issued_after"): _from("issued_at"),
    ("bills", "issued_before"): _to("issued_at"),
    ("bills", "type"): lambda text: lambda row: row.get("kind", "").startswith(text),
    ("bills", "status"): lambda text: lambda row: text == "all" or bool(row.get("_overdue")),
    ("calendar_entries", "calendar_id"): _of("calendar_owner"),
    ("calendar_entries", "from"): _since("start_at"),
    ("calendar_entries", "to"): _until("start_at"),
    ("calendar_entries", "is_all_day"): _true("all_day"),
    ("calendar_entries", "has_court_rule"): _true("court_rule"),
    ("communications", "received_since"): _since("received_at"),
    ("communications", "received_before"): _until("received_at"),
    ("communications", "having_time_entries"): _true("time_entries"),
    ("contacts", "client_only"): _only("is_client"),
    ("contacts", "initial"): lambda text: lambda row: row.get("name", "").upper().startswith(text),
    ("contacts", "email_only"): _only("primary_email_address"),
    ("conversation_messages", "conversation_id"): _of("conversation"),
    ("document_versions", "id"): _of("document_id"),
    ("groups", "archived"): _true("_archived"),
    ("groups", "user_id"): _listed("users"),
    ("matters", "open_date[]"): _compared("open_date"),
    ("matters", "close_date[]"): _compared("close_date"),
    ("matters", "pending_date[]"): _compared("pending_date"),
    ("notes", "has_time_entries"): _true("time_entries"),
    ("outstanding_client_balances", "contact_id"): _of("contact"),
    ("reminders", "subject_id"): _inside("subject", "id"),
    ("reports", "created_before"): _until("created_at"),
    ("tasks", "assignee_id"): _inside("assignee", "id"),
    ("tasks", "complete"): lambda text: (
        lambda row: (row.get("status") == "complete") is truth(text)
    ),
    ("tasks", "due_at_from"): _from("due_at"),
    ("tasks", "due_at_to"): _to("due_at"),
    ("tasks", "due_at_present"): _true("due_at"),
    ("tasks", "time_entries_present"): _true("time_entries"),
    ("users", "role"): lambda text: lambda row: text in {r.lower() for r in row.get("roles", ())},
}
"""(collection, parameter) → test, where it is more than equality with the field of that name."""

SHOWS = {
    "include_deleted", "show_uncompleted", "scope", "show_empty_accounts", "include_co_counsel",
    "region",
}  # fmt: skip
"""Parameters that widen a list or choose its rows; `DEFAULTS` and the views serve them."""

WITH_DEFAULTS = {(name, "parent_id") for name in ("documents", "folders", "folders_list")}
"""Parameters that are read together with those that widen the list."""

INDEXED = {
    ("bills", "client_id"): "client",
    ("calendar_entries", "calendar_id"): "calendar_owner",
    ("conversation_messages", "conversation_id"): "conversation",
    ("court_rules_triggers", "jurisdiction_id"): "_jurisdiction",
    ("document_versions", "id"): "document_id",
}
"""(collection, parameter) → field whose index serves it, where the names differ."""


def plain(name: str, schema: Mapping[str, Any]) -> Callable[[str], Test] | None:
    """Find the field that a parameter is compared with, or None where it has none."""
    field = name.removesuffix("_id")
    if name in schema and schema[name]["type"] == "BOOLEAN":
        return _true(name)
    if name in schema and schema[name]["type"] != OBJECT:
        return lambda text: _equal(name, text)
    if field != name and field in schema:
        return lambda text: _same(field, text)
    return None


def _query(text: str) -> Test:
    needle = text.lower()
    return lambda row: any(needle in v.lower() for v in row.values() if isinstance(v, str))


def _many(name: str, texts: list[str]) -> Test:
    wanted = {text.lower() for text in texts}
    return lambda row: str(row.get(name, "")).lower() in wanted


@dataclass(frozen=True)
class Filter:
    """What a request keeps: all tests must hold; `narrow` is one that an index can serve."""

    tests: tuple[Test, ...]
    narrow: tuple[str, object] | None = None


def _narrow(
    collection: str, name: str, text: str, schema: Mapping[str, Any]
) -> tuple[str, object] | None:
    if (collection, name, text) == ("activities", "status", "written_off"):
        return "_written_off", True
    field = INDEXED.get((collection, name), name.removesuffix("_id"))
    is_reference = schema.get(field, {}).get("type") == OBJECT or (collection, name) in INDEXED
    if text.isdigit() and is_reference and (name.endswith("_id") or name == "id"):
        return field, int(text)
    return None


def _tests(collection: str, schema: Mapping[str, Any], name: str, texts: list[str]) -> list[Test]:
    if (collection, name) in SPECIAL:
        return [SPECIAL[collection, name](text) for text in texts]
    if name == "exclude_ids[]":
        return [lambda row: str(row["id"]) not in texts]
    if name.endswith("es[]") and name.removesuffix("es[]") in schema:
        return [_many(name.removesuffix("es[]"), texts)]
    if name == "query":
        return [_query(texts[0])]
    maker = plain(name, schema)
    return [maker(texts[0])] if maker else []


def chosen(
    collection: str, schema: Mapping[str, Any], documented: set[str], given: Given
) -> Filter:
    """Return the tests of the parameters of a request."""
    tests: list[Test] = []
    narrow = None
    for name, texts in given.items():
        if name not in documented or name in SHOWS or (collection, name) in WITH_DEFAULTS:
            continue
        narrow = narrow or _narrow(collection, name, texts[0], schema)
        tests += _tests(collection, schema, name, texts)
    return Filter(tuple(tests), narrow)


def _shown(given: Given, name: str) -> bool:
    return truth(given.get(name, ["false"])[0])


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
    if not _shown(given, "include_deleted"):
        tests.append(lambda row: "deleted_at" not in row)
    if not _shown(given, "show_uncompleted"):
        tests.append(lambda row: not row.get("_uncompleted"))
    descendants = "descendants" in given.get("scope", ())
    parent = given.get("parent_id", [""])[0]
    if parent.isdigit():
        folders = _below(store, int(parent)) if descendants else {int(parent)}
        tests.append(lambda row: row.get("parent") in folders)
    elif switches.top_level_only and not descendants:
        tests.append(lambda row: row.get("parent") is None)
    return tests


def _bank_accounts(given: Given, _: Switches, store: Store) -> list[Test]:
    if _shown(given, "show_empty_accounts"):
        return []
    balance = DERIVED["bank_accounts", "balance"].work_out
    return [lambda row: bool(balance(store, row))]


def _unless(parameter: str, field: str) -> Hiding:
    """Hide rows with a mark unless the parameter is given."""
    return lambda given, *_: [] if parameter in given else [lambda row: not row.get(field)]


def _users(given: Given, switches: Switches, _: Store) -> list[Test]:
    tests: list[Test] = []
    if not _shown(given, "include_co_counsel"):
        tests.append(lambda row: not row.get("_co_counsel"))
    if not switches.disabled_users_listed and "enabled" not in given:
        tests.append(lambda row: bool(row.get("enabled")))
    return tests


def _bills(given: Given, switches: Switches, _: Store) -> list[Test]:
    if "state" in given:
        return []
    unlisted = set() if switches.deleted_bills_listed else {"deleted"}
    unlisted |= set() if switches.void_bills_listed else {"void"}
    return [lambda row: row.get("state") not in unlisted] if unlisted else []


def _allocations(given: Given, switches: Switches, _: Store) -> list[Test]:
    if "status" in given or switches.voided_allocations_listed:
        return []
    return [lambda row: "voided_at" not in row]


DEFAULTS: dict[str, Hiding] = {
    "bank_accounts": _bank_accounts,
    "documents": _documents,
    "folders": _documents,
    "folders_list": _documents,
    "conversations": _unless("archived", "archived"),
    "groups": _unless("archived", "_archived"),
    "custom_fields": _unless("deleted", "deleted"),
    "users": _users,
    "bills": _bills,
    "allocations": _allocations,
}
"""Collection → the rows that it hides unless it is asked for them."""


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


@dataclass(frozen=True)
class Veil:
    """The records of one collection as the caller sees them, or sees them amiss."""

    collection: str
    switches: Switches

    def __call__(self, record: Row, key: int) -> Row:
        """Return the record with that id, about to be written as JSON, without what is hidden."""
        spoilt = self.switches.misfits.get(self.collection, {}).get(key, {})
        for name in spoilt.keys() & record.keys():
            record[name] = _writable(spoilt[name])
        for name in hidden(self.collection, self.switches) & record.keys():
            self._hide(record, name)
        return record

    def _hide(self, record: Row, name: str) -> None:
        value, shape = record[name], self.switches.hidden_fields_shape
        if isinstance(value, list) and all(isinstance(e, dict) and "id" in e for e in value):
            record[name] = [{**dict.fromkeys(entry), "id": entry["id"]} for entry in value]
        elif shape == "missing":
            del record[name]
        else:
            whole = shape == "stripped" and isinstance(value, dict)
            record[name] = dict.fromkeys(value) if whole else None


def _writable(value: object) -> object:
    """Return what JSON can hold only in escapes, as half a surrogate pair, as its bytes."""
    try:
        values.dump(value)
    except TypeError:
        return values.Raw(json.dumps(value).encode())
    return value
