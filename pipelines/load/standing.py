"""What a walk read to its last page proves, and what keeps the watermark where it is.

An empty answer may come of a permission that is lost, and so may one that is much too small. The
watermark moves only by what was seen; what is known stays.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from pipelines.errors import FrozenError, HiddenRowsError, OtherEyesError, StoppedWalkError
from pipelines.state.runs import Progress
from pipelines.state.snapshots import live_rows, some_key
from sources.clio_http.casts import quoted
from sources.clio_http.plan import Point, WalkPlan
from sources.clio_http.walks import Walk
from sources.errors import ClioError

from .absence_guard import too_many_absent
from .planning import watermark_after
from .purpose import Purpose

if TYPE_CHECKING:
    from .runner import Runner
    from .task import Task

DAILY = "__daily"
"""What the name of a list's daily copy ends with."""
MOST_CONFIRMED = 10
"""So many collections are asked for a record that is known, where rights cannot be read."""


@dataclass(frozen=True)
class Standing:
    """What is known of a collection before its walk, and through whose eyes it is read.

    `known` is the number of live rows where the walk is a whole one that no census counts, of a
    daily list that of the last day which was read whole;
    `allowed` how many absent rows a person takes for deleted. `other_eyes` is why the token may
    see less than the one before. `unsure` says that nothing tells whether an empty answer is
    true; `confirms` asks for a record that is known.
    """

    known: int = 0
    allowed: int | None = None
    other_eyes: StoppedWalkError | None = None
    unsure: bool = False
    confirms: Callable[[], bool] | None = None

    def judge(self, task: "Task") -> StoppedWalkError | None:
        """Say why the watermark stays although a walk was read to its last page; None if not."""
        plan, shown = task.walk.plan, task.counts.rows_read
        absent = self.known - shown
        if plan.mode != "daily":
            absent += task.counts.inserted
        if _is_rest(task):
            # how much of the list it should show nobody knows; but a next page was promised
            absent = self.known if plan.start.page_token and not shown else 0
        if too_many_absent(self.known, shown, absent, self.allowed):
            message = f"{absent:,} of {self.known:,} rows are absent from what Clio shows"
            # a daily list has no sweep
            command = "load" if plan.mode == "daily" else "sweep"
            return HiddenRowsError(message, task.name, absent, command)
        if self.other_eyes is not None:
            return self.other_eyes
        known = task.progress
        if known.frozen and not self._sees_again(task):
            return FrozenError(known.frozen)
        return None

    def _sees_again(self, task: "Task") -> bool:
        """Tell whether a list that was empty shows a record again, or all of it was read."""
        if task.walk.plan.since is None:
            return True
        if task.progress.frozen_rows:
            return False
        return task.counts.rows_read > 0 or (self.confirms is not None and self.confirms())

    def is_sure(self, task: "Task") -> bool:
        """Tell whether an answer, empty or not, shows how far the collection is complete."""
        if not self.unsure or task.walk.plan.since is None or task.counts.rows_read:
            return True
        return self.confirms is not None and self.confirms()


class Proof:
    """What a run may take for proved: through whose eyes it reads, and what it may ask for that."""

    def __init__(self, run: "Runner") -> None:
        """Take the run; nothing is asked yet."""
        self.run = run
        self.asked = 0

    def standing(self, walk: Walk, progress: Progress, purpose: Purpose) -> Standing:
        """Say what may keep the watermark of a load's walk where it is."""
        plan, allowed = walk.plan, self.run.choice.allow_absent
        if purpose.walk != "load" or plan.mode == "child":
            return Standing()
        # a list that Clio works out may be short at once, and so may its copy of a day
        worked_out = plan.collection.name.removesuffix(DAILY) in self.run.product.views
        if plan.mode == "daily" and not worked_out:
            return Standing(self._last_day(plan, progress), allowed)
        whole = plan.since is None and not (purpose.census or worked_out)
        known = live_rows(self.run.warehouse, self.run.source, plan.collection) if whole else 0
        unsure = not self.run.identity.rights and not self.run.identity.user_id
        # where Clio does not say whose token it is, single records are asked for instead
        unlike = bool(self.run.identity.user_id) and not self.run.same_eyes
        return Standing(
            known=known,
            allowed=allowed,
            other_eyes=OtherEyesError() if unlike else None,
            unsure=unsure,
            confirms=partial(self._confirms, walk) if unsure or progress.frozen else None,
        )

    def _last_day(self, plan: WalkPlan, progress: Progress) -> int:
        """Count the copies of the last day on which a daily list was read whole."""
        raw, name = f"raw_{self.run.source}", plan.collection.name
        if progress.completed_at is None or not self.run.warehouse.columns(raw, name):
            return 0
        day = progress.completed_at.in_timezone("UTC").date()
        query = f"select count(*) from {quoted(raw)}.{quoted(name)} where day = $1"
        ((found,),) = self.run.warehouse.rows(query, [day])
        return int(found)

    def _confirms(self, walk: Walk) -> bool:
        """Ask for one record that is known, where nobody says what this token may see."""
        collection = walk.plan.collection
        if self.asked >= MOST_CONFIRMED or not walk.can_settle:
            return False
        known = some_key(self.run.warehouse, self.run.source, collection)
        if known is None:
            return True
        self.asked += 1
        try:
            found = walk.records.by_ids([known])
        except ClioError:
            return False
        return bool(found.table.num_rows or found.misfits)


def _is_rest(task: "Task") -> bool:
    """Tell whether a walk went on with an earlier run's, so that this run shows a part of it."""
    return task.walk.plan.start != Point() and not task.walk.restarted


def after_walk(task: "Task", digest: str) -> Progress:
    """Return the progress of a collection whose walk was read to its last page."""
    plan, before = task.walk.plan, task.progress
    if task.stopped is not None:
        frozen = before.frozen
        rows = before.frozen_rows
        if isinstance(task.stopped, HiddenRowsError):
            frozen, rows = str(task.stopped), task.counts.rows_read
        return replace(
            before,
            source=task.source,
            walk_started_at=None,
            page_token="",
            frozen=frozen,
            frozen_rows=rows,
            # what is left of the walk proves nothing any more: it begins anew
            fields_hash="" if plan.since is None and _is_rest(task) else before.fields_hash,
        )
    reached = watermark_after(plan, before.watermark)
    saw = plan.since is None or task.counts.rows_read > 0
    sure = task.standing.is_sure(task)
    return Progress(
        task.source,
        task.name,
        watermark=reached if sure else before.watermark,
        fields_hash=digest,
        mode=plan.mode,
        completed_at=plan.started_at,
        seen=reached if saw else before.seen or before.watermark,
        proved=plan.started_at if plan.since is None else before.proved,
    )
