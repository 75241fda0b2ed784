"""`clio-sync review`: approve or reject what a plan holds."""

import signal
import sys
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
def review(
    context: "Context",
    *,
    plan: str,
    approve: tuple[str, ...],
    reject: tuple[str, ...],
    comment: str,
) -> "Outcome":
    """Approve or reject the edits of a plan.

    Nobody approves their own edits. Without --approve and --reject the plan is shown and asked
    about. PLAN is a path or the beginning of a hash.

    \b
    Examples:
      clio-sync review 3f2a9c41d0be
      clio-sync review 3f2a9c41d0be --approve all --comment "checked against the file"
      clio-sync review 3f2a9c41d0be --reject 7be1f00c2a9d
    """
    from pipelines.plan.review import ReviewAnswer, run_review, show_plan

    answer = ReviewAnswer(approve, reject, comment)
    if not approve and not reject:
        found, text = show_plan(context, plan)
        click.echo(text, err=wants_json())
        if _says_yes(f"Approve all {len(found.edits):,} edits of plan {found.short}?"):
            answer = ReviewAnswer(("all",), (), comment)
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
