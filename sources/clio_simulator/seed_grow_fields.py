"""Grow's custom fields, some of them Manage's, and their values on contacts and matters."""

from typing import Any

from .seed_grow_firm import GrowFirm
from .store import Row
from .values import ulid

TYPES = (
    "checkbox",
    "contact",
    "currency",
    "date",
    "email",
    "numeric",
    "picklist",
    "text_area",
    "text_line",
    "url",
)
OFFERED = 1_700_000_000_000
"""When the options of picklists were made."""

LONG = "A long answer on a form. " * 200

ANSWERS: dict[str, tuple[tuple[Any, str | None], ...]] = {
    "checkbox": ((True, "true"), (False, "false"), (None, "maybe")),
    "contact": (("Ash Ambleford", "Ash Ambleford"), ("李小龙", "李小龙")),
    "currency": ((1234.5, "1234.5"), (0, "0"), (None, "12,5 EUR"), (99999999.99, "99999999.99")),
    "date": (("2026-02-28", "2026-02-28"), (None, "31.02.2026"), ("1899-12-31", "1899-12-31")),
    "email": (("form@example.com", "form@example.com"), (None, "not an address")),
    "numeric": ((3.14159, "3.14159"), (12345678901234567890, "12345678901234567890"), (None, "x")),
    "text_area": (("one\nline two", "one\nline two"), ("", ""), (LONG, LONG)),
    "text_line": (("=HYPERLINK(1)", "=HYPERLINK(1)"), ("Ünïcode ✓", "Ünïcode ✓"), (None, None)),
    "url": (("https://example.com/a?b=c&d=é", "https://example.com/a?b=c&d=é"),),
}
"""Type → values as they are read and as they are stored; None where reading failed."""


def custom_fields(firm: GrowFirm) -> None:
    """Add a field of every type for contacts and for matters, and a deleted one of each."""
    for parent in ("Contact", "Matter"):
        for number, kind in enumerate(TYPES):
            linked = _linked(firm, parent, kind) if number % 5 else None
            _field(firm, parent, kind, linked, displayed=number % 4 != 0)
        _field(firm, parent, "text_line", None, displayed=False)["deleted"] = True


def _linked(firm: GrowFirm, parent: str, kind: str) -> Row | None:
    """Give Manage's field of the same type, which this one is synced with."""
    fields = firm.manage["custom_fields"].after(-1)
    same = (row for row in fields if (row["parent_type"], row["field_type"]) == (parent, kind))
    return next(same, None)


def _field(firm: GrowFirm, parent: str, kind: str, linked: Row | None, *, displayed: bool) -> Row:
    row: Row = {
        "clio_id": linked and linked["id"],
        "name": linked["name"] if linked else f"Intake {kind.replace('_', ' ')} ✓",
        "field_type": kind,
        "parent_type": parent,
        "displayed": displayed,
        "deleted": False,
    }
    if kind == "picklist":
        row["picklist_options"] = _options(parent, linked)
    return firm.add("custom_fields", row, ago=550)


def _options(parent: str, linked: Row | None) -> list[Row]:
    """Give the options of Manage's field and one of Grow's own; either id may be missing."""
    theirs = linked["picklist_options"] if linked else []
    options = [
        {
            "global_id": ulid(OFFERED, parent, number) if number % 3 else None,
            "clio_id": option["id"],
            "option": option["option"],
        }
        for number, option in enumerate(theirs)
    ]
    own = {"global_id": ulid(OFFERED, parent), "clio_id": None, "option": "Später ✓"}
    return [*options, own]


def values(firm: GrowFirm, collection: str) -> None:
    """Give records values of every type of field, of some, and of none."""
    parent = collection.removesuffix("s").capitalize()
    fields = [row for row in firm.made["custom_fields"] if row["parent_type"] == parent]
    for number, record in enumerate(firm.made[collection]):
        chosen = fields if number % 3 == 0 else fields[: number % len(fields)]
        known = _known(firm, collection, record)
        record["custom_field_values"] = [_value(firm, f, record, number, known) for f in chosen]


def _known(firm: GrowFirm, collection: str, record: Row) -> dict[int, str | None]:
    """Give the ids of the linked record's values in Manage, by their field."""
    linked = firm.manage[collection].get(record.get("clio_id", 0)) or {}
    return {each["custom_field"]: each["id"] for each in linked.get("custom_field_values", ())}


def _value(
    firm: GrowFirm, field: Row, record: Row, number: int, known: dict[int, str | None]
) -> Row:
    kind = field["field_type"]
    value: Row = {
        "id": firm.inner_id(),
        "global_id": ulid(record["created_at"], record["id"], field["id"]),
        "clio_id": known.get(field.get("clio_id", 0)),
        "field_name": field["name"],
        "field_type": kind,
        "custom_field": field["id"],
        "created_at": record["created_at"],
        "updated_at": record["updated_at"],
    }
    if kind == "picklist":
        option = field["picklist_options"][number % len(field["picklist_options"])]
        chosen = {"value": option["option"], "raw_value": option["option"]}
        return {**value, **chosen, "picklist_option": option}
    answers = ANSWERS[kind]
    read, stored = answers[number // 3 % len(answers)]
    return {**value, "value": read, "raw_value": stored, "picklist_option": None}
