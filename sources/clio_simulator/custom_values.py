"""The values of custom fields: how they are written, and what they show of their custom field."""

from collections.abc import Callable, Iterator
from typing import Any

import pendulum

from .errors import Refusal
from .store import Row, Store
from .switches import Switches

PARENTS = {"matters": "Matter", "contacts": "Contact"}
LONGEST_LINE = 255


class CustomValues:
    """Write values into the list of a matter or contact."""

    def __init__(self, store: Store, switches: Switches, ids: Iterator[int]) -> None:
        """Keep where definitions, options and references are looked up."""
        self.store = store
        self.switches = switches
        self.ids = ids

    def written(self, collection: str, old: list[Any], given: Row, stamp: int) -> list[Any]:
        """Give the list with one value changed, taken away or added."""
        if given.get("id") is not None:
            return self._changed(old, given, stamp)
        field = self._definition(collection, given)
        same = [n for n, entry in enumerate(old) if entry["custom_field"] == field["id"]]
        empty = next((n for n in same if old[n].get("id") is None), None)
        if empty is not None:
            entry = {**old[empty], **self._created(field, given, stamp)}
            return [*old[:empty], entry, *old[empty + 1 :]]
        if same and self.switches.second_custom_value == "refuse":
            raise Refusal(422, "custom_field_values[].custom_field has already been taken")
        if same and self.switches.second_custom_value == "replace":
            entry = self._with(old[same[0]], field["field_type"], given, stamp)
            return [*old[: same[0]], entry, *old[same[0] + 1 :]]
        return [*old, self._created(field, given, stamp)]

    def _changed(self, old: list[Any], given: Row, stamp: int) -> list[Any]:
        at = next((n for n, entry in enumerate(old) if entry.get("id") == str(given["id"])), None)
        if at is None:
            raise Refusal(422, "custom_field_values[].id: there is no such value")
        if given.get("_destroy") is True:
            kept = {name: old[at][name] for name in old[at] if name not in REFERENCES.values()}
            empty = {**kept, "id": None, "value": None, "updated_at": stamp}
            return [*old[:at], empty, *old[at + 1 :]]
        if "value" not in given:
            return old
        new = self._with(old[at], old[at]["field_type"], given, stamp)
        return [*old[:at], new, *old[at + 1 :]]

    def _definition(self, collection: str, given: Row) -> Row:
        key = (given.get("custom_field") or {}).get("id")
        field = self.store["custom_fields"].get(int(key)) if key is not None else None
        if field is None or field["deleted"] or field["parent_type"] != PARENTS[collection]:
            raise Refusal(
                422, "custom_field_values[].custom_field.id: there is no such custom field"
            )
        return field

    def _created(self, field: Row, given: Row, stamp: int) -> Row:
        kind = field["field_type"]
        new = {
            "id": f"{kind}-{next(self.ids)}",
            "field_name": field["name"],
            "field_type": kind,
            "field_required": field["required"],
            "field_displayed": field["displayed"],
            "field_display_order": field["display_order"],
            "soft_deleted": False,
            "custom_field": field["id"],
            "created_at": stamp,
            "updated_at": stamp,
        }
        return self._with(new, kind, given, stamp)

    def _with(self, entry: Row, kind: str, given: Row, stamp: int) -> Row:
        """Give a value with other content."""
        value = given.get("value")
        new = {name: entry[name] for name in entry if name not in REFERENCES.values()}
        new["value"] = None
        if value is not None:
            new |= self._content(kind, value, entry)
        same = all(new.get(name) == entry.get(name) for name in {*new, *entry})
        return entry if same else {**new, "updated_at": stamp}

    def _content(self, kind: str, value: Any, entry: Row) -> Row:  # noqa: ANN401 - any JSON
        text = _text(value)
        if not CHECKS[kind](text):
            raise Refusal(422, f"custom_field_values[].value is not a valid {kind}")
        if kind == "picklist":
            return {"value": text, REFERENCES[kind]: self._option(entry["custom_field"], text)}
        if kind in {"contact", "matter"}:
            self._check_there(f"{kind}s", text)
            return {"value": text, REFERENCES[kind]: int(text)}
        return {"value": text}

    def _option(self, field: int, text: str) -> Row:
        options = self.store["custom_fields"].rows[field].get("picklist_options", ())
        for option in options:
            if str(option["id"]) == text and "deleted_at" not in option:
                return dict(option)
        raise Refusal(422, "custom_field_values[].value is not an option of the picklist")

    def _check_there(self, name: str, text: str) -> None:
        if self.store[name].get(int(text)) is None:
            raise Refusal(422, "custom_field_values[].value: there is no such record")


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Write a value as Clio keeps it: text, whatever its type."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number(text: str) -> bool:
    try:
        return abs(float(text)) < float("inf")
    except ValueError:
        return False


def _day(text: str) -> bool:
    try:
        return pendulum.from_format(text, "YYYY-MM-DD").to_date_string() == text
    except ValueError:
        return False


def _time(text: str) -> bool:
    parts = text.split(":")
    limits = (24, 60, 60)
    return len(parts) in {2, 3} and all(
        part.isdigit() and int(part) < limit for part, limit in zip(parts, limits, strict=False)
    )


def _line(text: str) -> bool:
    return len(text) <= LONGEST_LINE


def _any(_: str) -> bool:
    return True


CHECKS: dict[str, Callable[[str], bool]] = {
    "checkbox": {"true", "false"}.__contains__,
    "contact": str.isdigit,
    "currency": _number,
    "date": _day,
    "email": lambda text: "@" in text and _line(text),
    "matter": str.isdigit,
    "numeric": _number,
    "picklist": str.isdigit,
    "text_area": _any,
    "text_line": _line,
    "time": _time,
    "url": _line,
}
"""Type of a custom field → what its value must be."""

REFERENCES = {"picklist": "picklist_option", "contact": "contact", "matter": "matter"}
"""Type of a custom field → where the record that its value names is shown."""


VALUE_SCHEMAS = frozenset({"CustomFieldValue", "CustomFieldValue_base"})
CUSTOM_FIELDS = "custom_fields"
CHOSEN = "picklist_option"

COPIES = {
    "field_name": "name",
    "field_type": "field_type",
    "field_required": "required",
    "field_displayed": "displayed",
    "field_display_order": "display_order",
    "soft_deleted": "deleted",
}
"""Fields of a value → where they stand in its custom field."""

SHOWN_NAMES = frozenset({CHOSEN, *COPIES})


def live_copy(store: Store, name: str) -> Callable[[Row], Any]:
    """Give a field of the value as its custom field has it now."""
    rows = store[CUSTOM_FIELDS].rows

    def get(value: Row) -> Any:  # noqa: ANN401 - any value of a row
        field = rows.get(value.get("custom_field", 0))
        return value.get(name) if field is None else field.get(COPIES[name])

    return get


def chosen_option(store: Store, show: Callable[[Any], Row]) -> Callable[[Row], Row | None]:
    """Give the chosen_option that a value names as it stands in the custom field now."""
    rows = store[CUSTOM_FIELDS].rows

    def get(value: Row) -> Row | None:
        chosen = value.get(CHOSEN)
        if chosen is None:
            return None
        options = rows.get(value.get("custom_field", 0), {}).get("picklist_options", ())
        return show(next((each for each in options if each["id"] == chosen["id"]), chosen))

    return get
