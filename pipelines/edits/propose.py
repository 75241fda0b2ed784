"""The commands that propose edits: by hand, out of a file, by a query. All of it or nothing."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

from pipelines.context import Context
from pipelines.errors import EditRefusedError, NoWarehouseError
from pipelines.folder import open_folder, open_ledger
from pipelines.outcome import Outcome, counted, table
from sources.clio_http.catalog import read_catalog

from .allowed import SOURCE, allowed
from .edit import ID, REASON, RESOURCE, ROW, Edit, EditProblem, Gathered
from .notices import notices
from .validate import EditContext, Examined, examine
from .values import shown

MOST_LISTED = 100
"""Problems that are listed one by one."""
HEADER = ("edit", "record", "field", "in the warehouse", "proposed")


def run_proposal(
    context: Context, command: str, gather: Callable[[EditContext], Gathered]
) -> Outcome:
    """Propose the changes that are gathered, once the warehouse and the ledger are open.

    If one of them cannot be made, none is, and the outcome has an error for each.

    Raises:
        NoWarehouseError: nothing was loaded yet.
        BusyError: another run is at work on this data folder.
        LedgerError: the ledger is damaged, was lost, or an older one was put back.

    """
    outcome = Outcome(command, context.clock.now())
    with opened(context, command) as at:
        gathered = gather(at)
        found = examine(at, gathered.wanted)
        found.problems = sorted([*gathered.problems, *found.problems], key=_place)
        if not found.problems:
            _record(at, found, gathered.blank, outcome)
        else:
            _refuse(found, outcome)
    outcome.finished_at = context.clock.now()
    return outcome


@contextmanager
def opened(context: Context, command: str) -> Iterator[EditContext]:
    """Lock the data folder, and open the warehouse for reading and the ledger.

    Raises:
        ConfigurationError: the setting clio_sync.writable names what is never written.
        ClioError: as `run_proposal` does.

    """
    allowed(read_catalog(SOURCE), context.settings.writable)
    with (
        open_folder(context, command, write=False) as warehouse,
        open_ledger(context, warehouse) as ledger,
    ):
        if not warehouse.columns("meta", "tombstones"):
            raise NoWarehouseError
        warehouse.lock_down()
        yield EditContext(context.settings, warehouse, ledger)


def _place(problem: tuple[str, EditProblem]) -> int:
    """Return the number of a row, so that problems are listed from the first row to the last."""
    number = problem[0].removeprefix(ROW).partition(",")[0]
    return int(number) if number.isdecimal() else 0


def _record(at: EditContext, found: Examined, blank: int, outcome: Outcome) -> None:
    edits = [replace(edit, edit_id=uuid4().hex[:12]) for edit in found.edits]
    entries = [edit.proposal for edit in edits]
    if entries:
        at.ledger.record(at.settings.actor, *entries)
    outcome.results = [{"edit_id": entry.edit_id, **entry.body} for entry in entries]
    outcome.text = _text(edits, len(found.unchanged), blank, list(notices(at, edits)))


def _text(edits: Sequence[Edit], unchanged: int, blank: int, noted: Sequence[str]) -> str:
    cells = [
        (
            edit.edit_id,
            f"{edit.resource} {edit.record_id} {edit.label}".strip(),
            edit.field,
            shown(edit.ref, edit.base),
            shown(edit.ref, edit.new_value),
        )
        for edit in edits
    ]
    parts = [table(HEADER, cells)] if cells else []
    parts.append(f"{counted(len(edits), 'edit')} proposed; nothing was sent to Clio.")
    if unchanged:
        parts.append(f"{counted(unchanged, 'change')} left out: the record has that value already.")
    if blank:
        parts.append(
            f"{counted(blank, 'row')} without a new value, or with the old one: left as they are."
        )
    parts += noted
    if edits:
        parts.append("Next: clio-sync plan")
    return "\n".join(parts) + "\n"


def _refuse(found: Examined, outcome: Outcome) -> None:
    told = {(_subject(where, one), str(one)): one.kind for where, one in found.problems}
    errors: list[tuple[str, Any]] = [
        (subject, kind(message)) for (subject, message), kind in [*told.items()][:MOST_LISTED]
    ]
    more = len(told) - len(errors)
    if more:
        errors.append(("", EditRefusedError(f"{counted(more, 'further problem')} of this kind")))
    kinds = {problem.kind for _, problem in found.problems}
    kind = kinds.pop() if len(kinds) == 1 else EditRefusedError
    outcome.errors, outcome.exit_code = errors, kind.exit_code
    outcome.text = "Nothing was proposed.\n"


def _subject(where: str, problem: EditProblem) -> str:
    row, comma, _ = where.partition(", column ")
    if not where.startswith(ROW) or not problem.column:
        return where
    is_of_the_row = not comma or problem.column in {ID, RESOURCE, REASON}
    return f"{row}, column {problem.column}" if is_of_the_row else where
