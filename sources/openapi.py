"""The questions that every catalogue asks of an OpenAPI document."""

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


def properties(schemas: Spec, schema: Spec) -> dict[str, Spec]:
    """Return all properties of a schema, following references and `allOf`."""
    if "$ref" in schema:
        return properties(schemas, schemas[ref_name(schema)])
    merged: dict[str, Spec] = {}
    for part in schema.get("allOf", ()):
        merged.update(properties(schemas, part))
    merged.update(schema.get("properties", {}))
    return merged


def scalar(schema: Spec) -> str:
    """Return the column type of a scalar other than a plain number."""
    kind, form = schema.get("type", ""), schema.get("format", "")
    return SCALARS.get((kind, form)) or SCALARS.get((kind, ""), "VARCHAR")


def described_parameter(entry: Spec) -> Spec:
    """Describe a parameter in the catalogue's words."""
    schema = entry.get("schema", {})
    described: Spec = {"in": entry["in"], "type": schema.get("type", "string")}
    described.update({key: schema[key] for key in ("format", "enum") if key in schema})
    if entry.get("required"):
        described["required"] = True
    return described
