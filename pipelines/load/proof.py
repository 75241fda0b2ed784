"""What a walk read to its last page proves, and what keeps the watermark where it is.

An empty answer may come of a permission that is lost, and so may one that is much too small. The
watermark moves only by what was seen; what is known stays.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from pipelines.errors import (
    AbsentError,
    FrozenError,
    HiddenRowsError,
    OtherEyesError,
    OtherUserError,
    StoppedWalkError,
    UndecidedError,
)
from pipelines.failpoints import crash_point
from pipelines.state import quarantine
from pipelines.state.certificates import Absences
from pipelines.state.row_history import Purpose, bury
from pipelines.state.runs import Progress
from pipelines.state.snapshots import Census, live_rows, some_key
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection
from sources.clio_http.confirm import Confirmation, confirm
from sources.clio_http.plan import Point, WalkPlan, fields_hash, is_narrower
from sources.clio_http.walks import Walk
from sources.errors import (
    BrokenWalkError,
    BudgetSpent,
    ClioError,
    ForeignHostError,
    RequestRefusedError,
    UnavailableError,
    UnreadableAnswerError,
)

from .planning import watermark_after

if TYPE_CHECKING:
    from .runner import Runner
    from .task import Task

FEW = 20
SHARE = 0.01
SMALL_FEW = 4
SMALL_SHARE = 0.3
DAILY = "__daily"
"""What the name of a list's daily copy ends with."""
MOST_CONFIRMED = 10
"""So many collections are asked for a record that is known, where rights cannot be read."""
UNTRUSTED = (BrokenWalkError, ForeignHostError, RequestRefusedError)
"""After these a walk is not gone on with: the next run starts it again."""


def too_many_absent(known: int, seen: int, absent: int, allowed: int | None = None) -> bool:
    """Tell whether so many absent rows are more likely lost sight of than deleted.

    That is more than 20 rows and more than 1 % of those known; an empty list where rows were
    known; and in a small table, where 20 would be most of it, more than 4 rows and 30 %.
    `allowed` is the number of absent rows that a person has looked into.
    """
    if not absent or (allowed is not None and absent <= allowed):
        return False
    if not seen:
        return True
    return absent > max(FEW, SHARE * known) or absent > max(SMALL_FEW, SMALL_SHARE * known)


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


@dataclass
class Proof:
    """What a run may take for proved: through whose eyes it reads, and what it may ask for that."""

    run: "Runner"
    asked: int = 0

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

    def settle(self, task: "Task") -> None:
        """Decide about the rows that one walk did not show."""
        census = self.run.census(task)
        # a list that is gone says nothing of its rows: they go when their parent is proved gone
        unread = {*task.walk.skipped, *task.walk.failed}
        read = [index for index in task.finished if index not in unread]
        absent = census.absent(task.parents_of(read))
        if not absent:
            self.run.result.absences[task.name] = Absences()
            self._release(task)
        elif self._may_ask(task, census, absent):
            answer = Confirmation(undecided=absent)
            if not census.compare().blind:
                answer = confirm(task.walk, absent, census.parents(absent))
            plan = task.walk.plan
            whole_budget = plan.start.index >= len(plan.lists)
            if whole_budget and isinstance(answer.error, BudgetSpent) and not answer.gone:
                # a whole budget was not enough for these questions: other lists wait too
                answer.undecided += answer.unasked
                answer.unasked = []
            self._judge(task, answer)
            self._release(task)

    def _release(self, task: "Task") -> None:
        """Let go rows that were kept out whole and that the list, read to its end, lost."""
        plan = task.walk.plan
        if plan.mode != "child" and not plan.collection.leaves and task.purpose.quarantined:
            source, walk = self.run.source, task.purpose.walk
            quarantine.forget_unseen(self.run.warehouse, source, task.name, walk)

    def _may_ask(self, task: "Task", census: Census, absent: list[str]) -> bool:
        """Stop where so much is absent, or through such other eyes, that a person must look."""
        if is_narrower(task.walk.plan.collection, task.walk.plan.not_taken):
            # Clio no longer takes what made the list the widest: absence says nothing
            self.run.result.absences[task.name] = Absences(undecided=len(absent))
            return False
        compared, is_child = census.compare(), task.walk.plan.mode == "child"
        # a child list is held against its whole table, of which it is a part
        known = census.live() if is_child else compared.known
        seen = max(compared.seen, 1) if is_child else compared.seen
        view = task.name in self.run.product.views
        if not view and too_many_absent(known, seen, len(absent), self.run.choice.allow_absent):
            self.run.result.absences[task.name] = Absences(stopped=True)
            message = f"{len(absent):,} of {known:,} rows are absent from what Clio shows"
            command = "load" if is_child else "sweep"
            self._stopped(task, AbsentError(message, command, task.name, len(absent)), absent)
            self.run.meta.freeze(self.run.source, task.name, message, seen)
            return False
        if not self.run.same_eyes:
            self.run.result.absences[task.name] = Absences(undecided=len(absent))
            self._stopped(task, OtherUserError(), absent)
            return False
        return True

    def _judge(self, task: "Task", answer: Confirmation) -> None:
        """Mark those absent rows as deleted that Clio, asked once more, says are gone."""
        if answer.gone:
            crash_point("ghosts-confirmed")
            self._bury(task.walk.plan.collection, answer.gone)
            crash_point("ghosts-buried")
        self.run.result.absences[task.name] = Absences(undecided=len(answer.undecided))
        if answer.present is not None:
            task.hold(answer.present)
            self.run.drive([task])
        if answer.unasked:
            # the walk is over; the next run goes on with these questions
            task.error = task.error or answer.error
            self._read_again(task, answer.unasked)
        if answer.undecided:
            message = f"{len(answer.undecided):,} rows are absent, and Clio does not say why"
            self._stopped(task, UndecidedError(message), answer.undecided)

    def _bury(self, collection: Collection, gone: Mapping[str, str]) -> None:
        """Mark rows as deleted, after the rows of the child lists that they own.

        In this order a run that dies in between leaves the owners absent, and is done again.
        """
        at = self.run.result.server_time or self.run.clock.now()
        layout = self.run.warehouse.layout(f"raw_{self.run.source}")
        for child in self.run.children_of(collection):
            if child.name in layout:
                census = Census(self.run.warehouse, self.run.source, child, "load")
                orphans = dict.fromkeys(census.of_parents(list(gone)), "its parent is gone")
                bury(self.run.warehouse, self.run.source, child, orphans, at)
        bury(self.run.warehouse, self.run.source, collection, gone, at)

    def _stopped(self, task: "Task", error: ClioError, absent: Sequence[str]) -> None:
        """Say what was not decided; the lists of one parent that it stands in are read again."""
        self.run.result.errors.append((task.name, error))
        task.stopped = error
        self._read_again(task, absent)

    def _read_again(self, task: "Task", absent: Sequence[str]) -> None:
        if task.walk.plan.mode == "child":
            parents = self.run.census(task).parents(absent)
            self.run.meta.forget_parents(self.run.source, task.name, sorted(set(parents.values())))


def _is_rest(task: "Task") -> bool:
    """Tell whether a walk went on with an earlier run's, so that this run shows a part of it."""
    return task.walk.plan.start != Point() and not task.walk.restarted


def progress_of(task: "Task") -> Progress:
    """Return how far a collection has come, for the next run to go on from."""
    plan, before, walk = task.walk.plan, task.progress, task.walk
    digest = fields_hash(plan.collection, plan.left_out | walk.refused)
    if task.complete and task.purpose.walk == "load":
        task.stopped = task.stopped or task.standing.judge(task)
        return _after_walk(task, digest)
    if isinstance(task.error or walk.error, UNTRUSTED) or _is_stuck(task):
        # what a whole walk had yet to read is not left to what changes from now on
        digest = "" if plan.since is None else before.fields_hash
        return replace(before, walk_started_at=None, page_token="", fields_hash=digest)
    return replace(
        before,
        walk_started_at=plan.started_at,
        page_token=task.stored_point.page_token,
        fields_hash=digest,
        mode=plan.mode,
        since=plan.since,
        list_index=task.stored_point.index,
        after_id=task.stored_point.after,
    )


def _is_stuck(task: "Task") -> bool:
    """Tell whether a saved page token led nowhere: the next run starts the walk anew."""
    start = task.walk.plan.start
    led_nowhere = bool(start.page_token) and task.stored_point == start
    return led_nowhere and isinstance(task.walk.error, UnavailableError | UnreadableAnswerError)


def _after_walk(task: "Task", digest: str) -> Progress:
    """Return the progress of a collection whose walk was read to its last page."""
    plan, before = task.walk.plan, task.progress
    if task.stopped is not None:
        # what is left of the walk proves nothing any more: it begins anew
        left = "" if plan.since is None and _is_rest(task) else before.fields_hash
        stays = replace(before, walk_started_at=None, page_token="", fields_hash=left)
        if isinstance(task.stopped, HiddenRowsError):
            return replace(stays, frozen=str(task.stopped), frozen_rows=task.counts.rows_read)
        return stays
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
