"""What each operation does to the records."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TypeAlias

from .change import Change
from .grow_changes import GrowWays
from .merging import RecordMerge, References
from .store import Row, Store, Table
from .switches import Switches
from .values import SimulatedClock

Way: TypeAlias = Callable[[Change], Row]


class Applier:
    """Apply changes to the store, each at once."""

    def __init__(
        self,
        store: Store,
        grow: Store,
        clock: SimulatedClock,
        switches: Switches,
        references: References,
    ) -> None:
        """Begin with no permission lost."""
        self.store = store
        self.grow = grow
        self.clock = clock
        self.switches = switches
        self.references = references
        self.lost: dict[str, set[int]] = defaultdict(set)
        self.ways: dict[str, Way] = {
            "update": self._update,
            "update_inside": self._inside,
            "add": self._add,
            "remove": self._remove,
            "undelete": self._undelete,
            "merge": self._merge,
            "hide": self._hide,
            "restore": self._restore,
            "lose": self._lose,
            "regain": self._regain,
            **GrowWays(self.apply, store, grow, switches).ways,
        }

    def check(self, change: Change) -> None:
        """Look at what a change says before its moment.

        Raises:
            KeyError: there is no such operation or collection.

        """
        known = self.store.tables.keys() | self.grow.tables.keys()
        if change.operation not in self.ways or change.collection not in known:
            raise KeyError(change.operation, change.collection)

    def apply(self, change: Change) -> Row:
        """Apply a change and give the record; of `lose` and `regain` the ids, under `ids`.

        Raises:
            KeyError: there is no such record.
            ValueError: a share is not between 0 and 1, a contact is merged with itself, or a
                lead was accepted or a matter pushed to Manage before.

        """
        return self.ways[change.operation](change)

    def stamp(self, change: Change) -> int:
        """Give the moment that a change is stamped with."""
        if change.stamp is not None:
            return change.stamp
        now = self.clock.now()
        return now if self.switches.milliseconds else now - now % 1000

    def _table(self, change: Change) -> Table:
        store = self.grow if change.collection in self.grow.tables else self.store
        return store[change.collection]

    def _row(self, change: Change) -> Row:
        return self._table(change).rows[change.key]

    def _add(self, change: Change) -> Row:
        table, stamp = self._table(change), self.stamp(change)
        row = {"id": table.next_id(), "created_at": stamp, "updated_at": stamp, **change.fields}
        table.put(row)
        return row

    def _update(self, change: Change) -> Row:
        row = self._row(change)
        new = {**row, **change.fields}
        new = {key: value for key, value in new.items() if value is not None}
        if not change.silent and "updated_at" not in change.fields:
            new["updated_at"] = self.stamp(change)
        # The etag is made of `_v`, so what keeps the etag must keep what it was made of.
        version = row.get("_v") or row.get("updated_at", 0)
        new["_v"] = version if change.keep_etag else f"{version}+"
        self._table(change).put(new)
        return new

    def _inside(self, change: Change) -> Row:
        array, child = change.inside
        stamp = self.stamp(change)
        entries = [
            {**entry, "updated_at": stamp, **change.fields} if entry.get("id") == child else entry
            for entry in self._row(change)[array]
        ]
        moves = f"{change.collection}.{array}" not in self.switches.silent_relations
        outer = replace(
            change,
            fields={array: entries},
            silent=not (moves and self.switches.child_moves_updated_at),
            keep_etag=not (moves and self.switches.child_moves_etag),
        )
        return self._update(outer)

    def _remove(self, change: Change) -> Row:
        return self._table(change).remove(change.key)

    def _undelete(self, change: Change) -> Row:
        row = self._table(change).undelete(change.key)
        return row if change.silent else self._update(change)

    def _merge(self, change: Change) -> Row:
        """Move what pointed at the loser, hidden records too; a client's heir is a client."""
        table = self._table(change)
        winner, loser = self._row(change), table.rows[change.loser]
        if winner is loser:
            message = f"{change.key} cannot be merged with itself"
            raise ValueError(message)
        merge = RecordMerge(self.references, change.collection, winner, loser)
        table.remove(change.loser)
        table.heirs[change.loser] = change.key
        stamped = replace(change, stamp=self.stamp(change))
        moving = replace(stamped, silent=not self.switches.merge_moves_children)
        for name, other in self.store.tables.items():
            for row in list(other.rows.values()):
                fields = merge.fields(name, row)
                if fields:
                    self._update(replace(moving, collection=name, id=row["id"], fields=fields))
        if loser.get("is_client") and not winner.get("is_client"):
            self._update(replace(stamped, fields={"is_client": True}))
        return self._row(change)

    def _hide(self, change: Change) -> Row:
        row = self._row(change)
        self._table(change).hide(change.key)
        return row

    def _restore(self, change: Change) -> Row:
        row = self._row(change)
        self._table(change).restore(change.key)
        return row

    def _lose(self, change: Change) -> Row:
        table = self._table(change)
        seen = [int(row["id"]) for row in table.after(-1)]
        chance = Random(f"{change.seed} {change.collection}")  # noqa: S311 - repeatable on purpose
        lost = sorted(chance.sample(seen, round(change.share * len(seen))))
        for key in lost:
            table.hide(key)
        self.lost[change.collection].update(lost)
        return {"ids": lost}

    def _regain(self, change: Change) -> Row:
        table = self._table(change)
        shown = sorted(self.lost.pop(change.collection, ()))
        for key in shown:
            table.restore(key)
        return {"ids": [key for key in shown if key in table.rows]}
