"""A simulator as a process of its own."""

import asyncio
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson
import uvicorn

from .seed import Seed
from .simulator import configuration, make_world
from .switches import Switches
from .values import SimulatedClock

try:
    import uvloop
except ImportError:  # optional: asyncio's own loop serves as well, a little slower
    uvloop = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Announcement:
    """What is written on standard output, as one line of JSON, when requests are accepted."""

    url: str
    token: str
    grow_url: str
    grow_token: str

    @property
    def settings(self) -> Mapping[str, str]:
        """Give the environment in which clio-sync reads from here."""
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
    world = make_world(seed, clock or SimulatedClock.real(), switches or Switches())
    listener = socket.create_server((host, port))
    address = f"http://{host}:{listener.getsockname()[1]}"
    tokens, grow_tokens = world.switches.tokens, world.switches.grow_tokens
    announcement = Announcement(address, min(tokens), f"{address}/grow", min(grow_tokens))
    server = _Announcing(configuration(world, host, port), announcement, says)
    if uvloop is not None:
        uvloop.install()
    asyncio.run(server.serve([listener]))


class _Announcing(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        announcement: Announcement,
        says: Callable[[Announcement], None],
    ) -> None:
        super().__init__(config)
        self._announcement = announcement
        self._says = says

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._says(self._announcement)
        sys.stdout.write(orjson.dumps(self._announcement).decode() + "\n")
        sys.stdout.flush()
