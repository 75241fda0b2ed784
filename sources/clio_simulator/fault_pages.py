"""Faults in a page: its records and its paging."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson

from . import values
from .fault_base import Action, Draft
from .values import Raw


@dataclass(frozen=True)
class SameToken(Action):
    """Give the page's own token again as the next one."""

    def alter(self, draft: Draft) -> None:
        """Change `next`."""
        if "next" in draft.paging:
            address = str(draft.paging["next"]).partition("page_token=")[0]
            draft.paging["next"] = f"{address}page_token={draft.token}"


@dataclass(frozen=True)
class ForgetNext(Action):
    """Leave out `next`, or all of `meta`, with or without half of the records."""

    whole_meta: bool = False
    half_page: bool = False

    def alter(self, draft: Draft) -> None:
        """Change the page."""
        draft.paging.pop("next", None)
        if self.whole_meta:
            draft.meta = None
        if self.half_page:
            del draft.records[len(draft.records) // 2 :]


@dataclass(frozen=True)
class NextElsewhere(Action):
    """Let `next` point elsewhere: `base` takes the place of scheme and host, path and query stay.

    With `whole`, `base` is the whole of `next`.
    """

    base: str = "https://evil.example.com"
    whole: bool = False

    def alter(self, draft: Draft) -> None:
        """Change `next`."""
        if "next" in draft.paging:
            parts = urlsplit(draft.paging["next"])
            draft.paging["next"] = (
                self.base if self.whole else f"{self.base}{parts.path}?{parts.query}"
            )


@dataclass(frozen=True)
class NullNext(Action):
    """Write `next: null`."""

    def alter(self, draft: Draft) -> None:
        """Change `next`."""
        draft.paging["next"] = None


@dataclass(frozen=True)
class EmptyPage(Action):
    """Hold no records, and `next` all the same; the records are lost, as at a broken server.

    With `same_place`, `next` is the page itself, so that its records follow.
    """

    same_place: bool = True

    def alter(self, draft: Draft) -> None:
        """Change the page."""
        draft.records.clear()
        if self.same_place and "next" in draft.paging:
            SameToken().alter(draft)


@dataclass(frozen=True)
class EmptyList(Action):
    """Hold no records and no `next`, as if the list were empty."""

    def alter(self, draft: Draft) -> None:
        """Change the page."""
        draft.records.clear()
        draft.paging.clear()


@dataclass(frozen=True)
class Shuffled(Action):
    """Give the records in descending order."""

    def alter(self, draft: Draft) -> None:
        """Change the page."""
        draft.records.reverse()


@dataclass(frozen=True)
class RepeatPage(Action):
    """Give the records of the page before once more."""

    def alter(self, draft: Draft) -> None:
        """Change the page."""
        draft.records[:] = draft.earlier


@dataclass(frozen=True)
class Duplicate(Action):
    """Give the first record twice; `changes` are put into the second copy."""

    changes: Mapping[str, Any] = field(default_factory=dict)

    def alter(self, draft: Draft) -> None:
        """Change the page."""
        if draft.records:
            copy = orjson.loads(draft.records[0]) | dict(self.changes)
            draft.records.insert(1, values.dump(copy))


@dataclass(frozen=True)
class Value(Action):
    r"""Put bytes in the place of a field's value: any text, JSON or not.

    `row` is the position in the page, or, with `id`, that record wherever it stands.
    Lone bytes above 127 may be given as `\udc80`…`\udcff` (surrogateescape).
    """

    field: str = "id"
    json: str = "null"
    row: int = 0
    id: int | None = None

    def alter(self, draft: Draft) -> None:
        """Change the record."""
        for position, record in enumerate(draft.records):
            if self._meant(position, record):
                raw = Raw(self.json.encode("utf-8", "surrogateescape"))
                draft.records[position] = values.dump({**orjson.loads(record), self.field: raw})

    def _meant(self, position: int, record: bytes) -> bool:
        if self.id is None:
            return position == self.row
        return int(orjson.loads(record)["id"]) == self.id


def null_id(row: int = 0) -> Value:
    """Give a record of the page a null id."""
    return Value("id", "null", row)
