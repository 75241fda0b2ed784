"""Clio Grow as a dlt source: one resource for each collection, merged by key."""

from pathlib import Path

import dlt
from dlt.common.typing import TSecretStrValue
from dlt.sources import DltResource

from sources.clio_http.hosts import base_origin
from sources.clio_http.pace import Pace, pace_file
from sources.clio_http.secret import Secret
from sources.errors import ConfigurationError
from sources.resource import SharedClient, changes_resources

from .versions import APIS, catalog_of


@dlt.source(name="clio_grow", section="clio_grow", max_table_nesting=0)
def clio_grow(  # noqa: PLR0913 - each is a setting that dlt injects by its name
    *,
    region: str = "us",
    access_token: TSecretStrValue | None = None,
    base_url: str = "",
    reserve: float = 0.0,
    api_version: str = "v2",
    client_id: str = "",
) -> list[DltResource]:
    """Read what changed in Clio Grow; dlt finds the settings in `[sources.clio_grow]`.

    Args:
        region: us, ca, eu or au.
        access_token: of Clio Grow; never renewed.
        base_url: instead of the region's host, with /grow.
        reserve: the share of the request limit that is left to others, 0 ≤ reserve < 1.
        api_version: v2, or v1 for early access.
        client_id: the application's key, by which its processes share three requests a second;
            without it those do that have the same token.

    Returns:
        One resource for each collection, which yields Arrow tables.

    Raises:
        ConfigurationError: there is no token, or the address is not one of Clio's.
    """
    if api_version not in APIS:
        message = f"unknown sources.clio_grow.api_version; valid are {', '.join(APIS)}"
        raise ConfigurationError(message)
    if not access_token:
        message = "no token: set sources.clio_grow.access_token, as dlt reads it"
        raise ConfigurationError(message)
    api = APIS[api_version]
    address = api.address(region, base_url.rstrip("/"))
    otherwise = Path(dlt.current.run_context().data_dir) / "clio_grow.pace"
    origin = str(base_origin(address))
    pace = Pace(
        api.a_second, file=pace_file("clio_grow", origin, client_id or access_token, otherwise)
    )
    settings = api.settings(address, Secret(access_token), reserve=reserve, pace=pace)
    return changes_resources(catalog_of(api_version), SharedClient(settings))
