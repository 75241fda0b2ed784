"""`clio-sync transform`, `check`, `models`, `publish`, `sql`, `copy`: models, and their readers."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import FILE, NUMBER, command, command_group, main, partial_option, wants_json

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@command(main, "transform")
@click.option(
    "--select",
    multiple=True,
    metavar="+NAME+",
    help="Only this model; + before it: and what it needs; + behind it: and what needs it.",
)
@click.option("--full", is_flag=True, help="Build every model, changed or not.")
def transform(context: "Context", *, select: tuple[str, ...], full: bool) -> "Outcome":
    """Build the models that changed, and check them.

    Both are committed in one transaction.

    When a check fails, or the process dies, the last good build stays as it is. Exit code 2 if the
    files of the models are wrong, 7 if a check failed.

    \b
    Examples:
      clio-sync transform
      clio-sync transform --select +fct_bill+
      clio-sync transform --full --json
    """
    from pipelines.transform.run import ModelContext, run_transform

    return run_transform(ModelContext.of(context), select, full=full)


@command_group(main, "check")
def check(context: "Context") -> "Outcome":
    """Run every check on the models as they are built. Nothing is built.

    The rows that are wrong are kept in meta.check_failures. Exit code 7 if a check failed. A check
    of what is not known says nothing: it neither passes nor fails.

    \b
    Examples:
      clio-sync check
      clio-sync check --json
      clio-sync check show ar_today_is_bill_balance
    """
    from pipelines.transform.run import ModelContext, run_check

    return run_check(ModelContext.of(context))


@command(check, "show")
@click.argument("name")
def check_show(context: "Context", *, name: str) -> "Outcome":
    """Show the rows that a check found last.

    With the names of matters, clients and users. NAME is as the check is named elsewhere; in
    quotes, since it may hold spaces and parentheses.

    \b
    Examples:
      clio-sync check show ar_today_is_bill_balance
      clio-sync check show 'core.fct_bill.not_null(bill_id, state, total, balance)'
      clio-sync check show bill_lines_add_up --json
    """
    from pipelines.transform.failing import run_check_show
    from pipelines.transform.run import ModelContext

    return run_check_show(ModelContext.of(context), name)


@main.group()
def models() -> None:
    """See which models there are, and what they mean.

    \b
    Examples:
      clio-sync models ls
      clio-sync models show fct_bill
      clio-sync models docs --out models.html
    """


@command(models, "ls")
def models_ls(context: "Context") -> "Outcome":
    """List the models in the order in which they are built.

    \b
    Examples:
      clio-sync models ls
      clio-sync models ls --json
    """
    from pipelines.transform.listing import run_ls
    from pipelines.transform.run import ModelContext

    return run_ls(ModelContext.of(context))


@command(models, "show")
@click.argument("name")
def models_show(context: "Context", *, name: str) -> "Outcome":
    """Show one model.

    What it is, its columns, its checks, what it reads and what reads it.

    \b
    Examples:
      clio-sync models show fct_bill
      clio-sync models show core.fct_bill --json
    """
    from pipelines.transform.listing import run_show
    from pipelines.transform.run import ModelContext

    return run_show(ModelContext.of(context), name)


@command(models, "docs")
@click.option("--out", type=FILE, help="Where the page is written; models.html by default.")
def models_docs(context: "Context", *, out: Path | None) -> "Outcome":
    """Write one HTML page of all models.

    With definitions and lineage; it needs no network.

    \b
    Examples:
      clio-sync models docs
      clio-sync models docs --out /tmp/models.html
    """
    from pipelines.transform.listing import run_docs
    from pipelines.transform.run import ModelContext

    return run_docs(ModelContext.of(context), out)


@command(main, "publish")
@partial_option
def publish(context: "Context", *, partial: bool) -> "Outcome":
    """Publish what is built, for BI tools.

    A numbered snapshot, and Parquet files.

    Readers open what published/current.json names in the data folder, and never meet a load. The
    last five stay. Exit code 7, and nothing is published, if a check failed on what is built.

    Exit code 4, and nothing is published, if figures of money need what no load ever read whole.
    With --partial it is published with those figures empty, and 4 is told once.

    \b
    Examples:
      clio-sync publish
      clio-sync publish --partial
      clio-sync publish --json
    """
    from pipelines.publish.snapshot import run_publish
    from pipelines.transform.run import ModelContext

    return run_publish(ModelContext.of(context), partial=partial)


@command(main, "sql")
@click.argument("query")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV that a spreadsheet can open.")
@click.option(
    "--timeout",
    default=300,
    type=NUMBER,
    metavar="SECONDS",
    help="End a query that runs longer (default 300).",
)
def sql(context: "Context", *, query: str, as_csv: bool, timeout: int) -> "Outcome":
    """Run one SELECT on the newest published snapshot.

    It can read the snapshot and nothing else: no other file, no network. At most 100,000 rows.
    With --csv, a text that a spreadsheet would take for a formula begins with an apostrophe.

    \b
    Examples:
      clio-sync sql "select * from bi.firm_month order by month_start"
      clio-sync sql --csv "from bi.receivables" > receivables.csv
    """
    from pipelines.publish.sql import run_sql

    if as_csv and wants_json():
        message = "--csv and --json exclude each other"
        raise click.UsageError(message)
    return run_sql(context.settings, context.clock, query, as_csv=as_csv, seconds=timeout)


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
