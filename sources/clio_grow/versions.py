"""How each version of the API of Clio Grow is addressed, and what its catalogue has."""

from dataclasses import replace

from sources.clio_http.api import Api
from sources.clio_http.catalog import EXTRA, Catalog, Collection, read_catalog
from sources.clio_http.retry import Policy

from .settings import BACK_OFF, INCLUDED, REQUESTS_A_SECOND, VERSIONS, Version

APIS = {
    name: Api(
        "clio_grow",
        version.hosts,
        headers=version.headers,
        policy=Policy(waits=BACK_OFF),
        a_second=REQUESTS_A_SECOND,
        bare=version.bare,
        version=name,
    )
    for name, version in VERSIONS.items()
}


def catalog_of(version: str) -> Catalog:
    """Return the catalogue of a version: the current one, without what that version lacks."""
    catalog, facts = read_catalog("clio_grow"), VERSIONS[version]
    if not facts.fields:
        return catalog
    return replace(
        catalog,
        collections=_kept(catalog.collections, facts),
        singletons=_kept(catalog.singletons, facts),
    )


def _kept(collections: dict[str, Collection], version: Version) -> dict[str, Collection]:
    return {
        name: _narrowed(collection, version.fields[name])
        for name, collection in collections.items()
        if name in version.fields
    }


def _narrowed(collection: Collection, names: list[str]) -> Collection:
    """Keep some fields, and ask for nothing that is not among them; other keys are unknown."""
    fields = tuple(f for f in collection.fields if f.name in names or f.type == EXTRA)
    redaction = collection.redaction
    if not set(INCLUDED) & set(names):
        variants = tuple(
            {name: value for name, value in variant.items() if name != "include"}
            for variant in collection.variants
        )
        collection = replace(collection, variants=variants, item_parameters=(), reason="")
    if redaction is not None and redaction.listed_in not in names:
        redaction = None
    return replace(collection, fields=fields, redaction=redaction)
