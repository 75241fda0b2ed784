"""What networks and servers do wrong, as answers of a loopback server."""

import gzip
import socket
import time
from collections.abc import Callable

import pytest

from tests.unit.http_loopback import Script, api_error, reply, reset

GOOD = reply(200, {"data": {"id": 1}})

Answer = bytes | Callable[[socket.socket], None]


def then_good(*faults: Answer) -> Script:
    """Return a script of faults, one for each request, and good answers after them."""
    return lambda _, number: faults[number - 1] if number <= len(faults) else GOOD


def always(answer: Answer) -> Script:
    """Return a script that answers every request alike."""
    return lambda _, __: answer


def cut(answer: bytes, left: int) -> Callable[[socket.socket], None]:
    """Return an act that sends all but the last `left` bytes and closes."""
    return lambda connection: connection.sendall(answer[:-left])


def half_then_reset(connection: socket.socket) -> None:
    """Send half an answer and break the connection off."""
    connection.sendall(GOOD[:-5])
    reset(connection)


def silence(connection: socket.socket) -> None:
    """Say nothing for longer than the client waits."""
    time.sleep(0.15)
    connection.sendall(GOOD)


def drip(answer: bytes, start: int) -> Callable[[socket.socket], None]:
    """Return an act that sends one byte at a time from `start` on."""

    def act(connection: socket.socket) -> None:
        connection.sendall(answer[:start])
        for at in range(start, len(answer)):
            connection.sendall(answer[at : at + 1])
            time.sleep(0.05)

    return act


FAULTS = [
    pytest.param(reset, id="N1-reset-at-once"),
    pytest.param(lambda _: None, id="N1-closed-at-once"),
    pytest.param(half_then_reset, id="N3-reset-in-body"),
    pytest.param(cut(GOOD, 3), id="N4-shorter-than-its-length"),
    pytest.param(cut(reply(200, {"data": []}, content_length=""), 3), id="N5-cut-json-no-length"),
    pytest.param(
        reply(200, gzip.compress(b'{"data": []}')[:-4], content_encoding="gzip"),
        id="N5-cut-gzip",
    ),
    pytest.param(reply(200, b"no gzip", content_encoding="gzip"), id="N5-false-gzip"),
    pytest.param(reply(200, b"{}", content_encoding="br"), id="N5-encoding-not-asked-for"),
    pytest.param(reply(200, b"<html>", content_type="text/html"), id="N6-html"),
    pytest.param(reply(200, b"{}", content_type=""), id="N6-no-type"),
    pytest.param(reply(200, b"<html>"), id="N6-html-said-to-be-json"),
    pytest.param(reply(200, b""), id="N6-empty"),
    pytest.param(b"garbage\r\n\r\n", id="no-http"),
    pytest.param(reply(500, api_error("InternalServerError", "x")), id="A7-500"),
    pytest.param(reply(408, b""), id="408"),
    pytest.param(reply(502, b"<html>", content_type="text/html"), id="502"),
    pytest.param(reply(503, b""), id="503"),
    pytest.param(reply(504, b""), id="A31-504"),
]
