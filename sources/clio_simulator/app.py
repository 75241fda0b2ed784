"""The API: one request from its path to its answer."""

import re
from collections.abc import Mapping
from dataclasses import replace

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from . import breaking, errors, headers, paging, query, values, veil, write_api
from .errors import Refusal, forbidden, not_found
from .faults import Call, Draft
from .headers import bearer, unchanged
from .limits import Allowance, too_many
from .paging import Cursor, RowPage
from .query import ListQuery as Question
from .records import Records
from .render import Rendering
from .routes import Target
from .store import Row
from .views import VIEWS
from .world import HandledRequest, World, given_in, pair
from .write_api import WriteApi

BASE = "/api/v4/"
PRACTICE_AREAS, WITH_CATEGORIES = "practice_areas", "practice_areas_with_categories"
VERSION = re.compile(r"^4\.0\.(\d{1,3})$")


class ManageApi:
    """Answer requests under `/api/v4/`."""

    def __init__(self, world: World) -> None:
        """Keep the world that is served."""
        self.world = world
        self.records = Records(world)
        self.writing = WriteApi(world, self.records)

    async def __call__(self, request: Request) -> Response:
        """Answer one request and write it into the log."""
        world = self.world
        arrived = world.clock.now()
        world.changes.settle(arrived)
        world.later.settle(arrived)
        world.reports.settle(arrived)
        exchange = self._exchange(request)
        exchange.body = await write_api.body(request)
        allowance = world.limit.take(exchange.token, arrived)
        response = await self._guarded(exchange, allowance)
        self._common_headers(exchange, response, allowance)
        for action in exchange.actions:
            response = action.after(response, world.clock)
        self.writing.finish(exchange, response.status_code)
        world.log(exchange, arrived, response)
        if exchange.is_list:
            world.changes.around("after", exchange.collection, exchange.page)
        world.later.answered()
        return response

    def _exchange(self, request: Request) -> HandledRequest:
        path = request.url.path.removeprefix(BASE).removesuffix(".json")
        target = self._target(path)
        given = given_in(request.url.query)
        exchange = HandledRequest(request, path, given, target, bearer(request))
        exchange.writes = self.world.routes.find_write(request.method, path)
        if exchange.is_list and target is not None:
            exchange.page = _page_number(given, target.route.collection.page_size)
        return exchange

    def _target(self, path: str) -> Target | None:
        if path == WITH_CATEGORIES and self.world.switches.practice_areas_redirect:
            path = PRACTICE_AREAS
        return self.world.routes.find(path)

    async def _guarded(self, exchange: HandledRequest, allowance: Allowance) -> Response:
        """Answer, or say why not."""
        try:
            if not self.world.oauth.accepts(exchange.token):
                return errors.unauthorized("The access token is invalid")
            self._check_version(exchange.request)
            if allowance.exceeded:
                return self._too_many(allowance)
            return await self._answer(exchange)
        except Refusal as refused:
            return errors.refusal(refused)

    def _check_version(self, request: Request) -> None:
        given = request.headers.get("x-api-version")
        if given is None:
            return
        found = VERSION.match(given)
        switches = self.world.switches
        if not found or not switches.oldest_version <= int(found[1]) <= switches.newest_version:
            raise Refusal(410, f"API version {given} is not supported")

    def _too_many(self, allowance: Allowance) -> Response:
        response = errors.refusal(too_many(allowance.wait))
        header = self.world.switches.retry_header
        if header == "Retry-At":
            response.headers[header] = str(allowance.reset)
        elif header:
            response.headers[header] = str(allowance.wait)
        return response

    async def _answer(self, exchange: HandledRequest) -> Response:
        world = self.world
        call = Call(
            exchange.path, exchange.page, exchange.is_list, exchange.given, exchange.request.method
        )
        exchange.actions = world.faults.wanted(call)
        for action in exchange.actions:
            instead = await action.before(call)
            if instead is not None:
                return instead
        if exchange.is_list and breaking.hangs(exchange.collection, world.switches):
            return await breaking.until_given_up(exchange.request)
        response = self._carried_out(exchange)
        for action in exchange.actions:
            response = await action.instead(call, response)
        return response

    def _carried_out(self, exchange: HandledRequest) -> Response:
        world = self.world
        veil.check(exchange.collection, world.switches)
        if exchange.request.method != "GET":
            return self.writing.answer(exchange)
        report = world.reports.download(exchange.path, str(exchange.request.base_url))
        if report is not None:
            return report
        if exchange.target is None:
            raise not_found()
        if exchange.path == PRACTICE_AREAS and world.switches.practice_areas_redirect:
            return _with_categories(exchange.request)
        world.changes.around_request("before", "GET", exchange.collection, exchange.key)
        if exchange.is_list:
            world.changes.around("before", exchange.collection, exchange.page)
            response = self._list(exchange, exchange.target)
        else:
            response = self._item(exchange, exchange.target)
        world.changes.around_request("after", "GET", exchange.collection, exchange.key)
        return response

    def _list(self, exchange: HandledRequest, target: Target) -> Response:
        world, collection = self.world, target.route.collection
        if collection.parent is not None and collection.parent.parameter in target.path:
            self._seen(collection.parent.resource, target.path[collection.parent.parameter])
        question = Question(collection, target.path, exchange.given)
        listing = query.listing(
            question, world.store, world.switches, world.catalog.schemas[collection.schema]
        )
        rendering = self._rendering(question)
        targets = self._targets(collection.schema)
        page = self._as_shown(collection.name, listing, paging.page(listing, world.store, targets))
        broken = breaking.heavy(collection.name, listing.limit, world.switches)
        broken = broken or self._poisoned(exchange, page.rows)
        if broken is not None:
            return broken
        exchange.rows = len(page.rows)
        here = listing.cursor.token(collection.name)
        records = [self.records.body(row, rendering, exchange.given) for row in page.rows]
        draft = Draft(records, {"paging": {}}, token=here)
        self._link(exchange, draft, page, listing.limit)
        if world.switches.records_in_meta and draft.meta is not None:
            draft.meta["records"] = sum(1 for _ in paging.matching(listing))
        if exchange.actions:
            draft.earlier = self._earlier(page, listing, rendering)
        for action in exchange.actions:
            action.alter(draft)
        return Response(draft.write(), 200, {"Content-Type": errors.JSON_TYPE})

    def _poisoned(self, exchange: HandledRequest, rows: list[Row]) -> Response | None:
        switches = self.world.switches
        return breaking.poisoned(exchange.collection, rows, exchange.given, switches)

    def _as_shown(self, name: str, listing: paging.Listing, page: RowPage) -> RowPage:
        """Give a page with the old versions that are still shown, where these belong into it."""
        later = self.world.later
        if not later.old:
            return page
        rows = [later.in_list(name, row) for row in page.rows]
        return replace(page, rows=[row for row in rows if all(t(row) for t in listing.tests)])

    def _earlier(self, page: RowPage, listing: paging.Listing, rendering: Rendering) -> list[bytes]:
        if page.previous is None:
            return []
        back = replace(listing, cursor=page.previous)
        return [rendering(row) for row in paging.page(back, self.world.store, {}).rows]

    def _targets(self, schema: str) -> dict[str, str]:
        """Give the collection that each reference of a record points at."""
        known = self.world.renderer.compiler.targets
        described = self.world.catalog.schemas[schema].items()
        return {name: known[d["schema"]] for name, d in described if d.get("schema") in known}

    def _rendering(self, question: Question) -> Rendering:
        collection = question.collection
        return self.world.renderer.rendering(
            collection.name,
            collection.schema,
            question.one("fields"),
            own_rows=collection.name in VIEWS,
        )

    def _link(self, exchange: HandledRequest, draft: Draft, page: RowPage, limit: int) -> None:
        for name, cursor in (("next", page.next), ("previous", page.previous)):
            if cursor is not None:
                draft.paging[name] = self._address(exchange, replace(cursor, limit=limit))
        if page.next is None and self.world.switches.nulls_in_paging:
            draft.paging["next"] = None

    def _address(self, exchange: HandledRequest, cursor: Cursor) -> str:
        url = exchange.request.url
        pieces = url.query.split("&") if url.query else []
        kept = [piece for piece in pieces if pair(piece)[0] not in {"page_token", "offset"}]
        if cursor.kind == "position" and "page_token" not in exchange.given:
            kept.append(f"offset={cursor.value}")
        else:
            kept.append(f"page_token={cursor.token(exchange.collection)}")
        return f"{url.scheme}://{url.netloc}{url.path}?{'&'.join(kept)}"

    def _item(self, exchange: HandledRequest, target: Target) -> Response:
        collection = target.route.collection
        row = self._row(exchange, target)
        broken = self._poisoned(exchange, [row])
        if broken is not None:
            return broken
        own = collection.name == "users_who_am_i"
        if own:
            collection = self.world.catalog.collections["users"]
        rendering = self.records.rendering(collection.name, exchange.given)
        tag = self.records.tag(collection.name, row)
        more = self.records.headers(collection.name, row)
        if target.route.collection.conditional and unchanged(exchange.request, tag, row):
            return Response(b"", 304, more)
        exchange.rows = 1
        if own:
            data = values.dump(rendering.plan(row))
        else:
            data = self.records.body(row, rendering, exchange.given)
        return Response(b'{"data":' + data + b"}", 200, more)

    def _row(self, exchange: HandledRequest, target: Target) -> Row:
        name = target.route.collection.name
        if name == "users_who_am_i":
            row = self._caller(exchange.token)
        elif target.route.kind == "singleton":
            row = next(iter(self.world.store[name].after(-1)), None)
        else:
            row = self.world.later.as_item(name, self._seen(name, target.path["id"]))
            jurisdiction = target.path.get("jurisdiction_id")
            if jurisdiction and str(row.get("_jurisdiction")) != jurisdiction:
                row = None
        if row is None:
            raise not_found()
        return row

    def _seen(self, name: str, key: str) -> Row:
        """Give a record that the caller may see."""
        veil.check_rows(name, self.world.switches)
        table = self.world.store[name]
        row = table.get(int(key))
        if row is not None:
            return row
        heir = table.heir(int(key)) if self.world.switches.merged_answers_survivor else None
        if heir is not None:
            return heir
        hidden = int(key) in table.rows
        raise forbidden() if hidden and self.world.switches.hidden_answer == 403 else not_found()

    def _caller(self, token: str) -> Row | None:
        """Give the user whose token this is, who is seen also where users are hidden."""
        user, account = self.world.oauth.caller(token)
        row = self.world.store["users"].rows.get(user)
        if row is None or account is None:
            return row
        return {**row, "account": {**row["account"], "id": account}}

    def _common_headers(
        self, exchange: HandledRequest, response: Response, allowance: Allowance
    ) -> None:
        """Set what stands in every answer."""
        for name, value in allowance.headers.items():
            response.headers.setdefault(name, value)
        switches = self.world.switches
        headers.standard(response, exchange.path, self.world.clock.now(), switches)
        newest = f"4.0.{switches.newest_version}"
        asked = exchange.request.headers.get("x-api-version", newest)
        version = switches.answers_version or asked
        if response.status_code < 400:
            response.headers.setdefault("X-API-VERSION", version)


def _with_categories(request: Request) -> Response:
    """Send the caller to the path that has taken the place of the practice areas."""
    path = request.url.path.replace(PRACTICE_AREAS, WITH_CATEGORIES)
    return Response(b"", 307, {"Location": str(request.url.replace(path=path))})


def _page_number(given: Mapping[str, list[str]], page_size: int) -> int:
    """Tell which page is asked for, by its token or its offset."""
    token = given.get("page_token", [""])[0]
    if token:
        try:
            return paging.peek(token).page
        except Refusal:
            return 0
    offset = given.get("offset", ["0"])[0]
    limit = given.get("limit", [str(page_size)])[0]
    size = int(limit) if limit.isdigit() and int(limit) else page_size
    return int(offset) // size + 1 if offset.isdigit() else 1


def application(world: World, extra: list[Path]) -> Starlette:
    """Make the ASGI application; `extra` are the routes beside the API's own."""
    methods = ["GET", "POST", "PATCH", "PUT", "DELETE"]
    everything = Path("/{path:path}", ManageApi(world).__call__, methods=methods)
    return Starlette(routes=[*extra, everything])
