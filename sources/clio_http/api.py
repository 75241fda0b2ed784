"""Where a product of Clio is, how each version of its API is spoken to, and how fast."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sources.errors import ConfigurationError

from .exchange import Bounds
from .hosts import Gateway, Origin, base_origin, clio_origin, gateway_origin, path_below
from .pace import Pace
from .retry import Policy
from .secret import Secret


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
