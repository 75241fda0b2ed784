"""`clio-sync resources`: the collections that Clio has."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import command, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@command(main, "resources")
@click.option(
    "--diff",
    "other",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="OPENAPI.json",
    help="Say what another of Clio's OpenAPI documents adds, drops and changes.",
)
def resources(context: "Context", *, other: Path | None) -> "Outcome":
    """List the collections, and how each is loaded.

    Also how deletes are seen, and what may be written.

    \b
    Examples:
      clio-sync resources
      clio-sync resources --diff openapi.json
    """
    from pipelines.operate.resources import run_diff, run_resources

    if other is not None:
        return run_diff(other, context.clock)
    return run_resources(context.settings, context.clock)
