"""The commands that compare Clio with the warehouse."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import call, common, main

if TYPE_CHECKING:
    from pipelines.load.command import Run
    from pipelines.outcome import Outcome

SAMPLE = 50


def _run(stop: threading.Event) -> "Run":
    from pipelines.config import read_settings
    from pipelines.load.command import Run
    from pipelines.load.planning import Choice
    from pipelines.progress import reporter
    from sources.clio_http.clock import SystemClock

    return Run(read_settings(), Choice(), SystemClock(stop), reporter(), stop)


@main.group(invoke_without_command=True)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the package is written; a folder of its own in DATA/reports by default.",
)
@click.option(
    "--ids",
    multiple=True,
    metavar="NAME",
    help="Also walk the ids of this collection, or of all: --ids all.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=0),
    default=SAMPLE,
    show_default=True,
    metavar="N",
    help="Ask Clio for so many records one by one, field by field.",
)
@click.option("--reports", is_flag=True, help="Also let Clio make its own reports, and tie out.")
@common
@click.pass_context
def reconcile(  # noqa: PLR0913, PLR0917 - one argument for each option
    context: click.Context,
    out: Path | None,
    ids: tuple[str, ...],
    sample: int,
    reports: bool,  # noqa: FBT001 - click passes flags by name
    as_json: bool,  # noqa: FBT001
    debug: bool,  # noqa: FBT001
) -> None:
    """Compare Clio with the warehouse, and write one dated package of evidence.

    Nothing in Clio or in the warehouse is changed. Each comparison ends as match, within
    tolerance, moved during run, difference, or not run, with the reason. Exit code 7 if there is a
    difference that nobody accepted, 4 if Clio could not be asked.

    \b
    Examples:
      clio-sync reconcile
      clio-sync reconcile --out evidence-2026-10 --ids bills --ids activities
      clio-sync reconcile --sample 0 --json
      clio-sync reconcile --reports
    """
    if context.invoked_subcommand is not None:
        return

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.reconcile.run import ReconcileOptions, run_reconcile

        walked = () if "all" in ids else ids
        return run_reconcile(
            _run(stop), ReconcileOptions(walked if ids else None, sample, out, reports)
        )

    call("reconcile", body, as_json=as_json, debug=debug)


@reconcile.command("accept")
@click.argument("difference", metavar="ID")
@click.option("--reason", required=True, metavar="TEXT", help="Why it may stay as it is.")
@common
def reconcile_accept(
    difference: str,
    reason: str,
    as_json: bool,  # noqa: FBT001 - click passes flags by name
    debug: bool,  # noqa: FBT001
) -> None:
    """Accept a difference of the last run. It is open again as soon as either side changes.

    Who accepted what, when and why is kept in the ledger.

    \b
    Examples:
      clio-sync reconcile accept 3f2a9c01d4e5 --reason "cheque of 31 October, cleared on the 2nd"
    """
    if not reason.strip():
        raise click.UsageError("--reason says why it may stay as it is")  # noqa: EM101, TRY003 - told once

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.reconcile.run import run_accept

        return run_accept(_run(stop), difference, reason)

    call("reconcile accept", body, as_json=as_json, debug=debug)


@reconcile.command("verify")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@common
def reconcile_verify(folder: Path, as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """Check that a package is as it was written: its files, and its manifest in the ledger.

    Without this program, sha256sum -c SHA256SUMS checks the files.

    \b
    Examples:
      clio-sync reconcile verify data/reports/2026-10-31-3f2a9c01
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.reconcile.run import run_verify

        return run_verify(_run(stop), folder)

    call("reconcile verify", body, as_json=as_json, debug=debug)
