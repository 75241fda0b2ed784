"""`clio-sync models`: what the models mean."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import command, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@main.group()
def models() -> None:
    """See which models there are, and what they mean.

    \b
    Examples:
      clio-sync models ls
      clio-sync models show fct_bill
      clio-sync models docs --out models.html
    """


@command(models, "ls")
def models_ls(context: "Context") -> "Outcome":
    """List the models in the order in which they are built.

    \b
    Examples:
      clio-sync models ls
      clio-sync models ls --json
    """
    from pipelines.transform.listing import run_ls
    from pipelines.transform.run import ModelContext

    return run_ls(ModelContext.of(context))


@command(models, "show")
@click.argument("name")
def models_show(context: "Context", *, name: str) -> "Outcome":
    """Show one model.

    What it is, its columns, its checks, what it reads and what reads it.

    \b
    Examples:
      clio-sync models show fct_bill
      clio-sync models show core.fct_bill --json
    """
    from pipelines.transform.listing import run_show
    from pipelines.transform.run import ModelContext

    return run_show(ModelContext.of(context), name)


@command(models, "docs")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where the page is written; models.html by default.",
)
def models_docs(context: "Context", *, out: Path | None) -> "Outcome":
    """Write one HTML page of all models.

    With definitions and lineage; it needs no network.

    \b
    Examples:
      clio-sync models docs
      clio-sync models docs --out /tmp/models.html
    """
    from pipelines.transform.listing import run_docs
    from pipelines.transform.run import ModelContext

    return run_docs(ModelContext.of(context), out)
