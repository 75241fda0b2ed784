"""What both products do with a request, from its arrival to its answer, and how answers break."""

from abc import ABC, abstractmethod
from asyncio import CancelledError
from collections.abc import Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from typing import Generic, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from . import paging, values
from .answers import HEADERS, TRANSPORT, Refusal, error_body
from .faults import Call, Draft
from .paging import Cursor, Listing, RowPage
from .store import Row, Store, moment
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

    def __init__(self, world: World) -> None:
        """Keep the world that is served."""
        self.world = world
        self.switches = world.switches

    async def __call__(self, request: Request) -> Response:
        """Answer one request and write it into the log."""
        world = self.world
        arrived = world.clock.now()
        world.changes.settle(arrived)
        self._settle(arrived)
        asked = self._read(request, arrived)
        asked.body = await _body(request)
        response = await self._guarded(asked, arrived)
        self._complete(asked, response)
        for action in asked.actions:
            response = action.after(response, world.clock)
        self._finish(asked, response.status_code)
        world.log(asked, arrived, response)
        if asked.is_list:
            world.changes.around("after", asked.collection, asked.page)
        self._answered()
        return response

    async def _guarded(self, asked: Asked, arrived: int) -> Response:
        """Answer, or say why not."""
        try:
            refused = self._turned_away(asked, arrived)
            return await self._played(asked) if refused is None else refused
        except Refusal as refused:
            return self._refusal(refused)

    async def _played(self, asked: Asked) -> Response:
        """Answer, with the faults that are played on this request."""
        path, method = self.prefix + asked.path, asked.request.method
        call = Call(path, asked.page, asked.is_list, asked.given, method)
        asked.actions = self.world.faults.wanted(call)
        for action in asked.actions:
            instead = await action.before(call)
            if instead is not None:
                return self._shaped(instead)
        refused = self._checked(asked)
        if refused is not None:
            return refused
        hang = self.switches.hang
        if asked.is_list and (hang if isinstance(hang, bool) else asked.collection in hang):
            return await _until_given_up(asked.request)
        response = self._carried_out(asked)
        for action in asked.actions:
            response = await action.instead(call, response)
        return response

    def _list(self, asked: Asked, listing: Listing, store: Store) -> Response:
        """Answer with a page of a list."""
        page = self._as_shown(asked, listing, paging.page(listing, store, self._targets(asked)))
        broken = self._poisoned(asked, page.rows)
        if broken is not None:
            return broken
        asked.rows = len(page.rows)
        records, here = self._records(asked, page.rows), self._token(asked, listing.cursor)
        draft = Draft(records, {"paging": {}}, token=here)
        for name, cursor in (("next", page.next), ("previous", page.previous)):
            if cursor is not None:
                draft.paging[name] = self._address(asked, replace(cursor, limit=listing.limit))
        if page.next is None and self._writes_null:
            draft.paging["next"] = None
        if asked.actions and page.previous is not None:
            earlier = paging.page(replace(listing, cursor=page.previous), store, {})
            draft.earlier = self._records(asked, earlier.rows)
        for action in asked.actions:
            action.alter(draft)
        self._add_to_meta(draft, listing)
        return Response(draft.write(), 200, HEADERS)

    def _poisoned(self, asked: Asked, rows: list[Row]) -> Response | None:
        """Answer in the place of a page or record that a poisoned record breaks, None for none."""
        bad, switches = self.switches.poison.get(asked.collection), self.switches
        if not bad or (switches.poison_only_nested and "{" not in asked.one("fields")):
            return None
        if not any(int(row["id"]) in bad for row in rows):
            return None
        if switches.poison_as == "504":
            return gateway_timeout()
        if switches.poison_as == "unreadable":
            return Response(b'{"data":[{"id":', 200, HEADERS)
        body = error_body("InternalServerError", "Something went wrong")
        return Response(body, 500, HEADERS)

    def _complete(self, asked: Asked, response: Response) -> None:
        """Set the headers of every answer: its moment, and how long its path will last."""
        now = self.world.clock.now() + round(self._date_offset() * values.SECOND)
        response.headers.setdefault("Date", values.http_date(now))
        for pattern, sunset in self.switches.deprecation.items():
            if fnmatchcase(self.prefix + asked.path, pattern):
                response.headers["Deprecation"] = "true"
                if sunset:
                    response.headers["Sunset"] = sunset

    def _date_offset(self) -> float:
        """Return the seconds by which the next `Date` is off, and count it."""
        switches = self.switches
        if not switches.date_offset or switches.date_answers == 0:
            return 0.0
        if switches.date_answers is not None:
            switches.date_answers -= 1
        return switches.date_offset

    def _settle(self, arrived: int) -> None:
        """Do what is due besides the changes."""

    def _answered(self) -> None:
        """Count one more request."""

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

    def _as_shown(self, asked: Asked, listing: Listing, page: RowPage) -> RowPage:  # noqa: ARG002 - Manage looks
        """Return a page with the versions of its records that are shown."""
        return page

    def _targets(self, asked: Asked) -> Mapping[str, str]:  # noqa: ARG002 - Manage looks
        """Return the collection that each reference of a record points at."""
        return {}

    @abstractmethod
    def _records(self, asked: Asked, rows: list[Row]) -> list[bytes]: ...

    @abstractmethod
    def _token(self, asked: Asked, cursor: Cursor) -> str: ...

    @abstractmethod
    def _address(self, asked: Asked, cursor: Cursor) -> str: ...

    @property
    @abstractmethod
    def _writes_null(self) -> bool: ...

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
