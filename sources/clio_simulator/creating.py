"""What a new record holds beside what its creator says, and what is left of one after a DELETE."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from . import values
from .errors import Refusal
from .store import Row, Store

Made: TypeAlias = Callable[[Store, Row, int, str], Row]


def _matter(store: Store, fields: Row, user: int, today: str) -> Row:
    number = 1 + max((row.get("number", 0) for row in store["matters"].rows.values()), default=0)
    client = store["contacts"].rows.get(fields.get("client", 0), {})
    label = client.get("last_name") or client.get("name", "")
    return {
        "number": number,
        "display_number": f"{number:05}-{str(label).split(' ')[0]}",
        "status": "Open",
        "open_date": today,
        "billable": True,
        "billing_method": "hourly",
        "shared": False,
        "has_tasks": False,
        "currency": 1,
        "user": user,
    }


def _plain(**fixed: Any) -> Made:  # noqa: ANN401 - any value of a row
    return lambda *_: dict(fixed)


def _by(field: str, **fixed: Any) -> Made:  # noqa: ANN401 - any value of a row
    """Name the caller in a field."""
    return lambda _, __, user, ___: {field: user, **fixed}


def _note(_: Store, __: Row, user: int, today: str) -> Row:
    return {
        "author": user,
        "date": today,
        "detail_text_type": "plain_text",
        "time_entries_count": 0,
    }


NEW: dict[str, Made] = {
    "activities": _by(
        "user", billed=False, on_bill=False, non_billable=False, no_charge=False, currency=1
    ),
    "calendar_entries": _plain(all_day=False, court_rule=False, time_entries_count=0),
    "comments": _by("creator"),
    "communications": _by("user", time_entries_count=0),
    "contacts": _plain(is_client=False, is_co_counsel=False, currency=1),
    "custom_fields": _plain(deleted=False, displayed=False, required=False, display_order=1),
    "documents": _plain(type="Document", locked=False, _uncompleted=True),
    "folders": _plain(type="Folder", locked=False, root=False),
    "matters": _matter,
    "notes": _note,
    "reports": _plain(state="queued", progress=0, source="reports", _asked=True),
    "tasks": _by(
        "assigner",
        status="pending",
        priority="Normal",
        permission="public",
        statute_of_limitations=False,
        time_entries_count=0,
    ),
}
"""Collection → what a new record of it holds where nothing is said."""


def defaults(collection: str, store: Store, fields: Row, user: int, now: int) -> Row:
    """Give what a new record holds where nothing is said; `now` in milliseconds since 1970."""
    made = NEW.get(collection)
    return made(store, fields, user, values.stamp(now)[:10]) if made else {}


TRASHED = frozenset({"documents", "folders", "comments", "court_rules_matter_dockets"})
DELETED_BILLS: Mapping[str, str] = {
    "draft": "deleted",
    "awaiting_approval": "deleted",
    "awaiting_payment": "void",
}
"""State of a bill → that after a DELETE; bills in other states cannot be deleted."""


def remains(collection: str, store: Store, row: Row, now: int) -> Row | None:
    """Give the fields that a DELETE changes in a record that stays, None where it is gone."""
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
