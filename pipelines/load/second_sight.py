"""Whether a value that was out of sight is shown again: one question before a collection's walk.

A permission that is given back changes no record, so that no list of changes would tell of it.
"""

from collections.abc import Callable, Sequence

import pyarrow as pa

from pipelines.state.snapshots import BURIED
from pipelines.state.withheld import kept_back
from pipelines.warehouse import Cursor, Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection
from sources.clio_http.misfits import UNKNOWN, key_sql
from sources.errors import ClioError

from .collapse import SHARE
from .unknown import empty_sql

ASKED = 20
"""So many records of a collection are asked for."""


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
        keys = self._witnesses()
        if not keys:
            return False
        try:
            answered = ask(keys)
        except ClioError:
            return False
        cursor = self.warehouse.cursor()
        try:
            cursor.register("asked", answered)
            return any(
                self._is_shown(cursor, name, answered.column_names)
                for name in sorted({*self.whole, *self.cells})
                if name in answered.column_names
            )
        finally:
            cursor.close()

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

    def _witnesses(self) -> list[object]:
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
