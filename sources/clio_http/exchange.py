"""One request and its answer, with every bound kept and httpx left behind."""

import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from sources.errors import (
    ClioError,
    HangError,
    Interrupted,
    UnavailableError,
    UnreachableError,
    UnreadableAnswerError,
    UntrustedServerError,
)

from .clock import Clock
from .deadline import BoundedTransport, Deadline
from .hosts import host_of

_UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.LocalProtocolError,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)
_Begin = Callable[[], AbstractContextManager[httpx.Response]]
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class Bounds:
    """How long one request may take, in seconds, and how large its decoded body may be."""

    connect: float = 10.0
    read: float = 60.0
    total: float = 180.0
    body: int = 50_000_000


@dataclass(frozen=True)
class RawAnswer:
    """An answer of any status, wholly read. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Exchange:
    """Sends requests over pooled connections, shared by threads."""

    def __init__(self, bounds: Bounds, clock: Clock, stop: threading.Event) -> None:
        """Open the pool; no connection is made yet."""
        self._bounds = bounds
        self._stop = stop
        self._deadline = Deadline(clock)
        self._http = httpx.Client(
            transport=BoundedTransport(self._deadline),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(bounds.read, connect=bounds.connect, pool=bounds.total),
            # No cookie is kept: a session must not stand in for the token.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    def close(self) -> None:
        """Close the pool."""
        self._http.close()

    def send(self, url: str, params: list[tuple[str, str]], headers: dict[str, str]) -> RawAnswer:
        """Send a GET and read the whole answer.

        Raises:
            UnreachableError: if nothing was sent.
            UnavailableError: if there was no whole answer.
            UnreadableAnswerError: if it is too large or wrongly encoded.
        """
        query = httpx.QueryParams(tuple(params))
        return self._guarded(
            url, lambda: self._http.stream("GET", url, params=query, headers=headers)
        )

    def post(self, url: str, body: str, headers: dict[str, str]) -> RawAnswer:
        """Send a POST once and read the whole answer; raises as `send` does."""
        return self._guarded(
            url, lambda: self._http.stream("POST", url, content=body, headers=headers)
        )

    def patch(
        self, url: str, params: list[tuple[str, str]], body: str, headers: dict[str, str]
    ) -> RawAnswer:
        """Send a PATCH once and read the whole answer; raises as `send` does."""
        query = httpx.QueryParams(tuple(params))
        return self._guarded(
            url,
            lambda: self._http.stream(
                "PATCH", url, params=query, content=body.encode(), headers=headers
            ),
        )

    def delete(self, url: str, headers: dict[str, str]) -> RawAnswer:
        """Send a DELETE once and read the whole answer; raises as `send` does."""
        return self._guarded(url, lambda: self._http.stream("DELETE", url, headers=headers))

    def _guarded(self, url: str, begin: _Begin) -> RawAnswer:
        failure: ClioError
        try:
            return self._whole(begin)
        except httpx.TimeoutException as error:
            late = UnreachableError if isinstance(error, _UNSENT) else HangError
            failure = late(f"{host_of(url)} did not answer in time ({_kind(error)})")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            failure = _failure(error, host_of(url))
        # Raised only here: within the block above it would carry httpx's exception as its
        # context, and with it the request and the header that holds the token.
        raise failure

    def _whole(self, begin: _Begin) -> RawAnswer:
        with self._deadline.within(self._bounds.total), begin() as answer:
            names = {name.lower(): value for name, value in answer.headers.items()}
            body = b"".join(self._decoded(answer, names.get("content-encoding", "")))
            return RawAnswer(answer.status_code, names, body)

    def _decoded(self, answer: httpx.Response, encoding: str) -> Iterator[bytes]:
        """Decode here and not in httpx, which would inflate a small bomb before it is measured."""
        inflate = _inflater(encoding)
        room = self._bounds.body
        for raw in answer.iter_raw():
            if self._stop.is_set():
                raise Interrupted
            chunk = _inflated(inflate, raw, room) if inflate else raw
            room -= len(chunk)
            if room < 0:
                message = f"the answer is larger than {self._bounds.body} bytes"
                raise UnreadableAnswerError(message)
            yield chunk
        if inflate and (not inflate.eof or inflate.unused_data):
            message = "the answer is not one whole gzip"
            raise UnreadableAnswerError(message)


def _inflater(encoding: str) -> "zlib._Decompress | None":
    if encoding.lower() in {"", "identity"}:
        return None
    if encoding.lower() in {"gzip", "x-gzip"}:
        return zlib.decompressobj(_GZIP)
    message = "the answer is in an encoding that was not asked for"
    raise UnreadableAnswerError(message)


def _inflated(inflate: "zlib._Decompress", raw: bytes, room: int) -> bytes:
    failed = False
    chunk = b""
    try:
        chunk = inflate.decompress(raw, room + 1)
    except zlib.error:
        failed = True
    if failed:
        message = "the answer is not the gzip that it claims to be"
        raise UnreadableAnswerError(message)
    return chunk


def _failure(error: Exception, host: str) -> ClioError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return UntrustedServerError(f"{host} could not prove that it is Clio")
        cause = cause.__cause__ or cause.__context__
    return _unavailable(error)(f"{host} could not be reached or broke off ({_kind(error)})")


def _unavailable(error: Exception) -> type[UnavailableError]:
    return UnreachableError if isinstance(error, _UNSENT) else UnavailableError


def _kind(error: Exception) -> str:
    return type(error).__name__
