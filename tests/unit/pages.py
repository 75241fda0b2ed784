"""Pages as Clio sends them, and both ways of reading them, side by side."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from sources.clio_http.catalog import Collection, Column, read_catalog
from sources.clio_http.rows import Batch, RowReader

CATALOG = read_catalog("clio_manage")
ID = Column("id", "BIGINT", ("id",))
TAIL = ',"meta":{"paging":{},"records":1}}'


def page(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Give the body of a page of rows."""
    text = json.dumps({"data": rows, "meta": {"paging": {}}}, ensure_ascii=False)
    return text.encode()


def literal_page(*literals: str) -> bytes:
    """Give a page with one row for each literal, which stands as it is under `v`."""
    rows = (f'{{"id":{at},"v":{text}}}' for at, text in enumerate(literals, start=1))
    return ('{"data":[' + ",".join(rows) + "]" + TAIL).encode("utf-8", "surrogatepass")


def reader_of(kind: str, collection: str = "matters") -> RowReader:
    """Give a reader of rows with an id and one column `v` of a type."""
    return RowReader(CATALOG.loaded[collection], (ID, Column("v", kind, ("v",))))


def blank(columns: Sequence[Column], **values: object) -> dict[str, Any]:
    """Give a row with every key that is asked for; what is not named is null."""
    row: dict[str, Any] = {}
    for column in columns:
        place = row
        for name in column.path[:-1]:
            place = place.setdefault(name, {})
        place[column.path[-1]] = values.get(column.name)
    return row


def in_bulk(reader: RowReader, pages: Sequence[tuple[int, bytes]]) -> Batch | None:
    """Read pages with the bulk reader; None where it leaves them to the careful one."""
    cursor = reader._connection.cursor()
    try:
        return reader._read_bulk(cursor, pages, 0)
    finally:
        cursor.close()


def carefully(reader: RowReader, pages: Sequence[tuple[int, bytes]]) -> Batch:
    """Read pages with the careful reader."""
    cursor = reader._connection.cursor()
    try:
        return reader._read_rows(cursor, pages, 0)
    finally:
        cursor.close()


def sorted_rows(table: pa.Table, key: str = "id") -> list[dict[str, Any]]:
    """Give the rows of a table in the order of a column."""
    rows: list[dict[str, Any]] = table.sort_by(key).to_pylist()
    return rows


def values(batch: Batch) -> dict[int, Any]:
    """Give what the column `v` holds, by id."""
    return {row["id"]: row["v"] for row in batch.table.to_pylist()}


def shape_of(collection: Collection) -> tuple[Column, ...]:
    """Give the columns of a collection that come from the body."""
    return tuple(column for column in collection.columns if column.path)
