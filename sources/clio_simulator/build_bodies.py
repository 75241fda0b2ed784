"""Build `bodies.json`: what Clio's OpenAPI document says that POST and PATCH take.

    python -m sources.clio_simulator.build_bodies OPENAPI.json

Of each body only what decides about a request is kept: types, formats, enums, what is required,
and which references may be null.
"""

import json
import sys
from pathlib import Path

from sources.clio_http.catalog import Catalog, read_catalog
from sources.openapi import Spec

METHODS = ("post", "patch", "delete")
NO_ASSOCIATION = "specify no association"
"""Clio's words for a reference that may be null, at its id."""

EITHER = {"notes": ("contact", "matter")}
"""What the document requires together although one of them is enough."""

DISCOUNT_TYPE = {"type": "string", "enum": ["percentage", "money"]}
"""The type of a line item's discount: the document types it boolean, and its text says this."""

INSIDE = ("medical_bills", "medical_records")
"""Records with a path of their own that are read inside others only."""


def shape(schema: Spec) -> Spec:
    """Describe a value of a body: type, format, enum, and what is inside."""
    described: Spec = {"type": schema["type"]}
    described |= {key: schema[key] for key in ("format", "enum", "required") if key in schema}
    if described["type"] == "object":
        inside = schema.get("properties", {})
        described["inside"] = {name: shape(value) for name, value in inside.items()}
        if NO_ASSOCIATION in inside.get("id", {}).get("description", ""):
            described["nullable"] = True
    if described["type"] == "array":
        described["items"] = shape(schema["items"])
    return described


def _body(operation: Spec) -> Spec:
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return shape(schema["properties"]["data"])


def _names(catalog: Catalog) -> dict[str, str]:
    """Name the collection of each path."""
    paths = {collection.path: name for name, collection in catalog.collections.items()}
    return paths | {name: name for name in INSIDE}


def build(document: Spec, catalog: Catalog) -> Spec:
    """Give collection → `path`, `post` and `patch` as shapes, `delete` as the answer's status."""
    names = _names(catalog)
    found: Spec = {}
    for path, operations in document["paths"].items():
        bare = path.removeprefix("/").removesuffix(".json")
        name = names.get(bare.removesuffix("/{id}"))
        if name is None:
            continue
        for method in METHODS:
            if method in operations:
                entry = found.setdefault(name, {"path": bare.removesuffix("/{id}")})
                entry[method] = _described(method, operations[method])
    for name, optional in EITHER.items():
        required = found[name]["post"]["required"]
        found[name]["post"]["required"] = [each for each in required if each not in optional]
    found["line_items"]["patch"]["inside"]["discount"]["inside"]["type"] = DISCOUNT_TYPE
    return dict(sorted(found.items()))


def _described(method: str, operation: Spec) -> Spec | int:
    if method == "delete":
        return int(min(operation["responses"]))
    return _body(operation)


def main(arguments: list[str]) -> None:
    """Write the bodies of the document named on the command line."""
    (name,) = arguments
    bodies = build(json.loads(Path(name).read_text("utf-8")), read_catalog("clio_manage"))
    target = Path(__file__).with_name("bodies.json")
    target.write_text(json.dumps(bodies, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
