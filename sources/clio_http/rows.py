"""Page bytes to checked, typed Arrow.

Pages are parsed by DuckDB in memory, in one query for many pages, every leaf as text; then each
text is cast. A page with anything odd about it is read row by row instead: there a value that
would not survive its cast unchanged is set aside, and its column is null and marked as unknown;
only what a row cannot do without costs the row.
"""

import re
import warnings
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import accumulate, pairwise
from typing import Any, TypeAlias

import duckdb
import orjson
import pyarrow as pa
import pyarrow.compute

from sources.errors import BrokenWalkError

from .bulk import Signs, bulk_is_exact, shaped, signs_of
from .casts import bulk_sql, careful_sql
from .catalog import EXTRA, Collection, Column
from .leaves import Leaves, read_leaves, standing
from .misfits import UNKNOWN, Misfit, Sifted, sift

Pages: TypeAlias = Sequence[tuple[int, bytes]]

_EMPTY = re.compile(
    rb'\s*\{\s*"data"\s*:\s*\[\s*\]\s*,\s*"meta"\s*:\s*\{\s*"paging"\s*:\s*\{[^{}]*\}\s*\}\s*\}\s*\Z'
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
class Batch:
    """The rows of some pages.

    `table` has one typed column for each catalogue column that comes from the body, in order, and
    where something is not known of a row the column UNKNOWN, which lists what and why.
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
    """Return the Arrow schema of some columns."""
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
        self._texts = tuple(column for column in self.columns if column.type == "VARCHAR")
        self._connection = _connection()

    @cached_property
    def _signs(self) -> Signs:
        return signs_of(self.collection, self.columns)

    def read(self, pages: Pages, *, after: int = 0, whole: bool = False) -> Batch:
        """Read (number, body) pages whose ids rise above `after`; `whole` are all of the list.

        Raises:
            UnreadableAnswerError: a page cannot be parsed; the message names the page.
            BrokenWalkError: a page breaks what paging promises: order, size, one key a row.
        """
        if all(_EMPTY.match(body) for _, body in pages):
            empty = arrow_schema(self.columns).empty_table()
            return Batch(empty, (), 0, after, frozenset())
        with closing(self._connection.cursor()) as cursor:
            even, odd = self._in_bulk(cursor, pages)
            if even is not None and not odd:
                return self._batch(Sifted(even, (), 0), after, whole=whole)
            return self._with_odd(cursor, even, odd, after, whole=whole)

    def read_each(self, lists: Sequence[Sequence[bytes]]) -> list[Batch] | None:
        """Read several whole lists in one query: planning it takes longer than running it.

        None where something is odd about a page: then each list is read by itself.
        """
        pages = list(enumerate((body for bodies in lists for body in bodies), start=1))
        if all(_EMPTY.match(body) for _, body in pages):
            return None
        with closing(self._connection.cursor()) as cursor:
            even, odd = self._in_bulk(cursor, pages)
        if even is None or odd:
            return None
        ends = accumulate((len(bodies) for bodies in lists), initial=0)
        try:
            return [
                self._batch(Sifted(_of_pages(even, first, last), (), 0), 0)
                for first, last in pairwise(ends)
            ]
        except BrokenWalkError:
            return None

    def _in_bulk(
        self, cursor: duckdb.DuckDBPyConnection, pages: Pages
    ) -> tuple[pa.Table | None, list[tuple[int, bytes]]]:
        """Return the typed rows of the pages about which nothing is odd, and the other pages."""
        strict = self._strictly(pages)
        typed = self._typed_in_bulk(cursor, strict) if strict else None
        if typed is None:
            return None, list(pages)
        even = {number for number, _ in strict} - self._odd_pages(typed, dict(pages))
        if len(even) < len(pages):
            typed = typed.filter(pa.compute.is_in(typed["_page"], pa.array(even, pa.int32())))
        return typed, [page for page in pages if page[0] not in even]

    def _strictly(self, pages: Pages) -> list[tuple[int, bytes]]:
        """Return the pages that the bulk reader may read, as it takes them."""
        found = []
        for number, body in pages:
            if bulk_is_exact(body) and not self._signs.may_be_in(body):
                whole: bytes | None = body
                if not self.collection.narrows:
                    whole = shaped(body, self.columns, self._known)
                found += [(number, whole)] if whole is not None else []
        return found

    def _typed_in_bulk(self, cursor: duckdb.DuckDBPyConnection, pages: Pages) -> pa.Table | None:
        try:
            bodies = pa.array([body for _, body in pages], pa.binary()).cast(pa.string())
            numbers = pa.array([number for number, _ in pages], pa.int32())
            cursor.register("pages", pa.table({"number": numbers, "body": bodies}))
            return cursor.execute(bulk_sql(self.columns)).to_arrow_table()
        except (duckdb.Error, pa.ArrowInvalid):
            return None

    def _odd_pages(self, typed: pa.Table, bodies: Mapping[int, bytes]) -> set[int]:
        """Number the pages with a value that did not survive, or an object where text belongs."""
        odd: set[int] = set()
        if not all_true(typed["_exact"]):
            odd.update(typed.filter(pa.compute.invert(typed["_exact"]))["_page"].to_pylist())
        parsed: dict[int, Any] = {}
        for column in self._texts:
            for page, position in _like_json(typed, column.name):
                if page in odd:
                    continue
                try:
                    parsed[page] = parsed.get(page) or orjson.loads(bodies[page])["data"]
                except ValueError:
                    # DuckDB takes what is no JSON, such as a bare NaN
                    odd.add(page)
                    continue
                if isinstance(standing(parsed[page][position - 1], column), dict | list):
                    odd.add(page)
        return odd

    def _with_odd(
        self,
        cursor: duckdb.DuckDBPyConnection,
        even: pa.Table | None,
        odd: Pages,
        after: int,
        *,
        whole: bool,
    ) -> Batch:
        """Read the odd pages row by row, and put their rows where they belong among the others."""
        sifted, leaves = self._carefully(cursor, odd)
        if even is not None and even.num_rows:
            tables = [even.drop_columns(["_exact"]), sifted.table]
            table = pa.concat_tables(tables, promote_options="default")
            table = table.sort_by([("_page", "ascending"), ("_position", "ascending")])
            sifted, absent = replace(sifted, table=table), frozenset[str]()
        else:
            # other lists leave out as they like
            asked = {column.path[0] for column in self.columns if self.collection.narrows}
            absent = frozenset(asked - leaves.present) if leaves.rows else frozenset()
        new = frozenset(leaves.present - self._known) if self._keeps_unknown else frozenset()
        return self._batch(sifted, after, whole=whole, absent=absent, new=new)

    def _carefully(self, cursor: duckdb.DuckDBPyConnection, pages: Pages) -> tuple[Sifted, Leaves]:
        leaves = read_leaves(pages, self.columns, self._known, self._left_out, self._signs)
        fields: dict[str, pa.Array] = {
            name: pa.array(texts, pa.string()) for name, texts in leaves.columns.items()
        }
        fields["_page"] = pa.array(leaves.page, pa.int32())
        fields["_position"] = pa.array(leaves.position, pa.int64())
        cursor.register("leaves", pa.table(fields))
        typed = cursor.execute(careful_sql(self.columns)).to_arrow_table()
        return sift(typed, leaves, self.columns, self.collection), leaves

    def _batch(
        self,
        sifted: Sifted,
        after: int,
        *,
        whole: bool = False,
        absent: frozenset[str] = frozenset(),
        new: frozenset[str] = frozenset(),
    ) -> Batch:
        """Check what paging promises, and give the rows with the types of their table."""
        rows = sifted.table
        _check_pages(rows, self.key, self.collection.page_size)
        last_id = demand_order(rows, self._apart, self.rising, after, whole=whole)
        table = rows.select([column.name for column in self.columns])
        table = table.cast(arrow_schema(self.columns))
        if UNKNOWN in rows.column_names:
            table = table.append_column(UNKNOWN, rows[UNKNOWN])
        return Batch(table, sifted.misfits, rows.num_rows + sifted.lost, last_id, absent, new)


def _like_json(typed: pa.Table, name: str) -> list[tuple[int, int]]:
    """Place the rows whose text begins as an object or a list does."""
    texts = typed[name]
    like = pa.compute.or_(pa.compute.starts_with(texts, "{"), pa.compute.starts_with(texts, "["))
    if pa.compute.any(like).as_py() is not True:
        return []
    rows = typed.filter(like)
    return list(zip(rows["_page"].to_pylist(), rows["_position"].to_pylist(), strict=True))


def _of_pages(typed: pa.Table, first: int, last: int) -> pa.Table:
    """Return the rows of the pages after `first`, up to `last`."""
    page = typed["_page"]
    return typed.filter(
        pa.compute.and_(pa.compute.greater(page, first), pa.compute.less_equal(page, last))
    )


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    """Return the one in-memory DuckDB that parses pages; each read uses a cursor of its own.

    One thread for each read: the pages of a read are few, and walks are read side by side.
    """
    connection = duckdb.connect(":memory:")
    connection.execute("set timezone = 'UTC'; set threads = 1; set memory_limit = '400MB'")
    return connection


def _check_pages(rows: pa.Table, key: Sequence[Column], most: int) -> None:
    """Refuse a page with a record that has no key, or with more records than were asked for."""
    for column in key:
        missing = rows.filter(pa.compute.is_null(rows[column.name]))
        if missing.num_rows:
            message = f"page {missing['_page'][0]} holds a record without {column.name}"
            raise BrokenWalkError(message)
    for size in pa.compute.value_counts(rows["_page"]).to_pylist():
        if size["counts"] > most:
            message = f"page {size['values']} holds more than {most} records"
            raise BrokenWalkError(message)


def demand_order(
    rows: pa.Table, key: Sequence[str], rises: str, after: int, *, whole: bool = False
) -> int:
    """Check the rows of some pages of one list, and return the greatest id read so far.

    `key` are the columns that tell one row from another; `rises` is the one that only rises, as the
    product promises, empty if it promises nothing; `after` is the greatest id of the pages before.
    A list that fits on one page (`whole`) needs no order: nothing can be lost between pages.

    Raises:
        BrokenWalkError: ids do not rise, or one page holds a key twice.
    """
    own = tuple(key) == (rises,)
    ids = _ids(rows, rises) if rises else None
    if ids is None or not len(ids):
        _check_repeats(rows, key, strict=own)
        return after
    # ids of another record may stand in several rows
    above = pa.compute.greater if own else pa.compute.greater_equal
    begins = ids[0].as_py() > after or (not own and ids[0].as_py() == after)
    rising = begins and all_true(above(ids[1:], ids[:-1]))
    if not rising and not whole:
        pages = pa.compute.unique(rows["_page"]).to_pylist()
        message = f"ids do not rise between pages {min(pages)} and {max(pages)}"
        raise BrokenWalkError(message)
    if not (rising and own):
        _check_repeats(rows, key, strict=own)
    return max(after, int(pa.compute.max(ids).as_py()))


def _ids(rows: pa.Table, name: str) -> pa.Array | None:
    """Return the ids in the order of their rows; None where they are no numbers."""
    ordered = rows.select([name, "_page", "_position"])
    ordered = ordered.sort_by([("_page", "ascending"), ("_position", "ascending")])
    try:
        # Clio writes some ids as text
        return ordered[name].combine_chunks().cast(pa.int64()).drop_null()
    except pa.ArrowInvalid:
        return None


def _check_repeats(rows: pa.Table, key: Sequence[str], *, strict: bool) -> None:
    """Refuse a page that holds a key twice; not `strict`, the same row may come again."""
    names = ["_page", *key]
    keys = rows.group_by(names).aggregate([([], "count_all")])
    twice = keys.filter(pa.compute.greater(keys["count_all"], 1))
    if not twice.num_rows:
        return
    content = ["_page", *(name for name in rows.column_names if not name.startswith("_"))]
    different = rows.select(content).group_by(content).aggregate([])
    if strict or different.num_rows > keys.num_rows:
        message = f"page {twice['_page'][0]} holds a record twice"
        raise BrokenWalkError(message)


def all_true(values: pa.ChunkedArray | pa.Array) -> bool:
    """Tell whether every value is true; of nothing it is."""
    return pa.compute.all(values, min_count=0).as_py() is True
