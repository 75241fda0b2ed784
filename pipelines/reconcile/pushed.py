"""Values that were sent to Clio and how they stand now: holding, changed back, or fought over."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import pyarrow as pa

from pipelines.config import Settings
from pipelines.edits.fields import FieldRef, Unreadable, parse
from pipelines.edits.validate import EditContext
from pipelines.edits.values import read, same, shown
from pipelines.edits.warehouse_records import read_versions
from pipelines.errors import EditRefusedError
from pipelines.ledger.ledger import Ledger
from pipelines.warehouse import Warehouse
from sources.clio_http.leaves import JsonValue

SENT = """
select resource, record_id, field, new_value, base, final_at from edits
where state in ('applied', 'applied_observed') order by last_seq
"""
PUSHED = pa.schema(
    [
        *((name, pa.string()) for name in ("resource", "record_id", "field", "sent", "now")),
        ("holds", pa.bool_()),
        ("is_base", pa.bool_()),
        ("lost", pa.int64()),
        ("not_run", pa.string()),
    ]
)


Sent: TypeAlias = tuple[Any, Any]
"""One value that reached Clio: what was sent and what stood there before."""


def pushed(warehouse: Warehouse, ledger: Ledger, settings: Settings) -> pa.Table:
    """Return one row for each field that was ever sent, compared with what the warehouse has.

    `lost` counts how often the value that was sent gave way to another one.
    """
    desk = EditContext(settings, warehouse, ledger)
    every: dict[tuple[str, str, str], list[Sent]] = defaultdict(list)
    for resource, record_id, field, value, base, _ in ledger.rows(SENT):
        every[resource, record_id, field].append((json.loads(value), json.loads(base or "null")))
    return pa.Table.from_pylist(list(_rows(desk, every)), PUSHED)


def _rows(
    desk: EditContext, every: Mapping[tuple[str, str, str], Sequence[Sent]]
) -> Iterator[dict[str, Any]]:
    for (resource, record_id, field), sent in every.items():
        named = {"resource": resource, "record_id": record_id, "field": field}
        stored = desk.records(resource, [record_id]).get(record_id)
        try:
            ref = parse(desk.catalog, resource, field, desk.definitions)
        except EditRefusedError:
            yield {**named, "not_run": "the field is not there any more"}
            continue
        if stored is None or stored.gone:
            why = "the record is deleted" if stored else "the record is not in the warehouse"
            yield {**named, "not_run": why}
            continue
        now = read(ref, stored.record)
        if isinstance(now, Unreadable):
            yield {**named, "not_run": "the value is hidden here"}
            continue
        last, _ = sent[-1]
        yield {
            **named,
            "sent": shown(ref, last),
            "now": shown(ref, now),
            "holds": same(ref, last, now),
            "is_base": any(same(ref, base, now) for _, base in sent),
            "lost": _lost(desk, ref, record_id, last, now),
        }


def _lost(
    desk: EditContext, ref: FieldRef, record_id: str, value: JsonValue, now: JsonValue
) -> int:
    """Count how often a value gave way to another, by the versions that the warehouse kept."""
    versions = read_versions(desk.visibility, ref.resource, record_id)
    earlier = [read(ref, version) for version in versions]
    seen = [*(one for one in earlier if not isinstance(one, Unreadable)), now]
    ours = [same(ref, value, one) for one in seen]
    return sum(before and not after for before, after in pairwise(ours))
