"""A simulator as a process of its own."""

import asyncio
import socket
import sys
from dataclasses import dataclass

import orjson
import uvicorn

from .clock import Clock
from .seed import Seed
from .simulator import configuration, make_world
from .switches import Switches

try:
    import uvloop
except ImportError:  # optional: asyncio's own loop serves as well, a little slower
    uvloop = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Announcement:
    """What is written on standard output, as one line of JSON, when requests are accepted."""

    url: str
    token: str


def serve(
    seed: Seed,
    *,
    host: str = "127.0.0.1",
    port: int = 8765,
    clock: Clock | None = None,
    switches: Switches | None = None,
) -> None:
    """Serve until interrupted; without a clock, real time is followed."""
    world = make_world(seed, clock or Clock.real(), switches or Switches())
    listener = socket.create_server((host, port))
    address = f"http://{host}:{listener.getsockname()[1]}"
    server = _Announcing(
        configuration(world, host, port), Announcement(address, min(world.switches.tokens))
    )
    if uvloop is not None:
        uvloop.install()
    asyncio.run(server.serve([listener]))


class _Announcing(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announcement: Announcement) -> None:
        super().__init__(config)
        self._announcement = announcement

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(orjson.dumps(self._announcement).decode() + "\n")
        sys.stdout.flush()
