"""Changes to the records while a caller reads them: at once, at a moment, or around a page."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

import pendulum

from .clock import Clock, milliseconds
from .store import Row, Store
from .switches import Switches

Operation: TypeAlias = Literal["update", "update_inside", "add", "remove", "hide", "restore"]


@dataclass(frozen=True)
class When:
    """The moment of a change: a simulated time, or before or after a page of a list is served."""

    at: int | None = None
    side: Literal["before", "after", ""] = ""
    collection: str = ""
    page: int = 0

    @classmethod
    def before(cls, collection: str, page: int) -> "When":
        """Name the moment before a page is read."""
        return cls(side="before", collection=collection, page=page)

    @classmethod
    def after(cls, collection: str, page: int) -> "When":
        """Name the moment after a page was answered."""
        return cls(side="after", collection=collection, page=page)

    @classmethod
    def time(cls, moment: pendulum.DateTime | str) -> "When":
        """Name a moment of the simulator's clock."""
        return cls(at=milliseconds(moment))


@dataclass(frozen=True)
class Change:
    """One change.

    `silent` leaves `updated_at` as it is; `keep_etag` leaves the etag. `visible_after` are the
    seconds after its stamp at which it is first seen. `stamp`, milliseconds since 1970, is set
    instead of the clock's time. `inside` names array and child id of `update_inside`.
    """

    operation: Operation
    collection: str
    id: int | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    silent: bool = False
    keep_etag: bool = False
    visible_after: float = 0.0
    stamp: int | None = None
    inside: tuple[str, Any] = ("", None)


class Changes:
    """Apply changes to the store, now or when their moment comes."""

    def __init__(self, store: Store, clock: Clock, switches: Switches) -> None:
        """Begin with nothing waiting."""
        self.store = store
        self.clock = clock
        self.switches = switches
        self.waiting: list[tuple[When, Change]] = []
        self.applied: list[tuple[int, Change]] = []

    def update(  # noqa: PLR0913 - each is a way in which a change can be
        self,
        collection: str,
        id: int,  # noqa: A002 - Clio's own name
        fields: Mapping[str, Any] | None = None,
        *,
        silent: bool = False,
        keep_etag: bool = False,
        visible_after: float = 0.0,
        when: When | None = None,
    ) -> Row:
        """Change fields of a record and give it; a field set to None becomes null."""
        change = Change(
            "update",
            collection,
            id,
            fields or {},
            silent=silent,
            keep_etag=keep_etag,
            visible_after=visible_after,
        )
        return self.do(change, when)

    def update_inside(  # noqa: PLR0913 - each is a way in which a change can be
        self,
        collection: str,
        id: int,  # noqa: A002 - Clio's own name
        array: str,
        child: Any,  # noqa: ANN401 - ids of custom field values are text
        fields: Mapping[str, Any],
        *,
        when: When | None = None,
    ) -> Row:
        """Change an entry of one of a record's arrays; the switches say what that moves."""
        return self.do(Change("update_inside", collection, id, fields, inside=(array, child)), when)

    def add(
        self,
        collection: str,
        fields: Mapping[str, Any],
        *,
        visible_after: float = 0.0,
        when: When | None = None,
    ) -> Row:
        """Add a record and give it; without `id` it gets the next one."""
        key = fields.get("id")
        return self.do(Change("add", collection, key, fields, visible_after=visible_after), when)

    def remove(self, collection: str, id: int, *, when: When | None = None) -> Row:  # noqa: A002
        """Delete a record for good."""
        return self.do(Change("remove", collection, id), when)

    def hide(self, collection: str, id: int, *, when: When | None = None) -> Row:  # noqa: A002
        """Hide a record, as from a user without permission: absent from lists, 404."""
        return self.do(Change("hide", collection, id), when)

    def restore(self, collection: str, id: int, *, when: When | None = None) -> Row:  # noqa: A002
        """Show a hidden record again."""
        return self.do(Change("restore", collection, id), when)

    def do(self, change: Change, when: When | None = None) -> Row:
        """Apply a change, or keep it for its moment; give the record, empty where it waits."""
        if when is not None:
            self.waiting.append((when, change))
            return {}
        if change.visible_after:
            now = self._stamp()
            later = When(at=now + round(change.visible_after * 1000))
            self.waiting.append((later, replace(change, visible_after=0.0, stamp=now)))
            return {}
        self.applied.append((self.clock.now(), change))
        return self._apply(change)

    def settle(self, now: int) -> None:
        """Apply what is due at `now`, in order of time."""
        due = [entry for entry in self.waiting if entry[0].at is not None and entry[0].at <= now]
        for entry in sorted(due, key=lambda entry: entry[0].at or 0):
            self.waiting.remove(entry)
            at = entry[0].at
            change = entry[1] if entry[1].stamp is not None else replace(entry[1], stamp=at)
            self.do(change)

    def around(self, side: Literal["before", "after"], collection: str, page: int) -> None:
        """Apply what waits for this side of a page."""
        moment = When(side=side, collection=collection, page=page)
        for entry in [entry for entry in self.waiting if entry[0] == moment]:
            self.waiting.remove(entry)
            self.do(entry[1])

    def _stamp(self) -> int:
        now = self.clock.now()
        return now if self.switches.milliseconds else now - now % 1000

    def _apply(self, change: Change) -> Row:
        table = self.store[change.collection]
        if change.operation == "add":
            return self._add(change)
        key = change.id if change.id is not None else 0
        if change.operation == "remove":
            return table.remove(key)
        if change.operation == "update":
            return self._update(change, table.rows[key])
        if change.operation == "update_inside":
            return self._inside(change, table.rows[key])
        (table.hide if change.operation == "hide" else table.restore)(key)
        return table.rows[key]

    def _add(self, change: Change) -> Row:
        table = self.store[change.collection]
        stamp = change.stamp if change.stamp is not None else self._stamp()
        row = {"id": table.next_id(), "created_at": stamp, "updated_at": stamp, **change.fields}
        table.put(row)
        return row

    def _update(self, change: Change, row: Row) -> Row:
        new = {**row, **change.fields}
        new = {key: value for key, value in new.items() if value is not None}
        stamp = change.stamp if change.stamp is not None else self._stamp()
        if not change.silent and "updated_at" not in change.fields:
            new["updated_at"] = stamp
        # The etag is made of `_v`, so what keeps the etag must keep what it was made of.
        version = row.get("_v") or row.get("updated_at", 0)
        new["_v"] = version if change.keep_etag else f"{version}+"
        self.store[change.collection].put(new)
        return new

    def _inside(self, change: Change, row: Row) -> Row:
        array, child = change.inside
        stamp = change.stamp if change.stamp is not None else self._stamp()
        entries = [
            {**entry, "updated_at": stamp, **change.fields} if entry.get("id") == child else entry
            for entry in row[array]
        ]
        moves = f"{change.collection}.{array}" not in self.switches.silent_relations
        outer = replace(
            change,
            fields={array: entries},
            silent=not (moves and self.switches.child_moves_updated_at),
            keep_etag=not (moves and self.switches.child_moves_etag),
        )
        return self._update(outer, row)
