"""What the last load of each collection came to, and how far all of its loads have come."""

from typing import Any

from pipelines.warehouse import Warehouse

LAST = """
with proofs as (
    select resource, max(started_at) as at from meta.sync_runs
    where source = $1 and mode = 'sweep' and status = 'ok' group by resource
)
select resource, mode,
    case when status = 'failed' and split_part(error, ':', 1) in ('frozen', 'hidden_rows')
        and proofs.at > started_at then 'ok' else status end,
    finished_at, error, max(finished_at) filter (status = 'ok') over (partition by resource)
from meta.sync_runs left join proofs using (resource)
where source = $1 and mode <> 'sweep'
qualify row_number() over (partition by resource order by started_at desc) = 1
"""
MARKS = """
select resource, watermark, walk_started_at is not null, coalesce({frozen}, '')
from meta.watermarks where source = $1
"""
UNFINISHED = """
select 'raw_' || source || '.' || resource from meta.sync_runs where mode <> 'sweep'
qualify row_number() over (partition by source, resource order by started_at desc) = 1
    and status <> 'ok'
"""


def last_runs(warehouse: Warehouse, source: str) -> dict[str, tuple[Any, ...]]:
    """Return mode, status, end and error of each collection's last load, and when one ended well.

    One that failed since too little was shown is settled by a sweep that began later.
    """
    return {row[0]: row[1:] for row in warehouse.rows(LAST, [source])}


def marks(warehouse: Warehouse, source: str) -> dict[str, tuple[Any, ...]]:
    """Return each collection's watermark, whether a walk is under way, and why it is frozen."""
    query = MARKS.format(frozen=warehouse.either("watermarks", "frozen"))
    return {row[0]: row[1:] for row in warehouse.rows(query, [source])}


def half_loaded(warehouse: Warehouse) -> frozenset[str]:
    """Name the raw tables that the last load left older than the others.

    Totals that were loaded against records that were not would show differences that are none.
    """
    if not warehouse.columns("meta", "sync_runs"):
        return frozenset()
    return frozenset(name for (name,) in warehouse.rows(UNFINISHED))
