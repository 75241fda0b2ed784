"""A total deadline for each request, which httpx does not have.

httpx bounds each wait for bytes, so a server that drips one byte now and then could hold a thread
for ever: in the handshake, in the headers or in the body. Here every wait of a thread is cut to
what is left of its request's total.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ssl import SSLContext

import httpcore
import httpx

from .authorities import certificates
from .clock import Clock

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
