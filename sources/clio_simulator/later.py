"""What a write leaves behind for later: copies that arrive again, old versions still shown.

Both end after some seconds of the simulator's clock, or after a number of further requests.
"""

from dataclasses import dataclass, replace

from .errors import Refusal
from .store import OLD, Row
from .values import SimulatedClock
from .writes import Command, Writer


@dataclass(frozen=True)
class Wrote:
    """A write that has been logged: as it arrived, its number, and the record as it was before."""

    command: Command
    number: int
    old: Row | None


@dataclass(frozen=True)
class Until:
    """A moment in milliseconds since 1970, or a number of further requests; the first one counts.

    None leaves either out.
    """

    moment: int | None = None
    requests: int | None = None

    def due(self, now: int) -> bool:
        """Tell whether it has come."""
        return self.requests == 0 or (self.moment is not None and self.moment <= now)

    def counted(self) -> "Until":
        """Give what is left of it after one more request."""
        return self if self.requests is None else replace(self, requests=self.requests - 1)


@dataclass(frozen=True)
class Shown:
    """An old version of a record, and where it is still shown."""

    row: Row
    until: Until
    lists: bool
    items: bool


class Later:
    """Keep what comes later."""

    def __init__(self, clock: SimulatedClock, writer: Writer) -> None:
        """Begin with nothing waiting."""
        self.clock = clock
        self.writer = writer
        self.copies: list[tuple[Until, Command]] = []
        self.old: dict[tuple[str, int], Shown] = {}

    def until(self, seconds: float | None, requests: int | None) -> Until:
        """Give what ends after so many seconds from now, or so many requests after this one."""
        moment = None if seconds is None else self.clock.now() + round(seconds * 1000)
        return Until(moment, None if requests is None else requests + 1)

    def repeat(self, wrote: Wrote, until: Until) -> None:
        """Let a copy of a write arrive later."""
        self.copies.append((until, replace(wrote.command, again=wrote.number)))

    def keep(self, wrote: Wrote, until: Until, *, lists: bool, items: bool) -> None:
        """Go on showing a record as it was before a write."""
        if wrote.old is not None:
            place = (wrote.command.collection, wrote.command.key)
            self.old[place] = Shown({**wrote.old, OLD: True}, until, lists, items)

    def in_list(self, collection: str, row: Row) -> Row:
        """Give the version of a record that lists show."""
        shown = self.old.get((collection, row["id"]))
        return shown.row if shown is not None and shown.lists else row

    def as_item(self, collection: str, row: Row) -> Row:
        """Give the version of a record that its own address shows."""
        shown = self.old.get((collection, row["id"]))
        return shown.row if shown is not None and shown.items else row

    def settle(self, now: int) -> None:
        """Do what is due at `now`."""
        self.old = {place: shown for place, shown in self.old.items() if not shown.until.due(now)}
        due = [entry for entry in self.copies if entry[0].due(now)]
        for entry in due:
            self.copies.remove(entry)
            self._arrive(entry[1])

    def answered(self) -> None:
        """Count one more request, and do what that makes due."""
        self.copies = [(until.counted(), command) for until, command in self.copies]
        self.old = {
            place: replace(shown, until=shown.until.counted()) for place, shown in self.old.items()
        }
        self.settle(self.clock.now())

    def _arrive(self, command: Command) -> None:
        try:
            self.writer.carry_out(command)
        except Refusal:
            return  # The writer has logged it; nobody waits for the answer.
