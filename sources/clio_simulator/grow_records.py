"""Clio Grow's records: what they hold, what can be asked for, and how they are shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sources.clio_http.leaves import JsonValue

from . import values
from .store import Row, Store, moment
from .switches import Switches
from .values import data, ulid

Way: TypeAlias = Literal["list", "item", "me", "create", "remove"]

PREFIX = "grow."
"""What stands before the name of a collection of Grow, as in `grow.contacts`."""

STAMPS = ("created_at", "updated_at")
ME = "users_who_am_i"
"""The one record that is worked out of the token."""

STATES = frozenset({"untriaged", "ignored"})
"""The states in which a lead can be asked for."""

PARENTS = {"contact_notes": "contacts", "matter_notes": "matters"}
"""Child collection → the collection whose records each own a list of it."""

ALL_LEADS = "grow_lead_inbox_all_read"
CUSTOM_FIELDS = "grow_custom_field_read"


@dataclass(frozen=True)
class Shape:
    """What the records of a collection hold, and what they held in v1; nothing: v1 had none."""

    fields: tuple[str, ...]
    early: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked for; `#` stands for an id in the path, `takes` for filters."""

    method: str
    path: str
    way: Way
    collection: str
    scope: str
    takes: tuple[str, ...] = ()


API = data("grow")
EARLY: dict[str, list[str]] = API["early_fields"]
SHAPES = {
    name: Shape((*fields, *STAMPS), (*EARLY[name], *STAMPS) if name in EARLY else ())
    for name, fields in API["fields"].items()
}
"""Collection → its records; custom fields are in no list and stand inside their values."""

DEFAULTS: dict[str, Any] = API["defaults"]
"""Fields that are never null, and what they are where nothing else is said."""

PAGED = tuple(API["paged"])
OPERATIONS = tuple(
    Operation(verb, path, way, name, scope, (*(PAGED if way == "list" else ()), *takes))
    for verb, path, way, name, scope, takes in API["operations"]
)
KNOWN = {(operation.method, operation.path): operation for operation in OPERATIONS}
PATHS = frozenset(operation.path for operation in OPERATIONS)
SCOPES = frozenset(API["scopes"])
"""The scopes that an application can have."""

INVENTED_SCOPES = frozenset({"grow_source_read", "grow_source_write"})
"""Which scopes sources need is not known."""


def pattern(path: str) -> tuple[str, tuple[int, ...]]:
    """Return a path with `#` for its ids, and the ids."""
    parts = path.split("/")
    keys = tuple(int(part) for part in parts if is_id(part))
    return "/".join("#" if is_id(part) else part for part in parts), keys


def is_id(part: str) -> bool:
    """Tell whether a text is an id."""
    return part.isascii() and part.isdigit() and len(part) < 19


def table(collection: str) -> str:
    """Name the table of a collection."""
    return PREFIX + collection


def own_lead(row: Row | None) -> bool:
    """Tell whether a lead was submitted by the calling application."""
    return row is not None and bool(row.get("_submitted"))


def _hidden(collection: str, row: Row, store: Store, switches: Switches) -> list[str]:
    """Name the fields of a record whose values are hidden."""
    missing, names = switches.grow_missing_scopes, set(row.get("_redacted", ()))
    if CUSTOM_FIELDS in missing:
        names.add("custom_field_values")
    if ALL_LEADS in missing and "inbox_lead_id" in row:
        lead = store[table("inbox_leads")].get(row["inbox_lead_id"])
        names |= set() if own_lead(lead) else {"inbox_lead_id"}
    whole = f"{collection}."
    names |= {name.removeprefix(whole) for name in switches.grow_redacted if name.startswith(whole)}
    return sorted(names)


Getter: TypeAlias = Callable[[Store, Row], Any]

VALUES = "custom_field_values"
"""The field that is shown only to those who name it in `include`."""


def _matters(store: Store, row: Row) -> list[Row]:
    return [{"id": key} for key in store[table("matters")].where("client", row["id"])]


def _client(store: Store, row: Row) -> Row | None:
    contact = store[table("contacts")].get(row.get("client", 0))
    if contact is None:
        return None
    return {
        "id": contact["id"],
        "full_name": contact.get("name"),
        "phone_number": next(iter(contact.get("phone_numbers", ())), None),
        "primary_email": next(iter(contact.get("emails", ())), None),
        "address": next(iter(contact.get("addresses", ())), None),
    }


def _named(field: str, collection: str) -> Getter:
    def get(store: Store, row: Row) -> Row | None:
        named = store[table(collection)].get(row.get(field, 0))
        return named and {"id": named["id"], "name": named["name"]}

    return get


def _global_id(store: Store, row: Row) -> str:  # noqa: ARG001 - as all of them
    known: str | None = row.get("global_id")
    return known or ulid(moment(row.get("created_at")), row["id"])


WORKED_OUT: dict[tuple[str, str], Getter] = {
    ("contacts", "global_id"): _global_id,
    ("contacts", "matters"): _matters,
    ("custom_fields", "global_id"): _global_id,
    ("matters", "global_id"): _global_id,
    ("matters", "client"): _client,
    ("matters", "primary_contact"): _client,
    ("inbox_leads", "marketing_source"): _named("marketing_source", "sources"),
    ("inbox_leads", "matter_type"): _named("matter_type", "matter_types"),
    ("inbox_leads", "matter_location"): _named("matter_location", "locations"),
}
"""(collection, field) → how it is worked out."""

ROLLED_OUT = ("matter_type", "matter_location")

SURPRISES: dict[str, Mapping[str, Any]] = {
    "contacts": {"type": "Trust", "status": "Waiting for the court"},
    "matters": {"status_category": "referred"},
    "sources": {"category": "partner"},
    "custom_actions": {"ui_reference": "contacts/show"},
}
"""Collection → values that no document names."""


@dataclass(frozen=True)
class GrowRenderer:
    """Turn rows into records, as the switches want them at the moment."""

    store: Store
    switches: Switches

    def record(self, collection: str, row: Row, include: frozenset[str] = frozenset()) -> Row:
        """Return a record as the API shows it."""
        if self.switches.grow_version == "v1":
            return self._early(collection, row)
        record = self.whole(collection, row, values_too=VALUES in include)
        if collection == "inbox_leads" and not self.switches.grow_lead_rollout:
            record = {name: value for name, value in record.items() if name not in ROLLED_OUT}
        return self.surprised(collection, self._redacted(collection, row, record))

    def whole(self, collection: str, row: Row, *, values_too: bool = True) -> Row:
        """Return a record with everything in it, hidden or not."""
        shape = SHAPES[collection]
        record = {name: self._value(collection, name, row) for name in shape.fields}
        more = {name: row[name] for name in row if name not in record and self._shown(name)}
        if values_too and collection in {"contacts", "matters"}:
            more[VALUES] = [self._custom_value(each) for each in row.get(VALUES, ())]
        return record | more

    def _shown(self, name: str) -> bool:
        return not name.startswith("_") and name not in {VALUES, "picklist_options"}

    def _early(self, collection: str, row: Row) -> Row:
        record = {name: self._value(collection, name, row) for name in SHAPES[collection].early}
        contact = record.get("primary_contact")
        if contact is not None:
            record["primary_contact"] = {
                name: contact[name] for name in contact if name != "address"
            }
        return record

    def _value(self, collection: str, name: str, row: Row) -> JsonValue:
        getter = WORKED_OUT.get((collection, name))
        if getter is not None:
            return getter(self.store, row)
        return self._stamped(name, row.get(name, DEFAULTS.get(name)))

    def _stamped(self, name: str, value: JsonValue) -> JsonValue:
        if name.endswith("_at") and value.__class__ is int:
            return (values.fine_stamp if self.switches.milliseconds else values.stamp)(value)
        return value

    def _redacted(self, collection: str, row: Row, record: Row) -> Row:
        if collection not in {"contacts", "matters"}:
            return record
        names = [
            name for name in _hidden(collection, row, self.store, self.switches) if name in record
        ]
        if names or self.switches.grow_redacted_empty:
            return {**record, **dict.fromkeys(names), "redacted_fields": names}
        return record

    def surprised(self, collection: str, record: Row) -> Row:
        """Return a record with what no document names, if it is one of those that hold it."""
        if not self.switches.grow_surprises or record["id"] % 3:
            return record
        return {**record, **SURPRISES.get(collection, {}), "new_key": {"since": [record["id"]]}}

    def _custom_value(self, value: Row) -> Row:
        """Return a value with its definition inside it."""
        record = {name: self._stamped(name, each) for name, each in value.items()}
        field = self.store[table("custom_fields")].get(value.get("custom_field", 0))
        record["custom_field"] = field and self.custom_field(field)
        return record

    def custom_field(self, row: Row) -> Row:
        """Return the definition of a custom field; only picklists have options."""
        record = self.whole("custom_fields", row)
        if row.get("field_type") == "picklist":
            record["picklist_options"] = row.get("picklist_options", [])
        return record
