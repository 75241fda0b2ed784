"""The catalogue for people: what is loaded how, and what another document would change."""

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from pipelines.config import Settings
from pipelines.load import products
from pipelines.outcome import Outcome, table
from sources.clio_http.catalog import Catalog, Collection
from sources.clio_http.clock import Clock
from sources.clio_manage.build_catalog import CorrectionNotNeededError, build, correct, corrections
from sources.clio_manage.writable import writable_fields
from sources.errors import ConfigurationError

COMPARED = ("mode", "updated_since", "ids", "etag", "page_size", "parameters", "deletion_marker")


def describe(source: str, collection: Collection, *, off: bool) -> dict[str, Any]:
    """Describe a collection for `resources --json`."""
    reasons = (collection.off or collection.reason, collection.leaves)
    return {
        "source": source,
        "resource": collection.name,
        "path": collection.path,
        "mode": collection.mode,
        "key": list(collection.key),
        "page_size": collection.page_size,
        "updated_since": collection.updated_since,
        "variants": [] if collection.parent else [dict(variant) for variant in collection.variants],
        "parent": collection.parent.resource if collection.parent else None,
        "deletes": collection.deletes if collection.loaded else None,
        "etag": collection.etag,
        "fields": len(collection.fields),
        "writable": list(writable_fields(collection)),
        "loaded": collection.loaded and not off,
        "reason": "; ".join(filter(None, reasons)) or None,
        "scope": collection.scope or None,
    }


def run_resources(settings: Settings, clock: Clock) -> Outcome:
    """List every collection of both products."""
    started_at = clock.now()
    rows, parts = [], []
    for source, options in settings.sources.items():
        catalog = products.catalog(source, options)
        off = products.off(catalog, options)
        every = {**catalog.collections, **catalog.derived, **catalog.singletons}
        found = [describe(source, one, off=name in off) for name, one in sorted(every.items())]
        rows += found
        parts.append(_text(products.PRODUCT_NAMES[source], catalog, found))
    return Outcome("resources", started_at, clock.now(), results=rows, text="\n".join(parts))


def _text(product: str, catalog: Catalog, rows: list[dict[str, Any]]) -> str:
    lists = sum(len(row["variants"]) for row in rows if row["loaded"])
    loaded = sum(row["loaded"] for row in rows)
    header = ("collection", "loaded", "key", "deletes seen by", "writable fields", "why")
    cells = [
        (
            row["resource"],
            row["mode"] if row["loaded"] else "off",
            ", ".join(row["key"]),
            row["deletes"] or "-",
            len(row["writable"]),
            row["reason"] or "",
        )
        for row in rows
    ]
    return table(header, cells) + (
        f"\n\n{len(catalog.collections)} collections of {product},"
        f" {len(catalog.derived)} narrower lists of them and"
        f" {len(catalog.singletons)} single records; {loaded} are loaded."
        f"\nOne load of all sends at least {lists} requests: one for each list variant.\n"
    )


def run_diff(path: Path, clock: Clock) -> Outcome:
    """Say what another OpenAPI document adds, drops and changes.

    Raises:
        ConfigurationError: the file is not an OpenAPI document of Clio Manage.

    """
    started_at = clock.now()
    try:
        document = json.loads(path.read_text("utf-8"))
        needed = [entry for entry in corrections() if _still_needed(document, entry)]
        other = build(document, needed)
    except (ValueError, KeyError, TypeError, AttributeError):
        message = f"{path.name} is not an OpenAPI document of Clio Manage"
        raise ConfigurationError(message) from None
    dropped = [entry["pointer"] for entry in corrections() if entry not in needed]
    found = [*_differences(other), *(("correction no longer needed", one) for one in dropped)]
    changes = [{"change": change, "what": what} for change, what in found]
    lines = [f"{change}: {what}" for change, what in found]
    text = "\n".join(lines or ["No difference: the catalogue fits this document."]) + "\n"
    return Outcome("resources", started_at, clock.now(), results=changes, text=text)


def _still_needed(document: Mapping[str, Any], entry: Mapping[str, Any]) -> bool:
    try:
        correct(dict(document), [dict(entry)])
    except (CorrectionNotNeededError, KeyError):
        return False
    return True


def _differences(other: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Compare Manage's catalogue with one built from another document, collection by collection."""
    text = files("sources").joinpath("clio_manage", "catalog.json").read_text("utf-8")
    ours = {entry["name"]: entry for entry in json.loads(text)["collections"]}
    theirs = {entry["name"]: entry for entry in other["collections"]}
    yield from (("new collection", name) for name in sorted(set(theirs) - set(ours)))
    yield from (("collection gone", name) for name in sorted(set(ours) - set(theirs)))
    for name in sorted(set(ours) & set(theirs)):
        yield from _changed(name, ours[name], theirs[name])


def _fields(entry: Mapping[str, Any], part: str) -> dict[str, str]:
    found = {}
    for field in entry[part]:
        found[field["name"]] = field["type"]
        for name, kind in field.get("sub", {}).items():
            found[f"{field['name']}.{name}"] = kind
    return found


def _changed(
    name: str, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    for part, word in (("fields", "field"), ("patch", "PATCH field")):
        before, after = _fields(old, part), _fields(new, part)
        yield from ((f"new {word}", f"{name}.{key}") for key in after if key not in before)
        yield from ((f"{word} gone", f"{name}.{key}") for key in before if key not in after)
        for key, kind in before.items():
            if after.get(key, kind) != kind:
                yield f"{word} type", f"{name}.{key}: {kind} to {after[key]}"
    yield from ((f"changed {key}", name) for key in COMPARED if old[key] != new[key])
