"""The SQL with which pages become typed rows: for the bulk reader and for the careful one."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from . import casts
from .casts import quoted
from .catalog import JSON, WRITTEN_AS_JSON, Column
from .etag_copies import stripped


@dataclass(frozen=True)
class Statements:
    """What is asked of DuckDB for the columns of one reader.

    `bulk` reads the registered table `pages`; each row comes with `_exact`, which tells whether
    every value says what its text said. `careful` reads the registered `leaves`; a value that does
    not is null there, and `_wrong` names its column.
    """

    bulk: str
    careful: str


def statements(columns: Sequence[Column]) -> Statements:
    """Build the statements for some columns."""
    return Statements(_bulk_leaves(columns) + _typed(columns), _careful_leaves(columns))


def _json_shape(columns: Sequence[Column]) -> str:
    shape: dict[str, str | dict[str, str]] = {}
    for column in columns:
        kind = "JSON" if column.type in WRITTEN_AS_JSON else "VARCHAR"
        if len(column.path) == 1:
            shape[column.path[0]] = kind
        else:
            inner = shape.setdefault(column.path[0], {})
            if isinstance(inner, dict):
                inner[column.path[1]] = kind
    return orjson.dumps({"data": [shape]}).decode()


def _bulk_leaves(columns: Sequence[Column]) -> str:
    leaves = ", ".join(f"{_of_row(column)} as {quoted(column.name)}" for column in columns)
    return (
        f"with page as (select number, from_json_strict(body, '{_json_shape(columns)}').data"
        " as data from pages), placed as (select number as _page, unnest(data) as _row,"
        " generate_subscripts(data, 1) as _position from page),"
        f" leaf as (select _page, _position, {leaves} from placed) "
    )


def _of_row(column: Column) -> str:
    text = f"_row.{'.'.join(map(quoted, column.path))}::varchar"
    return stripped(text) if column.type == JSON else text


def _typed(columns: Sequence[Column]) -> str:
    values = ", ".join(f"{casts.value(c.name, c.type)} as {quoted(c.name)}" for c in columns)
    by_kind: dict[str, list[str]] = {}
    for column in columns:
        if column.type != "VARCHAR":
            by_kind.setdefault(column.type, []).append(column.name)
    exact = casts.all_exact(by_kind)
    return f"select {values}, {exact} as _exact, _page, _position from leaf"


def _careful_leaves(columns: Sequence[Column]) -> str:
    """Return typed rows from leaves read row by row, arrays written as the bulk reader does."""
    leaves = ", ".join(f"{_of_leaf(column)} as {quoted(column.name)}" for column in columns)
    values = ", ".join(
        f"case when {_fits(c)} then {casts.value(c.name, c.type)} end as {quoted(c.name)}"
        for c in columns
    )
    wrong = ", ".join(f"case when not {_fits(c)} then '{c.name}' end" for c in columns)
    return (
        f"with leaf as (select _page, _position, {leaves} from leaves) select {values},"
        f" list_filter([{wrong}], lambda x: x is not null) as _wrong, _page, _position from leaf"
    )


def _of_leaf(column: Column) -> str:
    if column.type not in WRITTEN_AS_JSON:
        return quoted(column.name)
    text = f"json({quoted(column.name)})::varchar"
    return stripped(text) if column.type == JSON else text


def _fits(column: Column) -> str:
    return f"coalesce({casts.exact(column.name, column.type)}, false)"
