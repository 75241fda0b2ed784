"""Records that a body names by type and id: people, calendars, subjects, and folders' owners."""

from typing import Any

from .errors import Refusal
from .store import Row, Store

SCHEMAS = frozenset(
    {"Participant", "Attendee_base", "UnredactedParticipant_base", "PolymorphicObject_base"}
)
"""Schemas of such values; a row keeps what they show."""

METHOD = "NotificationMethod_base"
"""The schema of a way to reach a user, which stands inside the user."""

TABLES = {
    "User": "users",
    "Contact": "contacts",
    "Person": "contacts",
    "Company": "contacts",
    "Calendar": "calendars",
    "Task": "tasks",
    "CalendarEntry": "calendar_entries",
    "Matter": "matters",
}
BY_KIND = frozenset({"Participant", "UnredactedParticipant_base"})
"""Those in which a contact shows as the Person or Company that it is."""

NAMES = ("name", "summary", "display_number")
"""Where a record's name stands."""

OWNERS = {"Matter": "matter", "Contact": "contact"}


def one(store: Store, schema: str, given: Row, path: str) -> Row:
    """Give what is kept of the record that is named."""
    kind, key = given.get("type", "User"), given.get("id")
    row = store[TABLES[kind]].get(int(key)) if kind in TABLES and key is not None else None
    if row is None:
        raise Refusal(422, f"{path}.id: there is no such record")
    if schema in BY_KIND and TABLES[kind] == "contacts":
        kind = row["type"]
    name = next((row[field] for field in NAMES if row.get(field)), None)
    kept = {"id": row["id"], "type": kind, "name": name, "identifier": name}
    return {**kept, "enabled": row["enabled"]} if "enabled" in row else kept


def entries(store: Store, schema: str, old: list[Any], given: Row, path: str) -> list[Any]:
    """Give a list of people with one more or, where it is marked so, one less."""
    if given.get("_destroy") or given.get("_deleted"):
        return [each for each in old if each["id"] != given.get("id")]
    new = one(store, schema, given, path)
    if any((each["id"], each["type"]) == (new["id"], new["type"]) for each in old):
        return old
    return [*old, new]


def folder(store: Store, given: Row, path: str) -> int:
    """Give the folder that a body names as parent: itself, or the first one of its owner."""
    kind, key = given.get("type", "Folder"), given.get("id")
    found: int | None = None
    if kind in OWNERS:
        found = next(iter(store["folders"].where(OWNERS[kind], key)), None)
    elif key is not None and store["folders"].get(key) is not None:
        found = key
    if found is None:
        raise Refusal(422, f"{path}.id: there is no such record")
    return found


def method(store: Store, given: Row, path: str) -> Row:
    """Give the way to reach a user that a body names by id."""
    for user in store["users"].rows.values():
        for each in user.get("notification_methods", ()):
            if each["id"] == given.get("id"):
                return dict(each)
    raise Refusal(422, f"{path}.id: there is no such record")
