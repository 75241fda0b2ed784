"""Faults of writes: whether a spoilt request took effect, and what comes of it later."""

from dataclasses import dataclass

from starlette.responses import Response

from .fault_base import Action, Call, Draft
from .later import Later, Wrote
from .values import SimulatedClock


@dataclass(frozen=True)
class Again(Action):
    """Let a copy of the write arrive once more, after seconds of the simulator's clock.

    With `requests`, it arrives after that many further requests were answered, 0 for at once.
    """

    seconds: float | None = None
    requests: int | None = None
    copies: int = 1

    def wrote(self, wrote: Wrote, later: Later) -> None:
        """Keep the copies."""
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
        """Keep the old version."""
        until = later.until(self.seconds, self.requests)
        later.keep(wrote, until, lists=self.lists, items=self.items)


@dataclass(frozen=True)
class Around(Action):
    """An action of a rule that says whether the request takes effect."""

    action: Action

    @property
    def name(self) -> str:
        """Give the name of the action."""
        return self.action.name

    def alter(self, draft: Draft) -> None:
        """Change a page of a list."""
        self.action.alter(draft)

    def wrote(self, wrote: Wrote, later: Later) -> None:
        """Look at a write."""
        self.action.wrote(wrote, later)

    def after(self, response: Response, clock: SimulatedClock) -> Response:
        """Change the finished answer."""
        return self.action.after(response, clock)


@dataclass(frozen=True)
class Applied(Around):
    """Let the request take effect, and then play the action."""

    async def instead(self, asked: Call, response: Response) -> Response:
        """Put the action's answer in the place of the API's."""
        return await self.action.before(asked) or response


@dataclass(frozen=True)
class Unapplied(Around):
    """Play the action on a write that never takes effect."""

    @property
    def carries_out(self) -> bool:
        """Keep the write from the records."""
        return False

    async def before(self, asked: Call) -> Response | None:
        """Give the action's answer."""
        return await self.action.before(asked)
