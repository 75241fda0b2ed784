"""Marts worked out again by another engine: their queries in its dialect, and tables compared."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import sqlglot
from sqlglot import ErrorLevel

from pipelines.sql_folder import sql_folder
from pipelines.transform.files import Model, read_project
from pipelines.transform.header import APPEND
from pipelines.transform.plan import ordered
from pipelines.transform.queries import parse, reads, sql_name
from pipelines.warehouse import Warehouse

SCHEMAS = ("core", "finance")
FRESH = "__fresh"
"""Ends the name under which a mart that only grows is worked out: what it kept is an input."""
SHOWN = 5
"""So many rows of a table that differs are told."""


@dataclass(frozen=True)
class Table:
    """Names of columns, and rows in any order, with values as Python has them."""

    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]

    @classmethod
    def of(cls, cursor: Any, query: str) -> Self:
        """Run a query."""
        cursor.execute(query)
        return cls(tuple(column[0] for column in cursor.description), cursor.fetchall())


@dataclass(frozen=True)
class Mart:
    """A mart: its query in DuckDB's dialect, and what DuckDB made of it."""

    relation: str
    query: str
    expected: Table

    def said(self, dialect: str) -> str:
        """Return the query in another dialect."""
        return said(self.query, dialect)


@dataclass(frozen=True)
class Marts:
    """All core and finance marts in the order of building, and what they read beside each other."""

    all: tuple[Mart, ...]
    inputs: tuple[str, ...]

    @property
    def schemas(self) -> list[str]:
        """Name the schemas that they need."""
        relations = [*self.inputs, *(mart.relation for mart in self.all)]
        return sorted({relation.partition(".")[0] for relation in relations})

    def differing(self, found: Mapping[str, Table]) -> dict[str, list[str]]:
        """Name the marts of which another engine made something else, and say what."""
        told = {one.relation: differences(one.expected, found[one.relation]) for one in self.all}
        return {relation: lines for relation, lines in told.items() if lines}


def mart_files() -> list[Path]:
    """Return the files of all core and finance marts."""
    return sorted(path for schema in SCHEMAS for path in (sql_folder() / schema).glob("*.sql"))


def said(text: str, dialect: str) -> str:
    """Say a statement of DuckDB's in another dialect, which must have all of it."""
    (found,) = sqlglot.transpile(
        text, read="duckdb", write=dialect, unsupported_level=ErrorLevel.RAISE, comments=False
    )
    return found


def read_marts(warehouse: Warehouse) -> Marts:
    """Read the marts of `sql/` and what DuckDB made of them."""
    project, problems = read_project([sql_folder()], {}, None)
    assert problems == []
    models = {
        relation + (FRESH if model.kind == APPEND else ""): model
        for relation, model in project.models.items()
        if model.schema in SCHEMAS
    }
    read = {name: frozenset(reads(parse(model.file.query))) for name, model in models.items()}
    inputs = frozenset().union(*read.values()) - models.keys()
    marts = (_mart(warehouse, name, models[name]) for name in ordered(read))
    return Marts(tuple(marts), tuple(sorted(inputs)))


def _mart(warehouse: Warehouse, name: str, model: Model) -> Mart:
    query = model.file.query
    made = f"({query}\n)" if model.kind == APPEND else sql_name(model.relation)
    return Mart(name, query, Table.of(warehouse.cursor(), f"select * from {made}"))


def differences(expected: Table, found: Table) -> list[str]:
    """Tell the first rows that only one of two tables has; nothing where both are the same.

    Values are the same if they are of the same type and equal: a decimal is no float, a moment
    with a time zone none without, and nothing is rounded.
    """
    if found.columns != expected.columns:
        return [f"the columns are {found.columns}, not {expected.columns}"]
    wanted, got = (Counter(map(_typed, table.rows)) for table in (expected, found))
    missing, more = wanted - got, got - wanted
    return [
        *(f"missing: {row}" for row in list(missing)[:SHOWN]),
        *(f"too much: {row}" for row in list(more)[:SHOWN]),
    ]


def _typed(row: Sequence[Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((type(value).__name__, value) for value in row)
