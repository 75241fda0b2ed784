"""How a run ended: one row for each collection, what went wrong, and what is not known.

What could not be read is told once with exit 4, then as a warning, and asked for again in time.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pendulum

from pipelines.errors import WithheldError
from pipelines.errors.misfits import KeptOutError, TypeChangedError
from pipelines.state import quarantine, withheld
from pipelines.state.certificates import Absences
from pipelines.state.refusals import WHOLE
from pipelines.state.runs import RunRow
from pipelines.state.withheld import ColumnMark, Withheld
from pipelines.warehouse import Warehouse, moment
from sources.clio_http.plan import without
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


URGENCY = {0: 0, 4: 1, 7: 2, 5: 3, 3: 4}
"""Which exit code a run has when several things went wrong: signing in comes first."""
REFUSED = (CollectionGoneError, MissingScopeError, RedirectRefusedError, RequestRefusedError)
"""How Clio says that a collection is not to be had at all."""
NAMED = 10
"""So many ids are named; of the others the number is told."""


@dataclass
class Result:
    """How a run ended: one row for each collection, and what went wrong."""

    run_id: str
    source: str
    started_at: pendulum.DateTime
    rows: list[RunRow] = field(default_factory=list)
    complete: dict[str, bool] = field(default_factory=dict)
    errors: list[tuple[str, ClioError]] = field(default_factory=list)
    absences: dict[str, Absences] = field(default_factory=dict)
    requests: int = 0
    server_time: pendulum.DateTime | None = None

    @property
    def exit_code(self) -> int:
        """Return the process's exit code, that of the most urgent error."""
        codes = [error.exit_code for _, error in self.errors]
        known = [code if code in URGENCY else 4 for code in codes]
        return max(known, key=lambda code: URGENCY[code], default=0)


def named(keys: Iterable[str]) -> str:
    """Name some ids."""
    every = sorted(keys, key=lambda key: (len(key), key))
    more = len(every) - NAMED
    return ", ".join(every[:NAMED]) + (f" and {more:,} more" if more > 0 else "")


@dataclass
class Remainder:
    """Judges what the walks of one run left unread."""

    run: "Runner"

    def judge(self, task: Task, error: ClioError | None) -> ClioError | None:
        """Note what a walk left unread, and give the error that the run is to tell of it."""
        is_child = task.walk.plan.mode == "child"
        task.partial = self._parents(task) if is_child else self._records(task)
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
        reasons = {task.parent(index): reason for index, reason in task.walk.failed.items()}
        unread.keep(task.name, reasons)
        new = unread.new(task.name, reasons)
        parent = task.walk.plan.collection.parent
        owner = parent.resource if parent else ""
        if new:
            told = f"{len(new):,} of {len(lists):,} lists could not be read, of"
            return UnreadError(f"{told} {owner} {named(new)}: {reasons[new[0]]}")
        old = set(unread.of(task.name)) & ({*reasons} | unread.paused(task.name))
        if old:
            since = unread.since(task.name, old).to_iso8601_string()
            told = f"{len(old):,} lists could not be read, the first since {since}, of"
            self.run.reporter.note(f"{task.name}: {told} {owner} {named(old)}")
        return None

    def _records(self, task: Task) -> ClioError | None:
        """Note the records that break every page they are on."""
        walk, plan, unread = task.walk, task.walk.plan, self.run.unread
        asked = {key: text for key, text in walk.unread.items() if key not in plan.unread}
        unread.keep(task.name, {key: text for key, text in asked.items() if key})
        new = unread.new(task.name, asked)
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


def tell_kept_out(run: "Runner") -> None:
    """Tell what does not fit: an error where more is kept out than before, a note where not.

    A type that changed is an error in every run that meets it: nearly nothing of it is stored.
    """
    changed = set()
    for task in run.tasks:
        if task.mass:
            changed.add(task.name)
            fields = ", ".join(sorted(name or "whole rows" for name in task.mass))
            told = f"so much does not fit that Clio must have changed its type: {fields}"
            run.result.errors.append((task.name, TypeChangedError(told)))
    new = quarantine.cells(run.warehouse, run.source) - run.kept_out
    more = Counter(resource for resource, _, _ in new)
    for name, counts in sorted(quarantine.counts(run.warehouse, run.source).items()):
        if more[name] and name not in changed:
            one = counts.rows + counts.values == 1
            why = "it does not fit" if one else f"they do not fit; {more[name]:,} of them new"
            error = KeptOutError(f"{counts} kept out, since {why}", more[name])
            run.result.errors.append((name, error))
        elif name not in changed:
            run.reporter.note(f"{name}: {counts.told}; clio-sync quarantine list")


@dataclass
class Withholding:
    """The marks of one source, as a run meets them."""

    warehouse: Warehouse
    source: str
    columns: dict[str, dict[str, ColumnMark]] = field(default_factory=dict)
    with_cells: frozenset[str] = frozenset()
    kept_back: frozenset[str] = frozenset()

    def begin(self, accepted: str, at: pendulum.DateTime) -> None:
        """Read the marks; `accepted` is a column whose empties a person takes from now on."""
        if accepted:
            resource, _, column = accepted.partition(".")
            withheld.accept(self.warehouse, self.source, resource, column, at)
        self.columns = withheld.columns(self.warehouse, self.source)
        self.with_cells = withheld.with_cells(self.warehouse, self.source)
        listed = withheld.listed(self.warehouse, self.source)
        self.kept_back = frozenset(one.resource for one in listed if one.is_alarm)

    def shown(self, task: "Task", *, full: bool) -> None:
        """Drop marks of columns that Clio refused once, where a whole walk was shown them."""
        plan = task.walk.plan
        if not task.complete or plan.since is not None or (plan.mode == "child" and not full):
            return
        asked = without(plan.collection.fields, plan.left_out | task.walk.refused)
        columns = [column.name for field in asked for column in field.columns]
        withheld.forget_refused(self.warehouse, self.source, task.name, columns)

    def tell(self, run: "Runner") -> None:
        """Tell of what known values are kept back, an error for each column, and note the rest."""
        for one in withheld.listed(self.warehouse, self.source):
            if one.is_alarm:
                column, product = f"{one.resource}.{one.field}", self.source.removeprefix("clio_")
                error = WithheldError(_told(one), column, product)
                run.result.errors.append((one.resource, error))
            elif one.evidence not in withheld.NOT_READ:
                run.reporter.note(_told(one))


def _told(one: Withheld) -> str:
    """Say of one column what is not known of it, since when and how that was seen."""
    what = "it" if one.records is None else f"{one.records:,} of its values"
    since = moment(one.since)
    day = since.format("YYYY-MM-DD HH:mm") if since else "an unknown moment"
    kept = "; the values known before are kept" if one.held else ""
    return (
        f"{one.resource}.{one.field}: this token may not see {what} ({one.evidence},"
        f" since {day} UTC){kept}"
    )
