"""Whether a value that was out of sight is shown again: one question before a collection's walk.

A permission that is given back changes no record, so that no list of changes would tell of it.
"""

from collections.abc import Callable, Sequence

import pyarrow as pa

from pipelines.census import BURIED
from pipelines.state.withheld import NOT_READ
from pipelines.unknown import empty_sql
from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection
from sources.clio_http.keys import key_sql
from sources.clio_http.misfits import UNKNOWN
from sources.errors import ClioError

ASKED = 20
"""So many records of a collection are asked for."""
KEPT_BACK = """
select field, record_id from meta.withheld where source = $1 and resource = $2 and held
    and accepted is not true and not list_contains($3, evidence)
"""


class SecondSight:
    """The values of one collection that are kept back, and records to see them in again."""

    def __init__(self, warehouse: Warehouse, source: str, collection: Collection) -> None:
        """Take the warehouse; nothing is asked yet."""
        self.warehouse = warehouse
        self.collection = collection
        self.table = f"raw_{source}.{quoted(collection.name)}"
        self.of = [source, collection.name]
        marks = warehouse.rows(KEPT_BACK, [*self.of, sorted(NOT_READ)])
        self.kinds = {column.name: column.type for column in collection.columns}
        self.fields = sorted({field for field, _ in marks} & self.kinds.keys())
        self.cells = [key for _, key in marks if key is not None][:ASKED]
        self.whole = sorted({field for field, key in marks if key is None} & self.kinds.keys())

    def sees(self, ask: Callable[[Sequence[object]], pa.Table]) -> bool:
        """Ask for some of the records; tell whether one shows a value that is kept back.

        Where nobody answers nothing is seen: the walk that follows says why.
        """
        keys = self._witnesses()
        if not keys:
            return False
        try:
            answered = ask(keys)
        except ClioError:
            return False
        fields = [name for name in self.fields if name in answered.column_names]
        if not (answered.num_rows and fields):
            return False
        tests = [self._shown(name, marked=UNKNOWN in answered.column_names) for name in fields]
        cursor = self.warehouse.cursor()
        try:
            cursor.register("asked", answered)
            query = f"select count(*) from asked a where {' or '.join(tests)}"  # noqa: S608
            found: int
            ((found,),) = cursor.execute(query).fetchall()
        finally:
            cursor.close()
        return found > 0

    def _shown(self, name: str, *, marked: bool) -> str:
        there = f"not {empty_sql(f'a.{quoted(name)}', self.kinds[name])}"
        if not marked:
            return there
        marks = f"coalesce([one.field for one in a.{UNKNOWN}], [])"
        return f"({there} and not list_contains({marks}, '{name}'))"

    def _witnesses(self) -> list[object]:
        """Choose records with a marked cell, and such that hold a value of a marked column."""
        key = quoted(self.collection.key[-1])
        text = key_sql(self.collection, "r")
        filled = [f"not {empty_sql(f'r.{quoted(name)}', self.kinds[name])}" for name in self.whole]
        chosen = " or ".join([f"list_contains($3, {text})", *filled])
        found = self.warehouse.rows(
            f"select r.{key} from {self.table} r where ({chosen}) and {text} not in ({BURIED})"  # noqa: S608
            f" order by hash(r.{key}), r.{key} limit {ASKED}",
            [*self.of, self.cells],
        )
        return [value for (value,) in found]
