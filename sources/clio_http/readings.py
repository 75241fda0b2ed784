"""Pages turned into readings: typed rows of a walk, list by list, and of single records."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson
import pyarrow as pa
import pyarrow.compute

from sources.errors import (
    BrokenWalkError,
    ClioError,
    CollectionGoneError,
    UnreadableAnswerError,
    VersionRetiredError,
)

from .bulk import NOT_READ
from .catalog import Column, Field
from .client import ClioClient
from .limits import Meter
from .misfits import UNKNOWN, UNKNOWN_TYPE, Misfit, key_texts
from .paging import Page, Place, walk
from .plan import ORDER, List, Point, Reading, WalkPlan, narrowing, plain_fields, taken
from .rows import ARROW_TYPES, Batch, RowReader


class RecordReader:
    """Reads records of one plan's collection, with the same fields as its walk."""

    def __init__(
        self, client: ClioClient, plan: WalkPlan, fields: Sequence[Field], meter: Meter
    ) -> None:
        """Get ready; nothing is sent yet."""
        self.client = client
        self.plan = plan
        self.meter = meter
        columns = [column for item in fields for column in item.columns]
        self._reader = RowReader(plan.collection, columns, ordered=False)
        # records that are named fit on one page, which needs no order
        narrowed = narrowing(plan.collection, fields, plan.not_taken)
        self._narrowing = [pair for pair in narrowed if pair[0] != ORDER]

    def by_ids(self, ids: Sequence[object]) -> Reading:
        """Read some records, in blocks where the list takes ids. Those that are gone are left out.

        Raises:
            ClioError: they could not be read; nothing is known of them.
        """
        if self.plan.collection.ids:
            return self.shown(ids)[0]
        found = [self.one(key) for key in ids]
        return joined([reading for reading in found if reading is not None])

    def one(self, key: object) -> Reading | None:
        """Read one record by its own address; None where Clio answers that there is none.

        Raises:
            ClioError: it could not be read; nothing is known of it.
        """
        body = self.item(key)
        if body is None:
            return None
        path = self.plan.collection.item_path.replace("{id}", str(key))
        page = as_page(body, path, bare=self.client.settings.bare)
        return self._reading([page], self.plan.lists[0])

    def shown(self, ids: Sequence[object]) -> tuple[Reading, list[bytes]]:
        """Read some records in blocks, as rows and as the pages that Clio answered with.

        Raises:
            ClioError: they could not be read; nothing is known of them.
        """
        size = self.plan.collection.ids_at_once
        readings, bodies = [], []
        for start in range(0, len(ids), size):
            for one in self.plan.lists:
                asked = [*self._narrowing, *taken(one.parameters, self.plan.not_taken)]
                asked += [("ids[]", str(key)) for key in ids[start : start + size]]
                walked = walk(self.client, one.path, asked, meter=self.meter)
                pages = [page.body for page in walked]
                readings.append(self._reading(pages, one))
                bodies += pages
        return joined(readings), bodies

    def item(self, key: object) -> bytes | None:
        """Read one record by its own address as Clio answers; None where there is none.

        Raises:
            ClioError: it could not be read; nothing is known of it.
        """
        collection = self.plan.collection
        path = collection.item_path.replace("{id}", str(key))
        asked = [pair for pair in self._narrowing if pair[0] == "fields"]
        asked += collection.item_parameters
        try:
            return self.client.get(path, asked, meter=self.meter).body
        except (CollectionGoneError, VersionRetiredError):
            # 404, or 410: the version that this can also speak of was good for the list itself
            return None

    def _reading(self, bodies: Sequence[bytes], one: List) -> Reading:
        batch = self._reader.read(list(enumerate(bodies, start=1)))
        misfits = keyed(batch.misfits, self.plan, one)
        return Reading(filled(batch.table, self.plan, one), tuple(misfits))


def joined(readings: Sequence[Reading]) -> Reading:
    """Make one reading of several."""
    tables = [one.table for one in readings if one.table.num_columns]
    table = pa.concat_tables(tables, promote_options="default") if tables else pa.table({})
    return Reading(table, tuple(misfit for one in readings for misfit in one.misfits))


def filled(table: pa.Table, plan: WalkPlan, one: List) -> pa.Table:
    """Add the columns that the list itself decides, such as the parent's id, and stand-ins."""
    kinds = {column.name: column.type for column in plan.collection.columns}
    for name, constant in one.constants:
        column = pa.array([constant], pa.scalar(constant).type).cast(ARROW_TYPES[kinds[name]])
        column = pa.repeat(column[0], table.num_rows)
        if name in table.column_names:
            table = table.set_column(table.column_names.index(name), name, column)
        else:
            table = table.append_column(name, column)
    for name, stood_for in plan.collection.stands_for:
        values = pa.nulls(table.num_rows, pa.int64())
        if stood_for in table.column_names:
            values = table[stood_for]
        table = table.append_column(name, pa.compute.fill_null(values, 0))
    return table


def keyed(misfits: Sequence[Misfit], plan: WalkPlan, one: List) -> list[Misfit]:
    """Complete the keys of misfits by what the list itself decides, such as the parent's id."""
    key, constants = plan.collection.key, dict(one.constants)
    ours = dict(plan.collection.stands_for)
    if not constants.keys() & set(key):
        return list(misfits)
    found = []
    for misfit in misfits:
        parts = iter(misfit.record_id.split(","))
        texts = [str(constants[k]) if k in constants else next(parts, "") for k in key]
        # the key has 0 where what it stands for is null
        texts = [text or "0" if k in ours else text for k, text in zip(key, texts, strict=True)]
        found.append(replace(misfit, record_id=",".join(texts)))
    return found


def as_page(body: bytes, path: str, *, bare: bool = False) -> bytes:
    """Turn the answer of an item path into a page of one record; a `bare` one has no `data`."""
    document = orjson.loads(body)
    record = document.get("data") if isinstance(document, dict) else None
    if bare and record is None:
        record = document
    if not isinstance(record, dict):
        message = f"{path} answered without a record"
        raise BrokenWalkError(message)
    return orjson.dumps({"data": [record]})


PAGE_READINGS = 3


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
        self,
        plan: WalkPlan,
        fields: Sequence[Field],
        again: Callable[..., Place],
        lost: dict[int, str],
    ) -> None:
        """Get ready; `again(index, page, last=…)` asks for a page once more, at last in parts."""
        self.plan = plan
        self.fields = fields
        self.again = again
        self.lost = lost
        self._apart: list[tuple[int, Place]] = []
        columns = [c for item in fields for c in item.columns]
        self.reader = RowReader(plan.collection, columns, ordered=ORDER not in plan.not_taken)

    def readable(self, body: bytes) -> None:
        """Parse one body for itself, or raise UnreadableAnswerError."""
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
        apart = [(index, place) for index, place in places if place.plain]
        if not apart:
            return
        fields = plain_fields(self.fields)
        missing = [c for f in self.fields if f not in fields for c in f.columns]
        columns = [c for item in fields for c in item.columns]
        reader = RowReader(self.plan.collection, columns, ordered=False)
        for index, place in apart:
            batch = reader.read([(n, page.body) for n, page in enumerate(place.plain, 1)])
            table = filled(batch.table, self.plan, self.plan.lists[index])
            keys = key_texts(table, self.plan.collection).to_pylist()
            kept_out = [Misfit(key, "null", place.why, c.name) for key in keys for c in missing]
            misfits = (*batch.misfits, *kept_out)
            table = with_unread(table, missing)
            yield Reading(table, misfits, batch.rows, point=start, new=batch.new)

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
