"""Every request that reaches a server of the tests, searched for keys that are another host's.

The servers are the simulators and loopback servers of this process, and what is searched is what
arrived: address, headers and body, before the server has made anything of it. A secret is known by
its owner: a simulator's by its switches and by what its sign-ins gave out, a loopback server's by
the settings of a client that were made for it. What is found names the hosts and the test, and no
secret.
"""

import base64
import binascii
import os
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import unquote_plus

import uvicorn

from sources.clio_simulator import server as simulator
from sources.clio_simulator.world import World

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

MANAGE, GROW, GATEWAY = "Clio Manage", "Clio Grow", "the Maton gateway"
SIDES = (("/api/", MANAGE), ("/oauth/", MANAGE), ("/grow/", GROW), ("/maton/", GATEWAY))
LEAST = 12
"""A shorter secret is looked for as the bearer's token only: it may be an ordinary word."""

_LONG = re.compile(rf"[\w.~-]{{{LEAST},}}", re.ASCII)
_SCHEME = re.compile(r"\b(bearer|basic)\s+(\S+)", re.IGNORECASE)


class Strays:
    """Knows who owns which secret, and finds those that arrive elsewhere."""

    def __init__(self) -> None:
        """Begin with no secret."""
        self.searched = 0
        self.found: list[str] = []
        self._owners: dict[str, set[str]] = {}

    def own(self, side: str, secrets: Iterable[str]) -> None:
        """Note that a host may be sent some secrets."""
        for secret in secrets:
            if secret:
                self._owners.setdefault(secret, set()).add(side)

    def disown(self, side: str) -> None:
        """Forget a host: what it might be sent, no other may."""
        for sides in self._owners.values():
            sides.discard(side)

    def search(self, side: str, where: str, text: str) -> None:
        """Look through what arrived at a host."""
        self.searched += 1
        for word in words(text) & self._owners.keys():
            owners = self._owners[word]
            if side not in owners:
                whose = " and ".join(sorted(owners)) or "a server that is gone"
                test = os.environ.get("PYTEST_CURRENT_TEST", "")
                self.found.append(f"{side} was sent a secret of {whose}: {where} in {test}")

    def check(self) -> None:
        """Fail if anything was found."""
        assert not self.found, "\n".join(["keys went to another host than their own:", *self.found])

    @contextmanager
    def aside(self) -> Iterator[list[str]]:
        """Collect what is found meanwhile apart: for tests that play a client which errs."""
        kept, self.found = self.found, []
        try:
            yield self.found
        finally:
            self.found = kept


STRAYS = Strays()
"""Of this process: with several workers each has its own, and fails for itself."""


def words(text: str) -> set[str]:
    """Return everything in a request that may be a secret."""
    long = set(_LONG.findall(unquote_plus(text)))
    for scheme, given in _SCHEME.findall(text):
        long.add(given)
        if scheme.lower() == "basic":
            try:
                decoded = base64.b64decode(given, validate=True).decode("utf-8", "replace")
            except binascii.Error:
                continue
            long |= {unquote_plus(part) for part in decoded.split(":")}
    return long


def secrets_of(world: World) -> dict[str, set[str]]:
    """Return the secrets of a simulated firm by the host that they are for."""
    switches = world.switches
    return {
        MANAGE: {
            *switches.tokens,
            *switches.other_tokens,  # of both products
            *switches.refresh_tokens,
            *world.oauth.made,
            switches.client_secret,
        },
        GROW: {
            *switches.grow_tokens,
            *switches.other_tokens,
            *switches.grow_refresh_tokens,
            *world.grow.oauth.made,
            switches.grow_client_secret,
        },
        GATEWAY: {switches.maton_key},
    }


class Watched:
    """A simulator's application, of which everything that arrives is searched."""

    def __init__(self, app: App, world: World, strays: Strays) -> None:
        """Take the application and whose secrets it knows."""
        self.app = app
        self.world = world
        self.strays = strays

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, and search it."""
        side = next((name for start, name in SIDES if scope["path"].startswith(start)), "")
        if not side:
            await self.app(scope, receive, send)
            return
        arrived, body = await _whole(receive)
        for owner, secrets in secrets_of(self.world).items():
            self.strays.own(owner, secrets)
        headers = [b": ".join(pair) for pair in scope["headers"]]
        parts = [scope["path"].encode(), scope["query_string"], *headers, body]
        text = b"\n".join(parts).decode("utf-8", "replace")
        self.strays.search(side, f"{scope['method']} {scope['path']}", text)

        async def again() -> Message:
            return arrived.pop(0) if arrived else await receive()

        await self.app(scope, again, send)


async def _whole(receive: Receive) -> tuple[list[Message], bytes]:
    """Read a request to its end, and give what came for whoever reads it next."""
    arrived = [await receive()]
    while arrived[-1].get("more_body"):
        arrived.append(await receive())
    return arrived, b"".join(message.get("body", b"") for message in arrived)


def watch_simulators(strays: Strays) -> Callable[[], None]:
    """Search everything that arrives at simulators from now on; gives what ends it."""
    plain = simulator.configuration

    def watched(world: World, host: str, port: int) -> uvicorn.Config:
        made = plain(world, host, port)
        made.app = Watched(cast("App", made.app), world, strays)
        return made

    def end() -> None:
        simulator.configuration = plain

    simulator.configuration = watched
    return end
