"""Fetched pages turned into readings: typed rows, list by list, and where the walk goes on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import pyarrow as pa

from sources.errors import BrokenWalkError, ClioError, UnreadableAnswerError

from .asking import ORDER
from .catalog import Column, Field
from .keys import key_texts
from .misfits import UNKNOWN, UNKNOWN_TYPE, Misfit
from .paging import Page
from .places import Place
from .plan import Point, Reading, WalkPlan
from .records import filled, keyed
from .rows import ARROW_TYPES, Batch, RowReader
from .salvage import plain_fields
from .signs import NOT_READ

PAGE_READINGS = 3


class PageRetry(Protocol):
    """Asks once more for an unreadable page of a list; with `last` in parts."""

    def __call__(self, index: int, page: Page, *, last: bool) -> Place:
        """Return what came of it."""


@dataclass(frozen=True)
class Stretch:
    """Places that follow one another, as fetched, with the list that each belongs to."""

    places: tuple[tuple[int, Place], ...]
    point: Point


class Stretches:
    """Reads the stretches of one walk, with the fields that it asks for.

    `lost` takes the lists of a child collection that break what paging promises or cannot be
    read: their rows are left out, and the others are good.
    """

    def __init__(
        self, plan: WalkPlan, fields: Sequence[Field], again: PageRetry, lost: dict[int, str]
    ) -> None:
        """Get ready; `again` asks for a page that cannot be parsed."""
        self.plan = plan
        self.fields = fields
        self.again = again
        self.lost = lost
        self._apart: list[tuple[int, Place]] = []
        columns = [c for item in fields for c in item.columns]
        self.reader = RowReader(plan.collection, columns, ordered=ORDER not in plan.not_taken)

    def readable(self, body: bytes) -> None:
        """Parse one body for itself.

        Raises:
            UnreadableAnswerError: it cannot be parsed.

        """
        reader = RowReader(self.plan.collection, self.reader.columns, ordered=False)
        reader.read([(1, body)])

    def readings(self, stretch: Stretch, start: Point) -> Iterator[Reading]:
        """Turn a stretch into readings; the last one moves the walk on."""
        yield from self._plain(stretch.places, start)
        self._apart = []
        whole = self._whole(stretch, start)
        apart = [(index, place) for index, place in self._apart if index not in self.lost]
        yield from self._plain(apart, start)
        yield whole

    def _plain(self, places: Sequence[tuple[int, Place]], start: Point) -> Iterator[Reading]:
        """Read the records that came without what is nested in them, which is not known."""
        fields = plain_fields(self.fields)
        missing = [c for f in self.fields if f not in fields for c in f.columns]
        columns = [c for item in fields for c in item.columns]
        reader = RowReader(self.plan.collection, columns, ordered=False)
        for index, place in places:
            if not place.plain:
                continue
            batch = reader.read([(n, page.body) for n, page in enumerate(place.plain, 1)])
            table = filled(batch.table, self.plan, self.plan.lists[index])
            keys = key_texts(table, self.plan.collection).to_pylist()
            kept_out = [Misfit(key, "null", place.why, c.name) for key in keys for c in missing]
            misfits = (*batch.misfits, *kept_out)
            table = with_unread(table, missing)
            yield Reading(table, misfits, batch.rows, 0, start, frozenset(), (), new=batch.new)

    def _whole(self, stretch: Stretch, start: Point) -> Reading:
        tables: list[pa.Table] = []
        misfits: list[Misfit] = []
        absent = {item.name for item in self.fields}
        rows, size, after, last = 0, 0, start.after, start.index
        new: frozenset[str] = frozenset()
        lists: dict[int, list[Page]] = {}
        for index, place in stretch.places:
            lists.setdefault(index, []).extend(place.pages)
            misfits += place.unread
            size += sum(len(page.body) for page in place.pages)
        batches = self._together(lists, start)
        for index, pages in sorted(lists.items()):
            after = after if index == last else 0
            last = index
            batch = batches.get(index) or self._one_list(index, pages, after)
            if batch is None:
                continue
            after = batch.last_id
            tables.append(filled(batch.table, self.plan, self.plan.lists[index]))
            misfits += keyed(batch.misfits, self.plan, self.plan.lists[index])
            rows += batch.rows
            absent &= batch.absent if batch.rows else absent
            new |= batch.new
        going_on = stretch.point.index == last
        return Reading(
            table=pa.concat_tables(tables, promote_options="default") if tables else pa.table({}),
            misfits=tuple(misfits),
            rows=rows,
            size=size,
            point=replace(stretch.point, after=after if going_on else 0),
            absent=frozenset(absent) if rows else frozenset(),
            finished=tuple(range(start.index, stretch.point.index)),
            new=new,
        )

    def _together(self, lists: Mapping[int, Sequence[Page]], start: Point) -> Mapping[int, Batch]:
        """Parse the lists that begin here all at once; none where one of them is odd."""
        begun = {start.index} if start.after else set()
        chosen = {i: pages for i, pages in lists.items() if i not in begun and i not in self.lost}
        bodies = [[page.body for page in pages] for pages in chosen.values()]
        batches = self.reader.read_each(bodies) if len(chosen) > 1 else None
        return dict(zip(chosen, batches, strict=True)) if batches else {}

    def _one_list(self, index: int, pages: list[Page], after: int) -> Batch | None:
        """Parse the pages of one list; None for a parent's list that costs itself alone."""
        if index in self.lost:
            return None
        try:
            return self._batch(index, pages, after)
        except (BrokenWalkError, UnreadableAnswerError) as error:
            if self.plan.mode != "child":
                raise
            self.lost[index] = str(error)
            return None

    def _batch(self, index: int, pages: list[Page], after: int) -> Batch:
        """Parse the pages of one list; a page that cannot be parsed is asked for again."""
        unread: list[Misfit] = []
        for attempt in range(PAGE_READINGS):
            try:
                whole = len(pages) == 1 and pages[0].is_whole
                numbered = [(number, page.body) for number, page in enumerate(pages, start=1)]
                batch = self.reader.read(numbered, after=after, whole=whole)
                return replace(batch, misfits=(*batch.misfits, *unread))
            except UnreadableAnswerError:
                if attempt == PAGE_READINGS - 1:
                    raise
                places = [self._again(index, page, attempt) for page in pages]
                unread += [misfit for place in places for misfit in place.unread]
                pages = [page for place in places for page in place.pages]
        raise AssertionError

    def _again(self, index: int, page: Page, attempt: int) -> Place:
        """Ask once more for a page that cannot be parsed alone."""
        try:
            self.readable(page.body)
        except UnreadableAnswerError:
            place = self.again(index, page, last=attempt == PAGE_READINGS - 2)
            if place.next_token != page.next_token:
                raise
            self._apart.append((index, place))
            return place
        except ClioError:
            pass
        return Place((page,), page.next_token)


def with_unread(table: pa.Table, columns: Sequence[Column]) -> pa.Table:
    """Add columns that were not read of any row, and say so beside what else is not known."""
    known: list[list[dict[str, str]] | None] = [None] * table.num_rows
    if UNKNOWN in table.column_names:
        known = table[UNKNOWN].to_pylist()
        table = table.drop_columns([UNKNOWN])
    for column in columns:
        nothing = pa.nulls(table.num_rows, ARROW_TYPES[column.type])
        table = table.append_column(column.name, nothing)
    marks = [{"field": column.name, "evidence": NOT_READ} for column in columns]
    found = pa.array([[*(one or []), *marks] for one in known], UNKNOWN_TYPE)
    return table.append_column(UNKNOWN, found)
