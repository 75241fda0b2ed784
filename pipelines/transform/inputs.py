"""What models are built from: raw tables and `meta`, as they are, or as the catalogue has them."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import cache

from pipelines.config import PRODUCTS
from pipelines.load.content_hash import sql_type
from pipelines.state.epoch import migrations
from pipelines.state.inputs import Unknown
from pipelines.state.row_history import SUFFIX
from pipelines.warehouse import Cursor, Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import read_catalog

from .files import text_hash
from .queries import sql_name

Tables = Mapping[str, Mapping[str, str]]
"""Relations with their columns, and the type of each."""

COLUMNS = """
select schema_name || '.' || table_name, column_name, data_type from duckdb_columns()
where database_name = current_database()
    and (schema_name = 'meta' or schema_name like 'raw!_%' escape '!')
order by schema_name, table_name, column_index
"""
EVERY_COLUMN = """
select schema_name || '.' || table_name, column_name, data_type from duckdb_columns()
where database_name = current_database()
"""
KEPT_COLUMNS = {"_row_hash": "varchar", "_synced_at": "timestamptz", "_dlt_load_id": "varchar"}
LOAD = "_dlt_load_id"


@cache
def catalogued() -> Tables:
    """Return every raw table that there may be, with its columns and their types."""
    found: dict[str, dict[str, str]] = {}
    for source in PRODUCTS:
        for name, collection in read_catalog(source).loaded.items():
            columns = {column.name: sql_type(column.type) for column in collection.columns}
            table, columns = f"raw_{source}.{name}", columns | KEPT_COLUMNS
            found[table] = columns
            found[f"{table}__versions"] = {**columns, "_replaced_at": "timestamptz"}
            if collection.leaves:
                moments = dict.fromkeys(("first_seen", "last_seen"), "timestamptz")
                found[table + SUFFIX] = {"id": "bigint", **moments}
    return found


def stored(warehouse: Warehouse) -> Tables:
    """Return the raw and `meta` tables that a warehouse has."""
    return _listed(warehouse.rows(COLUMNS))


def built(warehouse: Warehouse) -> Tables:
    """Return every relation that a warehouse has, with its columns and their types."""
    return _listed(warehouse.rows(EVERY_COLUMN))


def prepare(cursor: Cursor, found: Tables, read: AbstractSet[str]) -> Tables:
    """Make empty tables for what queries read; give all that there may be, with their columns.

    What is stored counts as it is; to it comes what the catalogue has more.
    """
    for statements in migrations():
        cursor.execute(statements)
    known = dict(_listed(cursor.execute(COLUMNS).fetchall()))
    for name, columns in (*catalogued().items(), *found.items()):
        known[name] = {**known.get(name, {}), **columns}
    for name in sorted(known.keys() & read):
        listed = ", ".join(f"{quoted(column)} {kind}" for column, kind in known[name].items())
        cursor.execute(f"create schema if not exists {name.partition('.')[0]}")
        cursor.execute(f"create or replace table {sql_name(name)} ({listed})")
    return known


def _listed(rows: Iterable[tuple[str, str, str]]) -> Tables:
    found: dict[str, dict[str, str]] = {}
    for relation, column, kind in rows:
        found.setdefault(relation, {})[column] = kind
    return found


def stand_in(relation: str, found: Tables) -> str | None:
    """Return the SQL that takes the place of a raw table which is absent or lacks columns.

    None for one that is whole, and for what the catalogue does not know.
    """
    wanted = catalogued().get(relation)
    if wanted is None:
        return None
    there = found.get(relation, {})
    missing = {name: kind for name, kind in wanted.items() if name not in there}
    nulls = ", ".join(f"null::{kind} as {quoted(name)}" for name, kind in missing.items())
    if relation not in found:
        return f"(select {nulls} where false)"
    return f"(select *, {nulls} from {sql_name(relation)})" if missing else None


def state(warehouse: Warehouse, relation: str, found: Tables) -> str:
    """Digest what a table holds: its columns, its rows, which loads they came with.

    Not the newest load alone: the names of loads come from the clock, which may have been set back.
    A table without loads is digested row by row.
    """
    columns = found.get(relation)
    if columns is None:
        return "absent"
    hashed = LOAD if LOAD in columns else "t"
    query = f"select count(*), sum(hash({hashed})::hugeint) from {sql_name(relation)} t"
    ((rows, mark),) = warehouse.rows(query)
    return text_hash(f"{sorted(columns.items())} {rows} {mark}")


def marked(states: Mapping[str, str], unknown: Iterable[Unknown]) -> dict[str, str]:
    """Add to what tables hold what of them is not known: models follow when that changes."""
    marks: dict[str, list[str]] = {}
    for one in unknown:
        marks.setdefault(one.relation, []).append(f"{one.field} {one.state}")
    return {
        name: f"{state} {sorted(marks[name])}" if name in marks else state
        for name, state in states.items()
    }
