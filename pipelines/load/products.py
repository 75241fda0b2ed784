"""Each product of Clio as the stages need it: its catalogue, and what of it may be read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipelines.access import account
from pipelines.access.client import version
from pipelines.config import SourceSettings
from pipelines.state.hashed_columns import Masks, mask_key
from sources.clio_grow import settings as grow
from sources.clio_grow.versions import catalog_of
from sources.clio_http.catalog import Catalog, Column, read_catalog
from sources.clio_http.client import WHO_AM_I
from sources.clio_manage import settings as manage
from sources.errors import ConfigurationError
from sources.resource import walks_source

from .planning import Rules
from .product import Product

OF_EACH = frozenset({"etag", "type", "created_at", "updated_at"})
"""Columns that each list has of its own records."""
NAMES = {"manage": "clio_manage", "grow": "clio_grow"}
PRODUCT_NAMES = {"clio_manage": "Clio Manage", "clio_grow": "Clio Grow"}


@dataclass(frozen=True)
class ProductFacts:
    """What is decided about a product's collections, and what asks for its time and user."""

    cadence: frozenset[str]
    history: frozenset[str]
    clock_parameters: tuple[tuple[tuple[str, str], ...], ...]
    views: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


FACTS = {
    "clio_manage": ProductFacts(
        manage.DAILY_CADENCE,
        manage.HISTORY,
        ((("fields", account.FIELDS),), (("fields", "id"),)),
        manage.VIEWS,
        manage.OPTIONAL,
    ),
    "clio_grow": ProductFacts(grow.DAILY_CADENCE, grow.HISTORY, ((),)),
}


def catalog(source: str, options: SourceSettings) -> Catalog:
    """Return the catalogue of a product, in the version of its API that is configured."""
    return catalog_of(version(source, options)) if source == "clio_grow" else read_catalog(source)


def product(source: str, options: SourceSettings) -> Product:
    """Return the loader's view of a product.

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
        make=partial(walks_source, source),
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


def column_of(catalog: Catalog, named: str) -> tuple[str, Column]:
    """Find the collection and the column that a setting such as `matters.description` names.

    Raises:
        ConfigurationError: there is no such column, or it is part of the key.

    """
    table, _, name = named.partition(".")
    collection = catalog.loaded.get(table)
    known = {column.name: column for column in collection.columns} if collection else {}
    if collection is None or name not in known or not known[name].path:
        message = f"unknown column {named}"
        raise ConfigurationError(message)
    if name in collection.telling:
        message = f"{named} is part of the key and cannot be left out or hashed"
        raise ConfigurationError(message)
    return table, known[name]


def excluded(catalog: Catalog, options: SourceSettings) -> dict[str, frozenset[str]]:
    """Return the fields that are never asked for, by collection."""
    return {
        table: frozenset(".".join(column.path) for column in columns)
        for table, columns in left_out(catalog, options).items()
    }


def left_out(catalog: Catalog, options: SourceSettings) -> dict[str, tuple[Column, ...]]:
    """Return the columns that are never asked for, by collection.

    Raises:
        ConfigurationError: a column does not exist, or something else rests on it.

    """
    columns: dict[str, tuple[Column, ...]] = {}
    for table, column in _with_copies(catalog, options.exclude_columns):
        redaction = catalog.loaded[table].redaction
        if redaction is not None and column.name in {redaction.listed_in, redaction.flag}:
            message = f"{table}.{column.name} says which values are hidden and cannot be left out"
            raise ConfigurationError(message)
        columns[table] = (*columns.get(table, ()), column)
    return columns


def _with_copies(catalog: Catalog, named: Iterable[str]) -> list[tuple[str, Column]]:
    """Find the columns that a setting names, and those in which the same stands once more."""
    found: dict[tuple[str, str], Column] = {}
    for one in named:
        table, column = column_of(catalog, one)
        found[table, column.name] = column
        for other in _copies(catalog, table, column):
            again, copy = column_of(catalog, other)
            found[again, copy.name] = copy
    return [(table, column) for (table, _), column in found.items()]


def _copies(catalog: Catalog, table: str, column: Column) -> Iterator[str]:
    """Name the columns in which the values of one stand once more, as far as Clio tells."""
    collection, every = catalog.loaded[table], catalog.loaded
    again = [name for name, one in every.items() if one.schema == collection.schema]
    if catalog.source == "clio_manage":
        again += manage.SHOWN_AGAIN.get(table, ())
        yield from manage.COPIES.get(f"{table}.{column.name}", ())
    if column.name in OF_EACH:
        return
    for name in again:
        named = {one.name for one in every[name].columns} - {*every[name].key}
        if name != table and column.name in named:
            yield f"{name}.{column.name}"


def hashed(catalog: Catalog, options: SourceSettings) -> dict[str, tuple[Column, ...]]:
    """Return the columns that are hashed, by collection.

    Raises:
        ConfigurationError: a column does not exist, is part of a key, or is not text.

    """
    columns: dict[str, tuple[Column, ...]] = {}
    for table, column in _with_copies(catalog, options.hash_columns):
        if column.type != "VARCHAR":
            message = (
                f"{table}.{column.name} is not text and cannot be hashed; leave it out instead"
            )
            raise ConfigurationError(message)
        columns[table] = (*columns.get(table, ()), column)
    return columns


def masks(catalog: Catalog, options: SourceSettings, folder: Path) -> Masks:
    """Read which columns are hashed or left out, and the key to hash with, made where none is.

    Raises:
        ConfigurationError: a column cannot be hashed or left out.

    """
    columns = hashed(catalog, options)
    key = mask_key(folder / "mask.key") if columns else b""
    return Masks(key, columns, left_out(catalog, options))
