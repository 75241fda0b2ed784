"""Each product of Clio as the stages need it: its catalogue, and what of it may be read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sources.clio_grow import settings as grow
from sources.clio_grow.source import clio_grow
from sources.clio_grow.versions import catalog_of
from sources.clio_http.catalog import Catalog, Column, read_catalog
from sources.clio_manage import settings as manage
from sources.clio_manage.source import clio_manage
from sources.errors import ConfigurationError

from . import identity
from .apis import WHO_AM_I, version
from .config import SourceSettings
from .load import Product
from .masks import Masks, mask_key
from .plans import Rules

NAMES = {"manage": "clio_manage", "grow": "clio_grow"}
PRODUCT_NAMES = {"clio_manage": "Clio Manage", "clio_grow": "Clio Grow"}


@dataclass(frozen=True)
class Facts:
    """What is decided about a product's collections, and what asks for its time and user."""

    make: Callable[..., Any]
    cadence: frozenset[str]
    history: frozenset[str]
    clock_parameters: tuple[tuple[tuple[str, str], ...], ...]
    views: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


FACTS = {
    "clio_manage": Facts(
        clio_manage,
        manage.DAILY_CADENCE,
        manage.HISTORY,
        ((("fields", identity.FIELDS),), (("fields", "id"),)),
        manage.VIEWS,
        manage.OPTIONAL,
    ),
    "clio_grow": Facts(clio_grow, grow.DAILY_CADENCE, grow.HISTORY, ((),)),
}


def catalog(source: str, options: SourceSettings) -> Catalog:
    """Give the catalogue of a product, in the version of its API that is configured."""
    return catalog_of(version(source, options)) if source == "clio_grow" else read_catalog(source)


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
        views=facts.views,
        optional=facts.optional,
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
    if name in collection.telling:
        message = f"{column} is part of the key and cannot be left out or hashed"
        raise ConfigurationError(message)
    return table, ".".join(paths[name].path)


def excluded(catalog: Catalog, options: SourceSettings) -> dict[str, frozenset[str]]:
    """Give the fields that are never asked for, by collection."""
    found: dict[str, set[str]] = {}
    for column in options.exclude_columns:
        table, name = field_of(catalog, column)
        redaction = catalog.loaded[table].redaction
        if redaction is not None and name in {redaction.listed_in, redaction.flag}:
            message = f"{column} says which values are hidden and cannot be left out"
            raise ConfigurationError(message)
        found.setdefault(table, set()).add(name)
    return {table: frozenset(names) for table, names in found.items()}


def hashed(catalog: Catalog, options: SourceSettings) -> dict[str, tuple[Column, ...]]:
    """Give the columns that are hashed, by collection.

    Raises:
        ConfigurationError: a column does not exist, is part of a key, or is not text.

    """
    columns: dict[str, tuple[Column, ...]] = {}
    for name in options.hash_columns:
        table, _ = field_of(catalog, name)
        column = next(c for c in catalog.loaded[table].columns if c.name == name.partition(".")[2])
        if column.type != "VARCHAR":
            message = f"{name} is not text and cannot be hashed; leave it out instead"
            raise ConfigurationError(message)
        columns[table] = (*columns.get(table, ()), column)
    return columns


def masks(catalog: Catalog, options: SourceSettings, folder: Path) -> Masks:
    """Read which columns are hashed, and the key for it, which is made where there is none.

    Raises:
        ConfigurationError: a column cannot be hashed; see `hashed`.

    """
    columns = hashed(catalog, options)
    return Masks(mask_key(folder / "mask.key"), columns) if columns else Masks()
