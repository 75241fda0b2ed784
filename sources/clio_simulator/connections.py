"""The connections that the Maton gateway keeps: whose Clio it speaks to, and with which token."""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal, TypeAlias
from uuid import UUID

from . import values
from .store import Row
from .switches import Switches
from .values import SimulatedClock

Status: TypeAlias = Literal["ACTIVE", "PENDING", "FAILED"]


@dataclass
class SimulatedConnection:
    """One sign-in to Clio; `token` is empty where it is the one that Manage accepts anyway."""

    id: str
    status: Status
    created: int
    updated: int
    token: str = ""
    app: str = "clio"

    def shown(self, base: str) -> Row:
        """Give the connection as the gateway shows it; `base` is where its pages are."""
        return {
            "connection_id": self.id,
            "status": self.status,
            "creation_time": _moment(self.created),
            "last_updated_time": _moment(self.updated),
            "url": f"{base}/connect/?session_token={self.session}",
            "app": self.app,
            "metadata": {},
        }

    @property
    def session(self) -> str:
        """Give what stands in the address that a person opens to sign in."""
        return blake2b(f"session {self.id}".encode(), digest_size=16).hexdigest()


def _moment(milliseconds: int) -> str:
    return values.fine_stamp(milliseconds).replace("Z", "000Z")


class SimulatedConnections:
    """All connections, the oldest first."""

    def __init__(self, switches: Switches, clock: SimulatedClock) -> None:
        """Begin with one that works."""
        self.switches = switches
        self.clock = clock
        self.known: dict[str, SimulatedConnection] = {}
        self._made = 0
        self.add()

    def add(
        self, token: str = "", status: Status = "ACTIVE", app: str = "clio"
    ) -> SimulatedConnection:
        """Add a connection and give it."""
        self._made += 1
        digest = blake2b(f"connection {self._made}".encode(), digest_size=16).digest()
        now = self.clock.now()
        made = SimulatedConnection(str(UUID(bytes=digest, version=4)), status, now, now, token, app)
        self.known[made.id] = made
        return made

    def of(self, wanted: str | None) -> SimulatedConnection | None:
        """Give the connection that a request to Clio goes by: the one wanted, or the oldest."""
        usable = [c for c in self.known.values() if (c.app, c.status) == ("clio", "ACTIVE")]
        if wanted is None:
            return next(iter(usable), None)
        return next((each for each in usable if each.id == wanted), None)

    def token(self, connection: SimulatedConnection) -> str:
        """Give the token that Clio is asked with."""
        return connection.token or min(self.switches.tokens, default="")

    def signed_in(self, session: str) -> bool:
        """Let a person finish the sign-in of a connection; tell whether there is one."""
        for each in self.known.values():
            if each.session == session:
                each.status, each.updated = "ACTIVE", self.clock.now()
                return True
        return False
