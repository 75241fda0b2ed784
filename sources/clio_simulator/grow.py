"""Clio Grow's API: lists, records, and what can be written: notes, leads, actions, choices."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from . import answers, bodies, paging, query, values
from .answers import HEADERS, Refusal, not_found
from .api import METHODS, ProductApi, unchanged
from .changes import Change
from .faults import Draft
from .filters import Given, check_collection, check_rows, given_in, veil
from .grow_records import (
    ALL_LEADS,
    CHOICES,
    KNOWN,
    ME,
    PARENTS,
    PATHS,
    PREFIX,
    ROLLED_OUT,
    SHAPES,
    STATES,
    VALUES,
    own_lead,
    pattern,
    table,
)  # fmt: skip
from .oauth import bearer
from .paging import Cursor, Listing
from .query import GrowRequest
from .store import Row, moment
from .world import World

BASE = "/grow/"
FOREIGN = "https://grow.clio.com/api/v2"
"""The base on which the example of a next link in Grow's reference stands."""

SAID_ONCE = ("from_message", "from_source", "referring_url")
"""Keys of a lead that are shown to who creates it, and to nobody afterwards."""

UNIQUE: dict[str, Callable[[str], str]] = {
    "sources": str.casefold,
    "locations": str.casefold,
    "matter_types": str,
}
"""Collection whose names differ → how two of them are compared."""

FIXED: dict[str, Row] = {
    "sources": {"category": "standard", "is_editable": True},
    "matter_types": {"default": False},
}
"""Collection → what a new record of it holds besides."""


class GrowApi(ProductApi[GrowRequest]):
    """Answer requests under `/grow/`."""

    prefix = BASE[1:]
    nulls = "grow_nulls_in_paging"

    def __init__(self, world: World) -> None:
        """Keep the world that is served."""
        super().__init__(world)
        self.store = world.grow.store
        self.replies = {
            "list": self._page,
            "item": self._item,
            "me": self._me,
            "create": self._create,
            "remove": self._remove,
        }

    def _read(self, request: Request, arrived: int) -> GrowRequest:  # noqa: ARG002 - Manage counts
        path = request.url.path.removeprefix(BASE)
        shape, keys = pattern(path)
        operation = KNOWN.get((request.method, shape))
        turn = GrowRequest(request, path, given_in(request.url.query), bearer(request), keys=keys)
        early = self.switches.grow_version == "v1"
        if operation is not None and (SHAPES[operation.collection].early or not early):
            turn.operation, turn.collection = operation, table(operation.collection)
            turn.is_list = operation.way == "list"
        return turn

    def _turned_away(self, turn: GrowRequest, arrived: int) -> Response | None:
        if not self.world.grow.oauth.accepts(turn.token):
            return answers.grow_error(401, "The access token is invalid", self.switches)
        wait = self.world.limit.take_grow(arrived)
        if wait:
            return answers.grow_too_many(wait, self.switches)
        if turn.is_list:
            turn.page = 1
        if turn.is_list and (text := turn.given.one("page_token")):
            turn.cursor, filters = paging.read_token(text, turn.path, 400)
            turn.page, turn.given = turn.cursor.page, Given(filters | turn.given)
        return None

    def _refusal(self, refused: Refusal) -> Response:
        return answers.grow_error(refused.status, refused.message, self.switches)

    def _shaped(self, response: Response) -> Response:
        return answers.grow_shape(response, self.switches)

    def _checked(self, turn: GrowRequest) -> Response | None:
        operation, switches = turn.operation, self.switches
        if operation is None:
            if pattern(turn.path)[0] in PATHS and switches.grow_unknown_method == 405:
                raise Refusal(405, "The method is not allowed")
            raise not_found()
        if operation.scope in switches.grow_missing_scopes:
            if switches.grow_missing_scope_answer == "redirect":
                return RedirectResponse(f"{switches.grow_auth_host}/oauth/authorize", 302)
            scope = operation.scope.removeprefix("grow_")
            raise Refusal(403, f"Missing required scope: {scope}")
        check_collection(turn.collection, switches)
        nonce = turn.given.one("custom_action_nonce")
        if nonce and nonce not in switches.grow_nonces:
            raise Refusal(403, "The custom action nonce is not valid")
        switches.grow_nonces.discard(nonce)
        if operation.way in {"create", "remove"} and turn.is_lost:
            return answers.gateway(502, "The request was lost")
        return None

    def _carried_out(self, turn: GrowRequest) -> Response:
        return self.replies[turn.known.way](turn)

    def _page(self, turn: GrowRequest) -> Response:
        self.world.changes.around("before", turn.collection, turn.page)
        late = self.switches.grow_timeouts.get(turn.known.collection)
        if late is not None and turn.page >= late and not turn.filtered:
            return answers.gateway(504, "Endpoint request timed out")
        return self._list(turn, query.grow_listing(turn, self.store, self.switches))

    def _records(self, turn: GrowRequest, rows: list[Row]) -> list[bytes]:
        return [values.dump(self._record(turn, row)) for row in rows]

    def _record(self, turn: GrowRequest, row: Row) -> Row:
        include = turn.given.one("include") if "include" in turn.known.takes else ""
        renderer, name = self.world.grow.renderer, turn.known.collection
        record = renderer.record(name, row, values_too=VALUES in include.split(","))
        return veil(turn.collection, self.switches, record, int(row["id"]))

    def _address(self, turn: GrowRequest, cursor: Cursor) -> str:
        """Return the address of a neighbouring page, on the base that the switches say."""
        url, switches = turn.request.url, self.switches
        filters = {name: given for name, given in turn.given.items() if name != "page_token"}
        own, where = f"{url.scheme}://{url.netloc}/grow", switches.grow_next_filters
        bases = {"server": own, "server_plus_v2": f"{own}/v2", "grow_host_api_v2": FOREIGN}
        query = [*(filters.items() if where == "link" else ())]
        query.append(
            ("page_token", [cursor.token(turn.path, filters if where == "token" else None)])
        )
        return f"{bases[switches.grow_next_base]}/{turn.path}?{urlencode(query, doseq=True)}"

    def _add_to_meta(self, draft: Draft, listing: Listing) -> None:  # noqa: ARG002 - Manage counts
        if self.switches.grow_version == "v1" and not self.switches.grow_v1_meta:
            draft.meta = None

    def _item(self, turn: GrowRequest) -> Response:
        row = self._seen(turn)
        broken = self._poisoned(turn, [row])
        if broken is not None:
            return broken
        record = values.dump(self._record(turn, row))
        tag = values.etag(record.decode(errors="replace"))
        changed = values.http_date(moment(row.get("updated_at")))
        headers = {**HEADERS, "ETag": tag, "Last-Modified": changed}
        if unchanged(turn.request, tag, row):
            return Response(b"", 304, headers)
        return self._single(turn, record, 200, headers)

    def _seen(self, turn: GrowRequest) -> Row:
        """Return a record that the caller may see."""
        check_rows(turn.collection, self.switches)
        row = self.store[turn.collection].get(turn.keys[0])
        if row is None:
            raise not_found()
        if turn.known.collection == "inbox_leads":
            accepted = row.get("state") not in STATES
            foreign = ALL_LEADS in self.switches.grow_missing_scopes and not own_lead(row)
            if foreign or (accepted and self.switches.grow_accepted_lead == "gone"):
                raise not_found()
        return row

    def _me(self, turn: GrowRequest) -> Response:
        row = self.world.grow.oauth.user(turn.token, self.store[table("users")])
        if row is None:
            raise not_found()
        return self._single(turn, values.dump(self._record(turn, row)))

    def _single(
        self, turn: GrowRequest, record: bytes, status: int = 200, headers: Row = HEADERS
    ) -> Response:
        """Answer with one record; in v1 it stood bare."""
        turn.rows = 1
        early = self.switches.grow_version == "v1"
        return Response(record if early else b'{"data":' + record + b"}", status, headers)

    def _create(self, turn: GrowRequest) -> Response:
        """Create a record, through the changes, so that stamps and switches are theirs."""
        name, parent = turn.known.collection, PARENTS.get(turn.known.collection)
        if parent is not None:
            owner = self.store[table(parent)].get(turn.keys[0])
            if owner is None:
                raise not_found()
            if owner.get("is_locked") and self.switches.grow_locked_note == 422:
                raise Refusal(422, "The matter is locked")
        data = bodies.read_grow(turn.body, name, self.switches)
        if parent is not None:
            row = self.world.changes.add_note(table(parent), turn.keys[0], data)
        else:
            row = self.world.changes.add(turn.collection, self._fields(name, data))
        record = self.world.grow.renderer.record(name, row)
        record |= {key: data[key] for key in SAID_ONCE if key in data}
        return self._single(turn, values.dump(record), 201)

    def _remove(self, turn: GrowRequest) -> Response:
        if self.store[turn.collection].get(turn.keys[0]) is None:
            raise not_found()
        self.world.changes.do(Change("remove", turn.collection, turn.keys[0]))
        return Response(b"", 204)

    def _fields(self, name: str, data: Row) -> Row:
        """Return what a new record holds beside its id and stamps."""
        if name in UNIQUE:
            same = UNIQUE[name]
            taken = {same(row["name"]) for row in self.store[table(name)].after(-1)}
            if same(data["name"]) in taken:
                raise Refusal(422, "name has already been taken")
        return self._lead(data) if name == "inbox_leads" else {**data, **FIXED.get(name, {})}

    def _lead(self, data: Row) -> Row:
        """Return a lead of this application, with the choices that are known."""
        fields: Row = {f"_{key}" if key in SAID_ONCE else key: data[key] for key in data}
        fields |= {"state": "untriaged", "_submitted": True}
        for field, choices in CHOICES.items():
            key = fields.pop(field, {}).get("id")
            known = key is not None and self.store[table(choices)].get(key) is not None
            if field == "marketing_source" and key is not None and not known:
                raise Refusal(422, "marketing_source is not known")
            if known and (field not in ROLLED_OUT or self.switches.grow_lead_rollout):
                fields[field] = key
        return fields


def routes(world: World) -> list[Route]:
    """Return the routes of Grow's API."""
    return [Route(BASE + "{path:path}", GrowApi(world).__call__, methods=METHODS)]


def knows(name: str) -> bool:
    """Tell whether a name is that of a collection of Grow."""
    return name.startswith(PREFIX) and name.removeprefix(PREFIX) in SHAPES


def dump(world: World, name: str) -> list[dict[str, Any]]:
    """Return all rows of a collection (`grow.contacts`) whole, nothing redacted.

    Hidden rows are left out, and notes whose parent is; a note names its parent, under
    `contact_id` or `matter_id`. Leads in every state are here.
    """
    grow, collection = world.grow, name.removeprefix(PREFIX)
    parent = PARENTS.get(collection)
    if collection == ME:
        token = min(world.switches.grow_tokens, default="")
        caller = grow.oauth.user(token, grow.store[table("users")])
        found = [] if caller is None else [caller]
    else:
        found = list(grow.store[name].after(-1))
    rows = []
    for row in found:
        record = grow.renderer.surprised(collection, grow.renderer.whole(collection, row))
        if parent is not None:
            if grow.store[table(parent)].get(row["_parent"]) is None:
                continue
            record[f"{parent.removesuffix('s')}_id"] = row["_parent"]
        rows.append(record)
    dumped: list[dict[str, Any]] = orjson.loads(values.dump(rows))
    return dumped
