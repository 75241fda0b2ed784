"""What is asked of Clio for a run: ids and versions of whole lists, and single records."""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Self

import pendulum
import pyarrow as pa

from pipelines.access import account
from pipelines.errors import OtherAccountError
from pipelines.load.planning import Rules, not_asked_for, not_asked_with
from pipelines.load.products import Product
from pipelines.progress import Lines
from pipelines.state import refusals, server
from pipelines.state.hashed_columns import HIDDEN, Masks
from pipelines.warehouse import Cursor, Warehouse, arrow
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection
from sources.clio_http.client import WHO_AM_I, ClioClient
from sources.clio_http.clock import Clock
from sources.clio_http.confirm import ABOUT_ONE
from sources.clio_http.limits import Meter
from sources.clio_http.paging import walk
from sources.clio_http.plan import (
    OVERLAP,
    Point,
    Reading,
    WalkPlan,
    lists_of,
    narrowing,
    taken,
    without,
)
from sources.clio_http.readings import RecordReader

from .evaluate import Inputs

SOURCE = "clio_manage"
RAW = f"raw_{SOURCE}"
IDS = pa.schema(dict.fromkeys(("resource", "record_id", "etag"), pa.string()))
RECORDS = pa.schema(
    {**dict.fromkeys(("resource", "record_id", "state"), pa.string()), "moved": pa.bool_()}
)
_TEXTS = ("resource", "record_id", "field", "in_clio", "in_warehouse")
FIELDS = pa.schema(
    {**dict.fromkeys(_TEXTS, pa.string()), "moved": pa.bool_(), "not_run": pa.string()}
)
LAST_LISTED = """
select resource, record_id, arg_max_null(etag, n) as etag from listed group by resource, record_id
"""
MOST_LOOKED_AT = 500
"""So many records that ids or versions show to differ are asked for one by one."""
GONE, THERE, REFUSED = "gone", "there", "refused"
UNSHOWN = "Clio did not show this record"
UNASKED = "the ids were not asked for: --ids"
FIELDS_ASKED = "clio_fields"
WALKED = ("clio_ids", "our_ids", "clio_records")
LOOKED_AT = "no record was asked for: --sample N"


@dataclass(frozen=True)
class SampleRequest:
    """What is asked: the ids of some collections, and how many records of a sample.

    `ids` are names of collections; `seed` makes the sample another one on another day.
    """

    ids: tuple[str, ...] = ()
    sample: int = 0
    seed: str = ""


@dataclass(frozen=True)
class ReconcileSession:
    """An open warehouse beside an open Clio Manage."""

    warehouse: Warehouse
    product: Product
    client: ClioClient
    clock: Clock
    masks: Masks
    reporter: Lines

    def stored(self) -> list[Collection]:
        """Return the collections that can be asked record by record and have a table here."""
        layout = self.warehouse.layout(RAW)
        return [
            one
            for name, one in sorted(self.product.catalog.collections.items())
            if name in layout and one.parent is None and one.key == ("id",)
        ]


def ask(desk: ReconcileSession, question: SampleRequest) -> Inputs:
    """Ask Clio, and give the tables that comparisons read.

    Raises:
        ClioError: Clio cannot be reached, or stopped answering.

    """
    tables: dict[str, pa.Table] = {}
    wanted, differing = list[tuple[str, str]](), list[tuple[str, str]]()
    with closing(desk.warehouse.cursor()) as cursor:
        if question.ids:
            tables["clio_ids"] = _walked(cursor, desk, question.ids)
            tables["our_ids"] = _ours(cursor, desk, question.ids)
            differing = _differing(cursor, tables)
            wanted = differing[:MOST_LOOKED_AT]
        if question.sample:
            wanted += [one for one in _sample(cursor, desk, question) if one not in wanted]
        if wanted or question.sample or question.ids:
            seen, fields = _looked_at(cursor, desk, wanted, set(differing))
            tables["clio_records"], tables[FIELDS_ASKED] = seen, fields
    absent = {name: UNASKED for name in WALKED if not question.ids}
    return Inputs(tables, {**absent, FIELDS_ASKED: LOOKED_AT})


def unasked(why: str = "") -> Inputs:
    """Return no table, and why."""
    reasons = {**dict.fromkeys(WALKED, why or UNASKED), FIELDS_ASKED: why or LOOKED_AT}
    return Inputs({}, reasons)


def demand_account(desk: ReconcileSession) -> None:
    """Make sure that the token is of the account that the warehouse holds.

    Raises:
        OtherAccountError: it is of another one.

    """
    pinned = server.pinned(desk.warehouse, SOURCE)
    answer = desk.client.get(WHO_AM_I, [("fields", account.FIELDS)])
    mine = account.identity_of(answer.body)
    if pinned and pinned.account_id and mine.account_id and pinned.account_id != mine.account_id:
        raise OtherAccountError


def _walked(cursor: Cursor, desk: ReconcileSession, names: Sequence[str]) -> pa.Table:
    """Walk the lists of some collections for ids and etags alone; the last that was listed counts.

    Pages are kept as Arrow: a million ids as Python's own texts would take several times the room.
    """
    listed = IDS.empty_table()
    refused = refusals.refused(desk.warehouse, SOURCE, refusals.PARAMETER)
    for name in names:
        pages: list[pa.Table] = []
        collection = desk.product.catalog.loaded[name]
        narrow = [item for item in collection.fields if item.name in {"id", "etag"}]
        not_taken = not_asked_with(collection, Rules(not_taken=refused))
        for one in lists_of(collection, desk.clock.now()):
            asked = [*narrowing(collection, narrow, not_taken)]
            asked += taken(one.parameters, not_taken)
            walked = walk(desk.client, one.path, asked)
            pages += [_page(name, json.loads(page.body)["data"]) for page in walked]
        desk.reporter.note(f"{name}: {sum(map(len, pages)):,} ids listed by Clio")
        listed = pa.concat_tables([listed, *pages])
    order = pa.array(range(len(listed)), pa.int64())
    cursor.register("listed", listed.append_column("n", order))
    return arrow(cursor, LAST_LISTED).cast(IDS)


def _page(name: str, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    keys = [str(row["id"]) for row in rows]
    tags = [row.get("etag") for row in rows]
    return pa.table([[name] * len(rows), keys, tags], schema=IDS)


def _ours(cursor: Cursor, desk: ReconcileSession, names: Sequence[str]) -> pa.Table:
    """Return ids and etags of the live rows of some collections."""
    layout = desk.warehouse.layout(RAW)
    parts = [
        f"select '{name}' as resource, id::varchar as record_id,"
        f" {'etag' if 'etag' in layout[name] else 'null'}::varchar as etag"
        f" from {_live(name)}"
        for name in names
    ]
    return arrow(cursor, " union all ".join(parts)).cast(IDS)


def _live(name: str) -> str:
    """Return what follows `from`: the rows of a collection that are not marked as deleted."""
    return (
        f"{RAW}.{quoted(name)} t where not exists (select 1 from meta.tombstones b"
        f" where b.source = '{SOURCE}' and b.resource = '{name}'"
        " and b.record_id = t.id::varchar and b.revived_at is null)"
    )


def _differing(cursor: Cursor, tables: dict[str, pa.Table]) -> list[tuple[str, str]]:
    """Name the records that only one side has, and those of which the versions differ."""
    for name in ("clio_ids", "our_ids"):
        cursor.register(name, tables[name])
    found = cursor.execute(
        "select coalesce(c.resource, o.resource), coalesce(c.record_id, o.record_id)"
        " from clio_ids c full outer join our_ids o"
        " on o.resource = c.resource and o.record_id = c.record_id"
        " where c.record_id is null or o.record_id is null or c.etag <> o.etag order by 1, 2"
    )
    return [(name, key) for name, key in found.fetchall()]


def _sample(
    cursor: Cursor, desk: ReconcileSession, question: SampleRequest
) -> list[tuple[str, str]]:
    """Choose records, as many of one collection as of another, others on another day."""
    there = [one for one in desk.stored() if one.item_path]
    if not there:
        return []
    each = -(-question.sample // len(there))
    parts = [
        f"(select '{one.name}' as resource, id::varchar as record_id,"
        f" md5($1 || '{one.name}' || id::varchar) as place from {_live(one.name)}"
        f" order by place limit {each})"
        for one in there
    ]
    query = f"select resource, record_id from ({' union all '.join(parts)}) order by place"
    chosen = cursor.execute(f"{query} limit {question.sample}", [question.seed]).fetchall()
    return [(name, key) for name, key in chosen]


def _looked_at(
    cursor: Cursor,
    desk: ReconcileSession,
    wanted: Sequence[tuple[str, str]],
    told: AbstractSet[tuple[str, str]],
) -> tuple[pa.Table, pa.Table]:
    """Ask for records one by one; give what became of each, and the fields that differ.

    One that Clio has deleted or does not show lacks its id, unless it is `told` already that ids
    or versions differ.
    """
    records, fields = list[Sequence[object]](), list[Sequence[object]]()
    as_of = complete_at(desk.warehouse)
    for name in sorted({name for name, _ in wanted}):
        reader = Reader.of(desk, cursor, desk.product.catalog.loaded[name], as_of.get(name))
        for key in sorted(key for one, key in wanted if one == name):
            seen = reader.look(key)
            if seen.fields and not seen.moved:
                # what agrees by now was only moving
                seen = reader.look(key)
            records.append((name, key, seen.state, seen.moved))
            fields += [(name, key, *one, seen.moved, None) for one in seen.fields]
            if seen.state != THERE and (name, key) not in told:
                why = UNSHOWN if seen.state == REFUSED else None
                fields.append((name, key, "id", None, key, False, why))
    return _table(records, RECORDS), _table(fields, FIELDS)


def _table(rows: Sequence[Sequence[object]], schema: pa.Schema) -> pa.Table:
    named = [dict(zip(schema.names, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(named, schema)


def complete_at(warehouse: Warehouse) -> dict[str, pendulum.DateTime]:
    """Return the moment that each collection of Manage is complete up to: its last walk's start."""
    found = warehouse.rows(
        "select resource, watermark from meta.watermarks"
        " where source = $1 and watermark is not null",
        [SOURCE],
    )
    return {name: pendulum.instance(at) + OVERLAP for name, at in found}


@dataclass(frozen=True)
class RecordSeen:
    """One record as Clio answers it alone: what became of it, and its fields that differ here.

    A field is its name, its value in Clio and its value here, as texts. `moved` says that the
    record changed in Clio after the warehouse was complete.
    """

    state: str
    moved: bool = False
    fields: tuple[tuple[str, str | None, str | None], ...] = ()


@dataclass(frozen=True)
class Reader:
    """Asks for single records of one collection and holds them against its table."""

    desk: ReconcileSession
    cursor: Cursor
    collection: Collection
    records: RecordReader
    columns: tuple[str, ...]
    as_of: pendulum.DateTime | None

    @classmethod
    def of(
        cls,
        desk: ReconcileSession,
        cursor: Cursor,
        collection: Collection,
        as_of: pendulum.DateTime | None,
    ) -> Self:
        """Get ready; nothing is asked yet."""
        left_out = not_asked_for(collection, desk.product.rules)
        kept = without(collection.fields, left_out)
        now = desk.clock.now()
        lists = lists_of(collection, now)
        plan = WalkPlan(collection, "reconcile", now, lists, None, Point(len(lists)), left_out)
        known = set(desk.warehouse.columns(RAW, collection.name))
        columns = [one.name for item in kept for one in item.columns if one.name in known]
        reader = RecordReader(desk.client, plan, kept, Meter())
        return cls(desk, cursor, collection, reader, tuple(columns), as_of)

    def look(self, key: str) -> RecordSeen:
        """Ask for one record.

        Raises:
            ClioError: Clio stopped answering.

        """
        try:
            found = self.records.one(key)
        except ABOUT_ONE:
            return RecordSeen(REFUSED)
        if found is None or not found.table.num_rows:
            return RecordSeen(GONE if found is None else REFUSED)
        shown = self.desk.masks.apply(self.collection.name, found).table
        self.cursor.register("shown", shown)
        raw = f"{RAW}.{quoted(self.collection.name)}"
        kept = [name for name in self.columns if name in shown.column_names]
        row = self._row("shown", kept, key)
        ours = self._row(raw, kept, key)
        if row is None:
            # another record answered, such as the one that this one was merged into
            return RecordSeen(REFUSED)
        stamp, stored = row.get("updated_at"), (ours or {}).get("updated_at")
        moved = self._is_after(stamp) and stamp != stored
        if ours is None:
            return RecordSeen(THERE, moved)
        kinds = {one.name: one.type for one in self.collection.columns}
        unknown = self._unknown(found, key)
        hidden = {one.name for one in self.desk.masks.hidden(self.collection.name)}
        differing = [
            (name, HIDDEN, HIDDEN) if name in hidden else (name, row[name], ours[name])
            for name in kept
            if name not in unknown and not _same(kinds[name], row[name], ours[name])
        ]
        return RecordSeen(THERE, moved, tuple(differing))

    def _unknown(self, found: Reading, key: str) -> set[str]:
        """Name the columns of a record of which Clio does not show the value: no difference."""
        table = found.table
        told = table.column("_unknown").to_pylist() if "_unknown" in table.column_names else []
        here = {str(one["field"]) for listed in told for one in listed or ()}
        if not self.desk.warehouse.columns("meta", "withheld"):
            return here
        marked = self.desk.warehouse.rows(
            "select field from meta.withheld where source = $1 and resource = $2"
            " and (record_id is null or record_id = $3)",
            [SOURCE, self.collection.name, key],
        )
        return here | {str(name) for (name,) in marked}

    def _row(self, relation: str, names: Sequence[str], key: str) -> dict[str, str | None] | None:
        kinds = {one.name: one.type for one in self.collection.columns}
        chosen = ", ".join(f"cast(cast({quoted(n)} as {kinds[n]}) as varchar)" for n in names)
        query = f"select {chosen} from {relation} where id::varchar = $1"
        found = self.cursor.execute(query, [key]).fetchall()
        return dict(zip(names, found[0], strict=True)) if found else None

    def _is_after(self, stamp: str | None) -> bool:
        if stamp is None or self.as_of is None:
            return False
        found = pendulum.parse(stamp.replace(" ", "T", 1))
        return isinstance(found, pendulum.DateTime) and found > self.as_of


def _same(kind: str, one: str | None, other: str | None) -> bool:
    if kind != "JSON" or one is None or other is None:
        return one == other
    return bool(json.loads(one) == json.loads(other))
