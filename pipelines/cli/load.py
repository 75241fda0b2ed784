"""`clio-sync load`, `sweep`, `sync`, `quarantine`, `reconcile`: Clio read, proved and compared."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import FOLDER, NUMBER, command, command_group, main, partial_option, product_argument

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome

SAMPLE = 50
resource_option = click.option(
    "--resource", "resources", multiple=True, metavar="NAME", help="Only this collection."
)
allow_absent_option = click.option(
    "--allow-absent",
    type=NUMBER,
    metavar="N",
    help="Take up to N absent rows of the one named collection for deleted.",
)


@command(main, "load")
@product_argument
@resource_option
@click.option("--full", is_flag=True, help="Read every row again, changed or not.")
@click.option("--all", "every", is_flag=True, help="Also read what is due only once a day.")
@click.option(
    "--budget",
    type=click.IntRange(min=0),
    metavar="N",
    help="Read at most N parents' lists of a product (matter contacts, notes ...).",
)
@click.option(
    "--accept-empty",
    default="",
    metavar="RESOURCE.COLUMN",
    help="Take the empty values of this withheld column as they come, until they are back.",
)
@allow_absent_option
def load(  # noqa: PLR0913 - one parameter for each option
    context: "Context",
    *,
    sources: list[str],
    resources: tuple[str, ...],
    full: bool,
    every: bool,
    budget: int | None,
    accept_empty: str,
    allow_absent: int | None,
) -> "Outcome":
    """Load what changed in Clio since the last load.

    Without a product: each one that has a token or a sign-in.

    \b
    Examples:
      clio-sync load
      clio-sync load grow
      clio-sync load --resource matters --resource contacts
      clio-sync load --all --json
    """
    from pipelines.load.command import run_load
    from pipelines.load.planning import Choice

    choice = Choice(
        *(frozenset(resources), full, every, budget, allow_absent), accept_empty=accept_empty
    )
    return run_load(context, sources, choice)


@command(main, "sweep")
@product_argument
@resource_option
@click.option(
    "--budget",
    type=NUMBER,
    metavar="N",
    help="Send at most N requests to a product; the next sweep goes on where this one stopped.",
)
@click.option(
    "--accept-user", is_flag=True, help="Take this token's user and role for the right ones."
)
@allow_absent_option
def sweep(  # noqa: PLR0913 - one parameter for each option
    context: "Context",
    *,
    sources: list[str],
    resources: tuple[str, ...],
    budget: int | None,
    allow_absent: int | None,
    accept_user: bool,
) -> "Outcome":
    """Prove that the warehouse equals Clio.

    Everything is read; what differs is healed, and deletions are found. Each collection that was
    read to its end gets a certificate in meta.certificates: ok; late, where changes became visible
    later than loads allow for; withheld, where the rows are proved and some values are not known;
    unequal, where a difference stays; guard, where so many rows were absent that none was marked as
    deleted. clio-sync status --problems says what to do.

    Without a product: each one that has a token or a sign-in.

    \b
    Examples:
      clio-sync sweep
      clio-sync sweep grow
      clio-sync sweep --budget 100
      clio-sync sweep --resource matters --json
    """
    from pipelines.load.planning import Choice
    from pipelines.sweep.command import run_sweep

    choice = Choice(
        frozenset(resources), budget=budget, allow_absent=allow_absent, accept_user=accept_user
    )
    return run_sweep(context, sources, choice)


@command(main, "sync")
@product_argument
@click.option(
    "--reconcile",
    "level",
    type=click.Choice(["light"]),
    help="Then compare Clio with the warehouse: control totals, and a sample of 50 records.",
)
@partial_option
def sync(context: "Context", *, sources: list[str], level: str | None, partial: bool) -> "Outcome":
    """Load, transform, check and publish.

    This is the one command for a schedule. Exit code 4 if the load is incomplete. Exit code 5 if
    Clio no longer shows values or rows that it showed before: they stay as they were last known. In
    both cases what is stored is sound, and it is published all the same, if the checks pass.

    A load that cannot begin ends it before anything is built, and so does one after which a person
    must decide, with 5 too: so much is absent that it may be deleted, or the account is another
    one. A check that fails, with 7, ends it before anything is published. Where nothing is
    published the output says "Nothing was published"; with --json the stage publish has no results.

    With --reconcile light exit code 7 also if Clio and the warehouse differ in something that
    nobody accepted; what was published stays. A package is written where that is news.

    \b
    Examples:
      clio-sync sync
      clio-sync sync manage --json
      clio-sync sync --reconcile light
    """
    from pipelines.operate.sync import run_sync
    from pipelines.reconcile.run import LIGHT
    from pipelines.transform.run import ModelContext

    wish = LIGHT if level else None
    return run_sync(ModelContext.of(context), sources, wish, partial=partial)


@main.group()
def quarantine() -> None:
    """Look at what does not fit, and read it again.

    \b
    Examples:
      clio-sync quarantine list
      clio-sync quarantine retry
    """


@command(quarantine, "list")
def quarantine_list(context: "Context") -> "Outcome":
    """List the rows and values that are kept out.

    With the reason, and since when.

    \b
    Examples:
      clio-sync quarantine list
      clio-sync quarantine list --json
    """
    from pipelines.operate.quarantine import run_list

    return run_list(context.settings, context.clock)


@command(quarantine, "show")
@click.argument("resource", metavar="COLLECTION")
@click.argument("record", metavar="ID")
def quarantine_show(context: "Context", *, resource: str, record: str) -> "Outcome":
    """Show what of one record is kept out, exactly as it was received.

    What is shown may be confidential: it is what stands in Clio.

    \b
    Example:
      clio-sync quarantine show activities 81203344
    """
    from pipelines.operate.quarantine import run_show

    return run_show(context.settings, context.clock, resource, record)


@command(quarantine, "retry")
@click.argument("resource", required=False, metavar="[COLLECTION]")
def quarantine_retry(context: "Context", *, resource: str | None) -> "Outcome":
    """Read again what is kept out.

    Each record is asked for by its id; what fits by now is stored. Exit code 4 while something
    stays kept out.

    \b
    Examples:
      clio-sync quarantine retry
      clio-sync quarantine retry activities
    """
    from pipelines.operate.quarantine import run_retry

    return run_retry(context, resource)


@command_group(main, "reconcile")
@click.option(
    "--out",
    type=FOLDER,
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
@click.argument("folder", metavar="DIR", type=FOLDER)
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
