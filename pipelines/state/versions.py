"""Which version of the tool, and of its tables, a warehouse was last brought up to.

An older tool refuses a warehouse of a newer one as it opens it; a newer one makes a backup before
it brings an older warehouse up to date.
"""

from pipelines.release import SCHEMA, release
from pipelines.warehouse import Warehouse

DDL = (
    """create table if not exists meta.versions (
        version integer, tool varchar, "at" timestamptz)""",
)


def is_older(warehouse: Warehouse) -> bool:
    """Tell whether an older clio-sync made these tables, and no newer one has come by since."""
    return bool(warehouse.columns("meta", "epoch")) and not _is_current(warehouse)


def note(warehouse: Warehouse) -> None:
    """Say which version the tables are of by now; within the transaction that made them so."""
    if not _is_current(warehouse):
        warehouse.rows("delete from meta.versions")
        warehouse.rows("insert into meta.versions values ($1, $2, now())", [SCHEMA, release()])


def _is_current(warehouse: Warehouse) -> bool:
    if not warehouse.columns("meta", "versions"):
        return False
    return warehouse.rows("select version from meta.versions") == [(SCHEMA,)]
