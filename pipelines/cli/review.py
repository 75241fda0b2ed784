"""`clio-sync review`: approve or reject what a plan holds."""

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import command, main, wants_json

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@command(main, "review")
@click.argument("plan")
@click.option(
    "--approve", multiple=True, metavar="all|EDIT", help="Approve all edits, or this one."
)
@click.option("--reject", multiple=True, metavar="EDIT", help="Reject this edit.")
@click.option("--comment", default="", metavar="C", help="A comment that the ledger keeps.")
@click.option(
    "--sign",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="KEY",
    help="Sign it with this SSH key, or with an agent that holds it.",
)
@click.option(
    "--export",
    "out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write what an approver signs elsewhere; record nothing.",
)
@click.option(
    "--import",
    "signed",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Record an exported FILE whose signature lies in FILE.sig.",
)
def review(  # noqa: PLR0913 - one parameter for each option
    context: "Context",
    *,
    plan: str,
    approve: tuple[str, ...],
    reject: tuple[str, ...],
    comment: str,
    sign: Path | None,
    out: Path | None,
    signed: Path | None,
) -> "Outcome":
    """Approve or reject the edits of a plan.

    Nobody approves their own edits. Without --approve and --reject the plan is shown and asked
    about. PLAN is a path or the beginning of a hash.

    Where approvals have to be signed, --sign does it here. To sign on another machine: --approve
    all --export FILE, there ssh-keygen -Y sign -n clio-sync-plan -f KEY FILE, and here --import
    FILE.

    \b
    Examples:
      clio-sync review 3f2a9c41d0be
      clio-sync review 3f2a9c41d0be --approve all --comment "checked against the file"
      clio-sync review 3f2a9c41d0be --reject 7be1f00c2a9d
      clio-sync review 3f2a9c41d0be --approve all --sign ~/.ssh/id_ed25519
      clio-sync review 3f2a9c41d0be --approve all --export plan.review
    """
    from pipelines.plan.review import (
        ReviewAnswer,
        run_export,
        run_import,
        run_review,
        show_plan,
    )

    answer = ReviewAnswer(approve, reject, comment, sign)
    if signed is not None:
        if approve or reject or comment or sign or out:
            message = "--import records what was signed: leave out the other options"
            raise click.UsageError(message)
        return run_import(context, plan, signed)
    if out is not None:
        if sign or not (approve or reject):
            message = "--export needs --approve or --reject, and no --sign"
            raise click.UsageError(message)
        return run_export(context, plan, answer, out)
    if not approve and not reject:
        found, text = show_plan(context, plan)
        click.echo(text, err=wants_json())
        if _says_yes(f"Approve all {len(found.edits):,} edits of plan {found.short}?"):
            answer = ReviewAnswer(("all",), (), comment, sign)
    return run_review(context, plan, answer)


def _says_yes(question: str) -> bool:
    """Ask; anything but a plain yes of a person at a terminal means no."""
    if not sys.stdin.isatty():
        return False
    # here Ctrl-C answers the question; everywhere else it ends the run at the next safe point
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        click.echo(f"{question} Type yes: ", err=True, nl=False)
        return sys.stdin.readline().strip().casefold() == "yes"
    except (KeyboardInterrupt, EOFError, OSError):
        return False
    finally:
        signal.signal(signal.SIGINT, before)
