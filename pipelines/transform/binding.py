"""The compile check: every query is bound against empty tables, in memory, in order."""

import json
from collections.abc import Mapping, Sequence
from contextlib import closing

from pipelines.warehouse import REFUSED, Cursor, in_memory
from sources.clio_http.casts import quoted

from . import inputs
from .errors import ModelProblem, unknown
from .files import Model
from .inputs import Tables
from .plan import BuildPlan
from .queries import sql_name
from .seeds import SeedFile


def bind(plan: BuildPlan, found: Tables) -> tuple[Tables, list[ModelProblem]]:
    """Bind every model and check.

    Args:
        plan: what there is, in order.
        found: the raw and `meta` tables of the warehouse; none where there is no warehouse.

    Returns:
        The columns of each model with their types, and what is wrong.

    """
    with closing(in_memory()) as cursor:
        known = dict(inputs.prepare(cursor, found, plan.outside))
        problems: list[ModelProblem] = []
        columns: dict[str, Mapping[str, str]] = {}
        for relation in plan.order:
            model = plan.project.models[relation]
            if _waits(plan, relation, columns):
                continue
            problem = _unknown(plan, known, model.file.name, relation) or _made(cursor, model)
            if problem is not None:
                problems.append(problem)
                continue
            described = cursor.execute(f"describe {sql_name(relation)}").fetchall()
            columns[relation] = known[relation] = {name: kind for name, kind, *_ in described}
        for model in plan.project.models.values():
            problems += _header(model, columns, known)
        problems += _checks(plan, cursor, known, columns)
    return columns, problems


def _waits(plan: BuildPlan, name: str, columns: Tables) -> bool:
    """Tell whether a query reads a model that could not be bound, which was told already."""
    return any(need in plan.project.models and need not in columns for need in plan.needs(name))


def _unknown(plan: BuildPlan, known: Tables, file: str, name: str) -> ModelProblem | None:
    """Find the first relation that a query reads and that nobody makes."""
    valid = {*known, *plan.project.models}
    absent = set(plan.needs(name)) - valid
    for relation, line in plan.lines(name) if absent else ():
        if relation in absent:
            return ModelProblem(file, line, unknown("relation", relation, valid))
    return None


def _made(cursor: Cursor, model: Model) -> ModelProblem | None:
    cursor.execute(f"create schema if not exists {model.schema}")
    name = sql_name(model.relation)
    if model.seed is not None:
        return _seed(cursor, name, model.seed)
    return _bound(cursor, f"create table {name} as (\n", model.file.query, model.file.name)


def _seed(cursor: Cursor, table: str, seed: SeedFile) -> ModelProblem | None:
    """Make an empty table of a seed, and try its cells on the types that are declared."""
    for name, kind in seed.columns.items():
        try:
            cursor.execute(f"select null::{kind}")
        except REFUSED:
            text = f"{kind} is not a type; it is declared of {name}"
            return ModelProblem(seed.declared_in, 1, text)
    for at, (name, kind) in enumerate(seed.columns.items()):
        cells = [row[at] for row in seed.rows]
        bad = cursor.execute(
            "select line from (select unnest($1::varchar[]) as cell, unnest($2::integer[]) as line)"  # noqa: S608 - a type that DuckDB took
            f" where cell is not null and (try_cast(cell as {kind}) is null"
            # a number must not be rounded, as 4.5 would be for a bigint
            " or try_cast(cell as decimal(38, 12))"
            f" <> try_cast(try_cast(cell as {kind})::varchar as decimal(38, 12)))"
            " order by line limit 1",
            [cells, list(seed.lines)],
        ).fetchone()
        if bad is not None:
            text = f"what is in the column {name} is not {kind}"
            return ModelProblem(seed.csv_name, bad[0], text)
    listed = ", ".join(f"{quoted(name)} {kind}" for name, kind in seed.columns.items())
    cursor.execute(f"create table {table} ({listed})")
    return None


def _bound(cursor: Cursor, before: str, query: str, file: str) -> ModelProblem | None:
    try:
        cursor.execute(f"{before}{query}\n) with no data")
    except REFUSED as error:
        return _problem(str(error), before, query, file)
    return None


def _problem(said: str, before: str, query: str, file: str) -> ModelProblem:
    """Put DuckDB's error into one line, with the line of the file."""
    if "{" not in said:
        return ModelProblem(file, 1, said.partition("\n")[0])
    document = json.loads(said[said.index("{") :])
    at = int(document.get("position") or 0) - len(before.encode())
    line = query.encode()[: max(0, at)].count(b"\n") + 1
    message = document["exception_message"].partition("\n")[0]
    if document.get("error_subtype") == "COLUMN_NOT_FOUND":
        candidates = document.get("candidates")
        message = f"unknown column {document.get('name')}"
        message += f"; there are {candidates.replace(',', ', ')}" if candidates else ""
    return ModelProblem(file, line, message)


def _header(model: Model, columns: Tables, known: Tables) -> list[ModelProblem]:
    """Find columns and relations that a header names and that are not there."""
    own, file = columns.get(model.relation), model.file.name
    if own is None:
        return []
    header = model.header
    named = [(column, rule.line) for rule in header.rules for column in rule.columns]
    named += [header.append_by] if header.append_by[0] else []
    named += [(column, line) for column, (_, line) in header.comments.items()]
    found = [
        ModelProblem(file, line, unknown("column", column, own))
        for column, line in named
        if column not in own
    ]
    for rule in header.rules:
        if not rule.target:
            continue
        there = known.get(rule.target)
        if there is None:
            found.append(ModelProblem(file, rule.line, unknown("relation", rule.target, known)))
        elif rule.target_column not in there:
            name = f"{rule.target}.{rule.target_column}"
            valid = [f"{rule.target}.{column}" for column in there]
            found.append(ModelProblem(file, rule.line, unknown("column", name, valid)))
    return found


def _checks(
    plan: BuildPlan, cursor: Cursor, known: Tables, columns: Tables
) -> Sequence[ModelProblem]:
    found = []
    for check in plan.project.singular:
        if _waits(plan, check.key, columns):
            continue
        problem = _unknown(plan, known, check.file.name, check.key) or _bound(
            cursor, "create temp table _check as (\n", check.file.query, check.file.name
        )
        cursor.execute("drop table if exists temp._check")
        found += [problem] if problem else []
    return found
