"""`clio-sync schedule`: files that run sync again and again."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import command, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


MINUTES = ("5", "10", "15", "20", "30", "60")


@main.group()
def schedule() -> None:
    """Print files that run clio-sync sync again and again.

    \b
    Examples:
      clio-sync schedule print cron
      clio-sync schedule print systemd --out ~/.config/systemd/user
    """


@command(schedule, "print")
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
def schedule_print(
    context: "Context", *, kind: str, every: str, out: Path | None, level: str | None
) -> "Outcome":
    """Print the files that a scheduler needs.

    They are for this installation, folder and data folder. Tokens are not part of it: sign in
    first, with the token store that the scheduled user can open. A run that overlaps another one
    ends with 4 and changes nothing.

    \b
    Examples:
      clio-sync schedule print cron --every 15
      clio-sync schedule print airflow --out ~/airflow/dags
      clio-sync schedule print systemd --reconcile light
    """
    from pipelines.operate.schedule import SYNC, Installation, run_print

    words = (*SYNC, "--reconcile", level) if level else SYNC
    place = Installation.here(context.settings)
    return run_print(kind, int(every), place, context.clock, out, words=words)
