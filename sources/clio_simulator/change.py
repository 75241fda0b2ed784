"""What a change to the records is, and when it happens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import pendulum

from .values import milliseconds

Operation: TypeAlias = Literal[
    "update",
    "update_inside",
    "add",
    "remove",
    "undelete",
    "merge",
    "hide",
    "restore",
    "lose",
    "regain",
    "accept_lead",
    "add_note",
    "convert",
    "rename_matter_type",
]


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
    def before(cls, collection: str, page: int) -> "When":
        """Name the moment before a page is read."""
        return cls(side="before", collection=collection, page=page)

    @classmethod
    def after(cls, collection: str, page: int) -> "When":
        """Name the moment after a page was answered."""
        return cls(side="after", collection=collection, page=page)

    @classmethod
    def before_request(
        cls,
        method: str,
        collection: str,
        id: int | None = None,  # noqa: A002 - Clio's own name
        *,
        nth: int = 1,
    ) -> "When":
        """Name the moment before a request, as a PATCH, is carried out."""
        return cls(side="before", collection=collection, method=method, id=id, nth=nth)

    @classmethod
    def after_request(
        cls,
        method: str,
        collection: str,
        id: int | None = None,  # noqa: A002 - Clio's own name
        *,
        nth: int = 1,
    ) -> "When":
        """Name the moment after a request was carried out and before its answer is sent."""
        return cls(side="after", collection=collection, method=method, id=id, nth=nth)

    def meets(self, side: str, method: str, collection: str, key: int | None) -> bool:
        """Tell whether a request is one of those that are counted."""
        asked = (self.side, self.method, self.collection) == (side, method, collection)
        return asked and self.id in {None, key}

    @classmethod
    def time(cls, moment: pendulum.DateTime | str) -> "When":
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
        """Give the id of the record that is changed."""
        return self.id if self.id is not None else 0
