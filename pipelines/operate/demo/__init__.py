"""The demo: a simulated Clio on loopback, both products, loaded, changed, proved and corrected."""

import shutil
from dataclasses import replace
from pathlib import Path

from pipelines.errors import NotADemoError
from pipelines.ledger.ledger import FILE as LEDGER
from pipelines.ledger.ledger import HEAD
from pipelines.load.command import run_load
from pipelines.outcome import Outcome
from pipelines.sweep.command import run_sweep
from pipelines.transform.run import ModelContext
from pipelines.warehouse import DEMO_MARK, FILE, prepare_data_folder, writer_lock
from sources.clio_simulator import SimulatedClock, Simulator

from . import edits, evidence, figures, loads, proof
from .firm import BOTH, FIRM, change, change_unseen, pointed_at

EXAMPLE = "select * from raw_clio_manage.matters"
EARLIER = (FILE, FILE + ".wal", "epoch.json", LEDGER, LEDGER + "-wal", LEDGER + "-shm", HEAD)
EARLIER_FOLDERS = ("plans", "published", "reports")


def run_demo(context: ModelContext) -> Outcome:
    """Load the invented firm twice, with changes between; prove, correct and publish the result.

    Raises:
        NotADemoError: the data folder holds another firm's warehouse.

    """
    folder, clock, reporter = context.settings.data_dir, context.clock, context.reporter
    prepare_data_folder(folder)
    with writer_lock(folder, "demo", clock.now()):
        _clear(folder)
    with Simulator(FIRM, clock=SimulatedClock.real(), rate_limit=0) as clio:
        here = replace(context, settings=pointed_at(context.settings, clio), into_demo=True)
        reporter.note(f"A simulated Clio runs at {clio.url}, Manage and Grow.")
        first = run_load(here, BOTH)
        reporter.note("The firm changes: a matter is closed, time is added, a phone call is noted.")
        change(clio)
        second = run_load(here, BOTH)
        reporter.note("A task is deleted, and a note changes without a new timestamp: no load can")
        reporter.note("see either. The sweep reads everything again and proves what it holds.")
        change_unseen(clio)
        swept = run_sweep(here, BOTH)
        reporter.note("Three corrections are sent back to Clio; a colleague is faster with one.")
        corrected = edits.show(here, clio)
        reporter.note("The models are built and checked, and what they say is published.")
        published = figures.show(here)
        reporter.note("Clio makes its own reports, and everything is compared with them.")
        compared = evidence.show(here)
    steps = (first, second, swept, corrected, published, compared)
    outcome = Outcome("demo", first.started_at, clock.now(), run_id=second.run_id)
    outcome.errors = [error for step in steps for error in step.errors]
    outcome.exit_code = max(step.exit_code for step in steps)
    outcome.results = [*first.results, *second.results, *swept.results, *published.results]
    parts = [loads.text(folder, first, second), proof.text(folder, swept), corrected.text]
    outcome.text = "".join([*parts, published.text, compared.text, _next(folder)])
    return outcome


def _clear(folder: Path) -> None:
    """Remove an earlier demo, and nothing but a demo."""
    if (folder / FILE).exists() and not (folder / DEMO_MARK).exists():
        raise NotADemoError
    for name in EARLIER:
        (folder / name).unlink(missing_ok=True)
    for name in EARLIER_FOLDERS:
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / DEMO_MARK).write_text("This folder holds the demo of clio-sync.\n", "utf-8")


def _next(folder: Path) -> str:
    return "\n".join(
        [
            "",
            f"The warehouse is {folder / FILE}. Next:",
            "  clio-sync status",
            '  clio-sync sql "from bi.firm_month order by month_start"',
            f"  duckdb {folder / FILE} '{EXAMPLE}'",
            "  clio-sync resources",
            "",
        ],
    )
