"""Which hosts may be spoken to or stand in a link, and whose certificates are believed.

The Maton gateway is another way to Clio Manage.
"""

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, urlsplit

from sources.errors import BrokenWalkError, ConfigurationError, ForeignHostError, GatewayKeyError

from .secret import Secret

_NAMES = ("app.clio.com", "api.clio.com", "auth.api.clio.com", "grow.clio.com")
PREFIXES = {"us": "", "ca": "ca.", "eu": "eu.", "au": "au."}
"""Region → what stands before the names of its hosts."""
REGIONS = {region: frozenset(f"{at}{name}" for name in _NAMES) for region, at in PREFIXES.items()}
CLIO_HOSTS = frozenset().union(*REGIONS.values())
GATEWAY_HOSTS = frozenset({"api.maton.ai", "gateway.maton.ai"})
API_NAMES = {"clio_manage": ("app.clio.com",), "clio_grow": ("api.clio.com", "grow.clio.com")}
"""Where each product's API is, without the region before it."""
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})
GATEWAYS = ("maton",)
GATEWAY_URL = "https://api.maton.ai"
GATEWAY_REGION = "us"
"""The one region that the gateway reaches: it passes requests on to app.clio.com."""

_CLIO = "/clio"
_CONTROLS = {"gateway.maton.ai": "https://ctrl.maton.ai"}
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")

_PORTS = {"http": 80, "https": 443}
# Parsers disagree on where the host ends in a URL that holds one of these.
_AMBIGUOUS = re.compile(r"[\x00-\x20\x7f\\]")
BY_ENVIRONMENT = "SSL_CERT_FILE"
_OWN: dict[str, Path] = {}


@dataclass(frozen=True)
class Origin:
    """Scheme, host and port: where a key may go."""

    scheme: str
    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Tell whether this is this machine."""
        return self.host in LOOPBACK_HOSTS


def template(path: str) -> str:
    """Return a path fit for a log: `/matters/12/contacts` becomes `/matters/{id}/contacts`."""
    return "/" + re.sub(r"(?<=/)\d+(?=/|$)", "{id}", path.strip("/"))


def region_of(host: str) -> str:
    """Name the region of a host of Clio; empty for any other host."""
    return next((region for region, hosts in REGIONS.items() if host in hosts), "")


def base_origin(base_url: str) -> Origin:
    """Check a configured base URL and give its origin.

    Raises:
        ConfigurationError: if the key must not be sent to this address.
    """
    found = _parsed(base_url)
    if found is None:
        message = "the base URL is not an address that starts with https:// and a host"
        raise ConfigurationError(message)
    parts, origin = found
    if parts.username is not None or parts.query or parts.fragment or base_url.endswith("/"):
        message = f"the base URL for {origin.host} may hold a host and a path, and no / at its end"
        raise ConfigurationError(message)
    if origin.is_loopback:
        return origin
    if origin.host not in CLIO_HOSTS | GATEWAY_HOSTS:
        message = f"{origin.host} is neither a host of Clio nor this machine"
        raise ConfigurationError(message)
    if not _is_public(origin):
        message = f"{origin.host} may only be reached by https on its own port"
        raise ConfigurationError(message)
    return origin


def clio_origin(base_url: str) -> Origin:
    """Check the base URL to which a token of Clio's is sent, and give its origin.

    Raises:
        ConfigurationError: as `base_origin`; or it is the gateway's, which takes no such token.
    """
    origin = base_origin(base_url)
    if origin.host in GATEWAY_HOSTS:
        message = (
            f"{origin.host} is the Maton gateway, to which no token of Clio's is sent; set"
            ' sources.clio_manage.gateway to "maton" instead of the base URL'
        )
        raise ConfigurationError(message)
    return origin


def gateway_origin(base_url: str) -> Origin:
    """Check the base URL to which the gateway's key is sent, and give its origin.

    Raises:
        ConfigurationError: it is neither the gateway's nor this machine.
    """
    host = host_of(base_url)
    if host not in GATEWAY_HOSTS | LOOPBACK_HOSTS:
        valid = ", ".join(f"https://{name}" for name in sorted(GATEWAY_HOSTS))
        message = f"{host or 'the gateway_url'} is not the Maton gateway; valid are {valid}"
        raise ConfigurationError(message)
    return base_origin(base_url)


def webhook_origin(url: str) -> Origin:
    """Check an address to which notifications are sent, and give its origin.

    Raises:
        ConfigurationError: it is neither https nor on this machine, or holds a user and password.
    """
    found = _parsed(url)
    if found is None or found[0].username is not None:
        message = "clio_sync.notify_url is not an address that starts with https:// and a host"
        raise ConfigurationError(message)
    origin = found[1]
    if origin.scheme != "https" and not origin.is_loopback:
        message = f"clio_sync.notify_url may reach {origin.host} only by https"
        raise ConfigurationError(message)
    return origin


def demand_storage(url: str, base: Origin) -> None:
    """Let a file of Clio's be fetched by https, or from this machine where Clio is on it.

    Raises:
        ForeignHostError: the address is another one.
    """
    found = _parsed(url)
    if found is not None and found[0].username is None:
        origin = found[1]
        here = origin.scheme == "http" and origin.is_loopback and base.is_loopback
        if here or (_is_public(origin) and not origin.is_loopback):
            return
    message = "the file of the report is at an address that nothing is fetched from"
    raise ForeignHostError(message)


def next_token(link: str, path: str, base: Origin, moved: str = "") -> str:
    """Take the page token out of a link to the next page; nothing else of it is ever used.

    The list is at `path`, or since Clio pointed there at `moved`.

    Raises:
        ForeignHostError: if the link points anywhere but to this Clio.
        BrokenWalkError: if the link holds no single token, or is for another collection.
    """
    found = _parsed(link)
    if found is None or found[0].username is not None or not _same_clio(found[1], base):
        host = host_of(link) or "no usable host"
        message = f"the link to the next page of {template(path)} points to {host}"
        raise ForeignHostError(message)
    parts = found[0]
    own = tuple("/" + one.strip("/") for one in (path, moved) if one)
    if not parts.path.removesuffix(".json").endswith(own):
        message = f"the link to the next page of {template(path)} is for another collection"
        raise BrokenWalkError(message)
    tokens = {value for name, value in parse_qsl(parts.query) if name == "page_token"}
    if len(tokens) != 1:
        message = f"the link to the next page of {template(path)} does not hold one page token"
        raise BrokenWalkError(message)
    return tokens.pop()


def path_below(location: str, base_url: str, api_path: str, suffix: str) -> str:
    """Return the path of the same API that a redirect leads to, as it is asked for.

    Empty if it leads to any other origin or place, or is not written plainly.
    """
    parts = _split(location)
    if parts is None or parts.username is not None:
        return ""
    if (parts.scheme or parts.netloc) and _origin(parts) != base_origin(base_url):
        return ""
    root = urlsplit(base_url).path + api_path + "/"
    path = parts.path.removeprefix(root).removesuffix(suffix or ".json")
    plain = parts.path.startswith(root) and re.fullmatch(r"\w+(?:/\w+)*", path, re.ASCII)
    return path if plain else ""


def host_of(url: str) -> str:
    """Return the host of a URL for a message; empty if it has none."""
    found = _parsed(url)
    return found[1].host[:100] if found else ""


def _parsed(url: str) -> tuple[SplitResult, Origin] | None:
    """Take a URL apart; None if it is no whole address that all parsers read alike."""
    parts = _split(url)
    origin = _origin(parts) if parts else None
    return (parts, origin) if parts and origin else None


def _split(url: str) -> SplitResult | None:
    try:
        return None if _AMBIGUOUS.search(url) else urlsplit(url)
    except ValueError:
        return None


def _origin(parts: SplitResult) -> Origin | None:
    try:
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return Origin(parts.scheme, parts.hostname, port or _PORTS[parts.scheme])


def _is_public(origin: Origin) -> bool:
    return (origin.scheme, origin.port) == ("https", _PORTS["https"])


def _same_clio(origin: Origin, base: Origin) -> bool:
    if origin == base:
        return True
    if origin.is_loopback and base.is_loopback:
        return (origin.scheme, origin.port) == (base.scheme, base.port)
    if not _is_public(origin):
        return False
    # Clio's regions share nothing: a link to another one is as foreign as any other host. But a
    # gateway or a local server passes on links of whichever region stands behind it.
    region = next((hosts for hosts in REGIONS.values() if base.host in hosts), CLIO_HOSTS)
    return origin.host in region


def believe(file: Path | None, setting: str) -> None:
    """Believe the authorities in a file, too, in this process; None takes that back.

    Raises:
        ConfigurationError: it is not there, or holds no certificates.
    """
    _OWN.pop(setting, None)
    if file is not None:
        _certificates(((setting, file),))
        _OWN[setting] = file


def certificates() -> ssl.SSLContext:
    """Return what every connection checks a server's certificate with.

    Raises:
        ConfigurationError: the file that `SSL_CERT_FILE` names cannot be used.
    """
    named = dict(_OWN)
    if given := os.environ.get(BY_ENVIRONMENT):
        named[BY_ENVIRONMENT] = Path(given)
    return _certificates(tuple(sorted(named.items())))


@cache
def _certificates(files: tuple[tuple[str, Path], ...]) -> ssl.SSLContext:
    """Read certificates, once for all clients of the process."""
    import httpx  # noqa: PLC0415 - settings name hosts and files, and need no HTTP

    context = httpx.create_ssl_context(trust_env=False)
    # SSLKEYLOGFILE would let whoever set it read what is sent, tokens and all
    context.keylog_filename = None  # type: ignore[assignment]
    for setting, file in files:
        try:
            context.load_verify_locations(cafile=file)
        except (OSError, ssl.SSLError):
            message = f"{setting} names a file that cannot be read as certificates in PEM form"
            raise ConfigurationError(message) from None
    return context


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
