"""`clio-sync status`, `doctor`, `resources`, `schedule`, `backup`, `demo` and `simulator`."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import FILE, FOLDER, call, command, common, main

if TYPE_CHECKING:
    from pipelines.context import Context
    from pipelines.outcome import Outcome

MOST_DIGITS = 6
MINUTES = ("5", "10", "15", "20", "30", "60")


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


@command(main, "status")
@click.option(
    "--max-age",
    type=Age(),
    metavar="AGE",
    help="Exit with 7 if data is older, such as 90m, 2h or 1d.",
)
@click.option(
    "--problems",
    is_flag=True,
    help="Show only what is not known, since when, why, and what mends it.",
)
def status(context: "Context", *, max_age: timedelta | None, problems: bool) -> "Outcome":
    """Show how new and how complete each collection is.

    \b
    Examples:
      clio-sync status --json
      clio-sync status --max-age 2h
      clio-sync status --problems
    """
    from pipelines.operate.status import run_problems, run_status

    if problems:
        return run_problems(context.settings, context.clock)
    return run_status(context.settings, context.clock, max_age)


@main.command("doctor")
@click.option(
    "--probe", is_flag=True, help="Find out how this account's Clio behaves, and write it down."
)
@click.option("--out", type=FILE, help="Where --probe writes; clio-sync-probe.json by default.")
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

        # settings that cannot be read are a line of what a doctor says
        return run_probe(Context.here(stop), out) if probe else run_doctor(stop)

    call("doctor", body, as_json=as_json, debug=debug)


@command(main, "resources")
@click.option(
    "--diff",
    "other",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="OPENAPI.json",
    help="Say what another of Clio's OpenAPI documents adds, drops and changes.",
)
def resources(context: "Context", *, other: Path | None) -> "Outcome":
    """List the collections, and how each is loaded.

    Also how deletes are seen, and what may be written.

    \b
    Examples:
      clio-sync resources
      clio-sync resources --diff openapi.json
    """
    from pipelines.operate.resources import run_diff, run_resources

    if other is not None:
        return run_diff(other, context.clock)
    return run_resources(context.settings, context.clock)


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
    "--out", type=FOLDER, metavar="FOLDER", help="Write the files there instead of printing them."
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
    type=FOLDER,
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
@click.argument("path", metavar="[BACKUP]", required=False, type=FOLDER)
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


@command(main, "demo")
def demo(context: "Context") -> "Outcome":
    """Load an invented law firm from a simulated Clio.

    It is changed and loaded again, proved, corrected, published and compared.

    \b
    Example:
      clio-sync demo
    """
    from pipelines.operate.demo import run_demo
    from pipelines.transform.run import ModelContext

    return run_demo(ModelContext.of(context))


@main.command()
@click.option("--port", type=int, default=8765, show_default=True, help="0 takes any free port.")
@click.option("--seed", type=int, default=7, show_default=True, help="Which firm.")
@click.option("--scale", type=float, default=1.0, show_default=True, help="How large a firm.")
@click.option(
    "--rate-limit", type=int, default=50, show_default=True, help="Requests a minute; 0: none."
)
def simulator(port: int, seed: int, scale: float, rate_limit: int) -> None:
    """Run a Clio on this machine, with an invented firm.

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
