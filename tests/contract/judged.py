"""Clio's document as a validating proxy judges by it.

Its paths stand below the address of the API, and values may be null, as the list of exceptions
says. Everything else is as Clio wrote it.
"""

from collections.abc import Mapping
from typing import Any

from tests.contract.exceptions import NEVER_EMPTY

BASE = "/api/v4"


def judged(openapi: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with its paths below the API's address and values that may be null."""
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
    """Return an operation whose body may hold null; JSON is the only kind that is sent."""
    if "requestBody" not in operation:
        return dict(operation)
    body = operation["requestBody"]
    schema = nullable(body["content"]["application/json"]["schema"])
    content = {"application/json": {"schema": schema}}
    return {**operation, "requestBody": {**body, "content": content}}


def nullable(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Let a value and all in it be null, but for what the document requires or says cannot be.

    An enumeration stays as it is: Prism adds the null to it, and lets any body pass whose schema it
    cannot read, as one with the same choice twice.
    """
    if "$ref" in schema:
        return dict(schema)
    found = {**schema}
    required = schema.get("required", ())
    if not required and NEVER_EMPTY not in schema.get("description", ""):
        found["nullable"] = True
    if "properties" in schema:
        members = {name: nullable(each) for name, each in schema["properties"].items()}
        for name in required:
            members[name].pop("nullable", None)
        found["properties"] = members
    if "allOf" in schema:
        found["allOf"] = [nullable(each) for each in schema["allOf"]]
    if "items" in schema:
        found["items"] = nullable(schema["items"])
    return found
