"""`clio-sync undo`: propose the inverse of what a plan changed."""

from typing import TYPE_CHECKING

import click

from .base import command, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@command(main, "undo")
@click.argument("plan")
def undo(context: "Context", *, plan: str) -> "Outcome":
    """Propose to take back what a plan changed.

    For fields that still hold the value that was sent. Nothing is sent: the edits go the usual
    road, plan, review and push.

    \b
    Example:
      clio-sync undo 3f2a9c41d0be
    """
    from pipelines.push.undo import run_undo

    return run_undo(context, plan)
