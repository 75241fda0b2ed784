"""A load of one product: what is walked, in which order, and how the run ends.

Of child lists those of parents never read come first, then of those that changed, then the oldest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pendulum

from pipelines.state.row_history import Purpose
from pipelines.state.runs import Progress
from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection
from sources.clio_http.plan import WalkPlan
from sources.clio_http.walks import Walk

from .emptied import SecondSight
from .planning import child_plan, due_collections, plan_walk, watch
from .runner import WholeRun
from .task import Task


@dataclass(frozen=True)
class Queue:
    """The parents of one child collection that wait, in order.

    `unread` were never read, `changed` were stored anew after they were read, `failed` could not
    be read when they were last asked for, `rest` are the others. These two come with the
    moment they were last asked for, the earliest first. `paused` are not asked for yet.
    """

    unread: tuple[int, ...]
    changed: tuple[int, ...]
    rest: tuple[tuple[pendulum.DateTime, int], ...]
    failed: tuple[tuple[pendulum.DateTime, int], ...] = ()
    paused: tuple[int, ...] = ()


def queue(
    warehouse: Warehouse, source: str, collection: Collection, paused: frozenset[str] = frozenset()
) -> Queue:
    """Derive the queue of a child collection from the raw table of its parents.

    The `paused` parents failed and are left alone for now, unless they changed since.
    """
    parent = collection.parent
    schema = f"raw_{source}"
    if parent is None or not warehouse.columns(schema, parent.resource):
        return Queue((), (), ())
    raw = f"{quoted(schema)}.{quoted(parent.resource)}"
    found = warehouse.rows(
        "select case when p.read_at is null then 'unread'"  # noqa: S608 - names and constants
        " when p.failed and list_contains($4, t.id::varchar) and t._synced_at <= p.read_at"
        " then 'paused' when p.failed then 'failed'"
        " when t._synced_at > p.read_at then 'changed' else 'rest' end,"
        f" p.read_at, t.id from {raw} t left join meta.parents_read p"
        " on p.source = $1 and p.resource = $2 and p.parent_id = t.id"
        " where t.id::varchar not in (select record_id from meta.tombstones"
        " where source = $1 and resource = $3 and revived_at is null) order by 1, 2, 3",
        [source, collection.name, parent.resource, sorted(paused)],
    )
    return Queue(
        unread=tuple(key for kind, _, key in found if kind == "unread"),
        changed=tuple(key for kind, _, key in found if kind == "changed"),
        rest=tuple((read_at, key) for kind, read_at, key in found if kind == "rest"),
        failed=tuple((read_at, key) for kind, read_at, key in found if kind == "failed"),
        paused=tuple(key for kind, _, key in found if kind == "paused"),
    )


def choose(
    queues: dict[str, Queue], budget: int | None, *, full: bool, rolling: int
) -> dict[str, Sequence[int]]:
    """Choose the parents to read in this run.

    Without a budget: all that were never read, changed or failed, and `rolling` of the rest, the
    longest unread first over all child collections. With one: as many as it allows, those that
    failed in turn with the rest, so that they do not use it up.
    """
    first = [(name, key) for name, q in queues.items() for key in (*q.unread, *q.changed)]
    failed = sorted((at, name, key) for name, q in queues.items() for at, key in q.failed)
    rest = sorted((at, name, key) for name, q in queues.items() for at, key in q.rest)
    unbounded = failed + (rest if full else rest[:rolling])
    some = unbounded if budget is None else sorted(failed + rest)
    ordered = (first + [(name, key) for _, name, key in some])[:budget]
    chosen: dict[str, list[int]] = {name: [] for name in queues}
    for name, key in ordered:
        chosen[name].append(key)
    return dict(chosen)


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
        self.remainder.ask_again(tasks)
        if not (self.stop.is_set() or self._sign_in_needed() or self.client.silence.fallen):
            self._walk(self._child_tasks(now))

    def _walk(self, tasks: list[Task]) -> None:
        self._count_known(tasks)
        self._packages(tasks)
        self.settle(tasks)
        self._forget([task for task in tasks if task.purpose.census and task.complete])

    def _list_tasks(self, now: pendulum.DateTime) -> list[Task]:
        """Plan the walks that are due, but for what nothing needs and Clio refused lately."""
        progress, tasks = self.meta.progress(self.source), []
        for one in due_collections(self._candidates(), progress, self.rules, self.choice, now):
            if self.remainder.paused(one.name):
                self.remainder.warn(one.name)
            else:
                tasks.append(self._list_task(one, progress, now))
        return tasks

    def _list_task(
        self, collection: Collection, progress: Mapping[str, Progress], now: pendulum.DateTime
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
        full, rolling = self.choice.full, self.product.rolling_slice
        chosen = choose(queues, self.choice.budget, full=full, rolling=rolling)
        tasks, layout = [], self.warehouse.layout(f"raw_{self.source}")
        for name, collection in children.items():
            parents = chosen.get(name, ())
            if parents or name not in layout:
                plan = child_plan(collection, parents, self.rules, now)
                known, purpose = Progress(self.source, name), Purpose(census=bool(parents))
                tasks.append(self._task(plan, known, purpose))
        for name, waiting in queues.items():
            all_chosen = len(waiting.unread) + len(waiting.changed) <= len(chosen[name])
            self.result.complete[name] = all_chosen and not waiting.paused
        return tasks

    def _paused(self, name: str) -> frozenset[str]:
        """Name the parents whose lists could not be read and are left alone in this run."""
        return frozenset() if self.choice.full else self.unread.paused(name)
