"""Where a walk stands in a list, and what one place of the list gave."""

from dataclasses import dataclass, field

from sources.errors import BrokenWalkError

from .misfits import Misfit
from .paging import Page

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
