"""Each product of Clio as the stages need it: its catalogue, what of it may be read, and its part.

A run reads the products that it is given or that can be opened; each reads its own collections.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from pipelines.access import account
from pipelines.access.client import is_set_up, version
from pipelines.config import Settings, SourceSettings
from pipelines.errors import CommandLineError, TokenStoreError
from pipelines.state.hashed_columns import Masks, mask_key
from sources.clio_grow import settings as grow
from sources.clio_grow.versions import catalog_of
from sources.clio_http.catalog import Catalog, Column, read_catalog
from sources.clio_http.client import WHO_AM_I
from sources.clio_manage import settings as manage
from sources.errors import ConfigurationError
from sources.resource import walks_source

from .planning import EVERYTHING, Choice, Rules

OF_EACH = frozenset({"etag", "type", "created_at", "updated_at"})
"""Columns that each list has of its own records."""
NAMES = {"manage": "clio_manage", "grow": "clio_grow"}
PRODUCT_NAMES = {"clio_manage": "Clio Manage", "clio_grow": "Clio Grow"}


@dataclass(frozen=True)
class Product:
    """One product of Clio as the loader needs it: facts, rules and the source function.

    `views` are lists that Clio works out, so that they may rightly be empty at once. `optional` are
    those that no model needs. `clock_parameters` ask for its time and for whose token it is.
    """

    catalog: Catalog
    rules: Rules
    history: frozenset[str]
    off: frozenset[str]
    clock_parameters: tuple[tuple[tuple[str, str], ...], ...]
    make: Callable[..., Any]
    rolling_slice: int
    views: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    clock_path: str = WHO_AM_I


CADENCE = {"clio_manage": manage.DAILY_CADENCE, "clio_grow": grow.DAILY_CADENCE}
PRODUCTS = {
    "clio_manage": partial(
        Product,
        history=manage.HISTORY,
        clock_parameters=((("fields", account.FIELDS),), (("fields", "id"),)),
        views=manage.VIEWS,
        optional=manage.OPTIONAL,
    ),
    "clio_grow": partial(Product, history=grow.HISTORY, clock_parameters=((),)),
}


@dataclass(frozen=True)
class Part:
    """One product's part in a run."""

    source: str
    choice: Choice = EVERYTHING


def catalog(source: str, options: SourceSettings) -> Catalog:
    """Return the catalogue of a product, in the version of its API that is configured."""
    return catalog_of(version(source, options)) if source == "clio_grow" else read_catalog(source)


def product(source: str, options: SourceSettings) -> Product:
    """Return the loader's view of a product.

    Raises:
        ConfigurationError: a setting names a collection or column that does not exist.

    """
    known = catalog(source, options)
    return PRODUCTS[source](
        catalog=known,
        rules=Rules(CADENCE[source], excluded(known, options)),
        off=off(known, options),
        make=partial(walks_source, source),
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


def readable(settings: Settings) -> tuple[list[str], list[str]]:
    """Part the products into those with a token or a sign-in, and the others.

    Where there is none the first product is given all the same: opening it says what to do. So
    does opening one whose sign-in cannot be looked up, which does not keep the other from it.
    """
    with_access = [name for name in NAMES.values() if _may_be_opened(name, settings)]
    without = [name for name in NAMES.values() if name not in with_access]
    if not with_access:
        return without[:1], []
    return with_access, without


def _may_be_opened(source: str, settings: Settings) -> bool:
    try:
        return is_set_up(source, settings)
    except TokenStoreError:
        return True


def shared_out(settings: Settings, names: Sequence[str], choice: Choice) -> list[Part]:
    """Return each product those of the named collections that it has; without names, everything.

    Raises:
        CommandLineError: no product has a collection, or a decision about one list would be
            about two.
        ConfigurationError: a collection is off.

    """
    known = {name: product(name, settings.sources[name]) for name in names}
    found = []
    for name, one in known.items():
        own = choice.resources & set(one.catalog.loaded)
        if own or not choice.resources:
            found.append(Part(name, replace(choice, resources=own)))
    unknown = sorted(choice.resources - {r for part in found for r in part.choice.resources})
    if unknown:
        message = f"unknown resource {unknown[0]}; clio-sync resources lists the valid names"
        raise CommandLineError(message)
    for part in found:
        switched_off = sorted(part.choice.resources & known[part.source].off)
        if switched_off:
            message = f"{switched_off[0]} is off; name it in sources.{part.source}.on to load it"
            raise ConfigurationError(message)
    _check_decision(choice, found)
    if choice.accept_empty:
        _check_column(choice, known, found)
    return found


def _check_column(choice: Choice, known: Mapping[str, Product], found: Sequence[Part]) -> None:
    """Refuse to accept the empties of a column that is not there, or of one in two products."""
    name, _, column = choice.accept_empty.partition(".")
    there = [
        part.source
        for part in found
        if (collection := known[part.source].catalog.loaded.get(name)) is not None
        and column in {each.name for each in collection.columns}
    ]
    if not there:
        message = f"unknown column {choice.accept_empty}; clio-sync status --problems names them"
        raise CommandLineError(message)
    if len(there) > 1:
        message = "--accept-empty needs the product: both have a column of this name"
        raise CommandLineError(message)


def _check_decision(choice: Choice, found: Sequence[Part]) -> None:
    """Refuse to take rows for deleted in more than one list."""
    if choice.allow_absent is None:
        return
    if len(choice.resources) != 1:
        message = "--allow-absent needs exactly one --resource: it is a decision about one list"
        raise CommandLineError(message)
    if len(found) > 1:
        message = "--allow-absent needs the product: both have a collection of this name"
        raise CommandLineError(message)
