"""Which versions of records are echoes of our own writes, and which ones those replaced.

A list may still show the replaced version a moment after a write. Its stamp alone does not always
tell; its etag does.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pipelines.warehouse import Warehouse


@dataclass(frozen=True)
class Echo:
    """One write that had its effect: the etag that it replaced and the one that it made."""

    source: str
    resource: str
    record_id: str
    etag_before: str
    etag_after: str
    plan_hash: str
    at: str


def note(warehouse: Warehouse, found: Iterable[Echo]) -> None:
    """Note the writes that are not noted yet."""
    known = set(warehouse.rows("select resource, record_id, etag_after from meta.echoes"))
    with warehouse.transaction():
        for one in found:
            if (one.resource, one.record_id, one.etag_after) not in known:
                warehouse.rows(
                    "insert into meta.echoes values ($1, $2, $3, $4, $5, $6, $7::timestamptz)",
                    list(vars(one).values()),
                )


def see(warehouse: Warehouse, head: tuple[int, str]) -> None:
    """Note how long the ledger is by now, so that one that was cut shows."""
    with warehouse.transaction():
        warehouse.rows("delete from meta.ledger")
        warehouse.rows("insert into meta.ledger values ($1, $2)", list(head))


def seen(warehouse: Warehouse) -> tuple[int, str]:
    """Return the length and the last hash of the ledger as they were noted."""
    if not warehouse.columns("meta", "ledger"):
        return 0, ""
    found = warehouse.rows("select events, head from meta.ledger")
    return (int(found[0][0]), str(found[0][1])) if found else (0, "")
