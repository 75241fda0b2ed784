"""Walk a list page by page to its proven end, on the configured base only."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import orjson
import pendulum

from sources.errors import BrokenWalkError, UnreadableAnswerError

from .client import Answer, ClioClient, parsed
from .hosts import next_token, template
from .limits import Meter
from .misfits import Misfit

FULL_PAGE = 200
"""Rows of a page of which there may be another, at a product that does not mark its last page."""

_DATA_FIRST = re.compile(rb'\s*\{\s*"data"\s*:\s*\[')
_AFTER_A_LIST = re.compile(rb"\]\s*,\s*\Z")


@dataclass(frozen=True)
class Page:
    """One page as received: `token` asked for it, `next_token` is empty on the last one."""

    body: bytes
    number: int
    token: str
    next_token: str
    date: pendulum.DateTime | None

    @property
    def is_whole(self) -> bool:
        """Tell whether this is the list's first page and its last."""
        return not self.token and not self.next_token


def walk(  # noqa: PLR0913 - what to walk, from where, and two bounds by name
    client: ClioClient,
    path: str,
    params: Sequence[tuple[str, str]],
    *,
    page_token: str = "",
    meter: Meter | None = None,
    max_pages: int = 1_000_000,
) -> Iterator[Page]:
    """Yield the pages of a list from `page_token` on; returning means that the end was proven.

    Raises:
        BrokenWalkError: if a page does not say whether it is the last, or leads back to an
            earlier one, or there are more than `max_pages`.
        ForeignHostError: if a link points anywhere but to this Clio; nothing is sent there.
        ClioError: as `ClioClient.get` does.
    """
    token = page_token
    seen = {token}
    for number in range(1, max_pages + 1):
        page = fetch(client, path, params, token, meter=meter, number=number)
        if page.next_token and page.next_token in seen:
            message = f"page {number} of {template(path)} leads back to a page already read"
            raise BrokenWalkError(message)
        yield page
        if not page.next_token:
            return
        token = page.next_token
        seen.add(token)
    message = f"{template(path)} has more than {max_pages} pages"
    raise BrokenWalkError(message)


def fetch(  # noqa: PLR0913 - one page is named by all of these
    client: ClioClient,
    path: str,
    params: Sequence[tuple[str, str]],
    token: str,
    *,
    meter: Meter | None = None,
    number: int = 1,
    attempts: int | None = None,
) -> Page:
    """Read one page: the original parameters and, after the first page, its token."""

    def check(answer: Answer) -> Page:
        meta = _meta(answer.body)
        if meta is None and client.settings.bare:
            # without a mark it is the last one, unless it is full
            if len(orjson.loads(answer.body)["data"]) >= FULL_PAGE:
                message = f"page {number} of {template(path)} is full and does not say what follows"
                raise BrokenWalkError(message)
            return Page(answer.body, number, token, "", answer.date)
        link = _next_link(meta, path)
        moved, origin = client.path_of(path), client.settings.origin
        following = next_token(link, path, origin, moved) if link else ""
        return Page(answer.body, number, token, following, answer.date)

    sent = [*params, ("page_token", token)] if token else list(params)
    note = f"page {number}"
    return client.read(path, sent, check, meter=meter, note=note, attempts=attempts)


def _next_link(meta: object, path: str) -> str:
    paging = meta.get("paging") if isinstance(meta, dict) else None
    if not isinstance(paging, dict):
        message = f"a page of {template(path)} does not say whether it is the last"
        raise BrokenWalkError(message)
    link = paging.get("next")
    if link is None:
        return ""
    if not isinstance(link, str) or not link:
        message = f"a page of {template(path)} has a link to the next page that is not a link"
        raise BrokenWalkError(message)
    return link


def _meta(body: bytes) -> object:
    """Return the page's `meta`, parsing only the end of the body where that is safe.

    Raises:
        UnreadableAnswerError: if the body is not an object whose `data` is a list.
    """
    at = body.rfind(b'"meta"')
    if at > 0 and _DATA_FIRST.match(body) and _AFTER_A_LIST.search(body, max(0, at - 64), at):
        tail = _tail(b"{" + body[at:])
        if tail is not None:
            return tail["meta"]
    whole = parsed(body)
    if not isinstance(whole, dict) or not isinstance(whole.get("data"), list):
        message = "the answer is not a page of a list"
        raise UnreadableAnswerError(message)
    return whole.get("meta")


def _tail(text: bytes) -> dict[str, object] | None:
    """Parse the end of a body from its last `"meta"`; None if it is not that of the whole.

    Why this is the meta of the whole body: the quotes are real ones, since within a string they
    would be escaped and so not follow `]` and `,`. The text closes every bracket that the rest of
    the body left open. It parses as one object, so that is exactly one bracket: the body's own.
    And it is the last `"meta"`, which is the one that parsers keep. A second `data` after it would
    replace the list before it, so the text must not hold one.
    """
    try:
        tail = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return None if "data" in tail else tail


_SINCE = "since "


@dataclass(frozen=True)
class Spot:
    """A place in a list: the token of its page, and from which moment of creation on it is read.

    A walk that had to step over a record which nobody can be shown goes on with `since`.
    """

    token: str = ""
    since: str = ""

    @classmethod
    def read(cls, text: str) -> "Spot":
        """Read what `text` wrote; a page token without more is itself."""
        if not text.startswith(_SINCE):
            return cls(text)
        since, _, token = text.removeprefix(_SINCE).partition(" ")
        return cls(token, since)

    @property
    def text(self) -> str:
        """Write the place into one word that can be kept as a page token; empty at the start."""
        return f"{_SINCE}{self.since} {self.token}" if self.since else self.token

    def then(self, token: str) -> str:
        """Write the place that the token of a next page leads to; empty at the end of the list."""
        return Spot(token, self.since).text if token else ""

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """Return what is to be asked with besides the list's own parameters."""
        return (("created_since", self.since),) if self.since else ()


@dataclass(frozen=True)
class Place:
    """What one place of a list gave: a page, or the parts of one that could not be had whole.

    `plain` are pages whose records came only without their nested fields. `unread` are records
    that could not be had at all, and `why` says what Clio answered. `size` is how many records a
    page may hold from here on, 0 where nothing was learnt of that.
    """

    pages: tuple[Page, ...]
    next_token: str = ""
    plain: tuple[Page, ...] = ()
    unread: tuple[Misfit, ...] = ()
    size: int = 0
    why: str = ""


@dataclass
class Repeats:
    """Knows the pages of the list that is being walked, so that none is read twice."""

    index: int = -1
    tokens: set[str] = field(default_factory=set)
    rows: set[int] = field(default_factory=set)

    def check(self, index: int, place: Place) -> None:
        """Refuse a page that leads back to one read in an earlier stretch of the same list."""
        if index != self.index:
            self.index, self.tokens, self.rows = index, set(), set()
        if place.next_token and place.next_token in self.tokens:
            message = "a page leads back to a page already read"
            raise BrokenWalkError(message)
        self.tokens.add(place.next_token)
        for page in place.pages:
            rows = page.body[: max(0, page.body.rfind(b'"meta"'))]
            if b"{" in rows[1:] and hash(rows) in self.rows:
                message = "a page repeats the rows of a page already read"
                raise BrokenWalkError(message)
            self.rows.add(hash(rows))
