"""Clio's response schemas as JSON Schema that refuses what Clio does not describe.

Two rules are added to Clio's document, and only these: every property may be null (the document
declares nothing nullable, yet says in prose which fields can be empty), and a record may hold no
property that the document does not name.
"""

import re
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

FORMATS = FormatChecker(formats=())
DAY = r"\d{4}-\d{2}-\d{2}"


@FORMATS.checks("date")  # type: ignore[untyped-decorator]
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(DAY, value) is not None


@FORMATS.checks("date-time")  # type: ignore[untyped-decorator]
def _is_moment(value: object) -> bool:
    moment = rf"{DAY}T\d{{2}}:\d{{2}}:\d{{2}}(\.\d+)?(Z|[+-]\d{{2}}:\d{{2}})"
    return not isinstance(value, str) or re.fullmatch(moment, value) is not None


class Schemas:
    """Validators made of one document."""

    def __init__(self, openapi: dict[str, Any]) -> None:
        """Turn every schema of the document into a strict one."""
        self.openapi = openapi
        self.raw = openapi["components"]["schemas"]
        self.strict = {name: self._object(schema) for name, schema in self.raw.items()}

    def answer(self, path: str, method: str = "get", status: str = "200") -> Draft202012Validator:
        """Return the validator of what is answered at a path of the document."""
        content = self.openapi["paths"][path][method]["responses"][status]["content"]
        (described,) = content.values()
        return self._validator(described["schema"])

    def record(self, name: str) -> Draft202012Validator:
        """Return the validator of `{"data": record}`, for paths that the document leaves out."""
        data = {"$ref": f"#/components/schemas/{name}"}
        return self._validator({"type": "object", "properties": {"data": data}})

    def _validator(self, described: dict[str, Any]) -> Draft202012Validator:
        properties = self._properties(described) | {"meta": {"type": "object"}}
        schema = {
            "type": "object",
            "required": ["data"],
            "properties": {name: self._property(value) for name, value in properties.items()},
            "additionalProperties": False,
            "$defs": self.strict,
        }
        return Draft202012Validator(schema, format_checker=FORMATS)

    def _properties(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in schema:
            return self._properties(self.raw[schema["$ref"].rsplit("/", 1)[-1]])
        merged: dict[str, Any] = {}
        for part in schema.get("allOf", ()):
            merged |= self._properties(part)
        merged.update(schema.get("properties", {}))
        return merged

    def _object(self, schema: dict[str, Any]) -> dict[str, Any]:
        properties = self._properties(schema)
        return {
            "type": ["object", "null"],
            "properties": {name: self._property(value) for name, value in properties.items()},
            "additionalProperties": False,
        }

    def _property(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in schema:
            return {"$ref": "#/$defs/" + schema["$ref"].rsplit("/", 1)[-1]}
        if schema.get("type") == "array":
            return {"type": ["array", "null"], "items": self._property(schema["items"])}
        if "properties" in schema or "allOf" in schema:
            return self._object(schema)
        strict: dict[str, Any] = {}
        if "type" in schema:
            strict["type"] = [schema["type"], "null"]
        if "enum" in schema:
            strict["enum"] = [*schema["enum"], None]
        if "format" in schema:
            strict["format"] = schema["format"]
        return strict
