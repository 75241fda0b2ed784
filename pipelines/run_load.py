"""The `load` command: open everything, load each product, close everything."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sources.clio_http.clock import Clock
from sources.errors import ConfigurationError

from . import products
from .config import Settings
from .errors import DemoFolderError
from .load import Load, LoadResult
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


def run_load(run: Run, names: Sequence[str], *, into_demo: bool = False) -> Outcome:
    """Load the named products into the warehouse of the data folder.

    Raises:
        DemoFolderError: the folder holds the demo's firm, and this is not the demo.
        ClioError: nothing could be begun; what goes wrong later is in the outcome.

    """
    folder, clock = run.settings.data_dir, run.clock
    outcome = Outcome("load", clock.now(), run_id=uuid4().hex)
    prepare_data_folder(folder)
    if (folder / DEMO_MARK).exists() and not into_demo:
        raise DemoFolderError
    for name in names:
        # before anything is made: a load that cannot begin leaves no empty warehouse behind
        products.client(name, run.settings, run.clock, run.stop).close()
    with (
        writer_lock(folder, "load", clock.now()),
        Warehouse(folder) as warehouse,
        run.reporter,
    ):
        for name in names:
            result = _load(run, name, warehouse, outcome.run_id)
            outcome.results = [*outcome.results, *_results(result)]
            outcome.errors += result.errors
            outcome.exit_code = max(outcome.exit_code, result.exit_code, key=_urgency)
            outcome.text += _text(result)
    outcome.finished_at = clock.now()
    return outcome


def _urgency(code: int) -> int:
    """Order exit codes: signing in comes before running again."""
    return {0: 0, 4: 1, 3: 2}.get(code, 3)


def _load(run: Run, name: str, warehouse: Warehouse, run_id: str) -> LoadResult:
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
        load = Load(
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
        return load.run()


def _results(result: LoadResult) -> list[dict[str, Any]]:
    return [
        {name: getattr(row, name) for name in REPORTED}
        | {"complete": result.complete[row.resource]}
        for row in result.rows
    ]


def _text(result: LoadResult) -> str:
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
