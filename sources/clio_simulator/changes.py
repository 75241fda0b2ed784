"""Changes to the records while a caller reads them: at once, at a moment, or around a page."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from .applier import Applier
from .change import Change, When
from .store import Row
from .values import SimulatedClock

__all__ = ["Change", "Changes", "When"]


class Changes:
    """Apply changes to the store, now or when their moment comes."""

    def __init__(self, clock: SimulatedClock, applier: Applier) -> None:
        """Begin with nothing waiting."""
        self.clock = clock
        self.applier = applier
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
        visible_after: float = 0.0,
        when: When | None = None,
    ) -> Row:
        """Change an entry of one of a record's arrays; the switches say what that moves."""
        change = Change(
            "update_inside",
            collection,
            id,
            fields,
            visible_after=visible_after,
            inside=(array, child),
        )
        return self.do(change, when)

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

    def remove(
        self,
        collection: str,
        id: int,  # noqa: A002 - Clio's own name
        *,
        visible_after: float = 0.0,
        when: When | None = None,
    ) -> Row:
        """Delete a record for good; those that point at it stay as they are."""
        return self.do(Change("remove", collection, id, visible_after=visible_after), when)

    def undelete(
        self,
        collection: str,
        id: int,  # noqa: A002 - Clio's own name
        *,
        silent: bool = False,
        when: When | None = None,
    ) -> Row:
        """Bring a removed record back as it was; silently, its `updated_at` and etag too."""
        return self.do(Change("undelete", collection, id, silent=silent), when)

    def merge(
        self,
        winner: int,
        loser: int,
        *,
        keep_etag: bool = False,
        visible_after: float = 0.0,
        when: When | None = None,
    ) -> Row:
        """Merge two contacts: the loser is gone, whatever pointed at it points at the winner.

        The switch `merge_moves_children` says whether `updated_at` of those records moves.
        """
        change = Change(
            "merge",
            "contacts",
            winner,
            keep_etag=keep_etag,
            visible_after=visible_after,
            loser=loser,
        )
        return self.do(change, when)

    def hide(self, collection: str, id: int, *, when: When | None = None) -> Row:  # noqa: A002
        """Hide a record, as from a user without permission: absent from lists, 404 or 403."""
        return self.do(Change("hide", collection, id), when)

    def restore(self, collection: str, id: int, *, when: When | None = None) -> Row:  # noqa: A002
        """Show a hidden record again."""
        return self.do(Change("restore", collection, id), when)

    def lose(
        self, collection: str, share: float = 1.0, seed: int = 0, *, when: When | None = None
    ) -> list[int]:
        """Lose the permission to see a share (0 to 1) of the visible records; give their ids.

        The seed decides which. What the user's role is called is for `update` to change.
        """
        row = self.do(Change("lose", collection, share=share, seed=seed), when)
        return list(row.get("ids", ()))

    def regain(self, collection: str, *, when: When | None = None) -> list[int]:
        """Show what `lose` hid of a collection, and give the ids."""
        return list(self.do(Change("regain", collection), when).get("ids", ()))

    def accept_lead(self, id: int, *, when: When | None = None) -> Row:  # noqa: A002
        """Accept a lead of Grow, which leaves both its lists, and give the matter made of it."""
        return self.do(Change("accept_lead", "grow.inbox_leads", id), when)

    def add_note(
        self,
        collection: str,
        id: int,  # noqa: A002 - Clio's own name
        fields: Mapping[str, Any],
        *,
        visible_after: float = 0.0,
        when: When | None = None,
    ) -> Row:
        """Add a note (subject, body) to one of `grow.contacts` or `grow.matters` and give it.

        The switch `grow_note_moves_parent` says whether that moves the parent's `updated_at`.
        """
        change = Change("add_note", collection, id, fields, visible_after=visible_after)
        return self.do(change, when)

    def convert(self, id: int, *, when: When | None = None) -> Row:  # noqa: A002
        """Push a matter of Grow and its client to Manage: both get a `clio_id`.

        The switch `grow_convert_moves_updated_at` says whether their `updated_at` moves.
        """
        return self.do(Change("convert", "grow.matters", id), when)

    def rename_matter_type(
        self,
        id: int,  # noqa: A002 - Clio's own name
        name: str,
        *,
        when: When | None = None,
    ) -> Row:
        """Rename a matter type of Grow; the switch `grow_rename` says what its matters show."""
        change = Change("rename_matter_type", "grow.matter_types", id, {"name": name})
        return self.do(change, when)

    def do(self, change: Change, when: When | None = None) -> Row:
        """Apply a change, or keep it for its moment; give what `Applier.apply` gives.

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
        while (entry := self._next(now)) is not None:
            self.waiting.remove(entry)
            at, change = entry[0].at, entry[1]
            self.do(change if change.stamp is not None else replace(change, stamp=at))

    def _next(self, now: int) -> tuple[When, Change] | None:
        """Give what is due first."""
        due = [each for each in self.waiting if each[0].at is not None and each[0].at <= now]
        return min(due, key=lambda each: each[0].at or 0, default=None)

    def around(self, side: Literal["before", "after"], collection: str, page: int) -> None:
        """Apply what waits for this side of a page."""
        moment = When(side=side, collection=collection, page=page)
        for entry in [entry for entry in self.waiting if entry[0] == moment]:
            self.waiting.remove(entry)
            self.do(entry[1])

    def around_request(
        self, side: Literal["before", "after"], method: str, collection: str, key: int | None
    ) -> None:
        """Apply what waits for this side of a request; `key` is the record that it is for."""
        for entry in list(self.waiting):
            when, change = entry
            if not when.meets(side, method, collection, key):
                continue
            if when.nth > 1:
                place = self.waiting.index(entry)
                self.waiting[place] = (replace(when, nth=when.nth - 1), change)
            else:
                self.waiting.remove(entry)
                self.do(change)
