"""What every fault builds on, and the faults that answer in the API's place or on the wire.

An action works at one of three places: `before` answers instead of the API, `alter` changes a page
before it is written, `after` changes the finished answer, on the wire too.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, dataclass_transform

from starlette.responses import Response

from . import answers, values
from .answers import HEADERS, Refusal, error_body, invalid_fields, refusal, unauthorized
from .render import parse
from .values import SimulatedClock
from .writes import Later, Wrote


@dataclass
class Draft:
    """A page about to be written: its records as JSON, and what stands under `meta`.

    `meta` None leaves the key out. `earlier` are the records of the page before, where known.
    """

    records: list[bytes]
    meta: dict[str, Any] | None
    earlier: list[bytes] = field(default_factory=list)
    token: str = ""

    @property
    def paging(self) -> dict[str, Any]:
        """The entry `meta.paging`."""
        paging: dict[str, Any] = (self.meta or {}).get("paging", {})
        return paging

    def write(self) -> bytes:
        """Return the body."""
        data = b'{"data":[' + b",".join(self.records) + b"]"
        return data + (b"}" if self.meta is None else b',"meta":' + values.dump(self.meta) + b"}")


@dataclass(frozen=True)
class Call:
    """What an action and a rule know of a request.

    `path` is without base and `.json`; that of a request to Grow begins with `grow/`.
    """

    path: str
    page: int
    is_list: bool
    given: Mapping[str, list[str]]
    method: str = "GET"


@dataclass_transform(frozen_default=True)
@dataclass(frozen=True)
class Action:
    """Something that goes wrong; this one does nothing. What builds on it is a frozen dataclass."""

    def __init_subclass__(cls) -> None:
        """Make it one."""
        dataclass(frozen=True)(cls)

    async def before(self, asked: Call) -> Response | None:
        """Return an answer that takes the place of the API's."""
        return None

    def wrote(self, wrote: Wrote, later: Later) -> None:
        """Look at a write that has been logged, whether it took effect or not."""

    def alter(self, draft: Draft) -> None:
        """Change a page of a list."""

    def after(self, response: Response, clock: SimulatedClock) -> Response:
        """Change the finished answer."""
        return response


class Status(Action):
    """Answer with a status; the body is Clio's error unless one is given."""

    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    type: str = "InternalServerError"
    message: str = "Something went wrong"

    async def before(self, asked: Call) -> Response:
        body = error_body(self.type, self.message) if self.body is None else self.body.encode()
        return Response(body, self.status, {**HEADERS, **self.headers})


class TooMany(Action):
    """Answer 429 with any text, or none, as `Retry-After`."""

    retry_after: str | None = "30"

    async def before(self, asked: Call) -> Response:
        more = {} if self.retry_after is None else {"Retry-After": self.retry_after}
        body = error_body("RateLimited", "Rate limit reached")
        return Response(body, 429, {**HEADERS, **more})


class Unauthorized(Action):
    """Refuse the token, in the shape that OAuth has."""

    description: str = "The access token expired"

    async def before(self, asked: Call) -> Response:
        return unauthorized(self.description)


class Forbidden(Action):
    """Refuse for want of a permission of the application, which is named."""

    scope: str = "Billing"

    async def before(self, asked: Call) -> Response:
        return refusal(Refusal(403, f"This application lacks the permission: {self.scope}"))


class Redirect(Action):
    """Send the caller elsewhere."""

    location: str = "https://login.example.com/"
    status: int = 302

    async def before(self, asked: Call) -> Response:
        return Response(b"", self.status, {"Location": self.location})


class Html(Action):
    """Answer 200 with a page for people."""

    body: str = "<!doctype html><title>Maintenance</title><p>Back soon."
    status: int = 200

    async def before(self, asked: Call) -> Response:
        return Response(self.body, self.status, media_type="text/html")


class RefuseFields(Action):
    """Refuse fields, `matter` or `matter.id`, as long as one of them is asked for."""

    names: tuple[str, ...] = ()

    async def before(self, asked: Call) -> Response | None:
        wanted = {name for f in parse(asked.given.get("fields", [""])[0]) for name in f.names}
        refused = [name for name in self.names if name in wanted]
        return refusal(invalid_fields(refused)) if refused else None


class TokenExpired(Action):
    """Refuse any page token, as if it had been kept too long."""

    status: int = 422

    async def before(self, asked: Call) -> Response | None:
        refused = Refusal(self.status, "page_token is invalid", "ArgumentError")
        return refusal(refused) if "page_token" in asked.given else None


class Wait(Action):
    """Answer only after some seconds of real time."""

    seconds: float = 1.0

    async def before(self, asked: Call) -> None:
        await asyncio.sleep(self.seconds)


class Huge(Action):
    """Answer with a valid page of very many bytes."""

    size: int = 5_000_000_000

    async def before(self, asked: Call) -> Response:
        return answers.huge(self.size)


class GzipBomb(Action):
    """Answer with few bytes that unpack to very many."""

    size: int = 5_000_000_000

    async def before(self, asked: Call) -> Response:
        return answers.gzip_bomb(self.size)


class Reset(Action):
    """Reset the connection: before the first byte, or after a share of the body."""

    keep: float | None = None

    def after(self, response: Response, clock: SimulatedClock) -> Response:
        if self.keep is None:
            return answers.Broken(response, reset=True)
        return answers.Broken(response, self.keep, length=len(bytes(response.body)), reset=True)


class WrongLength(Action):
    """Claim more bytes than are sent."""

    extra: int = 100

    def after(self, response: Response, clock: SimulatedClock) -> Response:
        return answers.Broken(response, 1.0, length=len(bytes(response.body)) + self.extra)


class Cut(Action):
    """Send a share of the body without a length and close the connection properly."""

    keep: float = 0.5

    def after(self, response: Response, clock: SimulatedClock) -> Response:
        return answers.Broken(response, self.keep, length=None)


class Drip(Action):
    """Send byte by byte, with a pause in real seconds after each."""

    seconds: float = 1.0

    def after(self, response: Response, clock: SimulatedClock) -> Response:
        return answers.Broken(response, 1.0, length=len(bytes(response.body)), delay=self.seconds)


class Header(Action):
    """Set a header of the answer, or leave it out."""

    name: str = "Date"
    value: str | None = None

    def after(self, response: Response, clock: SimulatedClock) -> Response:
        if self.value is not None:
            response.headers[self.name] = self.value
        elif self.name in response.headers:
            del response.headers[self.name]
        return response


class ShiftDate(Action):
    """Show a `Date` that is some seconds off the simulator's clock."""

    seconds: int = 7200

    def after(self, response: Response, clock: SimulatedClock) -> Response:
        response.headers["Date"] = values.http_date(clock.now() + self.seconds * 1000)
        return response
