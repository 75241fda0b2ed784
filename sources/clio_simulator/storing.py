"""From what a body says to what a row holds: references by id, stamps in milliseconds, entries.

The entries of an array are told by their id; one without an id is added, each time that it comes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from sources.clio_http.catalog import ARRAY, OBJECT
from sources.clio_http.leaves import JsonValue

from .answers import Refusal
from .bodies import CustomValues, Shape
from .changes import Change, Operation
from .render import Renderer
from .store import Row, Store
from .values import data, milliseconds

DESTROYED = ("_destroy", "_deleted")
FIRST_ENTRY = 810_000_001
"""Ids of entries that were written; those of the seed lie below."""

RENAMED = {
    ("EmailAddress_base", "default_email"): "primary",
    ("PhoneNumber_base", "default_number"): "primary",
}
"""Keys that are written under one name and read under another."""

ONE_OF_ALL = ("primary", "default_web_site")
"""Marks that one entry of an array takes from the others."""


@dataclass(frozen=True)
class ValuePlace:
    """Where a value is written: the schema that it is read by, its shape, and its name for people.

    `stamp` is the moment of the write, `collection` and `owner` are those of the whole record.
    """

    collection: str
    owner: Row
    schema: str
    shape: Shape
    stamp: int
    path: str = ""


class Storing:
    """Turn the accepted values of a body into fields of a row."""

    def __init__(self, renderer: Renderer) -> None:
        """Keep what references are looked up in."""
        self.store, self.switches = renderer.store, renderer.switches
        self.schemas, self.targets = renderer.schemas, renderer.targets
        self.ids = count(FIRST_ENTRY)
        self.custom = CustomValues(self.store, self.switches, self.ids)

    def fields(self, place: ValuePlace, old: Row, data: Row) -> Row:
        """Return the fields that the row is to have; None where one becomes null."""
        found: Row = {}
        for name, value in data.items():
            read = RENAMED.get((place.schema, name), name)
            described = self.schemas[place.schema].get(read)
            if described is None or name in DESTROYED:
                continue
            shape = place.shape["inside"].get(name, {})
            below, path = described.get("schema", ""), f"{place.path}{name}"
            inner = replace(place, schema=below, shape=shape, path=path)
            if described["type"] == ARRAY:
                found[name] = self._entries(inner, name, old.get(name) or [], value or [])
            elif described["type"] == OBJECT:
                found |= self._object(inner, name, old.get(name), value)
            else:
                found[read] = _scalar(inner, described, value)
        return found

    def _object(self, place: ValuePlace, name: str, old: JsonValue, value: JsonValue) -> Row:
        target = self.targets.get(place.schema)
        if place.schema in PEOPLE:
            return {name: value and _person(self.store, place.schema, value, place.path)}
        if place.schema == "LinkedFolder_base":
            return {} if value is None else {name: _folder(self.store, value, place.path)}
        if target is not None and ("id" in place.shape["inside"] or not place.shape["inside"]):
            return self._reference(place, name, target, value)
        if target is not None or value is None:
            return {}
        if place.schema == NOTIFICATION:
            return {name: _method(self.store, value, place.path)}
        gone = value.get("_destroy")
        return {name: None if gone else self._entry(place, old or self._new(place), value)}

    def _reference(self, place: ValuePlace, name: str, target: str, value: Row | None) -> Row:
        key = (value or {}).get("id")
        if key is not None:
            if self.store[target].get(int(key)) is None:
                raise Refusal(422, f"{place.path}.id: there is no such record")
            return {name: int(key)}
        names_null = value is None or "id" in value
        if place.shape.get("nullable"):
            return {name: None} if names_null else {}
        if (value and "id" in value) or self.switches.null_reference == "refuse":
            raise Refusal(422, f"{place.path} can't be blank")
        cleared = names_null and self.switches.null_reference == "clear"
        return {name: None} if cleared else {}

    def _entries(self, place: ValuePlace, name: str, old: list[Any], given: list[Any]) -> list[Any]:
        if not place.schema:
            return given
        items = replace(place, shape=place.shape["items"], path=f"{place.path}[]")
        for each in given:
            if not isinstance(each, dict):
                raise Refusal(422, f"{place.path} must hold objects")
            old = self._written(items, name, old, each)
        return old

    def _written(self, place: ValuePlace, name: str, old: list[Any], given: Row) -> list[Any]:
        """Return the entries with one written, in the way that their schema has."""
        if name == "groups" and self.targets.get(place.schema) in self.store.tables:
            key = given.get("id")
            if key is None or self.store[self.targets[place.schema]].get(int(key)) is None:
                raise Refusal(422, f"{place.path}.id: there is no such record")
            kept = [each for each in old if each != key]
            return kept if _destroyed(given) else [*kept, key]
        if place.schema == "CustomFieldValue":
            return self.custom.written(place.collection, old, given, place.stamp)
        if place.schema in PEOPLE:
            return _people(self.store, place.schema, old, given, place.path)
        return self._merged(place, old, given)

    def _merged(self, place: ValuePlace, old: list[Any], given: Row) -> list[Any]:
        """Return the entries with one changed, taken out, or added."""
        key = given.get("id")
        if key is None:
            return _marked([*old, self._entry(place, self._new(place), given)], -1)
        at = next((n for n, entry in enumerate(old) if entry["id"] == int(key)), None)
        if at is None:
            raise Refusal(422, f"{place.path}.id: there is no such entry")
        if _destroyed(given):
            return [*old[:at], *old[at + 1 :]]
        return _marked([*old[:at], self._entry(place, old[at], given), *old[at + 1 :]], at)

    def _new(self, place: ValuePlace) -> Row:
        """Return an entry that holds nothing yet."""
        stamps = {"created_at": place.stamp, "updated_at": place.stamp}
        known = self.schemas[place.schema]
        new = {"id": next(self.ids), **stamps}
        return {name: value for name, value in new.items() if name in known}

    def _entry(self, place: ValuePlace, old: Row, given: Row) -> Row:
        """Return a nested value with what is written of it, stamped where that changes it."""
        below = replace(place, path=f"{place.path}.")
        asked = {name: value for name, value in given.items() if name != "id"}
        new = {**old, **self.fields(below, old, asked)}
        new = {name: value for name, value in new.items() if value is not None or name == "id"}
        if new != old and "updated_at" in self.schemas[place.schema]:
            new["updated_at"] = place.stamp
        return new


def _destroyed(given: Row) -> bool:
    return any(given.get(name) is True for name in DESTROYED)


def _marked(entries: list[Row], at: int) -> list[Row]:
    """Take the mark that one entry alone can have from the others."""
    mine = entries[at]
    taken = [name for name in ONE_OF_ALL if mine.get(name)]
    return [
        entry if entry is mine else {**entry, **{name: False for name in taken if name in entry}}
        for entry in entries
    ]


def _scalar(place: ValuePlace, described: Mapping[str, Any], value: JsonValue) -> JsonValue:
    """Return a plain value as a row holds it, in the letters that it is read with."""
    if value is None:
        return None
    if "enum" not in described:
        reader = READERS.get(described["type"])
        return reader(value, place.path) if reader else value
    choices = described["enum"]
    chosen = {str(each).casefold(): each for each in choices}.get(str(value).casefold())
    if chosen is None and "enum" not in place.shape:
        raise Refusal(422, f"{place.path} must be one of: {', '.join(map(str, choices))}")
    return value if chosen is None else chosen


def _moment(value: JsonValue, path: str) -> int:
    try:
        return milliseconds(str(value))
    except ValueError as error:
        raise Refusal(422, f"{path} must be an ISO-8601 timestamp") from error


def _whole(value: JsonValue, path: str) -> int:
    if str(value).isdigit():
        return int(value)
    raise Refusal(422, f"{path} must be an integer")


READERS: dict[str, Callable[[Any, str], Any]] = {
    "BIGINT": _whole,
    "BOOLEAN": lambda value, _: value if isinstance(value, bool) else value.lower() == "true",
    "DATE": lambda value, _: str(value)[:10],
    "DECIMAL": lambda value, _: float(value),
    "DOUBLE": lambda value, _: float(value),
    "TIMESTAMPTZ": _moment,
}
"""Type of a field as it is read → how a row holds what was written."""


PEOPLE = frozenset(
    {"Participant", "Attendee_base", "UnredactedParticipant_base", "PolymorphicObject_base"}
)
"""Schemas of such values; a row keeps what they show."""

NOTIFICATION = "NotificationMethod_base"
"""The schema of a way to reach a user, which stands inside the user."""

KINDS: dict[str, str] = data("manage")["named"]
BY_KIND = frozenset({"Participant", "UnredactedParticipant_base"})
"""Those in which a contact shows as the Person or Company that it is."""

NAMES = ("name", "summary", "display_number")
"""Where a record's name stands."""

FOLDER_OWNERS = {"Matter": "matter", "Contact": "contact"}


def _person(store: Store, schema: str, given: Row, path: str) -> Row:
    """Return what is kept of the record that is named."""
    kind, key = given.get("type", "User"), given.get("id")
    row = store[KINDS[kind]].get(int(key)) if kind in KINDS and key is not None else None
    if row is None:
        raise Refusal(422, f"{path}.id: there is no such record")
    if schema in BY_KIND and KINDS[kind] == "contacts":
        kind = row["type"]
    name = next((row[field] for field in NAMES if row.get(field)), None)
    kept = {"id": row["id"], "type": kind, "name": name, "identifier": name}
    return {**kept, "enabled": row["enabled"]} if "enabled" in row else kept


def _people(store: Store, schema: str, old: list[Any], given: Row, path: str) -> list[Any]:
    """Return a list of people with one more or, where it is marked so, one less."""
    if given.get("_destroy") or given.get("_deleted"):
        return [each for each in old if each["id"] != given.get("id")]
    new = _person(store, schema, given, path)
    known = any((each["id"], each["type"]) == (new["id"], new["type"]) for each in old)
    return old if known else [*old, new]


def _folder(store: Store, given: Row, path: str) -> int:
    """Return the folder that a body names as parent: itself, or the first one of its owner."""
    kind, key = given.get("type", "Folder"), given.get("id")
    found: int | None = None
    if kind in FOLDER_OWNERS:
        found = next(iter(store["folders"].where(FOLDER_OWNERS[kind], key)), None)
    elif key is not None and store["folders"].get(key) is not None:
        found = key
    if found is None:
        raise Refusal(422, f"{path}.id: there is no such record")
    return found


def _method(store: Store, given: Row, path: str) -> Row:
    """Return the way to reach a user that a body names by id."""
    for user in store["users"].rows.values():
        for each in user.get("notification_methods", ()):
            if each["id"] == given.get("id"):
                return dict(each)
    raise Refusal(422, f"{path}.id: there is no such record")


RELATIONSHIPS = "relationships"


def linked(store: Store, matter: int, given: list[Row]) -> list[Change]:
    """Return what a body's relationships change; one without an id is added, each time it comes."""
    found = []
    for each in given:
        key, contact = each.get("id"), (each.get("contact") or {}).get("id")
        known = store[RELATIONSHIPS].get(key) if key is not None else None
        if key is not None and (known is None or known["matter"] != matter):
            raise Refusal(422, "relationships[].id: there is no such entry")
        if (contact is not None or key is None) and store["contacts"].get(contact or 0) is None:
            raise Refusal(422, "relationships[].contact.id: there is no such record")
        fields: Row = {"description": each["description"]} if "description" in each else {}
        fields |= {"contact": contact} if contact is not None else {}
        if key is None:
            found.append(Change("add", RELATIONSHIPS, None, {**fields, "matter": matter}))
        else:
            operation: Operation = "remove" if each.get("_destroy") else "update"
            found.append(Change(operation, RELATIONSHIPS, key, fields))
    return found


INNER_OWNERS = "medical_records_details"


def find_inner(store: Store, name: str, key: int) -> tuple[Row, Row] | tuple[None, None]:
    """Return a record that stands inside another, and its owner."""
    for owner in store[INNER_OWNERS].rows.values():
        for entry in owner.get(name, ()):
            if entry["id"] == key:
                return entry, owner
    return None, None


def change_inner(store: Store, name: str, key: int, fields: Row | None, now: int) -> Change:
    """Return the change to the owner that writes such a record; without fields, it is taken out.

    Raises:
        KeyError: there is none.

    """
    entry, owner = find_inner(store, name, key)
    if entry is None or owner is None:
        raise KeyError(key)
    kept = {**entry, **(fields or {}), "updated_at": now}
    new = {field: value for field, value in kept.items() if value is not None}
    entries = [new if each is entry else each for each in owner[name]]
    if fields is None:
        entries.remove(new)
    return Change("update", INNER_OWNERS, owner["id"], {name: entries})
