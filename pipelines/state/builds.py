"""What is built, of which loads, and what of it is not known: rows that go with each commit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pendulum

from pipelines.warehouse import Warehouse

from .inputs import Unknown

DAY, NOT_KNOWN = "meta.build", "meta.not_known"
BUILT, FAILED, ROLLED_BACK = "built", "failed", "rolled_back"
UNKNOWN_BY_SOURCE = """
select source, state, min(since), any_value(reason),
    string_agg(distinct model || '.' || column_name, ', ' order by model || '.' || column_name)
        filter (column_name <> '')
from meta.not_known where not list_contains($1, split_part(model, '.', 1))
group by source, state order by source
"""
LACKING = """
select distinct source from meta.not_known
where list_contains($1, state) and list_contains($2, split_part(model, '.', 1))
    and column_name <> '' and starts_with(source, $3)
order by 1
"""
STALE = """
select greatest(
    (select max(finished_at) from meta.sync_runs where inserted + updated > 0),
    (select max(greatest(detected_at, revived_at)) from meta.tombstones)
) > (select max(started_at) from meta.model_runs where status = 'built')
"""
LAST_LOAD = """
select max(finished_at) from meta.sync_runs where mode <> 'sweep' and status = 'ok'
    and finished_at <= coalesce((select max(as_of) from meta.built_up_to), finished_at)
"""


@dataclass(frozen=True)
class ModelRun:
    """One model's part in one build; a view has no `rows`, since they were not counted."""

    run_id: str
    model: str
    kind: str
    rows: int | None
    seconds: float
    sql_hash: str
    status: str
    started_at: pendulum.DateTime


@dataclass(frozen=True)
class BuiltModel:
    """What stands in the warehouse for a model; `format` says in which way it was built."""

    model: str
    kind: str
    description: str
    grain: str
    basis: str
    rows: int | None
    sql_hash: str
    signature: str
    run_id: str
    built_at: pendulum.DateTime
    format: str = ""


def built_models(warehouse: Warehouse) -> dict[str, BuiltModel]:
    """Read what the last builds left, by relation."""
    found = warehouse.rows(
        "select model, kind, description, grain, basis, rows, sql_hash, signature, run_id, built_at"
        " from meta.models"
    )
    return {row[0]: BuiltModel(*row) for row in found}


def built_otherwise(warehouse: Warehouse, form: str) -> frozenset[str]:
    """Name the models that were built in another way, such as by a release before this one."""
    query = "select model from meta.models where format is distinct from $1"
    return frozenset(name for (name,) in warehouse.rows(query, [form]))


def parsed_queries(warehouse: Warehouse) -> dict[str, tuple[str, ...]]:
    """Read what queries read, by the hash of their text, so that they need no parsing."""
    found = warehouse.rows("select text_hash, reads from meta.parsed_queries")
    return {text: tuple(reads) for text, reads in found}


def keep_parsed(warehouse: Warehouse, parsed: Mapping[str, Sequence[str]]) -> None:
    """Keep what queries read."""
    warehouse.rows("delete from meta.parsed_queries")
    texts, lists = list(parsed), [list(reads) for reads in parsed.values()]
    warehouse.rows(
        "insert into meta.parsed_queries select unnest($1::varchar[]), unnest($2::varchar[][])",
        [texts, lists],
    )


def keep_day(warehouse: Warehouse, today: date, time_zone: str) -> None:
    """Write the one row of `meta.build`."""
    warehouse.rows("delete from meta.build")
    warehouse.rows("insert into meta.build values ($1, $2)", [today, time_zone])


def keep_up_to(warehouse: Warehouse, at: pendulum.DateTime) -> None:
    """Write up to when all that was loaded is in what is built."""
    warehouse.rows("delete from meta.built_up_to")
    warehouse.rows("insert into meta.built_up_to values ($1)", [at])


def last_load(warehouse: Warehouse) -> datetime | None:
    """Return when the newest complete load ended that is in what is built; None if none is."""
    if not {"sync_runs", "built_up_to"} <= warehouse.layout("meta").keys():
        return None
    found: datetime | None
    ((found,),) = warehouse.rows(LAST_LOAD)
    return found


def keep_models(
    warehouse: Warehouse, models: Iterable[BuiltModel], gone: Iterable[str] = ()
) -> None:
    """Write what was built, in the place of what was there; `gone` are those that were dropped."""
    listed = list(models)
    names = [model.model for model in listed] + list(gone)
    warehouse.rows("delete from meta.models where list_contains($1, model)", [names])
    insert(warehouse, "meta.models", [list(vars(model).values()) for model in listed])


def keep_runs(warehouse: Warehouse, runs: Iterable[ModelRun]) -> None:
    """Write each model's part in a build."""
    insert(warehouse, "meta.model_runs", [list(vars(run).values()) for run in runs])


def keep_not_known(
    warehouse: Warehouse,
    found: Mapping[str, Mapping[str, Sequence[Unknown]]],
    standing: Iterable[str] = (),
) -> None:
    """Write which columns of the models are not known, and why, in the place of what was so.

    Of the models that are `standing` what was said before holds too: they show what an earlier
    build left.
    """
    query = "delete from meta.not_known where not list_contains($1, model)"
    warehouse.rows(query, [list(standing)])
    said = set(warehouse.rows("select model, column_name, source from meta.not_known"))
    rows = [
        (model, column, one.name, one.state, one.reason, one.since)
        for model, columns in found.items()
        for column, reasons in columns.items()
        for one in reasons
        if (model, column, one.name) not in said
    ]
    insert(warehouse, "meta.not_known", rows)


def insert(warehouse: Warehouse, table: str, rows: Sequence[Sequence[object]]) -> None:
    """Write rows, a hundred with each statement."""
    for begin in range(0, len(rows), 100):
        some = rows[begin : begin + 100]
        marks = ", ".join("(" + ", ".join("?" * len(row)) + ")" for row in some)
        values = [value for row in some for value in row]
        warehouse.rows(f"insert into {table} values {marks}", values)  # noqa: S608 - names stand above, values are bound


def unknown_by_source(
    warehouse: Warehouse, but: Sequence[str]
) -> list[tuple[str, str, datetime | None, str, str | None]]:
    """Return what is not known, with state, since when, why, and the columns that are empty for it.

    Columns `but` those of some schemas.
    """
    return warehouse.rows(UNKNOWN_BY_SOURCE, [list(but)])


def lacking(
    warehouse: Warehouse, states: Sequence[str], schemas: Sequence[str], product: str
) -> list[str]:
    """Name what of a product is in one of some states though columns of some schemas need it."""
    found = warehouse.rows(LACKING, [list(states), list(schemas), product])
    return [name for (name,) in found]


def unknown_columns(warehouse: Warehouse) -> list[tuple[str, str, str, str]]:
    """Return relation, column, source and reason of what is not known; no column means its rows."""
    if not warehouse.columns("meta", "not_known"):
        return []
    return warehouse.rows(
        "select model, column_name, source, coalesce(reason, '') from meta.not_known"
    )


def is_stale(warehouse: Warehouse) -> bool:
    """Tell whether rows were stored, or found to be deleted, after the models were built.

    A build that was taken back left the models as they were.
    """
    if not warehouse.columns("meta", "model_runs"):
        return False
    return bool(warehouse.rows(STALE)[0][0])
