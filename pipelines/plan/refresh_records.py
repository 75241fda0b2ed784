"""Records read by id before and after a push: through the load's own classification, into raw.

So the warehouse learns by the front door what Clio has; watermarks stay where they are, since
nothing was walked. What the answers show is given as well, as far as it may be seen and is known:
Clio is asked for the columns that are loaded, and for no other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import pendulum

from pipelines.edits.allowed import Record, Visibility
from pipelines.load.emptied import WITNESSES
from pipelines.load.planning import not_asked_for, not_asked_with
from pipelines.load.proof import too_many_absent
from pipelines.load.runner import Runner
from pipelines.load.task import Task
from pipelines.state.row_history import Purpose
from pipelines.state.runs import Progress, RunRow
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection
from sources.clio_http.leaves import exact
from sources.clio_http.misfits import key_sql
from sources.clio_http.plan import Point, WalkPlan, lists_of, without
from sources.clio_http.readings import RecordReader, as_page
from sources.clio_http.walks import Walk


class Aside(Task):
    """A task that reads some records and no list: it moves no watermark and no resume point."""

    def _progress(self) -> None:
        return None


LIVE = """
select {key} as key from {table} t where {where} and {key} not in (
    select record_id from meta.tombstones
    where source = $1 and resource = $2 and revived_at is null)
"""


@dataclass(frozen=True)
class RecordsWanted:
    """Records of one collection."""

    resource: str
    ids: tuple[str, ...]


class Rereading(Runner):
    """Reads records by id for one product on an open warehouse."""

    mode = "reread"

    @cached_property
    def visibility(self) -> Visibility:
        """Return what may be seen of records."""
        return Visibility(self.product.catalog, self.masks, self.warehouse)

    def begin(self) -> pendulum.DateTime:
        """Read the server's time, and make sure that the token is of the warehouse's account.

        Raises:
            ClioError: it is not, or Clio cannot be reached.

        """
        self.meta.interrupt_running(self.clock.now())
        return self._begin()

    def read(self, wanted: Sequence[RecordsWanted]) -> dict[tuple[str, str], Record]:
        """Read records in blocks, store what is new, and give those that are there.

        A record that the list leaves out is asked for by its own address, once.

        Raises:
            ClioError: they could not be read; nothing is known of them.

        """
        found: dict[str, dict[str, Record]] = {}
        tasks = []
        for one in wanted:
            task, records = self._aside(one)
            reading, bodies = records.shown(list(one.ids))
            shown = {str(r["id"]): r for body in bodies for r in rows_of(body)}
            for key in one.ids:
                row = shown.get(key) or self._alone(records, key)
                if row is not None:
                    found.setdefault(one.resource, {})[key] = row
            if rows := reading.read:
                task.hold(replace(reading, rows=rows))
                tasks.append(task)
        if tasks:
            self.drive(tasks)
        # last, since storing them may have shown what is withheld now
        return {
            (resource, key): row
            for resource, rows in found.items()
            for key, row in self.visibility.all_visible(resource, rows).items()
            if not self._is_gone(resource, rows[key])
        }

    def one(self, resource: str, key: str) -> Record | None:
        """Read one record by its own address; None where it is gone. Nothing is stored.

        Raises:
            ClioError: it could not be read; nothing is known of it.

        """
        _, records = self._aside(RecordsWanted(resource, (key,)))
        row = self._alone(records, key)
        if row is None or self._is_gone(resource, row):
            return None
        return self.visibility.visible(resource, row)

    def may_be_gone(self, collection: Collection, absent: Sequence[str]) -> bool:
        """Return whether records that Clio does not show may count as deleted.

        Not for another user, not where they are so many as stop a sweep, and not where Clio shows
        none of the newest others: then this user may no longer see them.
        """
        but = f"not list_contains($3, {key_sql(collection, 't')})"
        others = sorted(self.live(collection, but, absent))
        known, allowed = len(others) + len(absent), self.choice.allow_absent
        if not self.same_eyes or too_many_absent(known, len(others), len(absent), allowed):
            return False
        asked = others[-WITNESSES:]
        _, records = self._aside(RecordsWanted(collection.name, tuple(asked)))
        return bool(records.by_ids(asked).table.num_rows)

    def live(self, collection: Collection, where: str, values: Iterable[str]) -> set[str]:
        """Return the keys of the records that are not marked as deleted and fulfil a condition."""
        schema = f"raw_{self.source}"
        if not self.warehouse.columns(schema, collection.name):
            return set()
        table = f"{quoted(schema)}.{quoted(collection.name)}"
        query = LIVE.format(key=key_sql(collection, "t"), table=table, where=where)
        given = [self.source, collection.name, sorted(values)]
        return {key for (key,) in self.warehouse.rows(query, given)}

    def _alone(self, records: RecordReader, key: str) -> Record | None:
        body = records.item(key)
        if body is None:
            return None
        as_page(body, records.plan.collection.item_path)
        row: Record = exact(body)["data"]
        # another record's answer says nothing of this one
        return row if str(row.get("id")) == key else None

    def _is_gone(self, resource: str, row: Record) -> bool:
        marker = self.product.catalog.collections[resource].deletion_marker
        return bool(marker) and bool(row.get(marker))

    def _aside(self, wanted: RecordsWanted) -> tuple[Task, RecordReader]:
        collection = self.product.catalog.collections[wanted.resource]
        plan = self._plan(collection)
        walk = Walk(self.client, plan, self.clock, self._threads)
        run = RunRow(
            self.result.run_id, self.source, collection.name, self.mode, None, self.clock.now()
        )
        purpose = Purpose(
            buried=collection.name in self.buried,
            quarantined=collection.name in self.quarantined,
            withheld=collection.name in self.withheld.with_cells,
        )
        known = Progress(self.source, collection.name)
        mask = partial(self.masks.apply, collection.name)
        withheld = dict(self.withheld.columns.get(collection.name, {}))
        task = Aside(self.source, walk, known, run, mask, purpose=purpose, withheld=withheld)
        kept = without(collection.fields, plan.left_out)
        return task, RecordReader(self.client, plan, kept, walk.meter)

    def _plan(self, collection: Collection) -> WalkPlan:
        now = self.result.server_time or self.clock.now()
        lists = lists_of(collection, now)
        over = Point(len(lists))
        left_out = not_asked_for(collection, self.rules)
        not_taken = not_asked_with(collection, self.rules)
        return WalkPlan(
            collection, self.mode, now, lists, None, over, left_out, not_taken=not_taken
        )


def rows_of(body: bytes) -> Iterable[Record]:
    """Return the records of a page, exactly as it shows them."""
    rows: list[Record] = exact(body)["data"]
    return rows
