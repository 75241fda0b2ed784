"""The commands for those who read: publish, sync, sql, copy, and files for a schedule."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import call, common, main

if TYPE_CHECKING:
    from pipelines.outcome import Outcome

MINUTES = ("5", "10", "15", "20", "30", "60")


partial_option = click.option(
    "--partial",
    is_flag=True,
    help="Publish also where figures of money are not known, with those figures empty.",
)


@main.command()
@partial_option
@common
def publish(partial: bool, as_json: bool, debug: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Publish what is built: a numbered snapshot for BI tools, and Parquet files.

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

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.publish.snapshot import run_publish
        from pipelines.transform.run import Work

        return run_publish(Work.here(stop), partial=partial)

    call("publish", body, as_json=as_json, debug=debug)


@main.command()
@click.argument("product", required=False, type=click.Choice(["manage", "grow"]))
@click.option(
    "--reconcile",
    "level",
    type=click.Choice(["light"]),
    help="Then compare Clio with the warehouse: control totals, and a sample of 50 records.",
)
@partial_option
@common
def sync(
    product: str | None,
    level: str | None,
    partial: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001 - click passes flags by name
    debug: bool,  # noqa: FBT001
) -> None:
    """Load, transform, check and publish: the one command for a schedule.

    Exit code 4 if the load is incomplete. Exit code 5 if Clio no longer shows values or rows that
    it showed before: they stay as they were last known. In both cases what is stored is sound, and
    it is published all the same, if the checks pass.

    A load that cannot begin ends it before anything is built, and so does one after which a person
    must decide, with 5 too: so much is absent that it may be deleted, or the account is another
    one. A check that fails, with 7, ends it before anything is published. Where nothing is
    published the output says "Nothing was published"; with --json the stage publish has no results.

    With --reconcile light exit code 7 also if Clio and the warehouse differ in something that
    nobody accepted; what was published stays. A package is written where that is news.

    \b
    Examples:
      clio-sync sync
      clio-sync sync manage --json
      clio-sync sync --reconcile light
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.load.command import Run
        from pipelines.load.planning import Choice
        from pipelines.load.products import NAMES
        from pipelines.operate.sync import run_sync
        from pipelines.reconcile.run import LIGHT
        from pipelines.transform.run import Work

        work = Work.here(stop)
        run = Run(work.settings, Choice(), work.clock, work.reporter, stop)
        names = [NAMES[product]] if product else []
        return run_sync(run, work, names, LIGHT if level else None, partial=partial)

    call("sync", body, as_json=as_json, debug=debug)


@main.command()
@click.argument("query")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV that a spreadsheet can open.")
@common
def sql(
    query: str,
    as_csv: bool,  # noqa: FBT001 - click passes flags by name
    as_json: bool,  # noqa: FBT001
    debug: bool,  # noqa: FBT001
) -> None:
    """Run one SELECT on the newest published snapshot.

    It can read the snapshot and nothing else: no other file, no network. At most 100,000 rows.
    With --csv, a text that a spreadsheet would take for a formula begins with an apostrophe.

    \b
    Examples:
      clio-sync sql "select * from bi.firm_month order by month_start"
      clio-sync sql --csv "from bi.receivables" > receivables.csv
    """
    if as_csv and as_json:
        raise click.UsageError("--csv and --json exclude each other")  # noqa: EM101, TRY003 - told once

    def body(_stop: threading.Event) -> "Outcome":
        from pipelines.config import read_settings
        from pipelines.publish.sql import run_sql
        from sources.clio_http.clock import SystemClock

        return run_sql(read_settings(), SystemClock(), query, as_csv=as_csv)

    call("sql", body, as_json=as_json, debug=debug)


@main.command()
@click.argument("destination")
@common
def copy(destination: str, as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """Copy raw tables and marts into another database: what changed since the last copy.

    DESTINATION is postgres. Its address is dlt's setting DESTINATION__POSTGRES__CREDENTIALS, and
    its driver a package that is installed beside clio-sync. Nothing is copied while a check fails.

    \b
    Examples:
      clio-sync copy postgres
      clio-sync copy postgres --json
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.publish.copy import run_copy
        from pipelines.transform.run import Work

        return run_copy(Work.here(stop), destination)

    call("copy", body, as_json=as_json, debug=debug)


@main.group()
def schedule() -> None:
    """Print files that run clio-sync sync again and again.

    \b
    Examples:
      clio-sync schedule print cron
      clio-sync schedule print systemd --out ~/.config/systemd/user
    """


@schedule.command("print")
@click.argument("kind", type=click.Choice(["cron", "systemd", "airflow", "dagster", "prefect"]))
@click.option(
    "--every",
    type=click.Choice(MINUTES),
    default="60",
    show_default=True,
    metavar="MINUTES",
    help="How often: 5, 10, 15, 20, 30 or 60 minutes.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write the files there instead of printing them.",
)
@click.option(
    "--reconcile",
    "level",
    type=click.Choice(["light"]),
    help="Run sync --reconcile light: exit code 7 also while a difference is open.",
)
@common
def schedule_print(  # noqa: PLR0913, PLR0917 - one parameter for each option
    kind: str,
    every: str,
    out: Path | None,
    level: str | None,
    as_json: bool,  # noqa: FBT001 - click passes flags by name
    debug: bool,  # noqa: FBT001
) -> None:
    """Print what a scheduler needs, for this installation, folder and data folder.

    Tokens are not part of it: sign in first, with the token store that the scheduled user can
    open. A run that overlaps another one ends with 4 and changes nothing.

    \b
    Examples:
      clio-sync schedule print cron --every 15
      clio-sync schedule print airflow --out ~/airflow/dags
      clio-sync schedule print systemd --reconcile light
    """

    def body(_stop: threading.Event) -> "Outcome":
        from pipelines.config import read_settings
        from pipelines.operate.schedule import SYNC, Installation, run_print
        from sources.clio_http.clock import SystemClock

        words = (*SYNC, "--reconcile", level) if level else SYNC
        place = Installation.here(read_settings())
        return run_print(kind, int(every), place, SystemClock(), out, words=words)

    call("schedule print", body, as_json=as_json, debug=debug)
