"""`clio-sync doctor`: every check of an installation."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import call, common, main

if TYPE_CHECKING:
    from pipelines.outcome import Outcome


@main.command("doctor")
@click.option(
    "--probe", is_flag=True, help="Find out how this account's Clio behaves, and write it down."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where --probe writes; clio-sync-probe.json by default.",
)
@common
def doctor(*, probe: bool, out: Path | None, as_json: bool, debug: bool) -> None:
    """Check the installation, and say what mends it.

    Nothing is changed, here or in Clio. Each collection is asked for one page. Exit code 7 if a
    check failed, 3 if only a sign-in did; 2 if the data folder cannot be written, 4 if the disk is
    full, whatever else failed. What --probe writes holds nothing of any record, so it
    can be attached to a bug report.

    \b
    Examples:
      clio-sync doctor
      clio-sync doctor --json
      clio-sync doctor --probe --out probe.json
    """
    if out is not None and not probe:
        message = "--out is for --probe"
        raise click.UsageError(message)

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.context import Context
        from pipelines.operate.doctor import run_doctor, run_probe
        from pipelines.progress import reporter
        from sources.clio_http.clock import SystemClock

        if probe:
            return run_probe(Context.here(stop), out)
        # settings that cannot be read are a line of what it says
        return run_doctor(stop, SystemClock(stop), reporter())

    call("doctor", body, as_json=as_json, debug=debug)
