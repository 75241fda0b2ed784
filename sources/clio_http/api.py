"""Where a product of Clio is, how each version of its API is spoken to, and how fast.

The Maton gateway is another way to Clio Manage.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sources.errors import ConfigurationError, GatewayKeyError

from .exchange import Bounds
from .hosts import Origin, base_origin, clio_origin, gateway_origin, path_below
from .pace import Pace
from .retry import Policy
from .secret import Secret

GATEWAYS = ("maton",)
GATEWAY_URL = "https://api.maton.ai"
GATEWAY_REGION = "us"
"""The one region that the gateway reaches: it passes requests on to app.clio.com."""

_CLIO = "/clio"
_CONTROLS = {"gateway.maton.ai": "https://ctrl.maton.ai"}
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True)
class Gateway:
    """The gateway as it is configured. `connection` is an id; empty lets the gateway choose."""

    url: str = GATEWAY_URL
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


@dataclass(frozen=True)
class ClientSettings:
    """Where a product is, and how to speak to it.

    `base_url` is an origin and perhaps a path, without a slash at its end. `reserve` is the share
    of the rate limit that is left for the firm's other integrations, 0 ≤ reserve < 1. With a
    `pace` the limit is that, and not what the answers' headers say. `bare` says that one record
    comes without `data` around it, and that a page of a list need not say whether it is the last.
    `gateway` says that the address is the Maton gateway's, and the token its key.
    """

    product: str
    base_url: str
    api_path: str
    token: Secret
    headers: Mapping[str, str] = field(default_factory=dict)
    reserve: float = 0.0
    suffix: str = ".json"
    bounds: Bounds = field(default_factory=Bounds)
    policy: Policy = field(default_factory=Policy)
    pace: Pace | None = None
    bare: bool = False
    gateway: bool = False

    def __post_init__(self) -> None:
        """Refuse a host that the token must not be sent to, and a reserve that leaves nothing."""
        (gateway_origin if self.gateway else clio_origin)(self.base_url)
        if not 0.0 <= self.reserve < 1.0:
            message = "the reserve must be at least 0 and less than 1"
            raise ConfigurationError(message)

    @property
    def origin(self) -> Origin:
        """Return the one origin that the token is for."""
        return base_origin(self.base_url)

    def url(self, path: str) -> str:
        """Return the address of a path such as `activities`."""
        return f"{self.base_url}{self.api_path}/{path}{self.suffix}"

    def path_in(self, location: str) -> str:
        """Return the path of this API that a redirect leads to; empty if it leads anywhere else."""
        if not self.api_path:
            return ""
        return path_below(location, self.base_url, self.api_path, self.suffix)


@dataclass(frozen=True)
class Api:
    """How the API of a product is addressed, and how fast.

    `hosts` maps a region to its base. `a_second` is the number of requests that Clio allows; 0
    where its answers say it. `version` is empty where there is one only.
    """

    product: str
    hosts: Mapping[str, str]
    path: str = ""
    suffix: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    a_second: int = 0
    bare: bool = False
    version: str = ""

    def address(self, region: str, base_url: str = "") -> str:
        """Return the address of the API, without the path that all of its lists begin with.

        Raises:
            ConfigurationError: that path is configured with it, or this region has no such API.
        """
        if self.path and base_url.endswith(self.path):
            message = f"sources.{self.product}.base_url ends before {self.path}; leave that out"
            raise ConfigurationError(message)
        if not base_url and region not in self.hosts:
            name = f"{self.version} of {self.product}" if self.version else self.product
            message = f"{name} is not offered in the region {region}"
            raise ConfigurationError(message)
        return base_url or self.hosts[region]

    def settings(
        self,
        address: str,
        token: Secret,
        *,
        reserve: float = 0.0,
        pace: Pace | None = None,
        gateway: Gateway | None = None,
    ) -> ClientSettings:
        """Return the settings of a client that speaks this API at an address.

        With a `gateway` the address is the gateway's, and the token its key.
        """
        return ClientSettings(
            product=self.product,
            base_url=address,
            api_path=self.path,
            token=token,
            headers={**self.headers, **(gateway.headers if gateway else {})},
            reserve=reserve,
            # the gateway documents Clio's paths without it
            suffix="" if gateway else self.suffix,
            policy=self.policy,
            pace=pace,
            bare=self.bare,
            gateway=gateway is not None,
        )
