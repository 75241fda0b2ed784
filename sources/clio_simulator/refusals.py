"""What Clio refuses to write although the body is right: billed work, hidden hours, statuses."""

from collections.abc import Callable
from typing import TypeAlias

from .errors import Refusal
from .store import Row
from .switches import Switches

Rule: TypeAlias = Callable[[Row, Row, Switches], None]

MOST_ENTRIES = 20
LIMITED = ("addresses", "email_addresses", "phone_numbers")
ADVANCED = frozenset({"in_progress", "in_review", "draft"})
HIDDEN_HOURS = frozenset({"quantity", "price"})


def _activity(old: Row, data: Row, switches: Switches) -> None:
    if old.get("on_bill") or old.get("billed"):
        raise Refusal(422, "Activity has been billed")
    if switches.redact_activities and HIDDEN_HOURS & set(data):
        raise Refusal(403, "You do not have permission to change the hours of this activity")


def _task(_: Row, data: Row, switches: Switches) -> None:
    if data.get("status") in ADVANCED and not switches.advanced_tasks:
        raise Refusal(422, "status must be one of: pending, complete")


def _note(old: Row, data: Row, _: Switches) -> None:
    owner = "matter" if data.get("type") == "Matter" else "contact"
    if not old and not data.get(owner):
        raise Refusal(422, f"{owner} is required")


RULES: dict[str, Rule] = {
    "activities": _activity,
    "notes": _note,
    "tasks": _task,
}
"""Collection → what looks at the record as it is (empty if new) and at what is to be written."""


def check(collection: str, old: Row, data: Row, switches: Switches) -> None:
    """Refuse what Clio refuses."""
    if collection in RULES:
        RULES[collection](old, data, switches)


def check_size(fields: Row) -> None:
    """Refuse more e-mail addresses, phones or addresses than a contact may have."""
    for name in LIMITED:
        if len(fields.get(name) or ()) > MOST_ENTRIES:
            raise Refusal(422, f"{name} can have at most {MOST_ENTRIES} entries")
