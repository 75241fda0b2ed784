"""What a query of proposals rests on: one that reads what is hidden or not known proposes nothing.

A column that is left out is null here and one that is hashed is no text of Clio's; a list that was
never read looks empty. A query cannot tell that from an answer, so it is not run.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipelines.errors import EditRefusedError, QueryError, WithheldBaseError
from pipelines.warehouse import Warehouse
from sources.clio_http.catalog import Column

from .sight import SOURCE, Sight, role
from .stored import RAW

STAGED = "stg_manage__"
UNREAD = frozenset({"never", "off"})
"""The states of a collection in which nobody knows what it holds."""


def demand_known(sight: Sight, query: str) -> None:
    """Refuse a query that reads a column or a collection of which the truth is not known here.

    Raises:
        EditRefusedError: it does; the message names it.
        WithheldBaseError: it does, by what Clio withholds.
        QueryError: what it reads cannot be told, and something is hidden.

    """
    try:
        tree = sqlglot.parse_one(query, read="duckdb")
    except SqlglotError:
        if _hides_something(sight):
            message = "which columns the query reads cannot be told, and some are hidden here"
            raise QueryError(message) from None
        return
    unread = dict(_unread(sight.warehouse))
    tables = defaultdict[str, set[str]](set)
    for table, name in _collections(tree, sight):
        tables[table.alias_or_name.lower()].add(name)
    for name in sorted(set().union(*tables.values())):
        if name in unread:
            message = f"the query reads {name}, which was never read whole: {unread[name]}"
            raise WithheldBaseError(message)
        read = [
            one
            for one in sight.catalog.loaded[name].columns
            if any(_is_of(found, one.name, name, tables) for found in tree.find_all(exp.Column))
        ]
        _demand_columns(sight, name, read)


def _hides_something(sight: Sight) -> bool:
    return any((sight.masks.columns, sight.masks.left_out))


def _collections(tree: exp.Expr, sight: Sight) -> Iterator[tuple[exp.Table, str]]:
    """Give the tables of Clio's records in a query, each with its collection."""
    for table in tree.find_all(exp.Table):
        name = table.name.removeprefix(STAGED)
        if name in sight.catalog.loaded and (table.db == RAW or table.name != name):
            yield table, name


def _is_of(
    column: exp.Column, name: str, collection: str, tables: Mapping[str, AbstractSet[str]]
) -> bool:
    """Tell whether a column may be that of a collection: another table's is not."""
    meant = tables.get(column.table.lower(), {collection})
    return column.name.lower() == name and collection in meant


def _demand_columns(sight: Sight, collection: str, columns: Sequence[Column]) -> None:
    withheld = sight.marks(sight.catalog.loaded[collection], ()).whole
    for column in columns:
        named = f"the query reads {collection}.{column.name}, which is"
        if not sight.shows(collection, column.path):
            message = f"{named} left out or hashed here, or refused by Clio"
            raise EditRefusedError(message)
        if column.path in withheld:
            message = f"{named} withheld from this token: look at {role(column.name)}"
            raise WithheldBaseError(message)


def _unread(warehouse: Warehouse) -> Iterator[tuple[str, str]]:
    if not warehouse.columns("meta", "inputs"):
        return
    for name, state, reason in warehouse.rows(
        "select resource, state, coalesce(reason, '') from meta.inputs where source = $1", [SOURCE]
    ):
        if state in UNREAD:
            yield name, reason or state
