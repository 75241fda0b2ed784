"""Pipelines of dlt as anybody makes them, and what they loaded, held against the server."""

import json
from collections.abc import Callable
from typing import Any

import dlt
from dlt.pipeline.pipeline import Pipeline

from sources.clio_grow import clio_grow
from sources.clio_http.catalog import EXTRA, JSON, Collection
from sources.clio_manage import clio_manage
from sources.clio_simulator import Simulator
from sources.clio_simulator.changes import When
from tests.system.firm import CATALOG, Firm, Rows, by_key, compared
from tests.system.grow_firm import GROW, GrowFirm

SECTIONS = {
    "SOURCES__CLIO_MANAGE__BASE_URL": "url",
    "SOURCES__CLIO_MANAGE__ACCESS_TOKEN": "token",
    "SOURCES__CLIO_GROW__BASE_URL": "grow_url",
    "SOURCES__CLIO_GROW__ACCESS_TOKEN": "grow_token",
}


def settings(clio: Simulator) -> dict[str, str]:
    """Return the environment in which dlt finds where a simulator is."""
    return {name: str(getattr(clio, attribute)) for name, attribute in SECTIONS.items()}


def pipeline(destination: Any, name: str = "clio") -> Pipeline:
    """Make a pipeline whose files are in the test's own folder."""
    return dlt.pipeline(
        name, destination=destination, dataset_name=f"raw_{name}", pipelines_dir="dlt"
    )


def manage(*names: str) -> Any:
    """Return some resources of Clio Manage."""
    return clio_manage().with_resources(*names)


def grow(*names: str) -> Any:
    """Return some resources of Clio Grow."""
    return clio_grow().with_resources(*names)


def loaded(pipe: Pipeline, collection: Collection) -> list[dict[str, Any]]:
    """Read every row of a table, with the columns of the collection."""
    relation = pipe.dataset()[collection.name]
    found = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    named = pipe.default_schema.naming.normalize_path  # shorter where the destination is
    return [
        {column.name: _value(row[named(column.name)], column.type) for column in collection.columns}
        for row in found
    ]


def _value(value: Any, kind: str) -> Any:
    return json.loads(value) if kind in {JSON, EXTRA} and isinstance(value, str) else value


def rows(pipe: Pipeline, collection: Collection) -> Rows:
    """Read a table by key, and see that none is there twice."""
    found = loaded(pipe, collection)
    keyed = by_key(collection, found)
    assert len(keyed) == len(found), f"{collection.name} holds a key twice"
    return keyed


def newest(pipe: Pipeline, collection: Collection) -> Rows:
    """Read a table to which every version was appended: the newest of each key."""
    found = loaded(pipe, collection)
    return by_key(collection, sorted(found, key=lambda row: row["updated_at"]))


def change_behind(firm: Firm, name: str, column: str) -> None:
    """Let rows change once they were read, and a later row before it is."""
    store = firm.clio.grow_store if name.startswith("grow.") else firm.clio.store
    keys = sorted(store[name].rows)
    for page, key in ((1, keys[5]), (1, keys[-5]), (2, keys[205])):
        changed = {column: f"changed {key}"}
        firm.clio.changes.update(name, key, changed, when=When.after(name, page))


def differences(
    pipe: Pipeline, firm: Firm, *names: str, read: Callable[..., Rows] = rows
) -> list[str]:
    """Name each row and column in which a destination is not what the server has."""
    catalog = GROW if isinstance(firm, GrowFirm) else CATALOG
    return [
        difference
        for name in names
        for difference in compared(name, read(pipe, catalog.loaded[name]), firm.served(name))
    ]


def run_twice(pipe: Pipeline, firm: Firm, make: Callable[[], Any], **more: Any) -> None:
    """Run while rows change, and once more an hour later."""
    if isinstance(firm, GrowFirm):
        change_behind(firm, "grow.contacts", "first_name")
    else:
        change_behind(firm, "activities", "note")
    pipe.run(make(), **more)
    firm.clio.clock.advance(3600)
    pipe.run(make(), **more)
