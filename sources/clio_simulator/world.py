"""What one running simulator is made of, its rate limits, and what one request brings along."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from sources.clio_http.catalog import Catalog, read_catalog

from . import seed_grow, seed_money, seed_people, seed_work
from .applier import Applier
from .changes import Changes
from .faults import Faults, Rule
from .filters import Given
from .grow_records import GrowRenderer
from .oauth import GrowOAuth, SimulatedConnections, TokenIssuer
from .render import Renderer
from .reports import Reports
from .seed import Firm, Seed
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
    faults: tuple[str, ...] = ()
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
    given: Given
    token: str
    collection: str = ""
    is_list: bool = False
    key: int | None = None
    page: int = 0
    rows: int = 0
    rules: tuple[Rule, ...] = ()
    body: bytes = b""
    written: int = 0
    old: Row | None = None

    @property
    def walked(self) -> str:
        """The name of the list that a page token is made for."""
        return self.collection

    @property
    def is_lost(self) -> bool:
        """Whether a fault keeps a write from taking effect."""
        return any(rule.applied is False for rule in self.rules)


RESET = "X-RateLimit-Reset"
"""The header that says when a window ends, in seconds since 1970."""


@dataclass
class RateLimit:
    """So many requests in a fixed window for each token, which is how Manage counts.

    Grow counts those of the whole application, and where it is so switched in a sliding window.
    """

    switches: Switches
    windows: dict[str, tuple[int, int]] = field(default_factory=dict)
    moments: deque[int] = field(default_factory=deque)

    def _used(self, token: str, window: int) -> int:
        """Count one request, and return how many there were in this window."""
        number, used = self.windows.get(token, (window, 0))
        self.windows[token] = (window, used + 1 if number == window else 1)
        return self.windows[token][1]

    def take(self, token: str, now: int) -> tuple[dict[str, str], int]:
        """Count one request to Manage at `now` (milliseconds since 1970).

        Return the headers that stand in every answer, and the seconds to wait, 0 for none.
        """
        limit = self.switches.rate_limit
        length = max(1, round(self.switches.rate_window * 1000))
        used, end = self._used(token, now // length), (now // length + 1) * length
        if not limit:
            return {}, 0
        shown = {"X-RateLimit-Limit": limit, "X-RateLimit-Remaining": max(0, limit - used)}
        headers = {name: str(value) for name, value in {**shown, RESET: -(-end // 1000)}.items()}
        return headers, max(1, -(-(end - now) // 1000)) if used > limit else 0

    def take_grow(self, now: int) -> int:
        """Count one request to Grow at `now`; return the seconds to wait, 0 where it is allowed."""
        limit = self.switches.grow_rate_limit if self.switches.rate_limit else 0
        length = max(1, round(self.switches.grow_rate_window * 1000))
        if not limit:
            return 0
        if not self.switches.grow_rate_sliding:
            left = (now // length + 1) * length - now
            return (
                -(-left // 1000) if self._used("Grow's application", now // length) > limit else 0
            )
        while self.moments and self.moments[0] <= now - length:
            self.moments.popleft()
        if len(self.moments) >= limit:
            return -(-(self.moments[0] + length - now) // 1000)
        self.moments.append(now)
        return 0


def build_firm(catalog: Catalog, seed: Seed) -> Store:
    """Build the firm: people first, then their work, then the money that it makes."""
    store = Store([*catalog.collections, *catalog.singletons])
    firm = Firm(catalog, store, seed.seed)
    seed_people.build(firm, seed)
    seed_work.build(firm, seed)
    seed_money.build(firm, seed)
    return firm.finish()


class Grow:
    """What Clio Grow is made of, beside what it shares with Manage."""

    def __init__(self, store: Store, clock: SimulatedClock, switches: Switches) -> None:
        """Serve the records of a firm's intake."""
        self.store = store
        self.renderer = GrowRenderer(store, switches)
        self.oauth = GrowOAuth(switches, clock)


class World:
    """Everything that one running simulator is made of."""

    def __init__(self, seed: Seed, clock: SimulatedClock, switches: Switches) -> None:
        """Build a firm and everything that serves it."""
        self.clock, self.switches = clock, switches
        self.catalog = read_catalog("clio_manage")
        self.store = build_firm(self.catalog, seed)
        self.grow = Grow(seed_grow.build(seed, self.store), clock, switches)
        self.faults = Faults(seed.seed)
        self.renderer = Renderer(self.catalog, self.store, switches)
        applier = Applier(self.renderer, self.grow.store, clock)
        self.changes = Changes(clock, applier)
        self.limit = RateLimit(switches)
        self.oauth = TokenIssuer(switches, clock)
        self.connections = SimulatedConnections(switches, clock)
        self.writer = Writer(self.changes, self.renderer)
        self.later = Later(clock, self.writer)
        self.reports = Reports(self.store, self.changes, switches)
        self.requests: list[LoggedRequest] = []

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
                faults=tuple(type(rule.action).__name__ for rule in asked.rules),
                write=asked.written,
            )
        )
