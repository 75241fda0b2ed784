"""`clio-sync push`: send what is approved."""

from typing import TYPE_CHECKING

import click

from .base import command, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@command(main, "push")
@click.argument("plan")
@click.option(
    "--commit", default="", metavar="HASH12", help="Send it; the plan's hash confirms which."
)
@click.option(
    "--canary", type=click.IntRange(min=1), metavar="N", help="Send only the first N records."
)
@click.option("--probe", is_flag=True, help="Only test whether Clio refuses a wrong etag.")
def push(
    context: "Context", *, plan: str, commit: str, canary: int | None, probe: bool
) -> "Outcome":
    """Send the approved edits of a plan to Clio.

    Exactly as they were frozen; without --commit they are only shown.

    One PATCH for each record, guarded by its etag, one at a time. A file STOP in the data folder
    ends it before the next one. Run it again after whatever went wrong: it finds out first what
    came of the last one, and sends nothing twice.

    --probe sends no edit and needs no approval. To each collection of the plan that is not known to
    be guarded it sends one empty write with a tag that no record has, which Clio must refuse, and
    keeps in the ledger whether it did.

    \b
    Examples:
      clio-sync push 3f2a9c41d0be
      clio-sync push 3f2a9c41d0be --commit 3f2a9c41d0be --canary 5
      clio-sync push 3f2a9c41d0be --probe
    """
    from pipelines.push.command import run_push
    from pipelines.push.if_match_probe import run_probe

    if probe and (commit or canary):
        message = "--probe sends no edit: leave out --commit and --canary"
        raise click.UsageError(message)
    if probe:
        return run_probe(context, plan)
    return run_push(context, plan, commit, canary)
