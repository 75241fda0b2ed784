"""A page that cannot be had, taken apart until the record that breaks it is alone.

Clio answers some pages with an error for ever, because of one record on them or because they are
too heavy. First the ids of the page are asked for, which is light, and its records by `ids[]` in
halves. Where that cannot be had either, the same place is asked for with fewer and fewer records.
A record that breaks even a page of its own is stepped over, and told.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import orjson
import pendulum

from sources.errors import (
    ClioError,
    HangError,
    PageTokenRefusedError,
    RateLimitedError,
    RequestRefusedError,
    SilentError,
    UnavailableError,
    UnreachableError,
    UnreadableAnswerError,
    UntrustedServerError,
)

from .catalog import Field
from .client import ClioClient
from .clock import iso_date
from .limits import Meter
from .misfits import Misfit
from .paging import Page, Place, Spot, fetch
from .plan import List, WalkPlan, plain_fields, stamp

MOST_REQUESTS = 60
"""For one page, without its own: then it is given up, and the walk ends there."""
NOT_HAD = "could not be had"
"""How the reason begins of a record that Clio does not show, though it is there."""
LAST_TRIES = 3
"""How often one record is asked for alone before it counts as one that cannot be had."""
SMALL = 25
"""Up to so many records, a half of which the other one is good is taken for bad unasked."""
MOST_HANGS = 2
_ABOUT_THE_SERVICE = (RateLimitedError, UntrustedServerError, UnreachableError, SilentError)
_BEGINNING = pendulum.datetime(2000, 1, 1)


def may_be_one_page(error: ClioError) -> bool:
    """Tell whether a failure may be that of one page, and not of the service or the network."""
    failed = isinstance(error, UnavailableError | UnreadableAnswerError)
    return failed and not is_of_the_service(error)


def is_of_the_service(error: ClioError) -> bool:
    """Tell whether a failure says that nothing at all can be asked for now."""
    return isinstance(error, _ABOUT_THE_SERVICE)


MOST_LOST = 3
"""So many records of a page may be lost while not one of it is had."""


@dataclass
class Salvage:
    """Takes one page of a list apart, which is asked for with `parameters`.

    `readable` raises where a body cannot be parsed. `error` is why the page could not be had,
    `before` the page before it, `after` the id before it where that page is not at hand.
    """

    client: ClioClient
    plan: WalkPlan
    one: List
    fields: Sequence[Field]
    parameters: Sequence[tuple[str, str]]
    meter: Meter
    readable: Callable[[bytes], object]
    error: ClioError
    before: Page | None = None
    after: int = 0
    left: int = MOST_REQUESTS
    hangs: int = 0
    pages: list[Page] = field(default_factory=list)
    plain: list[Page] = field(default_factory=list)
    unread: list[Misfit] = field(default_factory=list)
    widest: int = 0
    bound: bool = False

    def __post_init__(self) -> None:
        """Tell how many records a page is asked for with, and after when nothing was made yet."""
        self.size = int(dict(self.parameters).get("limit", "1"))
        self.now = self.plan.run_at or self.plan.started_at

    def place(self, text: str) -> Place:
        """Return all that can be had of the page at a place, and where the walk goes on behind it.

        Raises:
            ClioError: the page stays unreadable, or the service itself is away.
        """
        spot = Spot.read(text)
        if not self.plan.collection.narrows or self.size <= 1:
            raise self.error
        found = self._by_ids(spot) or self._by_fewer(spot)
        if len(found.unread) > MOST_LOST and not (found.pages or found.plain):
            # where nothing at all can be had, no single record is to blame
            raise self.error
        return found

    # By the ids of the page...

    def _by_ids(self, spot: Spot) -> Place | None:
        if not self.plan.collection.ids:
            return None
        page = self._try(spot, fields="id")
        if page is None:
            return None
        ids = ids_of(page)
        if not all(map(_number, ids)):
            return None
        wanted = [key for key in ids if key not in self.plan.unread]
        self.unread += [self._misfit(key) for key in ids if key in self.plan.unread]
        if wanted:
            self._halves(wanted, bad=len(wanted) == len(ids))
        heavy = not self.unread and not self.plain
        return self._found(spot.then(page.next_token), self.widest if heavy else 0)

    def _halves(self, ids: Sequence[str], *, bad: bool) -> bool:
        """Read records together, or else in halves; tell whether all of them could be had.

        With `bad` they are known not to be had together.
        """
        if len(ids) == 1:
            return self._alone(ids[0])
        page = None if bad else self._try(Spot(), ids)
        if page is not None:
            self.pages.append(page)
            self.widest = max(self.widest, len(ids))
            return True
        middle = len(ids) // 2
        good = self._halves(ids[:middle], bad=False)
        return self._halves(ids[middle:], bad=good and len(ids) <= SMALL) and good

    def _alone(self, key: str) -> bool:
        """Read one record as often as it may take, then without what is nested in it."""
        page = self._try(Spot(), [key], attempts=LAST_TRIES)
        if page is not None:
            self.pages.append(page)
            return True
        plain = plain_fields(self.fields)
        if len(plain) < len(self.fields):
            page = self._try(Spot(), [key], fields=",".join(item.request for item in plain))
        if page is not None:
            self.plain.append(page)
        else:
            self.unread.append(self._misfit(key))
        return False

    # By fewer and fewer records at a time...

    def _by_fewer(self, spot: Spot) -> Place:
        """Read the place in small pages, up to the record that breaks it and over that."""
        first = self._try(spot, limit="1")
        if self.bound:
            return self._by_anchors()
        if first is None:
            # what nobody can have made: a list that is away does not cost its page
            nothing = Spot("", stamp(self.now.add(years=1)))
            if not self.plan.collection.created_since or not self._try(nothing, fields="id"):
                raise self.error
            return self._found(self._behind(spot))
        size, covered, page = max(1, self.size // 2), 1, first
        while True:
            self.pages.append(page)
            spot = Spot(page.next_token, spot.since)
            if not spot.token or covered >= self.size:
                return self._found(spot.then(spot.token), size)
            while (page_or_none := self._try(spot, limit=str(size))) is None:
                if self.bound:
                    return self._by_anchors()
                if size == 1:
                    return self._found(self._behind(spot))
                size //= 2
            page, covered = page_or_none, covered + size

    def _by_anchors(self) -> Place:
        """Read the place in first pages of lists of what was made later, as small as can be had.

        For a Clio whose page tokens take no other `limit` than the one that they were made with.
        """
        size, covered = max(1, self.size // 2), 0
        anchor = self._jump()
        while anchor is not None and covered < self.size and not self.unread:
            page = self._try(anchor, limit=str(size))
            if page is not None:
                self.pages.append(page)
                covered += size
                anchor = self._jump() if page.next_token else None
            elif size == 1:
                anchor, covered = self._jump(), self.size
            else:
                size = size // 2
        return self._found(anchor.text if anchor else "")

    def _behind(self, spot: Spot) -> str:
        """Step over the one record at a place, and give the place behind it."""
        plain = plain_fields(self.fields)
        if len(plain) < len(self.fields):
            page = self._try(spot, limit="1", fields=",".join(item.request for item in plain))
            if page is not None:
                self.plain.append(page)
                return spot.then(page.next_token)
        page = self._try(spot, limit="1", fields="id")
        if page is not None:
            self.unread += [self._misfit(key) for key in ids_of(page)]
            return spot.then(page.next_token)
        anchor = self._jump()
        return anchor.text if anchor else ""

    def _jump(self) -> Spot | None:
        """Find a moment of creation from which on the list can be had; None if nothing is behind.

        What lies before it is asked for by id where the ids in between are few. Otherwise it is
        the first such moment, and what was made within its second stays unread and is told.

        Raises:
            ClioError: there is no such moment.
        """
        last, low, high, page = self._gallop()
        while (between := (high - low).total_seconds()) > 1 and not self._few(last, _first(page)):
            middle = low.add(seconds=int(between // 2))
            found = self._since(middle, last)
            low, high, page = (middle, high, page) if found is None else (low, middle, found)
        behind = _first(page)
        self._between(last, behind)
        return Spot("", stamp(high)) if behind else None

    def _gallop(self) -> tuple[str, pendulum.DateTime, pendulum.DateTime, Page]:
        """Go on from the last record in ever longer steps until the list can be had."""
        in_order = any(name == "order" for name, _ in self.parameters)
        if not self.plan.collection.created_since or not in_order:
            raise self.error
        last, low, step = self._last()
        while True:
            high = min(low.add(seconds=step), self.now.add(days=1))
            page = self._since(high, last)
            if page is not None:
                return last, low, high, page
            if high > self.now:
                raise self.error
            low, step = high, step * 2

    def _few(self, last: str, behind: str) -> bool:
        """Tell whether every id between two records can be asked for at once."""
        few = bool(last and behind) and int(behind) - int(last) <= self.size
        return few and self.plan.collection.ids

    def _between(self, last: str, behind: str) -> None:
        """Read what has an id between two neighbours; where nothing is to blame, tell of them."""
        room = self.size
        first = int(last) + 1 if last else max(1, int(behind or "1") - room)
        beyond = int(behind) if behind else first + room
        unread = len(self.unread)
        if self.plan.collection.ids and beyond - first <= room and beyond > first:
            self._halves([str(key) for key in range(first, beyond)], bad=False)
        if len(self.unread) == unread and not self._few(last, behind):
            where = f"between {last or 'the first'} and {behind or 'the last'}"
            self.unread.append(self._misfit("", where))

    def _since(self, moment: pendulum.DateTime, last: str) -> Page | None:
        """Return the first record made after a moment, if it can be had and is behind the last."""
        page = self._try(Spot("", stamp(moment)), fields="id,created_at", limit="1")
        first = _first(page) if page else ""
        return None if first and _number(first) <= _number(last) else page

    def _last(self) -> tuple[str, pendulum.DateTime, int]:
        """Return the last record that could be had, when it was made, and a likely distance."""
        rows = [row for page in [self.before, *self.pages] if page for row in _rows(page)]
        keys = [key for key, _ in rows if _number(key)]
        last = keys[-1] if keys else str(self.after or "")
        made = [moment for _, moment in rows if moment is not None and moment <= self.now]
        if not made:
            return last, _BEGINNING, 365 * 86_400
        distance = (made[-1] - made[0]).total_seconds() / len(made)
        return last, made[-1], max(1, int(distance))

    # Each request...

    def _try(
        self, spot: Spot, ids: Sequence[str] = (), attempts: int = 1, **changed: str
    ) -> Page | None:
        """Ask once for a page, and give None where that cannot be had.

        Raises:
            ClioError: too much was asked for in vain, or the service is away.
        """
        self.left -= 1
        if self.left < 0:
            raise self.error
        if ids:
            changed = {"limit": str(len(ids)), **changed}
        sent = [(name, changed.pop(name, value)) for name, value in self.parameters]
        sent += [*changed.items(), *spot.parameters, *(("ids[]", key) for key in ids)]
        try:
            page = fetch(
                self.client, self.one.path, sent, spot.token, meter=self.meter, attempts=attempts
            )
            self.readable(page.body)
        except ClioError as error:
            self._judge(error, spot)
            return None
        return None if ids and page.next_token else page

    def _judge(self, error: ClioError, spot: Spot) -> None:
        """Raise what is not about this page alone."""
        self.hangs += isinstance(error, HangError)
        refused = isinstance(error, RequestRefusedError | PageTokenRefusedError)
        self.bound = self.bound or (refused and bool(spot.token))
        if not (may_be_one_page(error) or self.bound) or self.hangs >= MOST_HANGS:
            raise error

    def _misfit(self, key: str, where: str = "") -> Misfit:
        place = f" ({where})" if where else ""
        return Misfit(key, "{}", f"{NOT_HAD}{place}: {self.error}")

    def _found(self, next_token: str, size: int = 0) -> Place:
        why = f"{NOT_HAD}: {self.error}"
        return Place(
            tuple(self.pages), next_token, tuple(self.plain), tuple(self.unread), size, why
        )


def ids_of(page: Page) -> list[str]:
    """Return the ids of the records of a page."""
    return [key for key, _ in _rows(page)]


def _first(page: Page) -> str:
    """Return the id of the first record of a page; empty if there is none."""
    return next(iter(ids_of(page)), "")


def _rows(page: Page) -> list[tuple[str, pendulum.DateTime | None]]:
    """Return the id of each record of a page, and when it was made where that is said.

    What is no record has no id, and a moment that cannot be read is none. A page that cannot be
    read at all shows a record without an id, so that nothing on it is taken for read.
    """
    found: list[tuple[str, pendulum.DateTime | None]] = []
    try:
        rows = orjson.loads(page.body)["data"]
    except (ValueError, KeyError, TypeError):
        return [("", None)]
    for row in rows:
        known = row if isinstance(row, dict) else {"id": ""}
        found.append((str(known.get("id")), iso_date(known.get("created_at"))))
    return found


def _number(key: str) -> int:
    """Return an id as a number; 0 for what is none, which lies before every record."""
    return int(key) if key.isdecimal() else 0
