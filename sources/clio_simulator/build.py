"""Build `bodies.json` and `orders.json` from Clio's OpenAPI document.

    python -m sources.clio_simulator.build OPENAPI.json

`bodies.json` is what POST and PATCH take: of each body only what decides about a request is kept,
types, formats, enums, what is required, and which references may be null. `orders.json` is what
order a list can be had in.
"""

import json
import re
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


def bodies(document: Spec, catalog: Catalog) -> Spec:
    """Return collection → `path`, `post` and `patch` as shapes, `delete` as the answer's status."""
    names = {collection.path: name for name, collection in catalog.collections.items()}
    names |= {name: name for name in INSIDE}
    found: Spec = {}
    for path, operations in document["paths"].items():
        bare = path.removeprefix("/").removesuffix(".json").removesuffix("/{id}")
        for method in filter(operations.get, METHODS if bare in names else ()):
            entry = found.setdefault(names[bare], {"path": bare})
            if method == "delete":
                entry[method] = int(min(operations[method]["responses"]))
            else:
                content = operations[method]["requestBody"]["content"]["application/json"]
                entry[method] = shape(content["schema"]["properties"]["data"])
    for name, optional in EITHER.items():
        required = found[name]["post"]["required"]
        found[name]["post"]["required"] = [each for each in required if each not in optional]
    found["line_items"]["patch"]["inside"]["discount"]["inside"]["type"] = DISCOUNT_TYPE
    return dict(sorted(found.items()))


DEFAULT = re.compile(r"Default: `([^`]+)`\.")
BY_RELATIONSHIP = "`id` is ordered by the `id` of the nested Relationship record"
"""Clio's words for lists whose order by id is that of another record's id."""


def orders(document: Spec, catalog: Catalog) -> Spec:
    """Return collection → `default`, `orders` (where they are listed) and `by_relationship`."""
    names = {collection.path: name for name, collection in catalog.collections.items()}
    found: Spec = {}
    for path, operations in document["paths"].items():
        name = names.get(path.removeprefix("/").removesuffix(".json"))
        for parameter in operations.get("get", {}).get("parameters", ()):
            if name is not None and parameter["name"] == "order":
                found[name] = _order(parameter)
    return dict(sorted(found.items()))


def _order(parameter: Spec) -> Spec:
    prose = parameter["description"]
    (default,) = DEFAULT.findall(prose)
    entry: Spec = {"default": default}
    if "enum" in parameter["schema"]:
        entry["orders"] = parameter["schema"]["enum"]
    if BY_RELATIONSHIP in prose:
        entry["by_relationship"] = True
    return entry


def main(arguments: list[str]) -> None:
    """Write both files out of the document named on the command line."""
    (name,) = arguments
    document, catalog = json.loads(Path(name).read_text("utf-8")), read_catalog("clio_manage")
    for target, built in (
        ("bodies", bodies(document, catalog)),
        ("orders", orders(document, catalog)),
    ):
        text = json.dumps(built, indent=1, ensure_ascii=False) + "\n"
        Path(__file__).with_name(f"{target}.json").write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
