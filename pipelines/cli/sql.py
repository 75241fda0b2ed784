"""`clio-sync sql`: a query on the newest snapshot."""

from typing import TYPE_CHECKING

import click

from .base import command, main, wants_json

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@command(main, "sql")
@click.argument("query")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV that a spreadsheet can open.")
def sql(context: "Context", *, query: str, as_csv: bool) -> "Outcome":
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
    return run_sql(context.settings, context.clock, query, as_csv=as_csv)
