"""Records as the warehouse holds them, in the shape in which Clio shows them."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Catalog, Collection, Column

from .allowed import SOURCE, Path, Visibility
from .fields import EditableCustomField, Option
from .values import plain_number

RAW = f"raw_{SOURCE}"
NAMES = ("display_number", "name", "summary", "subject", "code", "description")
"""The columns that name a record, the best first."""


@dataclass(frozen=True)
class WarehouseRecord:
    """One record of the warehouse: Clio's JSON, with decimals as texts.

    Columns that are left out, hashed or refused are not in it, nor are values that Clio withholds:
    their paths are `withheld`. `gone` tells why it counts as deleted; empty for one that is there.
    """

    record: Mapping[str, Any]
    etag: str
    label: str
    gone: str = ""
    withheld: frozenset[Path] = frozenset()


def definitions(warehouse: Warehouse) -> tuple[EditableCustomField, ...]:
    """Read the firm's custom fields and their options."""
    if not warehouse.columns(RAW, "custom_fields"):
        return ()
    found = warehouse.rows(
        "select id, name, parent_type, field_type, required, deleted, picklist_options,"  # noqa: S608 - SQL of our own, no value
        f" {_buried('custom_fields')} from {RAW}.custom_fields t order by id"
    )
    return tuple(
        EditableCustomField(
            key, name or "", parent, kind, bool(required), bool(gone or buried), options
        )
        for key, name, parent, kind, required, gone, listed, buried in found
        for options in [_options(listed)]
    )


def _options(listed: str | None) -> tuple[Option, ...]:
    return tuple(
        Option(int(one["id"]), str(one.get("option") or ""), bool(one.get("deleted_at")))
        for one in json.loads(listed or "[]")
    )


def read_stored(
    visibility: Visibility, resource: str, ids: Iterable[str]
) -> dict[str, WarehouseRecord]:
    """Read the records with these ids, by id as text; those that are not there are left out."""
    catalog, warehouse = visibility.catalog, visibility.warehouse
    columns = _columns(visibility, resource, resource)
    if not columns:
        return {}
    collection, known = catalog.collections[resource], {column.name for column in columns}
    chosen = ", ".join(f"t.{quoted(column.name)}" for column in columns)
    wanted = sorted(set(ids))
    rows = warehouse.rows(
        f"select {_buried(resource)}, {_marked(collection, known)}, {chosen}"  # noqa: S608 - SQL of our own, no value
        f" from {RAW}.{quoted(resource)} t where list_contains($1, t.id::varchar)",
        [wanted],
    )
    marks = visibility.marks(collection, wanted)
    found = {}
    for buried, marked, *values in rows:
        whole = _record(columns, values)
        mine = marks.of(str(whole["id"]))
        record = visibility.stored(whole, mine)
        gone = "it is deleted in Clio" if buried else "it is in Clio's trash" if marked else ""
        etag, label = str(record.get("etag") or ""), visibility.label(resource, record)
        found[str(whole["id"])] = WarehouseRecord(record, etag, label, gone, frozenset(mine))
    return found


def read_versions(visibility: Visibility, resource: str, key: str) -> list[Mapping[str, Any]]:
    """Read the versions of a record that newer ones replaced, oldest first."""
    table = f"{resource}__versions"
    columns = _columns(visibility, resource, table)
    if not columns:
        return []
    chosen = ", ".join(f"t.{quoted(column.name)}" for column in columns)
    rows = visibility.warehouse.rows(
        f"select {chosen} from {RAW}.{quoted(table)} t where t.id::varchar = $1"  # noqa: S608 - names and constants
        " order by t._replaced_at",
        [key],
    )
    return [_record(columns, values) for values in rows]


def _columns(visibility: Visibility, resource: str, table: str) -> list[Column]:
    """Return the columns that a table has, those left out that are not what Clio shows."""
    known = set(visibility.warehouse.columns(RAW, table))
    return [
        column
        for column in visibility.catalog.collections[resource].columns
        if column.name in known and visibility.shows(resource, column.path)
    ]


def ids_where(warehouse: Warehouse, resource: str, condition: str, most: int) -> list[str]:
    """Return the ids, as text, of the records that are not deleted and fulfil a person's condition.

    Raises:
        QueryError: the condition is none that can be used, or more than `most` records fulfil it.

    """
    if not warehouse.columns(RAW, resource):
        return []
    # in a query of its own, so that no condition can end this one
    chosen = f"select * from {RAW}.{quoted(resource)}"  # noqa: S608 - names and constants
    if condition.strip():
        chosen += f" where (\n{condition}\n)"
    _, rows = warehouse.ask(
        f"select t.id::varchar from ({chosen}\n) t where not {_buried(resource)}",  # noqa: S608 - the condition is the firm's own
        most,
    )
    return [key for (key,) in rows]


def present(warehouse: Warehouse, catalog: Catalog, name: str, ids: Iterable[int]) -> set[int]:
    """Return those of some ids that a collection has and that are not deleted."""
    known = warehouse.columns(RAW, name)
    if not known:
        return set()
    collection = catalog.collections[name]
    rows = warehouse.rows(
        f"select t.id::varchar from {RAW}.{quoted(name)} t"  # noqa: S608 - SQL of our own, no value
        " where list_contains($1, t.id::varchar)"
        f" and not {_buried(name)} and not {_marked(collection, set(known))}",
        [[str(key) for key in set(ids)]],
    )
    return {int(key) for (key,) in rows}


def _buried(resource: str) -> str:
    return (
        "exists (select 1 from meta.tombstones b where b.source = 'clio_manage'"  # noqa: S608 - SQL of our own, no value
        f" and b.resource = '{resource}' and b.record_id = t.id::varchar"
        " and b.revived_at is null)"
    )


def _marked(collection: Collection, known: set[str]) -> str:
    """Return the SQL condition that Clio itself marks a record as deleted."""
    marker = collection.deletion_marker
    if not marker or marker not in known:
        return "false"
    kind = next(column.type for column in collection.columns if column.name == marker)
    name = f"t.{quoted(marker)}"
    return f"coalesce({name}, false)" if kind == "BOOLEAN" else f"({name} is not null)"


def _record(columns: Sequence[Column], values: Sequence[object]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for column, value in zip(columns, values, strict=True):
        if not column.path:
            continue
        top, *inner = column.path
        shown = _shown(column, value)
        if not inner:
            record[top] = shown
        elif shown is None:
            record.setdefault(top, None)
        else:
            record[top] = {**(record.get(top) or {}), inner[0]: shown}
    return record


def _shown(column: Column, value: object) -> object:
    if column.type == "JSON" and isinstance(value, str):
        return json.loads(value, parse_float=str)
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return plain_number(value)
    return plain_number(Decimal(repr(value))) if isinstance(value, float) else value


def names_of(visibility: Visibility, resource: str, ids: Iterable[str]) -> dict[str, str]:
    """Read the names by which people know some records, by id, as far as they may be seen."""
    known = set(visibility.warehouse.columns(RAW, resource))
    names = [n for n in NAMES if n in known and visibility.shows(resource, (n,))]
    if not names:
        return {}
    rows = visibility.warehouse.rows(
        f"select t.id::varchar, t.{quoted(names[0])}::varchar from {RAW}.{quoted(resource)} t"  # noqa: S608 - names and constants
        " where list_contains($1, t.id::varchar)",
        [sorted(set(ids))],
    )
    return {key: name for key, name in rows if name}
