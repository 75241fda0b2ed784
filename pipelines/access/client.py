"""With which token each product's API is read, where that token may go, and a client for it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.config import API_VERSIONS, Settings, SourceSettings
from sources.clio_grow.versions import APIS as GROW
from sources.clio_http.api import Api
from sources.clio_http.client import ClioClient
from sources.clio_http.clock import Clock
from sources.clio_http.hosts import Gateway, base_origin
from sources.clio_http.oauth import DIALECTS, Application, OAuth, oauth_base
from sources.clio_http.pace import Pace, pace_file
from sources.clio_http.secret import Secret
from sources.clio_http.statuses import hints_for
from sources.clio_manage.api import API as MANAGE
from sources.errors import ConfigurationError

from .callback import redirect_uri
from .refresh import Renewal
from .signin import SignInTarget
from .tokens import store_for

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


@dataclass(frozen=True)
class Access:
    """A token of Clio's, and what gives a newer one where there can be one.

    With a `gateway` it is that one's key instead, and goes there and nowhere else.
    """

    token: Secret
    renew: Callable[[Secret], Secret] | None = None
    gateway: Gateway | None = None


def access(source: str, settings: Settings, clock: Clock) -> Access:
    """Return the token of the environment or of a settings file, or else that of the sign-in.

    Where a gateway is configured, its key is given, and no token of Clio's is looked for.

    Raises:
        GatewayKeyError: the gateway's key is not configured.
        SignInNeededError: there is none.
        ClioError: it cannot be read, or ends and cannot be renewed.

    """
    options = settings.sources[source]
    if options.gateway is not None:
        return Access(options.gateway.needed_key(), gateway=options.gateway)
    if options.access_token is not None:
        return Access(options.access_token)
    kept = renewal(source, settings, clock).of_now()
    return Access(kept.current(), kept.newer)


def is_set_up(source: str, settings: Settings) -> bool:
    """Tell whether a product has a token, a gateway, or a sign-in that is kept.

    Without the application's key no sign-in can be for it, and the keyring is left alone.

    Raises:
        TokenStoreError: what is kept cannot be read.

    """
    options = settings.sources[source]
    if options.access_token is not None or options.gateway is not None:
        return True
    return bool(options.client_id) and store_for(source, settings).read() is not None


def renewal(source: str, settings: Settings, clock: Clock) -> Renewal:
    """Return the sign-in that is kept for a product.

    Raises:
        TokenStoreError: there is no place where it could be kept.

    """
    options = settings.sources[source]
    return Renewal(
        source,
        store_for(source, settings),
        settings.data_dir,
        target(source, options),
        lambda: OAuth(application(source, options), clock),
        clock,
    )


def target(source: str, options: SourceSettings) -> SignInTarget:
    """Return what a sign-in has to be for."""
    return SignInTarget(
        options.region, base_url(source, options), oauth_url(source, options), options.client_id
    )


def oauth_url(source: str, options: SourceSettings) -> str:
    """Return where one signs in: as configured, or as the region says.

    Manage's sign-in is where its API is.

    Raises:
        ConfigurationError: it is neither one of Clio's hosts nor this machine.

    """
    dialect = DIALECTS[source]
    beside = options.base_url if dialect.beside_api else ""
    return oauth_base(options.oauth_url or beside or dialect.hosts[options.region])


def application(source: str, options: SourceSettings, port: int | None = None) -> Application:
    """Return the application as it is registered with Clio.

    Raises:
        ConfigurationError: its key or its secret is not configured.

    """
    named = {"client_id": options.client_id, "client_secret": options.client_secret}
    missing = [f"sources.{source}.{name}" for name, value in named.items() if not value]
    if missing or options.client_secret is None:
        message = f"{' and '.join(missing)} must be set: the key and secret of your application"
        raise ConfigurationError(message)
    return Application(
        product=source,
        oauth_url=oauth_url(source, options),
        client_id=options.client_id,
        client_secret=options.client_secret,
        redirect_uri=redirect_uri(port or options.redirect_port),
        scopes=options.scopes or DIALECTS[source].scopes,
    )


def open_client(
    source: str, all_settings: Settings, clock: Clock, stop: threading.Event
) -> ClioClient:
    """Open a client for a product, with the token that is configured or signed in.

    Raises:
        SignInNeededError: there is no token, or none that can be renewed.
        ConfigurationError: the base URL is not one of Clio's hosts.

    """
    with hints_for(source):
        given = access(source, all_settings, clock)
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
