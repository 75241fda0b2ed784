"""Answers: refusals in the words, codes and shapes of each product, and those that break.

Those that break on the wire write to the connection themselves: uvicorn's two HTTP protocols are
given their transport's handle, which the application finds in `scope["extensions"]`.
"""

import asyncio
import socket
import struct
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from . import values
from .switches import Switches

JSON_TYPE = "application/json; charset=utf-8"
HEADERS = {"Content-Type": JSON_TYPE}

TYPES: dict[str, str] = values.data("manage")["error_types"]
"""Status → the type in Manage's error body where no other is named."""

WORDS: dict[str, str] = values.data("grow")["status_words"]
"""Status → the word for it in Grow's error body."""


@dataclass(frozen=True)
class Refusal(Exception):  # noqa: N818 - an answer, not a failure of this program
    """An answer other than 200: its status, its message, and the type that Manage names."""

    status: int
    message: str
    type: str = ""


def invalid_fields(names: list[str]) -> Refusal:
    """Refuse fields that the record does not have."""
    quoted = ", ".join(f"'{name}'" for name in names)
    return Refusal(400, f"The following fields are not valid: {quoted}", "InvalidFields")


def not_found() -> Refusal:
    """Refuse a record that is not there, or that the caller is not to know of."""
    return Refusal(404, "The requested resource was not found")


def forbidden() -> Refusal:
    """Refuse a record that is there, and that the caller may not see."""
    return Refusal(403, "You do not have permission to see this resource")


def json_answer(body: object, status: int = 200) -> Response:
    """Answer with JSON."""
    return Response(values.dump(body), status, HEADERS)


def error_body(type_: str, message: str) -> bytes:
    """Write Manage's error body."""
    return orjson.dumps({"error": {"type": type_, "message": message}})


def refusal(refused: Refusal) -> Response:
    """Turn a refusal into Manage's answer."""
    type_ = refused.type or TYPES[str(refused.status)]
    return Response(error_body(type_, refused.message), refused.status, HEADERS)


def unauthorized(description: str) -> Response:
    """Answer 401 as Manage does."""
    body = {"error": "invalid_token", "error_description": description}
    challenge = f'Bearer realm="Clio", error="invalid_token", error_description="{description}"'
    return Response(values.dump(body), 401, {**HEADERS, "WWW-Authenticate": challenge})


def oauth_error(error: str, description: str, status: int = 400) -> Response:
    """Refuse in the shape that OAuth has."""
    return json_answer({"error": error, "error_description": description}, status)


def gateway(status: int, message: str) -> Response:
    """Answer as the gateway that stands before Grow."""
    return json_answer({"message": message}, status)


def grow_error(status: int, message: str, switches: Switches) -> Response:
    """Answer with Grow's error body."""
    words = {} if switches.grow_error_status == "code" else WORDS
    shown = words.get(str(status), str(status))
    return json_answer({"error": {"status": shown, "message": message}}, status)


def grow_too_many(wait: int, switches: Switches) -> Response:
    """Answer 429; by default the gateway does, and says nothing more."""
    error = switches.grow_429_body == "error"
    text = "Too Many Requests"
    response = grow_error(429, text, switches) if error else gateway(429, text)
    if switches.grow_retry_after:
        response.headers["Retry-After"] = str(wait)
    return response


def grow_shape(response: Response, switches: Switches) -> Response:
    """Return the answer of a fault in Grow's shape, where it has that of Manage."""
    try:
        body = orjson.loads(bytes(response.body))
        error = body["error"]
        message = str(error["message"] if isinstance(error, dict) else body["error_description"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return response
    limited = response.status_code == 429
    refused = grow_error(response.status_code, message, switches)
    shaped = grow_too_many(1, switches) if limited else refused
    own = {"content-length", "content-type"}
    shaped.headers.update({name: v for name, v in response.headers.items() if name not in own})
    return shaped


TRANSPORT = "clio_simulator.transport"
CHUNK = 1 << 16


class ExposingProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """The HTTP protocol of uvicorn, which shows the application its transport."""

    app: ASGIApp

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - asyncio's or uvloop's
        """Wrap the application for this connection."""
        super().connection_made(transport)
        # Without it the kernel holds small answers back for 40 ms.
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        inner = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[TRANSPORT] = transport
            await inner(scope, receive, send)

        self.app = app


class Broken(Response):
    """An answer whose bytes are written to the connection, which is then closed or reset.

    `keep` is the share of the body that is sent, None where not even the head is. `length` is what
    Content-Length claims; without it the header is left out. `delay` is the pause after each byte.
    """

    def __init__(
        self,
        whole: Response,
        keep: float | None = None,
        *,
        length: int | None = None,
        reset: bool = False,
        delay: float = 0.0,
    ) -> None:
        """Keep the answer as it should have been."""
        self.whole, self.status_code, self.background = whole, whole.status_code, None
        self.keep, self.length, self.reset, self.delay = keep, length, reset, delay

    def _data(self) -> bytes:
        """Return what is written before the end."""
        if self.keep is None:
            return b""
        body = bytes(self.whole.body)
        more = [(b"connection", b"close")]
        if self.length is not None:
            more.append((b"content-length", str(self.length).encode()))
        phrase = HTTPStatus(self.status_code).phrase
        lines = [f"HTTP/1.1 {self.status_code} {phrase}".encode()]
        kept = [each for each in self.whole.raw_headers if each[0] != b"content-length"]
        lines += [name + b": " + value for name, value in [*kept, *more]]
        return b"\r\n".join(lines) + b"\r\n\r\n" + body[: round(len(body) * self.keep)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        """Write, end the connection and wait until the server has seen that."""
        transport = scope["extensions"][TRANSPORT]
        data = self._data()
        for byte in data if self.delay else ():
            if not transport.is_closing():
                transport.write(bytes([byte]))
                await asyncio.sleep(self.delay)
        if data and not self.delay:
            transport.write(data)
        if self.reset:
            connection, linger = transport.get_extra_info("socket"), struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()
        else:
            transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass


async def _zeros(size: int) -> AsyncIterator[bytes]:
    yield b'{"data":['
    for _ in range(size // CHUNK):
        yield b" " * CHUNK
    yield b'],"meta":{"paging":{}}}'


async def _squeezed(size: int) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    async for chunk in _zeros(size):
        if packed := packer.compress(chunk):
            yield packed
    yield packer.flush()


def huge(size: int) -> Response:
    """Answer with a valid page of `size` bytes, nearly all of them blanks."""
    return StreamingResponse(_zeros(size), media_type=JSON_TYPE)


def gzip_bomb(size: int) -> Response:
    """Answer with few bytes that unpack to `size`."""
    headers = {**HEADERS, "Content-Encoding": "gzip"}
    return StreamingResponse(_squeezed(size), headers=headers)
