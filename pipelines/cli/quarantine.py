"""The commands for what of Clio is kept out, since it does not fit."""

import threading
from typing import TYPE_CHECKING

import click

from .base import call, common, main

if TYPE_CHECKING:
    from pipelines.outcome import Outcome


@main.group()
def quarantine() -> None:
    """Look at what Clio shows and what does not fit, and read it again.

    \b
    Examples:
      clio-sync quarantine list
      clio-sync quarantine retry
    """


@quarantine.command("list")
@common
def quarantine_list(as_json: bool, debug: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """List the rows and values that are kept out, with the reason and since when.

    \b
    Examples:
      clio-sync quarantine list
      clio-sync quarantine list --json
    """

    def body(_stop: threading.Event) -> "Outcome":
        from pipelines.config import read_settings
        from pipelines.operate.quarantine import run_list
        from sources.clio_http.clock import SystemClock

        return run_list(read_settings(), SystemClock())

    call("quarantine list", body, as_json=as_json, debug=debug)


@quarantine.command("show")
@click.argument("resource", metavar="COLLECTION")
@click.argument("record", metavar="ID")
@common
def quarantine_show(
    resource: str,
    record: str,
    as_json: bool,  # noqa: FBT001 - click passes flags by name
    debug: bool,  # noqa: FBT001
) -> None:
    """Show what of one record is kept out, exactly as it was received.

    What is shown may be confidential: it is what stands in Clio.

    \b
    Example:
      clio-sync quarantine show activities 81203344
    """

    def body(_stop: threading.Event) -> "Outcome":
        from pipelines.config import read_settings
        from pipelines.operate.quarantine import run_show
        from sources.clio_http.clock import SystemClock

        return run_show(read_settings(), SystemClock(), resource, record)

    call("quarantine show", body, as_json=as_json, debug=debug)


@quarantine.command("retry")
@click.argument("resource", required=False, metavar="[COLLECTION]")
@common
def quarantine_retry(
    resource: str | None,
    as_json: bool,  # noqa: FBT001 - click passes flags by name
    debug: bool,  # noqa: FBT001
) -> None:
    """Read again by id what is kept out, store what fits by now, and say what does not.

    Exit code 4 while something stays kept out.

    \b
    Examples:
      clio-sync quarantine retry
      clio-sync quarantine retry activities
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.config import read_settings
        from pipelines.load.command import Run
        from pipelines.load.planning import Choice
        from pipelines.operate.quarantine import run_retry
        from pipelines.progress import reporter
        from sources.clio_http.clock import SystemClock

        clock = SystemClock(stop)
        return run_retry(Run(read_settings(), Choice(), clock, reporter(), stop), resource)

    call("quarantine retry", body, as_json=as_json, debug=debug)
