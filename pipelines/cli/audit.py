"""`clio-sync audit`: the ledger, and whether it is whole."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import command, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@main.group("audit")
def audit() -> None:
    """Look at the ledger, and check that it is whole.

    It keeps who proposed and approved what, and what was sent.

    \b
    Examples:
      clio-sync audit show --last 50
      clio-sync audit verify --head 212:9f86d081884c7d659a2feaa0c55ad015
    """


@command(audit, "show")
@click.option(
    "--last",
    default=200,
    type=click.IntRange(min=1),
    metavar="N",
    help="Show the newest N events (default 200).",
)
@click.option("--plan", default="", metavar="HASH", help="Show only events of this plan.")
@click.option("--edit", default="", metavar="EDIT", help="Show only events of this edit.")
def audit_show(context: "Context", *, last: int, plan: str, edit: str) -> "Outcome":
    """Print the events of the ledger.

    Values in them are shown by their hashes.

    \b
    Example:
      clio-sync audit show --plan 3f2a9c41d0be
    """
    from pipelines.push.audit import run_show

    return run_show(context, last, plan, edit)


@command(audit, "verify")
@click.option("--head", default="", metavar="HEAD", help="A head that you kept elsewhere.")
@click.option(
    "--keys",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Public keys, one in a line: every write has to be approved by one.",
)
def audit_verify(context: "Context", *, head: str, keys: Path | None) -> "Outcome":
    """Check every event of the ledger.

    With --head also that it still holds a head that was printed before. With --keys also that
    each approval is signed by one of these keys; that needs the ledger alone, on any machine.

    \b
    Examples:
      clio-sync audit verify --head 212:9f86d081884c7d659a2feaa0c55ad015
      clio-sync audit verify --keys approvers.pub
    """
    from pipelines.push.audit import run_verify

    return run_verify(context, head, keys)


@command(audit, "accept")
def audit_accept(context: "Context") -> "Outcome":
    """Go on with a ledger whose end is lost.

    For where no backup of it is left; it is recorded. An event that was changed is never accepted.

    \b
    Example:
      clio-sync audit accept
    """
    from pipelines.push.audit import run_accept

    return run_accept(context)
