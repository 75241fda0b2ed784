"""`clio-sync plan`: the proposed edits, frozen into what is to be sent."""

from typing import TYPE_CHECKING

import click

from .base import command, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@command(main, "plan")
@click.option(
    "--max-records",
    type=click.IntRange(min=1),
    metavar="N",
    help="Allow up to N records (default 500).",
)
@click.option(
    "--max-share",
    type=click.IntRange(1, 100),
    metavar="P",
    help="Allow up to P percent of a collection's rows (default 5).",
)
@click.option(
    "--allow-bulk-value", is_flag=True, help="Allow one new value for more than 50 records."
)
@click.option("--allow-blank", is_flag=True, help="Allow filled fields to be emptied.")
@click.option(
    "--expires-in",
    type=click.IntRange(1, 168),
    metavar="HOURS",
    help="Hours the plan stays valid (default 24, at most 168).",
)
@click.option(
    "--again",
    is_flag=True,
    help="Plan edits again that are planned or approved; their old plan ends.",
)
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
    """Freeze the proposed edits into a plan to approve.

    The records are read again first; nothing is sent. What another person approves is this file,
    byte by byte.

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
