"""What each column of the models is made of, down to what is read from Clio: by their queries.

A column is made of the columns in its expression. A sum is made as well of what decides which
rows it counts: the groups, and the conditions on the way there. Keys by which rows are joined are
left out.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from pipelines.transform.files import SEED
from pipelines.transform.inputs import Tables
from pipelines.transform.plan import BuildPlan
from pipelines.transform.queries import parse

Cell = tuple[str, str]
"""A relation and a column of it; under an empty name, which rows it has."""
Made = frozenset[Cell]
NOTHING: Made = frozenset()
CONDITIONS = ("where", "having", "qualify")


class Query:
    """The query of one model, whose every column says from where it comes."""

    def __init__(self, text: str, tables: Tables) -> None:
        """Read a query over tables with known columns."""
        schema: dict[str, dict[str, object]] = {}
        for relation, columns in tables.items():
            folder, _, name = relation.partition(".")
            schema.setdefault(folder, {})[name] = dict(columns)
        tree = qualify(
            parse(text),
            schema={**schema},
            dialect="duckdb",
            validate_qualify_columns=False,
            quote_identifiers=False,
        )
        root = build_scope(tree)
        assert root is not None
        self._root = root
        self._known: dict[tuple[int, str], Made] = {}

    def column(self, name: str) -> Made:
        """Say of what a column of the result is made."""
        return self._column(self._root, name)

    def rows(self) -> Made:
        """Say what decides which rows the result has."""
        return self._rows(self._root)

    def _column(self, scope: Scope, name: str) -> Made:
        return self._once(scope, f"column {name}", lambda: self._made(scope, name))

    def _rows(self, scope: Scope) -> Made:
        return self._once(scope, "rows", lambda: self._decided(scope))

    def _once(self, scope: Scope, what: str, find: Callable[[], Made]) -> Made:
        key = (id(scope), what)
        if key not in self._known:
            self._known[key] = NOTHING
            self._known[key] = find()
        return self._known[key]

    def _made(self, scope: Scope, name: str) -> Made:
        if scope.set_operation_scopes:
            place = _names(scope.set_operation_scopes[0]).index(name)
            parts = scope.set_operation_scopes
            return _all(self._column(part, _names(part)[place]) for part in parts)
        query = scope.expression
        named = (one for one in _query(scope).selects if one.alias_or_name == name)
        chosen = next(named, query)
        found = self._cells(scope, chosen)
        if any(not one.find_ancestor(exp.Window) for one in chosen.find_all(exp.AggFunc)):
            found |= self._cells(scope, query.args.get("group")) | self._rows(scope)
        return found

    def _decided(self, scope: Scope) -> Made:
        if scope.set_operation_scopes:
            return _all(self._rows(part) for part in scope.set_operation_scopes)
        query = scope.expression
        first = query.args.get("from_") or query.args.get("from")
        joins = [one for one in query.args.get("joins") or [] if one.side.upper() != "LEFT"]
        names = [one.alias_or_name for one in ([first.this] if first else []) + joins]
        conditions = _all(self._cells(scope, query.args.get(one)) for one in CONDITIONS)
        return conditions | _all(self._from(scope.sources.get(name), "") for name in names)

    def _cells(self, scope: Scope, part: exp.Expr | None) -> Made:
        parts = [part] if part else []
        if part and any(one.args.get("alias") for one in part.find_all(exp.Window)):
            parts += scope.expression.args.get("windows") or []
        columns = (column for one in parts for column in one.find_all(exp.Column))
        return _all(self._cell(scope, column) for column in columns)

    def _cell(self, scope: Scope, column: exp.Column) -> Made:
        for inner in scope.subquery_scopes:
            if any(column is one for one in inner.expression.walk()):
                return self._cell(inner, column)
        if column.table not in scope.sources and scope.parent:
            return self._cell(scope.parent, column)
        return self._from(scope.sources.get(column.table), column.name)

    def _from(self, source: exp.Expr | Scope | None, name: str) -> Made:
        if isinstance(source, Scope):
            return self._column(source, name) if name else self._rows(source)
        if isinstance(source, exp.Table):
            return frozenset({(f"{source.db}.{source.name}", name)})
        return NOTHING


def _names(scope: Scope) -> list[str]:
    return list(_query(scope).named_selects)


def _query(scope: Scope) -> exp.Query:
    assert isinstance(scope.expression, exp.Query)
    return scope.expression


def _all(many: Iterable[Made]) -> Made:
    return NOTHING.union(*many)


def steps(plan: BuildPlan, tables: Tables) -> dict[Cell, Made]:
    """Say of what in the tables that it reads each column of each model is made, and its rows."""
    found: dict[Cell, Made] = {}
    for relation in plan.order:
        model = plan.project.models[relation]
        if model.kind == SEED:
            continue
        query = Query(model.file.query, tables)
        found |= {(relation, name): query.column(name) for name in tables[relation]}
        found[relation, ""] = query.rows()
    return found


def followed(found: Mapping[Cell, Made], ends: Collection[str]) -> dict[Cell, Made]:
    """Follow the steps, which stand in order, to what no model makes.

    Args:
        found: the steps.
        ends: relations, columns of them or, with a dot, their rows: they are not followed further.

    """
    whole: dict[Cell, Made] = {}
    for cell, made in found.items():
        kept = [one for one in made if one[0] not in ends and ".".join(one) not in ends]
        whole[cell] = _all(whole.get(one, frozenset({one})) for one in kept)
    return whole
