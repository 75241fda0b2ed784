"""What stands beside Clio: the control interface at `/_simulator/`, and the Maton gateway.

The control interface does everything that a test in this process can do. The gateway takes a key,
and puts a connection's token in its place: what Clio answers passes through as it is, `next` on
Clio's own host included. The words of the gateway's own refusals are not documented.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any, get_args, get_origin, get_type_hints

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sources.clio_http.catalog import Collection
from sources.clio_http.leaves import JsonValue

from . import grow, values
from .answers import gateway, json_answer
from .api import METHODS
from .changes import Change, When
from .faults import ACTIONS
from .filters import INDEXED, Given, Test, given_in
from .manage import BASE as API
from .manage import ManageApi
from .oauth import SimulatedConnection, bearer
from .query import Target, rows_of
from .store import Row
from .switches import Switches
from .values import Raw, unraw
from .views import VIEWS
from .world import HandledRequest, World

PREFIX = "/_simulator"


def dump(world: World, collection: str) -> list[Row]:
    """Return all rows of a collection with every field, as they are now, hidden rows left out.

    The names of Grow's begin with `grow.`.
    """
    world.changes.settle(world.clock.now())
    world.later.settle(world.clock.now())
    if grow.knows(collection):
        return grow.dump(world, collection)
    described, renderer = world.catalog.collections[collection], world.renderer
    fields = []
    for name, field in renderer.schemas[described.schema].items():
        inside = renderer.schemas.get(field.get("schema", ""), {})
        fields.append(f"{name}{{{','.join(inside)}}}" if inside else name)
    target = Target(described, "list")
    table = rows_of(target, Given(region=["London"]), world.store, world.switches)
    own_rows = collection in VIEWS
    rendering = renderer.rendering(collection, ",".join(fields), own_rows=own_rows, veiled=False)
    found = filter(_reachable(world, described), table.after(-1))
    rows: list[Row] = orjson.loads(b"[" + b",".join(map(rendering, found)) + b"]")
    return rows


def _reachable(world: World, described: Collection) -> Test:
    """Keep the rows whose parent, where it stands in the path, is there to be asked for them."""
    parent = described.parent
    if parent is None or f"{{{parent.parameter}}}" not in described.path:
        return lambda _: True
    field = INDEXED.get(described.name, {}).get(parent.parameter, "")
    return lambda row: world.store[parent.resource].get(row.get(field, 0)) is not None


def _answer(value: JsonValue, status: int = 200) -> Response:
    return Response(values.dump(value), status, media_type="application/json")


@dataclass(frozen=True)
class Control:
    """The endpoints, each of which takes and gives JSON."""

    world: World

    async def change(self, request: Request) -> Response:
        """POST a change: operation, collection, id, fields, silent …, and `when`.

        The answer holds `id`, or the `ids` of what was lost or regained; 400 says what is wrong.
        """
        body = unraw(await request.json())
        try:
            moment = body.pop("when", None)
            at = moment and moment.get("at")
            when = moment and (When.time(at) if at is not None else When(**moment))
            row = self.world.changes.do(Change(**_tuples(body)), when)
        except (KeyError, TypeError, ValueError) as error:
            return _answer({"error": repr(error)}, 400)
        return _answer({"id": row.get("id"), "ids": row.get("ids", []), "waits": not row})

    async def records(self, request: Request) -> Response:
        """GET all rows of a collection, whole."""
        name = request.path_params["collection"]
        if name not in self.world.catalog.collections and not grow.knows(name):
            return _answer({"error": f"no collection {name}"}, 404)
        return _answer({"data": dump(self.world, name)})

    async def log(self, request: Request) -> Response:
        """GET the log of requests; DELETE forgets it."""
        if request.method == "DELETE":
            self.world.requests.clear()
        return _answer({"data": [asdict(asked) for asked in self.world.requests]})

    async def writes(self, request: Request) -> Response:
        """GET the log of writes; DELETE forgets it."""
        world = self.world
        world.later.settle(world.clock.now())
        if request.method == "DELETE":
            world.writer.log.clear()
        return _answer({"data": [asdict(written) for written in world.writer.log]})

    async def rules(self, request: Request) -> Response:
        """GET the fault rules; POST adds one (action, with, path, page, …); DELETE drops all."""
        faults = self.world.faults
        if request.method == "DELETE":
            faults.clear()
        if request.method == "POST":
            body = await request.json()
            action = ACTIONS[body.pop("action")](**_tuples(body.pop("with", {})))
            faults.add(action, body.pop("path", "*"), **_tuples(body))
        return _answer({"data": [rule.described for rule in faults.rules]})

    async def switches(self, request: Request) -> Response:
        """GET the switches; PATCH sets those that are given."""
        switches = self.world.switches
        if request.method == "PATCH":
            for name, value in (await request.json()).items():
                set_to(switches, name, value)
        return _answer({"data": shown(switches)})

    async def clock(self, request: Request) -> Response:
        """GET the clock; PATCH takes `advance` (seconds), `set` (ISO-8601), `running`."""
        clock = self.world.clock
        if request.method == "PATCH":
            body = await request.json()
            if "set" in body:
                clock.set(body["set"])
            clock.advance(body.get("advance", 0))
            if body.get("running", clock.running) != clock.running:
                (clock.resume if body["running"] else clock.freeze)()
        return _answer({"data": {"now": values.fine_stamp(clock.now()), "running": clock.running}})


def _tuples(given: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(v) if isinstance(v, list) else v for name, v in given.items()}


def routes(world: World) -> list[Route]:
    """Return the routes of the control interface."""
    control = Control(world)
    return [
        Route(f"{PREFIX}/changes", control.change, methods=["POST"]),
        Route(f"{PREFIX}/records/{{collection}}", control.records),
        Route(f"{PREFIX}/requests", control.log, methods=["GET", "DELETE"]),
        Route(f"{PREFIX}/writes", control.writes, methods=["GET", "DELETE"]),
        Route(f"{PREFIX}/faults", control.rules, methods=["GET", "POST", "DELETE"]),
        Route(f"{PREFIX}/switches", control.switches, methods=["GET", "PATCH"]),
        Route(f"{PREFIX}/clock", control.clock, methods=["GET", "PATCH"]),
    ]


HINTS = get_type_hints(Switches)


def set_to(switches: Switches, name: str, value: JsonValue) -> None:
    """Set one switch to what JSON says.

    Raises:
        KeyError: there is no such switch.

    """
    setattr(switches, name, _read(HINTS[name], value))


def shown(switches: Switches) -> dict[str, Any]:
    """Return all switches as JSON."""
    return {each.name: _written(getattr(switches, each.name)) for each in fields(switches)}


def _read(hint: Any, value: Any) -> Any:  # noqa: ANN401 - a type, and any JSON
    if get_origin(hint) is dict:
        key, inner = get_args(hint)
        return {key(name): _read(inner, each) for name, each in value.items()}
    sets = [kind for kind in (hint, *get_args(hint)) if get_origin(kind) is set]
    if sets and isinstance(value, list):
        return set(value)
    return unraw(value)


def _written(value: Any) -> Any:  # noqa: ANN401 - a switch
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Raw):
        return {"$raw": value.data.decode("utf-8", "surrogateescape")}
    if isinstance(value, dict):
        return {str(name): _written(each) for name, each in value.items()}
    return value


MATON = "/maton"
CLIO = f"{MATON}/clio"
OURS = frozenset({b"authorization", b"host", b"maton-connection"})
"""Headers that the gateway does not pass on."""


class Maton:
    """Answer requests under `/maton/`."""

    def __init__(self, world: World) -> None:
        """Keep the world, and Clio's API in it."""
        self.world = world
        self.clio = ManageApi(world)

    async def proxied(self, request: Request) -> Response:
        """Pass a request on to Clio, with the token of the connection that it names."""
        connection = self.world.connections.of(request.headers.get("maton-connection"))
        refused = self._refused(request)
        if refused is None and connection is None:
            refused = gateway(400, "Missing connection for the requested app: clio")
        if refused is None and not request.url.path.startswith(CLIO + API):
            refused = gateway(404, "Not found")
        self._log(request, refused or Response())
        if refused is not None or connection is None:
            return refused or Response()
        return await self.clio(self._forwarded(request, connection))

    def _forwarded(self, request: Request, connection: SimulatedConnection) -> Request:
        """Return the request as Clio gets it."""
        host = self.world.switches.maton_upstream
        token = self.world.connections.token(connection)
        kept = [(name, value) for name, value in request.scope["headers"] if name not in OURS]
        own = [(b"host", host.encode()), (b"authorization", f"Bearer {token}".encode())]
        path = request.url.path.removeprefix(CLIO)
        changed = {"scheme": "https", "path": path, "raw_path": path.encode(), "root_path": ""}
        return Request({**request.scope, **changed, "headers": [*own, *kept]}, request.receive)

    async def connections(self, request: Request) -> Response:
        """GET the connections, by app and status; POST makes one that waits for its sign-in."""
        sent = await request.body() if request.method == "POST" else b""
        reply = self._created if request.method == "POST" else self._listed
        return self._log(request, self._refused(request) or reply(request, sent))

    def _listed(self, request: Request, _: bytes) -> Response:
        asked = request.query_params
        shown = [each.shown(_maton_base(request)) for each in self.world.connections.known.values()]
        names = [name for name in ("app", "status") if name in asked]
        chosen = [row for row in shown if all(row[name] == asked[name] for name in names)]
        return json_answer({"connections": chosen})

    def _created(self, request: Request, sent: bytes) -> Response:
        try:
            app = orjson.loads(sent)["app"]
        except (ValueError, TypeError, KeyError):
            return gateway(400, "app is required")
        made = self.world.connections.add(status="PENDING", app=str(app))
        if self.world.switches.maton_created == "id":
            return json_answer({"connection_id": made.id})
        return json_answer({"connection": made.shown(_maton_base(request))})

    async def connection(self, request: Request) -> Response:
        """GET one connection, or DELETE it."""
        known, key = self.world.connections.known, request.path_params["id"]
        answer = self._refused(request)
        if answer is None and key not in known:
            answer = gateway(404, "Connection not found")
        elif answer is None and request.method == "DELETE":
            del known[key]
            answer = json_answer({})
        shown = answer or json_answer({"connection": known[key].shown(_maton_base(request))})
        return self._log(request, shown)

    async def connect(self, request: Request) -> Response:
        """Play the page on which a person signs in: whoever opens it has done so."""
        found = self.world.connections.signed_in(request.query_params.get("session_token", ""))
        return HTMLResponse("<p>Connected." if found else "<p>Unknown.", 200 if found else 404)

    def _refused(self, request: Request) -> Response | None:
        if bearer(request) == self.world.switches.maton_key:
            return None
        return gateway(401, "Invalid or missing Maton API key")

    def _log(self, request: Request, response: Response) -> Response:
        """Write down what arrived at the gateway; what Clio was asked stands in the next entry."""
        given = given_in(request.url.query)
        asked = HandledRequest(request, request.url.path[1:], given, bearer(request))
        self.world.log(asked, self.world.clock.now(), response)
        return response


def _maton_base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{MATON}"


def maton_routes(world: World) -> list[Route]:
    """Return the routes of the gateway."""
    maton = Maton(world)
    return [
        Route(CLIO + "/{path:path}", maton.proxied, methods=METHODS),
        Route(f"{MATON}/connections", maton.connections, methods=["GET", "POST"]),
        Route(f"{MATON}/connections/{{id}}", maton.connection, methods=["GET", "DELETE"]),
        Route(f"{MATON}/connect/", maton.connect),
    ]
