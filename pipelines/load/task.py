"""One walk's part in a run: what it has read, what of it is stored, and how it ended."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import KW_ONLY, dataclass, field, replace

import pendulum
import pyarrow as pa
import pyarrow.compute

from pipelines.errors import StoppedWalkError
from pipelines.failpoints import crash_point
from pipelines.state.refusals import FIELD, PARAMETER, RefusedRequest
from pipelines.state.row_history import Purpose, Seen
from pipelines.state.runs import (
    Drift,
    Late,
    PackageOutcome,
    ParentRead,
    Progress,
    Quarantined,
    RunRow,
    Silent,
)
from pipelines.state.withheld import REFUSED, ColumnMark, Marks
from sources.clio_http.misfits import misfit_keys
from sources.clio_http.plan import Point, Reading
from sources.clio_http.walks import Walk
from sources.errors import BudgetSpent, ClioError, CollectionGoneError, Interrupted

from .classify import Classified, Classifier, Observed, raw_schema
from .emptied import Ask
from .planning import catalog_hash, columns_of, watermark_after
from .proof import Standing, progress_of
from .unknown import is_lifted

STAMP = "updated_at"


@dataclass
class RowCounts:
    """What became of the rows of a walk."""

    rows_read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0

    def add(self, other: "RowCounts") -> None:
        """Add the counts of one package."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def add_counts(counts: dict[str, tuple[int, int]], more: dict[str, tuple[int, int]]) -> None:
    """Add counts of cells, those that show a value and the others, column by column."""
    for name, (known, marked) in more.items():
        before = counts.get(name, (0, 0))
        counts[name] = (before[0] + known, before[1] + marked)


@dataclass
class Pending:
    """What a package in the making will mean once it is committed."""

    counts: RowCounts = field(default_factory=RowCounts)
    quarantined: list[Quarantined] = field(default_factory=list)
    finished: list[int] = field(default_factory=list)
    seen: list[pa.Table] = field(default_factory=list)
    observed: Observed = field(default_factory=Observed)
    absent: set[str] = field(default_factory=set)
    new: set[str] = field(default_factory=set)
    cells: list[pa.Table] = field(default_factory=list)
    whole: dict[str, ColumnMark] = field(default_factory=dict)
    shown: dict[str, tuple[int, int]] = field(default_factory=dict)
    future: int = 0
    point: Point | None = None
    opened: bool = False
    held: bool = False


@dataclass(eq=False)
class Task:
    """A walk under way in this run, and what is stored of it.

    `mask` hides what must not be stored. `withheld` are the columns of the collection that are
    marked whole.
    """

    source: str
    walk: Walk
    progress: Progress
    run: RunRow
    mask: Callable[[Reading], Reading]
    _: KW_ONLY
    purpose: Purpose
    standing: Standing = field(default_factory=Standing)
    withheld: dict[str, ColumnMark] = field(default_factory=dict)
    counts: RowCounts = field(default_factory=RowCounts, init=False)
    pending: Pending = field(default_factory=Pending, init=False)
    shown: dict[str, tuple[int, int]] = field(default_factory=dict, init=False)
    mass: frozenset[str] = frozenset()
    future: int = 0
    finished: list[int] = field(default_factory=list, init=False)
    error: ClioError | None = None
    stopped: ClioError | None = None
    partial: ClioError | None = None

    def __post_init__(self) -> None:
        """Begin where an earlier run stopped."""
        self.stored_point = self.walk.plan.start

    @property
    def name(self) -> str:
        """Return the collection's name."""
        return self.walk.plan.collection.name

    @property
    def of(self) -> tuple[str, str]:
        """Return the names of the product and the collection, as rows of `meta` begin."""
        return self.source, self.name

    @property
    def read_at(self) -> pendulum.DateTime:
        """Return server time at the start of the run that reads."""
        return self.walk.plan.run_at or self.walk.plan.started_at

    @property
    def rows_read(self) -> int:
        """Return the rows read so far, stored or not."""
        return self.counts.rows_read + self.pending.counts.rows_read

    @property
    def requests_left(self) -> int:
        """Return the fewest requests that the walk still needs."""
        return 0 if self.over else max(1, len(self.walk.plan.lists) - self.stored_point.index)

    @property
    def over(self) -> bool:
        """Tell whether nothing more is to be read and everything that was read is stored."""
        ended = self.walk.complete or self.walk.error is not None or self.error is not None
        return ended and not self.pending.held

    @property
    def complete(self) -> bool:
        """Tell whether the walk was read to its last page and all of it is stored."""
        return self.walk.complete and not self.pending.held and self.error is None

    def parent(self, index: int) -> str:
        """Return the parent of one of the lists of a child walk."""
        return str(self.walk.plan.lists[index].constants[-1][1])

    def parents_of(self, indexes: Iterable[int]) -> list[str] | None:
        """Return the parents of some lists of a child walk; None for other walks."""
        is_child = self.walk.plan.mode == "child"
        return [self.parent(index) for index in indexes] if is_child else None

    def begin(self) -> None:
        """Start a new package."""
        self.pending = Pending()

    def hold(self, reading: Reading) -> None:
        """Take rows that another reading brought, to be stored by the next package."""
        self.walk.hold(replace(reading, point=self.stored_point))
        self.pending.held = True

    def take(self, reading: Reading, classifier: Classifier) -> Iterator[pa.Table]:
        """Classify a reading and give what is to go on to dlt."""
        if not classifier.stored and not self.pending.opened:
            self.pending.opened = True
            yield raw_schema(self.walk.plan.collection).empty_table()
        if self.pending.held:
            self.walk.hold(reading)
        elif self.error is None and (
            reading.rows or reading.finished or reading.point != self.stored_point
        ):
            yield from self._take(self.mask(reading), classifier)

    def _take(self, reading: Reading, classifier: Classifier) -> Iterator[pa.Table]:
        crash_point("page-read")
        if not self.walk.keys_rise:
            # Clio may have refused the order only now
            classifier.doubt()
        settled = not self.walk.can_settle
        try:
            outcome = classifier.classify(reading.table, settled=settled, ask=self._ask)
        except ClioError as error:
            # asked once more about a column, and nobody answered: the next run reads this again
            self.error = self.walk.error = error
            return
        self._count(outcome, reading)
        if outcome.table is not None:
            yield outcome.table
        if outcome.older:
            yield from self._settle(outcome.older, classifier)
        if outcome.again is not None:
            self.pending.held = True
            self.walk.hold(replace(reading, table=outcome.again, misfits=(), rows=0))
        elif self.error is None:
            self.pending.point = reading.point
            self.pending.finished += reading.finished

    def _count(self, outcome: Classified, reading: Reading) -> None:
        counts = self.pending.counts
        counts.rows_read += reading.rows
        counts.inserted += outcome.inserted
        counts.updated += outcome.updated
        counts.unchanged += outcome.unchanged
        counts.quarantined += len(reading.misfits)
        self.pending.quarantined += [
            Quarantined(*self.of, one.record_id, one.row, one.reason, one.field or None)
            for one in reading.misfits
        ]
        self.mass |= reading.mass_misfits
        self.pending.future += self._of_the_future(reading.table)
        self.pending.absent |= reading.absent
        self.pending.new |= reading.new
        self.pending.observed.add(outcome.observed)
        self.pending.cells += [] if outcome.cells is None else [outcome.cells]
        self.pending.whole |= outcome.whole
        add_counts(self.pending.shown, outcome.shown)
        if self.purpose.counts:
            self._count_seen(outcome, reading)

    def _count_seen(self, outcome: Classified, reading: Reading) -> None:
        """Note what is there: rows that fit with their content, others by key alone."""
        misfits = misfit_keys(reading.misfits, self.walk.plan.collection)
        parts = [] if outcome.seen is None else [outcome.seen]
        if misfits:
            nothing = pa.nulls(len(misfits), pa.string())
            parts.append(pa.table({"key": pa.array(misfits, pa.string()), "row_hash": nothing}))
        for part in parts:
            turn = pa.repeat(pa.scalar(len(self.pending.seen), pa.int64()), part.num_rows)
            self.pending.seen.append(part.append_column("turn", turn))

    def _of_the_future(self, rows: pa.Table) -> int:
        """Count the rows whose stamp no clock can have given: over a day ahead of the server's."""
        if STAMP not in rows.column_names:
            return 0
        ahead = pa.compute.greater(
            rows[STAMP], pa.scalar(self.read_at.add(days=1), rows[STAMP].type)
        )
        return int(pa.compute.sum(ahead).as_py() or 0)

    @property
    def _ask(self) -> Ask | None:
        """Return what reads some records once more, by their ids; None where that cannot be."""
        if not self.walk.can_settle:
            return None
        return lambda keys: self.mask(self.walk.records.by_ids(keys)).table

    def _settle(self, keys: tuple[object, ...], classifier: Classifier) -> Iterator[pa.Table]:
        """Read records alone whose stamp went back; what that reading says is stored.

        Where that fails the walk ends before this reading, which the next run reads again.
        """
        try:
            reading = self.mask(self.walk.records.by_ids(keys))
            outcome = classifier.classify(reading.table, settled=True, ask=self._ask)
        except ClioError as error:
            self.error = self.walk.error = error
            return
        self.pending.counts.unchanged += len(keys) - outcome.updated
        self._count(replace(outcome, unchanged=0), reading)
        if outcome.table is not None:
            yield outcome.table

    def committed(self, stored: PackageOutcome) -> None:
        """Say what is to be stored now that the package is committed."""
        plan, observed = self.walk.plan, self.pending.observed
        self.counts.add(self.pending.counts)
        self.future += self.pending.future
        self.pending.counts = RowCounts()
        if self.pending.point is not None:
            self.stored_point = self.pending.point
        self.finished += self.pending.finished
        add_counts(self.shown, self.pending.shown)
        digest = catalog_hash(plan.collection)
        for status, names in ((FIELD, self.walk.refused), (PARAMETER, self.walk.given_up)):
            stored.refused.extend(RefusedRequest(*self.of, name, digest, status) for name in names)
        progress = self._progress()
        (stored.sweeps if self.purpose.walk == "sweep" else stored.progress).extend(
            [progress] if progress else []
        )
        stored.parents.extend(self._parents())
        stored.drift.extend(Drift(*self.of, name, kind) for name, kind in self._drift())
        stored.quarantined.extend(self.pending.quarantined)
        stored.withheld.append(self._marks())
        if self.pending.seen:
            pairs, restarted = pa.concat_tables(self.pending.seen), self.walk.restarted
            seen = Seen(*self.of, self.purpose, pairs, len(plan.lists), self.read_at, restarted)
            stored.seen.append(seen)
        if observed.late:
            late = Late(*self.of, plan.mode, observed.late, observed.seconds, plan.started_at)
            stored.late.append(late)
        stored.silent.extend(Silent(*self.of, key, n) for key, n in sorted(observed.silent.items()))

    def _drift(self) -> list[tuple[str, str]]:
        """Say what was refused, is gone, is new, does not fit, or bears a stamp of the future."""
        found = [(name, "refused") for name in sorted(self.walk.refused | self.walk.given_up)]
        found += [(name, "gone") for name in self.pending.absent]
        found += [(name, "new") for name in sorted(self.pending.new)]
        misfits = {one.field or "" for one in self.pending.quarantined}
        found += [(name, "type") for name in sorted(misfits)]
        if self.pending.future:
            found.append((STAMP, "future"))
        if isinstance(self.walk.error, CollectionGoneError):
            found.append(("", "collection_gone"))
        return found

    def _marks(self) -> Marks:
        """Return what this package showed of withheld cells, and of columns that are not read."""
        pending = self.pending
        cells = pa.concat_tables(pending.cells) if pending.cells else None
        shown = pa.concat_tables(pending.seen).select(["key"]) if pending.seen else None
        refused = columns_of(self.walk.plan.collection, self.walk.refused)
        whole = pending.whole | dict.fromkeys(refused, ColumnMark(REFUSED))
        return Marks(*self.of, cells, shown, whole, self._lifted())

    def _lifted(self) -> frozenset[str]:
        """Name the columns of which this walk, a whole one from its start, kept back no value."""
        plan = self.walk.plan
        whole = plan.mode == "child" or (plan.since is None and plan.start == Point())
        if not (whole and self.complete):
            return frozenset()
        return frozenset(name for name, found in self.shown.items() if is_lifted(*found))

    def _parents(self) -> list[ParentRead]:
        plan = self.walk.plan
        if plan.mode != "child":
            return []
        failed = self.walk.failed
        return [
            ParentRead(*self.of, int(self.parent(index)), plan.started_at, failed=index in failed)
            for index in sorted({*self.pending.finished, *failed})
        ]

    def _progress(self) -> Progress | None:
        """Say how far the walk has come, for the next run to go on from."""
        return None if self.walk.plan.mode == "child" else progress_of(self)

    def outcome(self, at: pendulum.DateTime) -> RunRow:
        """Return the row of `sync_runs` for what is stored so far."""
        error = self.error or self.walk.error
        told = error or self.stopped or self.partial
        plan = self.walk.plan
        # how far a child list is known to be complete is decided by all its parents together
        done = self.complete and plan.mode not in {"child", "sweep"} and self.stopped is None
        mark = watermark_after(plan, self.progress.watermark) if done else None
        return replace(
            self.run,
            finished_at=at,
            mode=plan.mode,
            since=plan.since,
            requests=self.walk.meter.requests,
            watermark=mark or self.progress.watermark,
            status=_status(error, self.stopped, complete=self.complete and self.partial is None),
            error="" if told is None else f"{told.code}: {told}",
            **vars(self.counts),
        )


def _status(error: ClioError | None, stopped: ClioError | None, *, complete: bool) -> str:
    if isinstance(error, Interrupted):
        return "interrupted"
    if isinstance(error, BudgetSpent):
        return "incomplete"
    if error is not None:
        return "failed"
    if isinstance(stopped, StoppedWalkError):
        return "failed"
    if stopped is not None:
        return "undecided"
    return "ok" if complete else "incomplete"
