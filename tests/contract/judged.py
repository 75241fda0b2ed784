"""Clio's document as a validating proxy judges by it.

What is changed is what the whole document says in prose and not in its schemas, and the paths: the
document's stand below the address of the API. Everything else is as Clio wrote it.
"""

from collections.abc import Mapping
from typing import Any

BASE = "/api/v4"
NEVER_EMPTY = "The keyword `null` is not valid"
"""So the document says of a field that cannot be emptied; of no other does it say so."""


def judged(openapi: Mapping[str, Any]) -> dict[str, Any]:
    """Give the document with its paths below the API's address, and fields that may be empty.

    No schema of the document declares a field that may be null, though its prose names many; what
    may not be sent as null, the prose says too.
    """
    paths = {BASE + path: operations for path, operations in openapi["paths"].items()}
    known = openapi["components"]["schemas"]
    schemas = {name: nullable(schema) for name, schema in known.items()}
    return {
        **openapi,
        "servers": [{"url": "/"}],
        "paths": {path: _operations(found) for path, found in paths.items()},
        "components": {"schemas": schemas},
    }


def _operations(operations: Mapping[str, Any]) -> dict[str, Any]:
    return {method: _with_bodies(operation) for method, operation in operations.items()}


def _with_bodies(operation: Mapping[str, Any]) -> dict[str, Any]:
    """Give an operation whose body may hold null; JSON is the only kind that is sent."""
    if "requestBody" not in operation:
        return dict(operation)
    body = operation["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    inner = {name: nullable(value) for name, value in schema["properties"].items()}
    content = {"application/json": {"schema": {**schema, "properties": inner}}}
    return {**operation, "requestBody": {**body, "content": content}}


def nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Let a value and all in it be null, but for what the document says cannot be."""
    if "$ref" in schema:
        return dict(schema)
    found = {**schema}
    if NEVER_EMPTY not in schema.get("description", ""):
        found["nullable"] = True  # of an enumeration too: Prism adds the null to it
    for name in ("properties",):
        if name in schema:
            found[name] = {each: nullable(inner) for each, inner in schema[name].items()}
    if "allOf" in schema:
        found["allOf"] = [nullable(each) for each in schema["allOf"]]
    if "items" in schema:
        found["items"] = nullable(schema["items"])
    return found
