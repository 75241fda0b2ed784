"""One model into the warehouse: the relation, its rows, its comments."""

from collections.abc import Mapping

from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted

from .files import Model
from .header import APPEND, TABLE, VIEW
from .queries import sql_name, sql_text
from .seeds import SeedFile


def make(
    warehouse: Warehouse, model: Model, query: str, was: Mapping[str, str], note: str = ""
) -> int | None:
    """Make a relation anew and describe it; give its rows, None for a view.

    Args:
        warehouse: within a transaction.
        model: what to make.
        query: its query, as it is run.
        was: relations that are there, with their kind.
        note: said of the relation behind what its header says.

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
    elif model.kind == APPEND and was.get(model.relation) == TABLE:
        rows = _append(warehouse, model, name, query)
    else:
        ((rows,),) = warehouse.rows(f"create or replace table {name} as\n{query}")
    header = model.header
    said = [header.description, f"Grain: {header.grain}."]
    said += [f"Date basis: {header.basis}."] if header.basis else []
    text = sql_text(" ".join(filter(None, [*said, note])))
    warehouse.rows(f"comment on {model.stored_as} {name} is {text}")
    for column, (comment, _) in header.comments.items():
        warehouse.rows(f"comment on column {name}.{quoted(column)} is {sql_text(comment)}")
    return rows


def drop(warehouse: Warehouse, relation: str, was: Mapping[str, str]) -> None:
    """Drop a relation, whatever it is by now."""
    if relation in was:
        warehouse.rows(f"drop {was[relation]} {sql_name(relation)}")


def _append(warehouse: Warehouse, model: Model, name: str, query: str) -> int:
    """Add the rows whose value of a column is not there yet; what is there is never changed."""
    fresh = sql_name(f"{model.relation}__fresh")
    warehouse.rows(f"create table {fresh} as\n{query}")
    schema, _, table = model.relation.partition(".")
    there = set(warehouse.columns(schema, table))
    for column, kind, *_ in warehouse.rows(f"describe {fresh}"):
        if column not in there:
            warehouse.rows(f"alter table {name} add column {quoted(column)} {kind}")
    by = quoted(model.header.append_by[0])
    warehouse.rows(
        f"insert into {name} by name select * from {fresh}"
        f" where {by} not in (select {by} from {name} where {by} is not null)"
    )
    warehouse.rows(f"drop table {fresh}")
    ((rows,),) = warehouse.rows(f"select count(*) from {name}")
    return int(rows)


def _sow(warehouse: Warehouse, name: str, seed: SeedFile) -> int:
    """Fill the table of a seed; its cells were tried on their types before."""
    columns = ", ".join(f"{quoted(column)} {kind}" for column, kind in seed.columns.items())
    warehouse.rows(f"create or replace table {name} ({columns})")
    cells = [[row[at] for row in seed.rows] for at in range(len(seed.columns))]
    texts = ", ".join(f"unnest(${number}::varchar[])" for number in range(1, len(cells) + 1))
    warehouse.rows(f"insert into {name} select {texts}", cells)
    return len(seed.rows)
