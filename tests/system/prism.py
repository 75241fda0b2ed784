"""Prism, a validating proxy that is not ours, between the product and the simulator.

Prism is given Clio's document and judges every request and every answer by it; with `--errors` it
answers whatever breaks the document with an error of its own. Before it stands a gate, which is
the address that the product is given: it keeps what Prism says of each exchange, and lets the links
of an answer, which carry the address that the simulator was asked by, lead to the gate again.
"""

import json
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from sources.clio_simulator import Simulator
from tests.conftest import INSTALLED

LOOPBACK = "127.0.0.1"
START_SECONDS, STOP_SECONDS, ANSWER_SECONDS = 120, 10, 60
OWN_ROAD = re.compile(r"/api/v4/reports/\d+/download(\.json)?")
"""Prism follows redirects itself, with the token, which a storage of files refuses: the request for
a report's address goes past it."""
HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}
SAID = "sl-violations"
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Violation:
    """What Prism found in one exchange; places in lists and ids are left out of where it is."""

    exchange: str
    where: str
    message: str

    def __str__(self) -> str:
        """Return it on one line."""
        return f"{self.exchange}: {self.where} {self.message}"


@dataclass(frozen=True)
class Passed:
    """One request that came to the gate."""

    method: str
    path: str
    body: bytes


class Gate:
    """Passes everything to Prism, and back what Prism makes of the answer."""

    def __init__(self, prism: str, upstream: str) -> None:
        """Listen on a free port; `upstream` is what Prism was told to stand before."""
        self.prism, self.upstream = prism, upstream
        self.passed: list[Passed] = []
        self.violations: list[Violation] = []
        # Prism closes idle connections after five seconds: none is kept.
        self._http = httpx.Client(
            trust_env=False,
            timeout=ANSWER_SECONDS,
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._server = ThreadingHTTPServer((LOOPBACK, 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://{LOOPBACK}:{self._server.server_port}"

    @contextmanager
    def open(self) -> Iterator["Gate"]:
        """Serve while the context lasts."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()
            self._http.close()

    @property
    def found(self) -> list[str]:
        """Return what Prism found, each once."""
        return sorted({str(one) for one in self.violations})

    def forward(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> httpx.Response:
        """Ask Prism, and note what it says."""
        path = target.partition("?")[0]
        host = self.prism if is_judged(path) else self.upstream
        answer = self._http.request(method, host + target, headers=headers, content=body)
        self.passed.append(Passed(method, path, body))
        exchange = f"{method} {re.sub(r'/[0-9]+', '/{id}', path)} {answer.status_code}"
        self.violations += [Violation(exchange, *each) for each in said(answer)]
        return answer

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body leave together

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                given = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
                answer = gate.forward(self.command, self.path, given, body)
                content = answer.content.replace(gate.upstream.encode(), gate.url.encode())
                self.send_response_only(answer.status_code)
                for name, value in answer.headers.multi_items():
                    if name not in HOP_BY_HOP:
                        self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_GET(self) -> None:
                self._pass()

            def do_PATCH(self) -> None:
                self._pass()

            def do_POST(self) -> None:
                self._pass()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the server calls it by
                """Say nothing."""

        return Handler


def is_judged(path: str) -> bool:
    """Tell whether Prism is asked for a path."""
    return OWN_ROAD.fullmatch(path) is None


def said(answer: httpx.Response) -> Iterator[tuple[str, str]]:
    """Yield where and what Prism says that an exchange breaks, warnings included."""
    found: list[Mapping[str, Any]] = []
    if answer.headers.get("content-type", "").startswith(PROBLEM):
        problem = answer.json()
        found = problem.get("validation") or [{"message": problem.get("title", "")}]
    elif SAID in answer.headers:
        found = json.loads(answer.headers[SAID])
    for one in found:
        places = [str(part) for part in one.get("location", ())]
        yield _anywhere(".".join(places)), _anywhere(str(one["message"]))


def _anywhere(text: str) -> str:
    """Leave out which entries of lists are meant."""
    return re.sub(r"\.[0-9]+(?=\.|$|\s)", ".*", text)


def program() -> str:
    """Find Prism; a test without it is skipped."""
    found = shutil.which("prism")
    if found is None:
        pytest.skip(f"Prism is not on this machine, {INSTALLED}")
    return found


@contextmanager
def prism(document: Mapping[str, Any], clio: Simulator, folder: Path) -> Iterator[Gate]:
    """Start Prism with a document before a simulator, and give the gate before both."""
    command = program()
    described, log = folder / "document.json", folder / "prism.log"
    described.write_text(json.dumps(document), "utf-8")
    port = free_port()
    words = [command, "proxy", str(described), clio.url, "--host", LOOPBACK, "--port", str(port)]
    with ExitStack() as stack:
        out = stack.enter_context(log.open("wb"))
        process = subprocess.Popen(
            [*words, "--errors", "--verboseLevel", "warn"],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
        stack.callback(ended, process)
        wait(process, port, log)
        yield stack.enter_context(Gate(f"http://{LOOPBACK}:{port}", clio.url).open())


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until Prism has read the document and listens."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text("utf-8")
        try:
            socket.create_connection((LOOPBACK, port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    message = f"Prism did not listen within {START_SECONDS} s: {log.read_text('utf-8')}"
    raise AssertionError(message)


def ended(process: subprocess.Popen[bytes]) -> None:
    """End Prism."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
