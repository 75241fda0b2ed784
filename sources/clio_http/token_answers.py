"""What Clio's sign-in answers: tokens, an error that it names, or nothing that can be used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson

from sources.errors import (
    AnswerLostError,
    ClioError,
    ConfigurationError,
    GrantRefusedError,
    RateLimitedError,
    RequestRefusedError,
    SignInNeededError,
)

from .exchange import RawAnswer
from .secret import Secret, register_secret
from .statuses import TOO_MANY, is_temporary

FromAuthlib: TypeAlias = Any
"""A value of Authlib, which has no types."""
GOOD = range(200, 300)
_NAMED = frozenset({400, 401})
_KNOWN = ("access_token", "expires_in", "refresh_token", "scope", "token_type", "error")
_UNKNOWN_APPLICATION = frozenset({"invalid_client", "unauthorized_client"})
_SAID = frozenset({"invalid_request", "invalid_scope", "unsupported_grant_type"})


@dataclass(frozen=True)
class Grant:
    """What Clio gave for a code or a refresh token; `expires_in` is in seconds, None if not said.

    After a refresh `refresh_token` is the one that was sent where Clio gave no new one.
    """

    access_token: Secret
    refresh_token: Secret | None
    expires_in: int | None
    scope: str


class RefusedError(Exception):
    """What Authlib raises for an error that the server names."""

    def __init__(self, error: object = None, description: object = None) -> None:
        """Keep the error's name, and not its description, which may hold what was sent."""
        del description
        super().__init__()
        self.error = error if isinstance(error, str) else ""


class AuthlibSession:
    """What Authlib sends its requests with."""

    def __init__(self, post: Callable[[str, str, Mapping[str, str]], RawAnswer]) -> None:
        """Take what sends a body and headers to an address."""
        self._send = post

    def post(
        self, url: str, *, data: Mapping[str, str], headers: FromAuthlib, auth: FromAuthlib
    ) -> "TokenResponse":
        """Send a form, signed in the way that Authlib was told."""
        url, headers, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        return TokenResponse(self._send(url, body, headers))


class TokenResponse:
    """An answer as Authlib reads one."""

    def __init__(self, raw: RawAnswer) -> None:
        """Take the answer."""
        self.raw = raw
        self.status_code = raw.status

    def json(self) -> dict[str, Any]:
        """Return what is known of a token answer; a lifetime that is no number is left out."""
        answered = _parsed(self.raw.body)
        known = {name: answered[name] for name in _KNOWN if answered.get(name) is not None}
        if not str(known.get("expires_in", "")).isdecimal():
            known.pop("expires_in", None)
        return known


def usable(answer: RawAnswer) -> RawAnswer:
    """Return an answer that the protocol can read.

    Raises:
        AnswerLostError: the server failed, and may have done what was asked or not.
        ClioError: the server did not do it.
    """
    message = f"Clio's sign-in answered with {answer.status}"
    if is_temporary(answer.status):
        raise AnswerLostError(message)
    if answer.status == TOO_MANY:
        raise RateLimitedError(message)
    named = answer.status in _NAMED and isinstance(_parsed(answer.body).get("error"), str)
    if answer.status not in GOOD and not named:
        raise RequestRefusedError(message)
    return answer


def grant_of(token: Mapping[str, Any]) -> Grant:
    """Read the tokens out of an answer.

    Raises:
        AnswerLostError: they are not there; what was sent may be used up all the same.
    """
    access, refresh = token.get("access_token"), token.get("refresh_token")
    if not _is_token(access) or not (refresh is None or _is_token(refresh)):
        message = "the answer of Clio's sign-in holds no usable token"
        raise AnswerLostError(message)
    seconds = token.get("expires_in")
    return Grant(
        access_token=registered(str(access)),
        refresh_token=None if refresh is None else registered(str(refresh)),
        expires_in=None if seconds is None else int(seconds),
        scope=str(token.get("scope", "")),
    )


def code_in(address: str, state: Secret) -> Secret:
    """Read the code out of the address that Clio sent the browser back to.

    Raises:
        SignInNeededError: it holds none, or answers another sign-in, or was not allowed.
    """
    try:
        given = {name: values[-1] for name, values in parse_qs(urlsplit(address).query).items()}
    except ValueError:
        given = {}
    answers = given.get("state") == state.reveal()
    if answers and "error" in given:
        raise meaning(given["error"], "")
    if not answers or "code" not in given:
        message = "this address does not answer the sign-in that is waiting"
        raise SignInNeededError(message)
    return registered(given["code"])


def meaning(error: str, product: str) -> ClioError:
    """Return what an error that the server names means; another's words are never repeated."""
    if error == "invalid_grant":
        return GrantRefusedError()
    if error == "access_denied":
        return SignInNeededError("the sign-in was not allowed in Clio")
    if error in _UNKNOWN_APPLICATION:
        named = f"sources.{product}.client_id and client_secret"
        return ConfigurationError(f"Clio does not know the application ({error}): see {named}")
    reason = error if error in _SAID else "for a reason that is not known"
    return ConfigurationError(f"Clio refused the sign-in: {reason}")


def registered(text: str) -> Secret:
    """Hold a value as a secret that no log line shows."""
    secret = Secret(text)
    register_secret(secret)
    return secret


def _is_token(value: object) -> bool:
    return isinstance(value, str) and bool(value) and all("!" <= char <= "~" for char in value)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        parsed: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        parsed = None
    return parsed if isinstance(parsed, dict) else {}
