"""The one answer of a sign-in: the browser comes back to a port of this machine."""

import hmac
import html
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from sources.clio_http.clock import Clock
from sources.clio_http.secret import Secret
from sources.errors import ConfigurationError, Interrupted, SignInNeededError

HOST = "127.0.0.1"
PATH = "/callback"
LONGEST_WAIT = 300.0
_POLL = 0.1
_SILENCE = 5.0
_WORDS = {
    HTTPStatus.OK: "clio-sync has its answer. Close this page and go back to the terminal.",
    HTTPStatus.BAD_REQUEST: "This does not answer the sign-in that is waiting. Nothing was done.",
    HTTPStatus.NOT_FOUND: "There is nothing here.",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>clio-sync</title></head>
<body><p>{}</p></body></html>
"""
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Connection": "close",
}


def redirect_uri(port: int) -> str:
    """Return the address that the browser comes back to, which has to be registered with Clio."""
    return f"http://{HOST}:{port}{PATH}"


class Listener(ThreadingHTTPServer):
    """Listens on a port of this machine for one answer with the right state."""

    daemon_threads = True

    def __init__(self, port: int, state: Secret) -> None:
        """Begin to listen; nothing is answered before `listening`."""
        super().__init__((HOST, port), _Handler)
        self.port = self.server_address[1]
        self._state = state
        self._answers: queue.Queue[str] = queue.Queue(maxsize=1)

    def take(self, host: str, target: str) -> HTTPStatus:
        """Take a request if it is the answer that is waited for, the first time."""
        if host != f"{HOST}:{self.port}":
            return HTTPStatus.BAD_REQUEST  # a page that had its own name point to this machine
        parts = urlsplit(target)
        if parts.path != PATH:
            return HTTPStatus.NOT_FOUND
        state = parse_qs(parts.query).get("state", [""])[0]
        if not hmac.compare_digest(state.encode(), self._state.reveal().encode()):
            return HTTPStatus.BAD_REQUEST
        try:
            self._answers.put_nowait(f"{redirect_uri(self.port)}?{parts.query}")
        except queue.Full:
            return HTTPStatus.BAD_REQUEST
        return HTTPStatus.OK

    def answer(self, clock: Clock, stop: threading.Event) -> str:
        """Wait for the answer, and give the address that the browser was sent to.

        Raises:
            SignInNeededError: none came in time.
            Interrupted: the user asked to stop.

        """
        last = clock.monotonic() + LONGEST_WAIT
        while clock.monotonic() < last:
            if stop.is_set():
                raise Interrupted
            with suppress(queue.Empty):
                return self._answers.get(timeout=_POLL)
        message = f"the browser did not come back within {LONGEST_WAIT / 60:.0f} minutes"
        raise SignInNeededError(message)

    def handle_error(self, request: object, client_address: object) -> None:
        """Write nothing: a traceback could hold the code."""


class _Handler(BaseHTTPRequestHandler):
    server: Listener
    timeout = _SILENCE
    server_version, sys_version = "clio-sync", ""

    def do_GET(self) -> None:
        status = self.server.take(self.headers.get("Host", ""), self.path)
        body = _PAGE.format(html.escape(_WORDS[status])).encode()
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing: the request line holds the code."""


@contextmanager
def listening(port: int, state: Secret) -> Iterator[Listener]:
    """Listen while the context lasts.

    Raises:
        ConfigurationError: the port is taken.

    """
    try:
        listener = Listener(port, state)
    except OSError as error:
        message = (
            f"port {port} of this machine cannot be used ({error.strerror}): choose another with"
            " --port, and register its redirect URI with the application"
        )
        raise ConfigurationError(message) from None
    thread = threading.Thread(target=listener.serve_forever, args=(_POLL,), daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        listener.shutdown()
        listener.server_close()
