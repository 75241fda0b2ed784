"""The commands that look and show: status, doctor, resources, the simulator and the demo."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import call, common, main

if TYPE_CHECKING:
    from pipelines.outcome import Outcome

MOST_DIGITS = 6


class Age(click.ParamType[timedelta]):
    """A length of time, such as 90m."""

    name = "age"

    def convert(
        self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Read a number and m, h or d."""
        if isinstance(value, timedelta):
            return value
        units = {"m": "minutes", "h": "hours", "d": "days"}
        number, unit = value[:-1], value[-1:]
        if not number.isdecimal() or len(number) > MOST_DIGITS or unit not in units:
            self.fail("a number of minutes, hours or days, such as 90m, 2h or 1d", param, ctx)
        return timedelta(**{units[unit]: int(number)})


@main.command()
@click.option(
    "--max-age",
    type=Age(),
    metavar="AGE",
    help="Exit with 7 if data is older, such as 90m, 2h or 1d.",
)
@click.option(
    "--problems", is_flag=True, help="Only what is not known, since when, why, and what mends it."
)
@common
def status(
    max_age: timedelta | None,
    problems: bool,  # noqa: FBT001 - click passes flags by name
    as_json: bool,  # noqa: FBT001
    debug: bool,  # noqa: FBT001
) -> None:
    """Show each collection: rows, newest change, last load, how far it is complete.

    \b
    Examples:
      clio-sync status --json
      clio-sync status --max-age 2h
      clio-sync status --problems
    """

    def body(_stop: threading.Event) -> "Outcome":
        from pipelines.config import read_settings
        from pipelines.operate.status import run_problems, run_status
        from sources.clio_http.clock import SystemClock

        if problems:
            return run_problems(read_settings(), SystemClock())
        return run_status(read_settings(), SystemClock(), max_age)

    call("status", body, as_json=as_json, debug=debug)


@main.command()
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
def doctor(
    probe: bool,  # noqa: FBT001 - click passes flags by name
    out: Path | None,
    as_json: bool,  # noqa: FBT001
    debug: bool,  # noqa: FBT001
) -> None:
    """Check everything once, and name the command that mends what is wrong.

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
        raise click.UsageError("--out is for --probe")  # noqa: EM101, TRY003 - told once

    def body(stop: threading.Event) -> "Outcome":
        from pipelines.operate.doctor import Work, run_doctor, run_probe
        from pipelines.progress import reporter
        from sources.clio_http.clock import SystemClock

        if probe:
            return run_probe(Work.here(stop), out)
        return run_doctor(stop, SystemClock(stop), reporter())

    call("doctor", body, as_json=as_json, debug=debug)


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
        from pipelines.operate.resources import run_diff, run_resources
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

    It prints the settings with which clio-sync reads from it, for Clio Manage and Clio Grow. How it
    withholds, refuses and breaks things while it runs: docs/simulator.md.

    \b
    Examples:
      clio-sync simulator
      clio-sync simulator --port 8766 --rate-limit 0
    """
    from sources.clio_simulator import Seed, Switches
    from sources.clio_simulator.server import Announcement, serve

    def says(told: Announcement) -> None:
        exports = "\n".join(f"export {name}={value}" for name, value in told.settings.items())
        click.echo(
            f"A simulated Clio answers at {told.url} until Ctrl-C. In another shell, with a data"
            f" folder of its own:\n\n{exports}\n",
            err=True,
        )

    serve(Seed(seed, scale), port=port, switches=Switches(rate_limit=rate_limit), says=says)


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
        from pipelines.operate.demo import run_demo
        from pipelines.progress import reporter
        from sources.clio_http.clock import SystemClock

        return run_demo(read_settings(), clock=SystemClock(stop), reporter=reporter(), stop=stop)

    call("demo", body, as_json=as_json, debug=debug)
