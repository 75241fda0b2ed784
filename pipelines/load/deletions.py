"""What a complete walk did not show: guarded, asked for once more, then marked as deleted."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pipelines.errors import AbsentError, OtherUserError, UndecidedError
from pipelines.failpoints import crash_point
from pipelines.state import quarantine
from pipelines.state.certificates import Absences
from pipelines.state.snapshots import Census
from pipelines.state.tombstones import bury
from sources.clio_http.catalog import Collection
from sources.clio_http.confirm import Confirmation, confirm
from sources.clio_http.plan import is_narrower
from sources.errors import BudgetSpent, ClioError

from .absence_guard import too_many_absent
from .task import Task

if TYPE_CHECKING:
    from .runner import Runner


class Settlement:
    """Settles the walks of one run."""

    def __init__(self, run: "Runner") -> None:
        """Take the run whose walks are settled."""
        self.run = run

    def settle(self, task: Task) -> None:
        """Decide about the rows that one walk did not show."""
        census = self.run.census(task)
        # a list that is gone says nothing of its rows: they go when their parent is proved gone
        unread = {*task.walk.skipped, *task.walk.failed}
        read = [index for index in task.finished if index not in unread]
        absent = census.absent(parents_of(task, read))
        if not absent:
            self.run.result.absences[task.name] = Absences()
            self._release(task)
        elif self._may_ask(task, census, absent):
            blind = census.compare().blind
            answer = Confirmation(undecided=absent)
            if not blind:
                answer = confirm(task.walk, absent, census.parents(absent))
            self._judge(task, self._decided(task, answer))
            self._release(task)

    def _release(self, task: Task) -> None:
        """Let go rows that were kept out whole and that the list, read to its end, lost."""
        plan = task.walk.plan
        if plan.mode != "child" and not plan.collection.leaves and task.purpose.quarantined:
            source, walk = self.run.source, task.purpose.walk
            quarantine.forget_unseen(self.run.warehouse, source, task.name, walk)

    def _may_ask(self, task: Task, census: Census, absent: list[str]) -> bool:
        """Stop where so much is absent, or through such other eyes, that a person must look."""
        if is_narrower(task.walk.plan.collection, task.walk.plan.not_taken):
            # Clio no longer takes what made the list the widest: absence says nothing
            self.run.result.absences[task.name] = Absences(undecided=len(absent))
            return False
        known, seen = self._sizes(task, census)
        view = task.name in self.run.product.views
        if not view and too_many_absent(known, seen, len(absent), self.run.choice.allow_absent):
            self.run.result.absences[task.name] = Absences(stopped=True)
            message = f"{len(absent):,} of {known:,} rows are absent from what Clio shows"
            command = "load" if task.walk.plan.mode == "child" else "sweep"
            self._stopped(task, AbsentError(message, command, task.name, len(absent)), absent)
            self.run.meta.freeze(self.run.source, task.name, message, seen)
            return False
        if not self.run.same_eyes:
            self.run.result.absences[task.name] = Absences(undecided=len(absent))
            self._stopped(task, OtherUserError(), absent)
            return False
        return True

    def _sizes(self, task: Task, census: Census) -> tuple[int, int]:
        """Count the rows known and seen; of a child list its whole table, of which it is a part."""
        compared = census.compare()
        if task.walk.plan.mode == "child":
            return census.live(), max(compared.seen, 1)
        return compared.known, compared.seen

    def _decided(self, task: Task, answer: Confirmation) -> Confirmation:
        """Return up questions for which a whole budget was not enough; other lists wait too."""
        plan = task.walk.plan
        whole_budget = plan.start.index >= len(plan.lists) and isinstance(answer.error, BudgetSpent)
        if not whole_budget or answer.gone:
            return answer
        answer.undecided += answer.unasked
        answer.unasked = []
        return answer

    def _judge(self, task: Task, answer: Confirmation) -> None:
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

    def _stopped(self, task: Task, error: ClioError, absent: Sequence[str]) -> None:
        """Say what was not decided; the lists of one parent that it stands in are read again."""
        self.run.result.errors.append((task.name, error))
        task.stopped = error
        self._read_again(task, absent)

    def _read_again(self, task: Task, absent: Sequence[str]) -> None:
        if task.walk.plan.mode == "child":
            parents = self.run.census(task).parents(absent)
            self.run.meta.forget_parents(self.run.source, task.name, sorted(set(parents.values())))


def parents_of(task: Task, indexes: Iterable[int]) -> list[str] | None:
    """Return the parents of some lists of a child walk; None for other walks."""
    plan = task.walk.plan
    if plan.mode != "child":
        return None
    return [str(plan.lists[index].constants[-1][1]) for index in indexes]
