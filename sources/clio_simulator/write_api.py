"""The writing half of the API: POST, PATCH and DELETE, answered with the record as GET would."""

from starlette.requests import Request
from starlette.responses import Response

from .errors import Refusal, not_found
from .records import Records
from .world import Exchange, World
from .writes import CREATED, DONE, NOTHING, Command

METHODS = frozenset({"POST", "PATCH", "DELETE"})


async def body(request: Request) -> bytes:
    """Give the body of a write, nothing for what only reads."""
    return await request.body() if request.method in METHODS else b""


class WriteApi:
    """Answer writes."""

    def __init__(self, world: World, records: Records) -> None:
        """Keep the world that is written to."""
        self.world = world
        self.records = records

    def answer(self, exchange: Exchange) -> Response:
        """Carry a write out and answer it.

        Raises:
            Refusal: nothing was written.

        """
        if exchange.writes is None:
            raise self._nothing_here(exchange)
        writer = self.world.writer
        # The field list is looked at first: what cannot be answered is not written.
        answering = self.records.rendering(exchange.writes.collection, exchange.given)
        command = self.command(exchange)
        try:
            row = writer.carry_out(command)
        finally:
            exchange.written = len(writer.log)
        if not row:
            return Response(b"", NOTHING)
        exchange.rows = 1
        status = CREATED if command.method == "POST" else DONE
        return self.records.answer(exchange.writes.collection, row, answering, status)

    def log(self, exchange: Exchange, status: int) -> None:
        """Log a write that did not get as far as the records."""
        if exchange.writes is not None and not exchange.written:
            written = self.world.writer.note(self.command(exchange), status)
            exchange.written = written.number

    def command(self, exchange: Exchange) -> Command:
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

    def _nothing_here(self, exchange: Exchange) -> Refusal:
        if self.world.routes.knows(exchange.path):
            return Refusal(405, "MethodNotAllowed", "The method is not allowed here")
        return not_found()
