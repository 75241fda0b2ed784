"""One model into the warehouse: the relation, its rows, its comments."""

from collections.abc import Mapping

from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted

from .files import VIEW, Model
from .header import Header
from .seeds import Seed


def make(warehouse: Warehouse, model: Model, query: str, was: Mapping[str, str]) -> int | None:
    """Make a relation anew and describe it; give its rows, None for a view.

    Args:
        warehouse: within a transaction.
        model: what to make.
        query: its query, as it is run.
        was: relations that are there, with their kind.

    """
    name = sql_name(model.relation)
    warehouse.rows(f"create schema if not exists {quoted(model.schema)}")
    if was.get(model.relation, model.stored_as) != model.stored_as:
        drop(warehouse, model.relation, was)
    rows = None
    if model.seed is not None:
        rows = _sow(warehouse, name, model.seed)
    elif model.stored_as == VIEW:
        warehouse.rows(f"create or replace view {name} as\n{query}")
    else:
        ((rows,),) = warehouse.rows(f"create or replace table {name} as\n{query}")
    _describe(warehouse, model.stored_as, name, model.header)
    return rows


def drop(warehouse: Warehouse, relation: str, was: Mapping[str, str]) -> None:
    """Drop a relation, whatever it is by now."""
    if relation in was:
        warehouse.rows(f"drop {was[relation]} {sql_name(relation)}")


def sql_name(relation: str) -> str:
    """Quote a relation's name with its schema."""
    schema, _, name = relation.partition(".")
    return f"{quoted(schema)}.{quoted(name)}"


def _sow(warehouse: Warehouse, name: str, seed: Seed) -> int:
    """Fill the table of a seed; its cells were tried on their types before."""
    columns = ", ".join(f"{quoted(column)} {kind}" for column, kind in seed.columns.items())
    warehouse.rows(f"create or replace table {name} ({columns})")
    cells = [[row[at] for row in seed.rows] for at in range(len(seed.columns))]
    texts = ", ".join(f"unnest(${number}::varchar[])" for number in range(1, len(cells) + 1))
    warehouse.rows(f"insert into {name} select {texts}", cells)
    return len(seed.rows)


def _describe(warehouse: Warehouse, kind: str, name: str, header: Header) -> None:
    said = [header.description, f"Grain: {header.grain}."]
    if header.basis:
        said.append(f"Date basis: {header.basis}.")
    text = " ".join(part for part in said if part)
    warehouse.rows(f"comment on {kind} {name} is {_text(text)}")
    for column, (comment, _) in header.comments.items():
        warehouse.rows(f"comment on column {name}.{quoted(column)} is {_text(comment)}")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
