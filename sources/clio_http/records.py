"""Single records of a list, read by id: what they say stands against what a list said."""

from collections.abc import Sequence
from dataclasses import replace

import orjson
import pyarrow as pa
import pyarrow.compute

from sources.errors import BrokenWalkError, CollectionGoneError, VersionRetiredError

from .asking import ORDER, taken
from .catalog import Field
from .client import ClioClient, Meter
from .paging import walk
from .plan import List, Point, Reading, WalkPlan, narrowing
from .rows import ARROW_TYPES, Misfit, RowReader


class RecordReader:
    """Reads records of one plan's collection, with the same fields as its walk."""

    def __init__(
        self,
        client: ClioClient,
        plan: WalkPlan,
        fields: Sequence[Field],
        meter: Meter,
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
        if not self.plan.collection.ids:
            found = [self.one(key) for key in ids]
            return joined([reading for reading in found if reading is not None])
        size = self.plan.collection.ids_at_once
        blocks = [ids[start : start + size] for start in range(0, len(ids), size)]
        return joined([self._block(one, block) for block in blocks for one in self.plan.lists])

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
                pages = self._pages(one, ids[start : start + size])
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

    def _block(self, one: List, ids: Sequence[object]) -> Reading:
        return self._reading(self._pages(one, ids), one)

    def _pages(self, one: List, ids: Sequence[object]) -> list[bytes]:
        asked = [*self._narrowing, *taken(one.parameters, self.plan.not_taken)]
        asked += [("ids[]", str(key)) for key in ids]
        return [page.body for page in walk(self.client, one.path, asked, meter=self.meter)]

    def _reading(self, bodies: Sequence[bytes], one: List) -> Reading:
        batch = self._reader.read(list(enumerate(bodies, start=1)))
        misfits = keyed(batch.misfits, self.plan, one)
        return reading(filled(batch.table, self.plan, one), misfits)


def reading(table: pa.Table, misfits: Sequence[Misfit]) -> Reading:
    """Make a reading that moves no walk on."""
    return Reading(table, tuple(misfits), 0, 0, Point(), frozenset(), ())


def joined(readings: Sequence[Reading]) -> Reading:
    """Make one reading of several."""
    tables = [one.table for one in readings if one.table.num_columns]
    table = pa.concat_tables(tables, promote_options="default") if tables else pa.table({})
    return reading(table, [misfit for one in readings for misfit in one.misfits])


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
    return b'{"data":[' + orjson.dumps(record) + b"]}"
