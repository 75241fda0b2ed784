"""The content hash of a row: what tells a row that changed from one that did not.

Where a newer release hashes other values, what an older one stored is hashed anew, once.
"""

from collections.abc import Iterable

import pendulum

from pipelines.state import epoch
from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted, stripped
from sources.clio_http.catalog import EXTRA, JSON, WRITTEN_AS_JSON, Collection
from sources.clio_http.misfits import key_sql

ETAG_COPIES = "etag copies"


def text_for_hash(name: str, kind: str) -> str:
    """Return the SQL of a column's text in the content hash: the same on every machine."""
    column = quoted(name)
    text = f"{column}::varchar"
    if kind == "TIMESTAMPTZ":
        text = f"epoch_us({column})::varchar"
    elif kind in {"VARCHAR", *WRITTEN_AS_JSON}:
        # with its length before it, a text that holds the separators cannot pass for two
        text = f"strlen({column})::varchar || ':' || {column}"
    return f"coalesce({text}, chr(30))"


def sql_type(kind: str) -> str:
    """Return DuckDB's type of the columns of a type of the catalogue."""
    return {"DECIMAL": "decimal(38, 18)", EXTRA: "json"}.get(kind, kind.lower())


def row_hash(collection: Collection) -> str:
    """Return the SQL of the content hash of a row: MD5 of every column of Clio's, in order."""
    texts = ", ".join(text_for_hash(column.name, column.type) for column in collection.columns)
    return f"md5(concat_ws(chr(31), {texts}))"


def widen_keys(warehouse: Warehouse, source: str, collections: Iterable[Collection]) -> None:
    """Add the columns that have become part of a key, where a table lacks them.

    Every row keeps its content: its hash and its tombstone are written anew with the wider key,
    so that the next reading finds it unchanged.
    """
    layout = warehouse.layout(f"raw_{source}")
    for collection in collections:
        wider = {name for name, _ in collection.stands_for}
        if collection.name in layout and not wider <= set(layout[collection.name]):
            with warehouse.transaction():
                _widen(warehouse, source, collection)


def _widen(warehouse: Warehouse, source: str, collection: Collection) -> None:
    raw = f"{quoted('raw_' + source)}.{quoted(collection.name)}"
    ours = {name for name, _ in collection.stands_for}
    before = [f"t.{quoted(name)}::varchar" for name in collection.key if name not in ours]
    for name, stood_for in collection.stands_for:
        warehouse.rows(f"alter table {raw} add column {quoted(name)} bigint")
        value = f"coalesce({quoted(stood_for)}, 0)"
        warehouse.rows(f"update {raw} set {quoted(name)} = {value}")
    warehouse.rows(f"update {raw} set _row_hash = {row_hash(collection)}")
    named = [source, collection.name]
    narrower = f"concat_ws(',', {', '.join(before)})"
    warehouse.rows(
        f"update meta.tombstones m set record_id = {key_sql(collection, 't')} from {raw} t"
        f" where m.source = $1 and m.resource = $2 and m.record_id = {narrower}",
        named,
    )
    # a census under way has the narrower keys: that walk begins anew
    for table in ("census_known", "census_seen"):
        warehouse.rows(f"delete from meta.{table} where source = $1 and resource = $2", named)


def migrate_etag_copies(
    warehouse: Warehouse, source: str, collections: Iterable[Collection], at: pendulum.DateTime
) -> None:
    """Take the etags of other records out of stored arrays, and hash the rows anew.

    Without it the first reading of each such row would pass for a change of it. What walks under
    way have shown and known is hashed anew as well. In one transaction; does nothing the second
    time.
    """
    if epoch.is_done(warehouse, ETAG_COPIES, source):
        return
    layout = warehouse.layout(f"raw_{source}")
    with warehouse.transaction():
        for collection in collections:
            for table in (collection.name, f"{collection.name}__versions"):
                stored = set(layout.get(table, ()))
                arrays = [c.name for c in collection.columns if c.type == JSON and c.name in stored]
                if arrays and "_row_hash" in stored:
                    _strip(warehouse, source, collection, table, arrays, stored)
        epoch.note_done(warehouse, ETAG_COPIES, source, at)


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
