"""A load of one product: what is walked, in which order, and how the run ends."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import pendulum

from pipelines.state.parent_queue import choose, queue
from pipelines.state.runs import Progress
from sources.clio_http.catalog import Collection
from sources.clio_http.plan import WalkPlan
from sources.clio_http.walks import Walk

from .emptied import SecondSight
from .planning import Purpose, child_plan, due_collections, plan_walk, watch
from .result import Remainder
from .runner import WholeRun
from .task import Task


class Load(WholeRun):
    """One run of the loader for one product. `proving` names the sweeps that were put down."""

    proving: frozenset[str]

    def _candidates(self) -> list[Collection]:
        loaded = self.product.catalog.loaded.values()
        return [c for c in loaded if c.parent is None and c.name not in self.product.off]

    def _announced(self) -> list[Collection]:
        """Leave out what is not due: where a run fails at its start, nothing of that was missed."""
        progress = self.meta.progress(self.source)
        now = self.clock.now()
        return due_collections(self._candidates(), progress, self.rules, self.choice, now)

    def _work(self, now: pendulum.DateTime) -> None:
        sweeps = self.meta.progress(self.source, "sweeps")
        self.proving = frozenset(name for name, known in sweeps.items() if known.walk_started_at)
        tasks = self._list_tasks(now)
        self.meta.withdraw_runs(self.result.run_id, self.source, [t.name for t in tasks])
        self._walk(tasks)
        Remainder(self).ask_again(tasks)
        if not (self.stop.is_set() or self._sign_in_needed() or self.client.silence.fallen):
            self._walk(self._child_tasks(now))

    def _walk(self, tasks: list[Task]) -> None:
        self._count_known(tasks)
        self._packages(tasks)
        self.settle(tasks)
        self._forget([task for task in tasks if task.purpose.census and task.complete])

    def _list_tasks(self, now: pendulum.DateTime) -> list[Task]:
        progress = self.meta.progress(self.source)
        due = due_collections(self._candidates(), progress, self.rules, self.choice, now)
        return [self._list_task(collection, progress, now) for collection in self._wanted(due)]

    def _wanted(self, due: Iterable[Collection]) -> Iterator[Collection]:
        """Leave out what nothing needs and Clio refused a short while ago."""
        remainder = Remainder(self)
        for collection in due:
            if remainder.paused(collection.name):
                remainder.warn(collection.name)
            else:
                yield collection

    def _list_task(
        self,
        collection: Collection,
        progress: Mapping[str, Progress],
        now: pendulum.DateTime,
    ) -> Task:
        known = progress.get(collection.name) or Progress(self.source, collection.name)
        plan = plan_walk(collection, known, self.rules, self.choice, now)
        if plan.since is not None and self._sees_again(plan):
            # what changed out of sight no list of changes would show
            known = replace(known, fields_hash="")
            plan = plan_walk(collection, known, self.rules, self.choice, now)
        purpose = Purpose(
            census=collection.mode == "full",
            proving=collection.name in self.proving,
            watch=watch(known) if plan.mode == "incremental" else None,
        )
        return self._task(plan, known, purpose)

    def _sees_again(self, plan: WalkPlan) -> bool:
        """Tell whether Clio shows a value again that is kept back since it was out of sight."""
        if plan.collection.name not in self.withheld.kept_back:
            return False
        walk = Walk(self.client, plan, self.clock)
        sight = SecondSight(self.warehouse, self.source, plan.collection)
        return walk.can_settle and sight.sees(lambda keys: walk.records.by_ids(keys).table)

    def _child_tasks(self, now: pendulum.DateTime) -> list[Task]:
        """Plan the child walks, from what is stored now."""
        children = {
            name: collection
            for name, collection in self.product.catalog.loaded.items()
            if collection.parent and (not self.choice.resources or name in self.choice.resources)
        }
        queues = {
            name: queue(self.warehouse, self.source, collection, self._paused(name))
            for name, collection in children.items()
            if name not in self.product.off
        }
        chosen = choose(
            queues,
            self.choice.budget,
            full=self.choice.full,
            rolling=self.product.rolling_slice,
        )
        tasks = []
        layout = self.warehouse.layout(f"raw_{self.source}")
        for name, collection in children.items():
            parents = chosen.get(name, ())
            if parents or name not in layout:
                plan = child_plan(collection, parents, self.rules, now)
                purpose = Purpose(census=bool(parents))
                tasks.append(self._task(plan, Progress(self.source, name), purpose))
        waiting = {name: len(q.unread) + len(q.changed) for name, q in queues.items()}
        for name, parents in chosen.items():
            done = waiting[name] <= len(parents) and not queues[name].paused
            self.result.complete[name] = done
        return tasks

    def _paused(self, name: str) -> frozenset[str]:
        """Name the parents whose lists could not be read and are left alone in this run."""
        return frozenset() if self.choice.full else self.unread.paused(name)
