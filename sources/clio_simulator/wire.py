"""Answers that break on the wire: they write to the connection themselves.

uvicorn's two HTTP protocols are given their transport's handle, which the application finds in
`scope["extensions"]`.
"""

import asyncio
import socket
import struct
import zlib
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

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


def _head(response: Response, *, without: set[bytes], more: list[tuple[bytes, bytes]]) -> bytes:
    phrase = HTTPStatus(response.status_code).phrase
    lines = [f"HTTP/1.1 {response.status_code} {phrase}".encode()]
    headers = [(name, value) for name, value in response.raw_headers if name not in without]
    lines += [name + b": " + value for name, value in [*headers, *more]]
    return b"\r\n".join(lines) + b"\r\n\r\n"


class Broken(Response):
    """An answer whose bytes are written to the connection, which is then closed or reset."""

    def __init__(self, whole: Response, *, reset: bool = False, delay: float = 0.0) -> None:
        """Keep the answer as it should have been; `delay` is the pause after each byte."""
        self.whole = whole
        self.status_code = whole.status_code
        self.background = None
        self.reset = reset
        self.delay = delay

    def data(self) -> bytes:
        """Give what is written before the end."""
        return b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as ASGI has it
        """Write, end the connection and wait until the server has seen that."""
        transport = scope["extensions"][TRANSPORT]
        if self.delay:
            await self._drip(transport)
        elif data := self.data():
            transport.write(data)
        self._end(transport)
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _drip(self, transport: Any) -> None:  # noqa: ANN401 - asyncio's or uvloop's
        for byte in self.data():
            if transport.is_closing():
                return
            transport.write(bytes([byte]))
            await asyncio.sleep(self.delay)

    def _end(self, transport: Any) -> None:  # noqa: ANN401 - asyncio's or uvloop's
        if not self.reset:
            transport.close()
            return
        connection = transport.get_extra_info("socket")
        linger = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()


class Partial(Broken):
    """An answer of which a share of the body is sent; `length` is what Content-Length claims."""

    def __init__(
        self,
        whole: Response,
        keep: float,
        *,
        length: int | None,
        reset: bool = False,
        delay: float = 0.0,
    ) -> None:
        """Keep the share; without `length` the header is left out and the connection ends it."""
        super().__init__(whole, reset=reset, delay=delay)
        self.keep = keep
        self.length = length

    def data(self) -> bytes:
        """Give head and share of the body."""
        body = bytes(self.whole.body)
        more = [(b"connection", b"close")]
        if self.length is not None:
            more.append((b"content-length", str(self.length).encode()))
        head = _head(self.whole, without={b"content-length"}, more=more)
        return head + body[: round(len(body) * self.keep)]


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
    return StreamingResponse(_zeros(size), media_type="application/json; charset=utf-8")


def gzip_bomb(size: int) -> Response:
    """Answer with few bytes that unpack to `size`."""
    headers = {"Content-Encoding": "gzip"}
    return StreamingResponse(
        _squeezed(size), headers=headers, media_type="application/json; charset=utf-8"
    )
