"""Page bytes to checked, typed Arrow.

Pages are parsed by DuckDB in memory, in one query for many pages, every leaf as text; then each
text is cast, and a value that would not survive its cast unchanged sends its whole row to the
misfits instead of into the table. A batch that DuckDB cannot read strictly is read row by row.
"""

import json
import re
import threading
import warnings
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import duckdb
import orjson
import pyarrow as pa
import pyarrow.compute

from sources.errors import BrokenWalkError

from . import casts
from .casts import quoted
from .catalog import EXTRA, WRITTEN_AS_JSON, Collection, Column
from .exactness import bulk_is_exact
from .leaves import Leaves, read_leaves
from .order import check_order
from .shapes import shaped

_EMPTY = re.compile(
    rb'\s*\{\s*"data"\s*:\s*\[\s*\]\s*,\s*"meta"\s*:\s*\{\s*"paging"\s*:\s*\{[^{}]*\}\s*\}\s*\}\s*\Z',
)

ARROW_TYPES = {
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
    "VARCHAR": pa.string(),
    "JSON": pa.string(),
    "EXTRA": pa.string(),
    "DATE": pa.date32(),
    "TIMESTAMPTZ": pa.timestamp("us", tz="UTC"),
    "DOUBLE": pa.float64(),
    "DECIMAL": pa.decimal128(38, 18),
}

warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)


@dataclass(frozen=True)
class Misfit:
    """A row that does not fit its table, with `field` one value: its key, it as received, why."""

    record_id: str
    row: str
    reason: str
    field: str = ""


@dataclass(frozen=True)
class Batch:
    """The rows of some pages.

    `table` has one typed column for each catalogue column that comes from the body, in order.
    `last_id` is the greatest id read so far in this walk, 0 where ids are not numbers.
    `absent` names the requested fields that no row of the batch had, `new` the keys that the
    catalogue does not know and that an EXTRA column keeps.
    """

    table: pa.Table
    misfits: tuple[Misfit, ...]
    rows: int
    last_id: int
    absent: frozenset[str]
    new: frozenset[str] = frozenset()


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """Give the Arrow schema of some columns."""
    return pa.schema([(column.name, ARROW_TYPES[column.type]) for column in columns])


class RowReader:
    """Reads the pages of one collection. One reader serves one walk, in one thread at a time."""

    def __init__(
        self,
        collection: Collection,
        columns: Sequence[Column] | None = None,
        *,
        ordered: bool = True,
    ) -> None:
        """Prepare the queries for the columns that come from the body.

        `rising` is the column of which it is checked that it only rises; it is empty if the list
        promises nothing or was not `ordered` by id.
        """
        chosen = collection.columns if columns is None else columns
        self.columns = tuple(column for column in chosen if column.path)
        self.collection = collection
        self.key = tuple(c for c in self.columns if c.name in collection.key)
        self._known = frozenset(item.name for item in collection.fields)
        self._keeps_unknown = any(column.type == EXTRA for column in self.columns)
        # a list that is not narrowed sends what configuration leaves out
        asked = set(self.columns) if not collection.narrows else set(collection.columns)
        self._left_out = tuple(c.path for c in collection.columns if c.path and c not in asked)
        there = {column.name for column in self.columns}
        beside = tuple(name for _, name in collection.stands_for if name in there)
        self._apart = (*(column.name for column in self.key), *beside)
        self.rising = collection.rises if ordered and collection.rises in there else ""
        self._shape = self._json_shape()
        by_kind: dict[str, list[str]] = {}
        for column in self.columns:
            if column.type != "VARCHAR":
                by_kind.setdefault(column.type, []).append(column.name)
        self._exact = casts.all_exact(by_kind)
        self._typed = self._typed_query()
        self._bulk = self._bulk_leaves()
        self._careful = self._careful_leaves()
        self._connection = _connection()

    def read(
        self, pages: Sequence[tuple[int, bytes]], *, after: int = 0, whole: bool = False
    ) -> Batch:
        """Read (number, body) pages whose ids rise above `after`; `whole` are all of the list.

        Raises:
            UnreadableAnswerError: a page cannot be parsed; the message names the page.
            BrokenWalkError: a page breaks what paging promises: order, size, one key a row.

        """
        if all(_EMPTY.match(body) for _, body in pages):
            empty = arrow_schema(self.columns).empty_table()
            return Batch(empty, (), 0, after, frozenset())
        cursor = self._connection.cursor()
        try:
            strict = self._strictly(pages)
            if strict is not None:
                batch = self._read_bulk(cursor, strict, after, whole=whole)
                # what is kept of a misfit is its row as it was received
                if batch is not None and (strict is pages or not batch.misfits):
                    return batch
            return self._read_rows(cursor, pages, after, whole=whole)
        finally:
            cursor.close()

    def read_each(self, lists: Sequence[Sequence[bytes]]) -> list[Batch] | None:
        """Read several whole lists in one query: planning it takes longer than running it.

        None where something is odd about a page: then each list is read by itself.
        """
        pages = list(enumerate((body for bodies in lists for body in bodies), start=1))
        full = not all(_EMPTY.match(body) for _, body in pages)
        strict = self._strictly(pages) if full else None
        with closing(self._connection.cursor()) as cursor:
            typed = None if strict is None else self._typed_in_bulk(cursor, strict)
        if typed is None or not _all(typed.column("_exact")):
            return None
        ends = accumulate((len(bodies) for bodies in lists), initial=0)
        try:
            return [
                self._batch(_of_pages(typed, first, last), 0, ()) for first, last in pairwise(ends)
            ]
        except BrokenWalkError:
            return None

    def _strictly(self, pages: Sequence[tuple[int, bytes]]) -> Sequence[tuple[int, bytes]] | None:
        """Give the pages as the bulk reader takes them; None where it would not be exact."""
        if not all(bulk_is_exact(body) for _, body in pages):
            return None
        if self.collection.narrows:
            return pages
        bodies = [(number, shaped(body, self.columns, self._known)) for number, body in pages]
        whole = [(number, body) for number, body in bodies if body is not None]
        return whole if len(whole) == len(bodies) else None

    def _json_shape(self) -> str:
        shape: dict[str, str | dict[str, str]] = {}
        for column in self.columns:
            kind = "JSON" if column.type in WRITTEN_AS_JSON else "VARCHAR"
            if len(column.path) == 1:
                shape[column.path[0]] = kind
            else:
                inner = shape.setdefault(column.path[0], {})
                if isinstance(inner, dict):
                    inner[column.path[1]] = kind
        return orjson.dumps({"data": [shape]}).decode()

    def _typed_query(self) -> str:
        values = ", ".join(
            f"{casts.value(c.name, c.type)} as {quoted(c.name)}" for c in self.columns
        )
        return f"select {values}, {self._exact} as _exact, _page, _position from leaf"  # noqa: S608

    def _wrong_query(self) -> str:
        cases = ", ".join(
            f"case when not coalesce({casts.exact(c.name, c.type)}, false) then '{c.name}' end"
            for c in self.columns
        )
        return (
            f"select _page, _position, list_filter([{cases}], lambda x: x is not null)"  # noqa: S608
            f" from leaf where not {self._exact}"
        )

    def _bulk_leaves(self) -> str:
        leaves = ", ".join(
            f"_row.{'.'.join(map(quoted, c.path))}::varchar as {quoted(c.name)}"
            for c in self.columns
        )
        return (
            f"with page as (select number, from_json_strict(body, '{self._shape}').data as data"  # noqa: S608
            " from pages), placed as (select number as _page, unnest(data) as _row,"
            " generate_subscripts(data, 1) as _position from page),"
            f" leaf as (select _page, _position, {leaves} from placed) "
        )

    def _careful_leaves(self) -> str:
        """Give the leaves that were read row by row, arrays written as the bulk reader does."""
        leaves = ", ".join(
            f"json({quoted(c.name)})::varchar as {quoted(c.name)}"
            if c.type in WRITTEN_AS_JSON
            else quoted(c.name)
            for c in self.columns
        )
        return f"with leaf as (select _page, _position, {leaves} from leaves) "  # noqa: S608

    def _read_bulk(
        self,
        cursor: duckdb.DuckDBPyConnection,
        pages: Sequence[tuple[int, bytes]],
        after: int,
        *,
        whole: bool = False,
    ) -> Batch | None:
        typed = self._typed_in_bulk(cursor, pages)
        if typed is None:
            return None
        wrong = self._wrong(cursor, typed, self._bulk)
        misfits = tuple(
            self._misfit(_received_in_bulk(cursor, page, position), names)
            for page, position, names in wrong
        )
        return self._batch(typed, after, misfits, whole=whole)

    def _typed_in_bulk(
        self, cursor: duckdb.DuckDBPyConnection, pages: Sequence[tuple[int, bytes]]
    ) -> pa.Table | None:
        try:
            bodies = pa.array([body for _, body in pages], pa.binary()).cast(pa.string())
            numbers = pa.array([number for number, _ in pages], pa.int32())
            cursor.register("pages", pa.table({"number": numbers, "body": bodies}))
            return cursor.execute(self._bulk + self._typed).to_arrow_table()
        except (duckdb.Error, pa.ArrowInvalid):
            return None

    def _read_rows(
        self,
        cursor: duckdb.DuckDBPyConnection,
        pages: Sequence[tuple[int, bytes]],
        after: int,
        *,
        whole: bool = False,
    ) -> Batch:
        leaves = read_leaves(pages, self.columns, self._known, self._left_out)
        fields: dict[str, pa.Array] = {
            name: pa.array(texts, pa.string()) for name, texts in leaves.columns.items()
        }
        fields["_page"] = pa.array(leaves.page, pa.int32())
        fields["_position"] = pa.array(leaves.position, pa.int64())
        cursor.register("leaves", pa.table(fields))
        typed = cursor.execute(self._careful + self._typed).to_arrow_table()
        misfits = tuple(Misfit(self._key_text(row), row, reason) for row, reason in leaves.misfits)
        misfits += tuple(
            self._misfit(leaves.received[page, position], names)
            for page, position, names in self._wrong(cursor, typed, self._careful)
        )
        batch = self._batch(typed, after, misfits, whole=whole)
        return replace(batch, absent=self._absent(leaves), new=self._new(leaves))

    def _absent(self, leaves: Leaves) -> frozenset[str]:
        """Name what was asked for and is nowhere; other lists leave out as they like."""
        if not leaves.received or not self.collection.narrows:
            return frozenset()
        return frozenset({column.path[0] for column in self.columns} - leaves.present)

    def _new(self, leaves: Leaves) -> frozenset[str]:
        return frozenset(leaves.present - self._known) if self._keeps_unknown else frozenset()

    def _wrong(
        self,
        cursor: duckdb.DuckDBPyConnection,
        typed: pa.Table,
        leaves: str,
    ) -> list[tuple[int, int, list[str]]]:
        """Place the rows that did not survive, with the columns that are to blame."""
        if _all(typed.column("_exact")):
            return []
        return cursor.execute(leaves + self._wrong_query()).fetchall()

    def _misfit(self, row: str, wrong: list[str]) -> Misfit:
        return Misfit(self._key_text(row), row, "does not fit its type: " + ", ".join(wrong))

    def _batch(
        self,
        typed: pa.Table,
        after: int,
        misfits: tuple[Misfit, ...],
        *,
        whole: bool = False,
    ) -> Batch:
        good = typed.filter(typed.column("_exact")) if misfits else typed
        last_id = self._check(good, after, whole=whole)
        table = good.select([column.name for column in self.columns])
        return Batch(
            table=table.cast(arrow_schema(self.columns)),
            misfits=misfits,
            rows=good.num_rows + len(misfits),
            last_id=last_id,
            absent=frozenset(),
        )

    def _key_text(self, row: str) -> str:
        try:
            value = json.loads(row)
        except RecursionError:
            return ""
        parts = []
        for column in self.key:
            inner = value
            for name in column.path:
                inner = inner.get(name) if isinstance(inner, dict) else None
            parts.append("" if inner is None else str(inner))
        return "/".join(parts)

    def _check(self, typed: pa.Table, after: int, *, whole: bool) -> int:
        """Check what paging promises, and give the greatest id."""
        for column in self.key:
            missing = typed.filter(pa.compute.is_null(typed[column.name]))
            if missing.num_rows:
                message = f"page {missing['_page'][0]} holds a record without {column.name}"
                raise BrokenWalkError(message)
        for size in pa.compute.value_counts(typed["_page"]).to_pylist():
            if size["counts"] > self.collection.page_size:
                message = (
                    f"page {size['values']} holds more than {self.collection.page_size} records"
                )
                raise BrokenWalkError(message)
        return check_order(typed, self._apart, self.rising, after, whole=whole)


def _of_pages(typed: pa.Table, first: int, last: int) -> pa.Table:
    """Give the rows of the pages after `first`, up to `last`."""
    page = typed["_page"]
    return typed.filter(
        pa.compute.and_(pa.compute.greater(page, first), pa.compute.less_equal(page, last))
    )


def _received_in_bulk(cursor: duckdb.DuckDBPyConnection, page: int, position: int) -> str:
    found = cursor.execute(
        """select from_json(body, '{"data":["JSON"]}').data[$1] from pages where number = $2""",
        [position, page],
    ).fetchall()
    return str(found[0][0]) if found else "{}"


def _all(values: pa.ChunkedArray | pa.Array) -> bool:
    return pa.compute.all(values, min_count=0).as_py() is True


_SHARED = threading.Lock()
_STATE: dict[str, duckdb.DuckDBPyConnection] = {}


def _connection() -> duckdb.DuckDBPyConnection:
    """Give the one in-memory DuckDB that parses pages; each read uses a cursor of its own.

    One thread for each read: the pages of a read are few, and walks are read side by side.
    """
    with _SHARED:
        if "pages" not in _STATE:
            connection = duckdb.connect(":memory:")
            connection.execute("set timezone = 'UTC'; set threads = 1; set memory_limit = '400MB'")
            _STATE["pages"] = connection
        return _STATE["pages"]
