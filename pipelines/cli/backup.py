"""`clio-sync backup`: copies of a data folder, and the proof that they can be restored."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import command, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome


@main.group()
def backup() -> None:
    """Make backups, and prove that they can be restored.

    \b
    Examples:
      clio-sync backup create
      clio-sync backup verify
    """


@command(backup, "create")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where backups are kept; the folder backups of the data folder by default.",
)
def backup_create(context: "Context", *, out: Path | None) -> "Outcome":
    """Copy what a restore needs into a new backup.

    The warehouse, the ledger, the plans and what goes with them.

    \b
    Examples:
      clio-sync backup create
      clio-sync backup create --out /mnt/backups
    """
    from pipelines.backup import run_create

    return run_create(context, out)


@command(backup, "verify")
@click.argument(
    "path", metavar="[BACKUP]", required=False, type=click.Path(file_okay=False, path_type=Path)
)
def backup_verify(context: "Context", *, path: Path | None) -> "Outcome":
    """Restore a backup into a scratch folder and compare it.

    Without BACKUP: the newest.

    \b
    Examples:
      clio-sync backup verify
      clio-sync backup verify /mnt/backups/20260302T090000Z --json
    """
    from pipelines.backup import run_verify

    return run_verify(context, path)
