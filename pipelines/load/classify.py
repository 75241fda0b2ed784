"""What became of each row that was read: inserted, updated, unchanged or older.

Only inserted and updated rows go on to dlt. Within one package a key goes on once: the same
reading again is dropped, another reading waits for the next package, because two rows with one
key in a package corrupt the table under `upsert`.
"""

from collections import Counter
from dataclasses import KW_ONLY, dataclass, field, replace

import pendulum
import pyarrow as pa

from pipelines.failpoints import crash_point
from pipelines.state.certificates import Watch
from pipelines.state.withheld import ColumnMark
from pipelines.warehouse import Cursor, Warehouse, arrow
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection
from sources.clio_http.misfits import key_texts
from sources.clio_http.rows import ARROW_TYPES

from . import emptied
from .content_hash import row_hash, sql_type
from .emptied import Ask
from .unknown import Carrier, Cells

CLASSES = ("inserted", "updated", "unchanged", "older", "stale", "again")
GOING = ("inserted", "updated")
SHOWN = (*GOING, "unchanged", "stale")


@dataclass
class Observed:
    """How many rows came late, the longest time by which, and silent changes by field."""

    late: int = 0
    seconds: float = 0.0
    silent: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Observed") -> None:
        """Add what another reading showed."""
        self.late += other.late
        self.seconds = max(self.seconds, other.seconds)
        self.silent += other.silent


@dataclass(frozen=True)
class Classified:
    """The outcome for one reading.

    `table` holds the rows for dlt, None if there is none. `older` holds the keys of rows whose
    `updated_at` lies before the stored one. `again` holds rows that must wait for the next
    package. `seen` has key and content hash of every row that is now stored or on its way there.
    `cells` marks what is not known of these rows (key, field, evidence, held), `whole` the columns
    that are marked as a whole from now on; `shown` counts of those that were so before the cells
    that show a value and the others.
    A version that a write of our own replaced counts as unchanged, however often Clio shows it.
    """

    table: pa.Table | None = None
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    older: tuple[object, ...] = ()
    again: pa.Table | None = None
    seen: pa.Table | None = None
    observed: Observed = field(default_factory=Observed)
    cells: pa.Table | None = None
    whole: dict[str, ColumnMark] = field(default_factory=dict)
    shown: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass
class Classifier:
    """Classifies the readings of one collection against its raw table, within one package.

    `layout` names the columns of every table of the raw schema. `once` says that no key can
    come twice, because the walk's ids only rise. `count` asks for what was seen, `watch` for
    what that shows about Clio. `written` says that we wrote to records of the collection.
    `withheld` are the columns that are marked whole; what a reading shows of that is added.
    """

    warehouse: Warehouse
    schema: str
    collection: Collection
    synced_at: pendulum.DateTime
    _: KW_ONLY
    layout: dict[str, list[str]]
    once: bool
    count: bool = False
    watch: Watch | None = None
    written: bool = False
    withheld: dict[str, ColumnMark] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Look at the raw table as it stands before the package."""
        name = self.collection.name
        self.cursor: Cursor = self.warehouse.cursor()
        self.raw = f"{quoted(self.schema)}.{quoted(name)}"
        self.versions = f"{quoted(self.schema)}.{quoted(name + '__versions')}"
        self.columns = {column.name: column.type for column in self.collection.columns}
        self.stored = set(self.layout.get(name, ()))
        self.history = name + "__versions" in self.layout
        any_row = f"select 1 from {self.raw} limit 1"
        self.filled = bool(self.stored) and self.cursor.execute(any_row).fetchall() != []
        self.source = self.schema.removeprefix("raw_")
        self.written = self.written and {"etag", "updated_at"} <= self.stored
        self.key = [quoted(column) for column in self.collection.key]
        self.join = f"left join {self.raw} r on {self._same('r', 'b')}" if self.filled else ""
        self._carrier = Carrier(self.cursor, self.collection, self.stored, self.join, self.withheld)
        if not self.once:
            self._stage()

    def doubt(self) -> None:
        """Take it that a key can come twice, from here on."""
        if self.once:
            self.once = False
            self._stage()

    def _stage(self) -> None:
        columns = self.collection.key_columns
        keys = ", ".join(f"{quoted(c.name)} {sql_type(c.type)}" for c in columns)
        self.cursor.execute(f"create temp table staged ({keys}, _row_hash varchar)")

    def close(self) -> None:
        """Give up the cursor."""
        self.cursor.close()

    def classify(
        self, batch: pa.Table, *, settled: bool = False, ask: Ask | None = None
    ) -> Classified:
        """Classify the rows of a reading; `settled` rows count as newer whatever their stamp.

        `ask` reads records once more where a column comes back empty that was filled.
        """
        if not batch.num_rows:
            return Classified()
        shown = batch.append_column("_n", pa.array(range(batch.num_rows), pa.int64()))
        cells = self._carrier.known(shown)
        counts = self._carrier.shown(cells)
        if self.once and not self.filled:
            whole = self._all_new(cells.rows)
            marks, columns = self._carrier.marked(shown, cells, {})
            return Classified(
                table=whole,
                inserted=batch.num_rows,
                seen=self._seen(whole),
                cells=marks,
                whole=columns,
                shown=counts,
            )
        classed = arrow(self.cursor, self._query(cells.rows, settled=settled))
        if lost := self._emptied(cells.rows, classed, ask):
            self.withheld.update(lost)
            cells = self._carrier.known(shown)
            classed = arrow(self.cursor, self._query(cells.rows, settled=settled))
        return replace(self._classified(shown, cells, classed, lost), shown=counts)

    def _classified(
        self, shown: pa.Table, cells: Cells, classed: pa.Table, lost: dict[str, ColumnMark]
    ) -> Classified:
        """Put together what became of the rows of a reading."""
        batch = cells.rows
        parts = {kind: _of(classed, kind) for kind in CLASSES}
        known = sum(part.num_rows for part in parts.values())
        again = parts["again"]
        observed = self._observed(batch, classed)
        marks, whole = self._carrier.marked(shown, cells, lost)
        same = parts["unchanged"].num_rows + parts["stale"].num_rows
        return Classified(
            table=self._going(batch, classed, parts["updated"]),
            inserted=parts["inserted"].num_rows,
            updated=parts["updated"].num_rows,
            unchanged=same + batch.num_rows - known,
            older=tuple(parts["older"][self.collection.key[-1]].to_pylist()),
            again=shown.take(again["_n"]).drop_columns(["_n"]) if again.num_rows else None,
            seen=self._seen(_of(classed, *SHOWN)),
            observed=observed,
            cells=marks,
            whole=whole,
        )

    def _emptied(self, rows: pa.Table, classed: pa.Table, ask: Ask | None) -> dict[str, ColumnMark]:
        """Find the columns that come back empty because this token may not see them."""
        changed = _of(classed, "updated")
        if not self.filled or not changed.num_rows:
            return {}
        self.cursor.register("classed", changed)
        columns = {
            name: kind
            for name, kind in self.columns.items()
            if name in self.stored and name in rows.column_names and name not in self.withheld
        }
        table = emptied.ReadTable(
            *(self.cursor, self.collection, self.raw, self._same, self.stored, self.source)
        )
        return table.withheld(columns, ask)

    def _seen(self, rows: pa.Table) -> pa.Table | None:
        if not self.count:
            return None
        keys = key_texts(rows, self.collection)
        return pa.table({"key": keys, "row_hash": rows.column("_row_hash")})

    def _observed(self, batch: pa.Table, classed: pa.Table) -> Observed:
        """Look for late versions and silent changes, before what is stored is replaced."""
        going = _of(classed, *GOING)
        stamped = self.filled and "updated_at" in self.stored and "updated_at" in batch.column_names
        if self.watch is None or not stamped or not going.num_rows:
            return Observed()
        self.cursor.register("classed", going)
        stored = f"join {self.raw} r on {self._same('r', 'c')}"
        # late by at least the time from the row's stamp to the start of the last complete load
        ((late, seconds),) = self.cursor.execute(
            "select count(*), coalesce(max(epoch($1::timestamptz) - epoch(c.updated_at)), 0)"
            f" from classed c left {stored} where c.updated_at < $1::timestamptz"
            " and (r._row_hash is null or r.updated_at is distinct from c.updated_at)",
            [self.watch.covered],
        ).fetchall()
        found = Observed(late, seconds)
        if self.watch.silent:
            names = [n for n in self.columns if n in batch.column_names and n in self.stored]
            counted = ", ".join(
                f"count(*) filter (b.{name} is distinct from r.{name})"
                for name in [quoted(column) for column in names]
            )
            (counts,) = self.cursor.execute(
                f"select {counted} from classed c join batch b on b._n = c._n {stored}"
                " where c.updated_at is not distinct from r.updated_at"
                " and c.updated_at < $1::timestamptz",
                [self.watch.loaded],
            ).fetchall()
            found.silent.update({n: c for n, c in zip(names, counts, strict=True) if c})
        return found

    def _going(self, batch: pa.Table, classed: pa.Table, updated: pa.Table) -> pa.Table | None:
        """Return the rows to send on; what they replace goes to the history first."""
        going = _of(classed, *GOING)
        if not going.num_rows:
            return None
        if updated.num_rows and self.history:
            self._save_outgoing(updated)
        self.cursor.register("classed", going)
        if not self.once:
            key = ", ".join(self.key)
            self.cursor.execute(f"insert into staged select {key}, _row_hash from classed")
        rows = batch.take(going["_n"])
        if self._carry(batch):
            # with the stored values of the columns that were not asked for
            rows = arrow(
                self.cursor,
                f"select {self._columns(batch)} from batch b join classed c on c._n = b._n"
                f" {self._carry(batch)} order by b._n",
            )
        return self._finished(self._with_missing(rows), going["_row_hash"])

    def _all_new(self, batch: pa.Table) -> pa.Table:
        """Return every row of a batch for a table that is empty."""
        whole = self._with_missing(batch)
        self.cursor.register("batch", whole)
        query = f"select _n, {row_hash(self.collection)} as _row_hash from batch order by _n"
        hashes = arrow(self.cursor, query)
        return self._finished(whole, hashes["_row_hash"])

    def _with_missing(self, batch: pa.Table) -> pa.Table:
        """Add the columns that were not asked for, empty."""
        for name, kind in self.columns.items():
            if name not in batch.column_names:
                batch = batch.append_column(name, pa.nulls(batch.num_rows, ARROW_TYPES[kind]))
        return batch

    def _finished(self, rows: pa.Table, hashes: pa.ChunkedArray) -> pa.Table:
        """Add the bookkeeping columns, in the order of the raw table."""
        synced_at = pa.repeat(pa.scalar(self.synced_at, ARROW_TYPES["TIMESTAMPTZ"]), rows.num_rows)
        rows = rows.select(list(self.columns))
        rows = rows.append_column("_row_hash", hashes).append_column("_synced_at", synced_at)
        return rows.cast(raw_schema(self.collection))

    def _query(self, batch: pa.Table, *, settled: bool) -> str:
        """Build the statement that gives every row of the batch its content hash and class."""
        key = ", ".join(self.key)
        stamp = ", updated_at" if "updated_at" in self.columns else ""
        stamp += ", etag" if self.written else ""
        newest = f" qualify row_number() over (partition by {key} order by _n desc) = 1"
        unique = "" if self.once else newest
        stored = f"left join {self.raw} r on {self._same('r', 'h')}" if self.filled else ""
        staged = "" if self.once else f"left join staged s on {self._same('s', 'h')}"
        return (
            "with"
            f" newest as (select * from batch{unique}),"
            f" whole as (select b._n, {self._columns(batch)} from newest b {self._carry(batch)}),"
            f" hashed as (select _n, {key}{stamp}, {row_hash(self.collection)} as _row_hash"
            " from whole)"
            f" select {self._hashed(settled=settled)}, {self._class(settled=settled)} as _class"
            f" from hashed h {stored} {staged} order by h._n"
        )

    def _columns(self, batch: pa.Table) -> str:
        return ", ".join(self._column(name, kind, batch) for name, kind in self.columns.items())

    def _column(self, name: str, kind: str, batch: pa.Table) -> str:
        """Select a column; one that was not asked for keeps what is stored."""
        column = quoted(name)
        if name in batch.column_names:
            return f"b.{column}"
        if self.filled and name in self.stored:
            return f"r.{column}"
        return f"null::{sql_type(kind)} as {column}"

    def _carry(self, batch: pa.Table) -> str:
        """Join the raw table where a column that was not asked for must be carried over."""
        return "" if set(self.columns) <= set(batch.column_names) else self.join

    def _same(self, left: str, right: str) -> str:
        return " and ".join(f"{left}.{name} = {right}.{name}" for name in self.key)

    def _class(self, *, settled: bool) -> str:
        """Return the SQL that says what becomes of a row; the first case that holds decides."""
        if not self.filled and self.once:
            return "'inserted'"
        cases = []
        if not self.once:
            # the same reading went on with this package already
            cases.append("when s._row_hash = h._row_hash then 'unchanged'")
            # another reading of the key went on: this one waits, as a key goes on once a package
            cases.append("when s._row_hash is not null then 'again'")
        if self.filled:
            # the key is not stored
            cases.append("when r._row_hash is null then 'inserted'")
            # what Clio shows is what is stored: nothing is written
            cases.append("when r._row_hash = h._row_hash then 'unchanged'")
            if self.written:
                # a lagging copy shows what our own write replaced; settled, it is known as such
                cases.append(f"when {self._stale()} then '{'stale' if settled else 'older'}'")
            if not settled and {"updated_at"} <= self.stored & set(self.columns):
                # a lagging copy shows a version before the stored one: the record is asked again
                cases.append("when h.updated_at < r.updated_at then 'older'")
            # it differs and is not older: it takes the place of what is stored
            cases.append("else 'updated'")
        else:
            # nothing is stored yet
            cases.append("else 'inserted'")
        return f"case {' '.join(cases)} end"

    def _hashed(self, *, settled: bool) -> str:
        """Select a hashed row; a stale one has the hash of what is stored, for that is in Clio."""
        if not (self.written and settled):
            return "h.*"
        kept = f"case when {self._stale()} then r._row_hash else h._row_hash end"
        return f"h.* replace ({kept} as _row_hash)"

    def _stale(self) -> str:
        """Tell in SQL whether a row is the version that a write of our own replaced.

        Within a second its stamp is no older than the new one's.
        """
        return (
            "(h.updated_at <= r.updated_at and h.etag is distinct from r.etag and exists ("
            f"select 1 from meta.echoes e where e.source = '{self.source}'"
            f" and e.resource = '{self.collection.name}'"
            " and e.record_id = h.id::varchar and e.etag_before = h.etag))"
        )

    def _save_outgoing(self, updated: pa.Table) -> None:
        """Keep the rows that are about to be replaced. May run twice without harm."""
        self.cursor.register("classed", updated)
        self.cursor.execute(
            f"insert into {self.versions} by name"
            f" select r.*, $1::timestamptz as _replaced_at from {self.raw} r"
            f" join classed c on {self._same('r', 'c')} where not exists ("
            f"select 1 from {self.versions} v where {self._same('v', 'r')}"
            " and v._row_hash = r._row_hash and v._synced_at = r._synced_at)",
            [self.synced_at],
        )
        crash_point("history-saved")


def _of(classed: pa.Table, *kinds: str) -> pa.Table:
    return classed.filter(pa.compute.is_in(classed["_class"], pa.array(kinds)))


def raw_schema(collection: Collection) -> pa.Schema:
    """Return the Arrow schema in which rows go to dlt."""
    fields = [(column.name, ARROW_TYPES[column.type]) for column in collection.columns]
    return pa.schema(
        [*fields, ("_row_hash", pa.string()), ("_synced_at", ARROW_TYPES["TIMESTAMPTZ"])]
    )
