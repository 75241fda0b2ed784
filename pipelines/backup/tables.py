"""What stands in a warehouse, table by table, so that two copies can be compared."""

import hashlib
from collections.abc import Callable, Sequence

from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted

from .manifest import TableSum

TABLES = """
select t.schema_name, t.table_name,
    list(c.column_name order by c.column_index), list(c.data_type order by c.column_index)
from duckdb_tables() t
join duckdb_columns() c using (database_oid, schema_oid, table_oid)
where t.database_name = current_database() and not t.internal and not t.temporary
group by all order by all
"""


def table_sums(warehouse: Warehouse, go_on: Callable[[], None]) -> tuple[TableSum, ...]:
    """Count and digest every table of every schema; `go_on` is called before each."""
    sums = []
    for schema, table, names, kinds in warehouse.rows(TABLES):
        go_on()
        sums.append(_table_sum(warehouse, schema, table, list(zip(names, kinds, strict=True))))
    return tuple(sums)


def _table_sum(
    warehouse: Warehouse, schema: str, table: str, columns: Sequence[tuple[str, str]]
) -> TableSum:
    """Add up the MD5 of every row, in halves: a sum does not depend on the order of its terms."""
    row = f"concat({', '.join(_text(name, kind) for name, kind in columns)})"
    query = (
        "select count(*), coalesce(sum(md5_number_lower(r)), 0),"
        " coalesce(sum(md5_number_upper(r)), 0)"
        f" from (select {row} as r from {quoted(schema)}.{quoted(table)})"
    )
    ((rows, lower, upper),) = warehouse.rows(query)
    whole = repr((list(columns), int(rows), int(lower), int(upper)))
    return TableSum(schema, table, int(rows), hashlib.sha256(whole.encode()).hexdigest())


def _text(name: str, kind: str) -> str:
    """Return the SQL of a value's text with its length, so that no two rows have the same text."""
    column = quoted(name)
    text = f"{column}::varchar"
    if kind == "TIMESTAMP WITH TIME ZONE":
        text = f"epoch_us({column})::varchar"
    return f"coalesce(strlen({text}) || ':' || {text}, '-')"
