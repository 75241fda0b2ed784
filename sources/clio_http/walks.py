"""One collection read from its first page to its last, in stretches that can be resumed.

A walk goes through every variant of a list, or through the list of every parent. It hands out
readings: some pages' rows, typed, with the point from which the walk would go on after them.
The next pages are fetched while a reading is being worked on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import pyarrow as pa

from sources.errors import (
    BrokenWalkError,
    ClioError,
    CollectionGoneError,
    FieldsRefusedError,
    MissingScopeError,
    PageTokenRefusedError,
    ParameterRefusedError,
    RequestRefusedError,
    UnavailableError,
    UnreadableAnswerError,
    VersionRetiredError,
)

from .asking import ORDER, give_way, is_repeat, taken
from .client import ClioClient, Meter
from .clock import Clock
from .paging import Page, fetch, walk
from .plan import List, Plan, Point, Reading, asked_without, request_parameters, without
from .records import Records, as_page, filled
from .rows import Batch, Misfit, RowReader

MAX_PAGES = 50
MAX_BYTES = 16_000_000
MAX_SECONDS = 10.0
PAGE_READINGS = 3
REFUSED_LISTS = 3
"""So many refused lists, and none that was answered, mean that the whole collection is refused."""
OF_ONE_LIST = (
    BrokenWalkError,
    MissingScopeError,
    RequestRefusedError,
    UnavailableError,
    UnreadableAnswerError,
)
"""What may be wrong with one parent's list alone: the next load asks for the others first."""
DEAD_TOKEN = (
    CollectionGoneError,
    PageTokenRefusedError,
    RequestRefusedError,
    VersionRetiredError,
)
"""Answers to the first request of a resumed walk after which it starts anew: nobody says in which
words Clio refuses a page token that has expired."""


@dataclass(frozen=True)
class _Stretch:
    """Pages that follow one another, as fetched, with the list that each belongs to."""

    pages: tuple[tuple[int, Page], ...]
    point: Point


class Walk:
    """Walks one plan. Used by one thread at a time; may be put down and taken up again."""

    def __init__(
        self,
        client: ClioClient,
        plan: Plan,
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
        self._given_up: set[str] = set()
        self.error: ClioError | None = None
        self.complete = False
        self._prefetch = prefetch
        self._failure: ClioError | None = None
        self.skipped: set[int] = set()
        self.failed: set[int] = set()
        self._answered = False
        self._tokens: set[str] = set()
        self._rows: set[int] = set()
        self._tokens_of = -1
        self._held: list[Reading] = []
        self._readings: Iterator[Reading] | None = None
        self._request()

    def _request(self) -> None:
        self._fields = without(
            self.plan.collection.fields,
            self.plan.left_out | self.refused,
        )
        columns = [column for item in self._fields for column in item.columns]
        ordered = ORDER not in self.plan.not_taken
        self._reader = RowReader(self.plan.collection, columns, ordered=ordered)
        self._parameters = request_parameters(self.plan, self._fields)

    @property
    def keys_rise(self) -> bool:
        """Tell whether the walk checks that ids only rise, so that no key can come twice."""
        names = [column.name for column in self._reader.key if column.type == "BIGINT"]
        return names == [self._reader.rising]

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
            yield self._opening()
        # Not `yield from`: that would end the walk together with a reader who stops early.
        for reading in self._readings:  # noqa: UP028
            yield reading

    @property
    def can_settle(self) -> bool:
        """Tell whether single records can be read by id, whatever the lists say of them.

        A child list is not asked again: which parent's list a record stood in decides its row.
        """
        collection = self.plan.collection
        return bool(collection.ids or collection.item_path) and self.plan.mode != "child"

    @property
    def records(self) -> Records:
        """Give a reader of this collection's single records, with the fields of the walk."""
        return Records(self.client, self.plan, self._fields, self.meter)

    def _walk(self) -> Iterator[Reading]:
        try:
            yield from self._with_restart()
            self._check_lists()
            self.complete = True
        except MissingScopeError as error:
            self.error = error.of(self.plan.collection.scope)
        except ClioError as error:
            self.error = error

    def _check_lists(self) -> None:
        """Refuse to call a child walk complete that some parents' lists were kept from."""
        if self.failed:
            message = f"{len(self.failed):,} of {len(self.plan.lists):,} lists may not be read"
            raise MissingScopeError(message)

    def _opening(self) -> Reading:
        """Give a reading without rows, so that a collection is known before it is read."""
        return Reading(pa.table({}), (), 0, 0, self.point, frozenset(), ())

    def _with_restart(self) -> Iterator[Reading]:
        """Walk on from where the plan says; a page token that died starts the walk again."""
        try:
            yield from self._stretches()
        except DEAD_TOKEN:
            if not self.plan.start.page_token or self.point != self.plan.start:
                raise
            self.point = Point()
            yield from self._stretches()

    def _stretches(self) -> Iterator[Reading]:
        if self.point.index >= len(self.plan.lists):
            return
        following = self._ahead(self._gather, self.point)
        while True:
            stretch = following()
            failure = self._failure
            more = stretch.point.index < len(self.plan.lists)
            if more and failure is None:
                following = self._ahead(self._gather, stretch.point)
            reading = self._read(stretch)
            self.point = reading.point
            yield reading
            if failure is not None:
                raise failure
            if not more:
                return

    def _ahead(
        self,
        task: Callable[[Point], _Stretch],
        point: Point,
    ) -> Callable[[], _Stretch]:
        if self._prefetch is None or point == self.plan.start:
            return lambda: task(point)
        future: Future[_Stretch] = self._prefetch.submit(task, point)
        return future.result

    def _gather(self, point: Point) -> _Stretch:
        """Fetch pages until there are enough for one reading.

        After a failure the pages before it are still handed out; the failure comes after them.
        """
        pages: list[tuple[int, Page]] = []
        started = self.clock.monotonic()
        try:
            for index, page in self._following(point):
                pages += [(index, page)] if page else []
                token = page.next_token if page else ""
                point = Point(index, token) if token else Point(index + 1)
                if self._enough(pages, started):
                    break
            else:
                point = Point(len(self.plan.lists))
        except ClioError as error:
            if not pages:
                raise
            self._failure = error
        return _Stretch(tuple(pages), point)

    def _following(self, point: Point) -> Iterator[tuple[int, Page | None]]:
        """Give the pages from a point on with the list's number; None for a list that is gone."""
        while point.index < len(self.plan.lists):
            for page in self._pages(point):
                if page is not None:
                    self._check_progress(point.index, page)
                yield point.index, page
            point = Point(point.index + 1)

    def _check_progress(self, index: int, page: Page) -> None:
        """Refuse a page that leads back to one read in an earlier stretch of the same list."""
        if index != self._tokens_of:
            self._tokens_of, self._tokens, self._rows = index, set(), set()
        rows = page.body[: max(0, page.body.rfind(b'"meta"'))]
        if page.next_token and page.next_token in self._tokens:
            message = "a page leads back to a page already read"
            raise BrokenWalkError(message)
        if b"{" in rows[1:] and hash(rows) in self._rows:
            message = "a page repeats the rows of a page already read"
            raise BrokenWalkError(message)
        self._tokens.add(page.next_token)
        self._rows.add(hash(rows))

    def _enough(self, pages: list[tuple[int, Page]], started: float) -> bool:
        size = sum(len(page.body) for _, page in pages)
        late = self.clock.monotonic() - started >= MAX_SECONDS
        return len(pages) >= MAX_PAGES or size >= MAX_BYTES or late

    def _pages(self, point: Point) -> Iterator[Page | None]:
        one, token = self.plan.lists[point.index], point.page_token
        while True:
            try:
                if self.plan.collection.page_size == 1:
                    yield self._only(one)
                else:
                    for page in self._taken(one, token):
                        self._answered = True
                        yield page
                        token = page.next_token
            except FieldsRefusedError as error:
                self._drop(error)
                continue
            except CollectionGoneError:
                # a parent that was deleted has no list; its own collection tells of that
                if self.plan.mode != "child":
                    raise
                self.skipped.add(point.index)
                yield None
            except OF_ONE_LIST as error:
                if self.plan.mode != "child":
                    raise
                self.failed.add(point.index)
                if not isinstance(error, MissingScopeError) or self._none_may_be_read():
                    raise
                yield None
            return

    def _taken(self, one: List, token: str) -> Iterator[Page]:
        """Give the pages of a list, asked for without what Clio refuses on its first page."""
        began = bool(token)
        while not self._is_repeat(one):
            try:
                sent = self._sent(one)
                for page in walk(self.client, one.path, sent, page_token=token, meter=self.meter):
                    began = True
                    yield page
            except ParameterRefusedError as error:
                if began or not self._gives_way(error, one):
                    raise
                continue
            return

    def _sent(self, one: List) -> tuple[tuple[str, str], ...]:
        return self._parameters + taken(one.parameters, self.plan.not_taken)

    def _is_repeat(self, one: List) -> bool:
        before = self.plan.lists[: self.plan.lists.index(one)]
        return is_repeat(one.parameters, (b.parameters for b in before), self.plan.not_taken)

    def _gives_way(self, error: ParameterRefusedError, one: List) -> bool:
        """Ask for less from now on, where that is not another list; the words may mean a field."""
        plan = self.plan
        found = give_way(plan.collection, error.parameters, one.parameters, plan.not_taken)
        if found:
            self._given_up.add(found)
            self.plan = asked_without(plan, found)
            self._request()
        elif error.fields:
            raise FieldsRefusedError(str(error), error.fields)
        return bool(found)

    @property
    def given_up(self) -> frozenset[str]:
        """Name what Clio refused to be asked with in this run, once it answered without it."""
        return frozenset(self._given_up) if self._answered else frozenset()

    def _none_may_be_read(self) -> bool:
        """Tell whether it is the whole collection that is refused, and not some parents' lists."""
        return not self._answered and len(self.failed) >= REFUSED_LISTS

    def _only(self, one: List) -> Page:
        answer = self.client.get(one.path, self._parameters, meter=self.meter)
        body = as_page(answer.body, one.path, bare=self.client.settings.bare)
        return Page(body, 1, "", "", answer.date)

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

    def _read(self, stretch: _Stretch) -> Reading:
        """Turn fetched pages into one reading, list by list."""
        tables: list[pa.Table] = []
        misfits: list[Misfit] = []
        absent = {item.name for item in self._fields}
        reader = self._reader
        rows, after, last = 0, self.point.after, self.point.index
        new: frozenset[str] = frozenset()
        lists: dict[int, list[Page]] = {}
        for index, page in stretch.pages:
            lists.setdefault(index, []).append(page)
        batches = self._together(reader, lists)
        for index, pages in sorted(lists.items()):
            after = after if index == last else 0
            batch = batches.get(index) or self._batch(reader, self.plan.lists[index], pages, after)
            after, last = batch.last_id, index
            tables.append(filled(batch.table, self.plan, self.plan.lists[index]))
            misfits += batch.misfits
            rows += batch.rows
            absent &= batch.absent if batch.rows else absent
            new |= batch.new
        going_on = stretch.point.index == last
        return Reading(
            table=pa.concat_tables(tables) if tables else pa.table({}),
            misfits=tuple(misfits),
            rows=rows,
            size=sum(len(page.body) for _, page in stretch.pages),
            point=replace(stretch.point, after=after if going_on else 0),
            absent=frozenset(absent) if rows else frozenset(),
            finished=tuple(range(self.point.index, stretch.point.index)),
            new=new,
        )

    def _together(
        self, reader: RowReader, lists: Mapping[int, Sequence[Page]]
    ) -> Mapping[int, Batch]:
        """Parse the lists that begin here all at once; none where one of them is odd."""
        begun = {self.point.index} if self.point.after else set()
        chosen = {index: pages for index, pages in lists.items() if index not in begun}
        bodies = [[page.body for page in pages] for pages in chosen.values()]
        batches = reader.read_each(bodies) if len(chosen) > 1 else None
        return dict(zip(chosen, batches, strict=True)) if batches else {}

    def _batch(self, reader: RowReader, one: List, pages: list[Page], after: int) -> Batch:
        """Parse the pages of one list; a page that cannot be parsed is asked for again."""
        for attempt in range(PAGE_READINGS):
            try:
                numbered = [(number, page.body) for number, page in enumerate(pages, start=1)]
                return reader.read(
                    numbered, after=after, whole=len(pages) == 1 and pages[0].is_whole
                )
            except UnreadableAnswerError:
                if attempt == PAGE_READINGS - 1:
                    raise
                pages = [self._again(reader, one, page) for page in pages]
        raise AssertionError

    def _again(self, reader: RowReader, one: List, page: Page) -> Page:
        """Ask once more for a page that cannot be parsed alone."""
        try:
            reader.read([(1, page.body)])
        except UnreadableAnswerError:
            return fetch(self.client, one.path, self._sent(one), page.token, meter=self.meter)
        except BrokenWalkError:
            return page
        return page
