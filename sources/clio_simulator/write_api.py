"""The writing half of the API: POST, PATCH and DELETE, answered with the record as GET would."""

from typing import Literal

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from . import errors
from .errors import Refusal, not_found
from .later import Wrote
from .records import Records
from .render import Rendering
from .world import HandledRequest, World
from .writes import CREATED, DONE, Command

METHODS = frozenset({"POST", "PATCH", "DELETE"})


async def body(request: Request) -> bytes:
    """Give the body of a write, nothing for what only reads and for a body that breaks off."""
    if request.method not in METHODS:
        return b""
    try:
        return await request.body()
    except ClientDisconnect:
        return b""


class WriteApi:
    """Answer writes."""

    def __init__(self, world: World, records: Records) -> None:
        """Keep the world that is written to."""
        self.world = world
        self.records = records

    def answer(self, exchange: HandledRequest) -> Response:
        """Carry a write out and answer it."""
        if exchange.writes is None:
            raise self._nothing_here(exchange)
        writer = self.world.writer
        # The field list is looked at first: what cannot be answered is not written.
        answering = self.records.rendering(exchange.writes.collection, exchange.given)
        command = self.command(exchange)
        if not all(action.carries_out for action in exchange.actions):
            return self._untouched(exchange, command, answering)
        self._around("before", exchange)
        exchange.old = writer.row(command.collection, command.key)
        try:
            row = writer.carry_out(command)
        finally:
            exchange.written = len(writer.log)
            self._around("after", exchange)
        if not row:
            return Response(b"", 204)
        exchange.rows = 1
        status = CREATED if command.method == "POST" else DONE
        name = exchange.writes.collection
        return self.records.answer(name, row, answering, exchange.given, status)

    def _around(self, side: Literal["before", "after"], exchange: HandledRequest) -> None:
        method = exchange.request.method
        self.world.changes.around_request(side, method, exchange.collection, exchange.key)

    def _untouched(
        self, exchange: HandledRequest, command: Command, rendering: Rendering
    ) -> Response:
        """Answer as if a write had taken effect that has not: with the record as it stands."""
        row = self.world.writer.row(command.collection, command.key)
        if row is None:
            return errors.refusal(Refusal(502, "The request was lost"))
        return self.records.answer(command.collection, row, rendering, exchange.given)

    def finish(self, exchange: HandledRequest, status: int) -> None:
        """Log a write that did not get as far as the records, and let the faults see any."""
        if exchange.writes is None:
            return
        command = self.command(exchange)
        if not exchange.written:
            exchange.written = self.world.writer.note(command, status).number
        wrote = Wrote(command, exchange.written, exchange.old)
        for action in exchange.actions:
            action.wrote(wrote, self.world.later)

    def command(self, exchange: HandledRequest) -> Command:
        """Give the write that a request is."""
        request, target = exchange.request, exchange.writes
        user, _ = self.world.oauth.caller(exchange.token)
        return Command(
            method=request.method,
            collection=target.collection if target else "",
            path=exchange.path,
            key=target.key if target else 0,
            body=exchange.body,
            if_match=request.headers.get("if-match"),
            user=user,
        )

    def _nothing_here(self, exchange: HandledRequest) -> Refusal:
        if self.world.routes.knows(exchange.path):
            return Refusal(405, "The method is not allowed here")
        return not_found()
