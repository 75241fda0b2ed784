"""The commands that read from Clio: open everything, run for each product, close everything."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sources.clio_http.clock import Clock
from sources.errors import ConfigurationError

from . import products
from .config import Settings
from .epoch import check_epoch
from .errors import DemoFolderError
from .load import URGENCY, Load, Runner
from .outcome import Outcome, table
from .plans import Choice
from .progress import Lines
from .warehouse import DEMO_MARK, Warehouse, prepare_data_folder, writer_lock

REPORTED = (
    "source",
    "resource",
    "mode",
    "since",
    "requests",
    "rows_read",
    "inserted",
    "updated",
    "unchanged",
    "quarantined",
    "watermark",
)


HEADINGS = {
    "resource": "collection",
    "rows_read": "read",
    "inserted": "new",
    "updated": "changed",
}
SHOWN = (
    "resource",
    "mode",
    "requests",
    "rows_read",
    "inserted",
    "updated",
    "quarantined",
    "status",
)


@dataclass(frozen=True)
class Run:
    """What a run of the loader works with."""

    settings: Settings
    choice: Choice
    clock: Clock
    reporter: Lines
    stop: threading.Event


@dataclass(frozen=True)
class Stage:
    """One of the commands that read from Clio: who does the work, and how its end is told."""

    command: str
    runner: type[Runner]
    results: Callable[[Runner], list[dict[str, Any]]]
    text: Callable[[Runner], str]


def run_stage(stage: Stage, run: Run, names: Sequence[str], *, into_demo: bool = False) -> Outcome:
    """Run a stage for the named products on the warehouse of the data folder.

    Raises:
        DemoFolderError: the folder holds the demo's firm, and this is not the demo.
        ClioError: nothing could be begun; what goes wrong later is in the outcome.

    """
    if run.choice.allow_absent is not None and len(run.choice.resources) != 1:
        message = "--allow-absent needs exactly one --resource: it is a decision about one list"
        raise ConfigurationError(message)
    folder, clock = run.settings.data_dir, run.clock
    outcome = Outcome(stage.command, clock.now(), run_id=uuid4().hex)
    prepare_data_folder(folder)
    if (folder / DEMO_MARK).exists() and not into_demo:
        raise DemoFolderError
    for name in names:
        # before anything is made: a load that cannot begin leaves no empty warehouse behind
        products.client(name, run.settings, run.clock, run.stop).close()
    with (
        writer_lock(folder, stage.command, clock.now()),
        Warehouse(folder) as warehouse,
        run.reporter,
    ):
        if note := check_epoch(warehouse, folder, clock.now(), outcome.run_id):
            run.reporter.note(note)
        for name in names:
            with _runner(stage, run, name, warehouse, outcome.run_id) as runner:
                result = runner.run()
            outcome.results = [*outcome.results, *stage.results(runner)]
            outcome.errors += result.errors
            outcome.exit_code = max(outcome.exit_code, result.exit_code, key=URGENCY.__getitem__)
            outcome.text += stage.text(runner)
    outcome.finished_at = clock.now()
    return outcome


@contextmanager
def _runner(
    stage: Stage, run: Run, name: str, warehouse: Warehouse, run_id: str
) -> Iterator[Runner]:
    options = run.settings.sources[name]
    product = products.product(name, options)
    unknown = sorted(run.choice.resources - set(product.catalog.loaded))
    if unknown:
        message = f"unknown resource {unknown[0]}; clio-sync resources lists the valid names"
        raise ConfigurationError(message)
    switched_off = sorted(run.choice.resources & product.off)
    if switched_off:
        message = f"{switched_off[0]} is off; name it in sources.{name}.on to load it"
        raise ConfigurationError(message)
    with products.client(name, run.settings, run.clock, run.stop) as client:
        yield stage.runner(
            product,
            warehouse,
            client,
            run.clock,
            run_id=run_id,
            choice=run.choice,
            reporter=run.reporter,
            stop=run.stop,
            masks=products.masks(product.catalog, options, run.settings.data_dir),
        )


def run_load(run: Run, names: Sequence[str], *, into_demo: bool = False) -> Outcome:
    """Load the named products; raises as `run_stage` does."""
    return run_stage(LOAD, run, names, into_demo=into_demo)


def _results(runner: Runner) -> list[dict[str, Any]]:
    result = runner.result
    return [
        {name: getattr(row, name) for name in REPORTED}
        | {"complete": result.complete[row.resource]}
        for row in result.rows
    ]


def _text(runner: Runner) -> str:
    result = runner.result
    shown = [
        row
        for row in result.rows
        if row.inserted or row.updated or row.quarantined or row.status != "ok"
    ]
    parts = []
    if shown:
        header = [HEADINGS.get(name, name) for name in SHOWN]
        parts.append(table(header, [[getattr(row, name) for name in SHOWN] for row in shown]))
    rows, same = sum(r.rows_read for r in result.rows), len(result.rows) - len(shown)
    waiting = sorted(name for name, done in result.complete.items() if not done)
    parts.append(
        f"{len(result.rows)} collections, {rows:,} rows read, {result.requests:,} requests;"
        f" {same} collections had nothing new.",
    )
    if waiting:
        parts.append(f"Not complete yet: {', '.join(waiting)}. The next load goes on there.")
    if any(row.quarantined for row in result.rows):
        parts.append("Rows that do not fit their table are kept in meta.quarantine.")
    return "\n".join(parts) + "\n"


LOAD = Stage("load", Load, _results, _text)
