"""Each product of Clio as the stages need it: where it is, its catalogue, what may be read."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sources.clio_http.catalog import Catalog, Column, read_catalog
from sources.clio_http.client import ClientSettings, ClioClient
from sources.clio_http.clock import Clock
from sources.clio_http.dialects import PREFIXES
from sources.clio_manage import clio_manage, settings
from sources.errors import ConfigurationError

from .access import Access, access
from .config import Settings, SourceSettings
from .load import Product
from .masks import Masks, mask_key
from .plans import Rules

NAMES = {"manage": "clio_manage"}


def product(source: str, options: SourceSettings) -> Product:
    """Give the loader's view of a product.

    Raises:
        ConfigurationError: a setting names a collection or column that does not exist.

    """
    catalog = read_catalog(source)
    return Product(
        catalog=catalog,
        rules=Rules(settings.DAILY_CADENCE, excluded(catalog, options)),
        history=settings.HISTORY,
        off=off(catalog, options),
        clock_path="users/who_am_i",
        make=clio_manage,
    )


def off(catalog: Catalog, options: SourceSettings) -> frozenset[str]:
    """Name the collections that are not loaded."""
    unknown = sorted({*options.on, *options.off} - set(catalog.loaded))
    if unknown:
        message = f"unknown collection {unknown[0]}; clio-sync resources lists the valid names"
        raise ConfigurationError(message)
    by_default = {name for name, collection in catalog.loaded.items() if collection.off}
    return frozenset((by_default | set(options.off)) - set(options.on))


def field_of(catalog: Catalog, column: str) -> tuple[str, str]:
    """Find the field that a column such as `matters.description` comes from."""
    table, _, name = column.partition(".")
    collection = catalog.loaded.get(table)
    paths = {c.name: c for c in collection.columns} if collection else {}
    if collection is None or name not in paths or not paths[name].path:
        message = f"unknown column {column}"
        raise ConfigurationError(message)
    if name in collection.key:
        message = f"{column} is part of the key and cannot be left out or hashed"
        raise ConfigurationError(message)
    return table, ".".join(paths[name].path)


def excluded(catalog: Catalog, options: SourceSettings) -> dict[str, frozenset[str]]:
    """Give the fields that are never asked for, by collection."""
    found: dict[str, set[str]] = {}
    for column in options.exclude_columns:
        table, name = field_of(catalog, column)
        found.setdefault(table, set()).add(name)
    return {table: frozenset(names) for table, names in found.items()}


def masks(catalog: Catalog, options: SourceSettings, folder: Path) -> Masks:
    """Read which columns are hashed.

    Raises:
        ConfigurationError: a column does not exist, is part of a key, or is not text.

    """
    columns: dict[str, list[Column]] = {}
    for name in options.hash_columns:
        table, _ = field_of(catalog, name)
        column = next(c for c in catalog.loaded[table].columns if c.name == name.partition(".")[2])
        if column.type != "VARCHAR":
            message = f"{name} is not text and cannot be hashed; leave it out instead"
            raise ConfigurationError(message)
        columns.setdefault(table, []).append(column)
    if not columns:
        return Masks()
    kept = {table: tuple(found) for table, found in columns.items()}
    return Masks(mask_key(folder / "mask.key"), kept)


@dataclass(frozen=True)
class Api:
    """How the API of a product is addressed."""

    hosts: Mapping[str, str]
    path: str
    suffix: str
    headers: Mapping[str, str]


APIS = {
    "clio_manage": Api(
        settings.HOSTS, settings.API_PATH, ".json", {"X-API-VERSION": settings.API_VERSION}
    ),
    "clio_grow": Api(
        {region: f"https://{prefix}api.clio.com/grow" for region, prefix in PREFIXES.items()},
        "",
        "",
        {},
    ),
}


def base_url(source: str, options: SourceSettings) -> str:
    """Give the address of a product's API, without the path that all of its lists begin with.

    Raises:
        ConfigurationError: that path is configured with it.

    """
    api = APIS[source]
    if api.path and options.base_url.endswith(api.path):
        message = f"sources.{source}.base_url ends before {api.path}; leave that out"
        raise ConfigurationError(message)
    return options.base_url or api.hosts[options.region]


def client(source: str, all_settings: Settings, clock: Clock, stop: threading.Event) -> ClioClient:
    """Open a client for a product, with the token that is configured or signed in.

    Raises:
        SignInNeededError: there is no token, or none that can be renewed.
        ConfigurationError: the base URL is not one of Clio's hosts.

    """
    given = access(source, all_settings, base_url(source, all_settings.sources[source]), clock)
    return client_with(source, all_settings.sources[source], given, clock, stop)


def client_with(
    source: str, options: SourceSettings, given: Access, clock: Clock, stop: threading.Event
) -> ClioClient:
    """Open a client for a product with a token."""
    api = APIS[source]
    made = ClientSettings(
        product=source,
        base_url=base_url(source, options),
        api_path=api.path,
        token=given.token,
        headers=api.headers,
        reserve=options.reserve,
        suffix=api.suffix,
    )
    return ClioClient(made, clock, stop=stop, renew=given.renew)
