"""The proof: every collection walked in full, healed, and certified."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import pendulum

from pipelines.errors import NothingProvedError, OtherUserError, UnequalError
from pipelines.failpoints import crash_point
from pipelines.load.content_hash import row_hash
from pipelines.load.planning import plan_sweep, same_walk, watch
from pipelines.load.result import Result, named
from pipelines.load.runner import WholeRun
from pipelines.load.task import Task
from pipelines.state import certificates, server
from pipelines.state.certificates import UNEQUAL, Absences, Certificate, lateness_of_walk
from pipelines.state.row_history import Purpose
from pipelines.state.runs import Progress
from pipelines.state.snapshots import STORED_HASH, Census
from sources.clio_http.catalog import Collection
from sources.clio_http.plan import OVERLAP, fields_hash
from sources.errors import ConfigurationError, UnreadError

SWEPT = frozenset({"incremental", "full"})


def estimate(collection: Collection, rows: int) -> int:
    """Return the fewest requests that a full walk of so many rows needs."""
    return max(len(collection.variants), -(-rows // collection.page_size))


def in_order(
    collections: Sequence[Collection],
    under_way: frozenset[str],
    walked_at: dict[str, pendulum.DateTime],
) -> list[Collection]:
    """Put walks under way first, then those never proved, then the oldest certificate."""
    never = pendulum.datetime(1, 1, 1)
    return sorted(
        collections, key=lambda c: (c.name not in under_way, walked_at.get(c.name, never), c.name)
    )


def batches(
    waiting: Sequence[tuple[Collection, int]], left: int | None
) -> tuple[list[Collection], list[tuple[Collection, int]]]:
    """Take from the front as many collections as `left` requests are likely to do; at least one."""
    taken: list[Collection] = []
    for at, (collection, requests) in enumerate(waiting):
        if left is not None and taken and requests > left:
            return taken, list(waiting[at:])
        taken.append(collection)
        left = None if left is None else left - requests
    return taken, []


class Sweep(WholeRun):
    """One run of the sweep for one product."""

    certificates: list[Certificate]
    loaded: int
    mode = "sweep"

    def run(self) -> Result:
        """Prove what is waiting, within the budget of requests.

        Where nothing could be proved, and not because a budget ended a walk that will go on, that
        is no success: it is an error of the result.
        """
        self.certificates, self.loaded = [], 0
        other = sorted(self.choice.resources - {c.name for c in self._candidates()})
        if other:
            message = f"{other[0]} is read parent by parent or day by day: only load reads it"
            raise ConfigurationError(message)
        self.client.allowance.left = self.choice.budget
        result = super().run()
        put_off = self.choice.budget is not None and self.loaded
        if not (self.certificates or result.errors or put_off):
            result.errors.append(("", NothingProvedError()))
        return result

    def _candidates(self) -> Iterator[Collection]:
        for collection in self.product.catalog.loaded.values():
            if collection.mode in SWEPT and collection.name not in self.product.off:
                yield collection

    def _work(self, now: pendulum.DateTime) -> None:
        self._check_user(now)
        progress = self.meta.progress(self.source)
        sweeps = self.meta.progress(self.source, "sweeps")
        waiting = self._waiting(progress, sweeps)
        self.loaded = len(waiting)
        self.meta.withdraw_runs(self.result.run_id, self.source, [c.name for c, _ in waiting])
        while waiting and self.client.allowance.left != 0:
            if self.stop.is_set() or self._sign_in_needed():
                break
            batch, waiting = batches(waiting, self.client.allowance.left)
            tasks = [self._sweep_task(c, progress[c.name], sweeps.get(c.name), now) for c in batch]
            self._count_known(tasks)
            self._packages(tasks)
            self.settle(tasks)
            for task in tasks:
                if task.complete and task.name in self.result.absences and self._whole(task):
                    self._certify(task)
        for collection, _ in waiting:
            self.result.complete[collection.name] = False
        self.meta.withdraw_runs(self.result.run_id, self.source, [task.name for task in self.tasks])

    def _check_user(self, now: pendulum.DateTime) -> None:
        """Stop where another user's eyes, or fewer rights, would pass for deletions."""
        if self.choice.accept_user and self.identity.user_id:
            known = server.pinned(self.warehouse, self.source)
            number = self.identity.account_id or (known.account_id if known else "")
            user = replace(self.identity, account_id=number)
            server.pin(self.warehouse, self.source, user, now)
            self.identity = user
        if not self.same_eyes:
            error = OtherUserError()
            told = f"{error.code}: {error}"
            self.meta.end_running(self.result.run_id, self.clock.now(), told)
            raise error

    def _waiting(
        self, progress: dict[str, Progress], sweeps: dict[str, Progress]
    ) -> list[tuple[Collection, int]]:
        """Return what is to be proved, with the requests that this needs at least."""
        named = self.choice.resources
        wanted = [c for c in self._candidates() if not named or c.name in named]
        loaded = [c for c in wanted if c.name in progress]
        for collection in wanted:
            if collection.name not in progress:
                self.result.complete[collection.name] = False
                self.reporter.note(
                    f"{collection.name}: not loaded yet, so there is nothing to prove"
                )
        walked = {
            name: at for name, (at, _) in certificates.last(self.warehouse, self.source).items()
        }
        under_way = frozenset(name for name, known in sweeps.items() if known.put_down)
        rows = self.warehouse.counts(f"raw_{self.source}")
        ordered = in_order(loaded, under_way, walked)
        return [(c, estimate(c, rows.get(c.name, 0))) for c in ordered]

    def _sweep_task(
        self,
        collection: Collection,
        loaded: Progress,
        known: Progress | None,
        now: pendulum.DateTime,
    ) -> Task:
        plan = plan_sweep(collection, known, self.rules, now, self.choice.budget)
        begun = known is not None and same_walk(collection, known, plan.left_out)
        purpose = Purpose(
            "sweep",
            census=True,
            again=begun and plan.run_at is None,
            watch=watch(loaded, silent=True) if collection.updated_since else None,
        )
        before = known or Progress(self.source, collection.name)
        return self._task(plan, before, purpose)

    def census(self, task: Task) -> Census:
        """Hold the walk against what each row holds, not against the hash that stands beside it."""
        collection = task.walk.plan.collection
        stored = self.warehouse.columns(f"raw_{self.source}", collection.name)
        whole = {column.name for column in collection.columns} <= set(stored)
        content = row_hash(collection) if whole else STORED_HASH
        return Census(self.warehouse, self.source, collection, task.purpose.walk, content)

    def _count_known(self, tasks: Iterable[Task]) -> None:
        """Note what is stored, and that the walk begins: one that dies keeps what it found."""
        super()._count_known(tasks)
        layout = self.warehouse.layout(f"raw_{self.source}")
        with self.warehouse.transaction():
            for task in tasks:
                again = task.purpose.again
                if task.name in layout and (again or task.walk.plan.run_at is not None):
                    self.census(task).go_on(anew=again)
        for plan in (task.walk.plan for task in tasks if task.walk.plan.run_at is None):
            self.meta.begin_sweep(
                Progress(
                    self.source,
                    plan.collection.name,
                    walk_started_at=plan.started_at,
                    fields_hash=fields_hash(plan.collection, plan.left_out),
                    mode=plan.mode,
                )
            )

    def _whole(self, task: Task) -> bool:
        """Tell whether the walk showed every record; of one that did not nothing is certified."""
        self.unread.tidy(task.name)
        left = sorted({*task.walk.unread, *self.unread.left(task.name)})
        known = [key for key in left if key not in self.unread.new(task.name, task.walk.unread)]
        if known:
            message = f"{len(known):,} records could not be had ({named(known)}): nothing is proved"
            self.result.errors.append((task.name, UnreadError(message)))
        if left:
            self.meta.forget_sweep(self.source, task.name)
            self._forget([task])
        return not left

    def _certify(self, task: Task) -> None:
        """Draw up the certificate of a walk that was read and settled to its end."""
        census, started_at = self.census(task), task.walk.plan.started_at
        certificate = certificates.draw_up(
            census,
            self.result.absences.get(task.name, Absences()),
            walked_at=started_at,
            late=lateness_of_walk(self.warehouse, self.source, task.name, started_at),
            overlap=OVERLAP.total_seconds(),
            finished_at=self.clock.now(),
            run_id=self.result.run_id,
        )
        certificates.save(self.warehouse, certificate)
        crash_point("certificate-saved")
        self._forget([task])
        if certificate.status in certificates.PROVED:
            self.meta.thaw(self.source, task.name)
        self.certificates.append(certificate)
        if certificate.status == UNEQUAL and not certificate.undecided:
            rows = f"{certificate.rows_clio:,} rows in Clio, {certificate.rows_warehouse:,} here"
            self.result.errors.append((task.name, UnequalError(f"the two sides differ: {rows}")))
