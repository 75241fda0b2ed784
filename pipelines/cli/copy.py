"""`clio-sync copy`: tables into another database."""

from typing import TYPE_CHECKING

import click

from .base import command, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@command(main, "copy")
@click.argument("destination")
def copy(context: "Context", *, destination: str) -> "Outcome":
    """Copy raw tables and marts into another database.

    What changed since the last copy is copied.

    DESTINATION is postgres. Its address is dlt's setting DESTINATION__POSTGRES__CREDENTIALS, and
    its driver a package that is installed beside clio-sync. Nothing is copied while a check fails.

    \b
    Examples:
      clio-sync copy postgres
      clio-sync copy postgres --json
    """
    from pipelines.publish.copy import run_copy
    from pipelines.transform.run import ModelContext

    return run_copy(ModelContext.of(context), destination)
