"""What each HTTP status means: the one place where Clio's refusals become our errors."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from sources.errors import (
    ClioError,
    CollectionGoneError,
    FieldsRefusedError,
    MissingScopeError,
    PageTokenRefusedError,
    ParameterRefusedError,
    RecordChangedError,
    RedirectRefusedError,
    RequestRefusedError,
    SignInNeededError,
    UnavailableError,
    UnreadableAnswerError,
    VersionRetiredError,
)

from .hosts import GATEWAY_HOSTS, LOOPBACK_HOSTS, host_of, region_of, template
from .refusals import refused_parameters, sentence
from .refused_fields import refused_fields

OK = 200
TOO_MANY = 429
_BAD_REQUEST = 400
_FORBIDDEN = 403
_TIMEOUT = 408
_SERVER_ERROR = 500
_MEANINGS: dict[int, type[ClioError]] = {
    401: SignInNeededError,
    404: CollectionGoneError,
    410: VersionRetiredError,
    412: RecordChangedError,
}
REDIRECTS = range(300, 400)
_TOKEN_REFUSALS = frozenset({400, 410, 422})
_PAGE_TOKEN = re.compile(r"page.?token", re.IGNORECASE)
_LOGIN = re.compile(
    r"log_?in|sign_?in|session|oauth|authorize|[/.](?:auth|account)\.", re.IGNORECASE
)
# Only names from Clio's own lists are repeated: a message may also name a client.
_SCOPE = re.compile(
    r"\b[a-z_]{2,40}:(?:read|write)\b|"
    r"\b(?:grow_)?(?:contact|contact_note|custom_action|custom_field|lead_inbox|lead_inbox_all|"
    r"location|matter|matter_note|matter_type|user)_(?:read|write)\b"
)
_PERMISSIONS = re.compile(
    r"\b(?:Accounting|Activities|Billing|Calendars|Clio Payments|Communications|Contacts|"
    r"Court rules|Custom actions|Custom fields|Documents|Grants|Matters|Payment distributions|"
    r"Personal injury|Reporting|Settings|Tasks|Users|Webhooks)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class RequestContext:
    """What was asked for, as far as an error may tell of it."""

    path: str
    params: Sequence[tuple[str, str]] = ()

    @property
    def template(self) -> str:
        """Return the path without ids."""
        return template(self.path)

    @property
    def fields(self) -> str:
        """Return the `fields` parameter, empty if none was sent."""
        return next((value for name, value in self.params if name == "fields"), "")

    @property
    def sent_page_token(self) -> bool:
        """Tell whether a page token was sent."""
        return any(name == "page_token" and value for name, value in self.params)


def is_temporary(status: int) -> bool:
    """Tell whether the same request may succeed a little later."""
    return status == _TIMEOUT or status >= _SERVER_ERROR


def error_for(status: int, body: bytes, location: str, asked: RequestContext) -> ClioError:
    """Return the error that an answer other than 200 means."""
    message = f"GET {asked.template} was answered with {status}"
    if status < REDIRECTS.start or is_temporary(status):
        return (UnavailableError if is_temporary(status) else UnreadableAnswerError)(message)
    if status in REDIRECTS:
        return _redirect(message, location)
    kind, text = explanation(body)
    if status in _TOKEN_REFUSALS and asked.sent_page_token and _PAGE_TOKEN.search(text):
        return PageTokenRefusedError(f"{message}: the page token was refused")
    if status == _FORBIDDEN:
        return MissingScopeError(f"{message}{_scope(text)}")
    if status in _MEANINGS:
        return _MEANINGS[status](message)
    return _refused(status, message, kind, text, asked)


def _refused(status: int, message: str, kind: str, text: str, asked: RequestContext) -> ClioError:
    """Say what of a request Clio did not take, as far as its own words tell."""
    fields = refused_fields(text, asked.fields, kind) if status == _BAD_REQUEST else ()
    parameters = refused_parameters(text, asked.params)
    about_fields = kind == "InvalidFields" or re.search("field", text, re.IGNORECASE)
    if kind == "InvalidFields" or (fields and (about_fields or not parameters)):
        named = ", ".join(fields) or "not named"
        return FieldsRefusedError(f"{message}: fields refused: {named}", fields)
    names = [asked.fields, *(name for name, _ in asked.params)]
    told = sentence(kind, text, names)
    message = f"{message}: {told}" if told else message
    if parameters:
        return ParameterRefusedError(message, parameters, fields)
    return RequestRefusedError(message)


def _redirect(message: str, location: str) -> ClioError:
    host = host_of(location)
    known = LOOPBACK_HOSTS | GATEWAY_HOSTS
    of_clio = not host or host in known or bool(region_of(host)) or host.endswith(".clio.com")
    if of_clio and _LOGIN.search(location.partition("?")[0]):
        named = host or "a path of its own"
        return MissingScopeError(f"{message}: it points to the sign-in page at {named}")
    told = f"{message}: a redirect to {host or 'a path of its own'} was not followed"
    if not of_clio:
        told += "; most likely it leads to the sign-in page of the network that this machine is in"
    return RedirectRefusedError(told)


def _scope(text: str) -> str:
    found = _SCOPE.search(text) or _PERMISSIONS.search(text)
    return f": {found.group()} is missing" if found else ""


def explanation(body: bytes) -> tuple[str, str]:
    """Read type and message out of any shape of error body; empty if it is none of them."""
    try:
        parsed: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", ""
    error = parsed.get("error") if isinstance(parsed, dict) else None
    if isinstance(error, dict):
        return str(error.get("type", error.get("status", ""))), str(error.get("message", ""))
    if isinstance(error, str):
        return error, str(parsed.get("error_description", ""))
    return "", str(parsed.get("message", "")) if isinstance(parsed, dict) else ""
