"""The Maton gateway before Manage: it takes a key, and puts a connection's token in its place.

What Clio answers passes through as it is, `next` on Clio's own host included. The words of the
gateway's own refusals are not documented.
"""

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from .api import METHODS
from .errors import gateway, json_answer
from .manage import BASE as API
from .manage import ManageApi
from .oauth import SimulatedConnection, bearer
from .world import HandledRequest, World, given_in

BASE = "/maton"
CLIO = f"{BASE}/clio"
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
        if refused is not None or connection is None:
            return self._logged(request, refused or Response())
        self._logged(request, Response(status_code=200))
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
        return self._logged(request, self._refused(request) or self._connections(request, sent))

    def _connections(self, request: Request, sent: bytes) -> Response:
        if request.method == "POST":
            return self._created(request, sent)
        asked = request.query_params
        shown = [each.shown(_base(request)) for each in self.world.connections.known.values()]
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
        return json_answer({"connection": made.shown(_base(request))})

    async def connection(self, request: Request) -> Response:
        """GET one connection, or DELETE it."""
        return self._logged(request, self._refused(request) or self._connection(request))

    def _connection(self, request: Request) -> Response:
        known, key = self.world.connections.known, request.path_params["id"]
        if key not in known:
            return gateway(404, "Connection not found")
        if request.method == "DELETE":
            del known[key]
            return json_answer({})
        return json_answer({"connection": known[key].shown(_base(request))})

    async def connect(self, request: Request) -> Response:
        """Play the page on which a person signs in: whoever opens it has done so."""
        found = self.world.connections.signed_in(request.query_params.get("session_token", ""))
        return HTMLResponse("<p>Connected." if found else "<p>Unknown.", 200 if found else 404)

    def _refused(self, request: Request) -> Response | None:
        if bearer(request) == self.world.switches.maton_key:
            return None
        return gateway(401, "Invalid or missing Maton API key")

    def _logged(self, request: Request, response: Response) -> Response:
        """Write down what arrived at the gateway; what Clio was asked stands in the next entry."""
        given = given_in(request.url.query)
        asked = HandledRequest(request, request.url.path[1:], given, bearer(request))
        self.world.log(asked, self.world.clock.now(), response)
        return response


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{BASE}"


def routes(world: World) -> list[Route]:
    """Return the routes of the gateway."""
    maton = Maton(world)
    return [
        Route(CLIO + "/{path:path}", maton.proxied, methods=METHODS),
        Route(f"{BASE}/connections", maton.connections, methods=["GET", "POST"]),
        Route(f"{BASE}/connections/{{id}}", maton.connection, methods=["GET", "DELETE"]),
        Route(f"{BASE}/connect/", maton.connect),
    ]
