"""Columns that are left out or hashed: the one place that says what of an answer may be kept.

It holds for whatever leaves an answer of Clio: rows, rows that do not fit, single records that are
read on the way back, and Clio's own reports.
"""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import pendulum
import pyarrow as pa

from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Column
from sources.clio_http.misfits import Misfit
from sources.clio_http.plan import Reading

HIDDEN = "hidden: this column is hashed"
LEFT_OUT, HASHED = "left out", "hashed"
STATUSES = (LEFT_OUT, HASHED)
"""How `meta.fields` calls them, where the name of the column stands as the field."""
HASH = "[0-9a-f]{64}"
NEWLY_HIDDEN = (
    "{column} is {how} from now on; what was loaded before stays in the table, its history, plans,"
    " the ledger and backups: to be rid of it, move the data folder aside and load anew"
)

Chosen: TypeAlias = Mapping[str, tuple[Column, ...]]
"""Columns by collection."""


@dataclass(frozen=True)
class Masks:
    """The columns that are hashed and those that are left out, and the key to hash with."""

    key: bytes = b""
    columns: Chosen = field(default_factory=dict)
    left_out: Chosen = field(default_factory=dict)

    def hidden(self, collection: str) -> tuple[Column, ...]:
        """Return the columns of which nothing may be kept as Clio shows it."""
        return (*self.columns.get(collection, ()), *self.left_out.get(collection, ()))

    def apply(self, collection: str, reading: Reading) -> Reading:
        """Hide what must not be stored of a reading, once."""
        if not self.hidden(collection) or reading.masked:
            return reading
        table = reading.table
        for column in self.columns.get(collection, ()):
            if column.name in table.column_names:
                texts = [self.hashed(text) for text in table.column(column.name).to_pylist()]
                at = table.column_names.index(column.name)
                table = table.set_column(at, column.name, pa.array(texts, pa.string()))
        misfits = tuple(self._without(collection, misfit) for misfit in reading.misfits)
        return replace(reading, table=table, misfits=misfits, masked=True)

    def hashed(self, text: str | None) -> str | None:
        """Return the keyed SHA-256 of a text, in hexadecimal."""
        if text is None:
            return None
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()

    def cell(self, collection: str, name: str, text: str) -> str:
        """Return a text of a column as the warehouse holds it; one that is left out is empty."""
        if any(column.name == name for column in self.left_out.get(collection, ())):
            return ""
        is_hashed = any(column.name == name for column in self.columns.get(collection, ()))
        return (self.hashed(text) or "") if is_hashed and text else text

    def _without(self, collection: str, misfit: Misfit) -> Misfit:
        hidden = self.hidden(collection)
        if misfit.field:
            hide = any(_may_hold(misfit.field, column) for column in hidden)
            return replace(misfit, row=json.dumps(HIDDEN)) if hide else misfit
        try:
            row = json.loads(misfit.row)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            # what is no record may be any part of one
            return replace(misfit, row=json.dumps(HIDDEN))
        for column in self.columns.get(collection, ()):
            _cover(row, column.path)
        for column in self.left_out.get(collection, ()):
            _drop(row, column.path)
        return replace(misfit, row=json.dumps(row))


def _cover(row: dict[str, Any], path: tuple[str, ...]) -> None:
    outer = row.get(path[0])
    if isinstance(outer, dict) and len(path) > 1:
        outer[path[1]] = HIDDEN
    elif outer is not None or (len(path) == 1 and path[0] in row):
        row[path[0]] = HIDDEN


def _drop(row: dict[str, Any], path: tuple[str, ...]) -> None:
    """Take a key out; where text stands in the place of the object that it is in, that goes too."""
    outer = row.get(path[0])
    if isinstance(outer, Mapping) and len(path) > 1:
        row[path[0]] = {name: value for name, value in outer.items() if name != path[1]}
    elif len(path) == 1 or outer is not None:
        row.pop(path[0], None)


def _may_hold(field: str, masked: Column) -> bool:
    """Tell whether a value that did not fit may hold a masked one: its own, or one beside it.

    What stands where an object belongs is the value of every column inside that object.
    """
    return field in {masked.name, masked.path[0]} or (
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


def note_changes(
    warehouse: Warehouse, source: str, masks: Masks, at: pendulum.DateTime
) -> list[str]:
    """Keep how columns are hidden from now on, and say what of that is new.

    Settings do not go back over what is stored already.
    """
    found = warehouse.rows(
        "select resource, field, status from meta.fields"
        " where source = $1 and list_contains($2, status)",
        [source, list(STATUSES)],
    )
    before = {(resource, column): status for resource, column, status in found}
    now = {
        (resource, column.name): status
        for status, chosen in ((HASHED, masks.columns), (LEFT_OUT, masks.left_out))
        for resource, columns in chosen.items()
        for column in columns
    }
    if before == now:
        return []
    notes = [
        NEWLY_HIDDEN.format(column=".".join(name), how=status)
        for name, status in now.items()
        if before.get(name) != status and _holds(warehouse, source, *name, hashed=status == HASHED)
    ]
    for name in sorted(before.keys() - now.keys()):
        was = before[name]
        notes.append(f"{'.'.join(name)} is no longer {was}: it is stored from now on")
    with warehouse.transaction():
        warehouse.rows(
            "delete from meta.fields where source = $1 and list_contains($2, status)",
            [source, list(STATUSES)],
        )
        for name, status in now.items():
            warehouse.rows(
                "insert into meta.fields (source, resource, field, status, since)"
                " values ($1, $2, $3, $4, $5)",
                [source, *name, status, at],
            )
    return notes


def _holds(warehouse: Warehouse, source: str, resource: str, column: str, *, hashed: bool) -> bool:
    """Tell whether a table holds values that are not hidden in this way."""
    schema = f"raw_{source}"
    if column not in warehouse.columns(schema, resource):
        return False
    name = quoted(column)
    plain = f" and not regexp_full_match({name}::varchar, '{HASH}')" if hashed else ""
    query = f"select 1 from {schema}.{quoted(resource)} where {name} is not null{plain} limit 1"  # noqa: S608 - SQL of our own, no value
    return warehouse.rows(query) != []
