"""What Grow refuses, and how it says so."""

import orjson
from starlette.responses import Response

from . import values
from .errors import Refusal
from .replies import JSON_TYPE
from .switches import Switches

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
"""Status → the word for it in an error body."""


def refused(status: int, message: str) -> Refusal:
    """Refuse a request."""
    return Refusal(status, WORDS[status], message)


def bad_request(message: str) -> Refusal:
    """Refuse a request with a parameter that cannot be served."""
    return refused(400, message)


def not_found() -> Refusal:
    """Refuse a record or a path that is not there."""
    return refused(404, "The requested resource was not found")


def missing_scope(scope: str) -> Refusal:
    """Refuse for want of a scope, which is named as its older texts do: without the prefix."""
    return refused(403, f"Missing required scope: {scope.removeprefix('grow_')}")


def answer(status: int, message: str, switches: Switches) -> Response:
    """Give Grow's error body."""
    shown = str(status) if switches.grow_error_status == "code" else WORDS.get(status, str(status))
    body = {"error": {"status": shown, "message": message}}
    return Response(values.dump(body), status, {"Content-Type": JSON_TYPE})


def gateway(status: int, message: str) -> Response:
    """Give the body of the gateway that stands before Grow."""
    return Response(values.dump({"message": message}), status, {"Content-Type": JSON_TYPE})


def too_many(wait: int, switches: Switches) -> Response:
    """Answer 429; by default the gateway does, and says nothing more."""
    if switches.grow_429_body == "error":
        response = answer(429, "Too Many Requests", switches)
    else:
        response = gateway(429, "Too Many Requests")
    if switches.grow_retry_after:
        response.headers["Retry-After"] = str(wait)
    return response


def own_shape(response: Response, switches: Switches) -> Response:
    """Give the answer of a fault in Grow's shape, where it has that of Manage."""
    message = _message(response)
    if message is None:
        return response
    if response.status_code == 429:
        shaped = too_many(1, switches)
    else:
        shaped = answer(response.status_code, message, switches)
    ours = {"content-length", "content-type"}
    shaped.headers.update({name: v for name, v in response.headers.items() if name not in ours})
    return shaped


def _message(response: Response) -> str | None:
    try:
        body = orjson.loads(bytes(response.body))
        error = body["error"]
        return str(error["message"] if isinstance(error, dict) else body["error_description"])
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
