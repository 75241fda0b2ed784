"""The connections that the Maton gateway keeps: each is one sign-in to Clio."""

import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson
import pendulum

from sources.errors import (
    ClioError,
    GatewayConnectionError,
    GatewayKeyError,
    RateLimitedError,
    RequestRefusedError,
    UnavailableError,
    UnreadableAnswerError,
)

from .client import parsed
from .clock import Clock, iso_date
from .exchange import Bounds, Exchange, RawAnswer
from .hosts import LOOPBACK_HOSTS, Gateway, checked_id, host_of
from .secret import quiet_libraries, register_secret
from .statuses import TOO_MANY, is_temporary

APP = "clio"
BOUNDS = Bounds(connect=10.0, read=30.0, total=30.0, body=1_000_000)
_GOOD = range(200, 300)
_KEY_REFUSED = frozenset({401, 403})
_UNKNOWN = 404
_PAGES = "maton.ai"
_JSON = {"Accept": "application/json", "Accept-Encoding": "gzip"}


@dataclass(frozen=True)
class Connection:
    """A sign-in that the gateway keeps. `url` is where a person completes it, empty if unknown."""

    id: str
    status: str
    app: str
    created_at: pendulum.DateTime | None
    updated_at: pendulum.DateTime | None
    url: str = field(default="", repr=False)  # it holds a session


class Connections:
    """Asks the gateway about its connections. Nothing is sent twice."""

    def __init__(self, gateway: Gateway, clock: Clock, stop: threading.Event) -> None:
        """Take the gateway; nothing is sent yet.

        Raises:
            GatewayKeyError: its key is not configured.
        """
        quiet_libraries()
        self._gateway = gateway
        self._key = gateway.needed_key()
        register_secret(self._key)
        self._clock = clock
        self._stop = stop

    def listed(self) -> list[Connection]:
        """Return all connections to Clio, as the gateway orders them.

        Raises:
            ClioError: the gateway refused, or could not be reached.
        """
        rows = self._asked("GET", f"?app={APP}").get("connections")
        if not isinstance(rows, list):
            message = "the gateway answered without a list of connections"
            raise UnreadableAnswerError(message)
        return [each for each in map(self._read, rows) if each.app == APP]

    def one(self, connection_id: str) -> Connection:
        """Return one connection to Clio.

        Raises:
            GatewayConnectionError: there is none with this id.
            ClioError: as `listed`.
        """
        found = self._read(self._asked("GET", f"/{checked_id(connection_id)}").get("connection"))
        if found.app != APP:
            message = f"connection {connection_id} is not one to Clio"
            raise GatewayConnectionError(message)
        return found

    def create(self) -> Connection:
        """Make a connection, which waits until a person opens its `url`.

        Raises:
            ClioError: as `listed`.
        """
        document = self._asked("POST", "", orjson.dumps({"app": APP}).decode())
        # the gateway documents one connection, but not that making one answers with all of it
        row = document.get("connection", document)
        made = self.one(str(row.get("connection_id", "")) if isinstance(row, dict) else "")
        if not self.is_page(made.url):
            message = "the gateway gave no address at which a person can sign in"
            raise UnreadableAnswerError(message)
        return made

    def delete(self, connection_id: str) -> None:
        """Make the gateway forget a connection.

        Raises:
            ClioError: as `one`.
        """
        self._sent("DELETE", f"/{checked_id(connection_id)}")

    def _asked(self, method: str, path: str, body: str | None = None) -> dict[str, Any]:
        document = parsed(self._sent(method, path, body).body)
        if not isinstance(document, dict):
            message = "the gateway answered with something else than a connection"
            raise UnreadableAnswerError(message)
        return document

    def _sent(self, method: str, path: str, body: str | None = None) -> RawAnswer:
        url = f"{self._gateway.control}/connections{path}"
        headers = {**_JSON, "Authorization": f"Bearer {self._key.reveal()}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        with closing(Exchange(BOUNDS, self._clock, self._stop)) as exchange:
            answer = exchange.send(method, url, headers, body=body)
        if answer.status not in _GOOD:
            raise _refusal(answer.status)
        return answer

    def is_page(self, url: str) -> bool:
        """Tell whether an address is the gateway's, so that a person may be sent there."""
        host = host_of(url)
        if self._gateway.host in LOOPBACK_HOSTS:
            return host in LOOPBACK_HOSTS
        its_own = host == _PAGES or host.endswith(f".{_PAGES}")
        return its_own and url.startswith("https://") and urlsplit(url).username is None

    def _read(self, row: object) -> Connection:
        known = row if isinstance(row, dict) else {}
        if not isinstance(known.get("connection_id"), str):
            message = "the gateway answered with a connection that has no id"
            raise UnreadableAnswerError(message)
        return Connection(
            id=known["connection_id"],
            status=_text(known, "status"),
            app=_text(known, "app"),
            created_at=iso_date(known.get("creation_time")),
            updated_at=iso_date(known.get("last_updated_time")),
            url=_text(known, "url"),
        )


def _refusal(status: int) -> ClioError:
    said = f"the Maton gateway answered with {status}"
    if status in _KEY_REFUSED:
        return GatewayKeyError(f"{said}: the API key was not taken")
    if status == _UNKNOWN:
        return GatewayConnectionError(f"{said}: it knows no such connection")
    if status == TOO_MANY:
        return RateLimitedError(f"{said}: too many requests")
    return (UnavailableError if is_temporary(status) else RequestRefusedError)(said)


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
