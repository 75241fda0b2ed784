"""What is built, and what builds and checks said: tables of `meta` that go with each commit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pendulum

from pipelines.state.inputs import Unknown
from pipelines.warehouse import Warehouse

BUILT, FAILED, ROLLED_BACK = "built", "failed", "rolled_back"
DDL = (
    """create table if not exists meta.build (today date, time_zone varchar)""",
    """create table if not exists meta.models (
        model varchar, kind varchar, description varchar, grain varchar, basis varchar,
        rows bigint, sql_hash varchar, signature varchar, run_id varchar, built_at timestamptz,
        format varchar)""",
    "alter table meta.models add column if not exists format varchar",
    """create table if not exists meta.model_runs (
        run_id varchar, model varchar, kind varchar, rows bigint, seconds double,
        sql_hash varchar, status varchar, started_at timestamptz)""",
    """create table if not exists meta.checks (
        check_name varchar, model varchar, severity varchar, failures bigint, signature varchar,
        run_id varchar, checked_at timestamptz, not_known varchar,
        description varchar)""",
    "alter table meta.checks add column if not exists not_known varchar",
    "alter table meta.checks add column if not exists description varchar",
    """create table if not exists meta.not_known (
        model varchar, column_name varchar, source varchar, state varchar, reason varchar,
        since timestamptz)""",
    """create table if not exists meta.check_failures (
        run_id varchar, check_name varchar, model varchar, severity varchar, failures bigint,
        row json, checked_at timestamptz, since timestamptz)""",
    "alter table meta.check_failures add column if not exists since timestamptz",
    """create table if not exists meta.built_up_to (as_of timestamptz)""",
    """create table if not exists meta.parsed_queries (text_hash varchar, reads varchar[])""",
)


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


def prepare_journal(warehouse: Warehouse) -> None:
    """Make the tables that are not there yet."""
    with warehouse.transaction():
        for statement in DDL:
            warehouse.rows(statement)


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
        f"select check_name, model, severity, failures, signature, {columns} from meta.checks"
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
    """Write what was built, in the place of what was there; `gone` are those that were dropped."""
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
        warehouse.rows(f"insert into {table} values {marks}", values)
