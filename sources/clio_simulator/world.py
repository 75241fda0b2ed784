"""What one running simulator is made of, and what one request brings along."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import Response

from sources.clio_http.catalog import Catalog

from .changes import Changes
from .connections import SimulatedConnections
from .faults import Action, Faults
from .grow import Grow
from .later import Later
from .limits import RateLimit
from .log import LoggedRequest, fingerprint
from .oauth import TokenIssuer
from .render import Renderer
from .reports import Reports
from .routes import Routes, Target, WriteTarget
from .store import Row, Store
from .switches import Switches
from .values import SimulatedClock
from .writes import Writer


@dataclass
class World:
    """Everything that one running simulator is made of."""

    catalog: Catalog
    store: Store
    switches: Switches
    clock: SimulatedClock
    faults: Faults
    changes: Changes
    renderer: Renderer
    limit: RateLimit
    routes: Routes
    oauth: TokenIssuer
    grow: Grow
    connections: SimulatedConnections
    writer: Writer
    later: Later
    reports: Reports
    requests: list[LoggedRequest] = field(default_factory=list)

    def log(self, exchange: "HandledRequest", arrived: int, response: Response) -> None:
        """Write down what was asked and answered."""
        request = exchange.request
        headers = {
            name: value for name, value in request.headers.items() if name != "authorization"
        }
        self.requests.append(
            LoggedRequest(
                number=len(self.requests) + 1,
                at=arrived,
                method=request.method,
                host=request.headers.get("host", ""),
                path=request.url.path,
                query=request.url.query,
                given=exchange.given,
                headers=headers,
                token=fingerprint(exchange.token),
                collection=exchange.collection,
                page=exchange.page,
                status=response.status_code,
                rows=exchange.rows,
                faults=tuple(action.name for action in exchange.actions),
                write=exchange.written,
            )
        )


@dataclass
class HandledRequest:
    """One request on its way through: what was asked, and what is known of the answer so far.

    `written` is the number of the write that it was, 0 where none is logged, and `old` the record
    before it.
    """

    request: Request
    path: str
    given: Mapping[str, list[str]]
    target: Target | None
    token: str
    page: int = 0
    rows: int = 0
    actions: tuple[Action, ...] = ()
    writes: WriteTarget | None = None
    body: bytes = b""
    written: int = 0
    old: Row | None = None

    @property
    def is_list(self) -> bool:
        """Tell whether a list is asked for."""
        reads = self.request.method == "GET"
        return reads and self.target is not None and self.target.route.kind == "list"

    @property
    def key(self) -> int | None:
        """Give the id in the path, None where there is none."""
        if self.writes is not None:
            return self.writes.key or None
        key = self.target.path.get("id") if self.target is not None else None
        return None if key is None else int(key)

    @property
    def collection(self) -> str:
        """Name the collection, empty where the path is unknown."""
        if self.writes is not None:
            return self.writes.collection
        return self.target.route.collection.name if self.target else ""


@lru_cache(maxsize=2000)
def pair(piece: str) -> tuple[str, str]:
    """Read one piece of a query."""
    name, _, value = piece.partition("=")
    return unquote_plus(name), unquote_plus(value)


def given_in(text: str) -> dict[str, list[str]]:
    """Read a query; its pieces are kept, since a long `fields` comes again with every page."""
    given: dict[str, list[str]] = {}
    for piece in text.split("&") if text else ():
        name, value = pair(piece)
        given.setdefault(name, []).append(value)
    return given
