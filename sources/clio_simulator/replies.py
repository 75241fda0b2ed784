"""Answers of refusal, in Clio's own shapes."""

import orjson
from starlette.responses import Response

from .errors import Refusal

JSON_TYPE = "application/json; charset=utf-8"


def error_body(type_: str, message: str) -> bytes:
    """Write Clio's error body."""
    return orjson.dumps({"error": {"type": type_, "message": message}})


def refusal(refused: Refusal) -> Response:
    """Turn a refusal into Clio's answer."""
    body = error_body(refused.type, refused.message)
    return Response(body, refused.status, {"Content-Type": JSON_TYPE})


def unauthorized(description: str) -> Response:
    """Answer 401."""
    body = orjson.dumps({"error": "invalid_token", "error_description": description})
    challenge = f'Bearer realm="Clio", error="invalid_token", error_description="{description}"'
    return Response(body, 401, {"Content-Type": JSON_TYPE, "WWW-Authenticate": challenge})
