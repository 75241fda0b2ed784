"""The `doctor` command: what is wrong here, and the command that mends it; nothing is changed."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pipelines.access.client import is_set_up
from pipelines.config import PRODUCTS
from pipelines.context import Context
from pipelines.outcome import Outcome
from sources.clio_http.clock import Clock, SystemClock
from sources.clio_http.statuses import login, of_product
from sources.errors import ClioError, ConfigurationError, Interrupted

from . import lists, machine, sign_in, stored
from .line import FAIL, NOTE, SIGN_IN, DoctorLine, exit_code, text
from .probe import run_probe

__all__ = ["examine", "run_doctor", "run_probe"]


def run_doctor(stop: threading.Event) -> Outcome:
    """Look at this process's settings and everything that they name."""
    outcome = Outcome("doctor", SystemClock().now())
    try:
        context = Context.here(stop)
    except ConfigurationError as error:
        lines = [machine.versions(), DoctorLine("configuration", FAIL, str(error), error.hint)]
        _end(outcome, lines, SystemClock())
        outcome.exit_code = error.exit_code
        return outcome
    return examine(context)


def examine(context: Context) -> Outcome:
    """Make every check, those that send nothing first: exit code 7 if one failed.

    It is 3 if only a sign-in did.

    Raises:
        Interrupted: the run is to stop.

    """
    outcome, folder = Outcome("doctor", context.clock.now()), context.settings.data_dir
    lines = [
        machine.versions(),
        machine.configuration(context.settings, context.folder),
        machine.data_folder(folder),
        machine.lock(folder),
        machine.disk(folder),
        machine.copies(folder),
        machine.stop(folder),
    ]
    found, known = stored.look(context.settings, outcome.started_at)
    lines += [*found, stored.ledger(context.settings, context.clock)]
    for source in PRODUCTS:
        facts = known.get(source, stored.DoctorFacts())
        lines += [replace(line, product=source) for line in _product(context, source, facts)]
    _end(outcome, lines, context.clock)
    return outcome


def _product(context: Context, source: str, facts: stored.DoctorFacts) -> Iterator[DoctorLine]:
    """Check one product; what keeps it from being asked is a line of its own."""
    try:
        if not is_set_up(source, context.settings):
            what = "not set up: there is no token, and nobody is signed in"
            yield DoctorLine(SIGN_IN, NOTE, what, login(source))
            return
        with sign_in.opened(context, source) as session:
            yield from sign_in.lines_of(session, facts.pinned)
            yield from lists.lines_of(session)
            yield lists.refused_line(session, lists.FIELD, facts.refused)
            yield lists.refused_line(session, lists.PARAMETER, facts.not_taken)
    except Interrupted:
        raise
    except ClioError as error:
        yield sign_in.refusal(of_product(error, source))


def _end(outcome: Outcome, lines: Sequence[DoctorLine], clock: Clock) -> None:
    outcome.finished_at = clock.now()
    outcome.results = [line.document() for line in lines]
    outcome.text = text(lines)
    outcome.exit_code = exit_code(lines)
