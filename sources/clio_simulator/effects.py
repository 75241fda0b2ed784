"""What a write changes beside the fields that it names, and what Clio refuses or makes of it."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from sources.clio_http.leaves import JsonValue

from .answers import Refusal
from .store import Row, Store
from .switches import Switches
from .values import data, stamp
from .views import cents, money

TEXT_RULES: dict[str, tuple[tuple[str, ...], Callable[[str], str]]] = {
    "trim": ((), str.strip),
    "nfc": ((), lambda text: unicodedata.normalize("NFC", text)),
    "email_case": (
        ("address", "clio_connect_email"),
        lambda text: text.lower() if "@" in text else text,
    ),
    "phone": (
        ("number",),
        lambda text: "+"[: text.strip().startswith("+")] + "".join(filter(str.isdigit, text)),
    ),
}
"""Name of a rule → the keys that it is for (none: all) and what it does to text."""


def normalised(value: JsonValue, rules: set[str], key: str = "") -> JsonValue:
    """Return a value of a body with these rules applied to every text inside it."""
    if isinstance(value, dict):
        return {name: normalised(inner, rules, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [normalised(inner, rules, key) for inner in value]
    if isinstance(value, str):
        for name, (keys, rule) in TEXT_RULES.items():
            if name in rules and (not keys or key in keys):
                value = rule(value)
    return value


ADVANCED = frozenset({"in_progress", "in_review", "draft"})


def check_allowed(collection: str, old: Row, data: Row, switches: Switches) -> None:
    """Refuse billed work, hidden hours, statuses, and notes on nothing; `old` is empty if new."""
    if collection == "activities" and (old.get("on_bill") or old.get("billed")):
        raise Refusal(422, "Activity has been billed")
    hours = collection == "activities" and {"quantity", "price"} & {*data}
    if hours and switches.redact_activities:
        raise Refusal(403, "You do not have permission to change the hours of this activity")
    if collection == "tasks" and data.get("status") in ADVANCED and not switches.advanced_tasks:
        raise Refusal(422, "status must be one of: pending, complete")
    if collection == "notes" and not old:
        owner = "matter" if data.get("type") == "Matter" else "contact"
        if not data.get(owner):
            raise Refusal(422, f"{owner} is required")


CALLER: dict[str, str] = data("manage")["caller"]
"""Collection → the field of a new record that names the caller."""

NEW: dict[str, Row] = data("manage")["new"]
"""Collection → what a new record of it holds where nothing is said."""


def defaults(collection: str, store: Store, fields: Row, user: int, now: int) -> Row:
    """Return what a new record holds where nothing is said; `now` in milliseconds since 1970."""
    today, more = stamp(now)[:10], dict(NEW.get(collection, {}))
    if collection in CALLER:
        more[CALLER[collection]] = user
    if collection == "notes":
        more["date"] = today
    if collection == "matters":
        rows = store["matters"].rows.values()
        number = 1 + max((row.get("number", 0) for row in rows), default=0)
        client = store["contacts"].rows.get(fields.get("client", 0), {})
        label = str(client.get("last_name") or client.get("name", ""))
        display = f"{number:05}-{label.split(' ', maxsplit=1)[0]}"
        more |= {"number": number, "display_number": display, "open_date": today}
    return more


TRASHED = frozenset({"documents", "folders", "comments", "court_rules_matter_dockets"})
DELETED_BILLS = {"draft": "deleted", "awaiting_approval": "deleted", "awaiting_payment": "void"}
"""State of a bill → that after a DELETE; bills in other states cannot be deleted."""


def remains(collection: str, store: Store, row: Row, now: int) -> Row | None:
    """Return the fields that a DELETE changes in a record that stays, None where it is gone."""
    if collection in TRASHED:
        return {"deleted_at": now}
    if collection == "custom_fields":
        return {"deleted": True}
    if collection == "bills":
        if row["state"] not in DELETED_BILLS:
            raise Refusal(422, f"A bill that is {row['state']} cannot be deleted")
        return {"state": DELETED_BILLS[row["state"]]}
    if collection == "contacts" and store["matters"].where("client", row["id"]):
        raise Refusal(422, "The contact is the client of a matter")
    return None


@dataclass(frozen=True)
class Written:
    """A record about to be written: as it was, the fields of the row that change, and the body.

    `now` is the moment of the write in milliseconds since 1970; `old` is empty where it is new.
    """

    old: Row
    fields: Row
    data: Row
    now: int
    switches: Switches

    def will_be(self, name: str) -> object:
        """Return what a field is going to hold."""
        return self.fields.get(name, self.old.get(name))

    def becomes(self, name: str, value: object) -> bool:
        """Tell whether the write brings a field to a value that it did not have."""
        return self.fields.get(name) == value != self.old.get(name)


Effect: TypeAlias = Callable[[Written], Row]


def _matter(write: Written) -> Row:
    more: Row = {}
    if write.switches.status_sets_dates:
        for status, day in (("Closed", "close_date"), ("Pending", "pending_date")):
            if write.becomes("status", status) and day not in write.data:
                more[day] = stamp(write.now)[:10]
    if "matter_stage" in write.fields:
        more["matter_stage_updated_at"] = write.now
    if "client" in write.fields:
        more["client_id"] = write.fields["client"]
    fixed = write.switches.number_needs_reset and not write.data.get("reset_matter_number")
    if "display_number" in write.fields and write.old and fixed:
        more["display_number"] = write.old.get("display_number")
    return more


def _task(write: Written) -> Row:
    completed = write.now if write.fields.get("status") == "complete" else None
    changes = completed is None or write.becomes("status", "complete")
    return {"completed_at": completed} if "status" in write.fields and changes else {}


PARTS = ("first_name", "middle_name", "last_name")
PRIMARIES = {
    "email_addresses": ("primary_email_address", "address"),
    "phone_numbers": ("primary_phone_number", "number"),
    "addresses": ("primary_address", ""),
}
"""Array of a contact → where its primary entry is shown, and which key of it."""

COPIES = frozenset(copy for copy, _ in PRIMARIES.values())
"""Fields that only repeat an entry of an array."""


def _contact(write: Written) -> Row:
    more: Row = {}
    if any(part in write.fields for part in PARTS) and "name" not in write.data:
        parts = [write.will_be(part) for part in PARTS]
        more["name"] = " ".join(str(part) for part in parts if part)
    for array, (copy, key) in PRIMARIES.items():
        if array in write.fields:
            first = next((each for each in write.fields[array] if each.get("primary")), None)
            more[copy] = first and (first.get(key) if key else first)
    return more


def _activity(write: Written) -> Row:
    seconds, price = write.will_be("quantity"), write.will_be("price")
    named = {"quantity", "price"} & set(write.fields)
    if not named or not isinstance(seconds, float) or not isinstance(price, float):
        return {}
    timed = write.will_be("type") == "TimeEntry"
    hours = round(seconds / 3600, 2) if timed else seconds
    more: Row = {"rounded_quantity": seconds, "total": money(round(cents(price) * hours))}
    if timed:
        more |= {"quantity_in_hours": hours, "rounded_quantity_in_hours": hours}
    return more


def _line_item(write: Written) -> Row:
    price, quantity = write.will_be("price"), write.will_be("quantity")
    if "price" not in write.fields or not isinstance(price, float):
        return {}
    hours = quantity if isinstance(quantity, float) else 1.0
    total = money(round(cents(price) * hours))
    return {"sub_total": total, "total": total}


def _calendar_entry(write: Written) -> Row:
    more: Row = {}
    for name in ("start", "end"):
        if isinstance(write.fields.get(f"{name}_at"), int):
            more[f"{name}_date"] = stamp(write.fields[f"{name}_at"])[:10]
    if "calendar_owner" in write.fields:
        owner = write.fields["calendar_owner"]
        more |= {"calendar_owner_id": owner, "calendars": [owner]}
    return more


def _restored(write: Written) -> Row:
    return {"deleted_at": None} if write.data.get("restore") is True else {}


UNITS = {"minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}


def _reminder(write: Written) -> Row:
    unit = UNITS.get(str(write.data.get("duration_unit", "minutes")), 60)
    value = write.data.get("duration_value")
    return {} if value is None else {"duration": value * unit}


RENAMED: dict[str, dict[str, str]] = data("manage")["renamed"]
"""Collection → what is written under one name → the name that it is kept under."""

EFFECTS: dict[str, Effect] = {
    "activities": _activity,
    "calendar_entries": _calendar_entry,
    "contacts": _contact,
    "documents": _restored,
    "folders": _restored,
    "line_items": _line_item,
    "matters": _matter,
    "reminders": _reminder,
    "tasks": _task,
}
"""Collection → the fields that change along with those that are written."""


def along(collection: str, write: Written) -> Row:
    """Return the fields that change along, those of the switch `side_effects` last."""
    renamed = RENAMED.get(collection, {}).items()
    more = {own: write.data[name] for name, own in renamed if name in write.data}
    more |= EFFECTS[collection](write) if collection in EFFECTS else {}
    for name in write.data:
        more |= write.switches.side_effects.get(f"{collection}.{name}", {})
    return more
