"""What an approver saw beside the change, compared with what Clio shows now. Decisions only.

The values beside a change are part of what was judged. Where one differs under the same etag, the
etag says less than it should; where one differs in the answer to an accepted write, the write met
another version than the one that was approved.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from pipelines.edits.edit import Edit
from pipelines.edits.values import JsonScalar

FOLLOWS: Mapping[str, frozenset[str]] = {
    "activities.matter": frozenset(
        {
            "calendar_entry",
            "communication",
            "contact_note",
            "matter_note",
            "task",
            "text_message_conversation",
        }
    ),
    "activities.price": frozenset(
        {"activity_description", "expense_category", "matter", "quantity", "type", "user"}
    ),
    "activities.quantity": frozenset({"calendar_entry", "communication", "type"}),
    "calendar_entries.start_at": frozenset(
        {"all_day", "calendar_owner", "end_at", "recurrence_rule"}
    ),
    "contacts.name": frozenset(
        {"first_name", "last_name", "middle_name", "prefix", "title", "type"}
    ),
    "documents.matter": frozenset({"parent"}),
    "documents.name": frozenset({"parent"}),
    "matters.status": frozenset({"close_date", "matter_stage", "open_date", "pending_date"}),
}
"""What Clio works out anew, or may, when another field of the record is written."""

NUMBERED = "display_number"
"""Firms choose what a matter's number is made of, so a change of any field may change it."""


def shown(record: Mapping[str, Any], name: str) -> str | None:
    """Return a field of a record as a person reads it; `client.id` is the id inside."""
    value: Any = record
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return None if value is None else str(value)


def differing(
    context: Mapping[str, JsonScalar], edits: Iterable[Edit], record: Mapping[str, Any]
) -> list[str]:
    """Return the names of what differs from what the approver saw, apart from what is edited."""
    return _differing(context, _edited(edits), record)


def unexplained(
    resource: str,
    context: Mapping[str, JsonScalar],
    edits: Iterable[Edit],
    record: Mapping[str, Any],
) -> list[str]:
    """Return the names of what differs in an answer and does not follow from what was written."""
    edited = _edited(edits)
    return [
        name
        for name in _differing(context, edited, record)
        if name != NUMBERED
        and not edited & FOLLOWS.get(f"{resource}.{name.partition('.')[0]}", frozenset())
    ]


def _differing(
    context: Mapping[str, JsonScalar], edited: frozenset[str], record: Mapping[str, Any]
) -> list[str]:
    """Compare what the record shows at all; a record that hides values shows nothing."""
    if record.get("redacted") is True:
        return []
    return [
        name
        for name, seen in context.items()
        if name.partition(".")[0] in record.keys() - edited and shown(record, name) != seen
    ]


def _edited(edits: Iterable[Edit]) -> frozenset[str]:
    return frozenset(top for one in edits for top in (one.ref.path[0], one.ref.read[0]))
