"""Stage 1: from Clio's API into the raw schema, incrementally, exactly.

The order of the durable steps is the argument: rows are committed by dlt first, then watermarks
and resume points by our own SQL, then the epoch beside the file. A crash between any two of them
re-reads; it never skips.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pendulum

from pipelines.children import choose, queue
from pipelines.classification import ensure_versions
from pipelines.crash import crash_point
from pipelines.errors import ClockError, FutureWatermarkError
from pipelines.masks import Masks
from pipelines.meta import Meta, Progress, RunRow, Stored
from pipelines.plans import Choice, Rules, child_plan, due_collections, plan_walk
from pipelines.progress import Lines
from pipelines.warehouse import Warehouse
from sources.clio_http.catalog import Catalog, Collection
from sources.clio_http.client import ClioClient
from sources.clio_http.clock import Clock
from sources.clio_http.plan import Plan
from sources.clio_http.walks import Walk
from sources.errors import (
    ClioError,
    CollectionGoneError,
    Interrupted,
    MissingScopeError,
    RequestRefusedError,
    SignInNeededError,
)

from .package import Engine, Package
from .task import Task

SKEW = pendulum.duration(minutes=2)
PREFETCH_THREADS = 4


@dataclass(frozen=True)
class Product:
    """One product of Clio as the loader needs it: facts, rules and the source function."""

    catalog: Catalog
    rules: Rules
    history: frozenset[str]
    off: frozenset[str]
    clock_path: str
    make: Callable[..., Any]


@dataclass
class LoadResult:
    """How a load ended: one row for each collection, and what went wrong."""

    run_id: str
    source: str
    started_at: pendulum.DateTime
    rows: list[RunRow] = field(default_factory=list)
    complete: dict[str, bool] = field(default_factory=dict)
    errors: list[tuple[str, ClioError]] = field(default_factory=list)
    requests: int = 0
    server_time: pendulum.DateTime | None = None

    @property
    def exit_code(self) -> int:
        """Give the process's exit code: 3 before 4 before 0."""
        codes = {error.exit_code for _, error in self.errors}
        if SignInNeededError.exit_code in codes:
            return SignInNeededError.exit_code
        return 4 if codes else 0


class Load:
    """One run of the loader for one product."""

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
        self.result = LoadResult(run_id, self.source, clock.now())
        self.tasks: list[Task] = []
        self.rules = Rules(
            product.rules.daily_cadence,
            product.rules.left_out,
            self.meta.refused(self.source),
        )
        self._threads = ThreadPoolExecutor(PREFETCH_THREADS, thread_name_prefix="prefetch")

    def run(self) -> LoadResult:
        """Load what is due, and say how it went."""
        try:
            self.meta.interrupt_running(self.clock.now())
            self._announce()
            crash_point("run-started")
            tasks = self._list_tasks(now := self._begin())
            self.meta.withdraw_runs(self.result.run_id, self.source, [t.name for t in tasks])
            self._packages(tasks)
            if not self.stop.is_set() and not self._sign_in_needed():
                self._packages(self._child_tasks(now))
            self._finish()
            crash_point("run-finished")
        finally:
            self.stop_threads()
            self.engine.close()
        return self.result

    def stop_threads(self) -> None:
        """Let no request go on in the background."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _announce(self) -> None:
        """Note what may be read before the first request, so that a failed start shows too."""
        self.meta.save_runs(
            RunRow(self.result.run_id, self.source, c.name, "", None, self.clock.now())
            for c in self._wanted()
            if not self.choice.resources or c.name in self.choice.resources
        )

    def _begin(self) -> pendulum.DateTime:
        """Give the server's time; where it cannot be had, that is how every collection ended."""
        try:
            return self._server_time()
        except ClioError as error:
            told = f"{error.code}: {error}"
            self.meta.end_running(self.result.run_id, self.clock.now(), told)
            raise

    def _wanted(self) -> list[Collection]:
        loaded = self.product.catalog.loaded.values()
        return [c for c in loaded if c.parent is None and c.name not in self.product.off]

    def _server_time(self) -> pendulum.DateTime:
        """Take the server's time from a request that ends before any page is asked for."""
        # an answer that refuses the request still says what time it is
        with suppress(MissingScopeError, CollectionGoneError, RequestRefusedError):
            self.client.get(self.product.clock_path, (("fields", "id"),))
        now = self.client.server_time
        if now is None:
            message = "the server does not say what time it is"
            raise ClockError(message)
        if abs(now - self.clock.now()) > SKEW:
            self.reporter.note("this machine's clock and the server's differ; the server's is used")
        self.result.server_time = now
        return now

    def _list_tasks(self, now: pendulum.DateTime) -> list[Task]:
        progress = self.meta.progress(self.source)
        due = due_collections(self._wanted(), progress, self.rules, self.choice, now)
        return [
            task
            for collection in due
            if (task := self._list_task(collection, progress, now)) is not None
        ]

    def _list_task(
        self,
        collection: Collection,
        progress: Mapping[str, Progress],
        now: pendulum.DateTime,
    ) -> Task | None:
        known = progress.get(collection.name) or Progress(self.source, collection.name)
        try:
            plan = plan_walk(collection, known, self.rules, self.choice, now)
        except FutureWatermarkError as error:
            self.result.errors.append((collection.name, error))
            return None
        return self._task(plan, known)

    def _task(self, plan: Plan, known: Progress) -> Task:
        walk = Walk(self.client, plan, self.clock, self._threads)
        run = RunRow(
            self.result.run_id,
            self.source,
            plan.collection.name,
            plan.mode,
            plan.since,
            self.clock.now(),
        )
        return Task(self.source, walk, known, run, partial(self.masks.apply, run.resource))

    def _child_tasks(self, now: pendulum.DateTime) -> list[Task]:
        """Plan the child walks, from what is stored now."""
        children = {
            name: collection
            for name, collection in self.product.catalog.loaded.items()
            if collection.parent and (not self.choice.resources or name in self.choice.resources)
        }
        queues = {
            name: queue(self.warehouse, self.source, collection)
            for name, collection in children.items()
            if name not in self.product.off
        }
        chosen = choose(queues, self.choice.budget, full=self.choice.full)
        tasks = []
        layout = self.warehouse.layout(f"raw_{self.source}")
        for name, collection in children.items():
            parents = chosen.get(name, ())
            if parents or name not in layout:
                plan = child_plan(collection, parents, self.rules, now)
                tasks.append(self._task(plan, Progress(self.source, name)))
        waiting = {name: len(q.unread) + len(q.changed) for name, q in queues.items()}
        for name, parents in chosen.items():
            self.result.complete[name] = waiting[name] <= len(parents)
        return tasks

    def _packages(self, tasks: list[Task]) -> None:
        """Read package after package until every walk is over or the run is to stop."""
        self.tasks += tasks
        self.meta.save_runs(task.run for task in tasks)
        self.reporter.begin(len(self.tasks), self.client.rate)
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
        stored = Stored()
        for task in tasks:
            progress, parents, refused, drift = task.committed()
            stored.progress.extend([progress] if progress else [])
            stored.parents.extend(parents)
            stored.refused.extend(refused)
            stored.drift.extend(drift)
            stored.quarantined.extend(task.pending.quarantined)
        self._ensure_versions(tasks)
        self.meta.save_walks(stored, self.clock.now(), self.result.run_id)
        crash_point("watermarks-saved")
        self.meta.write_epoch(self.warehouse.path.parent)
        crash_point("epoch-written")
        self.reporter.advance(list(self.tasks))

    def _ensure_versions(self, tasks: Sequence[Task]) -> None:
        kept = self.product.history & {task.name for task in tasks}
        ensure_versions(self.warehouse, f"raw_{self.source}", kept)

    def _sign_in_needed(self) -> bool:
        return any(isinstance(task.walk.error, SignInNeededError) for task in self.tasks)

    def _finish(self) -> None:
        at = self.clock.now()
        for task in self.tasks:
            error = task.error or task.walk.error
            if error is not None and not isinstance(error, Interrupted):
                self.result.errors.append((task.name, error))
            row = task.outcome(at)
            self.result.rows.append(row)
            done = self.result.complete.get(task.name, True) and task.complete
            self.result.complete[task.name] = done
            if task.walk.skipped:
                self.reporter.note(f"{task.name}: {task.walk.skipped} parents are gone in Clio")
        if self.stop.is_set():
            self.result.errors.append(("", Interrupted()))
        self.result.requests = self.client.requests
        self.meta.save_runs(self.result.rows)
        self._release_quarantine()
        self.warehouse.checkpoint()

    def _release_quarantine(self) -> None:
        since = self.result.server_time
        if since is None:
            return
        names = [c.name for c in self.product.catalog.loaded.values() if c.key == ("id",)]
        self.meta.release_quarantine(self.source, names, self.result.run_id, since)
