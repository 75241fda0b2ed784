"""Whose eyes a warehouse is read with: the account and the user that it was loaded with first."""

import pendulum

from pipelines.access.account import Identity
from pipelines.warehouse import Warehouse


def pinned(warehouse: Warehouse, source: str) -> Identity | None:
    """Return the identity that the warehouse was first loaded with, or that a person accepted."""
    found = warehouse.rows(
        "select account_id, user_id, rights from meta.accounts where source = $1", [source]
    )
    return Identity(*found[0]) if found else None


def pin(warehouse: Warehouse, source: str, identity: Identity, at: pendulum.DateTime) -> None:
    """Take an identity as the one that this warehouse is read with."""
    cursor = warehouse.cursor()
    try:
        cursor.execute("begin")
        cursor.execute("delete from meta.accounts where source = $1", [source])
        cursor.execute(
            "insert into meta.accounts values ($1, $2, $3, $4, $5)",
            [source, identity.account_id, identity.user_id, identity.rights, at],
        )
        cursor.execute("commit")
    finally:
        cursor.close()
