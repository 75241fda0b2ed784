"""`clio-sync load`: what changed in Clio since the last load."""

from typing import TYPE_CHECKING

import click

from .base import allow_absent_option, command, main, product_argument, resource_option

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


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
    product: str | None,
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
    from pipelines.load.products import NAMES

    choice = Choice(
        *(frozenset(resources), full, every, budget, allow_absent), accept_empty=accept_empty
    )
    return run_load(context, [NAMES[product]] if product else [], choice)
