"""What a custom field value shows of its custom field: copies, and the option that was chosen."""

from collections.abc import Callable
from typing import Any

from .store import Row, Store

SCHEMAS = frozenset({"CustomFieldValue", "CustomFieldValue_base"})
TABLE = "custom_fields"
OPTION = "picklist_option"

COPIES = {
    "field_name": "name",
    "field_type": "field_type",
    "field_required": "required",
    "field_displayed": "displayed",
    "field_display_order": "display_order",
    "soft_deleted": "deleted",
}
"""Fields of a value → where they stand in its custom field."""

NAMES = frozenset({OPTION, *COPIES})


def copy(store: Store, name: str) -> Callable[[Row], Any]:
    """Give a field of the value as its custom field has it now."""
    rows = store[TABLE].rows

    def get(value: Row) -> Any:  # noqa: ANN401 - any value of a row
        field = rows.get(value.get("custom_field", 0))
        return value.get(name) if field is None else field.get(COPIES[name])

    return get


def option(store: Store, show: Callable[[Any], Row]) -> Callable[[Row], Row | None]:
    """Give the option that a value names as it stands in the custom field now."""
    rows = store[TABLE].rows

    def get(value: Row) -> Row | None:
        chosen = value.get(OPTION)
        if chosen is None:
            return None
        options = rows.get(value.get("custom_field", 0), {}).get("picklist_options", ())
        return show(next((each for each in options if each["id"] == chosen["id"]), chosen))

    return get
