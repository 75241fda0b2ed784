"""A simulator inside this process, which a test starts and stops, or as a process of its own."""

import asyncio
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from . import control, grow
from .answers import ExposingProtocol
from .api import METHODS
from .manage import ManageApi
from .seed import Seed
from .switches import Switches
from .values import SimulatedClock
from .world import World

try:
    import uvloop
except ImportError:  # optional: asyncio's own loop serves as well, a little slower
    uvloop = None  # type: ignore[assignment]


def configuration(world: World, host: str, port: int) -> uvicorn.Config:
    """Set uvicorn up: quiet, our own Date header, and connections that faults can break."""
    beside = [*control.routes(world), *world.oauth.routes(), *world.grow.oauth.routes()]
    beside += [*world.reports.routes(), *grow.routes(world), *control.maton_routes(world)]
    everything = Route("/{path:path}", ManageApi(world).__call__, methods=METHODS)
    return uvicorn.Config(
        Starlette(routes=[*beside, everything]),
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

    Tables of `grow_store` are named like `grow.contacts`. `requests` is what was asked, `writes`
    what was written, and writes that were refused.
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
        self.world = World(self.seed, clock or SimulatedClock(), Switches(**switches))
        self.store, self.grow_store = self.world.store, self.world.grow.store
        self.switches, self.clock = self.world.switches, self.world.clock
        self.faults, self.changes = self.world.faults, self.world.changes
        self.requests, self.writes = self.world.requests, self.world.writer.log
        self.connections = self.world.connections
        self._host, self._port = host, port
        self._server: _StoppedServer | None = None
        self._thread: threading.Thread | None = None
        self.url = self.grow_url = self.maton_url = ""

    def __enter__(self) -> Self:
        """Start serving; returns when requests are accepted."""
        listener = socket.create_server((self._host, self._port))
        self.url = f"http://{self._host}:{listener.getsockname()[1]}"
        self.grow_url, self.maton_url = f"{self.url}/grow", f"{self.url}{control.MATON}"
        started = threading.Event()
        server = _StoppedServer(configuration(self.world, self._host, self._port), started.set)
        run = lambda: asyncio.run(server.serve([listener]))  # noqa: E731 - what the thread runs
        self._server, self._thread = server, threading.Thread(target=run, daemon=True)
        self._thread.start()
        if not started.wait(30):
            message = "the simulator did not start"
            raise RuntimeError(message)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        if self._server is not None and self._thread is not None:
            self._server.stop()
            self._thread.join(10)

    @property
    def token(self) -> str:
        """An access token that is accepted."""
        return min(self.switches.tokens)

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of an authorised request."""
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def grow_token(self) -> str:
        """An access token that Grow accepts."""
        return min(self.switches.grow_tokens)

    @property
    def grow_headers(self) -> Mapping[str, str]:
        """The headers of an authorised request to Grow."""
        return {"Authorization": f"Bearer {self.grow_token}"}

    @property
    def maton_key(self) -> str:
        """The key that the gateway accepts."""
        return self.switches.maton_key

    def dump(self, collection: str) -> list[dict[str, Any]]:
        """Return all rows of a collection, whole, as JSON would show them."""
        return control.dump(self.world, collection)


class _AnnouncingServer(uvicorn.Server):
    """Says when it serves, and is ended by a signal from then on."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()


class _StoppedServer(_AnnouncingServer):
    """Starts and stops at once, where uvicorn looks ten times a second whether it shall."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config, announce)
        self._stopped = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

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


@dataclass(frozen=True)
class Announcement:
    """What is written on standard output, as one line of JSON, when requests are accepted."""

    url: str
    token: str
    grow_url: str
    grow_token: str

    @property
    def settings(self) -> Mapping[str, str]:
        """The environment in which clio-sync reads from here."""
        return {
            "SOURCES__CLIO_MANAGE__BASE_URL": self.url,
            "SOURCES__CLIO_MANAGE__ACCESS_TOKEN": self.token,
            "SOURCES__CLIO_GROW__BASE_URL": self.grow_url,
            "SOURCES__CLIO_GROW__ACCESS_TOKEN": self.grow_token,
        }


def serve(  # noqa: PLR0913 - each is chosen by whoever starts it
    seed: Seed,
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    clock: SimulatedClock | None = None,
    switches: Switches | None = None,
    says: Callable[[Announcement], None] = lambda _: None,
) -> None:
    """Serve until interrupted; without a clock, real time is followed.

    `says` tells a person what a program reads on standard output.
    """
    world = World(seed, clock or SimulatedClock.real(), switches or Switches())
    listener = socket.create_server((host, port))
    address = f"http://{host}:{listener.getsockname()[1]}"
    tokens, grow_tokens = world.switches.tokens, world.switches.grow_tokens
    announcement = Announcement(address, min(tokens), f"{address}/grow", min(grow_tokens))

    def announce() -> None:
        says(announcement)
        sys.stdout.write(orjson.dumps(announcement).decode() + "\n")
        sys.stdout.flush()

    if uvloop is not None:
        uvloop.install()
    asyncio.run(_AnnouncingServer(configuration(world, host, port), announce).serve([listener]))
