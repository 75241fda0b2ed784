"""What a request is refused with, in the words, codes and shapes of each product."""

from dataclasses import dataclass

import orjson
from starlette.responses import Response

from . import values
from .switches import Switches

JSON_TYPE = "application/json; charset=utf-8"
HEADERS = {"Content-Type": JSON_TYPE}

TYPES = {
    400: "ArgumentError",
    403: "Forbidden",
    404: "RecordNotFound",
    405: "MethodNotAllowed",
    410: "ApiVersionGone",
    412: "PreconditionFailed",
    422: "ArgumentError",
    429: "RateLimited",
    502: "BadGateway",
}
"""Status → the type in Manage's error body where no other is named."""

WORDS = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    422: "unprocessable_entity",
    429: "too_many_requests",
    500: "internal_server_error",
    503: "service_unavailable",
}
"""Status → the word for it in Grow's error body."""


@dataclass(frozen=True)
class Refusal(Exception):  # noqa: N818 - an answer, not a failure of this program
    """An answer other than 200: its status, its message, and the type that Manage names."""

    status: int
    message: str
    type: str = ""


def invalid_fields(names: list[str]) -> Refusal:
    """Refuse fields that the record does not have."""
    quoted = ", ".join(f"'{name}'" for name in names)
    return Refusal(400, f"The following fields are not valid: {quoted}", "InvalidFields")


def not_found() -> Refusal:
    """Refuse a record that is not there, or that the caller is not to know of."""
    return Refusal(404, "The requested resource was not found")


def forbidden() -> Refusal:
    """Refuse a record that is there, and that the caller may not see."""
    return Refusal(403, "You do not have permission to see this resource")


def json_answer(body: object, status: int = 200) -> Response:
    """Answer with JSON."""
    return Response(values.dump(body), status, HEADERS)


def error_body(type_: str, message: str) -> bytes:
    """Write Manage's error body."""
    return orjson.dumps({"error": {"type": type_, "message": message}})


def refusal(refused: Refusal) -> Response:
    """Turn a refusal into Manage's answer."""
    type_ = refused.type or TYPES[refused.status]
    return Response(error_body(type_, refused.message), refused.status, HEADERS)


def unauthorized(description: str) -> Response:
    """Answer 401 as Manage does."""
    body = {"error": "invalid_token", "error_description": description}
    challenge = f'Bearer realm="Clio", error="invalid_token", error_description="{description}"'
    return Response(values.dump(body), 401, {**HEADERS, "WWW-Authenticate": challenge})


def oauth_error(error: str, description: str, status: int = 400) -> Response:
    """Refuse in the shape that OAuth has."""
    return json_answer({"error": error, "error_description": description}, status)


def gateway(status: int, message: str) -> Response:
    """Answer as the gateway that stands before Grow."""
    return json_answer({"message": message}, status)


def grow_error(status: int, message: str, switches: Switches) -> Response:
    """Answer with Grow's error body."""
    shown = str(status) if switches.grow_error_status == "code" else WORDS.get(status, str(status))
    return json_answer({"error": {"status": shown, "message": message}}, status)


def grow_too_many(wait: int, switches: Switches) -> Response:
    """Answer 429; by default the gateway does, and says nothing more."""
    if switches.grow_429_body == "error":
        response = grow_error(429, "Too Many Requests", switches)
    else:
        response = gateway(429, "Too Many Requests")
    if switches.grow_retry_after:
        response.headers["Retry-After"] = str(wait)
    return response


def grow_shape(response: Response, switches: Switches) -> Response:
    """Return the answer of a fault in Grow's shape, where it has that of Manage."""
    try:
        body = orjson.loads(bytes(response.body))
        error = body["error"]
        message = str(error["message"] if isinstance(error, dict) else body["error_description"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return response
    if response.status_code == 429:
        shaped = grow_too_many(1, switches)
    else:
        shaped = grow_error(response.status_code, message, switches)
    own = {"content-length", "content-type"}
    shaped.headers.update({name: v for name, v in response.headers.items() if name not in own})
    return shaped
