"""Sign-in to Manage: the authorisation step, tokens for a code or a refresh token, revocation.

A code is given to anybody who asks; what matters here is what a client does with it. It is good
once, with the redirect address that it was asked for with.
"""

from collections import deque
from hashlib import sha256
from urllib.parse import parse_qs, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from .errors import JSON_TYPE, oauth_error, unauthorized
from .fault_actions import Action, Call
from .switches import Switches
from .values import SimulatedClock


class TokenIssuer:
    """The tokens that were given out, and when each ends."""

    def __init__(self, switches: Switches, clock: SimulatedClock) -> None:
        """Begin with the tokens of the switches, which do not end."""
        self.switches = switches
        self.clock = clock
        self.ends: dict[str, int] = {}
        self.codes: dict[str, str] = {}
        self.calls: list[dict[str, str]] = []
        self.faults: deque[Action] = deque()
        """What goes wrong with the token calls to come, one for each."""
        self.made: list[str] = []
        """Every code and token that was given out."""

    def accepts(self, token: str) -> bool:
        """Tell whether an access token is good now."""
        known = token in self.switches.tokens or token in self.switches.other_tokens
        return known and self.clock.now() < self.ends.get(token, self.clock.now() + 1)

    def caller(self, token: str) -> tuple[int, int | None]:
        """Give the user whose token this is, and its account where that is another."""
        other = self.switches.other_tokens.get(token, {})
        return other.get("user", self.switches.who_am_i), other.get("account")

    async def authorize(self, request: Request) -> Response:
        """Send the browser back with a code, or with a refusal, and the caller's state."""
        asked = request.query_params
        redirect = asked["redirect_uri"]
        answer = {"error": "access_denied"} if self.switches.sign_in_denied else {}
        if not answer:
            answer = {"code": self._new("code")}
            self.codes[answer["code"]] = redirect
        back = urlencode({**answer, "state": asked.get("state", "")})
        return RedirectResponse(f"{redirect}?{back}", 302)

    async def token(self, request: Request) -> Response:
        """Give an access token for a code or a refresh token; the body is form-encoded."""
        form = {
            name: values[0] for name, values in parse_qs((await request.body()).decode()).items()
        }
        self.calls.append({"grant_type": form.get("grant_type", ""), "host": request.url.netloc})
        fault = self.faults.popleft() if self.faults else Action()
        instead = await fault.before(Call("oauth/token", 0, is_list=False, given={}))
        return instead or fault.after(self._answer(form), self.clock)

    async def deauthorize(self, request: Request) -> Response:
        """Forget the sign-in whose access token is the bearer, its refresh tokens with it."""
        _, _, token = request.headers.get("authorization", "").partition(" ")
        if not self.accepts(token):
            return unauthorized("The access token is invalid")
        self.switches.tokens.discard(token)
        self.switches.refresh_tokens.clear()
        return Response(b"{}", 200, {"Content-Type": JSON_TYPE})

    def _answer(self, form: dict[str, str]) -> Response:
        known = (self.switches.client_id, self.switches.client_secret)
        if (form.get("client_id"), form.get("client_secret")) != known:
            return oauth_error("invalid_client", "Client authentication failed", 401)
        old = form.get("refresh_token", "")
        refreshed = old in self.switches.refresh_tokens
        redirect = self.codes.pop(form.get("code", ""), None)
        if not refreshed and (redirect is None or redirect != form.get("redirect_uri")):
            return oauth_error("invalid_grant", "The grant is invalid")
        given = {
            "access_token": self._new_token(),
            "token_type": "bearer",
            "expires_in": self.switches.token_life,
        }
        if not refreshed or self.switches.rotate_refresh_tokens:
            given["refresh_token"] = self._new_refresh_token(old)
        return Response(orjson.dumps(given), 200, {"Content-Type": JSON_TYPE})

    def _new(self, kind: str) -> str:
        """Make up what a log may be searched for; it cannot be guessed from an earlier one."""
        number = len(self.made) + 1
        mark = sha256(f"{kind} {number}".encode()).hexdigest()[:12]
        self.made.append(f"simulator-{kind}-{number}-{mark}")
        return self.made[-1]

    def _new_token(self) -> str:
        token = self._new("token")
        self.switches.tokens.add(token)
        self.ends[token] = self.clock.now() + self.switches.token_life * 1000
        return token

    def _new_refresh_token(self, old: str) -> str:
        if self.switches.refresh_tokens and not self.switches.rotate_refresh_tokens:
            return min(self.switches.refresh_tokens)
        self.switches.refresh_tokens.discard(old)
        token = self._new("refresh")
        self.switches.refresh_tokens.add(token)
        return token

    def routes(self) -> list[Route]:
        """Give the routes of sign-in."""
        return [
            Route("/oauth/authorize", self.authorize),
            Route("/oauth/token", self.token, methods=["POST"]),
            Route("/oauth/deauthorize", self.deauthorize, methods=["POST"]),
        ]
