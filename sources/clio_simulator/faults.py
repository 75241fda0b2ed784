"""Faults: what goes wrong, and the rules that say when.

An action works at one of three places: `before` answers instead of the API, `alter` changes a page
before it is written, `after` changes the finished answer, on the wire too.
"""

from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from random import Random
from typing import Any

from .fault_answers import (
    Forbidden,
    GzipBomb,
    Html,
    Huge,
    Redirect,
    RefuseFields,
    Status,
    TokenExpired,
    TooMany,
    Unauthorized,
    Wait,
)
from .fault_base import (
    Action,
    Call,
    Draft,
)
from .fault_pages import (
    Duplicate,
    EmptyList,
    EmptyPage,
    ForgetNext,
    NextElsewhere,
    NullNext,
    RepeatPage,
    SameToken,
    Shuffled,
    Value,
    null_id,
)
from .fault_wire import (
    Cut,
    Drip,
    Header,
    Reset,
    ShiftDate,
    WrongLength,
)
from .fault_writes import Again, Applied, Stale, Unapplied

__all__ = [
    "ACTIONS",
    "Action",
    "Again",
    "Call",
    "Cut",
    "Draft",
    "Drip",
    "Duplicate",
    "EmptyList",
    "EmptyPage",
    "Faults",
    "Forbidden",
    "ForgetNext",
    "GzipBomb",
    "Header",
    "Html",
    "Huge",
    "NextElsewhere",
    "NullNext",
    "Redirect",
    "RefuseFields",
    "RepeatPage",
    "Reset",
    "Rule",
    "SameToken",
    "ShiftDate",
    "Shuffled",
    "Stale",
    "Status",
    "TokenExpired",
    "TooMany",
    "Unauthorized",
    "Value",
    "Wait",
    "WrongLength",
    "null_id",
]

ACTIONS: dict[str, type[Action]] = {
    action.__name__: action
    for action in (
        Status, TooMany, Unauthorized, Forbidden, Redirect, Html, RefuseFields, TokenExpired, Wait,
        Huge, GzipBomb, Reset, WrongLength, Cut, Drip, Header, ShiftDate, SameToken, ForgetNext,
        NextElsewhere, NullNext, EmptyPage, Shuffled, RepeatPage, Duplicate, Value, Again, Stale,
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

    @property
    def played_action(self) -> Action:
        """Give the action, with what the rule says about taking effect."""
        if self.applied is None:
            return self.action
        return Applied(self.action) if self.applied else Unapplied(self.action)

    def _fits(self, call: Call) -> bool:
        """Tell whether method, path, page and parameters are those of the rule."""
        page = self.page is None or (call.is_list and call.page == self.page)
        spared = any(name in call.given for name in self.absent)
        method = self.method in {"", call.method}
        return page and method and not spared and fnmatchcase(call.path, self.path)

    def described(self) -> dict[str, Any]:
        """Describe the rule as JSON."""
        described = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "action"}
        return {"action": type(self.action).__name__, "with": asdict(self.action), **described}


class Faults:
    """The rules in force."""

    def __init__(self, seed: int = 0) -> None:
        """Begin with none; `seed` decides those that are left to chance."""
        self.rules: list[Rule] = []
        self.chance = Random(seed)  # noqa: S311 - repeatable on purpose

    def add(  # noqa: PLR0913 - each is a condition of the rule
        self,
        action: Action,
        path: str = "*",
        *,
        page: int | None = None,
        nth: int | None = None,
        times: int | None = 1,
        probability: float = 1.0,
        absent: tuple[str, ...] = (),
        method: str = "",
        applied: bool | None = None,
    ) -> Rule:
        """Add a rule and give it, so that its counts can be read."""
        rule = Rule(action, path, page, nth, times, probability, absent, method, applied)
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Drop all rules."""
        self.rules.clear()

    def wanted(self, call: Call) -> tuple[Action, ...]:
        """Give the actions that are played on a request."""
        return tuple(rule.played_action for rule in self.rules if rule.wants(call, self.chance))
