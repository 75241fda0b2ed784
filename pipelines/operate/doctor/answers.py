"""A question about how Clio behaves, and its answer: facts about the API, never about a record."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import orjson

from sources.clio_http.client import ClioClient
from sources.clio_http.clock import Clock
from sources.clio_http.exchange import RawAnswer
from sources.errors import ClioError, Interrupted

Observed: TypeAlias = str | int | bool | list[Any] | dict[str, Any]
Parameters: TypeAlias = Sequence[tuple[str, str]]
OK, NOT_MODIFIED = 200, 304
WAIT = 5.0
WRITES = "it needs a change, and nothing is changed here"
"""Why some questions are never asked."""


class UnsettledError(Exception):
    """A question that this account cannot settle; the text says why, without a record's content."""


@dataclass(frozen=True)
class Reply:
    """An answer of any status."""

    raw: RawAnswer

    @property
    def status(self) -> int:
        """Return the status."""
        return self.raw.status

    @property
    def document(self) -> dict[str, Any]:
        """Return the body; empty if it is no JSON object."""
        try:
            read = orjson.loads(self.raw.body)
        except orjson.JSONDecodeError:
            return {}
        return read if isinstance(read, dict) else {}

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return the records of a list."""
        data = self.document.get("data")
        return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []

    @property
    def paging(self) -> dict[str, Any]:
        """Return what the page says of its neighbours."""
        meta = self.document.get("meta")
        paging = meta.get("paging") if isinstance(meta, dict) else None
        return paging if isinstance(paging, dict) else {}

    @property
    def next(self) -> str:
        """Return the link to the next page, empty if there is none."""
        link = self.paging.get("next")
        return link if isinstance(link, str) else ""

    @property
    def token(self) -> str:
        """Return the page token of that link."""
        return dict(parse_qsl(urlsplit(self.next).query)).get("page_token", "")


@dataclass
class Asker:
    """Asks one product, within its rate limit, and counts."""

    client: ClioClient
    clock: Clock
    known: dict[str, Reply] = field(default_factory=dict)

    def ask(self, path: str, *params: tuple[str, str], **headers: str) -> Reply:
        """Send one request; header names are written with underscores.

        Raises:
            ClioError: there was no whole answer.

        """
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Reply(self.client.look(path, params, named))

    def page(self, path: str, *params: tuple[str, str]) -> Reply:
        """Return the answer of a list that is needed by several questions, asked for once.

        Raises:
            UnsettledError: it was refused, or has no records.

        """
        name = f"{path}?{params}"
        if name not in self.known:
            self.known[name] = self.ask(path, *params)
        reply = self.known[name]
        if reply.status != OK:
            message = f"{path} was answered with {reply.status}"
            raise UnsettledError(message)
        if not reply.rows:
            message = f"{path} has no records"
            raise UnsettledError(message)
        return reply

    def pages(self, paths: Sequence[str], *params: tuple[str, str]) -> Iterator[tuple[str, Reply]]:
        """Yield those of some lists that have records, asked for one after the other.

        Raises:
            UnsettledError: none has, and why the last one has none.

        """
        found, reason = False, ""
        for path in paths:
            try:
                reply = self.page(path, *params)
            except UnsettledError as unsettled:
                reason = str(unsettled)
                continue
            found = True
            yield path, reply
        if not found:
            raise UnsettledError(reason)

    def pause(self) -> float:
        """Let some seconds pass, and give their number."""
        self.clock.sleep(WAIT)
        return WAIT


@dataclass(frozen=True)
class DoctorQuestion:
    """What is asked, and how; without a way it is never asked, and `reason` says why."""

    name: str
    text: str
    find: Callable[[Asker], Observed] | None = None
    reason: str = ""


@dataclass(frozen=True)
class Finding:
    """What was observed; None where the question could not be settled, and why."""

    product: str
    question: DoctorQuestion
    observed: Observed | None
    reason: str
    requests: int

    def document(self) -> dict[str, Any]:
        """Return the answer as it stands in the report."""
        return {
            "product": self.product,
            "name": self.question.name,
            "question": self.question.text,
            "settled": self.observed is not None,
            "observed": "unknown" if self.observed is None else self.observed,
            "reason": self.reason or None,
            "requests": self.requests,
        }


def answered(product: str, question: DoctorQuestion, asker: Asker) -> Finding:
    """Put one question.

    Raises:
        Interrupted: the run is to stop.

    """
    before = asker.client.requests
    observed, reason = None, question.reason
    if question.find is not None:
        try:
            observed = question.find(asker)
        except UnsettledError as unsettled:
            reason = str(unsettled)
        except Interrupted:
            raise
        except ClioError as error:
            reason = error.code
    return Finding(product, question, observed, reason, asker.client.requests - before)


def settled_by(status: int, accepted: str) -> str:
    """Say what a status means for a request that may be refused."""
    if status == OK:
        return accepted
    if status in {400, 404, 413, 414, 422}:
        return f"refused with {status}"
    message = f"it was answered with {status}"
    raise UnsettledError(message)
