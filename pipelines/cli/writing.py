"""The commands that bring approved corrections back to Clio."""

import signal
import sys
import threading
from typing import TYPE_CHECKING

import click

from .base import call, common, main
from .editing import edits

if TYPE_CHECKING:
    from pipelines.load.command import Run
    from pipelines.outcome import Outcome


def _run(stop: threading.Event) -> "Run":
    from pipelines.config import read_settings
    from pipelines.load.command import Run
    from pipelines.load.planning import Choice
    from pipelines.progress import Lines
    from sources.clio_http.clock import SystemClock

    return Run(read_settings(), Choice(), SystemClock(stop), Lines(sys.stderr), stop)


@main.command("plan")
@click.option("--max-records", type=click.IntRange(min=1), metavar="N", help="Not 500 at most.")
@click.option(
    "--max-share",
    type=click.IntRange(1, 100),
    metavar="P",
    help="Percent of a collection's rows at most, not 5.",
)
@click.option("--allow-bulk-value", is_flag=True, help="One new value for more than 50 records.")
@click.option("--allow-blank", is_flag=True, help="Let filled fields be emptied.")
@click.option(
    "--expires-in", type=click.IntRange(min=1), metavar="HOURS", help="Valid so long, not 24."
)
@click.option("--again", is_flag=True, help="Also what is planned or approved; that ends then.")
@common
def plan_(  # noqa: PLR0913, PLR0917 - one parameter for each option
    max_records: int | None,
    max_share: int | None,
    allow_bulk_value: bool,  # noqa: FBT001 - click passes flags by name
    allow_blank: bool,  # noqa: FBT001
    expires_in: int | None,
    again: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
    debug: bool,  # noqa: FBT001
) -> None:
    """Read the records of the proposed edits anew, and freeze what is to be sent.

    Nothing is sent. What another person approves is this file, byte by byte.

    \b
    Examples:
      clio-sync plan
      clio-sync plan --max-records 800 --allow-blank
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.plan.guards import Limits
        from pipelines.plan.planning import run_plan

        given = {"max_records": max_records, "max_share": max_share, "expires_in": expires_in}
        numbers = {name: value for name, value in given.items() if value is not None}
        limits = Limits(allow_bulk_value=allow_bulk_value, allow_blank=allow_blank, **numbers)
        return run_plan(_run(stop), limits, again=again)

    call("plan", body, as_json=as_json, debug=debug)


@main.command("review")
@click.argument("plan")
@click.option("--approve", multiple=True, metavar="all|EDIT", help="Approve all, or this edit.")
@click.option("--reject", multiple=True, metavar="EDIT", help="Reject this edit.")
@click.option("--comment", default="", metavar="C", help="What the ledger keeps beside it.")
@common
def review(  # noqa: PLR0913, PLR0917 - one parameter for each option
    plan: str,
    approve: tuple[str, ...],
    reject: tuple[str, ...],
    comment: str,
    as_json: bool,  # noqa: FBT001 - click passes flags by name
    debug: bool,  # noqa: FBT001
) -> None:
    """Approve or reject what a plan holds; nobody approves their own edits.

    Without --approve and --reject the plan is shown and asked about. PLAN is a path or the
    beginning of a hash.

    \b
    Examples:
      clio-sync review 3f2a9c41d0be
      clio-sync review 3f2a9c41d0be --approve all --comment "checked against the file"
      clio-sync review 3f2a9c41d0be --reject 7be1f00c2a9d
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.plan.review import ReviewAnswer, run_review, show_plan

        run = _run(stop)
        answer = ReviewAnswer(approve, reject, comment)
        if not approve and not reject:
            found, text = show_plan(run, plan)
            click.echo(text, err=as_json)
            if _says_yes(f"Approve all {len(found.edits):,} edits of plan {found.short}?"):
                answer = ReviewAnswer(("all",), (), comment)
        return run_review(run, plan, answer)

    call("review", body, as_json=as_json, debug=debug)


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


@main.command("push")
@click.argument("plan")
@click.option("--commit", default="", metavar="HASH12", help="Send it: the plan's own hash.")
@click.option("--canary", type=click.IntRange(min=1), metavar="N", help="Only the first N records.")
@click.option("--probe", is_flag=True, help="Only see whether Clio refuses a wrong tag.")
@common
def push(  # noqa: PLR0913, PLR0917 - one parameter for each option
    plan: str,
    commit: str,
    canary: int | None,
    probe: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001 - click passes flags by name
    debug: bool,  # noqa: FBT001
) -> None:
    """Send what is approved of a plan, exactly as it was frozen; without --commit only show it.

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
    if probe and (commit or canary):
        raise click.UsageError("--probe sends no edit: leave out --commit and --canary")  # noqa: EM101, TRY003 - told once

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.push.command import run_push
        from pipelines.push.if_match_probe import run_probe

        if probe:
            return run_probe(_run(stop), plan)
        return run_push(_run(stop), plan, commit, canary)

    call("push", body, as_json=as_json, debug=debug)


@main.command("undo")
@click.argument("plan")
@common
def undo(plan: str, as_json: bool, debug: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Propose the inverse of what a plan changed, for fields that still hold our value.

    Nothing is sent: the edits go the usual road, plan, review and push.

    \b
    Example:
      clio-sync undo 3f2a9c41d0be
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.push.undo import run_undo

        return run_undo(_run(stop), plan)

    call("undo", body, as_json=as_json, debug=debug)


@edits.command("rebase")
@click.argument("edit_ids", metavar="EDIT...", nargs=-1, required=True)
@common
def edits_rebase(edit_ids: tuple[str, ...], as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """Offer edits in conflict anew where only other fields of the record were changed.

    They need a new plan and a new approval.

    \b
    Example:
      clio-sync edits rebase 7be1f00c2a9d
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.push.rebase import run_rebase

        return run_rebase(_run(stop), edit_ids)

    call("edits rebase", body, as_json=as_json, debug=debug)


@main.group("audit")
def audit() -> None:
    """Look at the ledger: who approved what, what was sent, and whether it is whole.

    \b
    Examples:
      clio-sync audit show --last 50
      clio-sync audit verify --head 212:9f86d081884c7d659a2feaa0c55ad015
    """


@audit.command("show")
@click.option("--last", default=200, type=click.IntRange(min=1), metavar="N", help="Newest N.")
@click.option("--plan", default="", metavar="HASH", help="Only events of this plan.")
@click.option("--edit", default="", metavar="EDIT", help="Only events of this edit.")
@common
def audit_show(
    last: int,
    plan: str,
    edit: str,
    as_json: bool,  # noqa: FBT001 - click passes flags by name
    debug: bool,  # noqa: FBT001
) -> None:
    """Print the events of the ledger; values in them are shown by their hashes.

    \b
    Example:
      clio-sync audit show --plan 3f2a9c41d0be
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.push.audit import run_show

        return run_show(_run(stop), last, plan, edit)

    call("audit show", body, as_json=as_json, debug=debug)


@audit.command("verify")
@click.option("--head", default="", metavar="HEAD", help="A head that was kept elsewhere.")
@common
def audit_verify(head: str, as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """Check every event of the ledger, and that it still holds a head that was printed before.

    \b
    Example:
      clio-sync audit verify --head 212:9f86d081884c7d659a2feaa0c55ad015
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.push.audit import run_verify

        return run_verify(_run(stop), head)

    call("audit verify", body, as_json=as_json, debug=debug)


@audit.command("accept")
@common
def audit_accept(as_json: bool, debug: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Go on with a ledger whose end is lost, where no backup of it is left; that is recorded.

    An event that was changed is never accepted.

    \b
    Example:
      clio-sync audit accept
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.push.audit import run_accept

        return run_accept(_run(stop))

    call("audit accept", body, as_json=as_json, debug=debug)
