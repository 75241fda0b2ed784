"""The catalogue: Clio's collections as data, one format for every product.

A catalogue is a JSON file beside the product's source, generated from Clio's own description
of its API. It holds names, types and flags. `build_catalog.py` beside it writes it; everything
else reads it through the classes below.

Column types: BIGINT, BOOLEAN, VARCHAR, DATE, TIMESTAMPTZ, DOUBLE (hours, quantities), DECIMAL
(money and rates, 18 digits after the point), JSON (arrays) and EXTRA (a JSON object of the keys
that the catalogue does not know).
"""

import json
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from functools import cached_property, lru_cache
from importlib.resources import files
from typing import Any

SCALAR_TYPES = frozenset(
    {"BIGINT", "BOOLEAN", "VARCHAR", "DATE", "TIMESTAMPTZ", "DOUBLE", "DECIMAL"}
)
OBJECT = "OBJECT"
ARRAY = "ARRAY"
JSON = "JSON"
EXTRA = "EXTRA"
ORDER = "id(asc)"
"""The one order that goes with paging by token."""
WRITTEN_AS_JSON = frozenset({JSON, EXTRA})


@dataclass(frozen=True)
class Column:
    """One column of a raw table: its name, its type, and the keys that lead to it in a row."""

    name: str
    type: str
    path: tuple[str, ...]


@dataclass(frozen=True)
class Field:
    """One field that is asked for: a scalar, a nested object or an array.

    `sub` holds the fields asked for inside an object or array, as (name, type) pairs; empty
    means that the field is named alone, so that Clio answers with its defaults.
    """

    name: str
    type: str
    sub: tuple[tuple[str, str], ...] = ()

    @property
    def request(self) -> str:
        """Return this field as it stands in the `fields` parameter."""
        if not self.sub:
            return self.name
        return f"{self.name}{{{','.join(name for name, _ in self.sub)}}}"

    @property
    def columns(self) -> tuple[Column, ...]:
        """List the raw columns that this field becomes."""
        if self.type == ARRAY:
            return (Column(self.name, JSON, (self.name,)),)
        if self.type == OBJECT:
            sub = self.sub or (("id", "BIGINT"),)
            return tuple(
                Column(f"{self.name}__{name}", kind, (self.name, name)) for name, kind in sub
            )
        return (Column(self.name, self.type, (self.name,)),)


@dataclass(frozen=True)
class Parent:
    """The collection whose records each own one list of this one.

    `parameter` is the name of the path or query parameter that takes the parent's id and
    `column` is the column of the child table that keeps it.
    """

    resource: str
    parameter: str
    column: str


@dataclass(frozen=True)
class Redaction:
    """How a product says that a value is hidden from this token, so that its null is unknown.

    `listed_in` is the field that lists the hidden ones; `when_null` are fields whose null always
    means hidden, since a record without a value has an empty array there. Where the
    field `flag` is true, a null of the `flagged` fields means hidden.
    """

    listed_in: str = ""
    when_null: tuple[str, ...] = ()
    flag: str = ""
    flagged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Collection:
    """One list of Clio's API and the table that it becomes.

    `narrows` says that the list takes `fields`, `limit` and `order`; without it they are never
    sent. `ids_at_once` is how many ids one request may name. `scope` is the permission that the
    list needs, where it is known. `item_parameters` are sent with the address of one record.
    `leaves` is the reason why a record may leave the list without being deleted; empty if it
    cannot. `orders` are the orders that the list documents, if any. `rises` is the column of which
    the product promises that it only rises from page to page; empty where nothing is promised.
    `stands_for` maps a column of ours to the column that it repeats with 0 for null, so that it
    can be part of the key.
    """

    name: str
    path: str
    mode: str
    schema: str
    key: tuple[str, ...]
    page_size: int
    updated_since: bool
    created_since: bool
    ids: bool
    ordered: bool
    fields: tuple[Field, ...]
    variants: tuple[dict[str, str], ...]
    variant_columns: tuple[str, ...]
    parameters: dict[str, dict[str, Any]]
    reason: str
    off: str
    etag: bool
    updated_at: bool
    deletion_marker: str
    item_path: str
    conditional: bool
    patch: tuple[Field, ...]
    parent: Parent | None
    narrows: bool = True
    ids_at_once: int = 0
    scope: str = ""
    item_parameters: tuple[tuple[str, str], ...] = ()
    leaves: str = ""
    redaction: Redaction | None = None
    orders: tuple[str, ...] = ()
    rises: str = ""
    stands_for: tuple[tuple[str, str], ...] = ()

    @property
    def order(self) -> str:
        """Return the order to ask for: none where the list documents others only."""
        refused = bool(self.orders) and ORDER not in self.orders
        return "" if refused or self.page_size == 1 or not self.narrows else ORDER

    @property
    def loaded(self) -> bool:
        """Tell whether this collection is a table of the warehouse."""
        return self.mode != "none"

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """List the columns that hold what Clio answered, day, variant and parent columns first."""
        own: tuple[Column, ...] = ()
        if self.mode == "daily":
            own += (Column("day", "DATE", ()),)
        own += tuple(Column(name, "VARCHAR", ()) for name in self.variant_columns)
        if self.parent and self.parent.column not in {
            c.name for f in self.fields for c in f.columns
        }:
            own += (Column(self.parent.column, "BIGINT", ()),)
        own += tuple(Column(name, "BIGINT", ()) for name, _ in self.stands_for)
        return own + tuple(column for field in self.fields for column in field.columns)

    @property
    def telling(self) -> frozenset[str]:
        """Name the columns that tell one row from another, those behind stand-ins with them."""
        return frozenset(self.key) | {name for _, name in self.stands_for}

    @property
    def key_columns(self) -> tuple[Column, ...]:
        """List the columns that tell one row from another."""
        by_name = {column.name: column for column in self.columns}
        return tuple(by_name[name] for name in self.key)

    @property
    def deletes(self) -> str:
        """Say how a deleted record shows."""
        if self.leaves:
            return "not at all"
        if self.deletion_marker:
            return f"marker {self.deletion_marker}"
        return "full walk" if self.mode in {"full", "child", "daily"} else "sweep"


@dataclass(frozen=True)
class Catalog:
    """All collections of one product.

    `collections` are Clio's lists, `derived` are narrower lists of our own over them and
    `singletons` are paths that answer with one record.

    `schemas` maps each of Clio's schema names to its fields, so that a server can be built on
    the same facts: `{"Contact_base": {"name": {"type": "VARCHAR"}}}`.
    """

    source: str
    collections: dict[str, Collection]
    derived: dict[str, Collection]
    schemas: dict[str, dict[str, dict[str, Any]]]
    singletons: dict[str, Collection]

    @property
    def loaded(self) -> dict[str, Collection]:
        """Return everything that becomes a table, by name."""
        every = {**self.collections, **self.derived, **self.singletons}
        return {name: collection for name, collection in every.items() if collection.loaded}


def _fields(raw: list[dict[str, Any]]) -> tuple[Field, ...]:
    return tuple(Field(one["name"], one["type"], tuple(one.get("sub", {}).items())) for one in raw)


def _redaction(raw: dict[str, Any]) -> Redaction:
    lists = {name: tuple(value) for name, value in raw.items() if isinstance(value, list)}
    return Redaction(**{**raw, **lists})


def _collection(raw: dict[str, Any]) -> Collection:
    """Make a collection of its JSON: most keys are fields as they are, some are lists or absent."""
    own = {field.name for field in dataclass_fields(Collection)}
    extra, parent, redaction = raw["extra_parameters"], raw.get("parent"), raw.get("redaction")
    read: dict[str, Any] = {"off": "", "ids_at_once": raw["page_size"]}
    read |= {name: value for name, value in raw.items() if name in own}
    read |= {name: tuple(raw.get(name, ())) for name in ("key", "orders")}
    read |= {name: tuple(raw.get(name, {}).items()) for name in ("item_parameters", "stands_for")}
    read |= {name: _fields(raw[name]) for name in ("fields", "patch")}
    read["variants"] = tuple(extra["variants"])
    read["variant_columns"] = tuple(extra.get("columns", ()))
    read["reason"] = extra.get("reason", "")
    read["parent"] = Parent(**parent) if parent else None
    read["redaction"] = _redaction(redaction) if redaction else None
    return Collection(**read)


def from_document(document: dict[str, Any]) -> Catalog:
    """Make a catalogue of the parsed JSON file."""
    read = {
        kind: {raw["name"]: _collection(raw) for raw in document[kind]}
        for kind in ("collections", "derived", "singletons")
    }
    return Catalog(document["source"], schemas=document["schemas"], **read)


@lru_cache
def read_catalog(source: str) -> Catalog:
    """Read the catalogue of `clio_manage` or `clio_grow` from beside its source."""
    text = files("sources").joinpath(source, "catalog.json").read_text("utf-8")
    return from_document(json.loads(text))
