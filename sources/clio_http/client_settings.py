"""Where a product of Clio is, and how its API is spoken to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sources.errors import ConfigurationError

from .exchange import Bounds
from .hosts import Origin, base_origin, clio_origin, gateway_origin, path_below
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
