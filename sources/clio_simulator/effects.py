"""What a write changes beside the fields that it names: copies, sums, dates of a status."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from . import values
from .derived import cents, money
from .store import Row
from .switches import Switches


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
        """Give what a field is going to hold."""
        return self.fields.get(name, self.old.get(name))

    def becomes(self, name: str, value: object) -> bool:
        """Tell whether the write brings a field to a value that it did not have."""
        return self.fields.get(name) == value != self.old.get(name)

    @property
    def today(self) -> str:
        """Give the day of the write in UTC."""
        return values.stamp(self.now)[:10]


Effect: TypeAlias = Callable[[Written], Row]

NUMBERED = "reset_matter_number"
DATED = {"Closed": "close_date", "Pending": "pending_date"}


def _matter(write: Written) -> Row:
    more: Row = {}
    if write.switches.status_sets_dates:
        for status, day in DATED.items():
            if write.becomes("status", status) and day not in write.data:
                more[day] = write.today
    if "matter_stage" in write.fields:
        more["matter_stage_updated_at"] = write.now
    if "client" in write.fields:
        more["client_id"] = write.fields["client"]
    fixed = write.switches.number_needs_reset and not write.data.get(NUMBERED)
    if "display_number" in write.fields and write.old and fixed:
        more["display_number"] = write.old.get("display_number")
    return more


def _task(write: Written) -> Row:
    if "status" not in write.fields:
        return {}
    if write.fields["status"] != "complete":
        return {"completed_at": None}
    return {"completed_at": write.now} if write.becomes("status", "complete") else {}


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
    if not {"quantity", "price"} & set(write.fields):
        return {}
    seconds, price = write.will_be("quantity"), write.will_be("price")
    if not isinstance(seconds, float) or not isinstance(price, float):
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
            more[f"{name}_date"] = values.stamp(write.fields[f"{name}_at"])[:10]
    if "calendar_owner" in write.fields:
        owner = write.fields["calendar_owner"]
        more |= {"calendar_owner_id": owner, "calendars": [owner]}
    return more


def _restored(write: Written) -> Row:
    return {"deleted_at": None} if write.data.get("restore") is True else {}


def _renamed(written: str, read: str) -> Effect:
    """Keep under one name what is written under another."""
    return lambda write: {read: write.data[written]} if written in write.data else {}


UNITS = {"minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}


def _reminder(write: Written) -> Row:
    unit = UNITS.get(str(write.data.get("duration_unit", "minutes")), 60)
    if write.data.get("duration_value") is None:
        return {}
    return {"duration": write.data["duration_value"] * unit}


def _medical(write: Written) -> Row:
    names = {"matter_id": "matter", "medical_provider_id": "medical_provider"}
    return {read: write.data[name] for name, read in names.items() if name in write.data}


EFFECTS: dict[str, Effect] = {
    "activities": _activity,
    "calendar_entries": _calendar_entry,
    "contacts": _contact,
    "custom_field_sets": _renamed("custom_field_ids", "custom_fields"),
    "damages": _renamed("matter_id", "matter"),
    "documents": _restored,
    "folders": _restored,
    "line_items": _line_item,
    "matters": _matter,
    "medical_records_details": _medical,
    "reminders": _reminder,
    "tasks": _task,
}
"""Collection → the fields that change along with those that are written."""


def of(collection: str, write: Written) -> Row:
    """Give the fields that change along, those of the switch `side_effects` last."""
    more = EFFECTS[collection](write) if collection in EFFECTS else {}
    for name in write.data:
        more |= write.switches.side_effects.get(f"{collection}.{name}", {})
    return more
