"""Settings, read as dlt reads them: environment, then secrets.toml, then config.toml."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sources.clio_http.hosts import (
    API_NAMES,
    GATEWAY_HOSTS,
    GATEWAY_REGION,
    GATEWAY_URL,
    GATEWAYS,
    PREFIXES,
    Gateway,
    believe,
    host_of,
    region_of,
    webhook_origin,
)
from sources.clio_http.secret import Secret
from sources.errors import ConfigurationError

from .files import WORD, FoundSettings, demand_loopback_meant, login, read_files

PRODUCTS = ("clio_manage", "clio_grow")
REGIONS = ("us", "ca", "eu", "au")
API_VERSIONS = {"clio_manage": ("",), "clio_grow": ("v2", "v1")}
"""The versions of each product's API that can be chosen, the default first."""
ROLLING_SLICE = 200
IN_KEYRING, IN_FILES = TOKEN_STORES = ("keyring", "file")
GENERIC, SLACK = NOTIFY_SHAPES = ("generic", "slack")
APPROVAL_LEVELS = OFF, ASSERTED, SESSION, SIGNED = "off", "asserted", "session", "signed"
"""What an approval may have to be, from what proves least to what proves most."""
REDIRECT_PORT = 8974
UTC = "UTC"
_PORTS = range(1, 65_536)

KEY_OF_THE_GATEWAY = "MATON_API_KEY"
"""The environment variable by which the gateway's own documents name its key."""

FOR_TESTS = frozenset({"clio_sync.crash_at"})

OURS = ("clio_sync.", "sources.clio_")

_NOT_WITH_A_GATEWAY = {
    "base_url": "the gateway's address is its gateway_url",
    "access_token": "a token of Clio's is never sent to the gateway, which takes its own key",
}


@dataclass(frozen=True)
class SourceSettings:
    """The settings of one product.

    `exclude_columns` and `hash_columns` are written `matters.description`; `on` and `off` name
    collections that are loaded, or not, against the default. `client_id` to `scopes` are for
    signing in; no scopes means the usual ones. `rolling_slice` is how many parents whose lists
    need not be read again a load reads all the same. With a `gateway` the product is reached
    through it, with its key and without a token of Clio's.
    """

    region: str = "us"
    base_url: str = ""
    access_token: Secret | None = None
    reserve: float = 0.0
    exclude_columns: tuple[str, ...] = ()
    hash_columns: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    client_id: str = ""
    client_secret: Secret | None = None
    oauth_url: str = ""
    redirect_port: int = REDIRECT_PORT
    scopes: tuple[str, ...] = ()
    api_version: str = ""
    rolling_slice: int = ROLLING_SLICE
    gateway: Gateway | None = None


@dataclass(frozen=True)
class Settings:
    """All settings of one run.

    `writable` narrows what edits may change to some collections or fields of them, such as
    `matters.status`; None leaves it as the code has it. `time_zone` is the one in which the firm's
    business dates are reckoned. `notify_url` is told when a run needs somebody's attention.
    `published_custom_fields` are the ids of the custom fields that are published, or "all". With
    `publish_partial` figures are published empty where what they need is never read. `ca_file`
    holds certificates of the firm's own authority, believed beside the public ones. `approval` may
    raise what approvals have to be; neither it nor `four_eyes` lowers that. `witness` is told the
    head of the ledger.
    """

    data_dir: Path
    actor: str
    sources: Mapping[str, SourceSettings] = field(default_factory=dict)
    token_store: str = IN_KEYRING
    time_zone: str = UTC
    writable: tuple[str, ...] | None = None
    four_eyes: bool = True
    approval: str = ""
    witness: str = ""
    notify_url: Secret | None = None
    notify_shape: str = GENERIC
    published_custom_fields: tuple[str, ...] = ()
    publish_partial: bool = False
    ca_file: Path | None = None


KNOWN = {
    *(f"clio_sync.{one.name}" for one in fields(Settings) if one.name != "sources"),
    *(
        f"sources.{product}.{name}"
        for product in PRODUCTS
        for name in (WORD, *(one.name for one in fields(SourceSettings)))
        if name not in {"api_version", "gateway"}
    ),
    "sources.clio_grow.api_version",
    "sources.clio_manage.gateway",
    "sources.clio_manage.gateway_url",
    "sources.clio_manage.maton_api_key",
    "sources.clio_manage.maton_connection",
}
"""Every setting that is ours, by its dotted name."""


def _environment(environ: Mapping[str, str]) -> dict[str, Any]:
    names = {name.lower().replace("__", "."): value for name, value in environ.items()}
    if environ.get(KEY_OF_THE_GATEWAY):
        names.setdefault("sources.clio_manage.maton_api_key", environ[KEY_OF_THE_GATEWAY])
    return {name: value for name, value in names.items() if name.startswith(OURS)}


def _check_names(found: Mapping[str, Any]) -> None:
    unknown = sorted(
        name for name in found if name.startswith(OURS) and name not in KNOWN | FOR_TESTS
    )
    if unknown:
        section = unknown[0].rpartition(".")[0]
        valid = ", ".join(sorted(name for name in KNOWN if name.startswith(section + ".")) or KNOWN)
        message = f"unknown setting {unknown[0]}; valid are {valid}"
        raise ConfigurationError(message)


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = [part for part in value.strip("[]").replace('"', "").split(",") if part.strip()]
    if not isinstance(value, list):
        message = "a list of names was expected"
        raise ConfigurationError(message)
    return tuple(str(part).strip() for part in value)


def _source(given: FoundSettings, product: str) -> SourceSettings:
    found = given.section(f"sources.{product}")
    base_url = str(found.get("base_url", "")).rstrip("/")
    usual = region_of(host_of(base_url)) or REGIONS[0]
    region = _chosen(found.get("region", usual), f"region for {product}", REGIONS)
    _check_place(product, region, base_url)
    _flag(found.get(WORD, False), f"sources.{product}.{WORD}")
    demand_loopback_meant(given, product)
    try:
        reserve = float(found.get("reserve", 0))
    except ValueError:
        message = f"sources.{product}.reserve is not a number"
        raise ConfigurationError(message) from None
    versions = API_VERSIONS[product]
    return SourceSettings(
        region=region,
        base_url=base_url,
        access_token=_secret(found.get("access_token", ""), f"sources.{product}.access_token"),
        reserve=reserve,
        exclude_columns=_names(found.get("exclude_columns", [])),
        hash_columns=_names(found.get("hash_columns", [])),
        on=_names(found.get("on", [])),
        off=_names(found.get("off", [])),
        client_id=str(found.get("client_id", "")).strip(),
        client_secret=_secret(found.get("client_secret", ""), f"sources.{product}.client_secret"),
        oauth_url=str(found.get("oauth_url", "")).rstrip("/"),
        redirect_port=_port(found.get("redirect_port", REDIRECT_PORT), product),
        scopes=_names(found.get("scopes", [])),
        api_version=_chosen(
            found.get("api_version", versions[0]), f"api_version for {product}", versions
        ),
        rolling_slice=_count(found.get("rolling_slice", ROLLING_SLICE), product),
        gateway=_gateway(found, f"sources.{product}."),
    )


def _check_place(product: str, region: str, base_url: str) -> None:
    """Refuse a host of Clio's that is another product's or in another region: a token stays home.

    Any other host is judged where the token would be sent.
    """
    host = host_of(base_url)
    valid = [PREFIXES[region] + name for name in API_NAMES[product]]
    if region_of(host) and host not in valid:
        message = (
            f"{host}, the host of sources.{product}.base_url, is not one of {product} in the region"
            f" {region}; valid are {', '.join(valid)}"
        )
        raise ConfigurationError(message)


def _gateway(found: Mapping[str, Any], section: str) -> Gateway | None:
    """Read through which gateway a product is reached, and refuse what it cannot be used with."""
    if host_of(str(found.get("base_url") or "")) in GATEWAY_HOSTS:
        message = f'{section}base_url is the Maton gateway; set {section}gateway to "maton" instead'
        raise ConfigurationError(message)
    if not found.get("gateway"):
        return None
    _chosen(found["gateway"], f"{section}gateway", GATEWAYS)
    for name, why in _NOT_WITH_A_GATEWAY.items():
        if found.get(name):
            message = f"{section}{name} and {section}gateway cannot both be set: {why}"
            raise ConfigurationError(message)
    if (found.get("region") or GATEWAY_REGION) != GATEWAY_REGION:
        message = f"the gateway reaches the region {GATEWAY_REGION} only: leave out {section}region"
        raise ConfigurationError(message)
    key = _secret(found.get("maton_api_key") or "", f"{section}maton_api_key")
    connection = str(found.get("maton_connection") or "").strip()
    url = str(found.get("gateway_url") or GATEWAY_URL).rstrip("/")
    return Gateway(url, key, connection)


def _chosen(value: object, name: str, valid: Sequence[str]) -> str:
    if value not in valid:
        message = f"unknown {name}; valid are {', '.join(valid)}"
        raise ConfigurationError(message)
    return str(value)


def _count(value: object, product: str) -> int:
    if not str(value).isdecimal():
        message = (
            f"sources.{product}.rolling_slice is not a number of lists, such as {ROLLING_SLICE}"
        )
        raise ConfigurationError(message)
    return int(str(value))


def _secret(value: object, name: str) -> Secret | None:
    text = str(value).strip()
    if not all("!" <= char <= "~" for char in text):
        message = f"{name} holds a character that no token has"
        raise ConfigurationError(message)
    return Secret(text) if text else None


def _port(value: object, product: str) -> int:
    text = str(value)
    if not text.isdecimal() or int(text) not in _PORTS:
        message = f"sources.{product}.redirect_port is not a port, such as {REDIRECT_PORT}"
        raise ConfigurationError(message)
    return int(text)


def _flag(value: object, name: str) -> bool:
    words = {"true": True, "false": False}
    if str(value).casefold() not in words:
        message = f"{name} is neither true nor false"
        raise ConfigurationError(message)
    return words[str(value).casefold()]


def _time_zone(value: object) -> str:
    try:
        return ZoneInfo(str(value)).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = "clio_sync.time_zone is not the name of a time zone, such as America/New_York"
        raise ConfigurationError(message) from None


def _notify_url(value: object) -> Secret | None:
    address = _secret(value, "clio_sync.notify_url")
    if address is not None:
        webhook_origin(address.reveal())
    return address


def _ca_file(name: str) -> Path | None:
    file = Path(name).expanduser() if name else None
    believe(file, "clio_sync.ca_file")
    return file


def read_settings(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """Read the settings of this process.

    Args:
        environ: the environment; the process's own by default.
        folder: where `.dlt/` is looked for; the working directory by default.

    Raises:
        ForeignFileError: another user owns or may write a settings file.
        ConfigurationError: a name is not known or a value cannot be used.

    """
    environ = os.environ if environ is None else environ
    given = FoundSettings(read_files(folder or Path.cwd()), _environment(environ))
    _check_names(given.all)
    found = given.section("clio_sync")
    return Settings(
        data_dir=Path(str(found.get("data_dir") or "data")),
        actor=str(found.get("actor", "")) or login(),
        sources={product: _source(given, product) for product in PRODUCTS},
        token_store=_chosen(
            found.get("token_store") or IN_KEYRING, "clio_sync.token_store", TOKEN_STORES
        ),
        time_zone=_time_zone(found.get("time_zone") or UTC),
        four_eyes=_flag(found.get("four_eyes", True), "clio_sync.four_eyes"),
        approval=_chosen(found.get("approval") or "", "clio_sync.approval", ("", *APPROVAL_LEVELS)),
        witness=str(found.get("witness") or "").strip(),
        notify_url=_notify_url(found.get("notify_url") or ""),
        notify_shape=_chosen(
            found.get("notify_shape") or GENERIC, "clio_sync.notify_shape", NOTIFY_SHAPES
        ),
        publish_partial=_flag(found.get("publish_partial", False), "clio_sync.publish_partial"),
        published_custom_fields=_names(found.get("published_custom_fields", [])),
        ca_file=_ca_file(str(found.get("ca_file") or "")),
        writable=_names(found["writable"]) if "writable" in found else None,
    )
