"""Columns that are hashed before anything of them touches the disk."""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from sources.clio_http.catalog import Column
from sources.clio_http.misfits import Misfit
from sources.clio_http.plan import Reading

HIDDEN = "hidden: this column is hashed"


@dataclass(frozen=True)
class Masks:
    """The columns that are hashed, by collection, and the key that they are hashed with."""

    key: bytes = b""
    columns: Mapping[str, tuple[Column, ...]] = field(default_factory=dict)

    def apply(self, collection: str, reading: Reading) -> Reading:
        """Hash the masked columns of a reading, once."""
        masked = self.columns.get(collection, ())
        if not masked or reading.masked:
            return reading
        table = reading.table
        for column in masked:
            if column.name in table.column_names:
                texts = [self.hashed(text) for text in table.column(column.name).to_pylist()]
                at = table.column_names.index(column.name)
                table = table.set_column(at, column.name, pa.array(texts, pa.string()))
        misfits = tuple(_without(misfit, masked) for misfit in reading.misfits)
        return replace(reading, table=table, misfits=misfits, masked=True)

    def hashed(self, text: str | None) -> str | None:
        """Give the keyed SHA-256 of a text, in hexadecimal."""
        if text is None:
            return None
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()


def _without(misfit: Misfit, masked: Iterable[Column]) -> Misfit:
    row = json.loads(misfit.row)
    if misfit.field:
        hide = any(_may_hold(misfit.field, column) for column in masked)
        return replace(misfit, row=json.dumps(HIDDEN if hide else row))
    if not isinstance(row, dict):
        # no record: nobody knows what it holds
        return replace(misfit, row=json.dumps(HIDDEN))
    for column in masked:
        outer = row.get(column.path[0])
        if isinstance(outer, dict) and len(column.path) > 1:
            outer[column.path[1]] = HIDDEN
        elif outer is not None or (len(column.path) == 1 and column.path[0] in row):
            row[column.path[0]] = HIDDEN
    return replace(misfit, row=json.dumps(row))


def _may_hold(field: str, masked: Column) -> bool:
    """Tell whether a value that did not fit may hold a masked one: its own, or one beside it.

    What stands where an object belongs is the value of every column inside that object.
    """
    return field == masked.name or (
        len(masked.path) > 1 and field.startswith(masked.path[0] + "__")
    )


def mask_key(path: Path) -> bytes:
    """Read the key that columns are hashed with; it is made at its first use."""
    try:
        return bytes.fromhex(path.read_text("ascii"))
    except FileNotFoundError:
        key = secrets.token_bytes(32)
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(key.hex())
        return key
