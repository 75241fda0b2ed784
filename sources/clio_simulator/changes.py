"""Changes to the records while a caller reads them: at once, at a moment, or around a request."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, Self, TypeAlias

import pendulum

from .store import Row
from .values import SimulatedClock, milliseconds

Side: TypeAlias = Literal["before", "after"]
Operation: TypeAlias = Literal[
    "update", "update_inside", "add", "remove", "undelete", "merge", "hide", "restore", "lose",
    "regain", "accept_lead", "add_note", "convert", "rename_matter_type",
]  # fmt: skip


@dataclass(frozen=True)
class When:
    """The moment of a change: a simulated time, or before or after a request is served.

    Where `method` is empty, the request is for a page of a list. Otherwise it is the `nth` request
    of that method for the collection, counted from when the change was handed in, and with `id`
    only those for that record.
    """

    at: int | None = None
    side: Literal["before", "after", ""] = ""
    collection: str = ""
    page: int = 0
    method: str = ""
    id: int | None = None
    nth: int = 1

    @classmethod
    def before(cls, collection: str, page: int) -> Self:
        """Name the moment before a page is read."""
        return cls(side="before", collection=collection, page=page)

    @classmethod
    def after(cls, collection: str, page: int) -> Self:
        """Name the moment after a page was answered."""
        return cls(side="after", collection=collection, page=page)

    @classmethod
    def before_request(
        cls, method: str, collection: str, id: int | None = None, *, nth: int = 1
    ) -> Self:
        """Name the moment before a request, as a PATCH, is carried out."""
        return cls(side="before", collection=collection, method=method, id=id, nth=nth)

    @classmethod
    def after_request(
        cls, method: str, collection: str, id: int | None = None, *, nth: int = 1
    ) -> Self:
        """Name the moment after a request was carried out and before its answer is sent."""
        return cls(side="after", collection=collection, method=method, id=id, nth=nth)

    @classmethod
    def time(cls, moment: pendulum.DateTime | str) -> Self:
        """Name a moment of the simulator's clock."""
        return cls(at=milliseconds(moment))


@dataclass(frozen=True)
class Change:
    """One change.

    `silent` leaves `updated_at` as it is; `keep_etag` leaves the etag. `visible_after` are the
    seconds after its stamp at which it is first seen. `stamp`, milliseconds since 1970, is set
    instead of the clock's time. `inside` names array and child id of `update_inside`, `loser` the
    contact that `merge` takes away; `share` and `seed` say how much `lose` hides, and what. The
    last four operations are of Grow alone: `fields` are those of the note, or the new name.
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
    loser: int = 0
    share: float = 1.0
    seed: int = 0

    @property
    def key(self) -> int:
        """The id of the record that is changed."""
        return self.id if self.id is not None else 0


class Applies(Protocol):
    """What applies changes, each at once."""

    def check(self, change: Change) -> None:
        """Raise KeyError where there is no such operation or collection."""

    def apply(self, change: Change) -> Row:
        """Apply a change and return the record; of `lose` and `regain` the ids, under `ids`."""

    def stamp(self, change: Change) -> int:
        """Return the moment that a change is stamped with."""


@dataclass
class Changes:
    """Apply changes to the store, now or when their moment comes.

    Every method takes as `how` the moment, under `when`, and the other fields of `Change`, as
    `silent`, `keep_etag` and `visible_after`. It returns what `do` returns.
    """

    clock: SimulatedClock
    applier: Applies
    waiting: list[tuple[When, Change]] = field(default_factory=list)
    applied: list[tuple[int, Change]] = field(default_factory=list)

    def _make(
        self, change: Operation, collection: str, id: int, when: When | None = None, **how: Any
    ) -> Row:
        return self.do(Change(change, collection, id, **how), when)

    def update(
        self, collection: str, id: int, fields: Mapping[str, Any] | None = None, **how: Any
    ) -> Row:
        """Change fields of a record; a field set to None becomes null."""
        return self._make("update", collection, id, fields=fields or {}, **how)

    def update_inside(
        self, collection: str, id: int, array: str, child: Any, fields: Row, **how: Any
    ) -> Row:
        """Change an entry of one of a record's arrays; the switches say what that moves."""
        inside = (array, child)
        return self._make("update_inside", collection, id, fields=fields, inside=inside, **how)

    def add(
        self, collection: str, fields: Mapping[str, Any], *, when: When | None = None, **how: Any
    ) -> Row:
        """Add a record; without `id` it gets the next one."""
        return self.do(Change("add", collection, fields.get("id"), fields, **how), when)

    def remove(self, collection: str, id: int, **how: Any) -> Row:
        """Delete a record for good; those that point at it stay as they are."""
        return self._make("remove", collection, id, **how)

    def undelete(self, collection: str, id: int, **how: Any) -> Row:
        """Bring a removed record back as it was; silently, its `updated_at` and etag too."""
        return self._make("undelete", collection, id, **how)

    def merge(self, winner: int, loser: int, **how: Any) -> Row:
        """Merge two contacts: the loser is gone, whatever pointed at it points at the winner.

        The switch `merge_moves_children` says whether `updated_at` of those records moves.
        """
        return self._make("merge", "contacts", winner, loser=loser, **how)

    def hide(self, collection: str, id: int, **how: Any) -> Row:
        """Hide a record, as from a user without permission: absent from lists, 404 or 403."""
        return self._make("hide", collection, id, **how)

    def restore(self, collection: str, id: int, **how: Any) -> Row:
        """Show a hidden record again."""
        return self._make("restore", collection, id, **how)

    def lose(
        self, collection: str, share: float = 1.0, seed: int = 0, *, when: When | None = None
    ) -> list[int]:
        """Lose the permission to see a share (0 to 1) of the visible records; return their ids.

        The seed decides which. What the user's role is called is for `update` to change.
        """
        row = self.do(Change("lose", collection, share=share, seed=seed), when)
        return list(row.get("ids", ()))

    def regain(self, collection: str, *, when: When | None = None) -> list[int]:
        """Show what `lose` hid of a collection, and return the ids."""
        return list(self.do(Change("regain", collection), when).get("ids", ()))

    def accept_lead(self, id: int, **how: Any) -> Row:
        """Accept a lead of Grow, which leaves both its lists; return the matter made of it."""
        return self._make("accept_lead", "grow.inbox_leads", id, **how)

    def add_note(self, collection: str, id: int, fields: Row, **how: Any) -> Row:
        """Add a note (subject, body) to one of `grow.contacts` or `grow.matters`.

        The switch `grow_note_moves_parent` says whether that moves the parent's `updated_at`.
        """
        return self._make("add_note", collection, id, fields=fields, **how)

    def convert(self, id: int, **how: Any) -> Row:
        """Push a matter of Grow and its client to Manage: both get a `clio_id`.

        The switch `grow_convert_moves_updated_at` says whether their `updated_at` moves.
        """
        return self._make("convert", "grow.matters", id, **how)

    def rename_matter_type(self, id: int, name: str, **how: Any) -> Row:
        """Rename a matter type of Grow; the switch `grow_rename` says what its matters show."""
        fields = {"name": name}
        return self._make("rename_matter_type", "grow.matter_types", id, fields=fields, **how)

    def do(self, change: Change, when: When | None = None) -> Row:
        """Apply a change and return what `Applies.apply` does, or keep it for its moment.

        Where it waits, the row is empty.
        """
        self.applier.check(change)
        if when is not None:
            self.waiting.append((when, change))
            return {}
        if change.visible_after:
            stamp = self.applier.stamp(change)
            later = When(at=stamp + round(change.visible_after * 1000))
            self.waiting.append((later, replace(change, visible_after=0.0, stamp=stamp)))
            return {}
        self.applied.append((self.clock.now(), change))
        return self.applier.apply(change)

    def settle(self, now: int) -> None:
        """Apply what is due at `now`, in order of time."""
        while due := [
            each for each in self.waiting if each[0].at is not None and each[0].at <= now
        ]:
            when, change = entry = min(due, key=lambda each: each[0].at or 0)
            self.waiting.remove(entry)
            self.do(change if change.stamp is not None else replace(change, stamp=when.at))

    def around(self, side: Side, collection: str, page: int) -> None:
        """Apply what waits for this side of a page."""
        moment = When(side=side, collection=collection, page=page)
        for entry in [entry for entry in self.waiting if entry[0] == moment]:
            self.waiting.remove(entry)
            self.do(entry[1])

    def around_request(self, side: Side, method: str, collection: str, key: int | None) -> None:
        """Apply what waits for this side of a request; `key` is the record that it is for."""
        for entry in list(self.waiting):
            when, change = entry
            meant = (when.side, when.method, when.collection) == (side, method, collection)
            if not meant or when.id not in {None, key}:
                continue
            if when.nth > 1:
                place = self.waiting.index(entry)
                self.waiting[place] = (replace(when, nth=when.nth - 1), change)
            else:
                self.waiting.remove(entry)
                self.do(change)
