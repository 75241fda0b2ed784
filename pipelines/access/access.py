"""With which token a product is read, and where that token may go."""

from collections.abc import Callable
from dataclasses import dataclass

from pipelines.config import Settings, SourceSettings
from sources.clio_http.clock import Clock
from sources.clio_http.hosts import Gateway
from sources.clio_http.oauth import DIALECTS, Application, OAuth, oauth_base
from sources.clio_http.secret import Secret
from sources.errors import ConfigurationError

from .callback import redirect_uri
from .refresh import Renewal
from .signin import SignInTarget
from .tokens import store_for


@dataclass(frozen=True)
class Access:
    """A token of Clio's, and what gives a newer one where there can be one.

    With a `gateway` it is that one's key instead, and goes there and nowhere else.
    """

    token: Secret
    renew: Callable[[Secret], Secret] | None = None
    gateway: Gateway | None = None


def access(source: str, settings: Settings, base_url: str, clock: Clock) -> Access:
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
    kept = renewal(source, settings, base_url, clock).of_now()
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


def renewal(source: str, settings: Settings, base_url: str, clock: Clock) -> Renewal:
    """Return the sign-in that is kept for a product.

    Raises:
        TokenStoreError: there is no place where it could be kept.

    """
    options = settings.sources[source]
    return Renewal(
        source,
        store_for(source, settings),
        settings.data_dir,
        target(source, options, base_url),
        lambda: OAuth(application(source, options), clock),
        clock,
    )


def target(source: str, options: SourceSettings, base_url: str) -> SignInTarget:
    """Return what a sign-in has to be for."""
    return SignInTarget(options.region, base_url, oauth_url(source, options), options.client_id)


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
