"""Faults in a page and of writes, and the rules that say on which requests a fault is played.

All faults are found here; those that answer or break the wire stand in `fault_actions`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from fnmatch import fnmatchcase
from random import Random
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.responses import Response

from . import fault_actions as others
from . import values
from .fault_actions import *  # noqa: F403 - whoever uses a fault imports it from here
from .fault_actions import Action, Call, Draft
from .values import Raw, SimulatedClock
from .writes import Later, Wrote


@dataclass(frozen=True)
class SameToken(Action):
    """Send the page's own token again as the next one."""

    def alter(self, draft: Draft) -> None:
        if "next" in draft.paging:
            address = str(draft.paging["next"]).partition("page_token=")[0]
            draft.paging["next"] = f"{address}page_token={draft.token}"


@dataclass(frozen=True)
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


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class NullNext(Action):
    """Write `next: null`."""

    def alter(self, draft: Draft) -> None:
        draft.paging["next"] = None


@dataclass(frozen=True)
class EmptyPage(Action):
    """Hold no records, and `next` all the same; the records are lost, as at a broken server.

    With `same_place`, `next` is the page itself, so that its records follow.
    """

    same_place: bool = True

    def alter(self, draft: Draft) -> None:
        draft.records.clear()
        if self.same_place and "next" in draft.paging:
            SameToken().alter(draft)


@dataclass(frozen=True)
class EmptyList(Action):
    """Hold no records and no `next`, as if the list were empty."""

    def alter(self, draft: Draft) -> None:
        draft.records.clear()
        draft.paging.clear()


@dataclass(frozen=True)
class Shuffled(Action):
    """Send the records in descending order."""

    def alter(self, draft: Draft) -> None:
        draft.records.reverse()


@dataclass(frozen=True)
class RepeatPage(Action):
    """Send the records of the page before once more."""

    def alter(self, draft: Draft) -> None:
        draft.records[:] = draft.earlier


@dataclass(frozen=True)
class Duplicate(Action):
    """Send the first record twice; `changes` are put into the second copy."""

    changes: Mapping[str, Any] = field(default_factory=dict)

    def alter(self, draft: Draft) -> None:
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
        for position, record in enumerate(draft.records):
            if self._meant(position, record):
                raw = Raw(self.json.encode("utf-8", "surrogateescape"))
                draft.records[position] = values.dump({**orjson.loads(record), self.field: raw})

    def _meant(self, position: int, record: bytes) -> bool:
        if self.id is None:
            return position == self.row
        return int(orjson.loads(record)["id"]) == self.id


def null_id(row: int = 0) -> Value:
    """Return the fault that makes the id of a record of the page null."""
    return Value("id", "null", row)


@dataclass(frozen=True)
class Again(Action):
    """Let a copy of the write arrive once more, after seconds of the simulator's clock.

    With `requests`, it arrives after that many further requests were answered, 0 for at once.
    """

    seconds: float | None = None
    requests: int | None = None
    copies: int = 1

    def wrote(self, wrote: Wrote, later: Later) -> None:
        for _ in range(self.copies):
            later.repeat(wrote, later.until(self.seconds, self.requests))


@dataclass(frozen=True)
class Stale(Action):
    """Go on showing the record as it was before the write, in lists, at its own address or both.

    It ends as `Again` arrives: after seconds, or after that many further requests.
    """

    seconds: float | None = None
    requests: int | None = None
    lists: bool = True
    items: bool = False

    def wrote(self, wrote: Wrote, later: Later) -> None:
        until = later.until(self.seconds, self.requests)
        later.keep(wrote, until, lists=self.lists, items=self.items)


@dataclass(frozen=True)
class Around(Action):
    """An action of a rule that says whether the request takes effect, first or never."""

    action: Action
    applied: bool

    @property
    def name(self) -> str:
        return self.action.name

    @property
    def carries_out(self) -> bool:
        return self.applied

    async def before(self, asked: Call) -> Response | None:
        return None if self.applied else await self.action.before(asked)

    async def instead(self, asked: Call, response: Response) -> Response:
        return (await self.action.before(asked) if self.applied else None) or response

    def alter(self, draft: Draft) -> None:
        self.action.alter(draft)

    def wrote(self, wrote: Wrote, later: Later) -> None:
        self.action.wrote(wrote, later)

    def after(self, response: Response, clock: SimulatedClock) -> Response:
        return self.action.after(response, clock)


ACTIONS: dict[str, type[Action]] = {
    action.__name__: action
    for action in (
        others.Status, others.TooMany, others.Unauthorized, others.Forbidden, others.Redirect,
        others.Html, others.RefuseFields, others.TokenExpired, others.Wait, others.Huge,
        others.GzipBomb, others.Reset, others.WrongLength, others.Cut, others.Drip, others.Header,
        others.ShiftDate, SameToken, ForgetNext, NextElsewhere, NullNext, EmptyPage, Shuffled,
        RepeatPage, Duplicate, Value, Again, Stale,
    )
}  # fmt: skip
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
        if not self._fits(call):
            return False
        self.matched += 1
        if self.nth is not None and self.matched != self.nth:
            return False
        if self.times is not None and self.played >= self.times:
            return False
        if self.probability < 1.0 and chance.random() >= self.probability:
            return False
        self.played += 1
        return True

    def _fits(self, call: Call) -> bool:
        page = self.page is None or (call.is_list and call.page == self.page)
        spared = any(name in call.given for name in self.absent)
        method = self.method in {"", call.method}
        return page and method and not spared and fnmatchcase(call.path, self.path)

    @property
    def described(self) -> dict[str, Any]:
        """The rule as JSON."""
        described = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "action"}
        return {"action": type(self.action).__name__, "with": asdict(self.action), **described}


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

    def wanted(self, call: Call) -> tuple[Action, ...]:
        """Return the actions that are played on a request."""
        rules = [rule for rule in self.rules if rule.wants(call, self.chance)]
        return tuple(
            rule.action if rule.applied is None else Around(rule.action, rule.applied)
            for rule in rules
        )

    def clear(self) -> None:
        """Drop all rules."""
        self.rules.clear()
