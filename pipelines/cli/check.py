"""`clio-sync check`: the checks on the models."""

from typing import TYPE_CHECKING

import click

from .base import command, command_group, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@command_group(main, "check")
def check(context: "Context") -> "Outcome":
    """Run every check on the models as they are built. Nothing is built.

    The rows that are wrong are kept in meta.check_failures. Exit code 7 if a check failed. A check
    of what is not known says nothing: it neither passes nor fails.

    \b
    Examples:
      clio-sync check
      clio-sync check --json
      clio-sync check show ar_today_is_bill_balance
    """
    from pipelines.transform.run import ModelContext, run_check

    return run_check(ModelContext.of(context))


@command(check, "show")
@click.argument("name")
def check_show(context: "Context", *, name: str) -> "Outcome":
    """Show the rows that a check found last.

    With the names of matters, clients and users. NAME is as the check is named elsewhere; in
    quotes, since it may hold spaces and parentheses.

    \b
    Examples:
      clio-sync check show ar_today_is_bill_balance
      clio-sync check show 'core.fct_bill.not_null(bill_id, state, total, balance)'
      clio-sync check show bill_lines_add_up --json
    """
    from pipelines.transform.failing import run_check_show
    from pipelines.transform.run import ModelContext

    return run_check_show(ModelContext.of(context), name)
