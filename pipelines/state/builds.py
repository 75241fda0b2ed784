"""What is built, and what builds and checks said: tables of `meta` that go with each commit."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pendulum

from pipelines.warehouse import Warehouse

from .inputs import Unknown

BUILT, FAILED, ROLLED_BACK = "built", "failed", "rolled_back"
UNDONE = """
select check_name, any_value(failures), max(checked_at) from meta.check_failures
where severity = 'error'
    and check_name not in (select check_name from meta.checks where failures > 0)
group by check_name order by check_name
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


@dataclass(frozen=True)
class CheckResult:
    """What a check said: how many rows are wrong, and the first of them as JSON.

    With `not_known`, the names of what is not, it said nothing, since it looks at that.
    """

    check: str
    model: str
    severity: str
    failures: int
    signature: str
    not_known: str = ""
    description: str = ""
    rows: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Tell whether nothing that it looked at may stay."""
        return self.failures > 0 and self.severity == "error"


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


def verdicts(warehouse: Warehouse) -> dict[str, CheckResult]:
    """Read what each check said last of what is built."""
    said = (warehouse.either("checks", name) for name in ("not_known", "description"))
    columns = ", ".join(f"coalesce({one}, '')" for one in said)
    found = warehouse.rows(
        f"select check_name, model, severity, failures, signature, {columns} from meta.checks"  # noqa: S608
    )
    return {row[0]: CheckResult(*row) for row in found}


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


def keep_models(
    warehouse: Warehouse, models: Iterable[BuiltModel], gone: Iterable[str] = ()
) -> None:
    """Write what was built, in the place of what was there; `gone` are relations that were dropped."""  # noqa: E501
    listed = list(models)
    names = [model.model for model in listed] + list(gone)
    warehouse.rows("delete from meta.models where list_contains($1, model)", [names])
    _insert(warehouse, "meta.models", [list(vars(model).values()) for model in listed])


def keep_runs(warehouse: Warehouse, runs: Iterable[ModelRun]) -> None:
    """Write each model's part in a build."""
    _insert(warehouse, "meta.model_runs", [list(vars(run).values()) for run in runs])


def keep_verdicts(
    warehouse: Warehouse, found: Sequence[CheckResult], run_id: str, at: pendulum.DateTime
) -> None:
    """Write what checks said, in the place of what they said before."""
    names = [verdict.check for verdict in found]
    warehouse.rows("delete from meta.checks where list_contains($1, check_name)", [names])
    rows = [
        (*_said(one), one.signature, run_id, at, one.not_known, one.description) for one in found
    ]
    _insert(warehouse, "meta.checks", rows)


def keep_failures(
    warehouse: Warehouse, found: Sequence[CheckResult], run_id: str, at: pendulum.DateTime
) -> None:
    """Write the rows that checks found, in the place of what they found before.

    A row that was found before is as old as it was then.
    """
    before = _since(warehouse)
    names = [verdict.check for verdict in found]
    warehouse.rows("delete from meta.check_failures where list_contains($1, check_name)", [names])
    for one in found:
        if one.failures:
            warehouse.rows(
                "insert into meta.check_failures (run_id, check_name, model, severity, failures,"
                " checked_at, row, since) select $1, $2, $3, $4, $5, $6,"
                " unnest($7::json[]), unnest($8::timestamptz[])",
                [
                    *(run_id, *_said(one), at, list(one.rows)),
                    [before.get((one.check, row), at) for row in one.rows],
                ],
            )


def _since(warehouse: Warehouse) -> dict[tuple[str, str], datetime]:
    """Give since when each row that is kept was found, by check and row."""
    found = warehouse.rows(
        "select check_name, row::varchar, coalesce(since, checked_at) from meta.check_failures"
    )
    return {(check, row): since for check, row, since in found}


def _said(one: CheckResult) -> tuple[str, str, str, int]:
    return one.check, one.model, one.severity, one.failures


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
    _insert(warehouse, "meta.not_known", rows)


def settle_checks(warehouse: Warehouse, known: Iterable[str]) -> None:
    """Remove what is kept of checks that there are no longer, and rows of builds that were undone.

    Afterwards the rows are those of checks that found some in what is built.
    """
    warehouse.rows("delete from meta.checks where not list_contains($1, check_name)", [list(known)])
    warehouse.rows(
        "delete from meta.check_failures where check_name not in"
        " (select check_name from meta.checks where failures > 0)"
    )


def _insert(warehouse: Warehouse, table: str, rows: Sequence[Sequence[object]]) -> None:
    """Write rows, a hundred with each statement."""
    for begin in range(0, len(rows), 100):
        some = rows[begin : begin + 100]
        marks = ", ".join("(" + ", ".join("?" * len(row)) + ")" for row in some)
        values = [value for row in some for value in row]
        warehouse.rows(f"insert into {table} values {marks}", values)  # noqa: S608


def undone(warehouse: Warehouse) -> dict[str, tuple[int, datetime]]:
    """Give the checks because of which the last build was undone: how many rows, and when.

    Empty where what stands is what was built last.
    """
    if not {"check_failures", "checks"} <= warehouse.layout("meta").keys():
        return {}
    return {name: (rows, at) for name, rows, at in warehouse.rows(UNDONE)}


def last_load(warehouse: Warehouse) -> datetime | None:
    """Give when the newest complete load ended that is in what is built; None if none is."""
    if not {"sync_runs", "built_up_to"} <= warehouse.layout("meta").keys():
        return None
    found: datetime | None
    ((found,),) = warehouse.rows(LAST_LOAD)
    return found


def told_undone(found: Mapping[str, tuple[int, datetime]]) -> str:
    """Say in a line that the last build was undone, and how to see why; nothing where it stands."""
    if not found:
        return ""
    first, (_, at) = next(iter(found.items()))
    checks = "1 check" if len(found) == 1 else f"{len(found)} checks"
    when = at.astimezone(UTC)
    return (
        f"The last build was undone at {when:%Y-%m-%d %H:%M} UTC, since {checks} failed: figures"
        f" are those of the build before it. clio-sync check show {shlex.quote(first)} shows the"
        " rows.\n"
    )
