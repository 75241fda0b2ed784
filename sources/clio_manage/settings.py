"""What is decided about Clio Manage's collections, beyond what Clio's document says of them.

The tables below are joined with Clio's OpenAPI document into `catalog.json` by
`build_catalog.py`. Each entry carries the reason why it is there.
"""

from dataclasses import dataclass, field

API_PATH = "/api/v4"
API_VERSION = "4.0.13"
HOSTS = {
    "us": "https://app.clio.com",
    "ca": "https://ca.app.clio.com",
    "eu": "https://eu.app.clio.com",
    "au": "https://au.app.clio.com",
}
PAGE_SIZE = 200
PAGE_SIZES = {
    "users": 2000,
    "billable_matters": 1000,
    "billable_clients": 25,
    "court_rules_triggers": 1000,
}

NAMES = {
    "matters/{matter_id}/contacts": "matter_contacts",
    "matters/{matter_id}/related_contacts": "matter_related_contacts",
    "documents/{id}/versions": "document_versions",
    "court_rules/jurisdictions/{jurisdiction_id}/triggers": "court_rules_triggers",
    "contacts/{contact_id}/email_addresses": "contact_email_addresses",
    "contacts/{contact_id}/phone_numbers": "contact_phone_numbers",
}
"""Table names that are not simply the path with `/` as `_`."""

KEYS = {
    "internal_notifications_my_events": ("event__id",),
    "matter_contacts": ("matter__id", "id", "relationship_key"),
    "matter_related_contacts": ("matter__id", "id", "relationship_key"),
    "lauk_expense_categories": ("region", "id"),
}

STAND_INS = {
    "matter_contacts": {"relationship_key": "relationship__id"},
    "matter_related_contacts": {"relationship_key": "relationship__id"},
}
"""Column of ours → the column that it repeats with 0 for null: a contact is listed once for each
of its roles in a matter, and the client may have no relationship. A key must not be null."""

NOT_LOADED = {
    "folders_list": "repeats folders and documents, which are loaded",
    "billable_matters_ids": "repeats the ids of billable_matters, which is loaded",
    "contact_email_addresses": "repeats contacts.email_addresses, which is loaded",
    "contact_phone_numbers": "repeats contacts.phone_numbers, which is loaded",
}

PARENTS = {
    "matter_contacts": ("matters", "matter_id", "matter__id"),
    "matter_related_contacts": ("matters", "matter_id", "matter__id"),
    "document_versions": ("documents", "id", "document__id"),
    "conversation_messages": ("conversations", "conversation_id", "conversation__id"),
    "court_rules_triggers": ("court_rules_jurisdictions", "jurisdiction_id", "jurisdiction__id"),
}
"""Child collection → parent collection, parameter that takes its id, column that keeps it."""

OFF_BY_DEFAULT = {
    "document_versions": "one request for each document; latest_document_version is in documents",
    "matter_related_contacts": "one request for each matter; relationships holds the same links",
}


@dataclass(frozen=True)
class Widest:
    """What must be sent so that a list is the widest that Clio gives.

    One request walks the list once for each variant; `columns` names those parameters that are
    also kept as columns, since the same id means another row under another value.
    """

    reason: str
    variants: tuple[dict[str, str], ...]
    columns: tuple[str, ...] = field(default=())


WIDEST = {
    "allocations": Widest(
        "voided allocations may be left out unless asked for",
        ({}, {"status": "invalid"}),
    ),
    "bank_accounts": Widest(
        "accounts with a zero balance are left out unless asked for",
        ({"show_empty_accounts": "true"},),
    ),
    "bills": Widest(
        "void and deleted bills may leave the default list",
        ({}, {"state": "void"}, {"state": "deleted"}),
    ),
    "conversations": Widest(
        "the list holds either archived conversations or the others",
        ({"archived": "false"}, {"archived": "true"}),
    ),
    "custom_fields": Widest(
        "deleted custom fields still have values on records",
        ({"deleted": "false"}, {"deleted": "true"}),
    ),
    "documents": Widest(
        "trashed and unfinished documents and those in subfolders are left out unless asked for",
        ({"include_deleted": "true", "show_uncompleted": "true", "scope": "descendants"},),
    ),
    "folders": Widest(
        "trashed folders and subfolders are left out unless asked for",
        ({"include_deleted": "true", "scope": "descendants"},),
    ),
    "groups": Widest(
        "the list holds either archived groups or the others",
        ({"archived": "false"}, {"archived": "true"}),
    ),
    "lauk_expense_categories": Widest(
        "the region is required and decides the rate",
        ({"region": "London"}, {"region": "Non-London"}),
        ("region",),
    ),
    "notes": Widest(
        "the type is required",
        ({"type": "Matter"}, {"type": "Contact"}),
    ),
    "users": Widest(
        "disabled and co-counsel users may be left out unless asked for",
        (
            {"enabled": "true", "include_co_counsel": "true"},
            {"enabled": "false", "include_co_counsel": "true"},
        ),
    ),
}

DOUBLES = frozenset(
    {
        "elapsed_time",
        "progress",
        "quantity",
        "quantity_in_hours",
        "rounded_duration",
        "rounded_quantity",
        "rounded_quantity_in_hours",
        "unbilled_hours",
    },
)
"""Numbers that measure time or progress. Every other number is money or a rate: DECIMAL."""

POLYMORPHIC = {
    "ClioCreator_base": ("id", "type"),
    "Participant": ("id", "type"),
    "PolymorphicObject_base": ("id", "type"),
    "LinkedFolder_base": ("id", "type"),
    "Attendee_base": ("id", "type"),
    "NotificationEventSubscriber_base": ("id", "user_id"),
    "Activity_CalendarEntry_base": ("id",),
    "Activity_Task_base": ("id",),
    "Activity_TextMessageConversation_base": ("id",),
    "CalendarEntryEventType_base": ("id",),
    "CascadingTaskTemplate_base": ("id",),
    "ClientPortal_base": ("id",),
}
"""Schemas that point at records kept elsewhere: only what identifies the record is asked for."""

VALUES = frozenset(
    {"EmailAddress_base", "PhoneNumber_base", "DocumentVersion", "DocumentVersion_base"}
)
"""Schemas that have a list of their own which is not loaded: the copy in the parent is kept."""

UPLOAD_ONLY = frozenset({"put_url", "put_headers", "multiparts"})
"""Fields that serve an upload under way: signed addresses, new at every reading, never data."""

DAILY_CADENCE = frozenset(
    {
        "activity_rates",
        "bill_themes",
        "calendar_entry_event_types",
        "clio_file_submissions_reports",
        "court_rules_jurisdictions",
        "court_rules_service_types",
        "currencies",
        "custom_actions",
        "document_categories",
        "document_templates",
        "expense_categories",
        "grant_funding_sources",
        "grants",
        "groups",
        "lauk_civil_certificated_rates",
        "lauk_civil_controlled_rates",
        "lauk_criminal_controlled_rates",
        "lauk_expense_categories",
        "matter_stages",
        "practice_areas",
        "report_presets",
        "report_schedules",
        "settings_billing",
        "settings_text_snippets",
        "task_calendars",
        "task_template_lists",
        "task_templates",
        "task_types",
        "users_who_am_i",
        "utbms_codes",
        "utbms_sets",
        "webhooks",
    },
)
"""Collections that hardly ever change: due once a day unless `--all` asks for every one."""

HISTORY = frozenset(
    {"matters", "contacts", "users", "bills", "activities", "tasks", "bank_accounts"},
)
"""Collections whose outgoing rows are kept in `<table>__versions`."""

HIDDEN: dict[str, dict[str, object]] = {
    "activities": {
        "flag": "quantity_redacted",
        "flagged": [
            "quantity",
            "quantity_in_hours",
            "rounded_quantity",
            "rounded_quantity_in_hours",
            "total",
            "non_billable_total",
        ],
    },
}
"""Values that are null for a user who may not see others' hours, and the field that tells it."""

VIEWS = frozenset(
    {
        "activities_written_off",
        "billable_clients",
        "billable_matters",
        "internal_notifications_my_events",
        "outstanding_client_balances",
    },
)
"""Lists that Clio works out: after a bill run or a payment they may rightly be empty at once."""

OPTIONAL = frozenset(
    {
        "bill_themes",
        "billable_clients",
        "clio_file_submissions_reports",
        "clio_payments_links",
        "comments",
        "conversation_messages",
        "conversations",
        "court_rules_jurisdictions",
        "court_rules_service_types",
        "court_rules_triggers",
        "custom_actions",
        "custom_field_sets",
        "damages",
        "document_automations",
        "document_templates",
        "document_versions",
        "folders",
        "grant_funding_sources",
        "grants",
        "internal_notifications_my_events",
        "lauk_civil_certificated_rates",
        "lauk_civil_controlled_rates",
        "lauk_criminal_controlled_rates",
        "lauk_expense_categories",
        "log_entries",
        "matter_related_contacts",
        "medical_records_details",
        "report_presets",
        "report_schedules",
        "reports",
        "settings_text_snippets",
        "task_calendars",
        "task_template_lists",
        "task_templates",
        "utbms_sets",
        "webhooks",
    },
)
"""Collections that no model reads: one that Clio refuses fails a run once and is then a warning."""

DERIVED: dict[str, tuple[str, str, tuple[str, ...], dict[str, str], str]] = {
    "activities_written_off": (
        "activities",
        "full",
        ("id", "updated_at"),
        {"status": "written_off"},
        "Clio shows which activities were written off only as a filter",
    ),
    "bank_accounts__daily": (
        "bank_accounts",
        "daily",
        ("id", "balance"),
        {"show_empty_accounts": "true"},
        "Clio shows a balance only as it stands today",
    ),
    "billable_matters__daily": (
        "billable_matters",
        "daily",
        (),
        {},
        "Clio shows unbilled work only as it stands today",
    ),
    "contacts__daily": (
        "contacts",
        "daily",
        ("id", "account_balances"),
        {},
        "Clio shows a balance only as it stands today",
    ),
    "matters__daily": (
        "matters",
        "daily",
        ("id", "account_balances"),
        {},
        "Clio shows a balance only as it stands today",
    ),
    "outstanding_client_balances__daily": (
        "outstanding_client_balances",
        "daily",
        (),
        {},
        "Clio shows what clients owe only as it stands today",
    ),
}
"""Narrow lists of our own: base collection, mode, fields (empty = all), parameters, reason."""

SHOWN_AGAIN: dict[str, tuple[str, ...]] = {
    "contacts": ("matter_contacts", "matter_related_contacts"),
}
"""Collections that show the columns of another one's records again, under the same names."""

COPIES: dict[str, tuple[str, ...]] = {
    "contacts.name": ("billable_clients.name",),
    "documents.filename": (
        "activities.document_version__filename",
        "document_versions.filename",
        "documents.latest_document_version__filename",
    ),
    "matters.display_number": (
        "billable_matters.display_number",
        "billable_matters__daily.display_number",
        "matter_contacts.matter_number",
    ),
    "relationships.description": (
        "matter_contacts.description",
        "matter_contacts.relationship_name",
    ),
}
"""Columns in which the same text stands once more under another name, or in another place."""
