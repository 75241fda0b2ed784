"""When a list first and last showed a record that may leave it without being deleted."""

import pendulum

from pipelines.warehouse import Cursor, Warehouse
from sources.clio_http.casts import quoted

SUFFIX = "__seen"


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
