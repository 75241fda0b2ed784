"""Cells of a reading whose value is not known: what is stored takes their place, and is marked."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import pyarrow as pa

from pipelines.state.withheld import ColumnMark
from pipelines.warehouse import Cursor, arrow
from sources.clio_http.bulk import NOT_READ, STRIPPED, signs_of
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import WRITTEN_AS_JSON, Collection, Redaction
from sources.clio_http.misfits import UNKNOWN, key_texts

MARKS = "_marks"
REDACTED = "redacted"
FEW = 20
SHARE = 0.9
NONE_HIDDEN = "[]"
NO_ENTRIES = ("", NONE_HIDDEN, "{}")


@dataclass(frozen=True)
class Cells:
    """A batch in which stored values stand for the unknown ones, and its marks.

    `marks` has a row for each unknown cell: _n, field, evidence, held; None where there is none.
    """

    rows: pa.Table
    marks: pa.Table | None = None


def empty_sql(expression: str, kind: str) -> str:
    """Return the SQL that tells whether a value says nothing."""
    if kind in {"VARCHAR", *WRITTEN_AS_JSON}:
        return f"coalesce({expression}::varchar in {NO_ENTRIES}, true)"
    return f"({expression} is null)"


@dataclass
class Carrier:
    """Puts stored values in the place of unknown ones, for one collection within one package.

    `join` joins the raw table as `r` to a batch as `b`; empty while the table has no rows.
    """

    cursor: Cursor
    collection: Collection
    stored: AbstractSet[str]
    join: str
    columns: dict[str, ColumnMark]

    def __post_init__(self) -> None:
        """Take what is decided before the first batch; `columns` may change meanwhile."""
        columns = self.collection.columns
        self.kinds = {column.name: column.type for column in columns}
        self.members = signs_of(self.collection, [c for c in columns if c.path]).arrays

    def known(self, shown: pa.Table) -> Cells:
        """Put what is stored in the place of what is not known, and register the rows."""
        self.cursor.register("batch", shown)
        affected = self._affected(shown)
        plain = shown.drop_columns([UNKNOWN]) if UNKNOWN in shown.column_names else shown
        cells = Cells(plain)
        if affected:
            whole = arrow(self.cursor, self._query(shown, affected))
            rows = whole.drop_columns([MARKS]).select(plain.column_names).cast(plain.schema)
            cells = Cells(rows, self._marks(whole))
        self.cursor.register("batch", cells.rows)
        return cells

    def shown(self, cells: Cells) -> dict[str, tuple[int, int]]:
        """Count of each column that is marked whole the cells that show a value, and the others.

        Others are those that are kept back or that Clio marks; of a column whose empties a person
        accepts there are none.
        """
        accepted = {name for name, mark in self.columns.items() if mark.accepted}
        counts = known_and_marked(cells, self.columns)
        return {
            name: (known, 0 if name in accepted else marked)
            for name, (known, marked) in counts.items()
        }

    def marked(
        self, shown: pa.Table, cells: Cells, lost: dict[str, ColumnMark]
    ) -> tuple[pa.Table | None, dict[str, ColumnMark]]:
        """Return the marks of single cells with their rows' keys, and the columns marked whole."""
        if cells.marks is None:
            return None, dict(lost)
        # a record that cannot be read whole says nothing of a column
        seen = cells.marks.filter(pa.compute.not_equal(cells.marks["evidence"], NOT_READ))
        counts = known_and_marked(replace(cells, marks=seen), set(seen["field"].to_pylist()))
        whole = dict(lost)
        for name in sorted(counts):
            if name not in whole and (name in self.columns or is_whole(*counts[name])):
                whole[name] = self._whole(name, cells.marks)
        single = cells.marks.filter(
            pa.compute.invert(
                pa.compute.is_in(cells.marks["field"], pa.array(list(whole), pa.string()))
            )
        )
        self.columns.update(whole)
        keys = key_texts(shown, self.collection).take(single["_n"])
        return single.append_column("key", keys).drop_columns(["_n"]), whole

    def _whole(self, name: str, marks: pa.Table) -> ColumnMark:
        """Mark a column as a whole, in which nearly every cell is marked."""
        mine = marks.filter(pa.compute.equal(marks["field"], name))
        held = bool(pa.compute.any(mine["held"]).as_py())
        before = self.columns.get(name)
        if before is not None:
            return ColumnMark(before.evidence, before.accepted, before.held or held)
        return ColumnMark(str(mine["evidence"][0].as_py()), held=held)

    def _affected(self, batch: pa.Table) -> list[str]:
        """Name the columns of which some cell of a batch may not be known."""
        there = set(batch.column_names)
        found = {name for name in self.columns if name in there}
        if UNKNOWN in there:
            lists = batch.column(UNKNOWN).combine_chunks().flatten()
            found |= set(lists.field("field").to_pylist()) if len(lists) else set()
        if hides(batch, self.collection.redaction):
            found |= set(redacted(self.collection, there))
        return sorted(found & there)

    def _query(self, batch: pa.Table, affected: Sequence[str]) -> str:
        hidden = redacted(self.collection, set(batch.column_names))
        evidence = ", ".join(
            f"{self._evidence(name, batch, hidden.get(name, ''))} as {_mark(name)}"
            for name in affected
        )
        olds = ", ".join(f"{self._old(name)} as {_was(name)}" for name in affected)
        values = ", ".join(f"{self._value(name)} as {quoted(name)}" for name in affected)
        marks = ", ".join(self._marked(name) for name in affected)
        dropped = ", ".join([*map(_mark, affected), *map(_was, affected)])
        return (
            f"with found as (select b.*, {olds}, {evidence} from batch b {self.join})"
            f" select * exclude ({dropped}) replace ({values}),"
            f" list_filter([{marks}], lambda m: m is not null) as {MARKS}"
            " from found order by _n"
        )

    def _old(self, name: str) -> str:
        there = bool(self.join) and name in self.stored
        return f"r.{quoted(name)}" if there else "null"

    def _evidence(self, name: str, batch: pa.Table, hidden: str) -> str:
        """Say in SQL why a cell is not known; null where it is."""
        found = []
        column = f"b.{quoted(name)}"
        if UNKNOWN in batch.column_names:
            mark = f"list_filter(b.{UNKNOWN}, lambda x: x.field = '{name}')[1].evidence"
            found.append(mark)
        if hidden:
            found.append(f"case when {hidden} then '{REDACTED}' end")
        mark_of = self.columns.get(name)
        if mark_of is not None:
            kind = self.kinds[name]
            lost = empty_sql(column, kind)
            if self.join and name in self.stored:
                old = self._old(name)
                lost += f" and {old} is not null and {old} is distinct from {column}"
            found.append(f"case when {lost} then '{mark_of.evidence}' end")
        return f"coalesce({', '.join(found)})" if found else "null"

    def _value(self, name: str) -> str:
        """Return in SQL what is stored of a cell: for a stripped array entry by entry."""
        column = quoted(name)
        mark = self.columns.get(name)
        if mark is not None and mark.accepted:
            return column
        if self.kinds[name] not in WRITTEN_AS_JSON:
            return f"case when {_mark(name)} is null then {column} else {_was(name)} end"
        entries = f"""from_json({column}::json, '["JSON"]')"""
        before = f"""from_json({_was(name)}::json, '["JSON"]')"""
        members = self.members.get(name, ())
        stripped = stripped_sql("e", members)
        same = f"list_filter({before}, lambda s: s->>'id' = e->>'id')[1]"
        entry = f"case when {stripped} then coalesce({same}, e) else e end"
        # an entry without an id cannot be told from others: then all of them are taken
        lost = f"list_transform({entries}, lambda e: {stripped} and e->>'id' is null)"
        nameless = f"list_bool_or({lost})"
        merged = f"to_json(list_transform({entries}, lambda e: {entry}))::varchar"
        return (
            f"case when {_mark(name)} is null then {column}"
            f" when {_mark(name)} <> '{STRIPPED}' or {column} is null then {_was(name)}"
            f" when {nameless} then coalesce({_was(name)}, {column}) else {merged} end"
        )

    def _marked(self, name: str) -> str:
        mark = self.columns.get(name)
        kept = f"{self._value(name)} is distinct from {quoted(name)}"
        held = "false" if mark is not None and mark.accepted else kept
        return (
            f"case when {_mark(name)} is not null then"
            f" {{'field': '{name}', 'evidence': {_mark(name)}, 'held': {held}}} end"
        )

    def _marks(self, whole: pa.Table) -> pa.Table | None:
        self.cursor.register("carried", whole)
        marks = arrow(
            self.cursor,
            "select _n, m.field as field, m.evidence as evidence, m.held as held"
            f" from (select _n, unnest({MARKS}) as m from carried) order by _n",
        )
        self.cursor.unregister("carried")
        return marks if marks.num_rows else None


def known_and_marked(cells: Cells, fields: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Count for some fields the cells that show a value, and those that are marked."""
    found = {}
    for name in fields:
        if name not in cells.rows.column_names:
            continue
        marked = pa.array([], pa.int64())
        if cells.marks is not None:
            mine = pa.compute.equal(cells.marks["field"], name)
            marked = cells.marks.filter(mine)["_n"].combine_chunks()
        filled = pa.compute.is_valid(cells.rows[name])
        if pa.types.is_string(cells.rows.schema.field(name).type):
            nothing = pa.compute.is_in(cells.rows[name], pa.array(NO_ENTRIES))
            filled = pa.compute.and_(filled, pa.compute.invert(nothing))
        known = pa.compute.and_(
            filled, pa.compute.invert(pa.compute.is_in(cells.rows["_n"], marked))
        )
        found[name] = (pa.compute.sum(known).as_py() or 0, len(marked))
    return found


def stripped_sql(entry: str, members: Sequence[str]) -> str:
    """Return the SQL that tells whether an entry of an array has none of its members."""
    return " and ".join([f"{entry}->>'{name}' is null" for name in members]) or "true"


def _mark(name: str) -> str:
    return quoted(f"_evidence_{name}")


def _was(name: str) -> str:
    return quoted(f"_stored_{name}")


def hides(batch: pa.Table, redaction: Redaction | None) -> bool:
    """Tell whether any row of a batch may hold a hidden value."""
    if redaction is None:
        return False
    nulls = (batch.column(name) for name in redaction.when_null if name in batch.column_names)
    if any(column.null_count for column in nulls):
        return True
    if redaction.flag in batch.column_names:
        return pa.compute.any(batch.column(redaction.flag)).as_py() is True
    if redaction.listed_in not in batch.column_names:
        return False
    marks = batch.column(redaction.listed_in).drop_null()
    return pa.compute.any(pa.compute.not_equal(marks, NONE_HIDDEN)).as_py() is True


def redacted(collection: Collection, given: AbstractSet[str]) -> dict[str, str]:
    """Return each column that may be hidden, and the SQL that says if a row of `b` hides it."""
    redaction = collection.redaction
    if redaction is None:
        return {}
    listed = "false"
    if redaction.listed_in in given:
        mark = f"b.{quoted(redaction.listed_in)}"
        listed = f"""list_contains(from_json({mark}, '["VARCHAR"]'), '{{field}}')"""
    found = {}
    for column in collection.columns:
        said_by = {*collection.key, redaction.listed_in}
        if not column.path or column.name in said_by or column.name not in given:
            continue
        field = column.path[0]
        hidden = "true" if field in redaction.when_null else listed.replace("{field}", field)
        if field in redaction.flagged and redaction.flag in given:
            hidden = f"b.{quoted(redaction.flag)}"
        found[column.name] = f"b.{quoted(column.name)} is null and coalesce({hidden}, false)"
    return found


def is_lifted(known: int, marked: int) -> bool:
    """Tell whether a column that was withheld is seen again, by what a walk of all its rows showed.

    A single cell that is kept back keeps the mark: whether the firm emptied it meanwhile, or this
    token still may not see it, nobody can tell.
    """
    return known > 0 and not marked


def is_whole(known: int, marked: int) -> bool:
    """Tell whether so many cells of a column are marked that the column is."""
    return marked >= FEW and marked >= SHARE * (known + marked)
