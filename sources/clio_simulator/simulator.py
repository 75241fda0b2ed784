"""A simulator inside this process: started, looked into and stopped by a test."""

import asyncio
import socket
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import uvicorn

from sources.clio_http.catalog import read_catalog

from . import control, grow_api, maton, seed_grow
from .app import application
from .applier import Applier
from .changes import Changes
from .connections import SimulatedConnections
from .faults import Faults
from .grow import Grow
from .grow_limits import GrowLimit
from .grow_oauth import GrowOAuth
from .grow_render import GrowRenderer
from .later import Later
from .limits import RateLimit
from .log import LoggedRequest, LoggedWrite
from .merging import References
from .oauth import TokenIssuer
from .render import Renderer
from .reports import Reports
from .routes import Routes
from .seed import Seed, build
from .store import Store
from .switches import Switches
from .values import SimulatedClock
from .wire import ExposingProtocol
from .world import World
from .writes import Writer


def make_grow(store: Store, clock: SimulatedClock, switches: Switches) -> Grow:
    """Build what serves Grow's records."""
    return Grow(
        store=store,
        renderer=GrowRenderer(store, switches),
        oauth=GrowOAuth(switches, clock),
        limit=GrowLimit(switches),
    )


def make_world(seed: Seed, clock: SimulatedClock, switches: Switches) -> World:
    """Build a firm and everything that serves it."""
    catalog = read_catalog("clio_manage")
    store = build(catalog, seed)
    grow = seed_grow.build(seed, store)
    renderer = Renderer(catalog, store, switches)
    references = References(catalog, renderer.compiler.targets)
    changes = Changes(clock, Applier(store, grow, clock, switches, references))
    writer = Writer(catalog, store, changes, renderer)
    return World(
        catalog=catalog,
        store=store,
        switches=switches,
        clock=clock,
        faults=Faults(seed.seed),
        changes=changes,
        renderer=renderer,
        limit=RateLimit(switches),
        routes=Routes(catalog),
        oauth=TokenIssuer(switches, clock),
        grow=make_grow(grow, clock, switches),
        connections=SimulatedConnections(switches, clock),
        writer=writer,
        later=Later(clock, writer),
        reports=Reports(store, changes, switches),
    )


def configuration(world: World, host: str, port: int) -> uvicorn.Config:
    """Set uvicorn up: quiet, our own Date header, and connections that faults can break."""
    beside = [*control.routes(world), *world.oauth.routes(), *world.grow.oauth.routes()]
    beside += world.reports.routes()
    return uvicorn.Config(
        application(world, [*beside, *grow_api.routes(world), *maton.routes(world)]),
        host=host,
        port=port,
        http=ExposingProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="critical",
        date_header=False,
        server_header=False,
        timeout_keep_alive=60,
    )


class Simulator:
    """Run a Clio on a free port of this machine while the context lasts.

    with Simulator(seed=7, scale=1, rate_limit=0) as clio:
        clio.url, clio.token, clio.store, clio.switches, clio.faults, clio.changes, clio.clock
        clio.grow_url, clio.grow_token, clio.grow_store, clio.maton_url, clio.maton_key
    """

    def __init__(
        self,
        seed: int | Seed = 7,
        *,
        scale: float = 1.0,
        clock: SimulatedClock | None = None,
        port: int = 0,
        host: str = "127.0.0.1",
        **switches: Any,  # noqa: ANN401 - the fields of Switches
    ) -> None:
        """Build the firm; further keywords set switches, as `rate_limit=0`."""
        self.seed = seed if isinstance(seed, Seed) else Seed(seed, scale)
        self.world = make_world(self.seed, clock or SimulatedClock(), Switches(**switches))
        self._host, self._port = host, port
        self._server: _AnnouncingServer | None = None
        self._thread: threading.Thread | None = None
        self.url = ""

    def __enter__(self) -> Self:
        """Start serving; returns when requests are accepted."""
        listener = socket.create_server((self._host, self._port))
        self.url = f"http://{self._host}:{listener.getsockname()[1]}"
        started = threading.Event()
        server = _AnnouncingServer(configuration(self.world, self._host, self._port), started)
        run = lambda: asyncio.run(server.serve([listener]))  # noqa: E731
        self._server, self._thread = server, threading.Thread(target=run, daemon=True)
        self._thread.start()
        if not started.wait(30):
            message = "the simulator did not start"
            raise RuntimeError(message)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop serving."""
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join(10)

    @property
    def token(self) -> str:
        """Give an access token that is accepted."""
        return min(self.world.switches.tokens)

    @property
    def headers(self) -> Mapping[str, str]:
        """Give the headers of an authorised request."""
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def grow_url(self) -> str:
        """Give the base of Grow's API, on which its sign-in stands too (`/oauth/token`)."""
        return f"{self.url}/grow"

    @property
    def grow_token(self) -> str:
        """Give an access token that Grow accepts."""
        return min(self.world.switches.grow_tokens)

    @property
    def grow_headers(self) -> Mapping[str, str]:
        """Give the headers of an authorised request to Grow."""
        return {"Authorization": f"Bearer {self.grow_token}"}

    @property
    def grow_store(self) -> Store:
        """Give Grow's records, in tables named like `grow.contacts`."""
        return self.world.grow.store

    @property
    def maton_url(self) -> str:
        """Give the base of the Maton gateway: `/clio/api/v4/` and `/connections` hang on it."""
        return f"{self.url}{maton.BASE}"

    @property
    def maton_key(self) -> str:
        """Give the key that the gateway accepts."""
        return self.world.switches.maton_key

    @property
    def connections(self) -> SimulatedConnections:
        """Give the connections that the gateway keeps."""
        return self.world.connections

    @property
    def store(self) -> Store:
        """Give the records."""
        return self.world.store

    @property
    def switches(self) -> Switches:
        """Give the switches, which may be set at any time."""
        return self.world.switches

    @property
    def clock(self) -> SimulatedClock:
        """Give the simulator's clock."""
        return self.world.clock

    @property
    def faults(self) -> Faults:
        """Give the faults in force."""
        return self.world.faults

    @property
    def changes(self) -> Changes:
        """Give what changes records."""
        return self.world.changes

    @property
    def requests(self) -> list[LoggedRequest]:
        """Give the log of what was asked."""
        return self.world.requests

    @property
    def writes(self) -> list[LoggedWrite]:
        """Give the log of what was written, and of writes that were refused."""
        return self.world.writer.log

    def dump(self, collection: str) -> list[dict[str, Any]]:
        """Give all rows of a collection, whole, as JSON would show them."""
        return control.dump(self.world, collection)


class _AnnouncingServer(uvicorn.Server):
    """Starts and stops at once, where uvicorn looks ten times a second whether it shall."""

    def __init__(self, config: uvicorn.Config, started: threading.Event) -> None:
        super().__init__(config)
        self._announce = started
        self._stopped = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._announce.set()

    async def main_loop(self) -> None:
        """Serve until told to stop."""
        await self._stopped.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what listens and every connection; whoever is still asking is cut off."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()

    def stop(self) -> None:
        """Tell it to stop, from any thread."""
        self._loop.call_soon_threadsafe(self._stopped.set)

    def install_signal_handlers(self) -> None:
        """Leave the process's signals alone."""
