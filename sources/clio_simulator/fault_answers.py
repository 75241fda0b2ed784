"""Faults that answer in the API's place."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import Response

from . import fields, wire
from .errors import JSON_TYPE, Refusal, error_body, invalid_fields, refusal, unauthorized
from .fault_base import Action, Call


@dataclass(frozen=True)
class Status(Action):
    """Answer with a status; the body is Clio's error unless one is given."""

    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    type: str = "InternalServerError"
    message: str = "Something went wrong"

    async def before(self, asked: Call) -> Response:  # noqa: ARG002
        """Answer so."""
        body = error_body(self.type, self.message) if self.body is None else self.body.encode()
        return Response(body, self.status, {"Content-Type": JSON_TYPE, **self.headers})


@dataclass(frozen=True)
class TooMany(Action):
    """Answer 429 with any text, or none, as `Retry-After`."""

    retry_after: str | None = "30"

    async def before(self, asked: Call) -> Response:  # noqa: ARG002
        """Answer so."""
        headers = {} if self.retry_after is None else {"Retry-After": self.retry_after}
        body = error_body("RateLimited", "Rate limit reached")
        return Response(body, 429, {"Content-Type": JSON_TYPE, **headers})


@dataclass(frozen=True)
class Unauthorized(Action):
    """Refuse the token, in the shape that OAuth has."""

    description: str = "The access token expired"

    async def before(self, asked: Call) -> Response:  # noqa: ARG002
        """Answer so."""
        return unauthorized(self.description)


@dataclass(frozen=True)
class Forbidden(Action):
    """Refuse for want of a permission of the application, which is named."""

    scope: str = "Billing"

    async def before(self, asked: Call) -> Response:  # noqa: ARG002
        """Answer so."""
        body = error_body("Forbidden", f"This application lacks the permission: {self.scope}")
        return Response(body, 403, {"Content-Type": JSON_TYPE})


@dataclass(frozen=True)
class Redirect(Action):
    """Send the caller elsewhere."""

    location: str = "https://login.example.com/"
    status: int = 302

    async def before(self, asked: Call) -> Response:  # noqa: ARG002
        """Answer so."""
        return Response(b"", self.status, {"Location": self.location})


@dataclass(frozen=True)
class Html(Action):
    """Answer 200 with a page for people."""

    body: str = "<!doctype html><title>Maintenance</title><p>Back soon."
    status: int = 200

    async def before(self, asked: Call) -> Response:  # noqa: ARG002
        """Answer so."""
        return Response(self.body, self.status, media_type="text/html")


@dataclass(frozen=True)
class RefuseFields(Action):
    """Refuse fields, `matter` or `matter.id`, as long as one of them is asked for."""

    names: tuple[str, ...] = ()

    async def before(self, asked: Call) -> Response | None:
        """Answer 400 if so."""
        wanted = {
            name for f in fields.parse(asked.given.get("fields", [""])[0]) for name in f.names
        }
        refused = [name for name in self.names if name in wanted]
        if not refused:
            return None
        return refusal(invalid_fields(refused))


@dataclass(frozen=True)
class TokenExpired(Action):
    """Refuse any page token, as if it had been kept too long."""

    status: int = 422

    async def before(self, asked: Call) -> Response | None:
        """Answer so if a token came."""
        if "page_token" not in asked.given:
            return None
        return refusal(Refusal(self.status, "page_token is invalid", "ArgumentError"))


@dataclass(frozen=True)
class Wait(Action):
    """Answer only after some seconds of real time."""

    seconds: float = 1.0

    async def before(self, asked: Call) -> None:  # noqa: ARG002
        """Let the time pass."""
        await asyncio.sleep(self.seconds)


@dataclass(frozen=True)
class Huge(Action):
    """Answer with a valid page of very many bytes."""

    size: int = 5_000_000_000

    async def before(self, asked: Call) -> Response:  # noqa: ARG002
        """Answer so."""
        return wire.huge(self.size)


@dataclass(frozen=True)
class GzipBomb(Action):
    """Answer with few bytes that unpack to very many."""

    size: int = 5_000_000_000

    async def before(self, asked: Call) -> Response:  # noqa: ARG002
        """Answer so."""
        return wire.gzip_bomb(self.size)
