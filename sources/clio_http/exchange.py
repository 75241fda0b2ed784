"""One request and its answer, with every bound kept and httpx left behind.

httpx bounds each wait for bytes, so a server that drips one byte now and then could hold a thread
for ever: in the handshake, in the headers or in the body. Here every wait of a thread is cut to
what is left of its request's total.
"""

import ssl
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ssl import SSLContext

import httpcore
import httpx

from sources.errors import (
    ClioError,
    HangError,
    Interrupted,
    NotTakenError,
    UnavailableError,
    UnreachableError,
    UnreadableAnswerError,
    UntrustedServerError,
)

from .clock import Clock
from .hosts import certificates, host_of, webhook_origin
from .secret import Secret

_CONNECTIONS = 8


class Deadline:
    """When the request of the current thread must be over."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock that measures it."""
        self._clock = clock
        self._thread = threading.local()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Return what happens inside, in this thread, so many seconds."""
        self._thread.at = self._clock.monotonic() + seconds
        try:
            yield
        finally:
            del self._thread.at

    def cut(self, timeout: float | None, late: type[Exception]) -> float | None:
        """Return the timeout or what is left, whichever is less; raise `late` if nothing is."""
        at: float | None = getattr(self._thread, "at", None)
        if at is None:
            return timeout
        left = at - self._clock.monotonic()
        if left <= 0:
            raise late
        return left if timeout is None else min(timeout, left)


class BoundedTransport(httpx.HTTPTransport):
    """httpx's own transport on a pool whose every wait keeps the deadline."""

    def __init__(self, deadline: Deadline) -> None:
        """Open the pool, with certificates checked and the environment's proxies ignored."""
        context = certificates()
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=_CONNECTIONS,
            max_keepalive_connections=_CONNECTIONS,
            keepalive_expiry=30.0,
            http1=True,
            http2=False,
            network_backend=_Backend(deadline),
        )


class _Backend(httpcore.NetworkBackend):
    def __init__(self, deadline: Deadline) -> None:
        self._inner = httpcore.SyncBackend()
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        timeout = self._deadline.cut(timeout, httpcore.ConnectTimeout)
        stream = self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream, self._deadline)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.cut(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.cut(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        timeout = self._deadline.cut(timeout, httpcore.ConnectTimeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, timeout), self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._inner.get_extra_info(info)


_UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.LocalProtocolError,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)
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

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        params: Sequence[tuple[str, str]] = (),
        body: str | None = None,
    ) -> RawAnswer:
        """Send a request once and read the whole answer.

        Raises:
            UnreachableError: if nothing was sent.
            UnavailableError: if there was no whole answer.
            UnreadableAnswerError: if it is too large or wrongly encoded.
        """
        request = self._http.stream(
            method,
            url,
            # without any, what the address itself asks with stays
            params=httpx.QueryParams(tuple(params)) if params else None,
            content=None if body is None else body.encode(),
            headers=headers,
        )
        failure: ClioError
        try:
            with self._deadline.within(self._bounds.total), request as answer:
                names = {name.lower(): value for name, value in answer.headers.items()}
                content = b"".join(self._decoded(answer, names.get("content-encoding", "")))
                return RawAnswer(answer.status_code, names, content)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            failure = _failure(error, host_of(url))
        # Raised only here: within the block above it would carry httpx's exception as its
        # context, and with it the request and the header that holds the token.
        raise failure

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
    with suppress(zlib.error):
        return inflate.decompress(raw, room + 1)
    # raised only here: zlib's exception would tell of the frames that hold the token
    message = "the answer is not the gzip that it claims to be"
    raise UnreadableAnswerError(message)


def _failure(error: Exception, host: str) -> ClioError:
    sent, kind = not isinstance(error, _UNSENT), type(error).__name__
    if isinstance(error, httpx.TimeoutException):
        late = HangError if sent else UnreachableError
        return late(f"{host} did not answer in time ({kind})")
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return UntrustedServerError(f"{host} could not prove that it is Clio")
        cause = cause.__cause__ or cause.__context__
    unavailable = UnavailableError if sent else UnreachableError
    return unavailable(f"{host} could not be reached or broke off ({kind})")


POST_SECONDS = 10.0
"""For each of: connecting, sending, and each piece of the answer."""


def post_document(address: Secret, document: bytes) -> None:
    """Send a JSON document by POST, once; the answer's body is not read.

    Redirects are not followed and proxies of the environment not used: the address is a secret.

    Raises:
        NotTakenError: it did not arrive, or was not taken; the message names the host alone.
        ConfigurationError: the address may not be used.
    """
    webhook_origin(address.reveal())
    host = host_of(address.reveal())
    headers = {"Content-Type": "application/json", "User-Agent": "clio-sync"}
    failure = ""
    try:
        with (
            httpx.Client(verify=certificates(), trust_env=False, timeout=POST_SECONDS) as client,
            client.stream("POST", address.reveal(), content=document, headers=headers) as answer,
        ):
            if not answer.is_success:
                failure = f"{host} answered the notification with {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        failure = f"the notification did not reach {host} ({type(error).__name__})"
    # raised only here: httpx's exceptions carry the address
    if failure:
        raise NotTakenError(failure)
