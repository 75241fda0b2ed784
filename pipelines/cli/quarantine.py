"""`clio-sync quarantine`: what of Clio is kept out, since it does not fit."""

from typing import TYPE_CHECKING

import click

from .base import command, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


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
