"""How a warehouse comes to be one that this release works with.

The tables of `meta` are made by the numbered files of `sql/meta`, in order, and the number of the
last one stands in `meta.versions`. An older clio-sync refuses a warehouse with a greater number.
Changes to what is stored of a product are noted in `meta.migrations`.
"""

import pendulum

from pipelines.release import SCHEMA, release
from pipelines.sql_folder import sql_folder
from pipelines.warehouse import Warehouse

META, VERSIONS = "meta", "meta.versions"


def migrations(after: int = 0) -> list[str]:
    """Return the SQL of the migrations that come after one, in order."""
    files = sorted((sql_folder() / META).glob("*.sql"))
    return [file.read_text("utf-8") for file in files[after:]]


def migrate(warehouse: Warehouse) -> None:
    """Make the tables of `meta` what they are by now, in one transaction.

    Nothing is asked or read where they are so already. One that is only read stays as it is.
    """
    if warehouse.read_only or warehouse.version == SCHEMA:
        return
    with warehouse.transaction():
        for statements in migrations(warehouse.version):
            warehouse.rows(statements)
        warehouse.rows("delete from meta.versions")
        warehouse.rows("insert into meta.versions values ($1, $2, now())", [SCHEMA, release()])
    warehouse.version = SCHEMA


def is_older(warehouse: Warehouse) -> bool:
    """Tell whether an older clio-sync made the tables of `meta`, and no newer one has come by."""
    return warehouse.version < SCHEMA and bool(warehouse.columns("meta", "epoch"))


def is_done(warehouse: Warehouse, name: str, source: str) -> bool:
    """Tell whether a change was made to what is stored of a product."""
    query = "select 1 from meta.migrations where name = $1 and source = $2"
    return bool(warehouse.rows(query, [name, source]))


def note_done(warehouse: Warehouse, name: str, source: str, at: pendulum.DateTime) -> None:
    """Note that it was; belongs into the transaction that makes it."""
    warehouse.rows("insert into meta.migrations values ($1, $2, $3)", [name, source, at])
