"""The commands that look and show: status, resources, the simulator and the demo."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import call, common, main

if TYPE_CHECKING:
    from pipelines.outcome import Outcome


@main.command()
@common
def status(as_json: bool, debug: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Show each collection: rows, newest change, last load, how far it is complete.

    \b
    Example:
      clio-sync status --json
    """

    def body(_stop: threading.Event) -> "Outcome":
        from pipelines.config import read_settings
        from pipelines.status import run_status
        from sources.clio_http.clock import SystemClock

        return run_status(read_settings(), SystemClock())

    call("status", body, as_json=as_json, debug=debug)


@main.command()
@click.option(
    "--diff",
    "other",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="OPENAPI.json",
    help="Say what another of Clio's OpenAPI documents adds, drops and changes.",
)
@common
def resources(other: Path | None, as_json: bool, debug: bool) -> None:  # noqa: FBT001
    """List the collections: how each is loaded, how deletes are seen, what may be written.

    \b
    Examples:
      clio-sync resources
      clio-sync resources --diff openapi.json
    """

    def body(_stop: threading.Event) -> "Outcome":
        from pipelines.config import read_settings
        from pipelines.resources import run_diff, run_resources
        from sources.clio_http.clock import SystemClock

        if other is not None:
            return run_diff(other, SystemClock())
        return run_resources(read_settings(), SystemClock())

    call("resources", body, as_json=as_json, debug=debug)


@main.command()
@click.option("--port", type=int, default=8765, show_default=True, help="0 takes any free port.")
@click.option("--seed", type=int, default=7, show_default=True, help="Which firm.")
@click.option("--scale", type=float, default=1.0, show_default=True, help="How large a firm.")
@click.option(
    "--rate-limit", type=int, default=50, show_default=True, help="Requests a minute; 0: none."
)
def simulator(port: int, seed: int, scale: float, rate_limit: int) -> None:
    """Run a Clio on this machine, with a small invented law firm, until it is stopped.

    \b
    Example:
      clio-sync simulator --port 8765
    """
    from sources.clio_simulator import Seed, Switches
    from sources.clio_simulator.server import serve

    click.echo("Point SOURCES__CLIO_MANAGE__BASE_URL and __ACCESS_TOKEN at what follows.", err=True)
    serve(Seed(seed, scale), port=port, switches=Switches(rate_limit=rate_limit))


@main.command()
@common
def demo(as_json: bool, debug: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Load an invented law firm from a simulated Clio, change it, and load again.

    \b
    Example:
      clio-sync demo
    """

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.config import read_settings
        from pipelines.demo import run_demo
        from pipelines.progress import reporter
        from sources.clio_http.clock import SystemClock

        return run_demo(read_settings(), clock=SystemClock(stop), reporter=reporter(), stop=stop)

    call("demo", body, as_json=as_json, debug=debug)
