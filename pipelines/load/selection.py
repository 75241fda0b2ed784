"""Which products a run reads, and which of the named collections belong to which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipelines.access.client import is_set_up
from pipelines.config import Settings
from pipelines.errors import CommandLineError, TokenStoreError
from sources.errors import ConfigurationError

from . import products
from .planning import EVERYTHING, Choice
from .product import Product


@dataclass(frozen=True)
class Part:
    """One product's part in a run."""

    source: str
    choice: Choice = EVERYTHING


def readable(settings: Settings) -> tuple[list[str], list[str]]:
    """Part the products into those with a token or a sign-in, and the others.

    Where there is none the first product is given all the same: opening it says what to do. So
    does opening one whose sign-in cannot be looked up, which does not keep the other from it.
    """
    with_access = [name for name in products.NAMES.values() if _may_be_opened(name, settings)]
    without = [name for name in products.NAMES.values() if name not in with_access]
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
    known = {name: products.product(name, settings.sources[name]) for name in names}
    found = []
    for name, product in known.items():
        own = choice.resources & set(product.catalog.loaded)
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
