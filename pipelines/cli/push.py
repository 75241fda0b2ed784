"""`clio-sync plan`, `review`, `push`, `undo` and `audit`: proposed edits, on their way to Clio."""

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import NUMBER, command, main, wants_json

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@command(main, "plan")
@click.option(
    "--max-records", type=NUMBER, metavar="N", help="Allow up to N records (default 500)."
)
@click.option(
    "--max-share",
    type=click.IntRange(1, 100),
    metavar="P",
    help="Allow up to P percent of a collection's rows (default 5).",
)
@click.option(
    "--allow-bulk-value", is_flag=True, help="Allow one new value for more than 50 records."
)
@click.option("--allow-blank", is_flag=True, help="Allow filled fields to be emptied.")
@click.option(
    "--expires-in",
    type=click.IntRange(1, 168),
    metavar="HOURS",
    help="Hours the plan stays valid (default 24, at most 168).",
)
@click.option(
    "--again",
    is_flag=True,
    help="Plan edits again that are planned or approved; their old plan ends.",
)
def plan(  # noqa: PLR0913 - one parameter for each option
    context: "Context",
    *,
    max_records: int | None,
    max_share: int | None,
    allow_bulk_value: bool,
    allow_blank: bool,
    expires_in: int | None,
    again: bool,
) -> "Outcome":
    """Freeze the proposed edits into a plan to approve.

    The records are read again first; nothing is sent. What another person approves is this file,
    byte by byte.

    \b
    Examples:
      clio-sync plan
      clio-sync plan --max-records 800 --allow-blank
    """
    from pipelines.plan.guards import Limits
    from pipelines.plan.planning import run_plan

    given = {"max_records": max_records, "max_share": max_share, "expires_in": expires_in}
    numbers = {name: value for name, value in given.items() if value is not None}
    limits = Limits(allow_bulk_value=allow_bulk_value, allow_blank=allow_blank, **numbers)
    return run_plan(context, limits, again=again)


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


@command(main, "push")
@click.argument("plan")
@click.option(
    "--commit", default="", metavar="HASH12", help="Send it; the plan's hash confirms which."
)
@click.option("--canary", type=NUMBER, metavar="N", help="Send only the first N records.")
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
    "--last", default=200, type=NUMBER, metavar="N", help="Show the newest N events (default 200)."
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
