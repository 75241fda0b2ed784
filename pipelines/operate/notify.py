"""Telling somebody that a run needs attention: one message, of counts and ids alone.

What it is sent to belongs to others, and the data is privileged: no name, no amount, no text of
an error, and no name of a collection or check, which may come from a custom field.
"""

from collections import Counter
from typing import Any

import orjson

from pipelines.config import SLACK, Settings
from pipelines.outcome import Outcome, jsonable, status
from sources.clio_http.exchange import post_document
from sources.errors import ClioError

TOLD_OF = frozenset({"check", "load", "publish", "sweep", "sync", "transform"})
"""The commands that run without a person."""
BY_CODE = {
    "unequal": "certificate_failed",
    "checks_failed": "checks_failed",
    "differences": "differences",
    "kept_out": "kept_out",
    "type_changed": "kept_out",
}
"""What happened, by the code of an error; it goes before what the exit code says."""
BY_EXIT_CODE = {4: "partial", 5: "guard_stopped"}
FAILED = "failed"
NOT_TOLD = frozenset({0, 130})
BUSY = {"busy"}
WORDS = {
    "certificate_failed": "the warehouse still differs from Clio",
    "checks_failed": "a check failed",
    "differences": "Clio and the warehouse differ",
    FAILED: "it failed",
    "kept_out": "something that Clio shows does not fit and is kept out",
    "guard_stopped": "a guard stopped it, and a person must look",
    "partial": "it is not complete, and the next run goes on",
}


def event(outcome: Outcome) -> str:
    """Say what happened that somebody should know of; empty when nothing did.

    A run that found another one at work is nothing: schedules overlap.
    """
    codes = [error.code for _, error in outcome.errors]
    if outcome.command not in TOLD_OF or outcome.exit_code in NOT_TOLD or set(codes) == BUSY:
        return ""
    named = [BY_CODE[code] for code in codes if code in BY_CODE]
    return next(iter(named), BY_EXIT_CODE.get(outcome.exit_code, FAILED))


def payload(outcome: Outcome, happened: str) -> dict[str, Any]:
    """Return the message as the generic shape has it: `errors` counts findings by code."""
    errors = Counter[str]()
    for _, error in outcome.errors:
        errors[error.code] += error.count
    return {
        "tool": "clio-sync",
        "event": happened,
        "command": outcome.command,
        "status": status(outcome.exit_code),
        "exit_code": outcome.exit_code,
        "run_id": outcome.run_id,
        "started_at": outcome.started_at,
        "finished_at": outcome.finished_at,
        "errors": dict(errors),
    }


def slack(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message as Slack's incoming webhooks take it."""
    said = f"clio-sync {message['command']}: {WORDS[message['event']]}"
    errors = ", ".join(f"{count} x {code}" for code, count in message["errors"].items())
    lines = [
        f"*{said}*",
        f"exit code {message['exit_code']}, run `{message['run_id'] or '-'}`",
        *([f"errors: {errors}"] if errors else []),
    ]
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(lines)}}
    return {"text": said, "blocks": [section]}


def tell(outcome: Outcome, settings: Settings) -> None:
    """Send the message, if there is something to tell and somebody to tell it.

    A message that does not arrive is one more error of the outcome; its exit code stays.
    """
    happened = event(outcome)
    if not happened or settings.notify_url is None:
        return
    message = payload(outcome, happened)
    if settings.notify_shape == SLACK:
        message = slack(message)
    document = orjson.dumps(message, default=jsonable, option=orjson.OPT_PASSTHROUGH_DATETIME)
    try:
        post_document(settings.notify_url, document)
    except ClioError as error:
        outcome.errors.append(("", error))
