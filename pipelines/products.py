"""Each product of Clio as the stages need it: where it is, its catalogue, what may be read."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sources import clio_grow, clio_manage
from sources.clio_grow import settings as grow
from sources.clio_grow.versions import catalog_of
from sources.clio_http.catalog import Catalog, Column, read_catalog
from sources.clio_http.client import ClientSettings, ClioClient, Pace, Policy
from sources.clio_http.clock import Clock
from sources.clio_manage import settings as manage
from sources.errors import ConfigurationError

from . import identity
from .access import Access, access
from .config import API_VERSIONS, Settings, SourceSettings
from .load import Product
from .masks import Masks, mask_key
from .plans import Rules

NAMES = {"manage": "clio_manage", "grow": "clio_grow"}
PRODUCT_NAMES = {"clio_manage": "Clio Manage", "clio_grow": "Clio Grow"}
WHO_AM_I = "users/who_am_i"


@dataclass(frozen=True)
class Facts:
    """What is decided about a product's collections, and what asks for its time and user."""

    make: Callable[..., Any]
    cadence: frozenset[str]
    history: frozenset[str]
    clock_parameters: tuple[tuple[tuple[str, str], ...], ...]


FACTS = {
    "clio_manage": Facts(
        clio_manage.clio_manage,
        manage.DAILY_CADENCE,
        manage.HISTORY,
        ((("fields", identity.FIELDS),), (("fields", "id"),)),
    ),
    "clio_grow": Facts(clio_grow.clio_grow, grow.DAILY_CADENCE, grow.HISTORY, ((),)),
}


def catalog(source: str, options: SourceSettings) -> Catalog:
    """Give the catalogue of a product, in the version of its API that is configured."""
    return catalog_of(version(source, options)) if source == "clio_grow" else read_catalog(source)


def version(source: str, options: SourceSettings) -> str:
    """Name the version of a product's API that is configured."""
    return options.api_version or API_VERSIONS[source][0]


def product(source: str, options: SourceSettings) -> Product:
    """Give the loader's view of a product.

    Raises:
        ConfigurationError: a setting names a collection or column that does not exist.

    """
    known, facts = catalog(source, options), FACTS[source]
    return Product(
        catalog=known,
        rules=Rules(facts.cadence, excluded(known, options)),
        history=facts.history,
        off=off(known, options),
        clock_path=WHO_AM_I,
        clock_parameters=facts.clock_parameters,
        make=facts.make,
        rolling_slice=options.rolling_slice,
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


def base_url(source: str, options: SourceSettings) -> str:
    """Give the address of a product's API, without the path that all of its lists begin with.

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


def client(source: str, all_settings: Settings, clock: Clock, stop: threading.Event) -> ClioClient:
    """Open a client for a product, with the token that is configured or signed in.

    Raises:
        SignInNeededError: there is no token, or none that can be renewed.
        ConfigurationError: the base URL is not one of Clio's hosts.

    """
    options = all_settings.sources[source]
    given = access(source, all_settings, base_url(source, options), clock)
    return client_with(source, all_settings, given, clock, stop)


def client_with(
    source: str, all_settings: Settings, given: Access, clock: Clock, stop: threading.Event
) -> ClioClient:
    """Open a client for a product with a token."""
    options = all_settings.sources[source]
    api = APIS[source, version(source, options)]
    shared = all_settings.data_dir / f"{source}.pace"
    made = ClientSettings(
        product=source,
        base_url=base_url(source, options),
        api_path=api.path,
        token=given.token,
        headers=api.headers,
        reserve=options.reserve,
        suffix=api.suffix,
        policy=api.policy,
        pace=Pace(api.a_second, file=shared) if api.a_second else None,
        bare=api.bare,
    )
    return ClioClient(made, clock, stop=stop, renew=given.renew)
