"""Clio Manage's API: which collection a path means, its lists and records, and writes to them."""

import re
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from sources.clio_http.catalog import Catalog

from . import answers, paging, query, values
from .answers import HEADERS, Refusal, forbidden, not_found
from .api import ProductApi, gateway_timeout, unchanged
from .changes import Side
from .faults import Draft
from .filters import Given, check_collection, check_rows, given_in, pair
from .grow_records import pattern
from .oauth import bearer
from .paging import Cursor, Listing
from .query import ManageRequest, Target
from .render import INNER_SCHEMAS, Rendering
from .store import Row, etag_header, moment
from .values import data
from .views import VIEWS
from .world import RESET, World
from .writes import CREATED, DONE, Command, Wrote

BASE = "/api/v4/"
PRACTICE_AREAS, WITH_CATEGORIES = "practice_areas", "practice_areas_with_categories"
ME = "users_who_am_i"
VERSION = re.compile(r"^4\.0\.(\d{1,3})$")

ITEMS = {"line_items": "line_items/{id}"}
"""Item paths that answer although Clio's document does not list them."""


class Routes:
    """All paths of the catalogue and of the bodies, without base and `.json`; `#` is an id."""

    def __init__(self, catalog: Catalog) -> None:
        """Read the paths."""
        every = catalog.collections.values()
        paths = [(each.path, "list", each) for each in every]
        paths += [(each.item_path or ITEMS.get(each.name, ""), "item", each) for each in every]
        paths += [(each.path, "singleton", each) for each in catalog.singletons.values()]
        self.known = {
            re.sub(r"\{\w+\}", "#", path): (Target(each, kind), re.findall(r"\{(\w+)\}", path))
            for path, kind, each in paths
            if path
        }
        self.writes = {
            (method.upper(), entry["path"] + ("" if method == "post" else "/#")): name
            for name, entry in data("bodies").items()
            for method in ("post", "patch", "delete")
            if method in entry
        }
        self.paths = {*self.known, *(path for _, path in self.writes)}

    def find(self, path: str) -> Target | None:
        """Return what a path means, None where it is unknown."""
        shape, keys = pattern(path)
        target, names = self.known.get(shape, (None, []))
        return target and replace(target, path=dict(zip(names, keys, strict=True)))

    def find_write(self, method: str, path: str) -> tuple[str, int] | None:
        """Return collection and id of what a write is meant for, 0 where one is to be made."""
        shape, keys = pattern(path)
        collection = self.writes.get((method, shape))
        return None if collection is None else (collection, keys[-1] if keys else 0)


class ManageApi(ProductApi[ManageRequest]):
    """Answer requests under `/api/v4/`."""

    def __init__(self, world: World) -> None:
        """Keep the world that is served."""
        super().__init__(world)
        self.routes = Routes(world.catalog)

    async def __call__(self, request: Request) -> Response:
        """Answer one request, and count it."""
        response = await super().__call__(request)
        self.world.later.answered()
        return response

    def _read(self, request: Request, arrived: int) -> ManageRequest:
        self.world.later.settle(arrived)
        self.world.reports.settle(arrived)
        path = request.url.path.removeprefix(BASE).removesuffix(".json")
        redirected = path == WITH_CATEGORIES and self.switches.practice_areas_redirect
        asked = ManageRequest(request, path, given_in(request.url.query), bearer(request))
        asked.target = target = self.routes.find(PRACTICE_AREAS if redirected else path)
        asked.writes = self.routes.find_write(request.method, path)
        if asked.writes is not None:
            asked.collection, asked.key = asked.writes[0], asked.writes[1] or None
        elif target is not None:
            asked.collection = target.collection.name
            asked.key = target.path.get("id")
        if target is not None and target.kind == "list" and request.method == "GET":
            asked.is_list = True
            asked.page = paging.page_number(asked.given, target.collection.page_size)
        asked.limits, asked.wait = self.world.limit.take(asked.token, arrived)
        return asked

    def _turned_away(self, asked: ManageRequest, arrived: int) -> Response | None:  # noqa: ARG002 - Grow counts
        if not self.world.oauth.accepts(asked.token):
            return answers.unauthorized("The access token is invalid")
        version, switches = asked.request.headers.get("x-api-version"), self.switches
        found = VERSION.match(version or "")
        known = found and switches.oldest_version <= int(found[1]) <= switches.newest_version
        if version is not None and not known:
            raise Refusal(410, f"API version {version} is not supported")
        if not asked.wait:
            return None
        wait, header = str(asked.wait), switches.retry_header
        response = answers.refusal(Refusal(429, f"Rate limit reached. Retry in {wait} seconds."))
        if header:
            response.headers[header] = asked.limits[RESET] if header == "Retry-At" else wait
        return response

    def _refusal(self, refused: Refusal) -> Response:
        return answers.refusal(refused)

    def _complete(self, asked: ManageRequest, response: Response) -> None:
        for name, value in asked.limits.items():
            response.headers.setdefault(name, value)
        super()._complete(asked, response)
        newest = f"4.0.{self.switches.newest_version}"
        version = asked.request.headers.get("x-api-version", newest)
        if response.status_code < 400:
            version = self.switches.answers_version or version
            response.headers.setdefault("X-API-VERSION", version)

    def _carried_out(self, asked: ManageRequest) -> Response:
        world, target = self.world, asked.target
        check_collection(asked.collection, self.switches)
        if asked.request.method != "GET":
            return self._write(asked)
        report = world.reports.download(asked.path, str(asked.request.base_url))
        if report is not None:
            return report
        if target is None:
            raise not_found()
        if asked.path == PRACTICE_AREAS and self.switches.practice_areas_redirect:
            url = asked.request.url
            elsewhere = url.replace(path=url.path.replace(PRACTICE_AREAS, WITH_CATEGORIES))
            return Response(b"", 307, {"Location": str(elsewhere)})
        self._around("before", asked)
        if asked.is_list:
            world.changes.around("before", asked.collection, asked.page)
            response = self._page(asked, target)
        else:
            response = self._item(asked, target)
        self._around("after", asked)
        return response

    def _around(self, side: Side, asked: ManageRequest) -> None:
        method = asked.request.method
        self.world.changes.around_request(side, method, asked.collection, asked.key)

    def _page(self, asked: ManageRequest, target: Target) -> Response:
        world, collection = self.world, target.collection
        if collection.parent is not None and collection.parent.parameter in target.path:
            self._seen(collection.parent.resource, target.path[collection.parent.parameter])
        listing = query.listing(target, asked.given, world.renderer)
        self._rendering(asked, collection.name)  # refuses unknown fields before the page is read
        heavy = self.switches.heavy_above.get(collection.name)
        if heavy is not None and listing.limit > heavy:
            return gateway_timeout()
        return self._list(asked, listing)

    def _records(self, asked: ManageRequest, rows: list[Row]) -> list[bytes]:
        rendering = self._rendering(asked, asked.collection)
        return [_written(row, rendering, asked.given) for row in rows]

    def _address(self, asked: ManageRequest, cursor: Cursor) -> str:
        url = asked.request.url
        pieces = url.query.split("&") if url.query else []
        kept = [piece for piece in pieces if pair(piece)[0] not in {"page_token", "offset"}]
        if cursor.kind == "position" and "page_token" not in asked.given:
            kept.append(f"offset={cursor.value}")
        else:
            kept.append(f"page_token={cursor.token(asked.collection)}")
        return f"{url.scheme}://{url.netloc}{url.path}?{'&'.join(kept)}"

    def _add_to_meta(self, draft: Draft, listing: Listing) -> None:
        if self.switches.records_in_meta and draft.meta is not None:
            draft.meta["records"] = sum(1 for _ in paging.matching(listing))

    def _item(self, asked: ManageRequest, target: Target) -> Response:
        row, name = self._row(asked, target), target.collection.name
        broken = self._poisoned(asked, [row])
        if broken is not None:
            return broken
        name = "users" if name == ME else name
        rendering = self._rendering(asked, name)
        tag = self.world.renderer.etag(name, row)
        if target.collection.conditional and unchanged(asked.request, tag, row):
            return Response(b"", 304, self._headers(name, row))
        return self._answer(asked, name, row, rendering)

    def _row(self, asked: ManageRequest, target: Target) -> Row:
        name, row = target.collection.name, None
        if name == ME:
            row = self.world.oauth.user(asked.token, self.world.store["users"])
        elif target.kind == "singleton":
            row = next(iter(self.world.store[name].after(-1)), None)
        else:
            row = self.world.later.shown(name, self._seen(name, target.path["id"]), "items")
            own = row.get("_jurisdiction")
            if target.path.get("jurisdiction_id", own) != own:
                row = None
        if row is None:
            raise not_found()
        return row

    def _seen(self, name: str, key: int) -> Row:
        """Return a record that the caller may see."""
        check_rows(name, self.switches)
        table = self.world.store[name]
        row = table.get(key)
        if row is None and self.switches.merged_answers_survivor:
            row = table.heir(key)
        if row is not None:
            return row
        hidden = key in table.rows
        raise forbidden() if hidden and self.switches.hidden_answer == 403 else not_found()

    def _write(self, asked: ManageRequest) -> Response:
        """Carry a write out and answer it with the record, as GET would."""
        if asked.writes is None:
            if pattern(asked.path)[0] in self.routes.paths:
                raise Refusal(405, "The method is not allowed here")
            raise not_found()
        writer, name = self.world.writer, asked.collection
        # The field list is looked at first: what cannot be answered is not written.
        rendering, command = self._rendering(asked, name), self._command(asked)
        if asked.is_lost:
            untouched = writer.row(name, command.key)
            if untouched is None:
                raise Refusal(502, "The request was lost")
            return self._answer(asked, name, untouched, rendering)
        self._around("before", asked)
        asked.old = writer.row(name, command.key)
        try:
            row = writer.carry_out(command)
        finally:
            asked.written = len(writer.log)
            self._around("after", asked)
        if not row:
            return Response(b"", 204)
        status = CREATED if command.method == "POST" else DONE
        return self._answer(asked, name, row, rendering, status)

    def _finish(self, asked: ManageRequest, status: int) -> None:
        """Log a write that did not get as far as the records, and let the faults see any."""
        if asked.writes is None:
            return
        command = self._command(asked)
        if not asked.written:
            asked.written = self.world.writer.note(command, status).number
        for rule in asked.rules:
            rule.action.wrote(Wrote(command, asked.written, asked.old), self.world.later)

    def _command(self, asked: ManageRequest) -> Command:
        collection, key = asked.writes or ("", 0)
        user, if_match = self.world.oauth.caller(asked.token), asked.request.headers.get("if-match")
        method = asked.request.method
        return Command(method, collection, asked.path, key, asked.body, if_match, user)

    def _rendering(self, asked: ManageRequest, name: str) -> Rendering:
        own = name in VIEWS or name in INNER_SCHEMAS
        return self.world.renderer.rendering(name, asked.given.one("fields"), own_rows=own)

    def _headers(self, name: str, row: Row) -> dict[str, str]:
        shown = etag_header(self.world.renderer.etag(name, row), self.switches)
        headers = {**HEADERS, "ETag": shown} if shown else dict(HEADERS)
        if "updated_at" in row:
            headers["Last-Modified"] = values.http_date(moment(row["updated_at"]))
        return headers

    def _answer(
        self, asked: ManageRequest, name: str, row: Row, rendering: Rendering, status: int = DONE
    ) -> Response:
        """Answer with one record; one that is worked out of the token is not kept."""
        asked.rows = 1
        rendering.refresh()
        whole = values.dump(rendering.plan(row)) if asked.collection == ME else None
        body = whole or _written(row, rendering, asked.given)
        return Response(b'{"data":' + body + b"}", status, self._headers(name, row))


def _written(row: Row, rendering: Rendering, given: Given) -> bytes:
    """Write a record; `custom_field_ids[]` leaves the values of those custom fields alone."""
    wanted = given.get("custom_field_ids[]")
    if not wanted:
        return rendering(row)
    shown = row.get("custom_field_values", ())
    kept = [value for value in shown if str(value["custom_field"]) in wanted]
    return values.dump(rendering.plan({**row, "custom_field_values": kept}))
