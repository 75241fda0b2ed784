"""The Maton gateway, another way to Clio Manage: where it is, and what it is asked with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from sources.errors import ConfigurationError, GatewayKeyError

from .hosts import gateway_origin
from .secret import Secret

NAMES = ("maton",)
URL = "https://api.maton.ai"
REGION = "us"
"""The one region that the gateway reaches: it passes requests on to app.clio.com."""

_CLIO = "/clio"
_CONTROLS = {"gateway.maton.ai": "https://ctrl.maton.ai"}
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True)
class Gateway:
    """The gateway as it is configured. `connection` is an id; empty lets the gateway choose."""

    url: str = URL
    key: Secret | None = None
    connection: str = ""

    def __post_init__(self) -> None:
        """Refuse an address that the key must not be sent to, and an id that is none."""
        origin, path = gateway_origin(self.url), urlsplit(self.url).path
        if path.endswith(_CLIO) or (path and not origin.is_loopback):
            message = "sources.clio_manage.gateway_url ends before /clio; leave the path out"
            raise ConfigurationError(message)
        if self.connection:
            checked_id(self.connection)

    @property
    def host(self) -> str:
        """Name the host for a person."""
        return gateway_origin(self.url).host

    @property
    def api(self) -> str:
        """Return the address before which Clio's own paths are put."""
        return f"{self.url}{_CLIO}"

    @property
    def control(self) -> str:
        """Return the address of what keeps the connections; it takes the same key."""
        return _CONTROLS.get(self.host, self.url)

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the header that names the connection, if one is configured."""
        return {"Maton-Connection": self.connection} if self.connection else {}

    def needed_key(self) -> Secret:
        """Return the key.

        Raises:
            GatewayKeyError: none is configured.

        """
        if self.key is None:
            message = "no API key of the Maton gateway is set"
            raise GatewayKeyError(message)
        return self.key


def checked_id(text: str) -> str:
    """Return the id of a connection.

    Raises:
        ConfigurationError: it holds a character that no id has.

    """
    if not _ID.fullmatch(text):
        message = "the id of a connection holds letters, digits, - and _ only"
        raise ConfigurationError(message)
    return text
