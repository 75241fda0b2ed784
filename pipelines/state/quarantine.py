"""What of Clio is kept out of the warehouse, since it does not fit: whole rows and single values.

Each is one row, with what was received and since when. It leaves when the record is read and fits,
and when the record is deleted in Clio.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import pendulum
import pyarrow as pa

from pipelines.warehouse import Cursor, Warehouse, moments
from sources.clio_http.salvage import NOT_HAD

OF = "source = $1 and resource = $2"
SAME = (
    "q.source = w.source and q.resource = w.resource"
    " and q.record_id is not distinct from w.record_id and q.field is not distinct from w.field"
)
Cell: TypeAlias = tuple[str, str, str]
"""What is kept out: collection, record and column, the last one empty for a whole row."""


@dataclass(frozen=True)
class QuarantineCounts:
    """How much of a collection is kept out, since when, and since when whole rows are."""

    rows: int
    values: int
    since: pendulum.DateTime | None
    rows_since: pendulum.DateTime | None

    def __str__(self) -> str:
        """Say it in words."""
        parts = [(self.rows, "row"), (self.values, "value")]
        return " and ".join(f"{n:,} {word}{'s' * (n != 1)}" for n, word in parts if n)

    @property
    def told(self) -> str:
        """Say it with the moment since when."""
        since = f"{self.since:%Y-%m-%d %H:%M} UTC" if self.since else "before this version"
        return f"{self} kept out since {since}"


@dataclass(frozen=True)
class QuarantineEntry:
    """One row or value that is kept out; `row` is what was received, as JSON."""

    source: str
    resource: str
    record_id: str
    field: str
    reason: str
    since: pendulum.DateTime | None
    row: str


def keep(cursor: Cursor, rows: pa.Table, at: pendulum.DateTime, run_id: str) -> None:
    """Keep what did not fit; what is there already stays since it came, with what it says now."""
    cursor.register("kept", rows)
    cursor.execute(
        "create or replace temp table kept_out as"
        " select w.source, w.resource, w.record_id, w.field::varchar as field, w.row, w.reason,"
        " $1 as run_id, coalesce(min(q.since), $2) as since from kept w"
        f" left join meta.quarantine q on {SAME} group by all",
        [run_id, at],
    )
    cursor.execute(f"delete from meta.quarantine q using kept_out w where {SAME}")
    cursor.execute(
        "insert into meta.quarantine by name select * from kept_out qualify row_number()"
        " over (partition by source, resource, record_id, field order by row) = 1"
    )
    cursor.execute("drop table kept_out")
    cursor.unregister("kept")


def release(cursor: Cursor, source: str, resource: str, run_id: str) -> None:
    """Let go what fits by now: of the rows of the registered `pairs` that have a content hash."""
    cursor.execute(
        f"delete from meta.quarantine where {OF} and run_id <> $3"
        " and record_id in (select key from pairs where row_hash is not null)",
        [source, resource, run_id],
    )


def forget(cursor: Cursor, source: str, resource: str, keys: Sequence[str]) -> None:
    """Let go what belongs to records that are deleted in Clio."""
    cursor.execute(
        f"delete from meta.quarantine where {OF} and list_contains($3, record_id)",
        [source, resource, list(keys)],
    )


def forget_unseen(warehouse: Warehouse, source: str, resource: str, walk: str) -> None:
    """Let go whole rows that were never stored and that a complete walk does not show any more.

    A row that is stored is asked for by itself before it counts as deleted. Where the walk showed
    a row of which not even the key could be read, nobody knows which row that is.
    """
    seen = "select key from meta.census_seen where source = $1 and resource = $2 and walk = $3"
    known = "select key from meta.census_known where source = $1 and resource = $2 and walk = $3"
    warehouse.rows(
        f"delete from meta.quarantine where {OF} and field is null"
        f" and record_id not in ({seen}) and record_id not in ({known})"
        f" and '' not in ({seen})",
        [source, resource, walk],
    )


def cells(warehouse: Warehouse, source: str) -> frozenset[Cell]:
    """Name all that is kept out of a product since it does not fit, and not for want of a page."""
    found = warehouse.rows(
        "select resource, coalesce(record_id, ''), coalesce(field, '') from meta.quarantine"
        " where source = $1 and not starts_with(coalesce(reason, ''), $2)",
        [source, NOT_HAD],
    )
    return frozenset(found)


def counts(warehouse: Warehouse, source: str) -> dict[str, QuarantineCounts]:
    """Count what is kept out of each collection that has anything kept out."""
    # a warehouse that is only read may be that of an older version, which kept whole rows alone
    known = {"field", "since"} <= set(warehouse.columns("meta", "quarantine"))
    asked = (
        "count(*) filter (field is null), count(field), min(since),"
        " min(since) filter (field is null)"
        if known
        else "count(*), 0, null, null"
    )
    found = warehouse.rows(
        f"select resource, {asked} from meta.quarantine where source = $1 group by 1", [source]
    )
    return {name: QuarantineCounts(*moments(rest)) for name, *rest in found}


def entries(warehouse: Warehouse) -> list[QuarantineEntry]:
    """List what is kept out, by collection and record."""
    field, since = (warehouse.either("quarantine", name) for name in ("field", "since"))
    found = warehouse.rows(
        f"select source, resource, coalesce(record_id, ''), coalesce({field}, ''),"
        f" coalesce(reason, ''), {since},"
        " coalesce(row::varchar, '') from meta.quarantine"
        f" order by source, resource, try_cast(record_id as bigint), record_id, {field} || ''"
    )
    return [QuarantineEntry(*moments(row)) for row in found]


def kept_out(warehouse: Warehouse) -> list[tuple[str, str | None, datetime | None, str | None]]:
    """Return collection, record, since when, and the column of what is kept out, in order."""
    return warehouse.rows(
        "select source || '.' || resource, record_id, since, field from meta.quarantine"
        " order by all"
    )
