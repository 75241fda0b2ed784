"""One product of Clio, as loads and sweeps need it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sources.clio_http.catalog import Catalog

from .planning import Rules


@dataclass(frozen=True)
class Product:
    """One product of Clio as the loader needs it: facts, rules and the source function.

    `views` are lists that Clio works out, so that they may rightly be empty at once. `optional` are
    those that no model needs.
    """

    catalog: Catalog
    rules: Rules
    history: frozenset[str]
    off: frozenset[str]
    clock_path: str
    clock_parameters: tuple[tuple[tuple[str, str], ...], ...]
    make: Callable[..., Any]
    rolling_slice: int
    views: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
