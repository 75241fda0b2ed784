"""How far each collection is known to be complete: what figures rest on."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from pipelines.config import PRODUCTS
from pipelines.warehouse import Warehouse
from sources.clio_http.catalog import Collection, read_catalog

DDL = (
    """create table if not exists meta.inputs (
        source varchar, resource varchar, complete_up_to timestamptz, state varchar,
        reason varchar)""",
)
COMPLETE, INCOMPLETE, WITHHELD, NEVER, OFF = "complete", "incomplete", "withheld", "never", "off"
ABSENT, BEHIND = "absent", "behind"
NEVER_READ = frozenset({NEVER, OFF, ABSENT})
"""States of a collection of which not all records are known, since no walk ever saw them all."""
ROWS_UNKNOWN = NEVER_READ | {BEHIND}
"""The same, and `behind`: it could be read once, and what is left of that contradicts the rest."""
NOT_ASKED = "never read to its end"
FACTS = """
with runs as (
    select resource, arg_max(status, started_at) as status, arg_max(error, started_at) as error
    from meta.sync_runs where source = $1 and status <> 'running' group by resource
),
marks as (
    select resource, any_value(watermark) as watermark, any_value(completed_at) as completed_at,
        any_value(frozen) as frozen
    from meta.watermarks where source = $1 group by resource
),
parents as (
    select resource, count(*) filter (failed is not true) as read,
        count(*) filter (failed) as failed, min(read_at) filter (failed is not true) as read_at
    from meta.parents_read where source = $1 group by resource
),
hidden as (
    select resource, string_agg(distinct field, ', ' order by field) as fields
    from meta.withheld where source = $1 and evidence <> 'refused' group by resource
),
kept_out as (
    select resource, count(*) as n from meta.quarantine where source = $1 group by resource
)
select name, runs.status, coalesce(runs.error, ''), coalesce(marks.watermark, marks.completed_at),
    marks.completed_at is not null, coalesce(marks.frozen, ''), coalesce(parents.read, 0),
    coalesce(parents.failed, 0), parents.read_at, coalesce(hidden.fields, ''),
    coalesce(kept_out.n, 0)
from (select unnest($2::varchar[]) as name)
left join runs on runs.resource = name
left join marks on marks.resource = name
left join parents on parents.resource = name
left join hidden on hidden.resource = name
left join kept_out on kept_out.resource = name
"""

STATED = "select source, resource, state, reason from meta.inputs"
LATE = """
select source, resource, reason, complete_up_to from meta.inputs where state = $1
"""
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
class Facts:
    """What `meta` says of the walks of one collection."""

    name: str
    status: str | None
    error: str
    watermark: datetime | None
    walked: bool
    frozen: str
    parents: int
    failed: int
    parents_at: datetime | None
    hidden: str
    kept_out: int

    def judged(self) -> tuple[str, str]:
        """Give the state of the collection and the reason why it is no better."""
        if not (self.walked or self.parents):
            return NEVER, self.error or NOT_ASKED
        if self.frozen or self.status == "failed":
            return INCOMPLETE, self.frozen or self.error
        if self.failed:
            return INCOMPLETE, f"{self.failed:,} lists could not be read"
        if self.kept_out:
            return INCOMPLETE, f"{self.kept_out:,} rows or values do not fit"
        if self.hidden:
            return WITHHELD, f"withheld: {self.hidden}"
        return COMPLETE, ""


def keep_inputs(
    warehouse: Warehouse,
    source: str,
    loaded: Mapping[str, Collection],
    off: AbstractSet[str],
) -> None:
    """Write a row for each collection: how far it is complete, and why not further."""
    found = [Facts(*row) for row in warehouse.rows(FACTS, [source, list(loaded)])]
    judged, behind = [], {one.relation for one in incomplete(warehouse, BEHIND)}
    for facts in found:
        state, reason = facts.judged()
        if state == INCOMPLETE and _raw(source, facts.name) in behind:
            state = BEHIND
        if facts.name in off:
            state, reason = OFF, "switched off in the configuration"
        up_to = facts.parents_at if loaded[facts.name].parent else facts.watermark
        judged.append((facts.name, up_to, state, reason))
    names, moments, states, reasons = (list(column) for column in zip(*judged, strict=True))
    with warehouse.transaction():
        warehouse.rows("delete from meta.inputs where source = $1", [source])
        warehouse.rows(
            "insert into meta.inputs select $1, unnest($2::varchar[]), unnest($3::timestamptz[]),"
            " unnest($4::varchar[]), unnest($5::varchar[])",
            [source, names, moments, states, reasons],
        )


@dataclass(frozen=True)
class Unknown:
    """What is not known of a raw table: with a `field` one of its columns, else its rows.

    `state` is one of `never`, `off`, `absent` (its product was never read here), `behind` or
    `withheld`.
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
            state, reason = stated.get(name) or (COMPLETE if name in walked else NEVER, "")
            if state in ROWS_UNKNOWN:
                since, error = failed.get(name, (None, ""))
                state = state if is_read else ABSENT
                found.append(Unknown(_raw(*name), "", state, reason or error or _why(state), since))
    return (*found, *(_marked(warehouse) if "withheld" in there else ()))


def incomplete(warehouse: Warehouse, state: str = INCOMPLETE) -> tuple[Unknown, ...]:
    """Say which collections could be read whole once, and now cannot."""
    if "inputs" not in warehouse.layout("meta"):
        return ()
    return tuple(
        Unknown(_raw(source, name), "", BEHIND, reason or "", up_to)
        for source, name, reason, up_to in warehouse.rows(LATE, [state])
    )


def leave_behind(warehouse: Warehouse, found: Iterable[Unknown]) -> None:
    """Take collections for not known, until a load reads them again."""
    names = [one.relation for one in found]
    warehouse.rows(
        "update meta.inputs set state = $1"
        " where list_contains($2, 'raw_' || source || '.' || resource)",
        [BEHIND, names],
    )


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
