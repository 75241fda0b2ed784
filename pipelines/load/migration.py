"""Bringing what an older version stored up to what this one stores, once for each warehouse."""

from collections.abc import Iterable

import pendulum

from pipelines.state import migrations
from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted, stripped
from sources.clio_http.catalog import JSON, Collection
from sources.clio_http.misfits import key_sql

from .classify import sql_type
from .content_hash import row_hash

ETAG_COPIES = "etag copies"


def migrate_etag_copies(
    warehouse: Warehouse, source: str, collections: Iterable[Collection], at: pendulum.DateTime
) -> None:
    """Take the etags of other records out of stored arrays, and hash the rows anew.

    Without it the first reading of each such row would pass for a change of it. What walks under
    way have shown and known is hashed anew as well. In one transaction; does nothing the second
    time.
    """
    if migrations.is_done(warehouse, ETAG_COPIES, source):
        return
    layout = warehouse.layout(f"raw_{source}")
    with warehouse.transaction():
        for collection in collections:
            for table in (collection.name, f"{collection.name}__versions"):
                stored = set(layout.get(table, ()))
                arrays = [c.name for c in collection.columns if c.type == JSON and c.name in stored]
                if arrays and "_row_hash" in stored:
                    _strip(warehouse, source, collection, table, arrays, stored)
        migrations.note_done(warehouse, ETAG_COPIES, source, at)


def _strip(  # noqa: PLR0913, PLR0917 - each is a fact of its own
    warehouse: Warehouse,
    source: str,
    collection: Collection,
    table: str,
    arrays: list[str],
    stored: set[str],
) -> None:
    """Rewrite the rows of one table that hold such an etag."""
    name = f"{quoted('raw_' + source)}.{quoted(table)}"
    values = {array: stripped(f"t.{quoted(array)}::varchar") for array in arrays}
    held = " or ".join(
        f"{value} is distinct from t.{quoted(array)}::varchar" for array, value in values.items()
    )
    replaced = ", ".join(f"{value} as {quoted(array)}" for array, value in values.items())
    missing = "".join(
        f", null::{sql_type(c.type)} as {quoted(c.name)}"
        for c in collection.columns
        if c.name not in stored
    )
    warehouse.rows(
        f"create or replace temp table stripped as select *, {row_hash(collection)} as _new_hash,"
        f" {key_sql(collection, 's')} as _key from (select t.* replace ({replaced}){missing},"
        f" t.rowid as _place from {name} t where {held}) s"
    )
    sets = ", ".join(f"{quoted(array)} = s.{quoted(array)}" for array in arrays)
    warehouse.rows(
        f"update {name} t set {sets}, _row_hash = s._new_hash from stripped s"
        " where t.rowid = s._place"
    )
    for census in ("census_known", "census_seen"):
        warehouse.rows(
            f"update meta.{census} c set row_hash = s._new_hash from stripped s"
            " where c.source = $1 and c.resource = $2 and c.key = s._key"
            " and c.row_hash = s._row_hash",
            [source, collection.name],
        )
    warehouse.rows("drop table stripped")
