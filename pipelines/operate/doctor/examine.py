"""The `doctor` command: every check, the ones that send nothing first."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.access import access
from pipelines.config import PRODUCTS, read_settings
from pipelines.context import Context
from pipelines.outcome import Outcome
from pipelines.progress import Lines
from sources.clio_http.clock import Clock
from sources.clio_http.statuses import login, of_product
from sources.errors import ClioError, ConfigurationError, Interrupted

from . import lists, machine, sign_in, stored
from .line import FAIL, NOTE, SIGN_IN, DoctorLine, exit_code, text
from .refused import refused_fields, refused_parameters
from .session import ProductSession, opened


def run_doctor(stop: threading.Event, clock: Clock, reporter: Lines) -> Outcome:
    """Look at this process's settings and everything that they name."""
    folder = Path.cwd()
    try:
        settings = read_settings(folder=folder)
    except ConfigurationError as error:
        began = clock.now()
        lines = [machine.versions(), DoctorLine("configuration", FAIL, str(error), error.hint)]
        outcome = ended(lines, Outcome("doctor", began, clock.now()))
        outcome.exit_code = error.exit_code
        return outcome
    return examine(Context(settings, clock, reporter, stop, folder))


def examine(context: Context) -> Outcome:
    """Make every check: exit code 7 if one failed, 3 if only a sign-in did.

    Raises:
        Interrupted: the run is to stop.

    """
    began, folder = context.clock.now(), context.settings.data_dir
    lines = [
        machine.versions(),
        machine.configuration(context.settings, context.folder),
        machine.data_folder(folder),
        machine.lock(folder),
        machine.disk(folder),
        machine.copies(folder),
        machine.stop(folder),
    ]
    found, known = stored.look(context.settings, began)
    lines += [*found, stored.ledger(context.settings, context.clock)]
    for source in PRODUCTS:
        lines += [line.of(source) for line in _product(context, source, known)]
    return ended(lines, Outcome("doctor", began, context.clock.now()))


def _product(context: Context, source: str, known: stored.DoctorFacts) -> Iterator[DoctorLine]:
    """Check one product; what keeps it from being asked is a line of its own."""
    try:
        if not access.is_set_up(source, context.settings):
            what = "not set up: there is no token, and nobody is signed in"
            yield DoctorLine(SIGN_IN, NOTE, what, login(source))
            return
        with opened(context, source) as session:
            yield from _online(session, source, known)
    except Interrupted:
        raise
    except ClioError as error:
        yield sign_in.refusal(of_product(error, source))


def _online(
    session: ProductSession, source: str, known: stored.DoctorFacts
) -> Iterator[DoctorLine]:
    pinned = known.pinned.get(source)
    yield from sign_in.lines_of(session, pinned)
    yield from lists.lines_of(session)
    yield refused_fields(session, known.refused.get(source, {}))
    yield refused_parameters(session, known.not_taken.get(source, {}))


def ended(lines: Sequence[DoctorLine], outcome: Outcome) -> Outcome:
    """Make the outcome of lines."""
    outcome.results = [line.document() for line in lines]
    outcome.text = text(lines)
    outcome.exit_code = exit_code(lines)
    return outcome
