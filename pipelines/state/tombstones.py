"""Rows that Clio has deleted: marked, never removed, and revived when Clio shows them again."""

from collections.abc import Mapping

import pendulum

from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection
from sources.clio_http.misfits import key_sql

from . import quarantine, withheld

OPEN = "source = $1 and resource = $2 and revived_at is null"


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
    schema = f"raw_{source}"
    cursor = warehouse.cursor()
    try:
        cursor.execute("begin")
        if warehouse.columns(schema, f"{collection.name}__versions"):
            raw = f"{quoted(schema)}.{quoted(collection.name)}"
            versions = f"{quoted(schema)}.{quoted(collection.name + '__versions')}"
            key = key_sql(collection, "t")
            cursor.execute(
                f"insert into {versions} by name select t.*, $1::timestamptz as _replaced_at"  # noqa: S608 - names and constants
                f" from {raw} t where list_contains($2, {key}) and not exists (select 1 from"
                f" {versions} v where {key_sql(collection, 'v')} = {key}"
                " and v._row_hash = t._row_hash and v._synced_at = t._synced_at)",
                [at, list(gone)],
            )
        cursor.execute(
            "insert into meta.tombstones select $1, $2, g.key, $4, g.evidence, null from"  # noqa: S608 - constants alone
            " (select unnest($3::varchar[]) as key, unnest($5::varchar[]) as evidence) g"
            f" where g.key not in (select record_id from meta.tombstones where {OPEN})",
            [source, collection.name, list(gone), at, list(gone.values())],
        )
        cursor.execute(
            "delete from meta.census_seen where source = $1 and resource = $2"
            " and list_contains($3, key)",
            [source, collection.name, list(gone)],
        )
        quarantine.forget(cursor, source, collection.name, list(gone))
        withheld.forget(cursor, source, collection.name, list(gone))
        cursor.execute("commit")
    finally:
        cursor.close()


def marked(warehouse: Warehouse) -> list[tuple[str, str, str]]:
    """Return collection, id and evidence of each row that is marked as deleted."""
    return warehouse.rows(
        "select resource, record_id, evidence from meta.tombstones where revived_at is null"
    )
