"""Columns that come back empty where they were filled: held against a second reading."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TypeAlias

import pyarrow as pa

from pipelines.state.snapshots import BURIED
from pipelines.state.withheld import ColumnMark
from pipelines.warehouse import Cursor
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import EXTRA, Collection
from sources.clio_http.misfits import key_sql

from .collapse import WITNESSES, Emptied, Second, is_withheld
from .unknown import empty_sql

EVIDENCE = "empty in unchanged records"
MOST_ASKED = 200
Ask: TypeAlias = Callable[[Sequence[object]], pa.Table]
"""Reads some records once more, by their keys; raises what a request raises."""


class ReadTable:
    """The raw table of a collection, and a reading of it: registered as `batch` and `classed`."""

    def __init__(  # noqa: PLR0913, PLR0917 - each is a fact of its own
        self,
        cursor: Cursor,
        collection: Collection,
        raw: str,
        same: Callable[[str, str], str],
        stored: AbstractSet[str],
        source: str,
    ) -> None:
        """Take what is held against each other; `same` joins two tables by the key."""
        self.of = [source, collection.name]
        self.cursor = cursor
        self.collection = collection
        self.raw = raw
        self.same = same
        self.stamp = next((name for name in ("etag", "updated_at") if name in stored), "")

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
        lost = {name: _gone(name, kind) for name, kind in columns.items()}
        stored = f"join {self.raw} r on {self.same('r', 'b')}"
        counts = self._counts(
            list(lost.values()),
            f"classed c join batch b on b._n = c._n {stored}",
        )
        some = [name for name, count in zip(lost, counts, strict=True) if count]
        if not some:
            return []
        tests = []
        for name in some:
            unchanged = self._unchanged("b")
            tests += [f"not {empty_sql(f'r.{quoted(name)}', columns[name])}", lost[name]]
            tests += [f"{lost[name]} and {unchanged}"]
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
                self.of,
            ).fetchall()
            chosen.update(dict.fromkeys(found for (found,) in rows))
        return list(chosen)


def _gone(name: str, kind: str) -> str:
    return f"not {empty_sql(f'r.{quoted(name)}', kind)} and {empty_sql(f'b.{quoted(name)}', kind)}"
