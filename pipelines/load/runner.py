"""What loads and sweeps have in common: walks driven package by package, each step durable.

The order of the durable steps is the argument: rows are committed by dlt first, then watermarks
and resume points by our own SQL, then the epoch beside the file. A crash between any two of them
re-reads; it never skips.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import KW_ONLY, dataclass, field, replace
from functools import partial
from typing import ClassVar

import pendulum

from pipelines.access import account
from pipelines.access.account import Identity
from pipelines.errors import ClockError, OtherAccountError, OtherEyesError, StoppedWalkError
from pipelines.failpoints import crash_point
from pipelines.progress import Lines
from pipelines.state import refusals, server
from pipelines.state.epoch import write_epoch
from pipelines.state.hashed_columns import Masks
from pipelines.state.inputs import keep_inputs
from pipelines.state.quarantine import Cell, cells
from pipelines.state.refusals import AllUnread
from pipelines.state.row_history import Purpose, buried, ensure_sightings, ensure_versions
from pipelines.state.runs import Meta, PackageOutcome, Progress, RunRow
from pipelines.state.snapshots import Census, clear
from pipelines.warehouse import Warehouse
from sources.clio_http.catalog import Collection
from sources.clio_http.client import ClioClient
from sources.clio_http.clock import Clock
from sources.clio_http.plan import WalkPlan
from sources.clio_http.walks import PREFETCH_THREADS, Walk
from sources.errors import (
    BudgetSpent,
    ClioError,
    CollectionGoneError,
    FieldsRefusedError,
    Interrupted,
    MissingScopeError,
    RequestRefusedError,
    SignInNeededError,
)

from .content_hash import migrate_etag_copies, widen_keys
from .package import Engine, Package
from .planning import Choice, Rules
from .products import Product
from .proof import Proof
from .result import Remainder, Result, Withholding, is_untried, tell_kept_out, untried
from .task import Task


@dataclass(eq=False, repr=False)
class Runner:
    """Reads records of one product and stores them, package by package.

    `mode` is what a run says of itself before it has planned its walks.
    """

    mode: ClassVar[str] = ""
    product: Product
    warehouse: Warehouse
    client: ClioClient
    clock: Clock
    _: KW_ONLY
    run_id: str
    choice: Choice
    reporter: Lines
    stop: threading.Event
    masks: Masks
    engine: Engine | None = None
    tasks: list[Task] = field(default_factory=list, init=False)
    identity: Identity = field(default_factory=Identity, init=False)
    buried: frozenset[str] = frozenset()
    quarantined: frozenset[str] = frozenset()
    kept_out: frozenset[Cell] = frozenset()

    def __post_init__(self) -> None:
        """Take the collaborators; nothing is sent yet."""
        full, rules = self.choice.full, self.product.rules
        self.source = self.product.catalog.source
        self.meta = Meta(self.warehouse)
        folder = self.warehouse.path.parent
        self._engine = self.engine or Engine(self.source, self.warehouse, folder)
        self.result = Result(self.run_id, self.source, self.clock.now())
        self.rules = Rules(
            rules.daily_cadence,
            rules.left_out,
            {} if full else refusals.refused(self.warehouse, self.source),
            {} if full else refusals.refused(self.warehouse, self.source, refusals.PARAMETER),
        )
        self.proof, self.remainder = Proof(self), Remainder(self)
        self.withheld = Withholding(self.warehouse, self.source)
        self._threads = ThreadPoolExecutor(PREFETCH_THREADS, thread_name_prefix="prefetch")

    def close(self) -> None:
        """End the threads and remove the engine's folder."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._engine.close()

    # Before the first page...

    def _begin(self) -> pendulum.DateTime:
        """Return the server's time; where it cannot be had, that is how every collection ended."""
        try:
            said = self.server_says()
            self._check_account(said)
            now = self._settle_time(said)
        except ClioError as error:
            told = f"{error.code}: {error}"
            self.meta.end_running(self.result.run_id, self.clock.now(), told)
            raise
        widen_keys(self.warehouse, self.source, self.product.catalog.loaded.values())
        self.unread = AllUnread(self.warehouse, self.source, now)
        migrate_etag_copies(self.warehouse, self.source, self.product.catalog.loaded.values(), now)
        self.buried = frozenset(buried(self.warehouse, self.source))
        self.quarantined = self.meta.quarantined(self.source)
        self.kept_out = cells(self.warehouse, self.source)
        self.withheld.begin(self.choice.accept_empty, now)
        return now

    def server_says(self) -> pendulum.DateTime:
        """Take the server's time from a request that ends before any page is asked for."""
        for parameters in self.product.clock_parameters:
            try:
                answer = self.client.get(self.product.clock_path, parameters)
            except FieldsRefusedError:
                continue
            except (MissingScopeError, CollectionGoneError, RequestRefusedError):
                # an answer that refuses the request still says what time it is
                break
            self.identity = account.identity_of(answer.body)
            break
        now = self.client.server_time
        if now is None:
            message = "the server does not say what time it is"
            raise ClockError(message)
        return now

    def _settle_time(self, said: pendulum.DateTime) -> pendulum.DateTime:
        """Check what Clio said against the clocks of this machine; keep and tell what counts."""
        now, notes = server.settle(
            self.warehouse, self.source, self.clock, said, ask=self.server_says
        )
        for note in notes:
            self.reporter.note(note)
        self.result.server_time = now
        return now

    def _check_account(self, now: pendulum.DateTime) -> None:
        """Refuse another firm's token; take the first one that is seen as this warehouse's."""
        known = server.pinned(self.warehouse, self.source)
        if account.is_other_account(known, self.identity):
            message = (
                f"the token is of account {self.identity.account_id}, but this warehouse holds"
                f" account {known.account_id if known else ''}"
            )
            raise OtherAccountError(message)
        told = self.identity.account_id
        if known is not None and not self.identity.user_id:
            self.reporter.note("Clio does not say whose token this is: the account is not checked")
        if told and (known is None or not known.account_id):
            server.pin(self.warehouse, self.source, self.identity, now)

    @property
    def same_eyes(self) -> bool:
        """Tell whether the user and rights are those with which this warehouse was read so far."""
        known = server.pinned(self.warehouse, self.source)
        return self.choice.accept_user or known is None or known == self.identity

    # Package by package...

    def _task(self, plan: WalkPlan, progress: Progress, purpose: Purpose) -> Task:
        known = () if self.choice.full else self.unread.of(plan.collection.name)
        plan = replace(plan, unread=frozenset(known) if plan.mode != "child" else frozenset())
        walk = Walk(self.client, plan, self.clock, self._threads)
        name = plan.collection.name
        at = self.clock.now()
        run = RunRow(self.result.run_id, self.source, name, plan.mode, plan.since, at)
        purpose = replace(
            purpose,
            children=tuple(child.name for child in self.children_of(plan.collection)),
            sightings=bool(plan.collection.leaves),
            buried=name in self.buried,
            quarantined=name in self.quarantined,
            withheld=name in self.withheld.with_cells,
        )
        return Task(
            self.source,
            walk,
            progress,
            run,
            partial(self.masks.apply, name),
            purpose=purpose,
            standing=self.proof.standing(walk, progress, purpose),
            withheld=dict(self.withheld.columns.get(name, {})),
        )

    def _packages(self, tasks: Sequence[Task]) -> None:
        """Read package after package until every walk is over or the run is to stop."""
        self.tasks += [task for task in tasks if task not in self.tasks]
        self.meta.save_runs(task.run for task in tasks)
        self.reporter.begin(len(self.tasks), self.client.rate)
        self.drive(tasks)

    def drive(self, tasks: Sequence[Task]) -> None:
        """Read and store until some walks are over, or the run is to stop."""
        while waiting := [task for task in tasks if not task.over]:
            package = Package(self.clock, self.stop.is_set)
            self._ensure_versions(waiting)  # a run that died may have left a table without
            self._engine.run(self.product.make, waiting, package)
            crash_point("package-committed")
            self._store(waiting)
            if self.stop.is_set():
                break

    def _store(self, tasks: Sequence[Task]) -> None:
        """Write what the committed package means, then the epoch beside the warehouse."""
        stored = PackageOutcome()
        for task in tasks:
            task.committed(stored)
            if isinstance(task.stopped, StoppedWalkError):
                self._told_stopped(task.name, task.stopped)
        self._ensure_versions(tasks)
        self.meta.save_walks(stored, self.clock.now(), self.result.run_id)
        crash_point("watermarks-saved")
        write_epoch(self.warehouse, self.warehouse.path.parent)
        crash_point("epoch-written")
        left = [task for task in self.tasks if not task.over]
        rows, requests = sum(t.rows_read for t in self.tasks), sum(t.requests_left for t in left)
        self.reporter.advance(len(left), rows, requests)

    def _told_stopped(self, name: str, error: StoppedWalkError) -> None:
        """Say once why a walk proves nothing; of other eyes once for all collections."""
        told = [known for _, known in self.result.errors]
        if isinstance(error, OtherEyesError):
            if not any(isinstance(known, OtherEyesError) for known in told):
                self.result.errors.append(("", error))
        elif error not in told:
            self.result.errors.append((name, error))

    def _ensure_versions(self, tasks: Sequence[Task]) -> None:
        kept = self.product.history & {task.name for task in tasks}
        ensure_versions(self.warehouse, f"raw_{self.source}", kept)
        for task in tasks:
            if task.purpose.sightings and self.warehouse.columns(f"raw_{self.source}", task.name):
                ensure_sightings(self.warehouse, self.source, task.name)

    # What a complete walk did not show...

    def census(self, task: Task) -> Census:
        """Return the census of a walk."""
        return Census(self.warehouse, self.source, task.walk.plan.collection, task.purpose.walk)

    def _count_known(self, tasks: Iterable[Task]) -> None:
        """Note what is stored before the first request of each walk that begins now."""
        counted = [t for t in tasks if t.purpose.census and not t.purpose.again]
        new = [t for t in counted if t.walk.plan.run_at is None]
        self._forget(new)
        layout = self.warehouse.layout(f"raw_{self.source}")
        with self.warehouse.transaction():
            for task in new:
                if task.name in layout:
                    self.census(task).begin(task.parents_of(range(len(task.walk.plan.lists))))

    def _forget(self, tasks: Iterable[Task]) -> None:
        """Drop the census of walks that are over or begin anew."""
        for walk in ("load", "sweep"):
            names = [t.name for t in tasks if t.purpose.walk == walk]
            if names:
                clear(self.warehouse, self.source, walk, names)

    def settle(self, tasks: Iterable[Task]) -> None:
        """Decide about the rows that complete walks did not show."""
        for task in tasks:
            ended = task.complete or task.walk.plan.mode == "child"
            if task.purpose.census and ended and not self.stop.is_set():
                self.proof.settle(task)

    def children_of(self, collection: Collection) -> list[Collection]:
        """Return the lists that each record of a collection owns."""
        loaded = self.product.catalog.loaded.values()
        return [c for c in loaded if c.parent and c.parent.resource == collection.name]

    # At the end...

    def _sign_in_needed(self) -> bool:
        return any(isinstance(task.walk.error, SignInNeededError) for task in self.tasks)

    def _finish(self) -> None:
        at = self.clock.now()
        for task in self.tasks:
            error = self.remainder.judge(task, task.error or task.walk.error)
            quiet = isinstance(error, Interrupted | BudgetSpent) or is_untried(task)
            if error is not None and not quiet:
                self.result.errors.append((task.name, error))
            self.result.rows.append(task.outcome(at))
            done = self.result.complete.get(task.name, True) and task.complete
            self.result.complete[task.name] = done and not task.walk.failed
            if self.choice.full and task.complete:
                # a full load asks for every field again
                still = task.walk.refused | task.walk.given_up
                refusals.accept(self.warehouse, self.source, task.name, still)
            self.withheld.shown(task, full=self.choice.full)
            if given_up := sorted(task.walk.given_up):
                told = f"Clio refuses {', '.join(given_up)}; asked without from now on"
                self.reporter.note(f"{task.name}: {told}")
            if task.future:
                what = "updated_at of {} rows lies over a day in the future"
                self.reporter.note(f"{task.name}: {what.format(task.future)}")
            if skipped := len(task.walk.skipped):
                self.reporter.note(f"{task.name}: {skipped} parents are gone in Clio")
        self.result.errors += untried(self.tasks)
        if self.stop.is_set():
            self.result.errors.append(("", Interrupted()))
        for told in server.keep_new(
            self.warehouse, self.product.catalog, self.client.notices.found,
            run_id=self.result.run_id, asked=self.client.notices.asked, at=at,
        ):  # fmt: skip
            self.reporter.note(told)
        self.result.requests = self.client.requests
        self.meta.save_runs(self.result.rows)
        self.withheld.tell(self)
        tell_kept_out(self)
        keep_inputs(self.warehouse, self.source, self.product.catalog.loaded, self.product.off)
        self.warehouse.checkpoint()


class WholeRun(Runner, ABC):
    """One run for one product; `Load` and `Sweep` say which walks it makes."""

    def run(self) -> Result:
        """Do the run, and say how it went."""
        try:
            self.meta.interrupt_running(self.clock.now())
            # before the first request, so that a failed start shows too
            self.meta.save_runs(
                RunRow(self.run_id, self.source, c.name, self.mode, None, self.clock.now())
                for c in self._announced()
                if not self.choice.resources or c.name in self.choice.resources
            )
            crash_point("run-started")
            self._work(self._begin())
            self._finish()
            crash_point("run-finished")
        finally:
            self.close()
        return self.result

    @abstractmethod
    def _work(self, now: pendulum.DateTime) -> None:
        """Make the walks of this run; `now` is server time before their first request."""

    @abstractmethod
    def _candidates(self) -> Iterable[Collection]:
        """Return the collections that this run may walk."""

    def _announced(self) -> Iterable[Collection]:
        """Return what a run that cannot even begin has failed to read."""
        return self._candidates()
