"""The command line: parse, call one function, print."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from .outcome import Outcome

Function = TypeVar("Function", bound=Callable[..., Any])

INTERRUPTED = 130
CONTEXT = {"help_option_names": ["-h", "--help"]}
SECRET_WORDS = ("--token", "--access-token", "--secret", "--api-key")


def entry() -> None:
    """Run the command line; what was typed wrongly is told in words, or as a JSON document."""
    try:
        ended = main(standalone_mode=False)
    except click.Abort:
        click.echo("Aborted.", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        if "--json" in sys.argv:
            _print_usage_error(error)
        sys.exit(error.exit_code)
    sys.exit(ended if isinstance(ended, int) else 0)


def _print_usage_error(error: click.ClickException) -> None:
    from sources.clio_http.clock import SystemClock

    from .errors import CommandLineError
    from .outcome import Outcome

    context = error.ctx if isinstance(error, click.UsageError) else None
    names: list[str] = []
    while context and context.parent:
        names.insert(0, context.info_name or "")
        context = context.parent
    now = SystemClock().now()
    outcome = Outcome(" ".join(names), now, now, exit_code=error.exit_code)
    outcome.errors = [("", CommandLineError(error.format_message()))]
    _print_document(outcome)


def _print_document(outcome: "Outcome") -> None:
    import orjson

    from .outcome import jsonable

    document = orjson.dumps(
        outcome.document(), default=jsonable, option=orjson.OPT_PASSTHROUGH_DATETIME
    )
    click.echo(document.decode())


@click.group(context_settings=CONTEXT)
@click.version_option(package_name="clio-sync")
def main() -> None:
    """Keep a law firm's Clio data in a DuckDB warehouse of its own.

    Settings come from the environment, .dlt/secrets.toml and .dlt/config.toml, in this order.

    Exit codes: 0 done, 1 failed, 2 usage, 3 sign-in needed, 4 incomplete and safe to run again,
    5 stopped by a guard, 6 a person must decide, 7 a check failed, 130 interrupted.
    """
    os.umask(0o077)


def common(function: Function) -> Function:
    """Add the options that every command has."""
    function = click.option("--debug", is_flag=True, help="Log each request (no contents).")(
        function
    )
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(
        function
    )


allow_absent_option = click.option(
    "--allow-absent",
    type=click.IntRange(min=1),
    metavar="N",
    help="Take up to N absent rows of the one named collection for deleted.",
)


def _finish(outcome: "Outcome", *, as_json: bool) -> None:
    """Print an outcome and leave with its exit code."""
    from .outcome import errors_text

    if as_json:
        _print_document(outcome)
    else:
        click.echo(outcome.text, nl=False)
    click.echo(errors_text(outcome.errors), err=True, nl=False)
    sys.exit(outcome.exit_code)


def _call(
    command: str, body: Callable[[threading.Event], "Outcome"], *, as_json: bool, debug: bool
) -> None:
    """Run a command's function: logging, signals, errors in words."""
    from sources.clio_http.clock import SystemClock
    from sources.clio_http.redaction import install_logging
    from sources.errors import ClioError

    from .outcome import Outcome

    install_logging(debug)
    stop = threading.Event()
    started_at = SystemClock().now()
    _stop_on_signals(stop)
    try:
        outcome = body(stop)
    except ClioError as error:
        outcome = Outcome(command, started_at, SystemClock().now(), exit_code=error.exit_code)
        outcome.errors = [("", error)]
    except KeyboardInterrupt:
        click.echo("Interrupted. What was stored stays; run the same command to go on.", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the last line of defence
        # the text of an unknown error may quote a row, so only its place is shown
        from .errors import UnexpectedError, origin

        outcome = Outcome(command, started_at, SystemClock().now(), exit_code=1)
        outcome.errors = [("", UnexpectedError(f"unexpected failure: {origin(error)}"))]
    _finish(outcome, as_json=as_json)


def _stop_on_signals(stop: threading.Event) -> None:
    """Stop at the next page edge on the first signal, at once on the second."""

    def handle(_number: int, _frame: object) -> None:
        if stop.is_set():
            # nothing is written but in transactions, so leaving here is as safe as a power cut
            os.write(2, b"Stopped. What was stored stays; run the same command to go on.\n")
            os._exit(INTERRUPTED)
        stop.set()

    signal.signal(signal.SIGINT, handle)
    signal.signal(signal.SIGTERM, handle)


@main.command()
@click.argument("product", required=False, type=click.Choice(["manage"]))
@click.option(
    "--resource", "resources", multiple=True, metavar="NAME", help="Only this collection."
)
@click.option("--full", is_flag=True, help="Read every row again, changed or not.")
@click.option("--all", "every", is_flag=True, help="Also read what is due only once a day.")
@click.option(
    "--budget",
    type=click.IntRange(min=0),
    metavar="N",
    help="Read at most N parents' lists (matter contacts, conversation messages ...).",
)
@allow_absent_option
@common
def load(  # noqa: PLR0913, PLR0917 - one parameter for each option
    product: str | None,
    resources: tuple[str, ...],
    full: bool,  # noqa: FBT001 - click passes flags by name
    every: bool,  # noqa: FBT001
    budget: int | None,
    allow_absent: int | None,
    as_json: bool,  # noqa: FBT001
    debug: bool,  # noqa: FBT001
) -> None:
    """Load what changed in Clio since the last load.

    \b
    Examples:
      clio-sync load
      clio-sync load --resource matters --resource contacts
      clio-sync load --all --json
    """

    def body(stop: threading.Event) -> "Outcome":
        from sources.clio_http.clock import SystemClock

        from .config import read_settings
        from .plans import Choice
        from .products import NAMES
        from .progress import reporter
        from .run_load import Run, run_load

        choice = Choice(frozenset(resources), full, every, budget, allow_absent)
        names = [NAMES[product]] if product else list(NAMES.values())
        clock = SystemClock(stop)
        return run_load(Run(read_settings(), choice, clock, reporter(), stop), names)

    _call("load", body, as_json=as_json, debug=debug)


@main.command()
@click.argument("product", required=False, type=click.Choice(["manage"]))
@click.option(
    "--resource", "resources", multiple=True, metavar="NAME", help="Only this collection."
)
@click.option(
    "--budget",
    type=click.IntRange(min=1),
    metavar="N",
    help="Send at most N requests; the next sweep goes on where this one stopped.",
)
@click.option(
    "--accept-user", is_flag=True, help="Take this token's user and role for the right ones."
)
@allow_absent_option
@common
def sweep(  # noqa: PLR0913, PLR0917 - one parameter for each option
    product: str | None,
    resources: tuple[str, ...],
    budget: int | None,
    allow_absent: int | None,
    accept_user: bool,  # noqa: FBT001 - click passes flags by name
    as_json: bool,  # noqa: FBT001
    debug: bool,  # noqa: FBT001
) -> None:
    """Prove that the warehouse equals Clio: read everything, heal what differs, find deletions.

    Each collection that was read to its end gets a certificate in meta.certificates.

    \b
    Examples:
      clio-sync sweep
      clio-sync sweep --budget 100
      clio-sync sweep --resource matters --json
    """

    def body(stop: threading.Event) -> "Outcome":
        from sources.clio_http.clock import SystemClock

        from .config import read_settings
        from .plans import Choice
        from .products import NAMES
        from .progress import reporter
        from .run_load import Run
        from .run_sweep import run_sweep

        choice = Choice(
            frozenset(resources), budget=budget, allow_absent=allow_absent, accept_user=accept_user
        )
        names = [NAMES[product]] if product else list(NAMES.values())
        clock = SystemClock(stop)
        return run_sweep(Run(read_settings(), choice, clock, reporter(), stop), names)

    _call("sweep", body, as_json=as_json, debug=debug)


@main.command()
@common
def status(as_json: bool, debug: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Show each collection: rows, newest change, last load, how far it is complete.

    \b
    Example:
      clio-sync status --json
    """

    def body(_stop: threading.Event) -> "Outcome":
        from sources.clio_http.clock import SystemClock

        from .config import read_settings
        from .status import run_status

        return run_status(read_settings(), SystemClock())

    _call("status", body, as_json=as_json, debug=debug)


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
        from sources.clio_http.clock import SystemClock

        from .config import read_settings
        from .resources import run_diff, run_resources

        if other is not None:
            return run_diff(other, SystemClock())
        return run_resources(read_settings(), SystemClock())

    _call("resources", body, as_json=as_json, debug=debug)


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
        from sources.clio_http.clock import SystemClock

        from .config import read_settings
        from .demo import run_demo
        from .progress import reporter

        return run_demo(read_settings(), clock=SystemClock(stop), reporter=reporter(), stop=stop)

    _call("demo", body, as_json=as_json, debug=debug)


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
        from .backup import Work, run_create

        return run_create(Work.here(stop), out)

    _call("backup create", body, as_json=as_json, debug=debug)


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
        from .backup import Work, run_verify

        return run_verify(Work.here(stop), path)

    _call("backup verify", body, as_json=as_json, debug=debug)
