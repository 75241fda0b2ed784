"""What a walk read to its last page proves, and what keeps the watermark where it is.

An empty answer may come of a permission that is lost, and so may one that is much too small. The
watermark moves only by what was seen; what is known stays.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from pipelines.census import live_rows, some_key
from pipelines.errors import FrozenError, HiddenRowsError, OtherEyesError, StoppedWalkError
from pipelines.guard import too_many_absent
from pipelines.meta import Progress
from pipelines.plans import watermark_after
from sources.clio_http.plan import Plan
from sources.clio_http.walks import Walk
from sources.errors import ClioError

from .purpose import Purpose

if TYPE_CHECKING:
    from .runner import Runner
    from .task import Task

MOST_CONFIRMED = 10
"""So many collections are asked for a record that is known, where rights cannot be read."""


@dataclass(frozen=True)
class Standing:
    """What is known of a collection before its walk, and through whose eyes it is read.

    `known` is the number of live rows where the walk is a whole one that no census counts;
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
        shown = task.counts.rows_read
        absent = self.known - (shown - task.counts.inserted)
        if too_many_absent(self.known, shown, absent, self.allowed):
            message = f"{absent:,} of {self.known:,} rows are absent from what Clio shows"
            return HiddenRowsError(message, task.name, absent)
        if self.other_eyes is not None:
            return self.other_eyes
        known = task.progress
        if known.frozen and not self._sees_again(task):
            return FrozenError(known.frozen)
        return None

    def _sees_again(self, task: "Task") -> bool:
        """Tell whether a list that was empty is not, or all of it was read."""
        whole = task.walk.plan.since is None
        return whole or (not task.progress.frozen_rows and task.counts.rows_read > 0)

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

    def standing(self, plan: Plan, walk: Walk, purpose: Purpose) -> Standing:
        """Say what may keep the watermark of a load's walk where it is."""
        if purpose.walk != "load" or plan.mode in {"child", "daily"}:
            return Standing()
        # of a walk that goes on with an earlier run's, this run shows a part
        whole = plan.since is None and not purpose.census and plan.run_at is None
        known = live_rows(self.run.warehouse, self.run.source, plan.collection) if whole else 0
        unsure = not self.run.identity.rights and not self.run.identity.user_id
        return Standing(
            known=known,
            allowed=self.run.choice.allow_absent,
            other_eyes=None if self.run.same_eyes else OtherEyesError(),
            unsure=unsure,
            confirms=partial(self._confirms, walk) if unsure else None,
        )

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


def after_walk(task: "Task", digest: str) -> Progress:
    """Give the progress of a collection whose walk was read to its last page."""
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
