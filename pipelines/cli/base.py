"""The frame of every command: the group, shared options, signals, how an end is told."""

import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from pipelines.config import Settings
    from pipelines.outcome import Outcome
    from sources.errors import ClioError

Function = TypeVar("Function", bound=Callable[..., Any])

TERMINATED, INTERRUPTED = 4, 130
"""How a command ends that was stopped by SIGTERM, and by a person's Ctrl-C."""
GRACE = 5.0
"""Seconds that a command which does not look for the order to stop has to end by itself."""
CONTEXT = {"help_option_names": ["-h", "--help"]}


def entry() -> None:
    """Run the command line; what was typed wrongly is told in words, or as a JSON document."""
    signal.signal(signal.SIGTERM, _leave)  # until a command says what else to do
    try:
        ended = main(standalone_mode=False)
    except click.Abort:
        _say("Aborted.", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        _show(error)
        sys.exit(error.exit_code)
    except SystemExit as ending:
        # click's own way to end where whoever reads has read enough, as of a page of help
        if "PacifyFlush" in type(sys.stdout).__name__:
            ending.code = 0
        raise
    sys.exit(ended if isinstance(ended, int) else 0)


def _leave(_number: int, _frame: object) -> None:
    """End at once, as is safe while nothing is written but in transactions."""
    os._exit(TERMINATED)


def _say(text: str, *, err: bool = False) -> int:
    """Print, and return the exit code: 0 where all was said, or nobody listens any more."""
    if (sys.stderr if err else sys.stdout).isatty():
        from pipelines.outcome import printable

        text = printable(text)
    try:
        click.echo(text, err=err, nl=not text.endswith("\n"))
    except BrokenPipeError:
        _close_streams()
    except OSError as error:
        _close_streams()
        os.write(2, f"What was done stays; it could not be printed ({error.strerror}).\n".encode())
        return TERMINATED
    return 0


def _close_streams() -> None:
    """Let nothing that is still to be printed fail once more, at the end of the process."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())


def _show(error: click.ClickException) -> None:
    try:
        error.show()
    except BrokenPipeError:
        _close_streams()
    if "--json" not in sys.argv:
        return
    from pipelines.errors import CommandLineError
    from pipelines.outcome import Outcome
    from sources.clio_http.clock import SystemClock

    where = error.ctx if isinstance(error, click.UsageError) else None
    now = SystemClock().now()
    outcome = Outcome(_named(where), now, now, exit_code=error.exit_code)
    outcome.errors = [("", CommandLineError(error.format_message()))]
    _print_document(outcome)


def _print_document(outcome: "Outcome") -> int:
    import orjson

    from pipelines.outcome import jsonable

    document = outcome.document()
    try:
        text = orjson.dumps(document, default=jsonable, option=orjson.OPT_PASSTHROUGH_DATETIME)
    except orjson.JSONEncodeError:
        # a whole number of more than 64 bits, such as a sum may be
        text = json.dumps(document, default=jsonable, ensure_ascii=False).encode()
    return _say(text.decode())


@click.group(context_settings=CONTEXT)
@click.version_option(package_name="clio-sync")
def main() -> None:
    """Keep a law firm's Clio data in a DuckDB warehouse of its own.

    Settings come from the environment, .dlt/secrets.toml and .dlt/config.toml, in this order.

    Exit codes: 0 done, 1 failed, 2 usage, 3 sign-in needed, 4 incomplete and safe to run again,
    5 a person must look: a guard stopped it, or Clio shows less than before; 6 a person must
    decide, 7 a check failed, 130 interrupted.
    """
    os.umask(0o077)
    with suppress(OSError, ValueError):
        # a dump of this process would hold tokens and clients' data
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def command(group: click.Group, name: str) -> Callable[[Function], click.Command]:
    """Make a command of a function, with `--json`, `--debug`, exit codes and errors in words.

    The function takes the context, and each option by its name; it returns the outcome.
    """
    return lambda function: group.command(name)(_callback(function))


def command_group(group: click.Group, name: str) -> Callable[[Function], click.Group]:
    """Make a command of a function that has commands of its own: it is called without them."""
    return lambda function: group.group(name, invoke_without_command=True)(_callback(function))


def _callback(function: Callable[..., "Outcome"]) -> Callable[..., None]:
    def callback(*, as_json: bool, debug: bool, **options: object) -> None:
        def body(stop: threading.Event) -> "Outcome":
            from pipelines.context import Context

            return function(Context.here(stop), **options)

        here = click.get_current_context()
        if here.invoked_subcommand is None:
            call(_named(here), body, as_json=as_json, debug=debug)

    callback.__doc__ = function.__doc__
    common(callback)
    vars(callback)["__click_params__"] += getattr(function, "__click_params__", [])
    return callback


def _named(here: click.Context | None) -> str:
    """Return the words of a command, without the program's name."""
    names: list[str] = []
    while here and here.parent:
        names.insert(0, here.info_name or "")
        here = here.parent
    return " ".join(names)


def wants_json() -> bool:
    """Tell whether the command is to print one JSON document."""
    return bool(click.get_current_context().params["as_json"])


def common(function: Function) -> Function:
    """Add the options that every command has."""
    debug = click.option("--debug", is_flag=True, help="Log each request (no contents).")
    as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
    return as_json(debug(function))


PRODUCT = click.Choice(["manage", "grow"])
NUMBER = click.IntRange(min=1)
FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
product_argument = click.argument(
    "sources",
    required=False,
    type=PRODUCT,
    callback=lambda _context, _argument, product: [f"clio_{product}"] if product else [],
)
partial_option = click.option(
    "--partial",
    is_flag=True,
    help="Publish also where figures of money are not known, with those figures empty.",
)


def _finish(outcome: "Outcome", *, as_json: bool) -> None:
    """Print an outcome and leave with its exit code."""
    from pipelines.outcome import errors_text

    unsaid = 0
    if as_json:
        unsaid = _print_document(outcome)
    elif outcome.text:
        unsaid = _say(outcome.text)
    if outcome.errors:
        _say(errors_text(outcome.errors), err=True)
    sys.exit(outcome.exit_code or unsaid)


def call(
    command: str, body: Callable[[threading.Event], "Outcome"], *, as_json: bool, debug: bool
) -> None:
    """Run a command's function: logging, signals, errors in words."""
    from pipelines.outcome import Outcome
    from sources.clio_http.clock import SystemClock
    from sources.clio_http.secret import install_logging

    install_logging(debug)
    stop, started_at = Stop(), SystemClock().now()
    try:
        outcome = body(stop)
    except click.ClickException:
        raise
    except BrokenPipeError:
        # nobody reads what a person was to answer, so nothing was answered
        _close_streams()
        sys.exit(TERMINATED)
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last line of defence
        found = _in_words(error, stop)
        outcome = Outcome(command, started_at, exit_code=found.exit_code, errors=[("", found)])
    outcome.finished_at = outcome.finished_at or SystemClock().now()
    if outcome.exit_code == INTERRUPTED and stop.number == signal.SIGTERM:
        outcome.exit_code = TERMINATED
    if outcome.exit_code and (settings := _settings()):
        from pipelines.operate.notify import tell

        tell(outcome, settings)
    _finish(outcome, as_json=as_json)


def _in_words(error: BaseException, stop: "Stop") -> "ClioError":
    """Return what a failure means."""
    from pipelines.errors import UnexpectedError, origin
    from pipelines.errors.local import told
    from sources.errors import ClioError, Interrupted

    if isinstance(error, ClioError):
        return error
    if stop.ends(error):
        return Interrupted()
    settings = _settings()
    where = str(settings.data_dir) if settings else ""
    # the text of an unknown error may quote a row, so only its place is shown
    return told(error, where=where) or UnexpectedError(f"unexpected failure: {origin(error)}")


def _settings() -> "Settings | None":
    """Return the settings; None where they are wrong, as the run itself has said."""
    from pipelines.config import read_settings
    from sources.errors import ConfigurationError

    try:
        return read_settings()
    except ConfigurationError:
        return None


class Stop(threading.Event):
    """The order to stop, as SIGINT and SIGTERM give it; a second one ends the process at once.

    A command that looks whether it is to stop, ends at its next safe point; one that never looks
    is ended where it is, which is as safe as a power cut: nothing is written but in transactions.
    """

    def __init__(self) -> None:
        """Begin without an order."""
        super().__init__()
        self.number, self.heeded = 0, False
        signal.signal(signal.SIGINT, self._handle)
        signal.signal(signal.SIGTERM, self._handle)

    def is_set(self) -> bool:
        """Tell whether the command is to stop."""
        self.heeded = True
        return super().is_set()

    def ends(self, error: BaseException) -> bool:
        """Tell whether a failure is the end that the order brought."""
        # DuckDB ends a query that is under way with an error of its own
        return isinstance(error, KeyboardInterrupt) or (
            bool(self.number) and not self.heeded and isinstance(error, RuntimeError)
        )

    def _handle(self, number: int, _frame: object) -> None:
        if self.number:
            os.write(2, b"Stopped. What was stored stays; run the same command to go on.\n")
            os._exit(INTERRUPTED if number == signal.SIGINT else TERMINATED)
        self.number = number
        self.set()
        if not self.heeded:
            # a query may take long to notice
            last = threading.Timer(GRACE, self._handle, (number, None))
            last.daemon = True
            last.start()
            raise KeyboardInterrupt
