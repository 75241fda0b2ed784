"""Columns that come back empty where they were filled, and values that are shown again.

Both are held against a second reading of some records.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeAlias

import pyarrow as pa

from pipelines.state.snapshots import BURIED
from pipelines.state.withheld import ColumnMark, kept_back
from pipelines.warehouse import Cursor, Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import EXTRA, Collection
from sources.clio_http.misfits import UNKNOWN, key_sql
from sources.errors import ClioError

from .unknown import FEW, SHARE, empty_sql

HALF = 0.5
SAME = 3
WITNESSES = 20
"""So many records are asked for once more, for each column."""
EVIDENCE = "empty in unchanged records"
MOST_ASKED = 200
ASKED = 20
"""So many records of a collection are asked for, to see whether a value is shown again."""
Ask: TypeAlias = Callable[[Sequence[object]], pa.Table]
"""Reads some records once more, by their keys; raises what a request raises."""


@dataclass(frozen=True)
class Emptied:
    """One column in one reading, held against what is stored.

    `filled` rows had a value, of which `emptied` came without; `same` of these have the stamp or
    etag of the stored row, so that by Clio's own word nothing of them was changed; `by_etag` says
    that it was the etag.
    """

    column: str
    filled: int
    emptied: int
    same: int
    by_etag: bool = False

    @property
    def is_suspect(self) -> bool:
        """Tell whether half of what was filled came back empty, or much that is unchanged."""
        much = self.emptied > 0 and self.emptied >= HALF * self.filled
        return much or self.is_contrary

    @property
    def is_nearly_all(self) -> bool:
        """Tell whether nearly everything that was filled came back empty."""
        return self.emptied >= SHARE * self.filled

    @property
    def is_contrary(self) -> bool:
        """Tell whether many rows came back empty that by their etag are as they were."""
        return self.by_etag and self.same >= FEW


@dataclass(frozen=True)
class Second:
    """A second reading of unchanged records that held a value: how many still show it."""

    filled: int
    empty: int


def is_withheld(found: Emptied, second: Second | None) -> bool:
    """Tell whether a suspect column is withheld.

    `second` is None where single records of the collection cannot be asked for.
    """
    if found.is_contrary:
        return True
    if second is None:
        # no second reading can be had: many rows at once, or unchanged ones, decide alone
        many = found.emptied >= FEW or found.same >= (1 if found.by_etag else SAME)
        return many and found.is_nearly_all
    if second.empty or second.filled:
        # where most of the unchanged still show their value, the firm emptied those that changed
        return second.empty > second.filled
    # every record with a value was changed: nobody is left to witness
    return found.emptied >= FEW and found.is_nearly_all


@dataclass
class ReadTable:
    """The raw table of a collection, and a reading of it: registered as `batch` and `classed`.

    `same` joins two tables by the key.
    """

    cursor: Cursor
    collection: Collection
    raw: str
    same: Callable[[str, str], str]
    stored: AbstractSet[str]
    source: str

    def __post_init__(self) -> None:
        """Choose the column that tells by itself whether a record changed; none is empty."""
        self.stamp = next((name for name in ("etag", "updated_at") if name in self.stored), "")

    def withheld(self, columns: Mapping[str, str], ask: Ask | None) -> dict[str, ColumnMark]:
        """Name those of some columns, given with their types, that this token may not see."""
        redaction = self.collection.redaction
        told_by = {redaction.listed_in, redaction.flag} if redaction else set()
        left_out = {*self.collection.key, "etag", "updated_at", *told_by}
        chosen = {
            name: kind
            for name, kind in columns.items()
            # keys that nobody documented may come and go
            if name not in left_out and kind != EXTRA
        }
        suspects = [one for one in self._counted(chosen) if one.is_suspect]
        if not suspects:
            return {}
        # of the others the etags have decided already
        kinds = {one.column: columns[one.column] for one in suspects if not one.is_contrary}
        second = self._second(kinds, ask) if kinds else {}
        return {
            one.column: ColumnMark(EVIDENCE, held=True)
            for one in suspects
            if is_withheld(one, second.get(one.column))
        }

    def _counted(self, columns: Mapping[str, str]) -> list[Emptied]:
        """Count what came back empty among the changed rows, and for those columns among all."""
        lost = {
            name: f"not {empty_sql(f'r.{quoted(name)}', kind)}"
            f" and {empty_sql(f'b.{quoted(name)}', kind)}"
            for name, kind in columns.items()
        }
        stored = f"join {self.raw} r on {self.same('r', 'b')}"
        counts = self._counts([*lost.values()], f"classed c join batch b on b._n = c._n {stored}")
        some = [name for name, count in zip(lost, counts, strict=True) if count]
        if not some:
            return []
        tests = []
        for name in some:
            filled = f"not {empty_sql(f'r.{quoted(name)}', columns[name])}"
            tests += [filled, lost[name], f"{lost[name]} and {self._unchanged('b')}"]
        found = iter(self._counts(tests, f"batch b {stored}"))
        by_etag = self.stamp == "etag"
        return [Emptied(name, next(found), next(found), next(found), by_etag) for name in some]

    def _counts(self, tests: Sequence[str], tables: str) -> list[int]:
        counted = ", ".join(f"count(*) filter ({test})" for test in tests)
        ((*found,),) = self.cursor.execute(f"select {counted} from {tables}").fetchall()
        return found

    def _unchanged(self, alias: str) -> str:
        """Tell in SQL whether a row has the stamp of the stored one."""
        if not self.stamp:
            return "true"
        return f"{alias}.{self.stamp} is not distinct from r.{self.stamp}"

    def _second(self, kinds: Mapping[str, str], ask: Ask | None) -> dict[str, Second]:
        """Ask once more for unchanged records that held a value; nothing where that cannot be."""
        if ask is None:
            return {}
        keys = self._witnesses(kinds)
        if not keys:
            return {name: Second(0, 0) for name in kinds}
        answered = ask(keys)
        if not answered.num_rows:
            # nobody is shown any more: that says less for the firm than against this token
            return {name: Second(0, len(keys)) for name in kinds}
        self.cursor.register("asked", answered)
        tests = []
        for name, kind in kinds.items():
            had = f"{self._unchanged('a')} and not {empty_sql(f'r.{quoted(name)}', kind)}"
            lost = empty_sql(f"a.{quoted(name)}", kind)
            tests += [f"{had} and not {lost}", f"{had} and {lost}"]
        found = iter(self._counts(tests, f"asked a join {self.raw} r on {self.same('r', 'a')}"))
        self.cursor.unregister("asked")
        return {name: Second(next(found), next(found)) for name in kinds}

    def _witnesses(self, kinds: Mapping[str, str]) -> list[object]:
        """Choose records that held a value and that this reading does not show as changed."""
        key = quoted(self.collection.key[-1])
        each = max(1, min(WITNESSES, MOST_ASKED // len(kinds)))
        chosen: dict[object, None] = {}
        for name, kind in kinds.items():
            had = f"not {empty_sql(f'r.{quoted(name)}', kind)}"
            changed = (
                f"select 1 from batch b where {self.same('r', 'b')} and not {self._unchanged('b')}"
            )
            rows = self.cursor.execute(
                f"select r.{key} from {self.raw} r where {had} and not exists ({changed})"
                f" and {key_sql(self.collection, 'r')} not in ({BURIED})"
                # not the oldest, which may have been deleted together
                f" order by hash(r.{key}), r.{key} limit {each}",
                [self.source, self.collection.name],
            ).fetchall()
            chosen.update(dict.fromkeys(found for (found,) in rows))
        return list(chosen)


class SecondSight:
    """The values of one collection that are kept back, and records to see them in again."""

    def __init__(self, warehouse: Warehouse, source: str, collection: Collection) -> None:
        """Take the warehouse; nothing is asked yet."""
        self.warehouse = warehouse
        self.collection = collection
        self.table = f"raw_{source}.{quoted(collection.name)}"
        self.of = [source, collection.name]
        self.kinds = {column.name: column.type for column in collection.columns}
        self.cells: dict[str, list[str]] = {}
        self.whole: set[str] = set()
        for name, key in kept_back(warehouse, *self.of):
            if name not in self.kinds:
                continue
            if key is None:
                self.whole.add(name)
            else:
                self.cells.setdefault(name, []).append(key)

    def sees(self, ask: Callable[[Sequence[object]], pa.Table]) -> bool:
        """Ask for some of the records; tell whether nearly all show a value that is kept back.

        Where nobody answers nothing is seen: the walk that follows says why.
        """
        keys = self._some_keys()
        if not keys:
            return False
        try:
            answered = ask(keys)
        except ClioError:
            return False
        with self.warehouse.cursor() as cursor:
            cursor.register("asked", answered)
            return any(
                self._is_shown(cursor, name, answered.column_names)
                for name in sorted({*self.whole, *self.cells})
                if name in answered.column_names
            )

    def _is_shown(self, cursor: Cursor, name: str, columns: Sequence[str]) -> bool:
        """Tell whether nearly all records of which a column is kept back show it again."""
        column = quoted(name)
        there = f"not {empty_sql(f'a.{column}', self.kinds[name])}"
        if UNKNOWN in columns:
            marks = f"coalesce([one.field for one in a.{UNKNOWN}], [])"
            there = f"({there} and not list_contains({marks}, '{name}'))"
        same = f"{key_sql(self.collection, 'r')} = {key_sql(self.collection, 'a')}"
        query = (
            f"select count(*), count(*) filter ({there}) from asked a join {self.table} r on {same}"
        )
        where, keys = self._kept(name, "$1")
        ((asked, shown),) = cursor.execute(f"{query} where {where}", keys).fetchall()
        return bool(shown and shown >= SHARE * asked)

    def _kept(self, name: str, keys: str) -> tuple[str, list[list[str]]]:
        """Return in SQL the rows of which a value is kept back, and the keys that it names."""
        if name in self.whole:
            return f"not {empty_sql(f'r.{quoted(name)}', self.kinds[name])}", []
        return f"list_contains({keys}, {key_sql(self.collection, 'r')})", [self.cells[name]]

    def _some_keys(self) -> list[object]:
        """Choose some records of each column of which a value is kept back."""
        key, text = quoted(self.collection.key[-1]), key_sql(self.collection, "r")
        names = sorted({*self.whole, *self.cells})
        chosen: dict[object, None] = {}
        for name in names:
            where, keys = self._kept(name, "$3")
            found = self.warehouse.rows(
                f"select r.{key} from {self.table} r where {where} and {text} not in ({BURIED})"
                f" order by hash(r.{key}), r.{key} limit {max(1, ASKED // len(names))}",
                [*self.of, *keys],
            )
            chosen.update(dict.fromkeys(value for (value,) in found))
        return list(chosen)
