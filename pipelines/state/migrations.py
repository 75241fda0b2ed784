"""What was brought up to date in a warehouse that an older version of the tool made."""

import pendulum

from pipelines.warehouse import Warehouse

DDL = (
    """create table if not exists meta.migrations (
        name varchar, source varchar, done_at timestamptz)""",
)


def is_done(warehouse: Warehouse, name: str, source: str) -> bool:
    """Tell whether a change was made to what is stored of a product."""
    query = "select 1 from meta.migrations where name = $1 and source = $2"
    return bool(warehouse.rows(query, [name, source]))


def note_done(warehouse: Warehouse, name: str, source: str, at: pendulum.DateTime) -> None:
    """Note that it was; belongs into the transaction that makes it."""
    warehouse.rows("insert into meta.migrations values ($1, $2, $3)", [name, source, at])
