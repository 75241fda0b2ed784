"""Build `orders.json`: the orders that Clio's OpenAPI document says a list can be had in.

Run it as `python -m sources.clio_simulator.build_orders OPENAPI.json`.
"""

import json
import re
import sys
from pathlib import Path

from sources.clio_http.catalog import Catalog, read_catalog
from sources.openapi import Spec

DEFAULT = re.compile(r"Default: `([^`]+)`\.")
BY_RELATIONSHIP = "`id` is ordered by the `id` of the nested Relationship record"
"""Clio's words for lists whose order by id is that of another record's id."""


def build(document: Spec, catalog: Catalog) -> Spec:
    """Give collection → `default`, `orders` (where they are listed) and `by_relationship`."""
    names = {collection.path: name for name, collection in catalog.collections.items()}
    found: Spec = {}
    for path, operations in document["paths"].items():
        name = names.get(path.removeprefix("/").removesuffix(".json"))
        for parameter in operations.get("get", {}).get("parameters", ()):
            if name is not None and parameter["name"] == "order":
                found[name] = _described(parameter)
    return dict(sorted(found.items()))


def _described(parameter: Spec) -> Spec:
    prose = parameter["description"]
    (default,) = DEFAULT.findall(prose)
    entry: Spec = {"default": default}
    if "enum" in parameter["schema"]:
        entry["orders"] = parameter["schema"]["enum"]
    if BY_RELATIONSHIP in prose:
        entry["by_relationship"] = True
    return entry


def main(arguments: list[str]) -> None:
    """Write the orders of the document named on the command line."""
    (name,) = arguments
    orders = build(json.loads(Path(name).read_text("utf-8")), read_catalog("clio_manage"))
    target = Path(__file__).with_name("orders.json")
    target.write_text(json.dumps(orders, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
