"""The commands that copy the warehouse and check the copy."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import call, common, main

if TYPE_CHECKING:
    from pipelines.outcome import Outcome


@main.group()
def backup() -> None:
    """Make backups of the data folder, and prove that they can be restored.

    \b
    Examples:
      clio-sync backup create
      clio-sync backup verify
    """


@backup.command("create")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where backups are kept; the folder backups of the data folder by default.",
)
@common
def backup_create(out: Path | None, as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """Copy the warehouse, and what else a restore needs, into a new folder.

    \b
    Examples:
      clio-sync backup create
      clio-sync backup create --out /mnt/backups
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.backup import Work, run_create

        return run_create(Work.here(stop), out)

    call("backup create", body, as_json=as_json, debug=debug)


@backup.command("verify")
@click.argument(
    "path",
    metavar="[BACKUP]",
    required=False,
    type=click.Path(file_okay=False, path_type=Path),
)
@common
def backup_verify(path: Path | None, as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """Restore a backup into a scratch folder and compare it; the newest by default.

    \b
    Examples:
      clio-sync backup verify
      clio-sync backup verify /mnt/backups/20260302T090000Z --json
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.backup import Work, run_verify

        return run_verify(Work.here(stop), path)

    call("backup verify", body, as_json=as_json, debug=debug)
