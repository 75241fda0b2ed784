"""A warehouse with one raw table, and a few models of it, for tests of the runner."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pendulum

from pipelines.transform import BuildOptions, Built, build
from pipelines.warehouse import Warehouse, prepare_data_folder
from sources.clio_http.clock import SystemClock

BILLS = "sql/staging/stg_bills.sql"
FACTS = "sql/core/fct_bill.sql"
TOTALS = "sql/bi/bill_totals.sql"
MODELS = {
    BILLS: """-- Bills as Clio has them.
-- grain: one row per bill (bill_id)
select id as bill_id, state, total from raw_firm.bills
""",
    FACTS: """-- Bills that count.
-- grain: one row per bill
-- unique: bill_id
-- column: bill_id: Clio's id of "the bill"
with bills as (
    select * from staging.stg_bills
)

select bill_id, state, total from bills
""",
    TOTALS: """-- What was billed, by state.
-- grain: one row per state (state)
-- basis: event
select state, sum(total) as total from core.fct_bill group by state
""",
}
RAW = """
create schema raw_firm;
create table raw_firm.bills (id bigint, state varchar, total decimal(18, 2), _dlt_load_id varchar);
insert into raw_firm.bills values (1, 'paid', 10.50, '1'), (2, 'draft', 4, '1')
"""


class StoppedClock(SystemClock):
    """A clock that shows one moment until it is set."""

    def __init__(self, at: str = "2026-03-02T12:00:00Z") -> None:
        """Show a moment."""
        super().__init__()
        self.at = at

    def now(self) -> pendulum.DateTime:
        """Return that moment."""
        return pendulum.parse(self.at)  # type: ignore[return-value]


class Workshop:
    """A folder `sql` that is changed, and a warehouse in which it is built."""

    def __init__(self, folder: Path, warehouse: Warehouse) -> None:
        """Begin with no file."""
        self.folder = folder
        self.warehouse = warehouse
        self.clock = StoppedClock()

    def write(self, files: Mapping[str, str | None]) -> None:
        """Write files, or remove those without a text."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                path.unlink()
            else:
                path.write_text(text, "utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        """Change a text that stands in a file."""
        text = (self.folder / name).read_text("utf-8")
        assert old in text
        self.write({name: text.replace(old, new)})

    def build(self, *select: str, full: bool = False, **wish: Any) -> Built:
        """Build what changed, or what is selected."""
        own = self.folder / "seeds"
        wishes = BuildOptions(select, full, own_seeds=own if own.exists() else None, **wish)
        return build(self.warehouse, [self.folder / "sql"], wishes, clock=self.clock)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query."""
        return self.warehouse.rows(query)

    def failing(self, check: str) -> list[dict[str, Any]]:
        """Return the rows that are kept of a check."""
        found = self.warehouse.rows(
            "select row from meta.check_failures where check_name = $1 order by all", [check]
        )
        return [json.loads(row) for (row,) in found]

    def relations(self) -> set[str]:
        """Name what was built, as DuckDB has it."""
        return {
            name
            for (name,) in self.warehouse.rows(
                "select table_schema || '.' || table_name from information_schema.tables"
                " where table_schema not in ('meta', 'raw_firm')"
            )
        }


@contextmanager
def workshop(folder: Path, files: Mapping[str, str | None] = MODELS) -> Iterator[Workshop]:
    """Return a warehouse with two bills, and models that are not built yet."""
    data = folder / "data"
    prepare_data_folder(data)
    with Warehouse(data) as warehouse:
        warehouse.rows(RAW)
        shop = Workshop(folder, warehouse)
        shop.write(files)
        yield shop


def built(result: Built) -> list[str]:
    """Name the models that a build made, in order."""
    return [run.model for run in result.models]
