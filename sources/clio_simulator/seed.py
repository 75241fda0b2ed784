"""The seeded firm: the same seed and sizes give the same records, byte for byte."""

from dataclasses import dataclass

from sources.clio_http.catalog import Catalog

from . import seed_plain
from .seed_firm import Firm
from .store import Store


@dataclass(frozen=True)
class Seed:
    """How large a firm, and which one.

    `scale` multiplies contacts, matters, activities, bills and what hangs on them; a size that is
    given overrides it.
    """

    seed: int = 7
    scale: float = 1.0
    users: int | None = None
    contacts: int | None = None
    matters: int | None = None
    activities: int | None = None
    bills: int | None = None

    def size(self, name: str, at_one: int) -> int:
        """Give how many records of a kind there are."""
        given: int | None = getattr(self, name, None)
        return max(3, round(at_one * self.scale)) if given is None else given


def build(catalog: Catalog, seed: Seed) -> Store:
    """Build the firm."""
    store = Store([*catalog.collections, *catalog.singletons])
    firm = Firm(catalog, store, seed.seed)
    seed_plain.everything(firm)
    return firm.finish()
