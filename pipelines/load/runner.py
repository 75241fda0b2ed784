"""What loads and sweeps have in common: walks driven package by package, each step durable.

The order of the durable steps is the argument: rows are committed by dlt first, then watermarks
and resume points by our own SQL, then the epoch beside the file. A crash between any two of them
re-reads; it never skips.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pendulum

from pipelines.access import account
from pipelines.access.account import Identity
from pipelines.errors import ClockError, OtherAccountError, OtherEyesError, StoppedWalkError
from pipelines.failpoints import crash_point
from pipelines.progress import Lines
from pipelines.state import accounts, refusals
from pipelines.state.announcements import keep_new
from pipelines.state.epoch import write_epoch
from pipelines.state.hashed_columns import Masks
from pipelines.state.inputs import keep_inputs
from pipelines.state.last_seen import ensure_sightings
from pipelines.state.row_versions import ensure_versions
from pipelines.state.runs import Meta, PackageOutcome, Progress, RunRow
from pipelines.state.snapshots import Census, clear
from pipelines.state.tombstones import buried
from pipelines.state.unread import AllUnread
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

from . import server_time
from .deletions import Settlement, parents_of
from .kept_out import KeptOut
from .migration import migrate_etag_copies
from .package import Engine, Package
from .planning import Choice, Rules
from .product import Product
from .purpose import Purpose
from .result import Result
from .stand_ins import widen_keys
from .standing import Proof
from .task import Task
from .unread import Remainder, is_untried, untried
from .withholding import Withholding


class Runner:
    """Reads records of one product and stores them, package by package.

    `mode` is what a run says of itself before it has planned its walks.
    """

    mode = ""

    def __init__(  # noqa: PLR0913 - each is a collaborator of its own
        self,
        product: Product,
        warehouse: Warehouse,
        client: ClioClient,
        clock: Clock,
        *,
        run_id: str,
        choice: Choice,
        reporter: Lines,
        stop: threading.Event,
        masks: Masks,
        engine: Engine | None = None,
    ) -> None:
        """Take the collaborators; nothing is sent yet."""
        self.product = product
        self.source = product.catalog.source
        self.warehouse = warehouse
        self.client = client
        self.clock = clock
        self.choice = choice
        self.reporter = reporter
        self.stop = stop
        self.masks = masks
        self.meta = Meta(warehouse)
        self.engine = engine or Engine(self.source, warehouse, warehouse.path.parent)
        self.result = Result(run_id, self.source, clock.now())
        self.tasks: list[Task] = []
        self.rules = Rules(
            product.rules.daily_cadence,
            product.rules.left_out,
            {} if choice.full else refusals.refused(warehouse, self.source),
            {} if choice.full else refusals.refused(warehouse, self.source, refusals.PARAMETER),
        )
        self.identity = Identity()
        self.buried: dict[str, int] = {}
        self.proof = Proof(self)
        self.quarantined: frozenset[str] = frozenset()
        self.withheld = Withholding(warehouse, self.source)
        self.kept_out = KeptOut(warehouse, self.source)
        self._threads = ThreadPoolExecutor(PREFETCH_THREADS, thread_name_prefix="prefetch")

    def close(self) -> None:
        """End the threads and remove the engine's folder."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self.engine.close()

    # Before the first page...

    def _begin(self) -> pendulum.DateTime:
        """Return the server's time; where it cannot be had, that is how every collection ended."""
        try:
            said = self.server_says()
            self._check_account(said)
            now = server_time.settle(self, said)
        except ClioError as error:
            told = f"{error.code}: {error}"
            self.meta.end_running(self.result.run_id, self.clock.now(), told)
            raise
        widen_keys(self.warehouse, self.source, self.product.catalog.loaded.values())
        self.unread = AllUnread(self.warehouse, self.source, now)
        migrate_etag_copies(self.warehouse, self.source, self.product.catalog.loaded.values(), now)
        self.buried = buried(self.warehouse, self.source)
        self.quarantined = self.meta.quarantined(self.source)
        self.withheld.begin(self.choice.accept_empty, now)
        self.kept_out.begin()
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

    def _check_account(self, now: pendulum.DateTime) -> None:
        """Refuse another firm's token; take the first one that is seen as this warehouse's."""
        known = accounts.pinned(self.warehouse, self.source)
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
            accounts.pin(self.warehouse, self.source, self.identity, now)

    @property
    def same_eyes(self) -> bool:
        """Tell whether the user and rights are those with which this warehouse was read so far."""
        known = accounts.pinned(self.warehouse, self.source)
        return self.choice.accept_user or known is None or known == self.identity

    # Package by package...

    def _task(self, plan: WalkPlan, progress: Progress, purpose: Purpose) -> Task:
        known = () if self.choice.full else self.unread.of(plan.collection.name)
        plan = replace(plan, unread=frozenset(known) if plan.mode != "child" else frozenset())
        walk = Walk(self.client, plan, self.clock, self._threads)
        run = RunRow(
            self.result.run_id,
            self.source,
            plan.collection.name,
            plan.mode,
            plan.since,
            self.clock.now(),
        )
        mask = partial(self.masks.apply, run.resource)
        children = tuple(child.name for child in self.children_of(plan.collection))
        leaves = bool(plan.collection.leaves)
        purpose = replace(
            purpose,
            children=children,
            sightings=leaves,
            buried=run.resource in self.buried,
            quarantined=run.resource in self.quarantined,
            withheld=run.resource in self.withheld.with_cells,
        )
        return Task(
            self.source,
            walk,
            progress,
            run,
            mask,
            purpose=purpose,
            standing=self.proof.standing(walk, progress, purpose),
            withheld=self.withheld.columns.get(run.resource),
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
            self.engine.run(self.product.make, waiting, package)
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
        self.reporter.advance(list(self.tasks))

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
                    self.census(task).begin(parents_of(task, range(len(task.walk.plan.lists))))

    def _forget(self, tasks: Iterable[Task]) -> None:
        """Drop the census of walks that are over or begin anew."""
        for walk in ("load", "sweep"):
            names = [t.name for t in tasks if t.purpose.walk == walk]
            if names:
                clear(self.warehouse, self.source, walk, names)

    def settle(self, tasks: Iterable[Task]) -> None:
        """Decide about the rows that complete walks did not show."""
        settlement = Settlement(self)
        for task in tasks:
            ended = task.complete or task.walk.plan.mode == "child"
            if task.purpose.census and ended and not self.stop.is_set():
                settlement.settle(task)

    def children_of(self, collection: Collection) -> list[Collection]:
        """Return the lists that each record of a collection owns."""
        loaded = self.product.catalog.loaded.values()
        return [c for c in loaded if c.parent and c.parent.resource == collection.name]

    # At the end...

    def _sign_in_needed(self) -> bool:
        return any(isinstance(task.walk.error, SignInNeededError) for task in self.tasks)

    def _finish(self) -> None:
        at, remainder = self.clock.now(), Remainder(self)
        for task in self.tasks:
            error = remainder.judge(task, task.error or task.walk.error)
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
        for told in keep_new(
            self.warehouse, self.product.catalog, self.client.notices.found,
            run_id=self.result.run_id, asked=self.client.notices.asked, at=at,
        ):  # fmt: skip
            self.reporter.note(told)
        self.result.requests = self.client.requests
        self.meta.save_runs(self.result.rows)
        self._finish_unknown()
        self.warehouse.checkpoint()

    def _finish_unknown(self) -> None:
        """Say what this token may not see, and keep what figures may rest on."""
        alarms, notes = self.withheld.findings()
        misfits, told = self.kept_out.findings(self.tasks)
        self.result.errors += [*alarms, *misfits]
        for note in [*notes, *told]:
            self.reporter.note(note)
        keep_inputs(self.warehouse, self.source, self.product.catalog.loaded, self.product.off)


class WholeRun(Runner, ABC):
    """One run for one product; `Load` and `Sweep` say which walks it makes."""

    def run(self) -> Result:
        """Do the run, and say how it went."""
        try:
            self.meta.interrupt_running(self.clock.now())
            self._announce()
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

    def _announce(self) -> None:
        """Note what may be read before the first request, so that a failed start shows too."""
        self.meta.save_runs(
            RunRow(self.result.run_id, self.source, c.name, self.mode, None, self.clock.now())
            for c in self._announced()
            if not self.choice.resources or c.name in self.choice.resources
        )
