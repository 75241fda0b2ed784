"""A server on a real loopback socket that answers with raw bytes, and a clock that tests own."""

import gzip
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import pendulum

from sources.clio_http.api import ClientSettings
from sources.clio_http.clock import Boot
from sources.clio_http.exchange import Bounds
from sources.clio_http.retry import Policy
from sources.clio_http.secret import Secret
from tests.strays import STRAYS

TOKEN = "canary-token-8fd1c0"
START = pendulum.datetime(2026, 3, 2, 9, 0, 0)


@dataclass(frozen=True)
class Request:
    """What reached the server."""

    path: str
    params: dict[str, str]
    headers: dict[str, str]
    method: str = "GET"
    form: dict[str, str] = field(default_factory=dict)


Script = Callable[[Request, int], "bytes | Callable[[socket.socket], None]"]


class Loopback:
    """Answers each request with what `script(request, its number)` gives: bytes, or an act."""

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        """Listen on a free port, by TLS if its context is given."""
        self._script = script
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self.requests: list[Request] = []
        scheme = "https" if tls else "http"
        self.origin = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Self:
        """Return the server itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening."""
        # Closing alone does not wake a thread that waits in accept.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        STRAYS.disown(self.origin)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            self._answer_one(connection)

    def _answer_one(self, connection: socket.socket) -> None:
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                received = connection.recv(65536)
                if not received:
                    return
                head += received
            head, _, body = head.partition(b"\r\n\r\n")
            request = _request(head)
            while len(body) < int(request.headers.get("content-length", "0")):
                body += connection.recv(65536)
            request.form.update(parse_qsl(body.decode("ascii")))
            where = f"{request.method} {request.path}"
            STRAYS.search(self.origin, where, (head + b"\n" + body).decode("ascii"))
            with self._lock:
                self.requests.append(request)
                answer = self._script(self.requests[-1], len(self.requests))
            if callable(answer):
                answer(connection)
            else:
                connection.sendall(answer)


def _request(head: bytes) -> Request:
    first, *rest = head.decode("ascii").split("\r\n")
    method, address, _ = first.split(" ")
    target = urlsplit(address)
    headers = dict(line.split(": ", 1) for line in rest if line)
    return Request(
        target.path,
        dict(parse_qsl(target.query)),
        {name.lower(): value for name, value in headers.items()},
        method,
    )


def reply(status: int = 200, body: object = None, **headers: str) -> bytes:
    """Return an answer as bytes. Header names take `_` for `-`; a JSON value is encoded."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {
        "content-type": "application/json; charset=utf-8",
        "content-length": str(len(content)),
        "connection": "close",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
    return f"HTTP/1.1 {status} Any\r\n{head}\r\n".encode() + content


def page(rows: list[Any], link: str | None = None, **headers: str) -> bytes:
    """Return a page of a list that links to the next one, or to none."""
    paging = {} if link is None else {"next": link}
    return reply(200, {"data": rows, "meta": {"paging": paging}}, **headers)


def api_error(kind: str, message: str) -> dict[str, Any]:
    """Return an error body in the shape of Clio's API."""
    return {"error": {"type": kind, "message": message}}


def reset(connection: socket.socket) -> None:
    """Break the connection off with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def bomb(size: int) -> bytes:
    """Return an answer that inflates to so many bytes."""
    return reply(200, gzip.compress(b" " * size), content_encoding="gzip")


class FakeClock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        """Start on a Monday morning."""
        self._lock = threading.Lock()
        self._seconds = 0.0
        self.sleeps: list[float] = []

    def now(self) -> pendulum.DateTime:
        """Return the time in UTC."""
        return START.add(seconds=self._seconds)

    def monotonic(self) -> float:
        """Return the seconds slept so far."""
        return self._seconds

    def boot(self) -> Boot | None:
        """Say nothing of the machine."""
        return None

    def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        with self._lock:
            self.sleeps.append(seconds)
            self._seconds += seconds


def settings(server: Loopback, **changes: Any) -> ClientSettings:
    """Return settings that lead to a server of these tests."""
    defaults: dict[str, Any] = {
        "product": "clio_manage",
        "base_url": server.origin,
        "api_path": "/api/v4",
        "token": Secret(TOKEN),
        "headers": {"X-API-VERSION": "4.0.13"},
        "bounds": Bounds(connect=2.0, read=2.0, total=5.0, body=1_000_000),
        "policy": Policy(attempts=4),
    }
    made = ClientSettings(**{**defaults, **changes})
    STRAYS.own(server.origin, [made.token.reveal()])
    return made
