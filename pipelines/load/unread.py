"""What a run could not read: told once with exit 4, then as a warning, asked for again in time."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines.state.unread import WHOLE
from sources.clio_http.salvage import may_be_one_page
from sources.errors import (
    ClioError,
    CollectionGoneError,
    MissingScopeError,
    RedirectRefusedError,
    RequestRefusedError,
    SilentError,
    UnreadError,
)

from .task import Task

if TYPE_CHECKING:
    from .runner import Runner

REFUSED = (CollectionGoneError, MissingScopeError, RedirectRefusedError, RequestRefusedError)
"""How Clio says that a collection is not to be had at all."""
NAMED = 10
"""So many ids are named; of the others the number is told."""


def named(keys: Iterable[str]) -> str:
    """Name some ids."""
    every = sorted(keys, key=lambda key: (len(key), key))
    more = len(every) - NAMED
    return ", ".join(every[:NAMED]) + (f" and {more:,} more" if more > 0 else "")


class Remainder:
    """Judges what the walks of one run left unread."""

    def __init__(self, run: "Runner") -> None:
        """Take the run."""
        self.run = run

    def judge(self, task: Task, error: ClioError | None) -> ClioError | None:
        """Note what a walk left unread, and give the error that the run is to tell of it."""
        if task.walk.plan.mode == "child":
            task.partial = self._parents(task)
        else:
            task.partial = self._records(task)
        self.run.unread.tidy(task.name)
        if error is None:
            if task.complete:
                self.run.unread.forget(task.name, [WHOLE])
            return task.partial
        return self._whole(task, error)

    def _whole(self, task: Task, error: ClioError) -> ClioError | None:
        """Let a collection that nothing needs fail the run once; then it is a warning."""
        unread = self.run.unread
        if task.name not in self.run.product.optional or not isinstance(error, REFUSED):
            return error
        unread.keep(task.name, {WHOLE: str(error)})
        if unread.new(task.name, [WHOLE]):
            return error
        self.warn(task.name)
        return None

    def warn(self, name: str) -> None:
        """Say that an optional collection is not to be had, and since when."""
        since = self.run.unread.since(name, [WHOLE]).to_iso8601_string()
        self.run.reporter.note(f"{name}: not to be had since {since}; nothing rests on it")

    def paused(self, name: str) -> bool:
        """Tell whether an optional collection that Clio refused is left alone for now."""
        known = self.run.unread.known.get((name, WHOLE))
        wanted = self.run.choice.full or name in self.run.choice.resources
        return known is not None and not wanted and not known.due(self.run.unread.now)

    def _parents(self, task: Task) -> ClioError | None:
        """Note the parents whose lists could not be read."""
        lists, unread = task.walk.plan.lists, self.run.unread
        reasons = {
            str(lists[index].constants[-1][1]): reason for index, reason in task.walk.failed.items()
        }
        unread.keep(task.name, reasons)
        new = unread.new(task.name, reasons)
        if new:
            told = f"{len(new):,} of {len(lists):,} lists could not be read, of"
            return UnreadError(f"{told} {self._owner(task)} {named(new)}: {reasons[new[0]]}")
        old = set(unread.of(task.name)) & ({*reasons} | unread.paused(task.name))
        if old:
            since = unread.since(task.name, old).to_iso8601_string()
            told = f"{len(old):,} lists could not be read, the first since {since}, of"
            self.run.reporter.note(f"{task.name}: {told} {self._owner(task)} {named(old)}")
        return None

    def _owner(self, task: Task) -> str:
        parent = task.walk.plan.collection.parent
        return parent.resource if parent else ""

    def _records(self, task: Task) -> ClioError | None:
        """Note the records that break every page they are on."""
        walk, unread = task.walk, self.run.unread
        asked = {key: text for key, text in walk.unread.items() if key not in walk.plan.unread}
        unread.keep(task.name, {key: text for key, text in asked.items() if key})
        new = unread.new(task.name, asked)
        plan = walk.plan
        whole = task.complete and plan.since is None and plan.run_at is None
        if whole and not walk.unread:
            unread.all_shown(task.name)
        if not new:
            return None
        told = f"{len(new):,} records could not be had whole"
        ids = named(key for key in new if key)
        return UnreadError(f"{told} ({ids or 'of unknown id'}): {asked[new[0]]}")

    def ask_again(self, tasks: Iterable[Task]) -> None:
        """Ask for the records that are due once more, each alone, and store those that come."""
        for task in tasks:
            for key, one in self.run.unread.of(task.name).items():
                may_ask = task.complete and task.walk.can_settle and not self.run.stop.is_set()
                if may_ask and key not in task.walk.unread and one.due(self.run.unread.now):
                    self._ask(task, key)

    def _ask(self, task: Task, key: str) -> None:
        try:
            found = task.walk.records.by_ids([key])
        except ClioError as error:
            if may_be_one_page(error):
                self.run.unread.keep(task.name, {key: str(error)})
            return
        self.run.unread.forget(task.name, [key])
        rows = found.table.num_rows + len(found.misfits)
        if rows:
            task.hold(replace(found, rows=rows))
            self.run.drive([task])


def untried(tasks: Iterable[Task]) -> list[tuple[str, ClioError]]:
    """Tell of all lists together that were not tried since the service does not answer."""
    lists = sum(is_untried(task) for task in tasks)
    told = f"{lists:,} further lists were not tried: Clio did not answer those before"
    return [("", SilentError(told))] if lists else []


def is_untried(task: Task) -> bool:
    """Tell whether nothing was sent for a list, since others before it were not answered."""
    return isinstance(task.walk.error, SilentError) and not task.walk.meter.requests
