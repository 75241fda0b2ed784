"""The one POST that is ever sent to Clio: that it make one of its own reports.

It is refused here, before anything leaves, unless it asks Clio Manage at `reports` for one of the
kinds below. It changes no record of the firm; Clio keeps the report in its list of reports.
"""

import json
import re
from dataclasses import dataclass

from sources.errors import (
    RateLimitedError,
    RequestRefusedError,
    UnavailableError,
    UnreadableAnswerError,
    WriteRefusedError,
)

from .api import ClientSettings
from .client import ClioClient, parsed
from .clock import Clock
from .exchange import RawAnswer
from .hosts import demand_storage
from .retry import asked_wait
from .statuses import OK, TOO_MANY, RequestContext, error_for

PRODUCT, PATH, FORMAT = "clio_manage", "reports", "csv"
KINDS = frozenset(
    {
        "accounts_receivable",
        "accounts_receivable_aging",
        "matter_balance_summary",
        "revenue",
        "trust_ledger",
        "trust_listing",
        "work_in_progress",
    }
)
"""Stated here again on purpose: no list elsewhere can widen what is asked for."""

COMPLETED, EMPTY, FAILED = "completed", "empty", "failed"
CREATED, SEE_OTHER = 201, 303
TRIES = 3
WAITS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
LONGEST = 900.0
"""Seconds that a report may take to be made."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class ReportRequest:
    """A report to be made: its kind, and the days of its period, both or neither."""

    kind: str
    start: str = ""
    end: str = ""


def check(wanted: ReportRequest, settings: ClientSettings) -> None:
    """Refuse what must never be sent.

    Raises:
        WriteRefusedError: it is not one of the reports that may be asked for.
    """
    days = [day for day in (wanted.start, wanted.end) if day]
    if settings.product != PRODUCT:
        message = f"nothing is ever posted to {settings.product}"
    elif settings.gateway:
        message = "nothing is ever posted through the gateway"
    elif wanted.kind not in KINDS:
        message = "a report of this kind is never asked for"
    elif len(days) == 1 or not all(_DAY.fullmatch(day) for day in days):
        message = "the period of the report is not two days"
    else:
        return
    raise WriteRefusedError(message)


def report(client: ClioClient, clock: Clock, wanted: ReportRequest) -> bytes:
    """Let Clio make a report, wait for it, and give its file; empty where it has no row.

    Raises:
        WriteRefusedError: it must not be asked for, and was not.
        UnavailableError: Clio did not make it, or not in time.
        ForeignHostError: Clio sends to an address that nothing is fetched from.
        ClioError: it could not be asked for or fetched.
    """
    key = ask(client, clock, wanted)
    if _awaited(client, clock, key) == EMPTY:
        return b""
    raw = client.look(f"{PATH}/{key}/download")
    if raw.status != SEE_OTHER:
        raise _error(raw, f"{PATH}/{key}/download")
    url = raw.headers.get("location", "")
    demand_storage(url, client.settings.origin)
    stored = client.fetch_unsigned(url)
    if stored.status != OK:
        message = f"the file of the report was answered with {stored.status}"
        raise UnavailableError(message)
    return stored.body


def ask(client: ClioClient, clock: Clock, wanted: ReportRequest) -> str:
    """Ask for a report, again only after a 429, when it was not taken; give its id.

    Raises:
        WriteRefusedError: it must not be asked for, and was not.
        ClioError: it was not taken, or whether it was is not known.
    """
    check(wanted, client.settings)
    data = {"kind": wanted.kind, "format": FORMAT}
    if wanted.start:
        data |= {"start_date": wanted.start, "end_date": wanted.end}
    body = json.dumps({"data": data})
    for _ in range(TRIES):
        with client.report_slot() as send:
            raw = send(PATH, [], body, {"Content-Type": "application/json"})
        if raw.status != TOO_MANY:
            return _id(raw)
        client.hold(asked_wait(raw.headers, clock.now()) or 1.0)
    message = "Clio has no room for a report now"
    raise RateLimitedError(message)


def _id(raw: RawAnswer) -> str:
    if raw.status not in {OK, CREATED}:
        raise _error(raw, PATH)
    document = parsed(raw.body)
    made = document.get("data") if isinstance(document, dict) else None
    key = made.get("id") if isinstance(made, dict) else None
    if not isinstance(key, int) or isinstance(key, bool):
        message = "the answer does not name the report"
        raise UnreadableAnswerError(message)
    return str(key)


def _awaited(client: ClioClient, clock: Clock, key: str) -> str:
    began, at = clock.monotonic(), 0
    while clock.monotonic() - began < LONGEST:
        answer = parsed(client.get(f"{PATH}/{key}", [("fields", "id,state")]).body)
        made = answer.get("data") if isinstance(answer, dict) else None
        state = made.get("state") if isinstance(made, dict) else None
        if state in {COMPLETED, EMPTY}:
            return str(state)
        if state == FAILED:
            message = "Clio says that the report failed"
            raise UnavailableError(message)
        clock.sleep(WAITS[min(at, len(WAITS) - 1)])
        at += 1
    message = f"the report was not made within {LONGEST / 60:.0f} minutes"
    raise UnavailableError(message)


def _error(raw: RawAnswer, path: str) -> Exception:
    if raw.status == OK:
        return RequestRefusedError("the report has no file")
    return error_for(
        raw.status, raw.body, raw.headers.get("location", ""), RequestContext(path, ())
    )
