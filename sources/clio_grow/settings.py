"""What is decided about Clio Grow's collections, beyond what Clio's document says of them.

The tables below are joined with Clio's document into `catalog.json` by `build_catalog.py`. Each
entry carries the reason why it is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

PAGE_SIZE = 200
REQUESTS_A_SECOND = 3
"""For the whole application, whoever of it sends them."""
BACK_OFF = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds to wait after one refusal after another, where Clio does not say how long."""

NAMES = {
    "contacts/{contact_id}/notes": "contact_notes",
    "matters/{matter_id}/notes": "matter_notes",
}
"""Table names that are not simply the path with `/` as `_`."""

SINGLETONS = {"users_who_am_i": "/users/who_am_i"}

REFERENCES = frozenset({"client_summary", "id_name"})
"""Schemas that copy a record of another collection: only its id is kept, since a copy goes stale
without the record that holds it ever changing."""

INCLUDED = ("custom_field_values",)
"""Fields that come only when `include` names them. Clio gives null for those that the token may not
see, and an empty array where there is nothing."""

REDACTED = "redacted_fields"
"""The field that lists what is hidden from this token."""

VARIANTS: dict[str, tuple[str, tuple[dict[str, str], ...]]] = {
    "contacts": (
        "custom field values are left out unless asked for",
        ({"include": ",".join(INCLUDED)},),
    ),
    "matters": (
        "custom field values are left out unless asked for",
        ({"include": ",".join(INCLUDED)},),
    ),
    "inbox_leads": (
        "the state is required",
        ({"state": "untriaged"}, {"state": "ignored"}),
    ),
}
"""What must be sent so that a list is the widest that Clio gives, and why: one walk for each."""

LEAVES = {
    "inbox_leads": "a lead that was accepted is in neither list, and is kept",
}
"""Collections whose records leave their lists without being deleted."""

DAILY_CADENCE = frozenset(
    {"custom_actions", "locations", "matter_types", "sources", "users_who_am_i"},
)
"""Collections that hardly ever change: due once a day unless `--all` asks for every one."""

HISTORY = frozenset({"contacts", "inbox_leads", "matters"})
"""Collections whose outgoing rows are kept in `<table>__versions`."""


@dataclass(frozen=True)
class Version:
    """One version of the API: where it is, and how it differs from the catalogue.

    `hosts` maps a region to the base of all paths. `fields` names what each collection has, where
    that is less than the catalogue says; `bare` says that a single record comes without `data`
    around it, and that a page of a list need not say whether it is the last.
    """

    hosts: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    bare: bool = False


V2 = Version(
    hosts={
        "us": "https://api.clio.com/grow",
        "ca": "https://ca.api.clio.com/grow",
        "eu": "https://eu.api.clio.com/grow",
        "au": "https://au.api.clio.com/grow",
    },
    headers={"X-API-Version": "2026-09-10"},
)

_STAMPS = frozenset({"created_at", "id", "updated_at"})
_NOTE = _STAMPS | {"body", "subject"}
_USER = _STAMPS | {"account", "email", "first_name", "last_name"}
V1 = Version(
    hosts={
        "us": "https://grow.clio.com/api/v1",  # the path is a guess: Clio's page shows none
        "eu": "https://eu.grow.clio.com/api/v1",
        "au": "https://au.grow.clio.com/api/v1",
    },
    fields={
        "contact_notes": _NOTE,
        "contacts": _STAMPS
        | {"addresses", "clio_id", "emails", "matters", "name", "phone_numbers", "status", "type"},
        "custom_actions": _STAMPS | {"label", "target_url", "ui_reference"},
        "inbox_leads": _STAMPS | {"email", "first_name", "last_name", "phone_number", "state"},
        "matter_notes": _NOTE,
        "matters": _STAMPS
        | {
            "clio_id",
            "description",
            "location",
            "primary_contact",
            "status",
            "status_category",
            "type",
        },
        "users": _USER,
        "users_who_am_i": _USER,
    },
    bare=True,
)
"""Early access, as far as its page tells. A later copy of that page adds the addresses."""

VERSIONS = MappingProxyType({"v2": V2, "v1": V1})
