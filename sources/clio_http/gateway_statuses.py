"""What a status means that came through the Maton gateway: its own refusals, and Clio's.

The gateway documents 400 for a missing connection, 401 for its key and 404, and that it passes on
what Clio answers. Its own words are not documented; Clio's refusals have an `error` in their body.
"""

import re
from collections.abc import Mapping

from sources.errors import (
    ClioError,
    CollectionGoneError,
    GatewayConnectionError,
    GatewayKeyError,
    MissingScopeError,
    NotPassedOnError,
    RequestRefusedError,
    SignInNeededError,
    UnavailableError,
    VersionRetiredError,
)

from .statuses import RequestContext, error_for, explanation

_BAD_REQUEST = 400
_OF_THE_KEY = re.compile(r"maton|api.?key", re.IGNORECASE)
_HINTS: Mapping[type[ClioError], str] = {
    MissingScopeError: (
        "The other collections are not affected. The gateway's connection does not cover this one:"
        " connect anew with clio-sync auth connections create, as somebody who may see it, then run"
        " clio-sync load again."
    ),
    UnavailableError: (
        "What is stored stays as it is. Clio or the Maton gateway is in trouble. Run the same"
        " command again later."
    ),
}
"""What to do next where that differs from what is said without a gateway."""


def gateway_error_for(status: int, body: bytes, location: str, asked: RequestContext) -> ClioError:
    """Return the error that an answer other than 200 means, if it came through the gateway."""
    error = error_for(status, body, location, asked)
    kind, text = explanation(body)
    of_clio = bool(kind) and not _OF_THE_KEY.search(f"{kind} {text}")
    said = f"GET {asked.template} was answered with {status}"
    if isinstance(error, SignInNeededError):
        if of_clio:
            message = f"{said} through the Maton gateway: Clio refused the connection's sign-in"
            return GatewayConnectionError(message)
        return GatewayKeyError(f"{said} by the Maton gateway: the API key was not taken")
    if status == _BAD_REQUEST and isinstance(error, RequestRefusedError) and not of_clio:
        message = f"{said} by the Maton gateway: there is no connection to Clio that can be used"
        return GatewayConnectionError(message)
    if isinstance(error, CollectionGoneError | VersionRetiredError) and not of_clio:
        # nothing is known of Clio's record, so it must not pass for a deleted one
        return NotPassedOnError(f"{said} by the Maton gateway, and not by Clio")
    error.hint = _HINTS.get(type(error), error.hint)
    return error
