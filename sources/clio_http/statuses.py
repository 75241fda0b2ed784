"""What Clio's answers mean: the one place where its refusals become our errors.

The Maton gateway documents 400 for a missing connection, 401 for its key and 404, and that it
passes on what Clio answers. Its own words are not documented; Clio's refusals have an `error` in
their body.
"""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from sources.errors import (
    ClioError,
    CollectionGoneError,
    FieldsRefusedError,
    GatewayConnectionError,
    GatewayKeyError,
    MissingScopeError,
    NotPassedOnError,
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

from .clock import http_date
from .hosts import GATEWAY_HOSTS, LOOPBACK_HOSTS, host_of, region_of, template
from .refusals import refused_fields, refused_parameters, sentence

E = TypeVar("E", bound=ClioError)

_SIGNS = re.compile(r"\bauth (login|logout)(?: (?:manage|grow))?\b")
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
VERSION = "X-API-VERSION"
DEPRECATED, OTHER_VERSION = "deprecated", "version"
_PLAIN_VERSION = re.compile(r"\d{1,4}(?:\.\d{1,4}){0,3}")
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
    token = next((value for name, value in asked.params if name == "page_token"), "")
    if status in _TOKEN_REFUSALS and token and _PAGE_TOKEN.search(text):
        return PageTokenRefusedError(f"{message}: the page token was refused")
    if status == _FORBIDDEN:
        found = _SCOPE.search(text) or _PERMISSIONS.search(text)
        return MissingScopeError(f"{message}: {found.group()} is missing" if found else message)
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


def login(product: str) -> str:
    """Return the command that signs in to a product."""
    return f"clio-sync auth login {product.removeprefix('clio_')}"


def of_product(error: E, product: str) -> E:
    """Let the hint of an error, which is written for Manage, be that of a product."""
    hint = error.hint.replace("sources.clio_manage.", f"sources.{product}.")
    hint = hint.replace("SOURCES__CLIO_MANAGE__", f"SOURCES__{product.upper()}__")
    error.hint = _SIGNS.sub(rf"auth \1 {product.removeprefix('clio_')}", hint)
    return error


@contextmanager
def hints_for(product: str) -> Iterator[None]:
    """Let the hint of whatever is raised be that of a product."""
    try:
        yield
    except ClioError as error:
        of_product(error, product)
        raise


@dataclass(frozen=True)
class Notice:
    """One announcement: the path template it is about (empty for all), its kind, what it says."""

    path: str
    kind: str
    text: str


class Notices:
    """Collects announcements, each once; shared by threads. `asked` is the version asked for."""

    def __init__(self, asked: str = "") -> None:
        """Begin with none."""
        self.asked = asked
        self._lock = threading.Lock()
        self._found: dict[Notice, None] = {}

    @property
    def found(self) -> list[Notice]:
        """Return what was announced, in the order it was first seen."""
        with self._lock:
            return list(self._found)

    def look(self, path: str, headers: Mapping[str, str]) -> None:
        """Note what the headers of an answer announce; their names are in lower case."""
        if "deprecation" in headers or "sunset" in headers:
            end = http_date(headers.get("sunset"))
            text = f"ends on {end.to_date_string()}" if end else "will end"
            self._add(Notice(path, DEPRECATED, text))
        version = headers.get(VERSION.lower(), "")
        if self.asked and version != self.asked and _PLAIN_VERSION.fullmatch(version):
            self._add(Notice("", OTHER_VERSION, version))

    def _add(self, notice: Notice) -> None:
        with self._lock:
            self._found[notice] = None
