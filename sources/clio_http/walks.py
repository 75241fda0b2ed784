"""One collection read from its first page to its last, in stretches that can be resumed.

A walk goes through every variant of a list, or through the list of every parent. It hands out
readings: some pages' rows, typed, with the point from which the walk would go on after them.
The next pages are fetched while a reading is being worked on.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pyarrow as pa

from sources.errors import (
    BrokenWalkError,
    ClioError,
    CollectionGoneError,
    FieldsRefusedError,
    HangError,
    MissingScopeError,
    PageTokenRefusedError,
    ParameterRefusedError,
    RequestRefusedError,
    UnavailableError,
    UnforeseenError,
    UnreadableAnswerError,
    VersionRetiredError,
)

from .client import ClioClient
from .clock import Clock
from .limits import Meter
from .paging import Page, Place, Repeats, Spot, fetch
from .plan import (
    List,
    Point,
    Reading,
    WalkPlan,
    asked_without,
    give_way,
    is_repeat,
    page_limit,
    request_parameters,
    taken,
    without,
)
from .readings import RecordReader, Stretch, Stretches, as_page
from .salvage import Salvage, ids_of, is_of_the_service, may_be_one_page
from .secret import place_of

MAX_PAGES = 50
MAX_BYTES = 16_000_000
MAX_SECONDS = 10.0
PREFETCH_THREADS = 4
REFUSED_LISTS = 3
"""So many refused lists, and none that was answered, mean that the whole collection is refused."""
IN_VAIN = 10
"""So many lists in a row that cannot be had mean that the service is away, and not they."""
OF_ONE_LIST = (
    BrokenWalkError,
    MissingScopeError,
    RequestRefusedError,
    UnavailableError,
    UnreadableAnswerError,
)
"""What may be wrong with one parent's list alone: the next load asks for the others first."""
UNFORESEEN = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""Faults of our own over an answer nobody thought of: they cost their collection alone."""
DEAD_TOKEN = (CollectionGoneError, PageTokenRefusedError, RequestRefusedError, VersionRetiredError)
"""Answers to the first request of a resumed walk after which it starts anew: nobody says in which
words Clio refuses a page token that has expired."""


class Walk:
    """Walks one plan. Used by one thread at a time; may be put down and taken up again."""

    def __init__(
        self,
        client: ClioClient,
        plan: WalkPlan,
        clock: Clock,
        prefetch: ThreadPoolExecutor | None = None,
    ) -> None:
        """Get ready; nothing is sent before the first reading is asked for."""
        self.client = client
        self.plan = plan
        self.clock = clock
        self.meter = Meter()
        self.point = plan.start
        self.refused: set[str] = set()
        self.error: ClioError | None = None
        self.complete = False
        self.restarted = False
        self._prefetch = prefetch
        self._failure: ClioError | None = None
        self.skipped: set[int] = set()
        self.failed: dict[int, str] = {}
        self.unread: dict[str, str] = {}
        self._given_up: set[str] = set()
        self._size = page_limit(plan.collection, plan.not_taken)
        self._before: tuple[int, Page | None] = (-1, None)
        self._answered = False
        self._in_vain: list[int] = []
        self._repeats = Repeats()
        self._held: list[Reading] = []
        self._readings: Iterator[Reading] | None = None
        self._request()

    def _request(self) -> None:
        self._fields = without(self.plan.collection.fields, self.plan.left_out | self.refused)
        self._stretch = Stretches(self.plan, self._fields, self._again, self.failed)
        self._parameters = request_parameters(self.plan, self._fields)

    @property
    def keys_rise(self) -> bool:
        """Tell whether the walk checks that ids only rise, so that no key can come twice."""
        reader = self._stretch.reader
        return [c.name for c in reader.key if c.type == "BIGINT"] == [reader.rising]

    def hold(self, reading: Reading) -> None:
        """Take a reading back, to be handed out first when the walk is taken up again."""
        self._held.append(reading)

    def readings(self) -> Iterator[Reading]:
        """Hand out reading after reading until the walk is complete or has failed.

        A failure ends the walk: it is kept in `error`, what was handed out before stays good.
        """
        while self._held:
            yield self._held.pop(0)
        if self._readings is None:
            self._readings = self._walk()
            # without rows, so that the collection is known before it is read
            yield Reading(pa.table({}), (), point=self.point)
        for reading in self._readings:  # noqa: UP028 - that ends the walk with a reader who stops
            yield reading

    @property
    def can_settle(self) -> bool:
        """Tell whether single records can be read by id, whatever the lists say of them.

        A child list is not asked again: which parent's list a record stood in decides its row.
        """
        collection = self.plan.collection
        return bool(collection.ids or collection.item_path) and self.plan.mode != "child"

    @property
    def records(self) -> RecordReader:
        """Return a reader of this collection's single records, with the fields of the walk."""
        return RecordReader(self.client, self.plan, self._fields, self.meter)

    def _walk(self) -> Iterator[Reading]:
        try:
            yield from self._with_restart()
            if "" in self.unread:
                # nobody could ask for them by id: the next run walks here again
                message = f"records of unknown id were not had ({self.unread['']})"
                raise BrokenWalkError(message)
            self.complete = True
        except MissingScopeError as error:
            self.error = error.of(self.plan.collection.scope)
        except ClioError as error:
            self.error = error
        except UNFORESEEN as error:
            self.error = UnforeseenError(place_of(error))

    def _with_restart(self) -> Iterator[Reading]:
        """Walk on from where the plan says; a page token that died starts the walk again."""
        try:
            yield from self._stretches()
        except DEAD_TOKEN:
            if not self.plan.start.page_token or self.point != self.plan.start:
                raise
            self.point, self.restarted = Point(), True
            yield from self._stretches()

    def _stretches(self) -> Iterator[Reading]:
        if self.point.index >= len(self.plan.lists):
            return
        following = self._ahead(self.point)
        while True:
            stretch = following()
            failure = self._failure
            more = stretch.point.index < len(self.plan.lists)
            if more and failure is None:
                following = self._ahead(stretch.point)
            for reading in self._stretch.readings(stretch, self.point):
                self.point = reading.point
                yield reading
            if failure is not None:
                raise failure
            if not more:
                return

    def _ahead(self, point: Point) -> Callable[[], Stretch]:
        if self._prefetch is None or point == self.plan.start:
            return partial(self._gather, point)
        return self._prefetch.submit(self._gather, point).result

    def _gather(self, point: Point) -> Stretch:
        """Fetch pages until there are enough for one reading.

        After a failure the pages before it are still handed out; the failure comes after them.
        """
        places: list[tuple[int, Place]] = []
        started, size = self.clock.monotonic(), 0
        try:
            for index, place in self._following(point):
                places += [(index, place)] if place else []
                token = place.next_token if place else ""
                point = Point(index, token) if token else Point(index + 1)
                size += sum(len(page.body) for page in place.pages) if place else 0
                late = self.clock.monotonic() - started >= MAX_SECONDS
                if len(places) >= MAX_PAGES or size >= MAX_BYTES or late:
                    break
            else:
                point = Point(len(self.plan.lists))
        except ClioError as error:
            if not places:
                raise
            self._failure = error
        return Stretch(tuple(places), point)

    def _following(self, point: Point) -> Iterator[tuple[int, Place | None]]:
        """Yield the places from a point on with the list's number; None for a list that is lost."""
        for index in range(point.index, len(self.plan.lists)):
            for place in self._list(point if index == point.index else Point(index)):
                yield index, place

    def _list(self, point: Point) -> Iterator[Place | None]:
        """Yield the places of one list, from a point on; None where there is no list to be had."""
        try:
            for place in self._places(point):
                self._repeats.check(point.index, place)
                self._answered, self._in_vain = True, []
                yield place
        except CollectionGoneError:
            # a parent that was deleted has no list; its own collection tells of that
            if self.plan.mode != "child":
                raise
            self.skipped.add(point.index)
            yield None
        except OF_ONE_LIST as error:
            if self.plan.mode != "child" or is_of_the_service(error):
                raise
            self._lose(point.index, error)
            yield None

    def _lose(self, index: int, error: ClioError) -> None:
        """Let one parent's list cost itself alone, unless nothing is answered any more.

        Raises:
            ClioError: it is the whole collection that cannot be read.
        """
        self.failed[index] = str(error)
        self._in_vain.append(index)
        refused = isinstance(error, MissingScopeError)
        never = not self._answered and len(self.failed) >= REFUSED_LISTS
        hung = isinstance(error, HangError) and len(self._in_vain) >= REFUSED_LISTS
        if never or hung or (len(self._in_vain) >= IN_VAIN and not refused):
            if not refused:
                # the service was away, and not the lists that failed last: they are unread
                for lost in self._in_vain:
                    self.failed.pop(lost, None)
            raise error

    def _places(self, point: Point) -> Iterator[Place]:
        """Yield what a list holds, place by place, from a point on to its end."""
        one, token, number = self.plan.lists[point.index], point.page_token, 1
        if self._before[0] != point.index:
            self._before = (point.index, None)
        while not is_repeat(self.plan.lists, point.index, self.plan.not_taken):
            try:
                place = self._place(one, token, number)
            except FieldsRefusedError as error:
                self._drop(error)
                continue
            except ParameterRefusedError as error:
                if token:
                    raise
                self._give_way(error, one)
                continue
            self._before = (point.index, place.pages[-1] if place.pages else self._before[1])
            yield place
            token, number = place.next_token, number + 1
            if not token:
                return

    def _place(self, one: List, token: str, number: int) -> Place:
        """Fetch one page, or what can be had of it."""
        if self.plan.collection.page_size == 1:
            answer = self.client.get(one.path, self._parameters, meter=self.meter)
            body = as_page(answer.body, one.path, bare=self.client.settings.bare)
            return Place((Page(body, 1, "", "", answer.date),))
        spot, since = Spot.read(token), self.client.silence.answers
        # where records are known that break their page, it is soon taken apart
        attempts = 2 if self.plan.unread else None
        try:
            page = self._page(one, spot, number, attempts)
        except (RequestRefusedError, PageTokenRefusedError):
            full = page_limit(self.plan.collection, self.plan.not_taken)
            if not spot.token or self._size == full:
                raise
            # this token takes no other limit than the one that it was made with
            self._size = full
            return self._place(one, token, number)
        except (UnavailableError, UnreadableAnswerError) as error:
            if self.plan.mode == "child" or not may_be_one_page(error):
                raise
            return self._in_parts(one, token, error, since)
        return Place((page,), spot.then(page.next_token))

    def _sent(self, one: List) -> list[tuple[str, str]]:
        """Return what every page of a list is asked with, in pages as large as can be had."""
        asked = (*self._parameters, *taken(one.parameters, self.plan.not_taken))
        return [(n, str(self._size) if n == "limit" else value) for n, value in asked]

    def _page(self, one: List, spot: Spot, number: int = 1, attempts: int | None = None) -> Page:
        asked = [*self._sent(one), *spot.parameters]
        return fetch(
            self.client, one.path, asked, spot.token,
            meter=self.meter, number=number, attempts=attempts,
        )  # fmt: skip

    def _in_parts(self, one: List, token: str, error: ClioError, since: int) -> Place:
        """Take a page apart that cannot be had whole."""
        try:
            start, (index, before) = self.plan.start, self._before
            after = start.after if start.index == index and before is None else 0
            salvage = Salvage(
                self.client, self.plan, one, self._fields, self._sent(one), self.meter,
                self._stretch.readable, error, before, after,
            )  # fmt: skip
            place = salvage.place(token)
        except UnavailableError:
            self.client.silence.failed(self.meter, since)
            raise
        self._size = place.size or self._size
        self.unread |= {misfit.record_id: misfit.reason for misfit in place.unread}
        self.unread |= {key: place.why for page in place.plain for key in ids_of(page)}
        return place

    def _again(self, index: int, page: Page, *, last: bool) -> Place:
        """Ask once more for a page that cannot be parsed; at last in parts."""
        one = self.plan.lists[index]
        spot = Spot.read(page.token)
        if not last:
            found = self._page(one, spot)
            return Place((found,), spot.then(found.next_token))
        error = UnreadableAnswerError("a page cannot be parsed")
        return self._in_parts(one, page.token, error, self.client.silence.answers)

    def _drop(self, error: FieldsRefusedError) -> None:
        """Ask again without the fields that Clio refused, unless the rows cannot do without."""
        collection = self.plan.collection
        key = {c.path[0] for c in collection.columns if c.path and c.name in collection.telling}
        asked = {item.name for item in self._fields}
        asked |= {f"{item.name}.{name}" for item in self._fields for name, _ in item.sub}
        refused = set(error.fields) & asked
        if not refused or refused & key:
            raise error
        self.refused |= refused
        self._request()

    def _give_way(self, error: ParameterRefusedError, one: List) -> None:
        """Ask for less from now on, where that is not another list; the words may mean a field."""
        plan = self.plan
        found = give_way(plan.collection, error.parameters, one.parameters, plan.not_taken)
        if not found and error.fields:
            self._drop(FieldsRefusedError(str(error), error.fields))
        elif not found:
            raise error
        else:
            self._given_up.add(found)
            self.plan = asked_without(plan, found)
            self._size = min(self._size, page_limit(plan.collection, self.plan.not_taken))
            self._request()

    @property
    def given_up(self) -> frozenset[str]:
        """Name what Clio refused to be asked with in this run, once it answered without it."""
        return frozenset(self._given_up) if self._answered else frozenset()
