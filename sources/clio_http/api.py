"""How one version of a product's API is addressed, and how fast it may be asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sources.errors import ConfigurationError

from .client_settings import ClientSettings
from .gateway import Gateway
from .pace import Pace
from .retry import Policy
from .secret import Secret


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
