"""The `meta` schema: what the tool knows about its own runs, written by plain SQL."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pendulum
import pyarrow as pa

from pipelines.warehouse import Cursor, Warehouse, moments

from . import quarantine, withheld
from .epoch import migrate
from .refusals import RefusedRequest
from .row_history import Seen, count_seen
from .withheld import Marks


@dataclass(frozen=True)
class Progress:
    """How far the walks of one collection have come.

    `watermark` is the moment up to which every change is known to be stored. A walk under way
    has `walk_started_at` and stands at `list_index`, `page_token`, `after_id`.

    `seen` is the watermark of the last walk that showed any row: an empty answer may also come of
    a permission that is lost, so that loads read on from there. `proved` is the start of the last
    whole walk. `frozen` says why the watermark may not move, `frozen_rows` how many rows Clio
    still showed then.
    """

    source: str
    resource: str
    watermark: pendulum.DateTime | None = None
    walk_started_at: pendulum.DateTime | None = None
    page_token: str = ""
    fields_hash: str = ""
    mode: str = ""
    since: pendulum.DateTime | None = None
    list_index: int = 0
    after_id: int = 0
    completed_at: pendulum.DateTime | None = None
    seen: pendulum.DateTime | None = None
    proved: pendulum.DateTime | None = None
    frozen: str = ""
    frozen_rows: int = 0

    @property
    def read_from(self) -> pendulum.DateTime | None:
        """Return the moment from which changes are asked for; None for everything."""
        if self.watermark is None or self.seen is None:
            return self.watermark
        return min(self.watermark, self.seen)

    @property
    def put_down(self) -> bool:
        """Tell whether a walk is under way of which a page is stored, from which to go on."""
        return self.walk_started_at is not None and (self.list_index > 0 or bool(self.page_token))


@dataclass(frozen=True)
class RunRow:
    """One collection's part in one run, as `meta.sync_runs` keeps it."""

    run_id: str
    source: str
    resource: str
    mode: str
    since: pendulum.DateTime | None
    started_at: pendulum.DateTime
    finished_at: pendulum.DateTime | None = None
    requests: int = 0
    rows_read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0
    watermark: pendulum.DateTime | None = None
    status: str = "running"
    error: str = ""


class Meta:
    """Reads and writes the `meta` schema of one open warehouse."""

    def __init__(self, warehouse: Warehouse) -> None:
        """Make the tables what they are by now."""
        self.warehouse = warehouse
        migrate(warehouse)

    def interrupt_running(self, at: pendulum.DateTime) -> int:
        """Mark runs that never ended; give how many rows that were."""
        # what a load stored before it died was not counted: a sweep that was put down begins anew
        self.warehouse.rows(
            "delete from meta.sweeps w using meta.sync_runs r where r.status = 'running'"
            " and r.mode not in ('', 'sweep') and (r.source, r.resource) = (w.source, w.resource)"
        )
        found = self.warehouse.rows(
            "update meta.sync_runs set status = 'interrupted', finished_at = $1"
            " where status = 'running' returning run_id",
            [at],
        )
        return len(found)

    def end_running(self, run_id: str, at: pendulum.DateTime, error: str) -> None:
        """Mark what a run never began as failed."""
        self.warehouse.rows(
            "update meta.sync_runs set status = 'failed', finished_at = $1, error = $2"
            " where status = 'running' and run_id = $3",
            [at, error, run_id],
        )

    def withdraw_runs(self, run_id: str, source: str, kept: Sequence[str]) -> None:
        """Remove the rows of what turned out not to be due in a run."""
        self.warehouse.rows(
            "delete from meta.sync_runs where run_id = $1 and source = $2"
            " and not list_contains($3, resource)",
            [run_id, source, list(kept)],
        )

    def progress(self, source: str, table: str = "watermarks") -> dict[str, Progress]:
        """Read how far the loads of every collection have come, or with `sweeps` the sweeps."""
        found = self.warehouse.rows(
            "select resource, watermark, walk_started_at, coalesce(page_token, ''),"  # noqa: S608 - SQL of our own, no value
            " coalesce(fields_hash, ''), coalesce(mode, ''), since, coalesce(list_index, 0),"
            " coalesce(after_id, 0), completed_at, seen, proved, coalesce(frozen, ''),"
            f" coalesce(frozen_rows, 0) from meta.{table} where source = $1",
            [source],
        )
        return {row[0]: Progress(source, *moments(row)) for row in found}

    def save_runs(self, rows: Iterable[RunRow]) -> None:
        """Write rows of `sync_runs`, replacing those of the same run and resource."""
        written = _table(rows)
        with self.warehouse.transaction() as cursor:
            _replace(cursor, "sync_runs", written, ("run_id", "source", "resource"))

    def save_walks(self, outcome: "PackageOutcome", at: pendulum.DateTime, run_id: str) -> int:
        """Store what a committed package means: watermarks, resume points, fields, quarantine.

        One transaction, after the package; gives the new load sequence number.
        """
        with self.warehouse.transaction() as cursor:
            for table, rows, key in outcome.tables(at, run_id):
                _replace(cursor, table, rows, key)
            if outcome.quarantined:
                quarantine.keep(cursor, _table(outcome.quarantined), at, run_id)
            for seen in outcome.seen:
                count_seen(cursor, seen, at, run_id)
            for marks in outcome.withheld:
                withheld.keep(cursor, marks, at)
            found = cursor.execute(
                'update meta.epoch set load_seq = load_seq + 1, "at" = $1 returning load_seq', [at]
            ).fetchone()
        return int(found[0]) if found else 0

    def begin_sweep(self, progress: Progress) -> None:
        """Note that a sweep begins; what was known before it is kept already."""
        name = [progress.source, progress.resource]
        self.forget_sweep(*name)
        self.warehouse.rows(
            "insert into meta.sweeps (source, resource, walk_started_at, fields_hash, mode)"
            " values ($1, $2, $3, $4, $5)",
            [*name, progress.walk_started_at, progress.fields_hash, progress.mode],
        )

    def forget_sweep(self, source: str, resource: str) -> None:
        """Let the next sweep of a collection begin anew."""
        name = [source, resource]
        self.warehouse.rows("delete from meta.sweeps where source = $1 and resource = $2", name)

    def quarantined(self, source: str) -> frozenset[str]:
        """Name the collections of which rows are in quarantine."""
        found = self.warehouse.rows(
            "select distinct resource from meta.quarantine where source = $1", [source]
        )
        return frozenset(name for (name,) in found)

    def freeze(self, source: str, resource: str, reason: str, rows: int) -> None:
        """Keep a collection's watermark where it is, since far less is shown than is known.

        Loads read on from the last moment at which a certificate or a whole walk proved the list.
        """
        self.warehouse.rows(
            "update meta.watermarks w set frozen = $3, frozen_rows = $4, seen = least("
            " coalesce(w.seen, w.watermark), greatest(w.proved, (select max(c.walked_at)"
            " from meta.certificates c where c.source = $1 and c.resource = $2"
            " and c.status in ('ok', 'late', 'withheld'))) - interval 15 minutes)"
            " where w.source = $1 and w.resource = $2",
            [source, resource, reason, rows],
        )

    def thaw(self, source: str, resource: str) -> None:
        """Let a collection's watermark move again: its list was proved."""
        self.warehouse.rows(
            "update meta.watermarks set frozen = '', frozen_rows = 0"
            " where source = $1 and resource = $2 and frozen <> ''",
            [source, resource],
        )

    def forget_parents(self, source: str, resource: str, parents: Sequence[str]) -> None:
        """Let the lists of some parents be read again as if they never were."""
        self.warehouse.rows(
            "delete from meta.parents_read where source = $1 and resource = $2"
            " and list_contains($3, parent_id::varchar)",
            [source, resource, list(parents)],
        )


@dataclass(frozen=True)
class Drift:
    """A difference between Clio and the catalogue: new, gone, refused, type, collection_gone."""

    source: str
    resource: str
    field: str
    kind: str


@dataclass(frozen=True)
class Quarantined:
    """A row that did not fit its table, or with a `field` one value of a row."""

    source: str
    resource: str
    record_id: str
    row: str
    reason: str
    field: str | None = None


@dataclass(frozen=True)
class ParentRead:
    """A parent whose child list was read to its end, or with `failed` could not be."""

    source: str
    resource: str
    parent_id: int
    read_at: pendulum.DateTime
    failed: bool = False


@dataclass(frozen=True)
class Late:
    """Versions that became visible later than the load before should have seen them."""

    source: str
    resource: str
    mode: str
    records: int
    seconds: float
    walked_at: pendulum.DateTime


@dataclass(frozen=True)
class Silent:
    """Rows whose field changed though their stamp did not move."""

    source: str
    resource: str
    field: str
    records: int


@dataclass(frozen=True)
class PackageOutcome:
    """All that is to be written once a package is committed."""

    progress: list[Progress] = field(default_factory=list)
    sweeps: list[Progress] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    withheld: list[Marks] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    silent: list[Silent] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    refused: list[RefusedRequest] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    parents: list[ParentRead] = field(default_factory=list)

    def tables(
        self, at: pendulum.DateTime, run_id: str
    ) -> Iterable[tuple[str, pa.Table, tuple[str, ...]]]:
        """Yield each table's new rows, and the columns by which they replace older ones."""
        resource = ("source", "resource")
        yield "watermarks", _table(self.progress, updated_at=at), resource
        yield "sweeps", _table(self.sweeps, updated_at=at), resource
        yield "lateness", _table(self.late, seen_at=at, run_id=run_id), ()
        yield "silent_changes", _table(self.silent, seen_at=at, run_id=run_id), ()
        yield "drift", _table(self.drift, seen_at=at, run_id=run_id), (*resource, "field", "kind")
        yield "fields", _table(self.refused, since=at), (*resource, "field")
        yield "parents_read", _table(self.parents), (*resource, "parent_id")


def _replace(cursor: Cursor, table: str, rows: pa.Table, key: Sequence[str]) -> None:
    """Write rows of a table of `meta`, in the place of those that have the same key."""
    if not rows.num_rows:
        return
    cursor.register("written", rows)
    same = " and ".join(f"t.{name} is not distinct from written.{name}" for name in key)
    if key:
        cursor.execute(f"delete from meta.{table} t using written where {same}")  # noqa: S608 - SQL of our own, no value
    cursor.execute(f"insert into meta.{table} by name select * from written")  # noqa: S608 - SQL of our own, no value
    cursor.unregister("written")


def _table(rows: Iterable[object], **constants: object) -> pa.Table:
    """Make an Arrow table of dataclasses, with the same further columns in every row."""
    records = [{**vars(row), **constants} for row in rows]
    if not records:
        return pa.table({})
    names = dict.fromkeys(name for record in records for name in record)
    return pa.table({name: _array([record.get(name) for record in records]) for name in names})


def _array(values: list[object]) -> pa.Array:
    has_moments = any(isinstance(value, datetime) for value in values)
    return pa.array(values, pa.timestamp("us", tz="UTC") if has_moments else None)
