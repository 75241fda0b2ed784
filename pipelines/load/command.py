"""The commands that read from Clio: open everything, run for each product, close everything."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

from pipelines.access.client import open_client
from pipelines.context import Context
from pipelines.folder import open_folder, refuse_demo
from pipelines.ledger import mirror
from pipelines.outcome import Outcome, counted, table
from pipelines.state import hashed_columns, withheld
from pipelines.warehouse import Warehouse, prepare_data_folder
from sources.errors import ClioError, SignInNeededError

from . import products
from .load import Load
from .planning import EVERYTHING, Choice
from .products import Part, readable, shared_out
from .result import REFUSED, URGENCY, Result
from .runner import Runner, WholeRun

R = TypeVar("R", bound=Runner)

NOT_TO_BE_HAD = (*REFUSED, SignInNeededError)
"""How Clio says that asking again is of no use until somebody changed something."""
SHOWN = {
    "resource": "collection",
    "mode": "mode",
    "requests": "requests",
    "rows_read": "read",
    "inserted": "new",
    "updated": "changed",
    "quarantined": "quarantined",
    "status": "status",
}
"""What the table of a load shows of each collection, and over which column."""
REPORTED = (
    *("source", "resource", "mode", "since", "requests", "rows_read"),
    *("inserted", "updated", "unchanged", "quarantined", "watermark"),
)


@dataclass(frozen=True)
class Stage:
    """One of the commands that read from Clio: who does the work, and how its end is told."""

    command: str
    runner: type[WholeRun]
    results: Callable[[WholeRun], list[dict[str, Any]]]
    text: Callable[[WholeRun], str]


def run_stage(stage: Stage, context: Context, names: Sequence[str], choice: Choice) -> Outcome:
    """Run a stage for the named products on the warehouse of the data folder.

    Without a name for every product that there is a token or a sign-in for.

    Raises:
        DemoFolderError: the folder holds the demo's firm, and this is not the demo.
        ClioError: nothing could be begun; what goes wrong later is in the outcome.

    """
    chosen, others = (names, []) if names else readable(context.settings)
    parts = shared_out(context.settings, chosen, choice)
    folder, clock = context.settings.data_dir, context.clock
    outcome = Outcome(stage.command, clock.now(), run_id=uuid4().hex)
    prepare_data_folder(folder)
    refuse_demo(context)
    # before anything is made: a load that cannot begin leaves no empty warehouse behind
    parts = _openable(context, parts, outcome)
    with (
        open_folder(
            context, stage.command, write=True, run_id=outcome.run_id, new=True
        ) as warehouse,
        context.reporter,
    ):
        if note := mirror.refresh_from(warehouse, folder, clock):
            context.reporter.note(note)
        for name in others:
            context.reporter.note(f"{name} is not read: there is no token and nobody is signed in")
        for part in parts:
            if context.stop.is_set():
                break
            if len(parts) > 1:
                outcome.text += f"{products.PRODUCT_NAMES[part.source]}\n\n"
            try:
                _run_part(stage, context, part, warehouse, outcome)
            except ClioError as error:
                if len(parts) == 1:
                    raise
                _failed(outcome, part, error)
                outcome.text += "Nothing was read; the reason stands below.\n\n"
    outcome.finished_at = clock.now()
    return outcome


def _openable(context: Context, parts: Sequence[Part], outcome: Outcome) -> list[Part]:
    """Return the products that can be opened; one that cannot does not keep the other from it.

    Raises:
        ClioError: none can.

    """
    found = []
    for part in parts:
        try:
            open_client(part.source, context.settings, context.clock, context.stop).close()
            found.append(part)
        except ClioError as error:
            if len(parts) == 1:
                raise
            _failed(outcome, part, error)
    if not found:
        raise outcome.errors[0][1]
    return found


def _failed(outcome: Outcome, part: Part, error: ClioError) -> None:
    """Note that one of several products could not be read."""
    outcome.errors.append((part.source, error))
    _worse(outcome, error.exit_code if error.exit_code in URGENCY else 4)


def _run_part(
    stage: Stage, context: Context, part: Part, warehouse: Warehouse, outcome: Outcome
) -> None:
    """Run a stage for one product, and add to the outcome how that ended."""
    with opened_runner(stage.runner, context, part, warehouse, outcome.run_id) as runner:
        for note in hashed_columns.note_changes(
            warehouse, part.source, runner.masks, context.clock.now()
        ):
            context.reporter.note(note)
        result = runner.run()
    outcome.results = [*outcome.results, *stage.results(runner)]
    outcome.errors += result.errors
    outcome.text += stage.text(runner)
    _worse(outcome, result.exit_code)


def _worse(outcome: Outcome, exit_code: int) -> None:
    outcome.exit_code = max(outcome.exit_code, exit_code, key=URGENCY.__getitem__)


@contextmanager
def opened_runner(
    kind: type[R], context: Context, part: Part, warehouse: Warehouse, run_id: str
) -> Iterator[R]:
    """Return a runner of a product on an open warehouse, with a client of its own.

    Raises:
        ClioError: the product cannot be opened.

    """
    options = context.settings.sources[part.source]
    product = products.product(part.source, options)
    with open_client(part.source, context.settings, context.clock, context.stop) as client:
        yield kind(
            product,
            warehouse,
            client,
            context.clock,
            run_id=run_id,
            choice=part.choice,
            reporter=context.reporter,
            stop=context.stop,
            masks=products.masks(product.catalog, options, context.settings.data_dir),
        )


def run_load(context: Context, names: Sequence[str], choice: Choice = EVERYTHING) -> Outcome:
    """Load the named products; raises as `run_stage` does."""
    return run_stage(LOAD, context, names, choice)


def _results(runner: WholeRun) -> list[dict[str, Any]]:
    result = runner.result
    return [
        {name: getattr(row, name) for name in REPORTED}
        | {"complete": result.complete[row.resource]}
        for row in result.rows
    ]


def _text(runner: WholeRun) -> str:
    result, parts = runner.result, []
    shown = [
        row
        for row in result.rows
        if row.inserted or row.updated or row.quarantined or row.status != "ok"
    ]
    if shown:
        cells = [[getattr(row, name) for name in SHOWN] for row in shown]
        parts.append(table([*SHOWN.values()], cells))
    rows, same = sum(r.rows_read for r in result.rows), len(result.rows) - len(shown)
    parts.append(
        f"{counted(len(result.rows), 'collection')}, {counted(rows, 'row')} read,"
        f" {counted(result.requests, 'request')}; {counted(same, 'collection')} had nothing new."
    )
    parts += left_over(result, [name for name, done in result.complete.items() if not done])
    if any(row.quarantined for row in result.rows):
        parts.append("What does not fit is kept out; clio-sync quarantine list shows it.")
    if runner.choice.accept_empty:
        parts.append(_accepted(runner))
    return "\n".join(parts) + "\n"


def left_over(
    result: Result, names: Iterable[str], what: str = "load", open_: str = "Not complete yet"
) -> Iterator[str]:
    """Tell what is not complete: what the next run goes on with, and what it will not get."""
    refused = {name for name, error in result.errors if isinstance(error, NOT_TO_BE_HAD)}
    left = frozenset(names)
    if waiting := sorted(left - refused):
        yield f"{open_}: {', '.join(waiting)}. The next {what} goes on there."
    if lost := sorted(left & refused):
        yield (
            f"Refused by Clio: {', '.join(lost)}. The next {what} asks again; to be read, they need"
            " what is said below and by clio-sync status --problems."
        )


def _accepted(runner: WholeRun) -> str:
    """Say what became of the empties that a person accepts: of a known column none are."""
    named = runner.choice.accept_empty
    resource, _, column = named.partition(".")
    mark = withheld.columns(runner.warehouse, runner.source).get(resource, {}).get(column)
    if mark is not None and mark.accepted:
        return (
            f"The empty values of {named} are accepted from now on. Where Clio shows its values"
            " again, clio-sync load --full takes them, and nothing is accepted any more."
        )
    return f"{named} is known: nothing of it is accepted, and empties are told when they come."


LOAD = Stage("load", Load, _results, _text)
