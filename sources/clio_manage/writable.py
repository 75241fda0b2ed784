"""What may ever be written to Clio Manage. A list in code: configuration can only narrow it.

Money, users, webhooks, creating and deleting are not here, so they cannot be written.
"""

from sources.clio_http.catalog import Collection

COLLECTIONS = frozenset(
    {
        "activities",
        "calendar_entries",
        "communications",
        "contacts",
        "documents",
        "matters",
        "notes",
        "relationships",
        "tasks",
    },
)

NEVER = {
    "activities": frozenset({"start_timer"}),
    "calendar_entries": frozenset(
        {"_deleted", "attendees", "conference_meeting", "send_email_notification"},
    ),
    "communications": frozenset({"notification_event_subscribers"}),
    "contacts": frozenset({"avatar", "clio_connect_email"}),
    "documents": frozenset(
        {"communication_id", "copy_version", "fully_uploaded", "multiparts", "restore", "uuid"},
    ),
    "matters": frozenset(
        {
            "custom_rate",
            "evergreen_retainer",
            "matter_budget",
            "split_invoice_payers",
            "statute_of_limitations",
            "task_template_list_instances",
        },
    ),
    "notes": frozenset({"notification_event_subscribers"}),
    "tasks": frozenset({"notify_assignee", "notify_completion"}),
}
"""Fields that notify or remind people, assign task lists, change rates and payers, or belong to
an upload or a deletion."""


def writable_fields(collection: Collection) -> tuple[str, ...]:
    """Name the fields of a collection that an approved edit may change."""
    if collection.name not in COLLECTIONS:
        return ()
    never = NEVER.get(collection.name, frozenset())
    return tuple(field.name for field in collection.patch if field.name not in never)
