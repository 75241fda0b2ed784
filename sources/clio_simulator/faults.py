"""Faults in a page and of writes, and the rules that say on which requests a fault is played.

All faults are found here; those that answer or break the wire stand in `fault_actions`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from random import Random
from typing import Any
from urllib.parse import urlsplit

import orjson

from . import values
from .fault_actions import *  # noqa: F403 - whoever uses a fault imports it from here
from .fault_actions import Action, Call, Draft
from .store import OLD
from .values import Raw
from .writes import Later, Shown, Wrote


class SameToken(Action):
    """Send the page's own token again as the next one."""

    def alter(self, draft: Draft) -> None:
        if "next" in draft.paging:
            address = str(draft.paging["next"]).partition("page_token=")[0]
            draft.paging["next"] = f"{address}page_token={draft.token}"


class ForgetNext(Action):
    """Leave out `next`, or all of `meta`, with or without half of the records."""

    whole_meta: bool = False
    half_page: bool = False

    def alter(self, draft: Draft) -> None:
        draft.paging.pop("next", None)
        if self.whole_meta:
            draft.meta = None
        if self.half_page:
            del draft.records[len(draft.records) // 2 :]


class NextElsewhere(Action):
    """Let `next` point elsewhere: `base` takes the place of scheme and host, path and query stay.

    With `whole`, `base` is the whole of `next`.
    """

    base: str = "https://evil.example.com"
    whole: bool = False

    def alter(self, draft: Draft) -> None:
        if "next" in draft.paging:
            parts = urlsplit(draft.paging["next"])
            kept = "" if self.whole else f"{parts.path}?{parts.query}"
            draft.paging["next"] = f"{self.base}{kept}"


class NullNext(Action):
    """Write `next: null`."""

    def alter(self, draft: Draft) -> None:
        draft.paging["next"] = None


class EmptyPage(Action):
    """Hold no records, and `next` all the same; the records are lost, as at a broken server.

    With `same_place`, `next` is the page itself, so that its records follow.
    """

    same_place: bool = True

    def alter(self, draft: Draft) -> None:
        draft.records.clear()
        if self.same_place and "next" in draft.paging:
            SameToken().alter(draft)


class EmptyList(Action):
    """Hold no records and no `next`, as if the list were empty."""

    def alter(self, draft: Draft) -> None:
        draft.records.clear()
        draft.paging.clear()


class Shuffled(Action):
    """Send the records in descending order."""

    def alter(self, draft: Draft) -> None:
        draft.records.reverse()


class RepeatPage(Action):
    """Send the records of the page before once more."""

    def alter(self, draft: Draft) -> None:
        draft.records[:] = draft.earlier


class Duplicate(Action):
    """Send the first record twice; `changes` are put into the second copy."""

    changes: Mapping[str, Any] = field(default_factory=dict)

    def alter(self, draft: Draft) -> None:
        if draft.records:
            copy = orjson.loads(draft.records[0]) | dict(self.changes)
            draft.records.insert(1, values.dump(copy))


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
        raw = Raw(self.json.encode("utf-8", "surrogateescape"))
        for position, record in enumerate(draft.records):
            here = self.id is None and position == self.row
            if here or (self.id is not None and int(orjson.loads(record)["id"]) == self.id):
                draft.records[position] = values.dump({**orjson.loads(record), self.field: raw})


def null_id(row: int = 0) -> Value:
    """Return the fault that makes the id of a record of the page null."""
    return Value("id", "null", row)


class Again(Action):
    """Let a copy of the write arrive once more, after seconds of the simulator's clock.

    With `requests`, it arrives after that many further requests were answered, 0 for at once.
    """

    seconds: float | None = None
    requests: int | None = None
    copies: int = 1

    def wrote(self, wrote: Wrote, later: Later) -> None:
        copy = replace(wrote.command, again=wrote.number)
        for _ in range(self.copies):
            later.copies.append((later.until(self.seconds, self.requests), copy))


class Stale(Action):
    """Go on showing the record as it was before the write, in lists, at its own address or both.

    It ends as `Again` arrives: after seconds, or after that many further requests.
    """

    seconds: float | None = None
    requests: int | None = None
    lists: bool = True
    items: bool = False

    def wrote(self, wrote: Wrote, later: Later) -> None:
        if wrote.old is not None:
            until, place = later.until(self.seconds, self.requests), wrote.command
            old = Shown({**wrote.old, OLD: True}, until, lists=self.lists, items=self.items)
            later.old[place.collection, place.key] = old


ACTIONS = {each.__name__: each for each in Action.__subclasses__() if each is not EmptyList}
"""Name → action, as the control interface takes them."""


@dataclass
class Rule:
    """When an action is played: on which requests, and how many times (None: always).

    `path` is a glob over the path without `/api/v4/` and `.json`, as `matters` or `grow/matters`;
    `page` and `nth` count from 1, `nth` over the requests that match all else. A request that
    gives one of the parameters `absent` is left alone; `method` is any if it is empty.

    `applied` is for writes: None leaves it to the action whether the request takes effect (one
    that answers in the API's place keeps it from that, one that spoils the answer does not), true
    lets it take effect first, false never. An answer that is spoilt although the write took no
    effect shows the record as it stands.
    """

    action: Action
    path: str = "*"
    page: int | None = None
    nth: int | None = None
    times: int | None = 1
    probability: float = 1.0
    absent: tuple[str, ...] = ()
    method: str = ""
    applied: bool | None = None
    matched: int = 0
    played: int = 0

    def wants(self, call: Call, chance: Random) -> bool:
        """Tell whether the action is played on this request, and count it."""
        page = self.page is None or (call.is_list and call.page == self.page)
        spared = any(name in call.given for name in self.absent)
        known = self.method in {"", call.method} and fnmatchcase(call.path, self.path)
        if not page or spared or not known:
            return False
        self.matched += 1
        turn = self.nth is None or self.matched == self.nth
        again = self.times is None or self.played < self.times
        if not (turn and again) or (self.probability < 1 and chance.random() >= self.probability):
            return False
        self.played += 1
        return True

    @property
    def described(self) -> dict[str, Any]:
        """The rule as JSON."""
        described = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "action"}
        return {"action": type(self.action).__name__, "with": vars(self.action), **described}


class Faults:
    """The rules in force; `seed` decides those that are left to chance."""

    def __init__(self, seed: int = 0) -> None:
        """Begin with none."""
        self.rules: list[Rule] = []
        self.chance = Random(seed)  # noqa: S311 - repeatable on purpose

    def add(self, action: Action, path: str = "*", **conditions: Any) -> Rule:  # noqa: ANN401 - those of Rule
        """Add a rule and return it, so that its counts can be read."""
        self.rules.append(Rule(action, path, **conditions))
        return self.rules[-1]

    def wanted(self, call: Call) -> tuple[Rule, ...]:
        """Return the rules that are played on a request."""
        return tuple(rule for rule in self.rules if rule.wants(call, self.chance))

    def clear(self) -> None:
        """Drop all rules."""
        self.rules.clear()
