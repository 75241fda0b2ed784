"""How far each collection is known to be complete: what figures rest on."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from pipelines.warehouse import Warehouse
from sources.clio_http.catalog import Collection

DDL = (
    """create table if not exists meta.inputs (
        source varchar, resource varchar, complete_up_to timestamptz, state varchar,
        reason varchar)""",
)
COMPLETE, INCOMPLETE, WITHHELD, NEVER, OFF = "complete", "incomplete", "withheld", "never", "off"
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
            return NEVER, self.error or "never read to its end"
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
    with warehouse.transaction():
        warehouse.rows("delete from meta.inputs where source = $1", [source])
        for facts in found:
            state, reason = facts.judged()
            if facts.name in off:
                state, reason = OFF, "switched off in the configuration"
            up_to = facts.parents_at if loaded[facts.name].parent else facts.watermark
            warehouse.rows(
                "insert into meta.inputs values ($1, $2, $3, $4, $5)",
                [source, facts.name, up_to, state, reason],
            )
