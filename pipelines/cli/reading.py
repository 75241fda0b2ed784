"""The commands that read from Clio: load and sweep."""

import threading
from typing import TYPE_CHECKING

import click

from .base import allow_absent_option, call, common, main

if TYPE_CHECKING:
    from pipelines.outcome import Outcome


@main.command()
@click.argument("product", required=False, type=click.Choice(["manage", "grow"]))
@click.option(
    "--resource", "resources", multiple=True, metavar="NAME", help="Only this collection."
)
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
@common
def load(  # noqa: PLR0913, PLR0917 - one parameter for each option
    product: str | None,
    resources: tuple[str, ...],
    full: bool,  # noqa: FBT001 - click passes flags by name
    every: bool,  # noqa: FBT001
    budget: int | None,
    accept_empty: str,
    allow_absent: int | None,
    as_json: bool,  # noqa: FBT001
    debug: bool,  # noqa: FBT001
) -> None:
    """Load what changed in Clio since the last load.

    Without a product: each one that has a token or a sign-in.

    \b
    Examples:
      clio-sync load
      clio-sync load grow
      clio-sync load --resource matters --resource contacts
      clio-sync load --all --json
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.config import read_settings
        from pipelines.load.command import Run, run_load
        from pipelines.load.planning import Choice
        from pipelines.load.products import NAMES
        from pipelines.progress import reporter
        from sources.clio_http.clock import SystemClock

        choice = Choice(
            *(frozenset(resources), full, every, budget, allow_absent), accept_empty=accept_empty
        )
        names = [NAMES[product]] if product else []
        clock = SystemClock(stop)
        return run_load(Run(read_settings(), choice, clock, reporter(), stop), names)

    call("load", body, as_json=as_json, debug=debug)


@main.command()
@click.argument("product", required=False, type=click.Choice(["manage", "grow"]))
@click.option(
    "--resource", "resources", multiple=True, metavar="NAME", help="Only this collection."
)
@click.option(
    "--budget",
    type=click.IntRange(min=1),
    metavar="N",
    help="Send at most N requests to a product; the next sweep goes on where this one stopped.",
)
@click.option(
    "--accept-user", is_flag=True, help="Take this token's user and role for the right ones."
)
@allow_absent_option
@common
def sweep(  # noqa: PLR0913, PLR0917 - one parameter for each option
    product: str | None,
    resources: tuple[str, ...],
    budget: int | None,
    allow_absent: int | None,
    accept_user: bool,  # noqa: FBT001 - click passes flags by name
    as_json: bool,  # noqa: FBT001
    debug: bool,  # noqa: FBT001
) -> None:
    """Prove that the warehouse equals Clio: read everything, heal what differs, find deletions.

    Each collection that was read to its end gets a certificate in meta.certificates: ok; late,
    where changes became visible later than loads allow for; withheld, where the rows are proved
    and some values are not known; unequal, where a difference stays; guard, where so many rows
    were absent that none was marked as deleted. clio-sync status --problems says what to do.

    Without a product: each one that has a token or a sign-in.

    \b
    Examples:
      clio-sync sweep
      clio-sync sweep grow
      clio-sync sweep --budget 100
      clio-sync sweep --resource matters --json
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.config import read_settings
        from pipelines.load.command import Run
        from pipelines.load.planning import Choice
        from pipelines.load.products import NAMES
        from pipelines.progress import reporter
        from pipelines.sweep.command import run_sweep
        from sources.clio_http.clock import SystemClock

        choice = Choice(
            frozenset(resources), budget=budget, allow_absent=allow_absent, accept_user=accept_user
        )
        names = [NAMES[product]] if product else []
        clock = SystemClock(stop)
        return run_sweep(Run(read_settings(), choice, clock, reporter(), stop), names)

    call("sweep", body, as_json=as_json, debug=debug)
