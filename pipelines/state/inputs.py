"""How far each collection is known to be complete: what figures rest on."""

from dataclasses import dataclass
from datetime import datetime

from pipelines.config import PRODUCTS
from pipelines.warehouse import Warehouse
from sources.clio_http.catalog import read_catalog

DDL = (
    """create table if not exists meta.inputs (
        source varchar, resource varchar, complete_up_to timestamptz, state varchar,
        reason varchar)""",
)

NEVER, OFF, ABSENT, WITHHELD = "never", "off", "absent", "withheld"
NEVER_READ = frozenset({NEVER, OFF, ABSENT})
"""States of a collection of which not all records are known, since no walk ever saw them all."""

STATED = "select source, resource, state, reason from meta.inputs"
WALKED = """
select source, resource from meta.watermarks
where watermark is not null or completed_at is not null
union
select source, resource from meta.sync_runs where status = 'ok' and mode = 'child'
"""
FAILED = """
select source, resource, min(started_at), coalesce(arg_max(error, started_at), '')
from meta.sync_runs where status <> 'ok' and source is not null group by all
"""
MARKED = """
select source, resource, field, min(since), string_agg(distinct evidence, ', ' order by evidence),
    count(record_id), count(*) - count(record_id)
from meta.withheld group by all order by all
"""


@dataclass(frozen=True)
class Unknown:
    """What is not known of a raw table: with a `field` one of its columns, else its rows.

    `state` is one of `never`, `off`, `absent` (its product was never read here) or `withheld`.
    """

    relation: str
    field: str
    state: str
    reason: str
    since: datetime | None = None

    @property
    def name(self) -> str:
        """Name the collection and the column as people know them: `clio_manage.bills`."""
        return self.relation.removeprefix("raw_") + (f".{self.field}" if self.field else "")


def unknown(warehouse: Warehouse) -> tuple[Unknown, ...]:
    """Say which collections no walk ever read whole, and which columns are withheld.

    A collection without a row in `meta.inputs`, as in warehouses of before, is judged by its
    watermark and its runs.
    """
    there = warehouse.layout("meta")
    stated = _stated(warehouse) if "inputs" in there else {}
    walked = frozenset[tuple[str, str]](
        warehouse.rows(WALKED) if {"watermarks", "sync_runs"} <= there.keys() else ()
    )
    failed = {
        (source, resource): (since, error)
        for source, resource, since, error in (
            warehouse.rows(FAILED) if "sync_runs" in there else ()
        )
    }
    found = []
    for source in PRODUCTS:
        names = [(source, name) for name in read_catalog(source).loaded]
        is_read = any(name in stated or name in walked or name in failed for name in names)
        for name in names:
            state, reason = stated.get(name) or ("complete" if name in walked else NEVER, "")
            if state in NEVER_READ:
                since, error = failed.get(name, (None, ""))
                state = state if is_read else ABSENT
                found.append(Unknown(_raw(*name), "", state, reason or error or _why(state), since))
    return (*found, *(_marked(warehouse) if "withheld" in there else ()))


def _stated(warehouse: Warehouse) -> dict[tuple[str, str], tuple[str, str]]:
    found = warehouse.rows(STATED)
    return {(source, name): (state, reason or "") for source, name, state, reason in found}


def _marked(warehouse: Warehouse) -> list[Unknown]:
    return [
        Unknown(_raw(source, name), field, WITHHELD, _evidence(evidence, records, whole), since)
        for source, name, field, since, evidence, records, whole in warehouse.rows(MARKED)
    ]


def _evidence(evidence: str | None, records: int, whole: int) -> str:
    where = "of every record" if whole else f"of {records:,} record{'' if records == 1 else 's'}"
    return f"{evidence or 'withheld'}, {where}"


def _raw(source: str, resource: str) -> str:
    return f"raw_{source}.{resource}"


def _why(state: str) -> str:
    told = {OFF: "it is switched off", ABSENT: "its product was never loaded here"}
    return told.get(state, "no load has read it whole yet")
