"""Pages as Clio sends them, and both ways of reading them, side by side."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import pyarrow as pa

from sources.clio_http.catalog import Collection, Column, read_catalog
from sources.clio_http.misfits import UNKNOWN, Sifted
from sources.clio_http.rows import Batch, RowReader

CATALOG = read_catalog("clio_manage")
ID = Column("id", "BIGINT", ("id",))
TAIL = ',"meta":{"paging":{},"records":1}}'


def page(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the body of a page of rows."""
    text = json.dumps({"data": rows, "meta": {"paging": {}}}, ensure_ascii=False)
    return text.encode()


def literal_page(*literals: str) -> bytes:
    """Return a page with one row for each literal, which stands as it is under `v`."""
    rows = (f'{{"id":{at},"v":{text}}}' for at, text in enumerate(literals, start=1))
    return ('{"data":[' + ",".join(rows) + "]" + TAIL).encode("utf-8", "surrogatepass")


def reader_of(kind: str, collection: str = "matters") -> RowReader:
    """Return a reader of rows with an id and one column `v` of a type."""
    return RowReader(CATALOG.loaded[collection], (ID, Column("v", kind, ("v",))))


def blank(columns: Sequence[Column], **values: object) -> dict[str, Any]:
    """Return a row with every key that is asked for; what is not named is null.

    So is an object that nothing of is named; one that is there has an id.
    """
    row: dict[str, Any] = {}
    for column in columns:
        if len(column.path) == 1:
            row[column.path[0]] = values.get(column.name)
            continue
        first, last = column.path
        inner = row.setdefault(first, {})
        inner[last] = values.get(column.name)
    for name, inner in row.items():
        if isinstance(inner, dict) and all(value is None for value in inner.values()):
            row[name] = None
        elif isinstance(inner, dict) and inner.get("id", 0) is None:
            inner["id"] = 1
    return row


def in_bulk(reader: RowReader, pages: Sequence[tuple[int, bytes]]) -> Batch | None:
    """Read pages with the bulk reader; None where it leaves one to the careful reader."""
    with closing(reader._connection.cursor()) as cursor:
        even, odd = reader._in_bulk(cursor, pages)
    return None if even is None or odd else reader._batch(Sifted(even, (), 0), 0)


def carefully(reader: RowReader, pages: Sequence[tuple[int, bytes]]) -> Batch:
    """Read pages with the careful reader."""
    with closing(reader._connection.cursor()) as cursor:
        return reader._with_odd(cursor, None, pages, 0, whole=False)


def sorted_rows(table: pa.Table, key: str = "id") -> list[dict[str, Any]]:
    """Return the rows of a table in the order of a column."""
    rows: list[dict[str, Any]] = table.sort_by(key).to_pylist()
    return rows


def values(batch: Batch) -> dict[int, Any]:
    """Return what the column `v` holds, by id."""
    return {row["id"]: row["v"] for row in batch.table.to_pylist()}


def unknown(batch: Batch) -> dict[int, dict[str, str]]:
    """Return what is not known of each row that has such, by id: the columns and why."""
    if UNKNOWN not in batch.table.column_names:
        return {}
    return {
        row["id"]: {mark["field"]: mark["evidence"] for mark in row[UNKNOWN]}
        for row in batch.table.to_pylist()
        if row[UNKNOWN]
    }


def shape_of(collection: Collection) -> tuple[Column, ...]:
    """Return the columns of a collection that come from the body."""
    return tuple(column for column in collection.columns if column.path)
