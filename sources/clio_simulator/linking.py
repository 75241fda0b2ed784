"""The relationships of a matter, which are records of their own and are written inside it."""

from .changes import Change
from .errors import Refusal
from .store import Row, Store

FIELD = "relationships"


def changes(store: Store, matter: int, given: list[Row]) -> list[Change]:
    """Give what a body's relationships change; one without an id is added, each time it comes."""
    found = []
    for each in given:
        key, contact = each.get("id"), (each.get("contact") or {}).get("id")
        known = store[FIELD].get(key) if key is not None else None
        if key is not None and (known is None or known["matter"] != matter):
            raise Refusal(422, "relationships[].id: there is no such entry")
        if (contact is not None or key is None) and store["contacts"].get(contact or 0) is None:
            raise Refusal(422, "relationships[].contact.id: there is no such record")
        found.append(_change(matter, each, contact))
    return found


def _change(matter: int, each: Row, contact: int | None) -> Change:
    key = each.get("id")
    if key is not None and each.get("_destroy"):
        return Change("remove", FIELD, key)
    fields: Row = {"description": each["description"]} if "description" in each else {}
    if contact is not None:
        fields["contact"] = contact
    if key is not None:
        return Change("update", FIELD, key, fields)
    return Change("add", FIELD, None, {**fields, "matter": matter})
