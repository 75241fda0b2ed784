"""The one way in which anything is ever written to Clio: a guarded PATCH, sent once.

It is refused here, before anything leaves, unless it is a PATCH of one record of nine collections
with an entity tag in `If-Match`. It is never repeated and no redirect is followed: what an answer,
or none, says of the record is told, and what to do next is decided elsewhere.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sources.errors import (
    Interrupted,
    UnavailableError,
    UnreachableError,
    UnreadableAnswerError,
    UntrustedServerError,
    WriteRefusedError,
)

from .api import ClientSettings
from .client import ClioClient
from .clock import Clock
from .exchange import RawAnswer
from .hosts import template
from .leaves import exact
from .retry import asked_wait
from .statuses import OK, TOO_MANY, explanation

PRODUCT = "clio_manage"
COLLECTIONS = frozenset(
    {
        "activities",
        "calendar_entries",
        "communications",
        "contacts",
        "documents",
        "matters",
        "notes",
        "relationships",
        "tasks",
    }
)
"""Stated here again on purpose: no list elsewhere can widen what is sent."""

CHANGED = 412
SIGN_IN = 401
DEFINITE = frozenset({400, 403, 404, 409, 422, 428})
"""Answers after which nothing was changed, for a reason that waiting does not cure."""
_REDIRECTS = range(300, 400)
_LOG = logging.getLogger(__name__)
_RECORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_TAG = re.compile(r'"[\x21\x23-\x7e]+"|(?!W/)[A-Za-z0-9._:+/=-]+')
"""A strong entity tag, in quotes or bare; `*`, a list of tags and weak tags are not."""
_SENT = {"Content-Type": "application/json"}
_WORD = re.compile(r"[A-Za-z]{1,40}")


class Effect(StrEnum):
    """What is known of a record after a PATCH. There are no others.

    `ACCEPTED`: the answer shows the record after it. `CHANGED`: 412, nothing was written.
    `REFUSED`: nothing was written, and never will be. `DEFERRED`: 429, or 401 where the token is
    no longer taken: nothing was written, and the same may be sent later.
    `UNSENT`: nothing left this machine. `UNKNOWN`: it may or may not have been written.
    """

    ACCEPTED = "accepted"
    CHANGED = "changed"
    REFUSED = "refused"
    DEFERRED = "deferred"
    UNSENT = "unsent"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Patch:
    """One write: the text `body` is sent as it is, with `if_match` as it is.

    `fields` says what the answer is to show.
    """

    resource: str
    record_id: str
    if_match: str
    body: str
    fields: str

    @property
    def path(self) -> str:
        """Return the path of the record, such as `matters/7`."""
        return f"{self.resource}/{self.record_id}"


@dataclass(frozen=True)
class WriteResult:
    """What came of one PATCH.

    `record` is what the answer shows, where it is accepted. `status` is 0 where there was no
    answer. `told` says why in words that hold nothing of the record; `wait` is how many seconds
    a deferral asks for.
    """

    effect: Effect
    status: int = 0
    record: Mapping[str, Any] | None = None
    told: str = ""
    wait: float | None = None


def check(patch: Patch, settings: ClientSettings) -> None:
    """Refuse what must never be sent.

    Raises:
        WriteRefusedError: it is not a guarded PATCH of one record that may be written.
    """
    if settings.product != PRODUCT:
        message = f"nothing is ever written to {settings.product}"
    elif patch.resource not in COLLECTIONS:
        message = f"records of {template(patch.resource)} are never written"
    elif not _RECORD.fullmatch(patch.record_id):
        message = "the address of the record is not an id"
    elif not is_strong(patch.if_match):
        message = "without a strong entity tag nothing is sent"
    elif not _is_body(patch.body):
        message = 'the body is not {"data":{…}}'
    else:
        return
    raise WriteRefusedError(message)


def is_strong(tag: str) -> bool:
    """Tell whether this is one strong entity tag, with which a write is guarded."""
    return _TAG.fullmatch(tag) is not None


def _is_body(body: str) -> bool:
    try:
        read = json.loads(body)
        body.encode()
    except ValueError:
        return False
    return isinstance(read, dict) and set(read) == {"data"} and isinstance(read["data"], dict)


def address(patch: Patch, settings: ClientSettings) -> str:
    """Return the whole address that a PATCH is sent to."""
    return f"{settings.url(patch.path)}?fields={patch.fields}"


def send(
    client: ClioClient, clock: Clock, patch: Patch, last_look: Callable[[], None] = lambda: None
) -> WriteResult:
    """Send one PATCH within the rate limit, once, and say what is known of the record after it.

    `last_look` is called once the waiting is over; what it raises keeps the PATCH from leaving.

    Raises:
        WriteRefusedError: it must not be sent, and was not.
        Interrupted: the run was asked to stop before it was sent.
    """
    check(patch, client.settings)
    headers = {**_SENT, "If-Match": patch.if_match}
    began = clock.monotonic()
    with client.write_slot() as leave:
        last_look()
        try:
            raw = leave(patch.path, [("fields", patch.fields)], patch.body, headers)
        except (UnreachableError, UntrustedServerError) as error:
            found = WriteResult(Effect.UNSENT, told=str(error))
        except (UnavailableError, UnreadableAnswerError, Interrupted) as error:
            found = WriteResult(Effect.UNKNOWN, told=str(error))
        else:
            found = effect_of(raw, patch, clock)
    _LOG.debug(
        "PATCH %s %d %s %.2f s",
        template(patch.path),
        found.status,
        found.effect,
        clock.monotonic() - began,
    )
    return found


def effect_of(raw: RawAnswer, patch: Patch, clock: Clock) -> WriteResult:
    """Say what an answer means. Whatever is not known to mean something else is unknown."""
    status = raw.status
    if status == OK:
        record = shown(raw, patch)
        if record is None:
            told = "the answer does not show the record"
            return WriteResult(Effect.UNKNOWN, status, told=told)
        return WriteResult(Effect.ACCEPTED, status, record)
    if status == CHANGED:
        return WriteResult(Effect.CHANGED, status, told="the record has changed in Clio")
    if status in {TOO_MANY, SIGN_IN}:
        return WriteResult(Effect.DEFERRED, status, wait=asked_wait(raw.headers, clock.now()))
    if status in DEFINITE or status in _REDIRECTS:
        return WriteResult(Effect.REFUSED, status, told=_reason(raw, patch))
    return WriteResult(Effect.UNKNOWN, status, told=f"it was answered with {status}")


def shown(raw: RawAnswer, patch: Patch) -> Mapping[str, Any] | None:
    """Read the record out of an answer; None unless it is the one that was written to."""
    if "json" not in raw.headers.get("content-type", "").partition(";")[0].lower():
        return None
    try:
        document = exact(raw.body)
    except UnreadableAnswerError:
        return None
    record = document.get("data") if isinstance(document, dict) else None
    if not isinstance(record, dict) or str(record.get("id")) != patch.record_id:
        return None
    etag = record.get("etag")
    return record if isinstance(etag, str) and etag else None


def _reason(raw: RawAnswer, patch: Patch) -> str:
    """Say why, naming only fields that were sent: a message of Clio's may name a client."""
    kind, text = explanation(raw.body)
    sent = {name for name in json.loads(patch.body)["data"] if re.fullmatch("[a-z_]+", name)}
    named = sorted(name for name in sent if re.search(rf"\b{name}\b", text))
    parts = [f"Clio refused it with {raw.status}"]
    if _WORD.fullmatch(kind):
        parts.append(kind)
    if named:
        parts.append(f"about {', '.join(named)}")
    return ", ".join(parts)


def sign_in_needed(written: WriteResult) -> bool:
    """Tell whether the token was refused: no other record can be written either."""
    return written.status == SIGN_IN
