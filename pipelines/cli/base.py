"""The frame of every command: the group, shared options, signals, how an end is told."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from pipelines.outcome import Outcome

Function = TypeVar("Function", bound=Callable[..., Any])

INTERRUPTED = 130
CONTEXT = {"help_option_names": ["-h", "--help"]}


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
    from pipelines.errors import CommandLineError
    from pipelines.outcome import Outcome
    from sources.clio_http.clock import SystemClock

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

    from pipelines.outcome import jsonable

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
    from pipelines.outcome import errors_text

    if as_json:
        _print_document(outcome)
    else:
        click.echo(outcome.text, nl=False)
    click.echo(errors_text(outcome.errors), err=True, nl=False)
    sys.exit(outcome.exit_code)


def call(
    command: str, body: Callable[[threading.Event], "Outcome"], *, as_json: bool, debug: bool
) -> None:
    """Run a command's function: logging, signals, errors in words."""
    from pipelines.outcome import Outcome
    from sources.clio_http.clock import SystemClock
    from sources.clio_http.redaction import install_logging
    from sources.errors import ClioError

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
        from pipelines.errors import UnexpectedError, origin

        outcome = Outcome(command, started_at, SystemClock().now(), exit_code=1)
        outcome.errors = [("", UnexpectedError(f"unexpected failure: {origin(error)}"))]
    _tell(outcome)
    _finish(outcome, as_json=as_json)


def _tell(outcome: "Outcome") -> None:
    """Send a notification, where one is asked for and there is something to tell."""
    if outcome.exit_code == 0:
        return
    from pipelines.config import read_settings
    from pipelines.notify import tell
    from sources.errors import ConfigurationError

    try:
        settings = read_settings()
    except ConfigurationError:
        return  # this is what the run itself ended with
    tell(outcome, settings)


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
