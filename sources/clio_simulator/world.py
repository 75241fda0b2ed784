"""What one running simulator is made of, its rate limits, and what one request brings along."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import Response

from sources.clio_http.catalog import Catalog

from .changes import Changes
from .faults import Action, Faults
from .grow_records import GrowRenderer
from .oauth import GrowOAuth, SimulatedConnections, TokenIssuer
from .render import Renderer
from .reports import Reports
from .store import Row, Store
from .switches import Switches
from .values import SimulatedClock
from .writes import Later, Writer


@dataclass(frozen=True)
class LoggedRequest:
    """One request that arrived, with the answer's status and the faults that were played.

    `write` is the number of the write that this request was, 0 where it only read.
    """

    number: int
    at: int
    method: str
    host: str
    path: str
    query: str
    given: Mapping[str, list[str]]
    headers: Mapping[str, str]
    token: str
    collection: str
    page: int
    status: int
    rows: int
    faults: tuple[str, ...] = field(default=())
    write: int = 0


def fingerprint(token: str) -> str:
    """Return a token's mark, so that the log itself holds no token."""
    return sha256(token.encode()).hexdigest()[:12] if token else ""


@dataclass
class HandledRequest:
    """One request on its way through: what was asked, and what is known of the answer so far.

    `collection` is empty where the path is unknown, `key` the id in it. `written` is the number of
    the write that it was, 0 where none is logged, and `old` the record before it.
    """

    request: Request
    path: str
    given: Mapping[str, list[str]]
    token: str
    collection: str = ""
    is_list: bool = False
    key: int | None = None
    page: int = 0
    rows: int = 0
    actions: tuple[Action, ...] = ()
    body: bytes = b""
    written: int = 0
    old: Row | None = None

    def one(self, name: str) -> str:
        """Return the first value of a parameter, empty where it is not given."""
        return self.given.get(name, [""])[0]


@dataclass
class Grow:
    """What Clio Grow is made of, beside what it shares with Manage."""

    store: Store
    renderer: GrowRenderer
    oauth: GrowOAuth
    limit: "GrowLimit"


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
    limit: "RateLimit"
    oauth: TokenIssuer
    grow: Grow
    connections: SimulatedConnections
    writer: Writer
    later: Later
    reports: Reports
    requests: list[LoggedRequest] = field(default_factory=list)

    def log(self, asked: HandledRequest, arrived: int, response: Response) -> None:
        """Write down what was asked and answered."""
        request = asked.request
        self.requests.append(
            LoggedRequest(
                number=len(self.requests) + 1,
                at=arrived,
                method=request.method,
                host=request.headers.get("host", ""),
                path=request.url.path,
                query=request.url.query,
                given=asked.given,
                headers={n: v for n, v in request.headers.items() if n != "authorization"},
                token=fingerprint(asked.token),
                collection=asked.collection,
                page=asked.page,
                status=response.status_code,
                rows=asked.rows,
                faults=tuple(action.name for action in asked.actions),
                write=asked.written,
            )
        )


@dataclass(frozen=True)
class Allowance:
    """What one request finds of its token's window; `reset` is in seconds since 1970."""

    limit: int
    remaining: int
    reset: int
    wait: int
    exceeded: bool

    @property
    def headers(self) -> dict[str, str]:
        """The headers that stand in every answer."""
        shown = {"Limit": self.limit, "Remaining": self.remaining, "Reset": self.reset}
        return {f"X-RateLimit-{n}": str(v) for n, v in shown.items()} if self.limit else {}


@dataclass
class RateLimit:
    """Manage's limit: so many requests for each token in a fixed window."""

    switches: Switches
    windows: dict[str, tuple[int, int]] = field(default_factory=dict)

    def take(self, token: str, now: int) -> Allowance:
        """Count one request at `now` (milliseconds since 1970)."""
        limit = self.switches.rate_limit
        length = max(1, round(self.switches.rate_window * 1000))
        window = now // length
        number, used = self.windows.get(token, (window, 0))
        used = used + 1 if number == window else 1
        self.windows[token] = (window, used)
        return Allowance(
            limit=limit,
            remaining=max(0, limit - used),
            reset=-(-(window + 1) * length // 1000),
            wait=max(1, -(-((window + 1) * length - now) // 1000)),
            exceeded=bool(limit) and used > limit,
        )


@dataclass
class GrowLimit:
    """Grow's limit: so many requests a second for the application, whoever's token they bring."""

    switches: Switches
    window: int = 0
    used: int = 0
    moments: deque[int] = field(default_factory=deque)

    def take(self, now: int) -> int:
        """Count one request at `now`; return the seconds to wait, 0 where it is allowed."""
        limit = self.switches.grow_rate_limit if self.switches.rate_limit else 0
        length = max(1, round(self.switches.grow_rate_window * 1000))
        if not limit:
            return 0
        count = self._slide if self.switches.grow_rate_sliding else self._step
        return -(-count(now, length, limit) // 1000)

    def _step(self, now: int, length: int, limit: int) -> int:
        """Count in windows that begin at full multiples; return the milliseconds that are left."""
        window = now // length
        self.window, self.used = window, self.used + 1 if window == self.window else 1
        return (window + 1) * length - now if self.used > limit else 0

    def _slide(self, now: int, length: int, limit: int) -> int:
        """Count what was allowed within the last window; return the milliseconds to the next."""
        while self.moments and self.moments[0] <= now - length:
            self.moments.popleft()
        if len(self.moments) >= limit:
            return self.moments[0] + length - now
        self.moments.append(now)
        return 0


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
