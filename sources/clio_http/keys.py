"""The key of a row as text: the same in a table of Arrow, in SQL and in an address."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute

from .casts import quoted
from .catalog import Collection
from .rows import Misfit

UNKNOWN = ""
"""Stands for the key of a row that could not be read far enough to tell it."""


def key_texts(table: pa.Table, collection: Collection) -> pa.ChunkedArray:
    """Return each row's key; parts of a composite key are joined by commas."""
    parts = [pa.compute.cast(table.column(name), pa.string()) for name in collection.key]
    if len(parts) == 1:
        return parts[0]
    return pa.compute.binary_join_element_wise(*parts, ",")


def key_sql(collection: Collection, alias: str) -> str:
    """Return the SQL of the same text."""
    parts = [f"{alias}.{quoted(name)}::varchar" for name in collection.key]
    return parts[0] if len(parts) == 1 else f"concat_ws(',', {', '.join(parts)})"


def misfit_keys(misfits: Sequence[Misfit], collection: Collection) -> list[str]:
    """Return the keys of rows that did not fit; of a composite key too little is known.

    A row of which only a value did not fit is there, and tells its key itself.
    """
    rows = [misfit for misfit in misfits if not misfit.field]
    return [misfit.record_id if len(collection.key) == 1 else UNKNOWN for misfit in rows]
