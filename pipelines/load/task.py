"""One walk's part in a run: what it has read, what of it is stored, and how it ended."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import pendulum
import pyarrow as pa

from pipelines.errors import StoppedWalkError
from pipelines.failpoints import crash_point
from pipelines.state.refusals import FIELD, PARAMETER, RefusedRequest
from pipelines.state.runs import (
    Late,
    PackageOutcome,
    ParentRead,
    Progress,
    Quarantined,
    RunRow,
    Silent,
)
from pipelines.state.seen_rows import Seen
from pipelines.state.withheld import REFUSED, ColumnMark, Marks
from sources.clio_http.misfits import misfit_keys
from sources.clio_http.plan import Point, Reading
from sources.clio_http.walks import Walk
from sources.errors import (
    BrokenWalkError,
    BudgetSpent,
    ClioError,
    ForeignHostError,
    Interrupted,
    RequestRefusedError,
    UnavailableError,
    UnreadableAnswerError,
)

from .classify import Classified, Classifier, raw_schema
from .collapse import is_lifted
from .drift import drift_of, of_the_future
from .pending import Pending, RowCounts, add_counts
from .planning import catalog_hash, columns_of, fields_hash, watermark_after
from .purpose import Purpose
from .standing import Standing, after_walk

Mask: TypeAlias = Callable[[Reading], Reading]

UNTRUSTED = (BrokenWalkError, ForeignHostError, RequestRefusedError)
"""After these a walk is not gone on with: the next run starts it again."""


class Task:
    """A walk under way in this run."""

    def __init__(  # noqa: PLR0913 - each is a fact of its own
        self,
        source: str,
        walk: Walk,
        progress: Progress,
        run: RunRow,
        mask: Mask,
        *,
        purpose: Purpose,
        standing: Standing | None = None,
        withheld: Mapping[str, ColumnMark] | None = None,
    ) -> None:
        """Take over a walk and what is stored of it; `mask` hides what must not be stored.

        `withheld` are the columns of the collection that are marked whole.
        """
        self.purpose = purpose
        self.standing = standing or Standing()
        self.shown: dict[str, tuple[int, int]] = {}
        self.mass: frozenset[str] = frozenset()
        self.future = 0
        self.withheld: dict[str, ColumnMark] = dict(withheld or {})
        self.finished: list[int] = []
        self.mask = mask
        self.source = source
        self.walk = walk
        self.progress = progress
        self.run = run
        self.counts = RowCounts()
        self.pending = Pending()
        self.stored_point = walk.plan.start
        self.error: ClioError | None = None
        self.stopped: ClioError | None = None
        self.partial: ClioError | None = None

    @property
    def name(self) -> str:
        """Return the collection's name."""
        return self.walk.plan.collection.name

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
        elif self.error is None and not self._says_nothing(reading):
            yield from self._take(self.mask(reading), classifier)

    def _says_nothing(self, reading: Reading) -> bool:
        return not reading.rows and not reading.finished and reading.point == self.stored_point

    def _take(self, reading: Reading, classifier: Classifier) -> Iterator[pa.Table]:
        crash_point("page-read")
        if not self.walk.keys_rise:
            # Clio may have refused the order only now
            classifier.doubt()
        ask = self._ask if self.walk.can_settle else None
        try:
            outcome = classifier.classify(reading.table, settled=ask is None, ask=ask)
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
            self._advance(reading)

    def _count(self, outcome: Classified, reading: Reading) -> None:
        counts = self.pending.counts
        counts.rows_read += reading.rows
        counts.inserted += outcome.inserted
        counts.updated += outcome.updated
        counts.unchanged += outcome.unchanged
        counts.quarantined += len(reading.misfits)
        self.pending.quarantined += [
            Quarantined(
                self.source,
                self.name,
                misfit.record_id,
                misfit.row,
                misfit.reason,
                misfit.field or None,
            )
            for misfit in reading.misfits
        ]
        self.mass |= reading.mass_misfits
        self.pending.future += of_the_future(self.walk.plan, reading.table)
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

    def _ask(self, keys: Sequence[object]) -> pa.Table:
        """Read some records once more, by their ids."""
        return self.mask(self.walk.records.by_ids(keys)).table

    def _advance(self, reading: Reading) -> None:
        self.pending.point = reading.point
        self.pending.finished += reading.finished

    def _settle(self, keys: tuple[object, ...], classifier: Classifier) -> Iterator[pa.Table]:
        """Read records alone whose stamp went back; what that reading says is stored.

        Where that fails the walk ends before this reading, which the next run reads again.
        """
        ask = self._ask if self.walk.can_settle else None
        try:
            reading = self.mask(self.walk.records.by_ids(keys))
            outcome = classifier.classify(reading.table, settled=True, ask=ask)
        except ClioError as error:
            self.error = self.walk.error = error
            return
        self.pending.counts.unchanged += len(keys) - outcome.updated
        self._count(replace(outcome, unchanged=0), reading)
        if outcome.table is not None:
            yield outcome.table

    def committed(self, stored: PackageOutcome) -> None:
        """Say what is to be stored now that the package is committed."""
        self.counts.add(self.pending.counts)
        self.future += self.pending.future
        self.pending.counts = RowCounts()
        if self.pending.point is not None:
            self.stored_point = self.pending.point
        self.finished += self.pending.finished
        add_counts(self.shown, self.pending.shown)
        digest = catalog_hash(self.walk.plan.collection)
        for status, names in ((FIELD, self.walk.refused), (PARAMETER, self.walk.given_up)):
            stored.refused.extend(
                RefusedRequest(self.source, self.name, name, digest, status) for name in names
            )
        progress = self._progress()
        (stored.sweeps if self.purpose.walk == "sweep" else stored.progress).extend(
            [progress] if progress else []
        )
        stored.parents.extend(self._parents())
        stored.drift.extend(drift_of(self))
        stored.quarantined.extend(self.pending.quarantined)
        self._committed_observations(stored)

    def _committed_observations(self, stored: PackageOutcome) -> None:
        plan, observed = self.walk.plan, self.pending.observed
        name = (self.source, self.name)
        if self.pending.seen:
            pairs = pa.concat_tables(self.pending.seen)
            purpose = self.purpose
            seen = Seen(*name, purpose.walk, purpose.census, pairs, purpose.children)
            sighted_at = (plan.run_at or plan.started_at) if purpose.sightings else None
            seen = replace(seen, proving=purpose.proving, quarantined=purpose.quarantined)
            seen = replace(seen, lists=len(plan.lists), restarted=self.walk.restarted)
            read_at = plan.run_at or plan.started_at
            stored.seen.append(replace(seen, sighted_at=sighted_at, read_at=read_at))
        stored.withheld.append(self._marks(name))
        if observed.late:
            stored.late.append(
                Late(*name, plan.mode, observed.late, observed.seconds, plan.started_at)
            )
        stored.silent.extend(Silent(*name, key, n) for key, n in sorted(observed.silent.items()))

    def _marks(self, name: tuple[str, str]) -> Marks:
        """Return what this package showed of withheld cells, and of columns that are not read."""
        pending = self.pending
        cells = pa.concat_tables(pending.cells) if pending.cells else None
        shown = pa.concat_tables(pending.seen).select(["key"]) if pending.seen else None
        refused = columns_of(self.walk.plan.collection, self.walk.refused)
        whole = pending.whole | dict.fromkeys(refused, ColumnMark(REFUSED))
        return Marks(*name, cells, shown, whole, self._lifted())

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
            ParentRead(
                self.source,
                self.name,
                int(str(plan.lists[index].constants[-1][1])),
                plan.started_at,
                failed=index in failed,
            )
            for index in sorted({*self.pending.finished, *failed})
        ]

    def _progress(self) -> Progress | None:
        """Say how far the walk has come, for the next run to go on from."""
        plan = self.walk.plan
        if plan.mode == "child":
            return None
        digest = fields_hash(plan.collection, plan.left_out | self.walk.refused)
        if self.complete and self.purpose.walk == "load":
            self.stopped = self.stopped or self.standing.judge(self)
            return after_walk(self, digest)
        if isinstance(self.error or self.walk.error, UNTRUSTED) or self._stuck():
            # what a whole walk had yet to read is not left to what changes from now on
            digest = "" if plan.since is None else self.progress.fields_hash
            return replace(
                self.progress,
                source=self.source,
                walk_started_at=None,
                page_token="",
                fields_hash=digest,
            )
        return Progress(
            self.source,
            self.name,
            watermark=self.progress.watermark,
            walk_started_at=plan.started_at,
            page_token=self.stored_point.page_token,
            fields_hash=digest,
            mode=plan.mode,
            since=plan.since,
            list_index=self.stored_point.index,
            after_id=self.stored_point.after,
            completed_at=self.progress.completed_at,
            seen=self.progress.seen,
            proved=self.progress.proved,
            frozen=self.progress.frozen,
            frozen_rows=self.progress.frozen_rows,
        )

    def _stuck(self) -> bool:
        """Tell whether a saved page token led nowhere: the next run starts the walk anew."""
        start = self.walk.plan.start
        led_nowhere = bool(start.page_token) and self.stored_point == start
        return led_nowhere and isinstance(self.walk.error, UnavailableError | UnreadableAnswerError)

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
