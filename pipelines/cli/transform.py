"""`clio-sync transform`: build the models that changed."""

from typing import TYPE_CHECKING

import click

from .base import command, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@command(main, "transform")
@click.option(
    "--select",
    multiple=True,
    metavar="+NAME+",
    help="Only this model; + before it: and what it needs; + behind it: and what needs it.",
)
@click.option("--full", is_flag=True, help="Build every model, changed or not.")
def transform(context: "Context", *, select: tuple[str, ...], full: bool) -> "Outcome":
    """Build the models that changed, and check them.

    Both are committed in one transaction.

    When a check fails, or the process dies, the last good build stays as it is. Exit code 2 if the
    files of the models are wrong, 7 if a check failed.

    \b
    Examples:
      clio-sync transform
      clio-sync transform --select +fct_bill+
      clio-sync transform --full --json
    """
    from pipelines.transform.run import ModelContext, run_transform

    return run_transform(ModelContext.of(context), select, full=full)
