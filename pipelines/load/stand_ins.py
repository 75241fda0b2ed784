"""Tables of an earlier release whose rows were told apart by fewer columns."""

from collections.abc import Iterable

from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection
from sources.clio_http.misfits import key_sql

from .content_hash import row_hash


def widen_keys(warehouse: Warehouse, source: str, collections: Iterable[Collection]) -> list[str]:
    """Add the columns that have become part of a key, and name the tables that lacked them.

    Every row keeps its content: its hash and its tombstone are written anew with the wider key,
    so that the next reading finds it unchanged. Does nothing where the columns are there.
    """
    layout = warehouse.layout(f"raw_{source}")
    lacking = [
        collection
        for collection in collections
        if collection.stands_for
        and collection.name in layout
        and not {name for name, _ in collection.stands_for} <= set(layout[collection.name])
    ]
    for collection in lacking:
        with warehouse.transaction():
            _widen(warehouse, source, collection)
    return [collection.name for collection in lacking]


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
