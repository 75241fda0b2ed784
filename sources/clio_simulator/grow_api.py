"""Clio Grow's API: one request from its path to its answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from . import breaking, errors, grow_paging, grow_query, headers, paging, values, veil
from .errors import JSON_TYPE, Refusal, not_found
from .faults import Call, Draft
from .grow_redaction import own_lead
from .grow_tables import ALL_LEADS, KNOWN, PATHS, SHAPES, Operation, Way, pattern, table
from .grow_writes import GrowWriter
from .headers import bearer, unchanged
from .paging import Cursor
from .store import Row, moment
from .veil import Veil
from .world import HandledRequest, World, given_in

BASE = "/grow/"
START = Cursor("after", -1, 1)
WRITES = frozenset({"create", "remove"})
METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


@dataclass
class Turn(HandledRequest):
    """One request to Grow: what is asked for, and the ids in its path."""

    operation: Operation | None = None
    keys: tuple[int, ...] = ()
    cursor: Cursor = START

    @property
    def is_list(self) -> bool:
        """Tell whether a list is asked for."""
        return self.operation is not None and self.operation.way == "list"

    @property
    def collection(self) -> str:
        """Name the collection, empty where the path is unknown."""
        return table(self.operation.collection) if self.operation else ""

    @property
    def include(self) -> frozenset[str]:
        """Name what is asked for beyond the plain record."""
        if self.operation is None or "include" not in self.operation.takes:
            return frozenset()
        return frozenset(self.given.get("include", [""])[0].split(","))


Reply: TypeAlias = Callable[[Turn, Operation], Awaitable[Response]]


class GrowApi:
    """Answer requests under `/grow/`."""

    def __init__(self, world: World) -> None:
        """Keep the world that is served."""
        self.world = world
        self.writer = GrowWriter(world.grow, world.changes, world.switches)
        self.replies: dict[Way, Reply] = {
            "list": self._list,
            "item": self._item,
            "me": self._me,
            "create": self._create,
            "remove": self._remove,
        }

    async def __call__(self, request: Request) -> Response:
        """Answer one request and write it into the log."""
        world = self.world
        arrived = world.clock.now()
        world.changes.settle(arrived)
        turn = self._turn(request)
        response = await self._guarded(turn, arrived)
        headers.standard(response, f"{BASE[1:]}{turn.path}", world.clock.now(), world.switches)
        for action in turn.actions:
            response = action.after(response, world.clock)
        world.log(turn, arrived, response)
        if turn.is_list:
            world.changes.around("after", turn.collection, turn.page)
        return response

    def _turn(self, request: Request) -> Turn:
        path = request.url.path.removeprefix(BASE)
        shape, keys = pattern(path)
        operation = KNOWN.get((request.method, shape))
        if self.world.switches.grow_version == "v1" and operation is not None:
            operation = operation if SHAPES[operation.collection].early else None
        given = given_in(request.url.query)
        return Turn(request, path, given, None, bearer(request), operation=operation, keys=keys)

    async def _guarded(self, turn: Turn, arrived: int) -> Response:
        """Answer, or say why not."""
        grow, switches = self.world.grow, self.world.switches
        if not grow.oauth.accepts(turn.token):
            return errors.grow_error(401, "The access token is invalid", switches)
        wait = grow.limit.take(arrived)
        if wait:
            return errors.grow_too_many(wait, switches)
        try:
            self._place(turn)
            return await self._answer(turn)
        except Refusal as refusal:
            return errors.grow_error(refusal.status, refusal.message, switches)

    def _place(self, turn: Turn) -> None:
        """Read the page token, which may bring filters of its own."""
        if not turn.is_list:
            return
        turn.page = 1
        text = turn.given.get("page_token", [""])[0]
        if text:
            token = grow_paging.read(text, turn.path)
            turn.cursor, turn.page = token.cursor, token.cursor.page
            turn.given = {**token.filters, **turn.given}

    async def _answer(self, turn: Turn) -> Response:
        world, operation = self.world, turn.operation
        call = Call(BASE[1:] + turn.path, turn.page, turn.is_list, turn.given, turn.request.method)
        turn.actions = world.faults.wanted(call)
        for action in turn.actions:
            instead = await action.before(call)
            if instead is not None:
                return errors.grow_shape(instead, world.switches)
        if operation is None:
            raise self._unknown(turn)
        if operation.scope in world.switches.grow_missing_scopes:
            return self._without(operation.scope)
        veil.check(turn.collection, world.switches)
        self._check_nonce(turn)
        if operation.way in WRITES and not all(action.carries_out for action in turn.actions):
            return errors.gateway(502, "The request was lost")
        if turn.is_list and breaking.hangs(turn.collection, world.switches):
            return await breaking.until_given_up(turn.request)
        response = await self.replies[operation.way](turn, operation)
        for action in turn.actions:
            response = await action.instead(call, response)
        return response

    def _unknown(self, turn: Turn) -> Refusal:
        if pattern(turn.path)[0] in PATHS and self.world.switches.grow_unknown_method == 405:
            return Refusal(405, "The method is not allowed")
        return not_found()

    def _without(self, scope: str) -> Response:
        """Answer for want of a scope."""
        switches = self.world.switches
        if switches.grow_missing_scope_answer == "redirect":
            return RedirectResponse(f"{switches.grow_auth_host}/oauth/authorize", 302)
        raise Refusal(403, f"Missing required scope: {scope.removeprefix('grow_')}")

    def _check_nonce(self, turn: Turn) -> None:
        nonce = turn.given.get("custom_action_nonce", [""])[0]
        if nonce and nonce not in self.world.switches.grow_nonces:
            raise Refusal(403, "The custom action nonce is not valid")
        self.world.switches.grow_nonces.discard(nonce)

    async def _list(self, turn: Turn, operation: Operation) -> Response:
        world, switches = self.world, self.world.switches
        world.changes.around("before", turn.collection, turn.page)
        asked = grow_query.GrowListQuery(operation, turn.keys, turn.given)
        late = switches.grow_timeouts.get(operation.collection)
        if late is not None and turn.page >= late and not asked.filtered:
            return errors.gateway(504, "Endpoint request timed out")
        listing = grow_query.listing(asked, turn.cursor, world.grow.store, switches)
        page = paging.page(listing, world.grow.store, {})
        broken = breaking.poisoned(turn.collection, page.rows, turn.given, switches)
        if broken is not None:
            return broken
        turn.rows = len(page.rows)
        draft = Draft(self._records(turn, page.rows), {"paging": {}}, token=self._token(turn))
        self._link(turn, draft, page)
        if turn.actions and page.previous is not None:
            back = paging.page(replace(listing, cursor=page.previous), world.grow.store, {})
            draft.earlier = self._records(turn, back.rows)
        for action in turn.actions:
            action.alter(draft)
        if switches.grow_version == "v1" and not switches.grow_v1_meta:
            draft.meta = None
        return Response(draft.write(), 200, {"Content-Type": JSON_TYPE})

    def _token(self, turn: Turn) -> str:
        return grow_paging.Token(turn.path, turn.cursor, {}).write()

    def _records(self, turn: Turn, rows: list[Row]) -> list[bytes]:
        return [values.dump(self._record(turn, row)) for row in rows]

    def _record(self, turn: Turn, row: Row) -> Row:
        name = turn.operation.collection if turn.operation else ""
        record = self.world.grow.renderer.record(name, row, turn.include)
        return Veil(turn.collection, self.world.switches)(record, int(row["id"]))

    def _link(self, turn: Turn, draft: Draft, page: paging.RowPage) -> None:
        filters = {name: given for name, given in turn.given.items() if name != "page_token"}
        url, switches = turn.request.url, self.world.switches
        for name, cursor in (("next", page.next), ("previous", page.previous)):
            if cursor is not None:
                draft.paging[name] = grow_paging.link(url, turn.path, cursor, filters, switches)
        if page.next is None and switches.grow_nulls_in_paging:
            draft.paging["next"] = None

    async def _item(self, turn: Turn, operation: Operation) -> Response:
        row = self._seen(turn, operation)
        broken = breaking.poisoned(turn.collection, [row], turn.given, self.world.switches)
        if broken is not None:
            return broken
        record = values.dump(self._record(turn, row))
        tag = values.etag(record.decode(errors="replace"))
        changed = values.http_date(moment(row.get("updated_at")))
        more = {"Content-Type": JSON_TYPE, "ETag": tag, "Last-Modified": changed}
        if unchanged(turn.request, tag, row):
            return Response(b"", 304, more)
        return self._single(turn, record, more)

    def _seen(self, turn: Turn, operation: Operation) -> Row:
        """Give a record that the caller may see."""
        switches = self.world.switches
        veil.check_rows(turn.collection, switches)
        row = self.world.grow.store[turn.collection].get(turn.keys[0])
        if row is None:
            raise not_found()
        if operation.collection == "inbox_leads":
            accepted = row.get("state") not in grow_query.STATES
            foreign = ALL_LEADS in switches.grow_missing_scopes and not own_lead(row)
            if foreign or (accepted and switches.grow_accepted_lead == "gone"):
                raise not_found()
        return row

    async def _me(self, turn: Turn, operation: Operation) -> Response:  # noqa: ARG002
        row = self.world.grow.caller(turn.token)
        if row is None:
            raise not_found()
        return self._single(turn, values.dump(self._record(turn, row)), {"Content-Type": JSON_TYPE})

    async def _create(self, turn: Turn, operation: Operation) -> Response:
        record = self.writer.create(operation, turn.keys, await turn.request.body())
        return self._single(turn, values.dump(record), {"Content-Type": JSON_TYPE}, 201)

    async def _remove(self, turn: Turn, operation: Operation) -> Response:
        self.writer.remove(operation, turn.keys)
        return Response(b"", 204)

    def _single(
        self, turn: Turn, record: bytes, headers: dict[str, str], status: int = 200
    ) -> Response:
        """Answer with one record; in v1 it stood bare."""
        turn.rows = 1
        early = self.world.switches.grow_version == "v1"
        return Response(record if early else b'{"data":' + record + b"}", status, headers)


def routes(world: World) -> list[Route]:
    """Give the routes of Grow's API."""
    return [Route(BASE + "{path:path}", GrowApi(world).__call__, methods=METHODS)]
