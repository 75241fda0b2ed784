"""How far each collection is known to be complete, and what its last load came to."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipelines.config import PRODUCTS
from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection, read_catalog

COMPLETE, INCOMPLETE, WITHHELD, NEVER, OFF = "complete", "incomplete", "withheld", "never", "off"
ABSENT, BEHIND = "absent", "behind"
NEVER_READ = frozenset({NEVER, OFF, ABSENT})
"""States of a collection of which not all records are known, since no walk ever saw them all."""
ROWS_UNKNOWN = NEVER_READ | {BEHIND}
"""The same, and `behind`: it could be read once, and what is left of that contradicts the rest."""
READ_ONCE = frozenset({COMPLETE, INCOMPLETE, WITHHELD, BEHIND})
"""States of a collection that a load has read whole once."""
NOT_ASKED = "never read to its end"
FACTS = """
with ended as (
    select *, status = 'failed' as lost, status = 'ok' as whole,
        status in ('ok', 'undecided')
            or (status = 'incomplete' and starts_with(error, 'unread:')) as read
    from meta.sync_runs where source = $1 and status <> 'running'
),
runs as (
    select resource, arg_max(error, started_at) as error,
        arg_max(error, started_at) filter (status in ('failed', 'undecided')) as why,
        max(started_at) filter (whole) as whole_at, max(started_at) filter (read) as read_at,
        max(started_at) filter (lost) as lost_at,
        max(started_at) filter (lost and (mode not in ('', 'sweep') or requests > 0)) as refused_at
    from ended group by resource
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
    select resource, count(*) as n, count(*) filter (field is null) as whole_rows,
        min(since) filter (field is null) as since
    from meta.quarantine where source = $1 group by resource
)
select name, coalesce(runs.error, ''), coalesce(runs.why, ''),
    coalesce(lost_at > coalesce(whole_at, '-infinity'), false),
    coalesce(lost_at > coalesce(runs.read_at, '-infinity'), false),
    coalesce(refused_at > coalesce(runs.read_at, '-infinity'), false),
    coalesce(marks.watermark, marks.completed_at),
    marks.completed_at is not null, coalesce(marks.frozen, ''), coalesce(parents.read, 0),
    coalesce(parents.failed, 0), parents.read_at, coalesce(hidden.fields, ''),
    coalesce(kept_out.n, 0), coalesce(kept_out.whole_rows, 0), kept_out.since
from (select unnest($2::varchar[]) as name)
left join runs on runs.resource = name
left join marks on marks.resource = name
left join parents on parents.resource = name
left join hidden on hidden.resource = name
left join kept_out on kept_out.resource = name
"""

NEVER_ASKED = """
select count(*) from {parents} t where not exists (select 1 from meta.parents_read p
    where p.source = $1 and p.resource = $2 and p.parent_id = t.id)
and t.id::varchar not in (select record_id from meta.tombstones
    where source = $1 and resource = $3 and revived_at is null)
"""
BEFORE = "select resource, state, complete_up_to from meta.inputs where source = $1"
STATED = "select source, resource, state, coalesce(reason, '') from meta.inputs"
LATE = """
select source, resource, reason, complete_up_to from meta.inputs where state = $1
order by source, resource
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
select 'raw_' || source || '.' || resource, field, 'withheld',
    coalesce(string_agg(distinct evidence, ', ' order by evidence), 'withheld') || ', ' || case
        when count(*) > count(record_id) then 'of every record'
        when count(*) = 1 then 'of 1 record'
        else format('of {:,} records', count(*)) end,
    min(since)
from meta.withheld group by source, resource, field order by source, resource, field
"""
LAST = """
with proofs as (
    select resource, max(started_at) as at from meta.sync_runs
    where source = $1 and mode = 'sweep' and status = 'ok' group by resource
)
select resource, mode,
    case when status = 'failed' and split_part(error, ':', 1) in ('frozen', 'hidden_rows')
        and proofs.at > started_at then 'ok' else status end,
    finished_at, error, max(finished_at) filter (status = 'ok') over (partition by resource)
from meta.sync_runs left join proofs using (resource)
where source = $1 and mode <> 'sweep'
qualify row_number() over (partition by resource order by started_at desc) = 1
"""
MARKS = """
select resource, watermark, walk_started_at is not null, coalesce({frozen}, '')
from meta.watermarks where source = $1
"""
UNFINISHED = """
select 'raw_' || source || '.' || resource from meta.sync_runs where mode <> 'sweep'
qualify row_number() over (partition by source, resource order by started_at desc) = 1
    and status <> 'ok'
"""
WHY = {
    NEVER: "no load has read it whole yet",
    OFF: "it is switched off",
    ABSENT: "its product was never loaded here",
}


@dataclass(frozen=True)
class WalkFacts:
    """What `meta` says of the walks of one collection.

    A run that was stopped, or had no budget left, says nothing. `unproved`: since the last run
    that failed none ended well. `unread`: none read the list to its end. `refused`: nor did it
    fail before it asked for the list.
    """

    name: str
    error: str
    why: str
    unproved: bool
    unread: bool
    refused: bool
    watermark: datetime | None
    walked: bool
    frozen: str
    parents: int
    failed: int
    parents_at: datetime | None
    hidden: str
    kept_out: int
    rows_kept_out: int
    kept_out_since: datetime | None

    def judged(self, before: str, waiting: str) -> tuple[str, str]:
        """Return the state of the collection and the reason why it is no better.

        `before` is the state before this run, `waiting` says which lists of parents no load has
        asked for: new ones wait for the next load, but before that it was never read whole.
        """
        if not (self.walked or self.parents):
            return NEVER, self.error or NOT_ASKED
        if waiting and before not in READ_ONCE:
            return NEVER, waiting
        if late := self._late(waiting):
            return INCOMPLETE, late
        if self.hidden:
            return WITHHELD, f"withheld: {self.hidden}"
        return COMPLETE, ""

    def _late(self, waiting: str) -> str:
        """Say why what is stored of the collection is not all of it; nothing if it is."""
        if self.frozen or self.unproved:
            return self.frozen or self.why
        if self.failed:
            return f"{self.failed:,} lists could not be read"
        return waiting or (f"{self.kept_out:,} rows or values do not fit" if self.kept_out else "")

    @property
    def cannot_be_read(self) -> bool:
        """Tell whether what is left of the list may be of another day than the rest."""
        return bool(self.frozen) or self.unread

    def complete_up_to(self, before: datetime | None, *, child: bool) -> datetime | None:
        """Return the moment up to which every change is stored; None where there is none.

        While rows are kept out whole it stays where it was before they were.
        """
        reached = self.parents_at if child else self.watermark
        if not self.rows_kept_out or reached is None or before is None:
            return None if self.rows_kept_out else reached
        return min(before, reached, self.kept_out_since or before)


def keep_inputs(
    warehouse: Warehouse, source: str, loaded: Mapping[str, Collection], off: AbstractSet[str]
) -> None:
    """Write a row for each collection: how far it is complete, and why not further."""
    found = {facts.name: facts for facts in _facts(warehouse, source, loaded)}
    known = {name: (state, at) for name, state, at in warehouse.rows(BEFORE, [source])}
    judged = []
    for facts in found.values():
        parent = loaded[facts.name].parent
        before, at = known.get(facts.name, (NEVER, None))
        owner = found.get(parent.resource) if parent else None
        waiting = _waiting(warehouse, source, facts.name, owner) if owner else ""
        state, reason = facts.judged(before, waiting)
        if state == INCOMPLETE and before == BEHIND and facts.cannot_be_read:
            state = BEHIND
        if facts.name in off:
            state, reason = OFF, "switched off in the configuration"
        up_to = facts.complete_up_to(at, child=parent is not None) if state != NEVER else None
        judged.append((facts.name, up_to, state, reason))
    names, moments, states, reasons = (list(column) for column in zip(*judged, strict=True))
    with warehouse.transaction():
        warehouse.rows("delete from meta.inputs where source = $1", [source])
        warehouse.rows(
            "insert into meta.inputs select $1, unnest($2::varchar[]), unnest($3::timestamptz[]),"
            " unnest($4::varchar[]), unnest($5::varchar[])",
            [source, names, moments, states, reasons],
        )


def _facts(warehouse: Warehouse, source: str, names: Iterable[str]) -> list[WalkFacts]:
    return [WalkFacts(*row) for row in warehouse.rows(FACTS, [source, list(names)])]


def _waiting(warehouse: Warehouse, source: str, name: str, owner: WalkFacts) -> str:
    """Say which parents no load has asked for their list, of those that are not deleted."""
    if not owner.walked:
        return f"{owner.name} was never read whole"
    if not warehouse.columns(f"raw_{source}", owner.name):
        return ""
    query = NEVER_ASKED.format(parents=f"{quoted(f'raw_{source}')}.{quoted(owner.name)}")
    ((count,),) = warehouse.rows(query, [source, name, owner.name])
    return f"{count:,} lists were never read" if count else ""


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
    stated = {row[:2]: row[2:] for row in (warehouse.rows(STATED) if "inputs" in there else ())}
    walked = frozenset[tuple[str, str]](
        warehouse.rows(WALKED) if {"watermarks", "sync_runs"} <= there.keys() else ()
    )
    failed = {row[:2]: row[2:] for row in (warehouse.rows(FAILED) if "sync_runs" in there else ())}
    found = []
    for source in PRODUCTS:
        names = [(source, name) for name in read_catalog(source).loaded]
        is_read = any(name in stated or name in walked or name in failed for name in names)
        for name in names:
            state, reason = stated.get(name) or (COMPLETE if name in walked else NEVER, "")
            if state in ROWS_UNKNOWN:
                since, error = failed.get(name, (None, ""))
                state = state if is_read else ABSENT
                why = reason or error or WHY.get(state, WHY[NEVER])
                found.append(Unknown(_raw(*name), "", state, why, since))
    marked = warehouse.rows(MARKED) if "withheld" in there else ()
    return (*found, *(Unknown(*row) for row in marked))


def refused(warehouse: Warehouse) -> tuple[Unknown, ...]:
    """Say which collections could be read whole once, and were refused or frozen since.

    Not those of which only some rows, values or lists are kept out: the rest is of today. Nor where
    the last run failed before it asked for anything.
    """
    if "inputs" not in warehouse.layout("meta"):
        return ()
    late: dict[str, dict[str, Unknown]] = {}
    for source, name, reason, up_to in incomplete(warehouse):
        one = Unknown(_raw(source, name), "", BEHIND, reason or "", up_to)
        late.setdefault(source, {})[name] = one
    return tuple(
        own[facts.name]
        for source, own in late.items()
        for facts in _facts(warehouse, source, own)
        if facts.frozen or facts.refused
    )


def leave_behind(warehouse: Warehouse, found: Iterable[Unknown]) -> None:
    """Take collections for not known, until a load reads them again."""
    names = [one.relation for one in found]
    warehouse.rows(
        "update meta.inputs set state = $1"
        " where list_contains($2, 'raw_' || source || '.' || resource)",
        [BEHIND, names],
    )


def _raw(source: str, resource: str) -> str:
    return f"raw_{source}.{resource}"


def incomplete(warehouse: Warehouse) -> list[tuple[str, str, str | None, datetime | None]]:
    """Return each collection that is late, by source and name: why, and how far it is complete."""
    return warehouse.rows(LATE, [INCOMPLETE])


def last_runs(warehouse: Warehouse, source: str) -> dict[str, tuple[Any, ...]]:
    """Return mode, status, end and error of each collection's last load, and when one ended well.

    One that failed since too little was shown is settled by a sweep that began later.
    """
    return {row[0]: row[1:] for row in warehouse.rows(LAST, [source])}


def marks(warehouse: Warehouse, source: str) -> dict[str, tuple[Any, ...]]:
    """Return each collection's watermark, whether a walk is under way, and why it is frozen."""
    query = MARKS.format(frozen=warehouse.either("watermarks", "frozen"))
    return {row[0]: row[1:] for row in warehouse.rows(query, [source])}


def half_loaded(warehouse: Warehouse) -> frozenset[str]:
    """Name the raw tables that the last load left older than the others.

    Totals that were loaded against records that were not would show differences that are none.
    """
    if not warehouse.columns("meta", "sync_runs"):
        return frozenset()
    return frozenset(name for (name,) in warehouse.rows(UNFINISHED))


def parents_read(warehouse: Warehouse, source: str) -> dict[str, tuple[int, datetime]]:
    """Return of how many parents each child collection was read, and when the oldest was."""
    found = warehouse.rows(
        "select resource, count(*), min(read_at) from meta.parents_read"
        " where source = $1 and failed is not true group by 1",
        [source],
    )
    return {name: (count, at) for name, count, at in found}
