"""`clio-sync status`: each collection, and how far it is complete."""

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from .base import command, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


MOST_DIGITS = 6


class Age(click.ParamType[timedelta]):
    """A length of time, such as 90m."""

    name = "age"

    def convert(
        self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Read a number and m, h or d."""
        if isinstance(value, timedelta):
            return value
        units = {"m": "minutes", "h": "hours", "d": "days"}
        number, unit = value[:-1], value[-1:]
        if not number.isdecimal() or len(number) > MOST_DIGITS or unit not in units:
            self.fail("a number of minutes, hours or days, such as 90m, 2h or 1d", param, ctx)
        return timedelta(**{units[unit]: int(number)})


@command(main, "status")
@click.option(
    "--max-age",
    type=Age(),
    metavar="AGE",
    help="Exit with 7 if data is older, such as 90m, 2h or 1d.",
)
@click.option(
    "--problems",
    is_flag=True,
    help="Show only what is not known, since when, why, and what mends it.",
)
def status(context: "Context", *, max_age: timedelta | None, problems: bool) -> "Outcome":
    """Show how new and how complete each collection is.

    \b
    Examples:
      clio-sync status --json
      clio-sync status --max-age 2h
      clio-sync status --problems
    """
    from pipelines.operate.status import run_problems, run_status

    if problems:
        return run_problems(context.settings, context.clock)
    return run_status(context.settings, context.clock, max_age)
