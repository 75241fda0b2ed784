"""How each product's API is addressed, and a client for it. Nothing here needs the engine."""

import threading

from pipelines.config import API_VERSIONS, Settings, SourceSettings
from sources.clio_grow.versions import APIS as GROW
from sources.clio_http.api import Api
from sources.clio_http.client import ClioClient
from sources.clio_http.clock import Clock
from sources.clio_http.hosts import base_origin
from sources.clio_http.pace import Pace, pace_file
from sources.clio_http.statuses import hints_for
from sources.clio_manage.api import API as MANAGE

from .access import Access, access

APIS = {("clio_manage", ""): MANAGE, **{("clio_grow", name): api for name, api in GROW.items()}}
"""Each product and version."""


def version(source: str, options: SourceSettings) -> str:
    """Name the version of a product's API that is configured."""
    return options.api_version or API_VERSIONS[source][0]


def base_url(source: str, options: SourceSettings) -> str:
    """Return the address of a product's API, without the path that all of its lists begin with.

    It is Clio's own, also where a gateway is configured.

    Raises:
        ConfigurationError: that path is configured with it, or this region has no such API.

    """
    return APIS[source, version(source, options)].address(options.region, options.base_url)


def open_client(
    source: str, all_settings: Settings, clock: Clock, stop: threading.Event
) -> ClioClient:
    """Open a client for a product, with the token that is configured or signed in.

    Raises:
        SignInNeededError: there is no token, or none that can be renewed.
        ConfigurationError: the base URL is not one of Clio's hosts.

    """
    options = all_settings.sources[source]
    with hints_for(source):
        given = access(source, all_settings, base_url(source, options), clock)
    return open_client_with(source, all_settings, given, clock, stop)


def open_client_with(
    source: str, all_settings: Settings, given: Access, clock: Clock, stop: threading.Event
) -> ClioClient:
    """Open a client for a product with a token, or with the key of the gateway before it."""
    options, gateway = all_settings.sources[source], given.gateway
    api = APIS[source, version(source, options)]
    address = gateway.api if gateway else base_url(source, options)
    made = api.settings(
        address,
        given.token,
        reserve=options.reserve,
        pace=_pace(source, api, address, all_settings, given) if api.a_second else None,
        gateway=gateway,
    )
    return ClioClient(made, clock, stop=stop, renew=given.renew)


def _pace(source: str, api: Api, address: str, all_settings: Settings, given: Access) -> Pace:
    """Return the pace of an application, which all who send for it share on this machine.

    With a ready token alone nobody knows whose application it is: then that token has its own.
    """
    application = "" if given.gateway else all_settings.sources[source].client_id
    otherwise = all_settings.data_dir / f"{source}.pace"
    origin = str(base_origin(address))
    file = pace_file(source, origin, application or given.token.reveal(), otherwise)
    return Pace(api.a_second, file=file)
