"""Write the tables of collections from the catalogue: `python -m tests.docs_collections`."""

from collections.abc import Iterable
from pathlib import Path

from sources.clio_http.catalog import Catalog, Collection, read_catalog
from sources.clio_manage.settings import DAILY_CADENCE, HISTORY
from sources.clio_manage.writable import writable_fields

FILE = Path(__file__).parents[1] / "sources" / "clio_manage" / "README.md"
BEGIN = "<!-- generated from catalog.json by make docs -->\n"
END = "<!-- end of what is generated -->\n"


def notes(collection: Collection) -> str:
    """Say what is special about a collection."""
    found = [f"off by default: {collection.off}"] if collection.off else []
    found += [collection.reason] if collection.reason else []
    if len(collection.variants) > 1 and not collection.parent:
        found.append(f"{len(collection.variants)} lists")
    if collection.parent:
        found.append(f"one request for each of {collection.parent.resource}")
    found += ["due once a day"] if collection.name in DAILY_CADENCE else []
    found += ["history is kept"] if collection.name in HISTORY else []
    return "; ".join(found)


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Lay out a table in Markdown."""
    names = list(header)
    lines = [names, ["---"] * len(names), *([str(cell) for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def loaded(catalog: Catalog) -> str:
    """Give the table of what becomes a table of the warehouse."""
    header = ("resource", "path", "mode", "key", "deletes seen by", "writable fields", "notes")
    rows = (
        (
            f"`{collection.name}`",
            f"`{collection.path}`",
            collection.mode,
            ", ".join(f"`{name}`" for name in collection.key),
            collection.deletes,
            len(writable_fields(collection)) or "-",
            notes(collection),
        )
        for _, collection in sorted(catalog.loaded.items())
    )
    return table(header, rows)


def not_loaded(catalog: Catalog) -> str:
    """Give the table of what does not, with the reason."""
    return table(
        ("resource", "path", "why it is not loaded"),
        (
            (f"`{name}`", f"`{collection.path}`", collection.off)
            for name, collection in sorted(catalog.collections.items())
            if not collection.loaded
        ),
    )


def generated(catalog: Catalog) -> str:
    """Give everything between the two marks."""
    lists = len(catalog.collections)
    read = sum(collection.loaded for collection in catalog.collections.values())
    return (
        f"Clio Manage has {lists} collections; {read} of them are tables here. "
        f"{len(catalog.derived)} narrower lists of our own and {len(catalog.singletons)} single "
        f"records come beside them.\n\n{loaded(catalog)}\n## Not loaded\n\n{not_loaded(catalog)}"
    )


def text(page: str) -> str:
    """Give the page with the part between its two marks written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{generated(read_catalog('clio_manage'))}\n{END}{after}"


if __name__ == "__main__":
    FILE.write_text(text(FILE.read_text("utf-8")), "utf-8")
