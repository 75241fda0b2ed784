"""What does not fit: a value costs itself, and only what a row cannot do without costs the row.

The key of a row as text is the same in a table of Arrow, in SQL and in an address.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute

from .bulk import DOES_NOT_FIT
from .casts import quoted
from .catalog import Collection, Column
from .leaves import Leaves, Oddity, received, standing

NO_KEY = ""
"""Stands for the key of a row that could not be read far enough to tell it."""
UNKNOWN = "_unknown"
UNKNOWN_TYPE = pa.list_(pa.struct([("field", pa.string()), ("evidence", pa.string())]))
"""The column of a reading that lists what is not known of a row: each raw column, and why."""


@dataclass(frozen=True)
class Misfit:
    """A row that does not fit its table, with `field` one value: its key, it as received, why."""

    record_id: str
    row: str
    reason: str
    field: str = ""


@dataclass(frozen=True)
class Sifted:
    """Typed rows without those that are set aside, of which `lost` are whole rows."""

    table: pa.Table
    misfits: tuple[Misfit, ...]
    lost: int


def needed(collection: Collection) -> frozenset[str]:
    """Name the columns that a row cannot do without."""
    return frozenset({*collection.telling, "updated_at", "etag", collection.deletion_marker} - {""})


def sift(
    typed: pa.Table, leaves: Leaves, columns: Sequence[Column], collection: Collection
) -> Sifted:
    """Set aside what does not fit, and mark what is not known of the rows that are left."""
    places = list(zip(typed["_page"].to_pylist(), typed["_position"].to_pylist(), strict=True))
    odd = {place: dict(found) for place, found in leaves.odd.items()}
    for place, names in zip(places, typed["_wrong"].to_pylist(), strict=True):
        for name in names:
            odd.setdefault(place, {})[name] = Oddity(DOES_NOT_FIT, "does not fit its type")
    by_name, indispensable = {column.name: column for column in columns}, needed(collection)
    key = [column for column in columns if column.name in collection.telling]
    misfits = [Misfit("", text, "no record") for text in leaves.misfits]
    lost = set()
    for place, found in odd.items():
        row = leaves.rows[place]
        parts = (standing(row, column) for column in key)
        record_id = ",".join("" if part is None else str(part) for part in parts)
        wrong = {name: one.reason for name, one in found.items() if one.evidence == DOES_NOT_FIT}
        if blamed := [name for name in wrong if name in indispensable]:
            lost.add(place)
            reason = f"does not fit its type: {', '.join(blamed)}"
            misfits.append(Misfit(record_id, received(row), reason))
            continue
        misfits += [
            Misfit(record_id, received(standing(row, by_name[name])), reason, name)
            for name, reason in wrong.items()
        ]
    table = typed.drop_columns(["_wrong"])
    if odd.keys() - lost:
        marks = [
            [{"field": name, "evidence": one.evidence} for name, one in odd.get(place, {}).items()]
            or None
            for place in places
        ]
        table = table.append_column(UNKNOWN, pa.array(marks, UNKNOWN_TYPE))
    if lost:
        table = table.filter(pa.array([place not in lost for place in places]))
    return Sifted(table, tuple(misfits), len(lost) + len(leaves.misfits))


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
    return [misfit.record_id if len(collection.key) == 1 else NO_KEY for misfit in rows]
