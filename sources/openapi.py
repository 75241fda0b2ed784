"""The questions that every catalogue asks of an OpenAPI document."""

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, TypeAlias

Spec: TypeAlias = dict[str, Any]

SCALARS = {
    ("boolean", ""): "BOOLEAN",
    ("integer", ""): "BIGINT",
    ("string", ""): "VARCHAR",
    ("string", "date"): "DATE",
    ("string", "date-time"): "TIMESTAMPTZ",
}
"""(type, format) of a scalar → type of its column; a format that is not here says nothing."""


def ref_name(schema: Spec) -> str:
    """Name what a schema refers to; empty if it stands for itself."""
    ref: str = schema.get("$ref", "")
    return ref.rsplit("/", 1)[-1]


def scalar(schema: Spec) -> str:
    """Return the column type of a scalar other than a plain number."""
    kind, form = schema.get("type", ""), schema.get("format", "")
    return SCALARS.get((kind, form)) or SCALARS.get((kind, ""), "VARCHAR")


def described_parameters(parameters: dict[str, Spec], common: frozenset[str]) -> Spec:
    """Describe parameters in the catalogue's words, without those that lists have in common."""
    return {name: _parameter(each) for name, each in parameters.items() if name not in common}


def _parameter(entry: Spec) -> Spec:
    schema = entry.get("schema", {})
    described: Spec = {"in": entry["in"], "type": schema.get("type", "string")}
    described.update({key: schema[key] for key in ("format", "enum") if key in schema})
    if entry.get("required"):
        described["required"] = True
    return described


class Document(ABC):
    """An OpenAPI document of a product's API."""

    def __init__(self, spec: Spec) -> None:
        """Keep the document."""
        self.spec = spec
        self.schemas: dict[str, Spec] = spec["components"]["schemas"]

    def properties(self, schema: Spec) -> dict[str, Spec]:
        """Return all properties of a schema, following references and `allOf`."""
        if "$ref" in schema:
            return self.properties(self.schemas[ref_name(schema)])
        merged: dict[str, Spec] = {}
        for part in schema.get("allOf", ()):
            merged.update(self.properties(part))
        merged.update(schema.get("properties", {}))
        return merged

    def operation(self, path: str, method: str = "get") -> Spec:
        """Return what stands of a method at a path; empty where there is none."""
        found: Spec = self.spec["paths"].get(path, {}).get(method, {})
        return found

    def parameters(self, path: str) -> dict[str, Spec]:
        """Return the parameters of GET at a path by name, path parameters under `{name}`."""
        shared = self.spec["components"].get("parameters", {})
        of_path = self.spec["paths"].get(path, {}).get("parameters", ())
        found = {}
        for given in (*of_path, *self.operation(path).get("parameters", ())):
            entry = shared[ref_name(given)] if "$ref" in given else given
            found[f"{{{entry['name']}}}" if entry["in"] == "path" else entry["name"]] = entry
        return found

    @property
    def lists(self) -> list[str]:
        """Return the path of every list: its GET takes a page token."""
        return [path for path in self.spec["paths"] if "page_token" in self.parameters(path)]

    def answer_schema(self, path: str) -> str:
        """Name the schema of the records that GET answers with at a path."""
        (content,) = self.operation(path)["responses"]["200"]["content"].values()
        data = self.properties(content["schema"])["data"]
        return ref_name(data.get("items", data))

    @abstractmethod
    def described(self, name: str) -> Spec:
        """Describe a schema in the catalogue's words: field → type, with enum or nested schema."""

    def catalog(
        self, source: str, found: list[Spec], derived: list[Spec], singletons: list[Spec]
    ) -> Spec:
        """Return the catalogue of some entries, with every schema that they lead to."""
        schemas: dict[str, Spec] = {}
        waiting = sorted({entry["schema"] for entry in [*found, *singletons]})
        while waiting:
            name = waiting.pop()
            if name not in schemas:
                schemas[name] = self.described(name)
                waiting += [each["schema"] for each in schemas[name].values() if "schema" in each]
        return {
            "source": source,
            "collections": found,
            "derived": derived,
            "singletons": singletons,
            "schemas": dict(sorted(schemas.items())),
        }


def write_catalog(catalog: Spec, folder: Path) -> None:
    """Write a catalogue beside the source that it belongs to."""
    text = json.dumps(catalog, indent=1, ensure_ascii=False) + "\n"
    (folder / "catalog.json").write_text(text, "utf-8")
