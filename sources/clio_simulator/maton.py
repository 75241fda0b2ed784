"""The Maton gateway before Manage: it takes a key, and puts a connection's token in its place.

What Clio answers passes through as it is, `next` on Clio's own host included. The words of the
gateway's own refusals are not documented.
"""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from . import values
from .app import BASE as API
from .app import ManageApi
from .connections import SimulatedConnection
from .errors import JSON_TYPE
from .headers import bearer
from .store import Row
from .world import HandledRequest, World, given_in

BASE = "/maton"
CLIO = f"{BASE}/clio"
METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]
OURS = frozenset({b"authorization", b"host", b"maton-connection"})
"""Headers that the gateway does not pass on."""


def _answer(body: Any, status: int = 200) -> Response:  # noqa: ANN401 - any JSON
    return Response(values.dump(body), status, {"Content-Type": JSON_TYPE})


def _refused(status: int, message: str) -> Response:
    return _answer({"message": message}, status)


class Maton:
    """Answer requests under `/maton/`."""

    def __init__(self, world: World) -> None:
        """Keep the world, and Clio's API in it."""
        self.world = world
        self.clio = ManageApi(world)

    async def proxied(self, request: Request) -> Response:
        """Pass a request on to Clio, with the token of the connection that it names."""
        connections = self.world.connections
        connection = connections.of(request.headers.get("maton-connection"))
        if not self._has_key(request):
            response = self._no_key()
        elif connection is None:
            response = _refused(400, "Missing connection for the requested app: clio")
        elif not request.url.path.startswith(CLIO + API):
            response = _refused(404, "Not found")
        else:
            self._log(request, Response(status_code=200))
            return await self.clio(self._forwarded(request, connection))
        self._log(request, response)
        return response

    def _forwarded(self, request: Request, connection: SimulatedConnection) -> Request:
        """Give the request as Clio gets it."""
        host = self.world.switches.maton_upstream
        token = self.world.connections.token(connection)
        kept = [(name, value) for name, value in request.scope["headers"] if name not in OURS]
        own = [(b"host", host.encode()), (b"authorization", f"Bearer {token}".encode())]
        path = request.url.path.removeprefix(CLIO)
        changed = {"scheme": "https", "path": path, "raw_path": path.encode(), "root_path": ""}
        return Request({**request.scope, **changed, "headers": [*own, *kept]}, request.receive)

    async def connections(self, request: Request) -> Response:
        """GET the connections, by app and status; POST makes one that waits for its sign-in."""
        if not self._has_key(request):
            return self._logged(request, self._no_key())
        if request.method == "POST":
            return self._logged(request, self._created(request, await request.body()))
        asked = request.query_params
        shown = [each.shown(_base(request)) for each in self.world.connections.known.values()]
        chosen = [row for row in shown if _chosen(row, dict(asked))]
        return self._logged(request, _answer({"connections": chosen}))

    def _created(self, request: Request, sent: bytes) -> Response:
        try:
            app = orjson.loads(sent)["app"]
        except (ValueError, TypeError, KeyError):
            return _refused(400, "app is required")
        made = self.world.connections.add(status="PENDING", app=str(app))
        if self.world.switches.maton_created == "id":
            return _answer({"connection_id": made.id})
        return _answer({"connection": made.shown(_base(request))})

    async def connection(self, request: Request) -> Response:
        """GET one connection, or DELETE it."""
        known, key = self.world.connections.known, request.path_params["id"]
        if not self._has_key(request):
            return self._logged(request, self._no_key())
        if key not in known:
            return self._logged(request, _refused(404, "Connection not found"))
        if request.method == "DELETE":
            del known[key]
            return self._logged(request, _answer({}))
        return self._logged(request, _answer({"connection": known[key].shown(_base(request))}))

    async def connect(self, request: Request) -> Response:
        """Play the page on which a person signs in: whoever opens it has done so."""
        found = self.world.connections.signed_in(request.query_params.get("session_token", ""))
        return HTMLResponse("<p>Connected." if found else "<p>Unknown.", 200 if found else 404)

    def _has_key(self, request: Request) -> bool:
        return bearer(request) == self.world.switches.maton_key

    def _no_key(self) -> Response:
        return _refused(401, "Invalid or missing Maton API key")

    def _log(self, request: Request, response: Response) -> None:
        """Write down what arrived at the gateway; what Clio was asked stands in the next entry."""
        given = given_in(request.url.query)
        exchange = HandledRequest(request, request.url.path[1:], given, None, bearer(request))
        self.world.log(exchange, self.world.clock.now(), response)

    def _logged(self, request: Request, response: Response) -> Response:
        self._log(request, response)
        return response


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{BASE}"


def _chosen(row: Row, asked: dict[str, str]) -> bool:
    return all(row[name] == asked[name] for name in ("app", "status") if name in asked)


def routes(world: World) -> list[Route]:
    """Give the routes of the gateway."""
    maton = Maton(world)
    return [
        Route(CLIO + "/{path:path}", maton.proxied, methods=METHODS),
        Route(f"{BASE}/connections", maton.connections, methods=["GET", "POST"]),
        Route(f"{BASE}/connections/{{id}}", maton.connection, methods=["GET", "DELETE"]),
        Route(f"{BASE}/connect/", maton.connect),
    ]
