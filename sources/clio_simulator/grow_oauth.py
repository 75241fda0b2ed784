"""Sign-in to Grow: codes and tokens of an application that is not Manage's.

A refresh token is good for one use, which gives the next one. A code is given to anybody who asks
for scopes that exist; it is good once, for ten minutes, with its redirect address and its proof.
"""

from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from .errors import JSON_TYPE, oauth_error
from .fault_actions import Action, Call
from .grow_tables import SCOPES
from .switches import Switches
from .values import SimulatedClock

CODE_LIFE = 600_000
"""Milliseconds that a code lasts."""


@dataclass(frozen=True)
class Code:
    """A code that was given out and not yet used."""

    redirect_uri: str
    challenge: str
    ends: int


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def _basic(request: Request) -> tuple[str, str]:
    """Give the name and secret of HTTP Basic, empty where there are none."""
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    try:
        decoded = b64decode(text).decode() if kind.lower() == "basic" else ""
    except (Base64Error, UnicodeDecodeError):
        decoded = ""
    name, _, secret = decoded.partition(":")
    return name, secret


class GrowOAuth:
    """The tokens of the Grow application, and when each ends."""

    def __init__(self, switches: Switches, clock: SimulatedClock) -> None:
        """Begin with the tokens of the switches, which do not end."""
        self.switches = switches
        self.clock = clock
        self.ends: dict[str, int] = {}
        self.codes: dict[str, Code] = {}
        self.calls: list[dict[str, str]] = []
        self.granted: dict[str, str] = {}
        self.faults: deque[Action] = deque()
        """What goes wrong with the token calls to come, one for each."""
        self.made: list[str] = []
        """Every code and token that was given out."""

    def accepts(self, token: str) -> bool:
        """Tell whether an access token is good now."""
        known = token in self.switches.grow_tokens or token in self.switches.grow_other_tokens
        return known and self.clock.now() < self.ends.get(token, self.clock.now() + 1)

    def caller(self, token: str) -> tuple[int, int | None]:
        """Give the user whose token this is, and its account where that is another."""
        other = self.switches.grow_other_tokens.get(token, {})
        return other.get("user", self.switches.grow_who_am_i), other.get("account")

    async def authorize(self, request: Request) -> Response:
        """Send the browser back with a code and the caller's state; refuse scopes unheard of."""
        asked = request.query_params
        redirect = asked.get("redirect_uri", "")
        if asked.get("client_id") != self.switches.grow_client_id:
            return oauth_error("invalid_client", "Client authentication failed", 401)
        if urlsplit(redirect).hostname in {None, "localhost"}:
            return oauth_error("invalid_redirect_uri", "The redirect uri included is not valid")
        state = {"state": asked["state"]} if "state" in asked else {}
        if set(asked.get("scope", "").split()) - SCOPES:
            answer = {"error": "invalid_scope"}
        elif self.switches.sign_in_denied:
            answer = {"error": "access_denied"}
        else:
            answer = {"code": self._new_code(redirect, asked.get("code_challenge", ""))}
        return RedirectResponse(f"{redirect}?{urlencode({**answer, **state})}", 302)

    async def token(self, request: Request) -> Response:
        """Give tokens for a code or a refresh token; the body is form-encoded."""
        form = await self._form(request)
        self.calls.append({"grant_type": form.get("grant_type", ""), "host": request.url.netloc})
        fault = self.faults.popleft() if self.faults else Action()
        instead = await fault.before(Call("grow/oauth/token", 0, is_list=False, given={}))
        return instead or fault.after(self._answer(request, form), self.clock)

    def _answer(self, request: Request, form: Mapping[str, str]) -> Response:
        if not self._is_client(request, form):
            return oauth_error("invalid_client", "Client authentication failed", 401)
        grants = {"authorization_code": self._by_code, "refresh_token": self._by_refresh_token}
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            return oauth_error("unsupported_grant_type", "The grant type is not supported")
        if not grant(form):
            return oauth_error("invalid_grant", "The grant is invalid, expired or revoked")
        return Response(orjson.dumps(self._new_tokens()), 200, {"Content-Type": JSON_TYPE})

    async def revoke(self, request: Request) -> Response:
        """Forget a token, known or not, and with a refresh token what was given beside it."""
        form = await self._form(request)
        if not self._is_client(request, form):
            return oauth_error("invalid_client", "Client authentication failed", 401)
        token = form.get("token", "")
        self.switches.grow_refresh_tokens.discard(token)
        self.switches.grow_tokens -= {token, self.granted.get(token)}
        return Response(b"{}", 200, {"Content-Type": JSON_TYPE})

    async def _form(self, request: Request) -> dict[str, str]:
        body = (await request.body()).decode(errors="replace")
        return {name: values[0] for name, values in parse_qs(body).items()}

    def _is_client(self, request: Request, form: Mapping[str, str]) -> bool:
        switches = self.switches
        known = (switches.grow_client_id, switches.grow_client_secret)
        return known in {_basic(request), (form.get("client_id"), form.get("client_secret"))}

    def _by_code(self, form: Mapping[str, str]) -> bool:
        code = self.codes.pop(form.get("code", ""), None)
        if code is None or self.clock.now() >= code.ends:
            return False
        proved = not code.challenge or code.challenge == _challenge(form.get("code_verifier", ""))
        return proved and code.redirect_uri == form.get("redirect_uri")

    def _by_refresh_token(self, form: Mapping[str, str]) -> bool:
        token = form.get("refresh_token", "")
        known = token in self.switches.grow_refresh_tokens
        self.switches.grow_refresh_tokens.discard(token)
        return known

    def _new(self, kind: str) -> str:
        """Make up what a log may be searched for; it cannot be guessed from an earlier one."""
        number = len(self.made) + 1
        mark = sha256(f"grow {kind} {number}".encode()).hexdigest()[:12]
        self.made.append(f"simulator-grow-{kind}-{number}-{mark}")
        return self.made[-1]

    def _new_code(self, redirect_uri: str, challenge: str) -> str:
        code = self._new("code")
        self.codes[code] = Code(redirect_uri, challenge, self.clock.now() + CODE_LIFE)
        return code

    def _new_tokens(self) -> dict[str, object]:
        token, refresh = self._new("token"), self._new("refresh")
        life = self.switches.grow_token_life
        self.switches.grow_tokens.add(token)
        self.switches.grow_refresh_tokens.add(refresh)
        self.granted[refresh] = token
        self.ends[token] = self.clock.now() + life * 1000
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": life,
            "refresh_token": refresh,
        }

    def routes(self) -> list[Route]:
        """Give the routes of sign-in to Grow."""
        return [
            Route("/grow/oauth/authorize", self.authorize),
            Route("/grow/oauth/token", self.token, methods=["POST"]),
            Route("/grow/oauth/revoke", self.revoke, methods=["POST"]),
        ]
