"""`clio-sync reconcile`: Clio compared with the warehouse."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import command, command_group, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


SAMPLE = 50


@command_group(main, "reconcile")
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
def reconcile(
    context: "Context", *, out: Path | None, ids: tuple[str, ...], sample: int, reports: bool
) -> "Outcome":
    """Compare Clio with the warehouse.

    One dated package of evidence is written. Nothing in Clio or in the warehouse is changed. Each
    comparison ends as match, within tolerance, moved during run, difference, or not run, with the
    reason. Exit code 7 if there is a difference that nobody accepted, 4 if Clio could not be asked.

    \b
    Examples:
      clio-sync reconcile
      clio-sync reconcile --out evidence-2026-10 --ids bills --ids activities
      clio-sync reconcile --sample 0 --json
      clio-sync reconcile --reports
    """
    from pipelines.reconcile.run import ReconcileOptions, run_reconcile

    walked = () if "all" in ids else ids
    return run_reconcile(context, ReconcileOptions(walked if ids else None, sample, out, reports))


@command(reconcile, "accept")
@click.argument("difference", metavar="ID")
@click.option("--reason", required=True, metavar="TEXT", help="Why it may stay as it is.")
def reconcile_accept(context: "Context", *, difference: str, reason: str) -> "Outcome":
    """Accept a difference of the last run.

    It is open again as soon as either side changes. Who accepted what, when and why is kept in the
    ledger.

    \b
    Examples:
      clio-sync reconcile accept 3f2a9c01d4e5 --reason "cheque of 31 October, cleared on the 2nd"
    """
    from pipelines.reconcile.run import run_accept

    if not reason.strip():
        message = "--reason says why it may stay as it is"
        raise click.UsageError(message)
    return run_accept(context, difference, reason)


@command(reconcile, "verify")
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
def reconcile_verify(context: "Context", *, folder: Path) -> "Outcome":
    """Check that a package is as it was written.

    Its files are checked, and its manifest in the ledger.

    Without this program, sha256sum -c SHA256SUMS checks the files.

    \b
    Examples:
      clio-sync reconcile verify data/reports/2026-10-31-3f2a9c01
    """
    from pipelines.reconcile.run import run_verify

    return run_verify(context, folder)
