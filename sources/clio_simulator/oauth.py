"""Sign-in to both products: codes, tokens for a code or a refresh token, revocation; and to Maton.

A code is given to anybody who asks; what matters here is what a client does with it. It is good
once, with the redirect address that it was asked for with; in Grow for ten minutes, with its proof.
"""

from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b, sha256
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from . import values
from .answers import json_answer, oauth_error, unauthorized
from .fault_actions import Action, Call
from .grow_records import SCOPES
from .store import Row, Table
from .switches import Switches
from .values import SimulatedClock

ConnectionStatus: TypeAlias = Literal["ACTIVE", "PENDING", "FAILED"]

CODE_LIFE = 600_000
"""Milliseconds that a code of Grow lasts."""


@dataclass(frozen=True)
class Code:
    """A code that was given out and not yet used."""

    redirect_uri: str
    challenge: str
    ends: int


def bearer(request: Request) -> str:
    """Return the access token that a request came with, empty where there is none."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def stranger() -> Response:
    """Refuse an application that is not known."""
    return oauth_error("invalid_client", "Client authentication failed", 401)


class TokenIssuer:
    """The tokens of Manage's application, and when each ends."""

    prefix = ""
    """What stands before the names of the switches."""

    base = "/oauth"
    empty_state = True
    """Whether a sign-in without a state is answered with an empty one."""

    def __init__(self, switches: Switches, clock: SimulatedClock) -> None:
        """Begin with the tokens of the switches, which do not end."""
        self.switches = switches
        self.clock = clock
        self.ends: dict[str, int] = {}
        self.codes: dict[str, Code] = {}
        self.calls: list[dict[str, str]] = []
        self.faults: deque[Action] = deque()
        """What goes wrong with the token calls to come, one for each."""
        self.made: list[str] = []
        """Every code and token that was given out."""

    def _switch(self, name: str) -> Any:  # noqa: ANN401 - the value of any switch
        return getattr(self.switches, f"{self.prefix}{name}")

    def accepts(self, token: str) -> bool:
        """Tell whether an access token is good now."""
        known = token in self._switch("tokens") or token in self._switch("other_tokens")
        return known and self.clock.now() < self.ends.get(token, self.clock.now() + 1)

    def caller(self, token: str) -> int:
        """Return the id of the user whose token this is."""
        key: int = self._switch("other_tokens").get(token, {}).get("user", self._switch("who_am_i"))
        return key

    def user(self, token: str, users: Table) -> Row | None:
        """Return the user whose token this is, who is seen also where users are hidden."""
        row = users.rows.get(self.caller(token))
        account = self._switch("other_tokens").get(token, {}).get("account")
        if row is None or account is None:
            return row
        return {**row, "account": {**row["account"], "id": account}}

    async def authorize(self, request: Request) -> Response:
        """Send the browser back with a code, or with a refusal, and the caller's state."""
        asked = request.query_params
        if self.switches.sign_in_denied:
            return self._sent_back(asked, error="access_denied")
        proof, ends = asked.get("code_challenge", ""), self.clock.now() + CODE_LIFE
        code = self._new("code")
        self.codes[code] = Code(asked["redirect_uri"], proof, ends)
        return self._sent_back(asked, code=code)

    def _sent_back(self, asked: Mapping[str, str], **answer: str) -> Response:
        if "state" in asked or self.empty_state:
            answer["state"] = asked.get("state", "")
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(answer)}", 302)

    async def token(self, request: Request) -> Response:
        """Answer a code or a refresh token with tokens; the body is form-encoded."""
        form = await self._form(request)
        self.calls.append({"grant_type": form.get("grant_type", ""), "host": request.url.netloc})
        fault = self.faults.popleft() if self.faults else Action()
        path = f"{self.base}/token".removeprefix("/")
        instead = await fault.before(Call(path, 0, is_list=False, given={}))
        known = self._is_client(request, form)
        return instead or fault.after(self._answer(form) if known else stranger(), self.clock)

    async def _form(self, request: Request) -> dict[str, str]:
        body = (await request.body()).decode(errors="replace")
        return {name: values[0] for name, values in parse_qs(body).items()}

    def _answer(self, form: Mapping[str, str]) -> Response:
        old = form.get("refresh_token", "")
        refreshed = old in self.switches.refresh_tokens
        code = self.codes.pop(form.get("code", ""), None)
        if not refreshed and (code is None or code.redirect_uri != form.get("redirect_uri")):
            return oauth_error("invalid_grant", "The grant is invalid")
        given, tokens = self._given(), self.switches.refresh_tokens
        rotates = self.switches.rotate_refresh_tokens
        if rotates or (not refreshed and not tokens):
            tokens.discard(old)
            tokens.add(self._new("refresh"))
            given["refresh_token"] = self.made[-1]
        elif not refreshed:
            given["refresh_token"] = min(tokens)
        return json_answer(given)

    def _is_client(self, request: Request, form: Mapping[str, str]) -> bool:  # noqa: ARG002 - Grow looks
        known = (self._switch("client_id"), self._switch("client_secret"))
        return (form.get("client_id"), form.get("client_secret")) == known

    def _new(self, kind: str) -> str:
        """Make up what a log may be searched for; it cannot be guessed from an earlier one."""
        number, product = len(self.made) + 1, self.prefix.rstrip("_")
        mark = sha256(f"{product} {kind} {number}".strip().encode()).hexdigest()[:12]
        self.made.append("-".join(filter(None, ("simulator", product, kind, str(number), mark))))
        return self.made[-1]

    def _given(self) -> dict[str, object]:
        """Make an access token, and return what is said of it."""
        token, life = self._new("token"), self._switch("token_life")
        self._switch("tokens").add(token)
        self.ends[token] = self.clock.now() + life * 1000
        return {"access_token": token, "token_type": "bearer", "expires_in": life}

    async def deauthorize(self, request: Request) -> Response:
        """Forget the sign-in whose access token is the bearer, its refresh tokens with it."""
        if not self.accepts(bearer(request)):
            return unauthorized("The access token is invalid")
        self.switches.tokens.discard(bearer(request))
        self.switches.refresh_tokens.clear()
        return json_answer({})

    def routes(self) -> list[Route]:
        """Return the routes of sign-in."""
        return [
            Route(f"{self.base}/authorize", self.authorize),
            Route(f"{self.base}/token", self.token, methods=["POST"]),
            Route(f"{self.base}/deauthorize", self.deauthorize, methods=["POST"]),
        ]


class GrowOAuth(TokenIssuer):
    """The tokens of the Grow application; a refresh token is good once, and brings the next one."""

    prefix = "grow_"
    base = "/grow/oauth"
    empty_state = False

    def __init__(self, switches: Switches, clock: SimulatedClock) -> None:
        """Begin with the tokens of the switches."""
        super().__init__(switches, clock)
        self.granted: dict[str, str] = {}

    async def authorize(self, request: Request) -> Response:
        """Refuse another application, address or scope; then as Manage."""
        asked = request.query_params
        if asked.get("client_id") != self.switches.grow_client_id:
            return stranger()
        if urlsplit(asked.get("redirect_uri", "")).hostname in {None, "localhost"}:
            return oauth_error("invalid_redirect_uri", "The redirect uri included is not valid")
        if set(asked.get("scope", "").split()) - SCOPES:
            return self._sent_back(asked, error="invalid_scope")
        return await super().authorize(request)

    def _answer(self, form: Mapping[str, str]) -> Response:
        grants = {"authorization_code": self._by_code, "refresh_token": self._by_refresh_token}
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            return oauth_error("unsupported_grant_type", "The grant type is not supported")
        if not grant(form):
            return oauth_error("invalid_grant", "The grant is invalid, expired or revoked")
        given, refresh = self._given(), self._new("refresh")
        self.switches.grow_refresh_tokens.add(refresh)
        self.granted[refresh] = str(given["access_token"])
        return json_answer({**given, "refresh_token": refresh})

    def _is_client(self, request: Request, form: Mapping[str, str]) -> bool:
        known = (self.switches.grow_client_id, self.switches.grow_client_secret)
        return _basic(request) == known or super()._is_client(request, form)

    def _by_code(self, form: Mapping[str, str]) -> bool:
        code = self.codes.pop(form.get("code", ""), None)
        if code is None or self.clock.now() >= code.ends:
            return False
        digest = sha256(form.get("code_verifier", "").encode()).digest()
        proof = urlsafe_b64encode(digest).decode().rstrip("=")
        return code.challenge in {"", proof} and code.redirect_uri == form.get("redirect_uri")

    def _by_refresh_token(self, form: Mapping[str, str]) -> bool:
        token = form.get("refresh_token", "")
        known = token in self.switches.grow_refresh_tokens
        self.switches.grow_refresh_tokens.discard(token)
        return known

    async def revoke(self, request: Request) -> Response:
        """Forget a token, known or not, and with a refresh token what was given beside it."""
        form = await self._form(request)
        if not self._is_client(request, form):
            return stranger()
        token = form.get("token", "")
        self.switches.grow_refresh_tokens.discard(token)
        self.switches.grow_tokens -= {token, self.granted.get(token)}
        return json_answer({})

    def routes(self) -> list[Route]:
        """Return the routes of sign-in to Grow."""
        revoke = Route(f"{self.base}/revoke", self.revoke, methods=["POST"])
        return [*super().routes()[:2], revoke]


def _basic(request: Request) -> tuple[str, str]:
    """Return the name and secret of HTTP Basic, empty where there are none."""
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    try:
        decoded = b64decode(text).decode() if kind.lower() == "basic" else ""
    except (Base64Error, UnicodeDecodeError):
        decoded = ""
    name, _, secret = decoded.partition(":")
    return name, secret


@dataclass
class SimulatedConnection:
    """One sign-in to Clio; `token` is empty where it is the one that Manage accepts anyway."""

    id: str
    status: ConnectionStatus
    created: int
    updated: int
    token: str = ""
    app: str = "clio"

    def shown(self, base: str) -> Row:
        """Return the connection as the gateway shows it; `base` is where its pages are."""
        created, updated = map(values.fine_stamp, (self.created, self.updated))
        return {
            "connection_id": self.id,
            "status": self.status,
            "creation_time": created.replace("Z", "000Z"),
            "last_updated_time": updated.replace("Z", "000Z"),
            "url": f"{base}/connect/?session_token={self.session}",
            "app": self.app,
            "metadata": {},
        }

    @property
    def session(self) -> str:
        """Return what stands in the address that a person opens to sign in."""
        return blake2b(f"session {self.id}".encode(), digest_size=16).hexdigest()


class SimulatedConnections:
    """All connections, the oldest first."""

    def __init__(self, switches: Switches, clock: SimulatedClock) -> None:
        """Begin with one that works."""
        self.switches = switches
        self.clock = clock
        self.known: dict[str, SimulatedConnection] = {}
        self._made = 0
        self.add()

    def add(
        self, token: str = "", status: ConnectionStatus = "ACTIVE", app: str = "clio"
    ) -> SimulatedConnection:
        """Add a connection and return it."""
        self._made += 1
        digest = blake2b(f"connection {self._made}".encode(), digest_size=16).digest()
        now = self.clock.now()
        made = SimulatedConnection(str(UUID(bytes=digest, version=4)), status, now, now, token, app)
        self.known[made.id] = made
        return made

    def of(self, wanted: str | None) -> SimulatedConnection | None:
        """Return the connection that a request to Clio goes by: the one wanted, or the oldest."""
        usable = [c for c in self.known.values() if (c.app, c.status) == ("clio", "ACTIVE")]
        return next((each for each in usable if wanted in {None, each.id}), None)

    def token(self, connection: SimulatedConnection) -> str:
        """Return the token that Clio is asked with."""
        return connection.token or min(self.switches.tokens, default="")

    def signed_in(self, session: str) -> bool:
        """Let a person finish the sign-in of a connection; tell whether there is one."""
        for each in self.known.values():
            if each.session == session:
                each.status, each.updated = "ACTIVE", self.clock.now()
                return True
        return False
