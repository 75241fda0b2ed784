"""Clio Grow's records: what they hold, what can be asked for, and how they are shown."""

from collections.abc import Mapping
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


VALUES = "custom_field_values"
"""The field that is shown only to those who name it in `include`."""


CHOICES = {
    "marketing_source": "sources", "matter_type": "matter_types", "matter_location": "locations",
}  # fmt: skip
"""Field of a lead → the collection that it is chosen from."""

ROLLED_OUT = ("matter_type", "matter_location")
"""Choices of a lead that not every account has, and that a new one drops where unknown."""

SURPRISES: dict[str, Mapping[str, Any]] = API["surprises"]
"""Collection → values that no document names."""


@dataclass(frozen=True)
class GrowRenderer:
    """Turn rows into records, as the switches want them at the moment."""

    store: Store
    switches: Switches

    def record(self, collection: str, row: Row, *, values_too: bool = False) -> Row:
        """Return a record as the API shows it; `values_too` with the values of custom fields."""
        if self.switches.grow_version == "v1":
            early = SHAPES[collection].early
            record = {name: self._value(collection, name, row) for name in early}
            if contact := record.get("primary_contact"):
                record["primary_contact"] = {n: contact[n] for n in contact if n != "address"}
            return record
        record = self.whole(collection, row, values_too=values_too)
        if collection == "inbox_leads" and not self.switches.grow_lead_rollout:
            record = {name: value for name, value in record.items() if name not in ROLLED_OUT}
        if collection in {"contacts", "matters"}:
            names = sorted(self._hidden(collection, row) & record.keys())
            if names or self.switches.grow_redacted_empty:
                record |= {**dict.fromkeys(names), "redacted_fields": names}
        return self.surprised(collection, record)

    def _hidden(self, collection: str, row: Row) -> set[str]:
        """Name the fields of a record whose values are hidden."""
        missing, names = self.switches.grow_missing_scopes, set(row.get("_redacted", ()))
        if CUSTOM_FIELDS in missing:
            names.add(VALUES)
        if ALL_LEADS in missing and "inbox_lead_id" in row:
            lead = self.store[table("inbox_leads")].get(row["inbox_lead_id"])
            names |= set() if own_lead(lead) else {"inbox_lead_id"}
        whole, redacted = f"{collection}.", self.switches.grow_redacted
        return names | {each.removeprefix(whole) for each in redacted if each.startswith(whole)}

    def whole(self, collection: str, row: Row, *, values_too: bool = True) -> Row:
        """Return a record with everything in it, hidden or not."""
        shape = SHAPES[collection]
        record = {name: self._value(collection, name, row) for name in shape.fields}
        aside = {VALUES, "picklist_options"}
        names = [name for name in row if not name.startswith("_") and name not in aside]
        more = {name: row[name] for name in names if name not in record}
        if values_too and collection in {"contacts", "matters"}:
            more[VALUES] = [self._custom_value(each) for each in row.get(VALUES, ())]
        return record | more

    def _value(self, collection: str, name: str, row: Row) -> JsonValue:
        """Return a field, worked out of other records where it is not the row's own."""
        if name == "global_id":
            return row.get(name) or ulid(moment(row.get("created_at")), row["id"])
        if (collection, name) == ("contacts", "matters"):
            return [{"id": key} for key in self.store[table("matters")].where("client", row["id"])]
        if name in {"client", "primary_contact"}:
            return self._client(self.store[table("contacts")].get(row.get("client", 0)))
        if collection == "inbox_leads" and name in CHOICES:
            named = self.store[table(CHOICES[name])].get(row.get(name, 0))
            return named and {"id": named["id"], "name": named["name"]}
        return self._stamped(name, row.get(name, DEFAULTS.get(name)))

    def _client(self, contact: Row | None) -> Row | None:
        """Return what a matter shows of its client."""
        return contact and {
            "id": contact["id"],
            "full_name": contact.get("name"),
            "phone_number": next(iter(contact.get("phone_numbers", ())), None),
            "primary_email": next(iter(contact.get("emails", ())), None),
            "address": next(iter(contact.get("addresses", ())), None),
        }

    def _stamped(self, name: str, value: JsonValue) -> JsonValue:
        if name.endswith("_at") and value.__class__ is int:
            return (values.fine_stamp if self.switches.milliseconds else values.stamp)(value)
        return value

    def surprised(self, collection: str, record: Row) -> Row:
        """Return a record with what no document names, if it is one of those that hold it."""
        if not self.switches.grow_surprises or record["id"] % 3:
            return record
        return {**record, **SURPRISES.get(collection, {}), "new_key": {"since": [record["id"]]}}

    def _custom_value(self, value: Row) -> Row:
        """Return a value with its definition inside it; only picklists have options."""
        record = {name: self._stamped(name, each) for name, each in value.items()}
        field = self.store[table("custom_fields")].get(value.get("custom_field", 0))
        if field is None:
            return record | {"custom_field": None}
        record["custom_field"] = self.whole("custom_fields", field)
        if field.get("field_type") == "picklist":
            record["custom_field"]["picklist_options"] = field.get("picklist_options", [])
        return record
