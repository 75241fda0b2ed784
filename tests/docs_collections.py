"""Write the tables of collections from the catalogue: `python -m tests.docs_collections`."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sources.clio_grow import settings as grow
from sources.clio_http.catalog import Catalog, Collection, read_catalog
from sources.clio_manage import settings as manage
from sources.clio_manage.writable import writable_fields

SOURCES = Path(__file__).parents[1] / "sources"
BEGIN = "<!-- generated from catalog.json by make docs -->\n"
END = "<!-- end of what is generated -->\n"


@dataclass(frozen=True)
class Page:
    """The page of one product, and what is decided about its collections."""

    source: str
    product: str
    cadence: frozenset[str]
    history: frozenset[str]

    @property
    def file(self) -> Path:
        """Return the file that holds it."""
        return SOURCES / self.source / "README.md"


PAGES = (
    Page("clio_manage", "Clio Manage", manage.DAILY_CADENCE, manage.HISTORY),
    Page("clio_grow", "Clio Grow", grow.DAILY_CADENCE, grow.HISTORY),
)


def notes(page: Page, collection: Collection) -> str:
    """Say what is special about a collection."""
    found = [f"off by default: {collection.off}"] if collection.off else []
    found += [collection.reason] if collection.reason else []
    if len(collection.variants) > 1 and not collection.parent:
        found.append(f"{len(collection.variants)} lists")
    if collection.parent:
        found.append(f"one request for each of {collection.parent.resource}")
    found += [collection.leaves] if collection.leaves else []
    found += ["due once a day"] if collection.name in page.cadence else []
    found += ["history is kept"] if collection.name in page.history else []
    return "; ".join(found)


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Lay out a table in Markdown."""
    names = list(header)
    lines = [names, ["---"] * len(names), *([str(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def loaded(page: Page, catalog: Catalog) -> str:
    """Return the table of what becomes a table of the warehouse.

    The last column but one is what a product has: fields that may be written, or scopes.
    """
    scoped = any(collection.scope for collection in catalog.loaded.values())
    own = "scope" if scoped else "writable fields"
    header = ("resource", "path", "mode", "key", "deletes seen by", own, "notes")
    rows = (
        (
            f"`{collection.name}`",
            f"`{collection.path}`",
            collection.mode,
            ", ".join(f"`{name}`" for name in collection.key),
            collection.deletes,
            (collection.scope if scoped else len(writable_fields(collection))) or "-",
            notes(page, collection),
        )
        for _, collection in sorted(catalog.loaded.items())
    )
    return table(header, rows)


def not_loaded(catalog: Catalog) -> str:
    """Return the table of what does not, with the reason."""
    return table(
        ("resource", "path", "why it is not loaded"),
        (
            (f"`{name}`", f"`{collection.path}`", collection.off)
            for name, collection in sorted(catalog.collections.items())
            if not collection.loaded
        ),
    )


def generated(page: Page, catalog: Catalog) -> str:
    """Return everything between the two marks."""
    lists = len(catalog.collections)
    read = sum(collection.loaded for collection in catalog.collections.values())
    beside = "1 single record comes beside them."
    if len(catalog.singletons) > 1:
        beside = f"{len(catalog.singletons)} single records come beside them."
    if catalog.derived:
        beside = f"{len(catalog.derived)} narrower lists of our own and {beside}"
    parts = [
        f"{page.product} has {lists} collections; {read} of them are tables here. {beside}\n",
        loaded(page, catalog),
    ]
    if read < lists:
        parts += ["## Not loaded\n", not_loaded(catalog)]
    return "\n".join(parts)


def text(page: Page) -> str:
    """Return a page with the part between its two marks written anew."""
    before, _, rest = page.file.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{generated(page, read_catalog(page.source))}\n{END}{after}"


if __name__ == "__main__":
    for page in PAGES:
        page.file.write_text(text(page), "utf-8")
