"""`clio-sync sweep`: the proof that the warehouse equals Clio."""

from typing import TYPE_CHECKING

import click

from .base import allow_absent_option, command, main, product_argument, resource_option

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@command(main, "sweep")
@product_argument
@resource_option
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
def sweep(  # noqa: PLR0913 - one parameter for each option
    context: "Context",
    *,
    product: str | None,
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
    from pipelines.load.products import NAMES
    from pipelines.sweep.command import run_sweep

    choice = Choice(
        frozenset(resources), budget=budget, allow_absent=allow_absent, accept_user=accept_user
    )
    return run_sweep(context, [NAMES[product]] if product else [], choice)
