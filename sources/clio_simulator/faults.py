"""Faults: what goes wrong, and the rules that say when.

An action works at one of four places: `before` answers instead of the API, `alter` changes a page
before it is written, `after` changes the finished answer, on the wire too.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from fnmatch import fnmatchcase
from random import Random
from typing import Any
from urllib.parse import urlsplit

import orjson
from starlette.responses import Response

from . import values, wire
from .clock import Clock
from .errors import Refusal, argument, invalid_fields
from .values import Raw

JSON_TYPE = "application/json; charset=utf-8"


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
        """Give `meta.paging`."""
        paging: dict[str, Any] = (self.meta or {}).get("paging", {})
        return paging

    def write(self) -> bytes:
        """Give the body."""
        data = b'{"data":[' + b",".join(self.records) + b"]"
        return data + (b"}" if self.meta is None else b',"meta":' + values.dump(self.meta) + b"}")


def error_body(type_: str, message: str) -> bytes:
    """Write Clio's error body."""
    return orjson.dumps({"error": {"type": type_, "message": message}})


@dataclass(frozen=True)
class Action:
    """Something that goes wrong; this one does nothing."""

    async def before(self, asked: "Call") -> Response | None:  # noqa: ARG002
        """Give an answer that takes the place of the API's."""
        return None

    def alter(self, draft: Draft) -> None:
        """Change a page of a list."""

    def after(self, response: Response, clock: Clock) -> Response:  # noqa: ARG002
        """Change the finished answer."""
        return response


@dataclass(frozen=True)
class Call:
    """What an action and a rule know of a request; `path` is without base and `.json`."""

    path: str
    page: int
    is_list: bool
    given: Mapping[str, list[str]]


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


def unauthorized(description: str) -> Response:
    """Answer 401."""
    body = orjson.dumps({"error": "invalid_token", "error_description": description})
    challenge = f'Bearer realm="Clio", error="invalid_token", error_description="{description}"'
    return Response(body, 401, {"Content-Type": JSON_TYPE, "WWW-Authenticate": challenge})


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
        from .fields import parse  # noqa: PLC0415 - only where it is needed

        wanted = {name for f in parse(asked.given.get("fields", [""])[0]) for name in f.names}
        refused = [name for name in self.names if name in wanted]
        if not refused:
            return None
        return refusal(invalid_fields(refused))


def refusal(refused: Refusal) -> Response:
    """Turn a refusal into Clio's answer."""
    body = error_body(refused.type, refused.message)
    return Response(body, refused.status, {"Content-Type": JSON_TYPE})


@dataclass(frozen=True)
class TokenExpired(Action):
    """Refuse any page token, as if it had been kept too long."""

    status: int = 422

    async def before(self, asked: Call) -> Response | None:
        """Answer so if a token came."""
        if "page_token" not in asked.given:
            return None
        refused = argument("page_token is invalid")
        return refusal(Refusal(self.status, refused.type, refused.message))


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


@dataclass(frozen=True)
class Reset(Action):
    """Reset the connection: before the first byte, or after a share of the body."""

    keep: float | None = None

    def after(self, response: Response, clock: Clock) -> Response:  # noqa: ARG002
        """Break the answer."""
        if self.keep is None:
            return wire.Broken(response, reset=True)
        return wire.Partial(response, self.keep, length=len(bytes(response.body)), reset=True)


@dataclass(frozen=True)
class WrongLength(Action):
    """Claim more bytes than are sent."""

    extra: int = 100

    def after(self, response: Response, clock: Clock) -> Response:  # noqa: ARG002
        """Break the answer."""
        return wire.Partial(response, 1.0, length=len(bytes(response.body)) + self.extra)


@dataclass(frozen=True)
class Cut(Action):
    """Send a share of the body without a length and close the connection properly."""

    keep: float = 0.5

    def after(self, response: Response, clock: Clock) -> Response:  # noqa: ARG002
        """Break the answer."""
        return wire.Partial(response, self.keep, length=None)


@dataclass(frozen=True)
class Drip(Action):
    """Send byte by byte, with a pause in real seconds after each."""

    seconds: float = 1.0

    def after(self, response: Response, clock: Clock) -> Response:  # noqa: ARG002
        """Slow the answer."""
        return wire.Partial(response, 1.0, length=len(bytes(response.body)), delay=self.seconds)


@dataclass(frozen=True)
class Header(Action):
    """Set a header of the answer, or leave it out."""

    name: str = "Date"
    value: str | None = None

    def after(self, response: Response, clock: Clock) -> Response:  # noqa: ARG002
        """Change the header."""
        if self.value is not None:
            response.headers[self.name] = self.value
        elif self.name in response.headers:
            del response.headers[self.name]
        return response


@dataclass(frozen=True)
class ShiftDate(Action):
    """Show a `Date` that is some seconds off the simulator's clock."""

    seconds: int = 7200

    def after(self, response: Response, clock: Clock) -> Response:
        """Change the header."""
        response.headers["Date"] = values.http_date(clock.now() + self.seconds * 1000)
        return response


@dataclass(frozen=True)
class SameToken(Action):
    """Give the page's own token again as the next one."""

    def alter(self, draft: Draft) -> None:
        """Change `next`."""
        if "next" in draft.paging:
            address = str(draft.paging["next"]).partition("page_token=")[0]
            draft.paging["next"] = f"{address}page_token={draft.token}"


@dataclass(frozen=True)
class ForgetNext(Action):
    """Leave out `next`, or all of `meta`, with or without half of the records."""

    whole_meta: bool = False
    half_page: bool = False

    def alter(self, draft: Draft) -> None:
        """Change the page."""
        draft.paging.pop("next", None)
        if self.whole_meta:
            draft.meta = None
        if self.half_page:
            del draft.records[len(draft.records) // 2 :]


@dataclass(frozen=True)
class NextElsewhere(Action):
    """Let `next` point elsewhere: `base` takes the place of scheme and host, path and query stay.

    With `whole`, `base` is the whole of `next`.
    """

    base: str = "https://evil.example.com"
    whole: bool = False

    def alter(self, draft: Draft) -> None:
        """Change `next`."""
        if "next" in draft.paging:
            parts = urlsplit(draft.paging["next"])
            draft.paging["next"] = self.base if self.whole else f"{self.base}{parts.path}?{parts.query}"


@dataclass(frozen=True)
class NullNext(Action):
    """Write `next: null`."""

    def alter(self, draft: Draft) -> None:
        """Change `next`."""
        draft.paging["next"] = None


@dataclass(frozen=True)
class EmptyPage(Action):
    """Hold no records, and `next` all the same; the records are lost, as at a broken server.

    With `same_place`, `next` is the page itself, so that its records follow.
    """

    same_place: bool = True

    def alter(self, draft: Draft) -> None:
        """Change the page."""
        draft.records.clear()
        if self.same_place and "next" in draft.paging:
            SameToken().alter(draft)


@dataclass(frozen=True)
class Shuffled(Action):
    """Give the records in descending order."""

    def alter(self, draft: Draft) -> None:
        """Change the page."""
        draft.records.reverse()


@dataclass(frozen=True)
class RepeatPage(Action):
    """Give the records of the page before once more."""

    def alter(self, draft: Draft) -> None:
        """Change the page."""
        draft.records[:] = draft.earlier


@dataclass(frozen=True)
class Duplicate(Action):
    """Give the first record twice; `changes` are put into the second copy."""

    changes: Mapping[str, Any] = field(default_factory=dict)

    def alter(self, draft: Draft) -> None:
        """Change the page."""
        if draft.records:
            copy = orjson.loads(draft.records[0]) | dict(self.changes)
            draft.records.insert(1, values.dump(copy))


@dataclass(frozen=True)
class Value(Action):
    """Put bytes in the place of a field's value: any text, JSON or not.

    `row` is the position in the page, or, with `id`, that record wherever it stands.
    Lone bytes above 127 may be given as `\\udc80`…`\\udcff` (surrogateescape).
    """

    field: str = "id"
    json: str = "null"
    row: int = 0
    id: int | None = None

    def alter(self, draft: Draft) -> None:
        """Change the record."""
        for position, record in enumerate(draft.records):
            if self._meant(position, record):
                raw = Raw(self.json.encode("utf-8", "surrogateescape"))
                draft.records[position] = values.dump({**orjson.loads(record), self.field: raw})

    def _meant(self, position: int, record: bytes) -> bool:
        if self.id is None:
            return position == self.row
        return int(orjson.loads(record)["id"]) == self.id


def null_id(row: int = 0) -> Value:
    """Give a record of the page a null id."""
    return Value("id", "null", row)


ACTIONS: dict[str, type[Action]] = {
    action.__name__: action
    for action in (
        Status, TooMany, Unauthorized, Forbidden, Redirect, Html, RefuseFields, TokenExpired, Wait,
        Huge, GzipBomb, Reset, WrongLength, Cut, Drip, Header, ShiftDate, SameToken, ForgetNext,
        NextElsewhere, NullNext, EmptyPage, Shuffled, RepeatPage, Duplicate, Value,
    )
}  # fmt: skip
"""Name → action, as the control interface takes them."""


@dataclass
class Rule:
    """When an action is played: on which requests, and how many times (None: always).

    `path` is a glob over the path without `/api/v4/` and `.json`; `page` and `nth` count from 1,
    `nth` over the requests that match path and page.
    """

    action: Action
    path: str = "*"
    page: int | None = None
    nth: int | None = None
    times: int | None = 1
    probability: float = 1.0
    matched: int = 0
    played: int = 0

    def wants(self, call: Call, chance: Random) -> bool:
        """Tell whether the action is played on this request, and count it."""
        if not fnmatchcase(call.path, self.path):
            return False
        if self.page is not None and (not call.is_list or call.page != self.page):
            return False
        self.matched += 1
        if self.nth is not None and self.matched != self.nth:
            return False
        if self.times is not None and self.played >= self.times:
            return False
        if self.probability < 1.0 and chance.random() >= self.probability:
            return False
        self.played += 1
        return True

    def described(self) -> dict[str, Any]:
        """Describe the rule as JSON."""
        described = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "action"}
        return {"action": type(self.action).__name__, "with": asdict(self.action), **described}


class Faults:
    """The rules in force."""

    def __init__(self, seed: int = 0) -> None:
        """Begin with none; `seed` decides those that are left to chance."""
        self.rules: list[Rule] = []
        self.chance = Random(seed)  # noqa: S311 - repeatable on purpose

    def add(
        self,
        action: Action,
        path: str = "*",
        *,
        page: int | None = None,
        nth: int | None = None,
        times: int | None = 1,
        probability: float = 1.0,
    ) -> Rule:
        """Add a rule and give it, so that its counts can be read."""
        rule = Rule(action, path, page, nth, times, probability)
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Drop all rules."""
        self.rules.clear()

    def wanted(self, call: Call) -> tuple[Action, ...]:
        """Give the actions that are played on a request."""
        return tuple(rule.action for rule in self.rules if rule.wants(call, self.chance))


