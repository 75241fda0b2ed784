"""What both products do with a request, from its arrival to its answer, and how answers break."""

from abc import ABC, abstractmethod
from asyncio import CancelledError
from dataclasses import replace
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from typing import Generic, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from . import paging, values
from .answers import HEADERS, TRANSPORT, Refusal, error_body
from .faults import Call, Draft
from .paging import Cursor, Listing
from .store import Row, moment
from .world import HandledRequest, World

METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]
WITH_BODY = frozenset({"POST", "PATCH", "DELETE"})
GIVEN_UP = 499
"""The status in the log for a request whose caller went away; nobody gets it."""

GATEWAY = "<html><head><title>504 Gateway Time-out</title></head></html>"

Asked = TypeVar("Asked", bound=HandledRequest)


class ProductApi(ABC, Generic[Asked]):
    """Answer the requests of one product; what differs between the two is below."""

    prefix = ""
    """What stands before a path where faults and switches name it."""

    nulls = "nulls_in_paging"
    """The switch that writes `next: null`."""

    def __init__(self, world: World) -> None:
        """Keep the world that is served."""
        self.world = world
        self.switches = world.switches

    async def __call__(self, request: Request) -> Response:
        """Answer one request and write it into the log."""
        world = self.world
        arrived = world.clock.now()
        world.changes.settle(arrived)
        asked = self._read(request, arrived)
        asked.body = await _body(request)
        try:
            refused = self._turned_away(asked, arrived)
            response = await self._played(asked) if refused is None else refused
        except Refusal as refusal:
            response = self._refusal(refusal)
        self._complete(asked, response)
        for rule in asked.rules:
            response = rule.action.after(response, world.clock)
        self._finish(asked, response.status_code)
        world.log(asked, arrived, response)
        if asked.is_list:
            world.changes.around("after", asked.collection, asked.page)
        return response

    async def _played(self, asked: Asked) -> Response:
        """Answer, with the faults that are played on this request."""
        path, method = self.prefix + asked.path, asked.request.method
        call = Call(path, asked.page, asked.is_list, asked.given, method)
        asked.rules = self.world.faults.wanted(call)
        for rule in asked.rules:
            instead = None if rule.applied else await rule.action.before(call)
            if instead is not None:
                return self._shaped(instead)
        refused = self._checked(asked)
        if refused is not None:
            return refused
        hang = self.switches.hang
        if asked.is_list and (hang if isinstance(hang, bool) else asked.collection in hang):
            return await _until_given_up(asked.request)
        response = self._carried_out(asked)
        for rule in asked.rules:
            if rule.applied:
                response = await rule.action.before(call) or response
        return response

    def _list(self, asked: Asked, listing: Listing) -> Response:
        """Answer with a page of a list; an old version is shown where it belongs into the page."""
        page, later = paging.page(listing), self.world.later
        rows = page.rows
        if later.old:
            rows = [later.shown(asked.collection, row, "lists") for row in rows]
            rows = [row for row in rows if all(test(row) for test in listing.tests)]
        broken = self._poisoned(asked, rows)
        if broken is not None:
            return broken
        asked.rows = len(rows)
        here = listing.cursor.token(asked.walked)
        draft = Draft(self._records(asked, rows), {"paging": {}}, token=here)
        for name, cursor in (("next", page.next), ("previous", page.previous)):
            if cursor is not None:
                draft.paging[name] = self._address(asked, replace(cursor, limit=listing.limit))
        if page.next is None and getattr(self.switches, self.nulls):
            draft.paging["next"] = None
        if asked.rules and page.previous is not None:
            earlier = paging.page(replace(listing, cursor=page.previous))
            draft.earlier = self._records(asked, earlier.rows)
        for rule in asked.rules:
            rule.action.alter(draft)
        self._add_to_meta(draft, listing)
        return Response(draft.write(), 200, HEADERS)

    def _poisoned(self, asked: Asked, rows: list[Row]) -> Response | None:
        """Answer in the place of a page or record that a poisoned record breaks, None for none."""
        bad, switches = self.switches.poison.get(asked.collection), self.switches
        spared = switches.poison_only_nested and "{" not in asked.given.one("fields")
        if not bad or spared or not any(int(row["id"]) in bad for row in rows):
            return None
        if switches.poison_as == "504":
            return gateway_timeout()
        if switches.poison_as == "unreadable":
            return Response(b'{"data":[{"id":', 200, HEADERS)
        body = error_body("InternalServerError", "Something went wrong")
        return Response(body, 500, HEADERS)

    def _complete(self, asked: Asked, response: Response) -> None:
        """Set the headers of every answer: its moment, and how long its path will last."""
        switches, offset = self.switches, self.switches.date_offset
        if offset and switches.date_answers is not None:
            offset = offset if switches.date_answers else 0.0
            switches.date_answers = max(0, switches.date_answers - 1)
        now = self.world.clock.now() + round(offset * values.SECOND)
        response.headers.setdefault("Date", values.http_date(now))
        for pattern, sunset in switches.deprecation.items():
            if fnmatchcase(self.prefix + asked.path, pattern):
                response.headers["Deprecation"] = "true"
                if sunset:
                    response.headers["Sunset"] = sunset

    def _finish(self, asked: Asked, status: int) -> None:
        """Look at the answer before it is logged."""

    @abstractmethod
    def _read(self, request: Request, arrived: int) -> Asked:
        """Tell what is asked for."""

    @abstractmethod
    def _turned_away(self, asked: Asked, arrived: int) -> Response | None:
        """Refuse whoever may not ask, or asks too often."""

    @abstractmethod
    def _refusal(self, refused: Refusal) -> Response:
        """Write a refusal in the product's shape."""

    def _shaped(self, response: Response) -> Response:
        """Return the answer of a fault in the product's shape."""
        return response

    def _checked(self, asked: Asked) -> Response | None:  # noqa: ARG002 - Grow looks
        """Refuse what may not be asked for."""
        return None

    @abstractmethod
    def _carried_out(self, asked: Asked) -> Response:
        """Answer where nothing goes wrong."""

    @abstractmethod
    def _records(self, asked: Asked, rows: list[Row]) -> list[bytes]: ...

    @abstractmethod
    def _address(self, asked: Asked, cursor: Cursor) -> str: ...

    @abstractmethod
    def _add_to_meta(self, draft: Draft, listing: Listing) -> None: ...


def gateway_timeout() -> Response:
    """Answer as the gateway that stands before Manage does for a page that takes too long."""
    return Response(GATEWAY, 504, media_type="text/html")


async def _body(request: Request) -> bytes:
    """Return the body of a write, nothing for what only reads and for a body that breaks off."""
    try:
        return await request.body() if request.method in WITH_BODY else b""
    except ClientDisconnect:
        return b""


async def _until_given_up(request: Request) -> Response:
    """Wait until the caller goes away; cut it off when the simulator stops."""
    try:
        while (await request.receive())["type"] != "http.disconnect":
            pass
    except CancelledError:
        request.scope["extensions"][TRANSPORT].abort()
        raise
    return Response(b"", GIVEN_UP)


def unchanged(request: Request, tag: str, row: Row) -> bool:
    """Tell whether the caller's copy is the current one."""
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return tag in {each.strip().removeprefix("W/") for each in tags.split(",")}
    since = request.headers.get("if-modified-since")
    try:
        known = parsedate_to_datetime(since).timestamp() if since is not None else 0
    except ValueError:
        return False
    return since is not None and moment(row.get("updated_at")) // values.SECOND <= known
