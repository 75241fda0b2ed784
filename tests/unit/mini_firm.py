"""A firm whose raw rows are written by hand, and the moment at which it is looked at."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.config import PRODUCTS
from pipelines.sql_folder import sql_folder
from pipelines.state.runs import Meta
from pipelines.transform import BuildOptions, Built, build
from pipelines.transform.custom_fields import custom_field_models
from pipelines.transform.inputs import catalogued
from pipelines.warehouse import FILE, Warehouse, prepare_data_folder
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import read_catalog
from tests.unit.tiny_models import StoppedClock

TODAY = "2026-03-15T12:00:00Z"
MANAGE, GROW = "raw_clio_manage", "raw_clio_grow"

COLLECTIONS = [(source, name) for source in PRODUCTS for name in read_catalog(source).loaded]

OWN_SEEDS = {
    "cost_rates": "user_email,valid_from,cost_per_hour\n"
    "ann@firm.example.com,2025-01-01,50\nBen@firm.example.com,2025-01-01,30\n",
    "comp_rules": "rule_id,role,user_email,practice_area,pct,valid_from,valid_to,cap\n"
    "r1,originating,,,0.10,2025-01-01,,50\n",
    "marketing_spend": "month,source,amount\n2026-01-01,Web,300\n",
    "bank_statements": "bank_account_id,statement_date,ending_balance\n12,2026-02-28,1000\n",
    "uncleared_transactions": "bank_account_id,statement_date,bank_transaction_id\n"
    "12,2026-02-28,502\n",
}


class MiniFirm:
    """A warehouse whose raw tables are written by hand, and the shipped models over it."""

    def __init__(self, warehouse: Warehouse, seeds: Path) -> None:
        """Begin with an empty warehouse, at noon of a day."""
        self.warehouse = warehouse
        self.seeds = seeds
        self.clock = StoppedClock(TODAY)

    def add(self, table: str, *rows: Mapping[str, Any], source: str = MANAGE) -> None:
        """Put rows into a raw table, made as a load would make it; what is not given is null."""
        name = f"{source}.{quoted(table)}"
        columns = catalogued()[f"{source}.{table}"]
        listed = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
        self.warehouse.rows(f"create schema if not exists {source}")
        self.warehouse.rows(f"create table if not exists {name} ({listed})")
        for row in rows:
            given = {**row, "_dlt_load_id": "1", "_synced_at": TODAY}
            names = ", ".join(map(quoted, given))
            marks = ", ".join(f"${number}" for number in range(1, len(given) + 1))
            values = [json.dumps(v) if isinstance(v, list) else v for v in given.values()]
            self.warehouse.rows(f"insert into {name} ({names}) values ({marks})", values)

    def forbid(self, *tables: str, source: str = MANAGE) -> None:
        """Let some collections never have been read: their tables are empty."""
        for table in tables:
            if self.warehouse.columns(source, table):
                self.warehouse.rows(f"delete from {source}.{quoted(table)}")
            self.warehouse.rows(
                "update meta.inputs set state = 'never', reason = 'forbidden'"
                " where 'raw_' || source = $1 and resource = $2",
                [source, table],
            )

    def withhold(self, table: str, field: str, record: str | None = None) -> None:
        """Let a column of Manage be withheld, of one record or of all; what is stored stays."""
        self.warehouse.rows(
            "insert into meta.withheld values ('clio_manage', $1, $2, $3, $4, 'stripped',"
            " false, true)",
            [table, record, field, TODAY],
        )

    def build(self, *select: str, time_zone: str = "UTC", full: bool = True) -> Built:
        """Build the shipped models; without `full` those that changed."""
        made = custom_field_models(self.warehouse)
        wish = BuildOptions(select, full, time_zone=time_zone, own_seeds=self.seeds, made=made)
        return build(self.warehouse, [sql_folder()], wish, clock=self.clock)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query."""
        return self.warehouse.rows(query)

    def value(self, query: str) -> Any:
        """Run a query that gives one value."""
        ((value,),) = self.warehouse.rows(query)
        return value


@contextmanager
def empty_firm(folder: Path) -> Iterator[MiniFirm]:
    """Return a firm without any record."""
    data = folder / "data"
    prepare_data_folder(data)
    seeds = data / "seeds"
    seeds.mkdir(exist_ok=True)
    for name, text in OWN_SEEDS.items():
        (seeds / f"{name}.csv").write_text(text, "utf-8")
    with Warehouse(data, memory_limit="512MB") as warehouse:
        Meta(warehouse)
        all_known(warehouse)
        yield MiniFirm(warehouse, seeds)


def all_known(warehouse: Warehouse) -> None:
    """Note that every collection was read whole, as far as nothing is noted of it."""
    warehouse.rows(
        "insert into meta.inputs (source, resource, state, reason)"
        " select s, r, 'complete', '' from (select unnest($1) as s, unnest($2) as r)"
        " where (s, r) not in (select source, resource from meta.inputs)",
        [list(column) for column in zip(*COLLECTIONS, strict=True)],
    )


@contextmanager
def copied(built: Path, folder: Path) -> Iterator[MiniFirm]:
    """Return a copy of a firm that was built, to change it."""
    data = folder / "data"
    data.mkdir(parents=True)
    shutil.copy(built / "data" / FILE, data / FILE)
    with empty_firm(folder) as firm:
        yield firm
