"""What a query of proposals rests on: one that reads what is hidden or not known proposes nothing.

A column that is left out is null here and one that is hashed is no text of Clio's; a list that was
never read looks empty. A query cannot tell that from an answer, so it is not run. What the models
are built of is followed by what the last build said of them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipelines.config import PRODUCTS
from pipelines.errors import EditRefusedError, QueryError, WithheldBaseError
from pipelines.state.inputs import BEHIND, ROWS_UNKNOWN, WITHHELD, Unknown, unknown
from pipelines.warehouse import Warehouse

from .allowed import Visibility, role
from .warehouse_records import RAW

STAGED = "stg_manage__"
NOT_KNOWN = """
select lower(model), coalesce(column_name, ''), string_agg(distinct source, ', ' order by source)
from meta.not_known group by all order by all
"""
Tables = Mapping[str, AbstractSet[str]]
"""The relations that a name in a query may mean."""


def demand_known(visibility: Visibility, query: str) -> None:
    """Refuse a query that reads a column or a collection of which the truth is not known here.

    Raises:
        EditRefusedError: it does; the message names it.
        WithheldBaseError: it does, by what Clio withholds or no load has read.
        QueryError: what it reads cannot be found out, and something is hidden.

    """
    found = unknown(visibility.warehouse)
    try:
        tree = sqlglot.parse_one(query, read="duckdb")
    except SqlglotError:
        if _hides_something(visibility) or any(one.state in {WITHHELD, BEHIND} for one in found):
            message = "which columns the query reads cannot be told, and some are hidden here"
            raise QueryError(message) from None
        return
    tables = defaultdict[str, set[str]](set)
    for table in tree.find_all(exp.Table):
        tables[table.alias_or_name.lower()].update(_relations(table, visibility))
    columns = list(tree.find_all(exp.Column))
    for relation in sorted(set().union(*tables.values())):
        read = frozenset(
            column.name.lower() for column in columns if _may_be_of(column, relation, tables)
        )
        _demand_raw(visibility, relation, read, found)
        _demand_built(visibility.warehouse, relation, read)


def _hides_something(visibility: Visibility) -> bool:
    return any((visibility.masks.columns, visibility.masks.left_out))


def _relations(table: exp.Table, visibility: Visibility) -> Iterator[str]:
    """Return the relations that a table of a query is: a staged one is its raw table as well."""
    schema, name = table.db.lower(), table.name.lower()
    if schema:
        yield f"{schema}.{name}"
    staged = name.removeprefix(STAGED)
    if staged != name and staged in visibility.catalog.loaded:
        yield f"{RAW}.{staged}"


def _may_be_of(column: exp.Column, relation: str, tables: Tables) -> bool:
    """Return whether a column may be that of a relation: another table's is not."""
    return relation in tables.get(column.table.lower(), {relation})


def _demand_raw(
    visibility: Visibility, relation: str, read: AbstractSet[str], found: Sequence[Unknown]
) -> None:
    """Refuse a raw table of which not all records are known, or a column that is not."""
    schema, _, name = relation.partition(".")
    if schema not in {f"raw_{source}" for source in PRODUCTS}:
        return
    mine = {one.field: one for one in found if one.relation == relation}
    rows = mine.get("")
    if rows is not None and rows.state in ROWS_UNKNOWN:
        what = "cannot be read any more" if rows.state == BEHIND else "was never read whole"
        message = f"the query reads {name}, which {what}: {rows.reason}"
        raise WithheldBaseError(message)
    hidden = _hidden(visibility, name) if schema == RAW else frozenset()
    for column in sorted(read & (hidden | mine.keys())):
        named = f"the query reads {name}.{column}, which is"
        if column in hidden:
            message = f"{named} left out or hashed here, or refused by Clio"
            raise EditRefusedError(message)
        why = mine[column].reason
        message = f"{named} withheld from this token, or not read ({why}): look at {role(column)}"
        raise WithheldBaseError(message)


def _hidden(visibility: Visibility, name: str) -> frozenset[str]:
    """Return the columns of a collection of Manage that settings or Clio's refusal hide."""
    collection = visibility.catalog.loaded.get(name)
    columns = collection.columns if collection else ()
    return frozenset(one.name for one in columns if not visibility.shows(name, one.path))


def _demand_built(warehouse: Warehouse, relation: str, read: AbstractSet[str]) -> None:
    """Refuse a model of which the last build could not know all rows, or a column."""
    if not warehouse.columns("meta", "not_known"):
        return
    for model, column, source in warehouse.rows(NOT_KNOWN):
        if model == relation and (not column or column.lower() in read):
            what = f"column {column}" if column else "rows"
            message = (
                f"the query reads {relation}, whose {what} rest on what is not known: {source}"
            )
            raise WithheldBaseError(message)
