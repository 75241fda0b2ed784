"""The commands that build the models, check them and describe them."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import call, common, main

if TYPE_CHECKING:
    from pipelines.outcome import Outcome


@main.command()
@click.option(
    "--select",
    multiple=True,
    metavar="+NAME+",
    help="Only this model; + before it: and what it needs; + behind it: and what needs it.",
)
@click.option("--full", is_flag=True, help="Build every model, changed or not.")
@common
def transform(
    select: tuple[str, ...],
    full: bool,  # noqa: FBT001 - click passes flags by name
    as_json: bool,  # noqa: FBT001
    debug: bool,  # noqa: FBT001
) -> None:
    """Build the models that changed, check them, and commit both in one transaction.

    When a check fails, or the process dies, the last good build stays as it is. Exit code 2 if the
    files of the models are wrong, 7 if a check failed.

    \b
    Examples:
      clio-sync transform
      clio-sync transform --select +fct_bill+
      clio-sync transform --full --json
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.transform.run import Work, run_transform

        return run_transform(Work.here(stop), select, full=full)

    call("transform", body, as_json=as_json, debug=debug)


@main.group(invoke_without_command=True)
@common
@click.pass_context
def check(context: click.Context, as_json: bool, debug: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Run every check on the models as they are built. Nothing is built.

    The rows that are wrong are kept in meta.check_failures. Exit code 7 if a check failed. A check
    of what is not known says nothing: it neither passes nor fails.

    \b
    Examples:
      clio-sync check
      clio-sync check --json
      clio-sync check show ar_today_is_bill_balance
    """
    if context.invoked_subcommand is not None:
        return

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.transform.run import Work, run_check

        return run_check(Work.here(stop))

    call("check", body, as_json=as_json, debug=debug)


@check.command("show")
@click.argument("name")
@common
def check_show(name: str, as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """Show the rows that a check found last, with the names of matters, clients and users.

    NAME is as the check is named elsewhere; in quotes, since it may hold spaces and parentheses.

    \b
    Examples:
      clio-sync check show ar_today_is_bill_balance
      clio-sync check show 'core.fct_bill.not_null(bill_id, state, total, balance)'
      clio-sync check show bill_lines_add_up --json
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.transform.run import Work
        from pipelines.transform.showing import run_check_show

        return run_check_show(Work.here(stop), name)

    call("check show", body, as_json=as_json, debug=debug)


@main.group()
def models() -> None:
    """See which models there are, and what they mean.

    \b
    Examples:
      clio-sync models ls
      clio-sync models show fct_bill
      clio-sync models docs --out models.html
    """


@models.command("ls")
@common
def models_ls(as_json: bool, debug: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """List the models in the order in which they are built.

    \b
    Examples:
      clio-sync models ls
      clio-sync models ls --json
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.transform.listing import run_ls
        from pipelines.transform.run import Work

        return run_ls(Work.here(stop))

    call("models ls", body, as_json=as_json, debug=debug)


@models.command("show")
@click.argument("name")
@common
def models_show(name: str, as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """Show one model: what it is, its columns, its checks, what it reads and what reads it.

    \b
    Examples:
      clio-sync models show fct_bill
      clio-sync models show core.fct_bill --json
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.transform.listing import run_show
        from pipelines.transform.run import Work

        return run_show(Work.here(stop), name)

    call("models show", body, as_json=as_json, debug=debug)


@models.command("docs")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where the page is written; models.html by default.",
)
@common
def models_docs(out: Path | None, as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """Write one HTML page of all models, with definitions and lineage. It needs no network.

    \b
    Examples:
      clio-sync models docs
      clio-sync models docs --out /tmp/models.html
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.transform.listing import run_docs
        from pipelines.transform.run import Work

        return run_docs(Work.here(stop), out)

    call("models docs", body, as_json=as_json, debug=debug)
