"""What is kept beside the raw rows, and told from what walks showed.

Rows that were replaced go to a table beside theirs. Those that Clio has deleted are marked, never
removed, and revived when Clio shows them again. Of a record that may leave its list without being
deleted it is kept when the list first and last showed it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pendulum
import pyarrow as pa

from pipelines.warehouse import Cursor, Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection
from sources.clio_http.misfits import key_sql

from . import quarantine
from .certificates import Watch
from .snapshots import OF_WALK, keep_stored

SUFFIX = "__seen"
"""What the table of sightings adds to the name of the raw table."""


def ensure_versions(warehouse: Warehouse, schema: str, tables: Iterable[str]) -> None:
    """Make the history tables of some raw tables, or add the columns that they lack."""
    layout = warehouse.layout(schema)
    for table in sorted(tables):
        kept = layout.get(table + "__versions", [])
        missing = set(layout.get(table, ())) - set(kept)
        if missing:
            _extend_versions(warehouse, schema, table, missing, new=not kept)


def _extend_versions(
    warehouse: Warehouse, schema: str, table: str, missing: set[str], *, new: bool
) -> None:
    raw = warehouse.rows(
        "select column_name, data_type from duckdb_columns()"
        " where schema_name = $1 and table_name = $2 order by column_index",
        [schema, table],
    )
    columns = [f"{quoted(column)} {kind}" for column, kind in raw if column in missing]
    name = f"{quoted(schema)}.{quoted(table + '__versions')}"
    if new:
        warehouse.rows(f"create table {name} ({', '.join(columns)}, _replaced_at timestamptz)")
        return
    for column in columns:
        warehouse.rows(f"alter table {name} add column {column}")


def buried(warehouse: Warehouse, source: str) -> dict[str, int]:
    """Count the rows that are marked as deleted, by collection."""
    found = warehouse.rows(
        "select resource, count(*) from meta.tombstones where source = $1 and revived_at is null"
        " group by 1",
        [source],
    )
    return dict(found)


def bury(
    warehouse: Warehouse,
    source: str,
    collection: Collection,
    gone: Mapping[str, str],
    at: pendulum.DateTime,
) -> None:
    """Mark rows as deleted, given the evidence for each key. May run twice without harm.

    The row itself stays in the raw table; where a history is kept, that has it too. A sweep that
    is under way forgets that it was shown the rows.
    """
    schema, keys = f"raw_{source}", list(gone)
    with warehouse.transaction() as cursor:
        if warehouse.columns(schema, f"{collection.name}__versions"):
            raw = f"{quoted(schema)}.{quoted(collection.name)}"
            versions = f"{quoted(schema)}.{quoted(collection.name + '__versions')}"
            key = key_sql(collection, "t")
            warehouse.rows(
                f"insert into {versions} by name select t.*, $1::timestamptz as _replaced_at"  # noqa: S608 - names and constants
                f" from {raw} t where list_contains($2, {key}) and not exists (select 1 from"
                f" {versions} v where {key_sql(collection, 'v')} = {key}"
                " and v._row_hash = t._row_hash and v._synced_at = t._synced_at)",
                [at, keys],
            )
        warehouse.rows(
            "insert into meta.tombstones select $1, $2, g.key, $4, g.evidence, null from"
            " (select unnest($3::varchar[]) as key, unnest($5::varchar[]) as evidence) g"
            " where g.key not in (select record_id from meta.tombstones"
            " where source = $1 and resource = $2 and revived_at is null)",
            [source, collection.name, keys, at, list(gone.values())],
        )
        quarantine.forget(cursor, source, collection.name, keys)
        for table, column in (("census_seen", "key"), ("withheld", "record_id")):
            warehouse.rows(
                f"delete from meta.{table} where source = $1 and resource = $2"  # noqa: S608 - constants alone
                f" and list_contains($3, {column})",
                [source, collection.name, keys],
            )


def marked(warehouse: Warehouse) -> list[tuple[str, str, str]]:
    """Return collection, id and evidence of each row that is marked as deleted."""
    return warehouse.rows(
        "select resource, record_id, evidence from meta.tombstones where revived_at is null"
    )


def _table(source: str, resource: str) -> str:
    return f"{quoted('raw_' + source)}.{quoted(resource + SUFFIX)}"


def ensure_sightings(warehouse: Warehouse, source: str, resource: str) -> None:
    """Make the table of sightings beside the raw table, which is there."""
    warehouse.rows(
        f"create table if not exists {_table(source, resource)}"
        " (id bigint, first_seen timestamptz, last_seen timestamptz)"
    )


def keep_sightings(cursor: Cursor, source: str, resource: str, at: pendulum.DateTime) -> None:
    """Note that a walk showed records: `pairs`, a registered table of keys. May run twice."""
    table = _table(source, resource)
    shown = "select distinct try_cast(key as bigint) from pairs where try_cast(key as bigint) > 0"
    newest = "greatest(last_seen, $1::timestamptz)"
    cursor.execute(
        f"update {table} set last_seen = {newest} where id in ({shown})",  # noqa: S608 - names and constants
        [at],
    )
    cursor.execute(
        f"insert into {table} select s.id, $1, $1 from ({shown}) s(id)"  # noqa: S608 - names and constants
        f" where s.id not in (select id from {table})",
        [at],
    )


@dataclass(frozen=True)
class Purpose:
    """What a walk is for: to load, or to prove (`sweep`).

    With `census` it is held against what was known before its first request; what a walk of the
    same found that was put down counts for one that begins `again`. With `buried` some
    rows of the collection are marked as deleted, and one that is seen again is revived; its
    lists in the `children` are then read anew. With `proving` a sweep of the collection was put
    down, and is told what this walk stores. With `sightings` it is kept when a record
    was shown, since it may leave the list. With `quarantined` rows, those that fit are released;
    with `withheld` cells, those that are seen again.
    """

    walk: str = "load"
    census: bool = False
    again: bool = False
    buried: bool = False
    watch: Watch | None = None
    children: tuple[str, ...] = ()
    proving: bool = False
    sightings: bool = False
    quarantined: bool = False
    withheld: bool = False

    @property
    def counts(self) -> bool:
        """Tell whether the keys that the walk shows are needed."""
        marked = self.buried or self.quarantined or self.withheld
        return self.census or marked or self.proving or self.sightings


@dataclass(frozen=True)
class Seen:
    """The keys and content hashes that a walk showed, with the turn in which it did.

    `purpose` says what they are kept for. `lists` is the number of the walk's lists, `read_at`
    server time at the start of the run; `restarted` says that the walk began again in it.
    """

    source: str
    resource: str
    purpose: Purpose
    pairs: pa.Table
    lists: int = 1
    read_at: pendulum.DateTime | None = None
    restarted: bool = False


def count_seen(cursor: Cursor, seen: Seen, at: pendulum.DateTime, run_id: str) -> None:
    """Keep what a walk showed, and revive rows that had been marked as deleted.

    A row that fits its table by now leaves the quarantine.
    """
    purpose = seen.purpose
    cursor.register("pairs", seen.pairs)
    revived = cursor.execute(
        "update meta.tombstones set revived_at = $3 where source = $1 and resource = $2"
        " and revived_at is null and record_id in (select key from pairs) returning record_id",
        [seen.source, seen.resource, at],
    ).fetchall()
    if revived and purpose.children:
        cursor.execute(
            "delete from meta.parents_read where source = $1 and list_contains($2, resource)"
            " and list_contains($3, parent_id::varchar)",
            [seen.source, list(purpose.children), [key for (key,) in revived]],
        )
    if purpose.quarantined:
        quarantine.release(cursor, seen.source, seen.resource, run_id)
    if purpose.census:
        of_walk = [seen.source, seen.resource, purpose.walk, seen.read_at]
        if seen.restarted and seen.read_at is not None:
            # the walk had to begin again at its first page: what earlier runs of it showed is void
            cursor.execute(
                f"delete from meta.census_seen where {OF_WALK} and read_at < $4",  # noqa: S608 - constants alone
                of_walk,
            )
        cursor.execute(
            "insert into meta.census_seen by name select $1 as source, $2 as resource, $3 as walk,"
            " key, row_hash, (select load_seq from meta.epoch) * 1000000000 + turn as turn,"
            " $4::timestamptz as read_at from pairs",
            of_walk,
        )
    if purpose.proving:
        keep_stored(cursor, seen.source, seen.resource, "sweep", seen.lists)
    if purpose.sightings and seen.read_at is not None:
        keep_sightings(cursor, seen.source, seen.resource, seen.read_at)
    cursor.unregister("pairs")
