"""The client: one for each product, shared by every thread."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Generic, Self, TypeAlias, TypeVar

import orjson
import pendulum

from sources.errors import (
    ClioError,
    HangError,
    Interrupted,
    MovedError,
    SignInNeededError,
    UnavailableError,
    UnreadableAnswerError,
    UntrustedServerError,
)

from .api import ClientSettings
from .clock import Clock, http_date
from .exchange import Bounds, Exchange, RawAnswer
from .limits import Meter, RateBudget, RequestBudget, Silence
from .pace import Pace, PacedBudget
from .retry import Outcome, Policy, Retrier, Succeeded, Throttled, Transient, asked_wait
from .secret import Bearer, Renew, Secret, quiet_libraries
from .statuses import (
    OK,
    REDIRECTS,
    TOO_MANY,
    VERSION,
    Notices,
    RequestContext,
    error_for,
    gateway_error_for,
    is_temporary,
    of_product,
)

__all__ = [
    "Answer",
    "Bounds",
    "ClientSettings",
    "ClioClient",
    "Meter",
    "Pace",
    "Policy",
    "RequestBudget",
    "Secret",
]

T = TypeVar("T")
Send: TypeAlias = Callable[[str, list[tuple[str, str]], str, Mapping[str, str]], RawAnswer]
"""Sends a request: path, parameters, body and headers."""

WHO_AM_I = "users/who_am_i"
"""Where Clio tells whose token it is: a small answer, whose date is the server's time."""
_LOG = logging.getLogger(__name__)
_CONTENT = {"Accept": "application/json", "Accept-Encoding": "gzip"}
_NO_MORE: Mapping[str, str] = MappingProxyType({})
_KEPT = frozenset({"etag", "last-modified", "x-api-version", "date", "content-type"})


@dataclass(frozen=True)
class Answer:
    """A good answer: its body, the server's time (UTC) and the headers worth keeping."""

    body: bytes
    date: pendulum.DateTime | None
    headers: Mapping[str, str]


@dataclass(frozen=True)
class _Wanted(Generic[T]):
    """A request, what is made of its answer, who counts it, and what the log adds to it."""

    asked: RequestContext
    check: Callable[[Answer], T]
    meter: Meter | None
    note: str
    attempts: int | None = None


class ClioClient:
    """Reads from one product of Clio, within its rate limit, asking again what may be repeated."""

    def __init__(
        self,
        settings: ClientSettings,
        clock: Clock,
        *,
        stop: threading.Event | None = None,
        renew: Renew | None = None,
    ) -> None:
        """Open the client; nothing is sent yet. `renew` gives a newer token than a refused one."""
        quiet_libraries()
        self._bearer = Bearer(settings.token, renew)
        self.settings = settings
        self._clock = clock
        self._stop = stop or threading.Event()
        self._meter = Meter()
        self.allowance = RequestBudget()
        self.silence = Silence()
        self.notices = Notices(settings.headers.get(VERSION, ""))
        self._moved: dict[str, str] = {}
        self._server_time: pendulum.DateTime | None = None
        self._exchange = Exchange(settings.bounds, clock, self._stop)
        self._budget = _budget(settings, clock, self._stop)
        self._retrier = Retrier(settings.policy, clock, self._stop, self._budget.hold)

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    @property
    def requests(self) -> int:
        """Return the number of requests sent so far, retries included."""
        return self._meter.requests

    @property
    def server_time(self) -> pendulum.DateTime | None:
        """Return the server's time of the last answer, whatever it said; None before the first."""
        return self._server_time

    @property
    def rate(self) -> int:
        """Return the requests that one rate-limit window allows us, 0 where it is not known."""
        return self._budget.usable

    def close(self) -> None:
        """Close the connections."""
        self._exchange.close()

    def get(
        self, path: str, params: Sequence[tuple[str, str]] = (), *, meter: Meter | None = None
    ) -> Answer:
        """Read a path such as `users/who_am_i`; the body is known to be JSON.

        Raises:
            ClioError: the kind says what to do next; see `sources.errors`.
        """
        return self.read(path, params, _parsable, meter=meter)

    def read(  # noqa: PLR0913 - a request, its check, and four things by name
        self,
        path: str,
        params: Sequence[tuple[str, str]],
        check: Callable[[Answer], T],
        *,
        meter: Meter | None = None,
        note: str = "",
        attempts: int | None = None,
    ) -> T:
        """Read a path and give what `check` makes of the answer.

        An `UnreadableAnswerError` from `check` is treated like a server error: the request is
        repeated a few times, or until there were so many `attempts`. `note` is added to the log
        line. A refused token is renewed once, and a redirect within the API is followed once.
        """
        wanted = _Wanted(RequestContext(path, params), check, meter, note, attempts)
        try:
            return self._signed(wanted)
        except MovedError as moved:
            self._moved[path] = moved.path
        return self._signed(wanted)

    def path_of(self, path: str) -> str:
        """Return the path at which a list is read in this run, once Clio has pointed to another."""
        return self._moved.get(path, path)

    def _signed(self, wanted: _Wanted[T]) -> T:
        token = self._bearer.token
        refusal: SignInNeededError
        try:
            return self._read(wanted, token)
        except SignInNeededError as error:
            refusal = error
        return self._read(wanted, self._bearer.newer(token, refusal))

    def look(
        self,
        path: str,
        params: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] = _NO_MORE,
    ) -> RawAnswer:
        """Send one request and give its answer, whatever its status; nothing is repeated.

        Raises:
            ClioError: there was no whole answer, or the run is to stop.
        """
        wanted = _Wanted(RequestContext(path, params), _parsable, None, "")
        with self._budget.slot():
            raw = self._send(wanted, self._bearer.token, headers)
            if raw.status == TOO_MANY:
                self._budget.hold(asked_wait(raw.headers, self._clock.now()) or 1.0)
            return raw

    @contextmanager
    def write_slot(self) -> Iterator[Send]:
        """Wait for leave to send one write, and give what sends it: once, whatever comes of it.

        Only `sources.clio_http.writes` asks for this, which decides what may be written.

        Raises:
            Interrupted: asked to stop while waiting; nothing was sent.
        """
        with self._budget.slot():
            yield partial(self._exchanged, "PATCH")

    @contextmanager
    def report_slot(self) -> Iterator[Send]:
        """Wait for leave to send one POST, and give what sends it: once, whatever comes of it.

        Only `sources.clio_http.reports` asks for this, which decides what may be sent.

        Raises:
            Interrupted: asked to stop while waiting; nothing was sent.
            BudgetSpent: no request is left.
        """
        with self._budget.slot():
            self.allowance.take()
            yield partial(self._exchanged, "POST")

    def fetch_unsigned(self, url: str) -> RawAnswer:
        """Read an address that carries its own leave: no token and no header of ours goes there.

        Raises:
            ClioError: there was no whole answer, or the run is to stop.
        """
        if self._stop.is_set():
            raise Interrupted
        return self._exchange.send("GET", url, {"Accept-Encoding": "gzip"})

    def _exchanged(  # noqa: PLR0913 - all of a request
        self,
        method: str,
        path: str,
        params: Sequence[tuple[str, str]],
        body: str | None,
        headers: Mapping[str, str],
        *,
        token: Secret | None = None,
    ) -> RawAnswer:
        """Send a request, and take in what its answer says of the limit and the time."""
        self._meter.count()
        signed = self._bearer.headers(token or self._bearer.token)
        sent = {**self.settings.headers, **_CONTENT, **headers, **signed}
        raw = self._exchange.send(method, self.settings.url(path), sent, params=params, body=body)
        self._budget.learn(raw.status, raw.headers)
        self._server_time = http_date(raw.headers.get("date")) or self._server_time
        return raw

    def hold(self, seconds: float) -> None:
        """Let nothing be sent for so long."""
        self._budget.hold(seconds)

    def _read(self, wanted: _Wanted[T], token: Secret) -> T:
        once = partial(self._once, wanted, token)
        return self._retrier.call(self._budget.slot, once, wanted.attempts)

    def _once(self, wanted: _Wanted[T], token: Secret) -> Outcome[T]:
        if wanted.meter:
            self.silence.check()
        since = self.silence.answers
        try:
            raw = self._send(wanted, token)
            if wanted.meter and not is_temporary(raw.status):
                self.silence.answered()
            if is_temporary(raw.status):
                return Transient(self._error(raw, wanted.asked))
            if raw.status == TOO_MANY:
                return Throttled(asked_wait(raw.headers, self._clock.now()))
            if raw.status == OK:
                return Succeeded(wanted.check(_answer(raw)))
        except UntrustedServerError:
            raise
        except (UnavailableError, UnreadableAnswerError) as error:
            if wanted.meter and isinstance(error, HangError):
                self.silence.hung(wanted.meter, since)
            return Transient(error)
        raise self._error(raw, wanted.asked)

    def _error(self, raw: RawAnswer, asked: RequestContext) -> ClioError:
        meaning = gateway_error_for if self.settings.gateway else error_for
        location = raw.headers.get("location", "")
        error = meaning(raw.status, raw.body, location, asked)
        path = self.settings.path_in(location) if raw.status in REDIRECTS else ""
        if path and path != self.path_of(asked.path):
            return MovedError(str(error), path)
        return of_product(error, self.settings.product)

    def _send(
        self, wanted: _Wanted[T], token: Secret, more: Mapping[str, str] = _NO_MORE
    ) -> RawAnswer:
        if self._stop.is_set():
            raise Interrupted
        self.allowance.take()
        if wanted.meter:
            wanted.meter.count()
        began = self._clock.monotonic()
        path = self.path_of(wanted.asked.path)
        raw = self._exchanged("GET", path, wanted.asked.params, None, more, token=token)
        self.notices.look(wanted.asked.template, raw.headers)
        if raw.status == OK:
            self._bearer.accepted(token)
        _LOG.debug(
            "GET %s %d %.2f s %.0f kB %s",
            wanted.asked.template,
            raw.status,
            self._clock.monotonic() - began,
            len(raw.body) / 1000,
            wanted.note,
        )
        return raw


def _budget(
    settings: ClientSettings, clock: Clock, stop: threading.Event
) -> RateBudget | PacedBudget:
    if settings.pace is None:
        return RateBudget(clock, settings.reserve, stop)
    return PacedBudget(clock, settings.pace, settings.reserve, stop)


def _answer(raw: RawAnswer) -> Answer:
    if "json" not in raw.headers.get("content-type", "").partition(";")[0].lower():
        message = "the answer is not JSON but another type of content"
        raise UnreadableAnswerError(message)
    kept = {
        name: value
        for name, value in raw.headers.items()
        if name in _KEPT or name.startswith("x-ratelimit-")
    }
    return Answer(raw.body, http_date(raw.headers.get("date")), kept)


def parsed(body: bytes) -> object:
    """Parse a body.

    Raises:
        UnreadableAnswerError: if it is not JSON.
    """
    with suppress(orjson.JSONDecodeError):
        return orjson.loads(body)
    # Raised only here: the parser's exception holds the whole body.
    message = "the answer is not whole JSON"
    raise UnreadableAnswerError(message)


def _parsable(answer: Answer) -> Answer:
    parsed(answer.body)
    return answer
