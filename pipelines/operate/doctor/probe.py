"""The `doctor --probe` command: how this account's Clio behaves, written down for a report."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from pipelines.access.client import is_set_up
from pipelines.config import PRODUCTS
from pipelines.context import Context
from pipelines.errors import FileInTheWayError
from pipelines.files import write_new
from pipelines.load import products
from pipelines.outcome import Outcome, jsonable
from pipelines.release import release
from sources.errors import ConfigurationError, SignInNeededError

from . import grow_questions, manage_questions
from .answers import Asker, Finding, Question, answered
from .sign_in import opened

NAME = "clio-sync-probe.json"
QUESTIONS: Mapping[str, Sequence[Question]] = {
    "clio_manage": manage_questions.QUESTIONS,
    "clio_grow": grow_questions.QUESTIONS,
}


def run_probe(context: Context, out: Path | None = None) -> Outcome:
    """Put every question to each product that is set up, and write the answers to a file.

    Raises:
        FileInTheWayError: there is such a file; nothing is sent then.
        ConfigurationError: the file cannot be made.
        ClioError: no product could be asked.

    """
    began, path = context.clock.now(), out or context.folder / NAME
    if path.exists() or path.is_symlink():
        message = f"{path} is there already"
        raise FileInTheWayError(message)
    ready = [source for source in PRODUCTS if is_set_up(source, context.settings)]
    if not ready:
        message = "there is no token, and nobody is signed in"
        raise SignInNeededError(message)
    answers = [answer for source in ready for answer in _probe(context, source)]
    results = [answer.document() for answer in answers]
    report = {
        "taken_at": began,
        "clio_sync": release() or "not installed",
        "holds": "how Clio's API answered; no record, no id, no name and no text of the account",
        "answers": results,
    }
    text = _text(answers, path)
    outcome = Outcome("doctor", began, context.clock.now(), results=results, text=text)
    _write(path, report)
    return outcome


def _probe(context: Context, source: str) -> list[Finding]:
    with opened(context, source) as session:
        name, number = products.PRODUCT_NAMES[source], len(QUESTIONS[source])
        context.reporter.note(f"asking {name} {number} questions; nothing is changed")
        session.who_am_i()  # so that a token that is over is renewed, or refused at once
        asker = Asker(session.client, context.clock)
        return [answered(source, question, asker) for question in QUESTIONS[source]]


def _write(path: Path, report: Mapping[str, Any]) -> None:
    """Make a file that its owner alone can read; one that is there is never written over."""
    text = orjson.dumps(
        report, default=jsonable, option=orjson.OPT_INDENT_2 | orjson.OPT_PASSTHROUGH_DATETIME
    )
    try:
        write_new(path, text + b"\n")
    except FileExistsError:
        message = f"{path} is there already"
        raise FileInTheWayError(message) from None
    except OSError as error:
        message = f"{path} cannot be written ({error.strerror})"
        raise ConfigurationError(message) from None


def _text(answers: Sequence[Finding], path: Path) -> str:
    parts = []
    for answer in answers:
        told = answer.observed
        if isinstance(told, dict):
            told = ", ".join(f"{name.replace('_', ' ')}: {_shown(it)}" for name, it in told.items())
        shown = f"unknown ({answer.reason})" if told is None else _shown(told)
        parts.append(f"{answer.product.removeprefix('clio_')}  {answer.question.text}  {shown}")
    settled = sum(answer.observed is not None for answer in answers)
    requests = sum(answer.requests for answer in answers)
    end = f"{settled} of {len(answers)} questions settled, {requests} requests. Written to {path}."
    return "\n".join([*parts, "", f"{end} It holds nothing of any record.", ""])


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
