"""Sign-in: the authorisation step, and tokens for a code or a refresh token.

A code is given to anybody who asks; what matters here is what a client does with the tokens.
"""

from urllib.parse import parse_qs, urlencode

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from .clock import Clock
from .replies import JSON_TYPE
from .switches import Switches

CODE = "simulator-code"


class OAuth:
    """The tokens that were given out, and when each ends."""

    def __init__(self, switches: Switches, clock: Clock) -> None:
        """Begin with the tokens of the switches, which do not end."""
        self.switches = switches
        self.clock = clock
        self.ends: dict[str, int] = {}
        self.calls: list[dict[str, str]] = []

    def accepts(self, token: str) -> bool:
        """Tell whether an access token is good now."""
        known = token in self.switches.tokens or token in self.switches.other_tokens
        return known and self.clock.now() < self.ends.get(token, self.clock.now() + 1)

    def caller(self, token: str) -> tuple[int, int | None]:
        """Give the user whose token this is, and its account where that is another."""
        other = self.switches.other_tokens.get(token, {})
        return other.get("user", self.switches.who_am_i), other.get("account")

    async def authorize(self, request: Request) -> Response:
        """Send the browser back with a code and the caller's state."""
        asked = request.query_params
        back = urlencode({"code": CODE, "state": asked.get("state", "")})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", 302)

    async def token(self, request: Request) -> Response:
        """Give an access token for a code or a refresh token; the body is form-encoded."""
        form = {
            name: values[0] for name, values in parse_qs((await request.body()).decode()).items()
        }
        self.calls.append({"grant_type": form.get("grant_type", ""), "host": request.url.netloc})
        refreshed = form.get("refresh_token") in self.switches.refresh_tokens
        if not refreshed and form.get("code") != CODE:
            body = {"error": "invalid_grant", "error_description": "The grant is invalid"}
            return Response(orjson.dumps(body), 400, {"Content-Type": JSON_TYPE})
        given = {
            "access_token": self._new_token(),
            "token_type": "bearer",
            "expires_in": self.switches.token_life,
        }
        if not refreshed or self.switches.rotate_refresh_tokens:
            given["refresh_token"] = self._new_refresh_token(form.get("refresh_token", ""))
        return Response(orjson.dumps(given), 200, {"Content-Type": JSON_TYPE})

    def _new_token(self) -> str:
        token = f"simulator-token-{len(self.calls)}"
        self.switches.tokens.add(token)
        self.ends[token] = self.clock.now() + self.switches.token_life * 1000
        return token

    def _new_refresh_token(self, old: str) -> str:
        if not self.switches.rotate_refresh_tokens:
            return min(self.switches.refresh_tokens)
        self.switches.refresh_tokens.discard(old)
        token = f"simulator-refresh-{len(self.calls)}"
        self.switches.refresh_tokens.add(token)
        return token

    def routes(self) -> list[Route]:
        """Give the routes of sign-in."""
        return [
            Route("/oauth/authorize", self.authorize),
            Route("/oauth/token", self.token, methods=["POST"]),
        ]
