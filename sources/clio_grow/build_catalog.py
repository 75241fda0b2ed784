"""Build `catalog.json` from a document of Clio Grow's API.

    python -m sources.clio_grow.build_catalog grow-schema.yaml

The document is an OpenAPI document in YAML, with the scope of each path as `x-scope`. What it
cannot say comes from `settings.toml`.
"""

import re
import sys
from pathlib import Path

import yaml  # dlt brings it

from sources.clio_http.catalog import ARRAY, EXTRA, OBJECT
from sources.openapi import Document, Spec, described_parameters, ref_name, scalar, write_catalog

from . import settings

COMMON_PARAMETERS = frozenset({"created_since", "ids[]", "include", "page_token", "updated_since"})
UNKNOWN_KEYS = {"name": "_extra", "type": EXTRA}


class GrowDocument(Document):
    """A document of Grow's API, with the questions that the catalogue asks of it."""

    def described(self, name: str) -> Spec:
        """Describe a schema in the catalogue's words: field → type, with enum or nested schema.

        What Clio's document says to be unstable is left out; if it comes it is an unknown key.
        """
        return {
            key: self._describe(schema)
            for key, schema in self.properties(self.schemas[name]).items()
            if not schema.get("x-unstable")
        }

    def _describe(self, schema: Spec) -> Spec:
        (only,) = schema.get("allOf", [schema])  # the one that is meant, also where it may be null
        name = ref_name(only)
        inner = self.schemas.get(name, schema)
        if inner.get("type") == "array":
            items = inner["items"]
            if "$ref" in items:
                return {"type": ARRAY, "schema": ref_name(items)}
            return {
                "type": ARRAY,
                "items": OBJECT if items.get("type") == "object" else scalar(items),
            }
        if inner.get("type") == "object":
            if name:
                return {"type": OBJECT, "schema": name}
            inside = {key: {"type": scalar(each)} for key, each in inner["properties"].items()}
            return {"type": OBJECT, "fields": inside}
        described: Spec = {"type": scalar(inner)}
        if "enum" in inner:
            described["enum"] = inner["enum"]
        return described

    def fields(self, name: str) -> list[Spec]:
        """List the fields of a schema, with those that are kept of a nested object."""
        found = []
        for key, described in self.described(name).items():
            field: Spec = {"name": key, "type": described["type"]}
            if described["type"] == OBJECT:
                field["sub"] = self._kept_inside(described)
            found.append(field)
        return [*found, UNKNOWN_KEYS]

    def _kept_inside(self, described: Spec) -> dict[str, str]:
        name = described.get("schema", "")
        inside = self.described(name) if name else described["fields"]
        if name in settings.REFERENCES:
            return {"id": inside["id"]["type"]}
        return {
            key: "JSON" if value["type"] in {ARRAY, OBJECT} else value["type"]
            for key, value in inside.items()
        }


def _parent(path: str) -> Spec | None:
    """Read from `contacts/{contact_id}/notes` whose lists these are."""
    owner = re.match(r"(\w+)/\{((\w+)_id)\}/", path)
    if owner is None:
        return None
    resource, parameter, singular = owner.groups()
    return {"resource": resource, "parameter": parameter, "column": f"{singular}__id"}


def _item(document: GrowDocument, path: str) -> Spec:
    """Say where one record is, and what must be sent so that it is as wide as in its list."""
    item = f"{path}/{{id}}"
    operation = document.operation(item)
    if not operation:
        return {"item_path": "", "conditional": False}
    found: Spec = {"item_path": item.strip("/"), "conditional": bool(operation.get("x-etag"))}
    if "include" in document.parameters(item):
        found["item_parameters"] = {"include": ",".join(settings.INCLUDED)}
    return found


def _entry(document: GrowDocument, path: str) -> Spec:
    bare = path.strip("/")
    name = settings.NAMES.get(bare, bare.replace("/", "_"))
    parameters = document.parameters(path)
    schema = document.answer_schema(path)
    described, parent = document.described(schema), _parent(bare)
    entry: Spec = {
        "name": name,
        "path": bare,
        "mode": "child" if parent else "incremental",
        "off": "",
        "schema": schema,
        "key": ["id"],
        "page_size": settings.PAGE_SIZE,
        "updated_since": "updated_since" in parameters,
        "created_since": "created_since" in parameters,
        "ids": "ids[]" in parameters,
        "ids_at_once": parameters.get("ids[]", {}).get("schema", {}).get("maxItems", 0),
        "ordered": False,
        "rises": "id",
        "narrows": False,
        "scope": document.operation(path).get("x-scope") or "",
        "etag": False,
        "updated_at": "updated_at" in described,
        "deletion_marker": "",
        **_item(document, path),
        "parent": parent,
        "extra_parameters": settings.VARIANTS.get(name, {"variants": [{}]}),
        "parameters": described_parameters(parameters, COMMON_PARAMETERS),
        "fields": document.fields(schema),
        "patch": [],
    }
    if settings.REDACTED in described:
        hidden = [name for name in settings.INCLUDED if name in described]
        entry["redaction"] = {"listed_in": settings.REDACTED, "when_null": hidden}
    return {**entry, "leaves": settings.LEAVES[name]} if name in settings.LEAVES else entry


def build(spec: Spec) -> Spec:
    """Build the catalogue of a document, as it is written to `catalog.json`."""
    document = GrowDocument(spec)
    found = sorted((_entry(document, path) for path in document.lists), key=lambda one: one["name"])
    singletons = [
        {**_entry(document, path), "name": name, "mode": "full", "page_size": 1}
        for name, path in settings.SINGLETONS.items()
    ]
    return document.catalog("clio_grow", found, [], singletons)


if __name__ == "__main__":
    write_catalog(
        build(yaml.safe_load(Path(sys.argv[1]).read_text("utf-8"))), Path(__file__).parent
    )
