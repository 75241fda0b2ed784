"""Clio Manage as a dlt source: one resource for each collection, merged by key."""

import dlt
from dlt.common.typing import TSecretStrValue
from dlt.sources import DltResource

from sources.clio_http.catalog import read_catalog
from sources.clio_http.hosts import GATEWAY_URL, GATEWAYS, Gateway
from sources.clio_http.secret import Secret
from sources.errors import ConfigurationError
from sources.resource import SharedClient, changes_resources

from .api import API


@dlt.source(name="clio_manage", section="clio_manage", max_table_nesting=0)
def clio_manage(  # noqa: PLR0913 - each is a setting that dlt injects by its name
    *,
    region: str = "us",
    access_token: TSecretStrValue | None = None,
    base_url: str = "",
    reserve: float = 0.0,
    gateway: str = "",
    gateway_url: str = GATEWAY_URL,
    maton_api_key: TSecretStrValue | None = None,
    maton_connection: str = "",
) -> list[DltResource]:
    """Read what changed in Clio Manage; dlt finds the settings in `[sources.clio_manage]`.

    Args:
        region: us, ca, eu or au.
        access_token: of Clio; never renewed.
        base_url: instead of the region's host, without /api/v4.
        reserve: the share of the request limit that is left to others, 0 ≤ reserve < 1.
        gateway: "maton" reaches Clio through the Maton gateway, with its key and no token.
        gateway_url: where that is.
        maton_api_key: its key.
        maton_connection: the connection that is meant, where there are several.

    Returns:
        One resource for each collection, which yields Arrow tables.

    Raises:
        ConfigurationError: there is no token, or the address is not one of Clio's.
    """
    if gateway not in {"", *GATEWAYS}:
        message = f"unknown sources.clio_manage.gateway; valid are {', '.join(GATEWAYS)}"
        raise ConfigurationError(message)
    if gateway:
        key = Secret(maton_api_key) if maton_api_key else None
        through = Gateway(gateway_url, key, maton_connection)
        settings = API.settings(through.api, through.needed_key(), reserve=reserve, gateway=through)
    elif access_token:
        address = API.address(region, base_url.rstrip("/"))
        settings = API.settings(address, Secret(access_token), reserve=reserve)
    else:
        message = "no token: set sources.clio_manage.access_token, as dlt reads it"
        raise ConfigurationError(message)
    return changes_resources(read_catalog("clio_manage"), SharedClient(settings))
