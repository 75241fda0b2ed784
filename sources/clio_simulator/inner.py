"""Records with an address of their own to write to, which are read inside another record alone."""

from .changes import Change
from .store import Row, Store

OWNERS = "medical_records_details"
SCHEMAS = {"medical_bills": "MedicalBill_base", "medical_records": "MedicalRecord_base"}
"""Where they stand in their owner → the schema that they are read by."""


def find(store: Store, name: str, key: int) -> tuple[Row, Row] | None:
    """Give such a record and its owner, None where there is none."""
    for owner in store[OWNERS].rows.values():
        for entry in owner.get(name, ()):
            if entry["id"] == key:
                return entry, owner
    return None


def change(store: Store, name: str, key: int, fields: Row | None, now: int) -> Change:
    """Give the change to the owner that writes such a record; without fields, it is taken out.

    Raises:
        KeyError: there is none.

    """
    found = find(store, name, key)
    if found is None:
        raise KeyError(key)
    entry, owner = found
    kept = {**entry, **(fields or {}), "updated_at": now}
    new = {field: value for field, value in kept.items() if value is not None}
    entries = [new if each is entry else each for each in owner[name]]
    if fields is None:
        entries.remove(new)
    return Change("update", OWNERS, owner["id"], {name: entries})
