"""Tests as queries: each gives the rows that are wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.state.check_results import CheckResult
from pipelines.state.inputs import Unknown
from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted

from .files import Model, Singular
from .header import ACCEPTED, MATCHES, NOT_NULL, ONE_ROW, UNIQUE, RelationHeader, RowTest
from .queries import sql_name, sql_text

KEPT_ROWS = 100
"""So many of a check's rows are kept; all are counted."""


@dataclass(frozen=True)
class Check:
    """A test that can be run: `reads` are the relations that it looks at.

    `columns` are those that the test of a header looks at; of a file its text tells them.
    """

    name: str
    model: str
    severity: str
    query: str
    reads: tuple[str, ...]
    description: str
    file: str
    columns: tuple[str, ...] = ()
    header: RelationHeader | None = None


def header_checks(model: Model) -> Iterator[Check]:
    """Yield the tests of a model's header."""
    named: set[str] = set()
    for rule in model.header.rules:
        query, said = _query(model, rule)
        name = f"{model.relation}.{rule.kind}({said})"
        if name in named:
            continue
        named.add(name)
        reads = (model.relation, rule.target) if rule.target else (model.relation,)
        description = f"{rule.kind.replace('_', ' ')}: {said}" if said else "at most one row"
        yield Check(
            name, model.relation, rule.severity, query, reads, description, model.file.name,
            rule.columns,
        )  # fmt: skip


def singular_check(check: Singular, query: str, reads: Sequence[str]) -> Check:
    """Return the test of a file of its own, whose query is as it will be run."""
    header = check.header
    return Check(
        check.key, "", header.severity, query, tuple(reads), header.description, check.file.name,
        header=header,
    )  # fmt: skip


def _query(model: Model, rule: RowTest) -> tuple[str, str]:
    """Return the query for the rows that a rule finds wrong, and what it is called."""
    relation, said = sql_name(model.relation), ", ".join(rule.columns)
    leads = f"{said} -> {rule.target}.{rule.target_column}"
    if rule.kind == ONE_ROW:
        return f"select count(*) as rows from {relation} having count(*) > 1", ""
    if rule.kind == UNIQUE:
        by = ", ".join(quoted(name) for name in rule.columns)
        counted = f"select {by}, count(*) as rows from {relation} group by {by}"
        return f"{counted} having count(*) > 1", said
    if rule.kind == NOT_NULL:
        absent = " or ".join(f"{quoted(name)} is null" for name in rule.columns)
        return f"select * from {relation} where {absent}", said
    if rule.kind == MATCHES:
        return _matches(model, rule), leads
    column = quoted(rule.columns[0])
    there = quoted(rule.target_column)
    given = f"select * from {relation} where {column} is not null"
    if rule.kind == ACCEPTED:
        values = ", ".join(map(sql_text, rule.values))
        return f"{given} and {column}::varchar not in ({values})", said
    known = f"select {there} from {sql_name(rule.target)} where {there} is not null"
    return f"{given} and {column} not in ({known})", leads


def _matches(model: Model, rule: RowTest) -> str:
    """Find rows of a seed that stand for no row elsewhere or for several, or stand there twice.

    Cells are compared as the models do that join them. Each row has its line in the file.
    """
    (column,), there = rule.columns, quoted(rule.target_column)
    fold = "lower({})" if rule.folded else "{}"
    own, other = fold.format(f"s.{quoted(column)}"), fold.format(f"t.{there}")
    grain = next((one.columns for one in model.header.rules if one.kind == UNIQUE), ())
    rest = [f"s.{quoted(name)}" for name in grain if name != column]
    twice = f"count(*) over (partition by {', '.join([own, *rest])}) > 1"
    lines = list(model.seed.lines) if model.seed else []
    return (
        f"select ({lines}::integer[])[place] as line, {quoted(column)}, case when twice then"
        " 'stands there twice' when found = 0 then 'matches nothing' else 'matches several' end"
        " as problem from (select row_number() over (order by s.rowid) as place,"
        f" s.{quoted(column)},"
        f" {twice if column in grain else 'false'} as twice,"
        f" (select count(*) from {sql_name(rule.target)} t where {other} = {own}) as found"
        f" from {sql_name(model.relation)} s) f"
        f" where {quoted(column)} is not null and (twice or found <> 1)"
        # where nothing was loaded, nothing can be said
        f" and exists (select 1 from {sql_name(rule.target)})"
    )


def evaluate(warehouse: Warehouse, check: Check, query: str, signature: str) -> CheckResult:
    """Run a check; `query` is as it is run, with what stands in for absent tables."""
    ((failures,),) = warehouse.rows(f"select count(*) from (\n{query}\n) f")
    rows: list[tuple[str]] = []
    if failures:
        rows = warehouse.rows(f"select to_json(f)::varchar from (\n{query}\n) f limit {KEPT_ROWS}")
    found, told = tuple(row for (row,) in rows), check.description
    return CheckResult(
        check.name, check.model, check.severity, failures, signature, "", told, found
    )


def unsaid(check: Check, why: Sequence[Unknown], signature: str) -> CheckResult:
    """Return the verdict of a check that says nothing, since what it looks at is not known."""
    names = ", ".join(dict.fromkeys(one.name for one in why))
    return CheckResult(check.name, check.model, check.severity, 0, signature, names)
