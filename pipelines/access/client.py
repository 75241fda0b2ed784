"""How each product's API is addressed, and a client for it. Nothing here needs the engine."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.config import API_VERSIONS, Settings, SourceSettings
from sources.clio_grow import settings as grow
from sources.clio_http.client import ClientSettings, ClioClient, Pace, Policy
from sources.clio_http.clock import Clock
from sources.clio_http.hints import hints_for
from sources.clio_http.hosts import base_origin
from sources.clio_http.pace_file import pace_file
from sources.clio_manage import settings as manage
from sources.errors import ConfigurationError

from .access import Access, access

WHO_AM_I = "users/who_am_i"
"""Where Clio tells whose token it is."""


@dataclass(frozen=True)
class Api:
    """How the API of a product is addressed, and how fast.

    `a_second` is the number of requests that Clio allows; 0 where its answers say it.
    """

    hosts: Mapping[str, str]
    path: str = ""
    suffix: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    a_second: int = 0
    bare: bool = False


def _grow(version: grow.Version) -> Api:
    return Api(
        version.hosts,
        headers=version.headers,
        policy=Policy(waits=grow.BACK_OFF),
        a_second=grow.REQUESTS_A_SECOND,
        bare=version.bare,
    )


APIS = {
    ("clio_manage", ""): Api(
        manage.HOSTS, manage.API_PATH, ".json", {"X-API-VERSION": manage.API_VERSION}
    ),
    **{("clio_grow", name): _grow(version) for name, version in grow.VERSIONS.items()},
}
"""Each product and version."""


def version(source: str, options: SourceSettings) -> str:
    """Name the version of a product's API that is configured."""
    return options.api_version or API_VERSIONS[source][0]


def base_url(source: str, options: SourceSettings) -> str:
    """Give the address of a product's API, without the path that all of its lists begin with.

    It is Clio's own, also where a gateway is configured.

    Raises:
        ConfigurationError: that path is configured with it, or this region has no such API.

    """
    api = APIS[source, version(source, options)]
    if api.path and options.base_url.endswith(api.path):
        message = f"sources.{source}.base_url ends before {api.path}; leave that out"
        raise ConfigurationError(message)
    if not options.base_url and options.region not in api.hosts:
        name = f"{version(source, options)} of {source}"
        message = f"{name} is not offered in the region {options.region}"
        raise ConfigurationError(message)
    return options.base_url or api.hosts[options.region]


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
    made = ClientSettings(
        product=source,
        base_url=address,
        api_path=api.path,
        token=given.token,
        headers={**api.headers, **(gateway.headers if gateway else {})},
        reserve=options.reserve,
        # the gateway documents Clio's paths without it
        suffix="" if gateway else api.suffix,
        policy=api.policy,
        pace=_pace(source, api, address, all_settings, given) if api.a_second else None,
        bare=api.bare,
        gateway=gateway is not None,
    )
    return ClioClient(made, clock, stop=stop, renew=given.renew)


def _pace(source: str, api: Api, address: str, all_settings: Settings, given: Access) -> Pace:
    """Give the pace of an application, which all who send for it share on this machine.

    With a ready token alone nobody knows whose application it is: then that token has its own.
    """
    application = "" if given.gateway else all_settings.sources[source].client_id
    otherwise = all_settings.data_dir / f"{source}.pace"
    origin = str(base_origin(address))
    file = pace_file(source, origin, application or given.token.reveal(), otherwise)
    return Pace(api.a_second, file=file)
