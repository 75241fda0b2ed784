"""Clio Grow's API as data: what its records hold, and what can be asked for."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Way: TypeAlias = Literal["list", "item", "me", "create", "remove"]

PREFIX = "grow."
"""What stands before the name of a collection of Grow, as in `grow.contacts`."""

STAMPS = ("created_at", "updated_at")


@dataclass(frozen=True)
class Shape:
    """What the records of a collection hold, and what they held in v1; nothing: v1 had none."""

    fields: tuple[str, ...]
    early: tuple[str, ...] = ()


def _shape(fields: str, early: str = "") -> Shape:
    return Shape((*fields.split(), *STAMPS), (*early.split(), *STAMPS) if early else ())


_NOTE = "id subject body"
_ACTION = "id label target_url ui_reference"
_USER = "id first_name last_name email account"

SHAPES = {
    "contacts": _shape(
        "id global_id clio_id name first_name last_name emails phone_numbers type status matters"
        " addresses",
        "id clio_id name emails phone_numbers type status matters",
    ),
    "contact_notes": _shape(_NOTE, _NOTE),
    "matters": _shape(
        "id global_id clio_id description inbox_lead_id hired_date is_locked location type status"
        " status_category client primary_contact matter_assignee_ids",
        "id clio_id description location type status status_category primary_contact",
    ),
    "matter_notes": _shape(_NOTE, _NOTE),
    "inbox_leads": _shape(
        "id first_name last_name email phone_number state marketing_source matter_type"
        " matter_location",
        "id first_name last_name email phone_number state",
    ),
    "users": _shape(_USER, _USER),
    "users_who_am_i": _shape(_USER, _USER),
    "custom_actions": _shape(_ACTION, _ACTION),
    "sources": _shape("id name category is_editable"),
    "matter_types": _shape("id name default"),
    "locations": _shape("id name"),
    "custom_fields": _shape("id global_id clio_id name field_type parent_type displayed deleted"),
}
"""Collection → its records; custom fields are in no list and stand inside their values."""

DEFAULTS: dict[str, Any] = {
    "emails": [],
    "phone_numbers": [],
    "addresses": [],
    "matter_assignee_ids": [],
    "is_locked": False,
    "is_editable": True,
    "default": False,
    "displayed": True,
    "deleted": False,
}
"""Fields that are never null, and what they are where nothing else is said."""

ME = "users_who_am_i"
"""The one record that is worked out of the token."""

PARENTS = {"contact_notes": "contacts", "matter_notes": "matters"}
"""Child collection → the collection whose records each own a list of it."""


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked for; `#` stands for an id in the path, `takes` for filters."""

    method: str
    path: str
    way: Way
    collection: str
    scope: str
    takes: tuple[str, ...] = ()


PAGED = ("page_token", "created_since", "updated_since", "ids[]")


def _paged(path: str, collection: str, scope: str, *more: str) -> Operation:
    return Operation("GET", path, "list", collection, scope, (*PAGED, *more))


def _item(path: str, scope: str, *takes: str) -> Operation:
    return Operation("GET", f"{path}/#", "item", path, scope, takes)


def _create(path: str, collection: str, scope: str) -> Operation:
    return Operation("POST", path, "create", collection, scope)


OPERATIONS = (
    _paged("contacts", "contacts", "grow_contact_read", "query", "include"),
    _item("contacts", "grow_contact_read", "include"),
    _paged("contacts/#/notes", "contact_notes", "grow_contact_note_read"),
    _create("contacts/#/notes", "contact_notes", "grow_contact_note_write"),
    _paged("matters", "matters", "grow_matter_read", "include", "inbox_lead_id", "submitted_only"),
    _item("matters", "grow_matter_read", "include"),
    _paged("matters/#/notes", "matter_notes", "grow_matter_note_read"),
    _create("matters/#/notes", "matter_notes", "grow_matter_note_write"),
    _paged("inbox_leads", "inbox_leads", "grow_lead_inbox_read", "state", "query"),
    _create("inbox_leads", "inbox_leads", "grow_lead_inbox_write"),
    _item("inbox_leads", "grow_lead_inbox_read"),
    _paged("users", "users", "grow_user_read"),
    Operation("GET", "users/who_am_i", "me", ME, "grow_user_read"),
    _paged("custom_actions", "custom_actions", "grow_custom_action_read"),
    _create("custom_actions", "custom_actions", "grow_custom_action_write"),
    Operation("DELETE", "custom_actions/#", "remove", "custom_actions", "grow_custom_action_write"),
    _paged("sources", "sources", "grow_source_read"),
    _create("sources", "sources", "grow_source_write"),
    _paged("matter_types", "matter_types", "grow_matter_type_read"),
    _create("matter_types", "matter_types", "grow_matter_type_write"),
    _item("matter_types", "grow_matter_type_read"),
    _paged("locations", "locations", "grow_location_read"),
    _create("locations", "locations", "grow_location_write"),
    _item("locations", "grow_location_read"),
)

KNOWN = {(operation.method, operation.path): operation for operation in OPERATIONS}
PATHS = frozenset(operation.path for operation in OPERATIONS)

ALL_LEADS = "grow_lead_inbox_all_read"
CUSTOM_FIELDS = "grow_custom_field_read"
DOCUMENTED = """
grow_lead_inbox_read grow_lead_inbox_all_read grow_lead_inbox_write grow_custom_action_read
grow_custom_action_write grow_custom_field_read grow_location_read grow_location_write
grow_matter_read grow_matter_note_read grow_matter_note_write grow_matter_type_read
grow_matter_type_write grow_contact_read grow_contact_note_read grow_contact_note_write
grow_user_read
"""
SCOPES = frozenset(DOCUMENTED.split())
"""The scopes that an application can have."""

INVENTED_SCOPES = frozenset({"grow_source_read", "grow_source_write"})
"""Which scopes sources need is not known."""


def pattern(path: str) -> tuple[str, tuple[int, ...]]:
    """Give a path with `#` for its ids, and the ids."""
    parts = path.split("/")
    keys = tuple(int(part) for part in parts if is_id(part))
    return "/".join("#" if is_id(part) else part for part in parts), keys


def is_id(part: str) -> bool:
    """Tell whether a text is an id."""
    return part.isascii() and part.isdigit() and len(part) < 19


def table(collection: str) -> str:
    """Name the table of a collection."""
    return PREFIX + collection
