"""Clio Manage's API: which collection a path means, its lists and records, and writes to them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path

from sources.clio_http.catalog import Catalog, Collection

from . import answers, bodies, paging, query, storing, values
from .answers import HEADERS, Refusal, forbidden, not_found
from .api import METHODS, ProductApi, gateway_timeout, unchanged
from .changes import Side
from .faults import Draft
from .filters import check_collection, check_rows
from .oauth import bearer
from .paging import Cursor, Listing, RowPage
from .query import ListQuery
from .render import Rendering
from .store import Row, etag_header, moment
from .views import VIEWS
from .world import Allowance, HandledRequest, World, given_in, pair
from .writes import CREATED, DONE, Command, Wrote

BASE = "/api/v4/"
PRACTICE_AREAS, WITH_CATEGORIES = "practice_areas", "practice_areas_with_categories"
VERSION = re.compile(r"^4\.0\.(\d{1,3})$")

UNDOCUMENTED_ITEMS = {"line_items": "line_items/{id}"}
"""Item paths that answer although Clio's document does not list them."""


@dataclass(frozen=True)
class Target:
    """A collection, whether its list, an item or a singleton is meant, and the path's values."""

    collection: Collection
    kind: str
    path: Mapping[str, str] = field(default_factory=dict)


class Routes:
    """All paths of the catalogue and of the bodies, without base and `.json`."""

    def __init__(self, catalog: Catalog) -> None:
        """Read the paths; `#` stands for an id."""
        self.known: dict[str, tuple[Target, tuple[str, ...]]] = {}
        for collection in catalog.collections.values():
            self._add(collection.path, Target(collection, "list"))
            item = collection.item_path or UNDOCUMENTED_ITEMS.get(collection.name, "")
            if item:
                self._add(item, Target(collection, "item"))
        for collection in catalog.singletons.values():
            self._add(collection.path, Target(collection, "singleton"))
        self.writes = {
            (method.upper(), entry["path"] + ("" if method == "post" else "/#")): name
            for name, entry in bodies.operations().items()
            for method in ("post", "patch", "delete")
            if method in entry
        }

    def _add(self, path: str, target: Target) -> None:
        names = tuple(part.strip("{}") for part in path.split("/") if part.startswith("{"))
        self.known[re.sub(r"\{\w+\}", "#", path)] = (target, names)

    def find(self, path: str) -> Target | None:
        """Return what a path means, None where it is unknown."""
        target, names = self.known.get(path) or self.known.get(_shape(path)) or (None, ())
        numbers = [part for part in path.split("/") if part.isdigit()]
        return target and replace(target, path=dict(zip(names, numbers, strict=bool(names))))

    def find_write(self, method: str, path: str) -> tuple[str, int] | None:
        """Return collection and id of what a write is meant for, 0 where one is to be made."""
        collection = self.writes.get((method, _shape(path)))
        key = 0 if method == "POST" else path.rpartition("/")[2]
        return None if collection is None else (collection, int(key))

    def knows(self, path: str) -> bool:
        """Tell whether there is anything at a path, whatever the method."""
        shape = _shape(path)
        return self.find(path) is not None or any(shape == known for _, known in self.writes)


def _shape(path: str) -> str:
    return "/".join("#" if part.isdigit() else part for part in path.split("/"))


@dataclass
class ManageRequest(HandledRequest):
    """One request to Manage; `writes` are collection and id (or 0) of what it writes to."""

    target: Target | None = None
    writes: tuple[str, int] | None = None
    allowance: Allowance | None = None


class ManageApi(ProductApi[ManageRequest]):
    """Answer requests under `/api/v4/`."""

    def __init__(self, world: World) -> None:
        """Keep the world that is served."""
        super().__init__(world)
        self.routes = Routes(world.catalog)

    def _settle(self, arrived: int) -> None:
        self.world.later.settle(arrived)
        self.world.reports.settle(arrived)

    def _answered(self) -> None:
        self.world.later.answered()

    def _read(self, request: Request, arrived: int) -> ManageRequest:
        path = request.url.path.removeprefix(BASE).removesuffix(".json")
        redirected = path == WITH_CATEGORIES and self.switches.practice_areas_redirect
        asked = ManageRequest(request, path, given_in(request.url.query), bearer(request))
        asked.target = target = self.routes.find(PRACTICE_AREAS if redirected else path)
        asked.writes = self.routes.find_write(request.method, path)
        if asked.writes is not None:
            asked.collection, asked.key = asked.writes[0], asked.writes[1] or None
        elif target is not None:
            asked.collection = target.collection.name
            asked.key = int(target.path["id"]) if "id" in target.path else None
        if target is not None and target.kind == "list" and request.method == "GET":
            asked.is_list = True
            asked.page = paging.page_number(asked.given, target.collection.page_size)
        asked.allowance = self.world.limit.take(asked.token, arrived)
        return asked

    def _turned_away(self, asked: ManageRequest, arrived: int) -> Response | None:  # noqa: ARG002 - Grow counts
        if not self.world.oauth.accepts(asked.token):
            return answers.unauthorized("The access token is invalid")
        self._check_version(asked.request.headers.get("x-api-version"))
        if asked.allowance is None or not asked.allowance.exceeded:
            return None
        wait, header = asked.allowance.wait, self.switches.retry_header
        response = answers.refusal(Refusal(429, f"Rate limit reached. Retry in {wait} seconds."))
        if header:
            shown = asked.allowance.reset if header == "Retry-At" else wait
            response.headers[header] = str(shown)
        return response

    def _check_version(self, given: str | None) -> None:
        found, switches = VERSION.match(given or ""), self.switches
        known = found and switches.oldest_version <= int(found[1]) <= switches.newest_version
        if given is not None and not known:
            raise Refusal(410, f"API version {given} is not supported")

    def _refusal(self, refused: Refusal) -> Response:
        return answers.refusal(refused)

    def _complete(self, asked: ManageRequest, response: Response) -> None:
        for name, value in asked.allowance.headers.items() if asked.allowance else ():
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
        question = ListQuery(collection, target.path, asked.given)
        schema = world.catalog.schemas[collection.schema]
        listing = query.listing(question, world.store, self.switches, schema)
        self._rendering(asked, collection.name)  # refuses unknown fields before the page is read
        heavy = self.switches.heavy_above.get(collection.name)
        if heavy is not None and listing.limit > heavy:
            return gateway_timeout()
        return self._list(asked, listing, world.store)

    def _as_shown(self, asked: ManageRequest, listing: Listing, page: RowPage) -> RowPage:
        """Return a page with the old versions that are still shown, where these belong into it."""
        later = self.world.later
        if not later.old:
            return page
        rows = [later.in_list(asked.collection, row) for row in page.rows]
        return replace(page, rows=[row for row in rows if all(t(row) for t in listing.tests)])

    def _targets(self, asked: ManageRequest) -> Mapping[str, str]:
        known = self.world.renderer.compiler.targets
        described = self.world.catalog.schemas[self._schema(asked.collection)].items()
        return {name: known[d["schema"]] for name, d in described if d.get("schema") in known}

    def _records(self, asked: ManageRequest, rows: list[Row]) -> list[bytes]:
        rendering = self._rendering(asked, asked.collection)
        return [_written(row, rendering, asked.given) for row in rows]

    def _token(self, asked: ManageRequest, cursor: Cursor) -> str:
        return cursor.token(asked.collection)

    def _address(self, asked: ManageRequest, cursor: Cursor) -> str:
        url = asked.request.url
        pieces = url.query.split("&") if url.query else []
        kept = [piece for piece in pieces if pair(piece)[0] not in {"page_token", "offset"}]
        if cursor.kind == "position" and "page_token" not in asked.given:
            kept.append(f"offset={cursor.value}")
        else:
            kept.append(f"page_token={cursor.token(asked.collection)}")
        return f"{url.scheme}://{url.netloc}{url.path}?{'&'.join(kept)}"

    @property
    def _writes_null(self) -> bool:
        return self.switches.nulls_in_paging

    def _add_to_meta(self, draft: Draft, listing: Listing) -> None:
        if self.switches.records_in_meta and draft.meta is not None:
            draft.meta["records"] = sum(1 for _ in paging.matching(listing))

    def _item(self, asked: ManageRequest, target: Target) -> Response:
        row, name = self._row(asked, target), target.collection.name
        broken = self._poisoned(asked, [row])
        if broken is not None:
            return broken
        own = name == "users_who_am_i"
        name = "users" if own else name
        rendering = self._rendering(asked, name)
        tag, headers = self._tag(name, row), self._headers(name, row)
        if target.collection.conditional and unchanged(asked.request, tag, row):
            return Response(b"", 304, headers)
        asked.rows = 1
        whole = values.dump(rendering.plan(row)) if own else None
        data = whole or _written(row, rendering, asked.given)
        return Response(b'{"data":' + data + b"}", 200, headers)

    def _row(self, asked: ManageRequest, target: Target) -> Row:
        name, row = target.collection.name, None
        if name == "users_who_am_i":
            row = self.world.oauth.user(asked.token, self.world.store["users"])
        elif target.kind == "singleton":
            row = next(iter(self.world.store[name].after(-1)), None)
        else:
            row = self.world.later.as_item(name, self._seen(name, target.path["id"]))
            jurisdiction = target.path.get("jurisdiction_id")
            if jurisdiction and str(row.get("_jurisdiction")) != jurisdiction:
                row = None
        if row is None:
            raise not_found()
        return row

    def _seen(self, name: str, text: str) -> Row:
        """Return a record that the caller may see."""
        check_rows(name, self.switches)
        table, key = self.world.store[name], int(text)
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
            if self.routes.knows(asked.path):
                raise Refusal(405, "The method is not allowed here")
            raise not_found()
        writer, name = self.world.writer, asked.collection
        # The field list is looked at first: what cannot be answered is not written.
        rendering, command = self._rendering(asked, name), self._command(asked)
        if not all(action.carries_out for action in asked.actions):
            untouched = writer.row(name, command.key)
            if untouched is None:
                raise Refusal(502, "The request was lost")
            return self._answer(name, untouched, rendering, asked.given)
        self._around("before", asked)
        asked.old = writer.row(name, command.key)
        try:
            row = writer.carry_out(command)
        finally:
            asked.written = len(writer.log)
            self._around("after", asked)
        if not row:
            return Response(b"", 204)
        asked.rows = 1
        status = CREATED if command.method == "POST" else DONE
        return self._answer(name, row, rendering, asked.given, status)

    def _finish(self, asked: ManageRequest, status: int) -> None:
        """Log a write that did not get as far as the records, and let the faults see any."""
        if asked.writes is None:
            return
        command = self._command(asked)
        if not asked.written:
            asked.written = self.world.writer.note(command, status).number
        for action in asked.actions:
            action.wrote(Wrote(command, asked.written, asked.old), self.world.later)

    def _command(self, asked: ManageRequest) -> Command:
        collection, key = asked.writes or ("", 0)
        user, if_match = self.world.oauth.caller(asked.token), asked.request.headers.get("if-match")
        method = asked.request.method
        return Command(method, collection, asked.path, key, asked.body, if_match, user)

    def _schema(self, name: str) -> str:
        catalog = self.world.catalog
        if name in storing.INNER_SCHEMAS:
            return storing.INNER_SCHEMAS[name]
        return (catalog.collections.get(name) or catalog.singletons[name]).schema

    def _rendering(self, asked: ManageRequest, name: str) -> Rendering:
        own = name in VIEWS or name in storing.INNER_SCHEMAS
        text, schema = asked.one("fields"), self._schema(name)
        return self.world.renderer.rendering(name, schema, text, own_rows=own)

    def _tag(self, name: str, row: Row) -> str:
        return self.world.renderer.etag(name, self._schema(name), row)

    def _headers(self, name: str, row: Row) -> dict[str, str]:
        headers = dict(HEADERS)
        tag = etag_header(self._tag(name, row), self.switches)
        if tag:
            headers["ETag"] = tag
        if "updated_at" in row:
            headers["Last-Modified"] = values.http_date(moment(row["updated_at"]))
        return headers

    def _answer(
        self,
        name: str,
        row: Row,
        rendering: Rendering,
        given: Mapping[str, list[str]],
        status: int = DONE,
    ) -> Response:
        rendering.refresh()
        body = b'{"data":' + _written(row, rendering, given) + b"}"
        return Response(body, status, self._headers(name, row))


def _written(row: Row, rendering: Rendering, given: Mapping[str, list[str]]) -> bytes:
    """Write a record; `custom_field_ids[]` leaves the values of those custom fields alone."""
    wanted = given.get("custom_field_ids[]")
    if not wanted:
        return rendering(row)
    shown = row.get("custom_field_values", ())
    kept = [value for value in shown if str(value["custom_field"]) in wanted]
    return values.dump(rendering.plan({**row, "custom_field_values": kept}))


def application(world: World, beside: list[Path]) -> Starlette:
    """Make the ASGI application; `beside` are the routes beside the API's own."""
    everything = Path("/{path:path}", ManageApi(world).__call__, methods=METHODS)
    return Starlette(routes=[*beside, everything])
