"""Records read again because a check found that they do not fit together.

A record that was deleted in Clio stays here until a sweep, and one may have been read while it
changed. So a check that fails names its records, exactly those and their lists are read again by
the load's own way, and what is gone is marked as deleted once Clio, asked for it alone, says so.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from pipelines.errors import OtherUserError
from pipelines.folder import open_folder
from pipelines.load.command import opened_runner
from pipelines.load.products import Part
from pipelines.load.proof import FEW
from pipelines.load.task import Task
from pipelines.plan.refresh_records import RecordsWanted, Rereading
from pipelines.state.check_results import failing_rows
from pipelines.state.inputs import unknown
from pipelines.state.row_history import bury
from pipelines.transform.build import read_plan
from pipelines.transform.header import ERROR
from pipelines.transform.run import ModelContext
from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection
from sources.clio_http.confirm import confirm
from sources.clio_http.misfits import key_sql, key_texts
from sources.clio_http.plan import List, Point, Reading, WalkPlan
from sources.clio_http.readings import joined
from sources.clio_http.walks import Walk
from sources.errors import ConfigurationError

SOURCE = "clio_manage"
SCHEMA = f"raw_{SOURCE}"
MOST_IDS = 200
"""So many records of a collection are read again: one request names them all."""
MOST_LISTS = 25
"""So many lists of a collection are read again."""
MOST_ROWS = 5_000
"""A list with more rows than these here is not read again: that is for a sweep."""
MOST_NAMED = 5


@dataclass(frozen=True)
class Ailing:
    """Records of one collection that do not fit: by their ids, and by lists they stand in."""

    resource: str
    ids: tuple[str, ...] = ()
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Healed:
    """What was read again: the collections asked, and how many records were found to be gone."""

    asked: tuple[Ailing, ...] = ()
    gone: int = 0


def ailing(
    context: ModelContext, warehouse: Warehouse, checks: Sequence[str]
) -> tuple[Ailing, ...]:
    """Name the records that failed checks point at, as the headers of the checks say."""
    plan = read_plan(warehouse, context.folders, context.wish(warehouse))
    healed = {one.name: one.header.heals for one in plan.checks if one.header is not None}
    unread = {one.relation for one in unknown(warehouse) if not one.field}
    found: dict[str, dict[str, dict[str, None]]] = {}
    for check, text in failing_rows(warehouse, checks, ERROR):
        row = json.loads(text)
        for heals in healed.get(check, ()):
            value = row.get(heals.column)
            if value is not None and f"{SCHEMA}.{heals.resource}" not in unread:
                by = found.setdefault(heals.resource, {})
                by.setdefault(heals.by, {})[str(value)] = None
    return tuple(
        Ailing(
            name,
            tuple(lists.pop("id", {}))[:MOST_IDS],
            {by: tuple(values)[:MOST_LISTS] for by, values in lists.items()},
        )
        for name, lists in sorted(found.items())
    )


def run_heal(context: ModelContext, checks: Sequence[str], run_id: str) -> Healed:
    """Read again what failed checks point at.

    Raises:
        ClioError: Clio could not be asked; what is stored is as sound as before.

    """
    with open_folder(context, "sync", write=True, run_id=run_id) as warehouse:
        found = ailing(context, warehouse, checks)
        if not found:
            return Healed()
        opened = opened_runner(Healing, context, Part(SOURCE), warehouse, run_id)
        with opened as healing, closing(healing):
            return healing.heal(found)


class Healing(Rereading):
    """Reads ailing records again, and the lists that they stand in."""

    mode = "heal"

    def heal(self, found: Sequence[Ailing]) -> Healed:
        """Read again what is named, and mark as deleted what Clio says is gone.

        Raises:
            ClioError: Clio could not be asked; what was stored until then is sound.

        """
        self.begin()
        if not self.same_eyes:
            raise OtherUserError
        gone = 0
        for one in found:
            collection = self.product.catalog.collections.get(one.resource)
            if collection is None or one.resource in self.product.off:
                message = f"a check is healed by {one.resource}, which is not loaded"
                raise ConfigurationError(message)
            gone += self._heal(collection, one)
        self.warehouse.checkpoint()
        return Healed(tuple(found), gone)

    def _heal(self, collection: Collection, one: Ailing) -> int:
        """Read one collection's records again; return how many are gone."""
        shown: set[str] = set()
        task, records = self._aside(RecordsWanted(collection.name, one.ids))
        if one.ids:
            shown |= self._keep(task, records.by_ids(one.ids))
        expected = set(one.ids)
        for by, values in one.lists.items():
            test = f"list_contains($3, {_column(collection, by)}::varchar)"
            lists = [v for v in values if len(self.live(collection, test, [v])) <= MOST_ROWS]
            expected |= self.live(collection, test, lists)
            shown |= self._keep(task, self._listed(task.walk.plan, by, lists))
        stored = self.live(collection, f"list_contains($3, {key_sql(collection, 't')})", expected)
        return self._gone(task, collection, sorted(stored - shown))

    def _listed(self, plan: WalkPlan, by: str, values: Sequence[str]) -> Reading:
        """Read the lists of some parents whole, such as the allocations of a bill."""
        lists = tuple(
            List(one.path, (*one.parameters, (by, value)), one.constants)
            for one in plan.lists
            for value in values
        )
        walk = Walk(self.client, replace(plan, lists=lists, start=Point()), self.clock)
        readings = list(walk.readings())
        if walk.error is not None:
            raise walk.error
        return joined(readings)

    def _keep(self, task: Task, reading: Reading) -> set[str]:
        """Store what a reading shows, and name the records that it shows."""
        rows = reading.table.num_rows + len(reading.misfits)
        if not rows:
            return set()
        collection = task.walk.plan.collection
        shown = {str(misfit.record_id) for misfit in reading.misfits}
        if reading.table.num_rows:
            shown |= set(key_texts(reading.table, collection).to_pylist())
        task.hold(replace(reading, rows=rows))
        self.drive([task])
        return shown

    def _gone(self, task: Task, collection: Collection, absent: Sequence[str]) -> int:
        """Mark absent records as deleted that Clio, asked for each alone, says are gone.

        Not where they are so many as stop a sweep, or where Clio shows none of the others: then it
        is rather that this user lost sight of them, and a sweep's guard asks a person.
        """
        if not absent or len(absent) > FEW or self.children_of(collection):
            return 0
        if not self.may_be_gone(collection, absent):
            return 0
        answer = confirm(task.walk, absent)
        if answer.present is not None:
            self._keep(task, answer.present)
        if answer.gone:
            at = self.result.server_time or self.clock.now()
            bury(self.warehouse, self.source, collection, answer.gone, at)
        if answer.error is not None:
            raise answer.error
        return len(answer.gone)


def _column(collection: Collection, by: str) -> str:
    """Name the raw column that holds what a list is filtered by."""
    names = {column.name for column in collection.columns}
    inner = f"{by.removesuffix('_id')}__id"
    return quoted(inner if inner in names else by)


def told_ailing(found: Sequence[Ailing]) -> str:
    """Name records for a person, by ids alone."""
    parts = []
    for one in found:
        lists = [f"of {by} {value}" for by, values in one.lists.items() for value in values]
        ids = [*one.ids, *lists]
        more = " …" if len(ids) > MOST_NAMED else ""
        parts.append(f"{one.resource} {', '.join(ids[:MOST_NAMED])}{more}")
    return "; ".join(parts)
