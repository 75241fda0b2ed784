"""Build `catalog.json` from Clio's OpenAPI document.

    python -m sources.clio_manage.build_catalog OPENAPI.json

The document is corrected by `spec_corrections.json` first; what Clio's document cannot say
comes from `settings.toml`.
"""

import json
import re
import sys
from copy import deepcopy
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from sources import openapi
from sources.clio_http.catalog import ARRAY, OBJECT, ORDER, SCALAR_TYPES
from sources.openapi import Document, Spec, described_parameters, ref_name, write_catalog

from . import settings

_NESTED_ORDER = re.compile(r"`id` is ordered by the `id` of the nested (\w+) record")
DELETION_MARKERS = ("deleted_at", "deleted", "voided_at")


class CorrectionNotNeededError(ValueError):
    """The document no longer says what this correction corrects."""


def corrections() -> list[Spec]:
    """Read the corrections: pointer, what the document says, what is right, and the source."""
    text = files("sources").joinpath("clio_manage", "spec_corrections.json").read_text("utf-8")
    entries: list[Spec] = json.loads(text)
    return entries


def correct(document: Spec, entries: list[Spec]) -> Spec:
    """Return a copy of the document with every correction applied.

    Raises:
        CorrectionNotNeededError: an entry's `was` is not what the document says.
    """
    corrected = deepcopy(document)
    for entry in entries:
        *parents, last = entry["pointer"].removeprefix("/").split("/")
        place = corrected
        for part in parents:
            place = place[part.replace("~1", "/").replace("~0", "~")]
        if place.get(last) != entry["was"]:
            raise CorrectionNotNeededError(entry["pointer"])
        place[last] = entry["becomes"]
    return corrected


def _scalar(name: str, schema: Spec) -> str:
    if schema.get("type") == "number":
        return "DOUBLE" if name in settings.DOUBLES else "DECIMAL"
    return openapi.scalar(schema)


class ManageDocument(Document):
    """Clio's OpenAPI document, corrected, with the questions that the catalogue asks of it."""

    @cached_property
    def collection_schemas(self) -> frozenset[str]:
        """Name the schemas that are collections of their own, as records and as nested copies."""
        names = {self.answer_schema(path) for path in self.lists}
        return frozenset(names | {f"{name}_base" for name in names}) - settings.VALUES

    def described(self, name: str) -> Spec:
        """Describe a schema in the catalogue's words: field → type, with enum or nested schema."""
        properties = self.properties(self.schemas[name])
        readable = {key: value for key, value in properties.items() if not key.startswith("_")}
        return {key: self._describe(key, value) for key, value in readable.items()}

    def _describe(self, name: str, schema: Spec) -> Spec:
        if "$ref" in schema:
            return {"type": OBJECT, "schema": ref_name(schema)}
        if schema.get("type") == "array":
            items = schema["items"]
            if "$ref" in items:
                return {"type": ARRAY, "schema": ref_name(items)}
            return {"type": ARRAY, "items": _scalar(name, items)}
        described: Spec = {"type": _scalar(name, schema)}
        if "enum" in schema:
            described["enum"] = schema["enum"]
        return described

    def requested(self, name: str) -> list[Spec]:
        """List the fields that are asked for of a schema, nested ones with what is asked inside."""
        fields = []
        for key, described in self.described(name).items():
            if key in settings.UPLOAD_ONLY:
                continue
            field = {"name": key, "type": described["type"]}
            if "schema" in described:
                field["sub"] = self._requested_inside(described["schema"], described["type"])
            fields.append(field)
        return fields

    def _requested_inside(self, name: str, container: str) -> dict[str, str]:
        inside = self.described(name)
        if name in settings.POLYMORPHIC:
            return {key: inside[key]["type"] for key in settings.POLYMORPHIC[name]}
        if name in self.collection_schemas and "id" in inside:
            return {"id": inside["id"]["type"]}
        return {
            key: "JSON" if container == OBJECT and value["type"] == ARRAY else value["type"]
            for key, value in inside.items()
            if key not in settings.UPLOAD_ONLY
            if value["type"] in SCALAR_TYPES or value["type"] == ARRAY or container == ARRAY
        }

    def patchable(self, path: str) -> list[Spec]:
        """List the fields that PATCH accepts at an item path, with their types."""
        operation = self.operation(path, "patch")
        if not operation:
            return []
        body = operation["requestBody"]["content"]["application/json"]["schema"]
        data = self.properties(self.properties(body)["data"])
        return [self._patch_field(name, schema) for name, schema in data.items()]

    def _patch_field(self, name: str, schema: Spec) -> Spec:
        field: Spec = {"name": name, "type": _scalar(name, schema)}
        inner = schema.get("items", schema) if schema.get("type") == "array" else schema
        if schema.get("type") in {"array", "object"}:
            field["type"] = ARRAY if schema["type"] == "array" else OBJECT
            sub = {key: _scalar(key, value) for key, value in self.properties(inner).items()}
            field["sub"] = sub
        return field


def _mode(name: str, *, updated_since: bool) -> str:
    if name in settings.NOT_LOADED:
        return "none"
    if name in settings.PARENTS:
        return "child"
    return "incremental" if updated_since else "full"


def _order(parameter: Spec | None) -> Spec:
    """Say which orders a list documents, and which column rises where it is asked for `id(asc)`.

    A list without the parameter promises nothing. Of two lists the prose says that `id` means the
    id of another record that is nested in the row.
    """
    if parameter is None:
        return {"rises": ""}
    orders = list(parameter["schema"].get("enum", ()))
    nested = _NESTED_ORDER.search(parameter.get("description", ""))
    column = f"{nested.group(1).lower()}__id" if nested else "id"
    return {"orders": orders, "rises": "" if orders and ORDER not in orders else column}


def _strip(path: str) -> str:
    return path.removeprefix("/").removesuffix(".json")


def _entry(document: ManageDocument, path: str) -> Spec:
    bare = _strip(path)
    name = settings.NAMES.get(bare, bare.replace("/", "_"))
    parameters = document.parameters(path)
    schema = document.answer_schema(path)
    readable = document.described(schema)
    item_path = path.removesuffix(".json") + "/{id}.json"
    return {
        "name": name,
        "path": bare,
        "mode": _mode(name, updated_since="updated_since" in parameters),
        "off": settings.NOT_LOADED.get(name) or settings.OFF_BY_DEFAULT.get(name, ""),
        "schema": schema,
        "key": list(settings.KEYS.get(name, ("id",))),
        **({"stands_for": settings.STAND_INS[name]} if name in settings.STAND_INS else {}),
        "page_size": settings.PAGE_SIZES.get(name, settings.PAGE_SIZE),
        "updated_since": "updated_since" in parameters,
        "created_since": "created_since" in parameters,
        "ids": "ids[]" in parameters,
        "ordered": "order" in parameters,
        **_order(parameters.get("order")),
        "etag": "etag" in readable,
        "updated_at": "updated_at" in readable,
        "deletion_marker": next((marker for marker in DELETION_MARKERS if marker in readable), ""),
        "item_path": _strip(item_path) if document.operation(item_path) else "",
        "conditional": "IF-NONE-MATCH" in document.parameters(item_path),
        "parent": settings.PARENTS.get(name),
        "extra_parameters": settings.WIDEST.get(name, {"variants": [{}]}),
        "parameters": described_parameters(parameters, settings.COMMON_PARAMETERS),
        "fields": document.requested(schema),
        "patch": document.patchable(item_path),
        **({"redaction": settings.HIDDEN[name]} if name in settings.HIDDEN else {}),
    }


def _derived(entries: dict[str, Spec]) -> list[Spec]:
    derived = []
    for name, chosen in settings.DERIVED.items():
        entry, mode = deepcopy(entries[chosen["base"]]), chosen["mode"]
        wanted = chosen.get("fields", [field["name"] for field in entry["fields"]])
        kept = [field for field in entry["fields"] if field["name"] in wanted]
        entry.update(name=name, mode=mode, off="", patch=[], item_path="", fields=kept)
        variants = [chosen.get("parameters", {})]
        entry["extra_parameters"] = {"variants": variants, "reason": chosen["reason"]}
        entry["updated_since"] = entry["created_since"] = False
        entry["etag"] = entry["conditional"] = False
        entry["deletion_marker"] = ""
        entry.pop("redaction", None)
        entry["updated_at"] = "updated_at" in wanted
        if mode == "daily":
            entry["key"] = ["day", *entry["key"]]
        derived.append(entry)
    return derived


def build(openapi: Spec, entries: list[Spec] | None = None) -> Spec:
    """Build the catalogue of Clio's OpenAPI document, as it is written to `catalog.json`."""
    document = ManageDocument(correct(openapi, corrections() if entries is None else entries))
    found = [_entry(document, path) for path in document.lists]
    found.sort(key=lambda entry: str(entry["name"]))
    alone = {"mode": "full", "ordered": False, "rises": "", "page_size": 1}
    singletons = [
        {**_entry(document, path), "name": name, **alone}
        for name, path in settings.SINGLETONS.items()
    ]
    derived = _derived({entry["name"]: entry for entry in found})
    return document.catalog("clio_manage", found, derived, singletons)


if __name__ == "__main__":
    write_catalog(build(json.loads(Path(sys.argv[1]).read_text("utf-8"))), Path(__file__).parent)
