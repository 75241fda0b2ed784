"""The history of a raw table: a table beside it that keeps the rows that were replaced."""

from collections.abc import Iterable

from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted


def ensure_versions(warehouse: Warehouse, schema: str, tables: Iterable[str]) -> None:
    """Make the history tables of some raw tables, or add the columns that they lack."""
    layout = warehouse.layout(schema)
    for table in sorted(tables):
        kept = layout.get(table + "__versions", [])
        missing = set(layout.get(table, ())) - set(kept)
        if missing:
            _extend_versions(warehouse, schema, table, missing, new=not kept)


def _extend_versions(
    warehouse: Warehouse,
    schema: str,
    table: str,
    missing: set[str],
    *,
    new: bool,
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
