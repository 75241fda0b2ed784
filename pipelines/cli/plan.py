"""`clio-sync plan`: the proposed edits, frozen into what is to be sent."""

from typing import TYPE_CHECKING

import click

from .base import command, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@command(main, "plan")
@click.option("--max-records", type=click.IntRange(min=1), metavar="N", help="Not 500 at most.")
@click.option(
    "--max-share",
    type=click.IntRange(1, 100),
    metavar="P",
    help="Percent of a collection's rows at most, not 5.",
)
@click.option("--allow-bulk-value", is_flag=True, help="One new value for more than 50 records.")
@click.option("--allow-blank", is_flag=True, help="Let filled fields be emptied.")
@click.option(
    "--expires-in", type=click.IntRange(min=1), metavar="HOURS", help="Valid so long, not 24."
)
@click.option("--again", is_flag=True, help="Also what is planned or approved; that ends then.")
def plan(  # noqa: PLR0913 - one parameter for each option
    context: "Context",
    *,
    max_records: int | None,
    max_share: int | None,
    allow_bulk_value: bool,
    allow_blank: bool,
    expires_in: int | None,
    again: bool,
) -> "Outcome":
    """Read the records of the proposed edits anew, and freeze what is to be sent.

    Nothing is sent. What another person approves is this file, byte by byte.

    \b
    Examples:
      clio-sync plan
      clio-sync plan --max-records 800 --allow-blank
    """
    from pipelines.plan.guards import Limits
    from pipelines.plan.planning import run_plan

    given = {"max_records": max_records, "max_share": max_share, "expires_in": expires_in}
    numbers = {name: value for name, value in given.items() if value is not None}
    limits = Limits(allow_bulk_value=allow_bulk_value, allow_blank=allow_blank, **numbers)
    return run_plan(context, limits, again=again)
