"""Pipelines of dlt as anybody makes them, and what they loaded, held against the server."""

import json
from typing import Any

import dlt
import pytest
from dlt.pipeline.pipeline import Pipeline

from pipelines.load.package import ENGINE
from sources.clio_grow import clio_grow
from sources.clio_http.catalog import EXTRA, JSON, Collection
from sources.clio_manage import clio_manage
from sources.clio_simulator import Simulator
from tests.system.firm import Rows, by_key

SECTIONS = {
    "SOURCES__CLIO_MANAGE__BASE_URL": "url",
    "SOURCES__CLIO_MANAGE__ACCESS_TOKEN": "token",
    "SOURCES__CLIO_GROW__BASE_URL": "grow_url",
    "SOURCES__CLIO_GROW__ACCESS_TOKEN": "grow_token",
}


@pytest.fixture
def plain_dlt(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Take away what our own loader sets, and let nothing be sent to dlt's makers."""
    for name in ENGINE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.setenv("RUNTIME__LOG_LEVEL", "CRITICAL")
    return monkeypatch


def settings(clio: Simulator) -> dict[str, str]:
    """Give the environment in which dlt finds where a simulator is."""
    return {name: str(getattr(clio, attribute)) for name, attribute in SECTIONS.items()}


def pipeline(destination: Any, name: str = "clio") -> Pipeline:  # noqa: ANN401 - as dlt takes it
    """Make a pipeline whose files are in the test's own folder."""
    return dlt.pipeline(
        name, destination=destination, dataset_name=f"raw_{name}", pipelines_dir="dlt"
    )


def manage(*names: str) -> Any:  # noqa: ANN401 - a source of dlt
    """Give some resources of Clio Manage."""
    return clio_manage().with_resources(*names)


def grow(*names: str) -> Any:  # noqa: ANN401 - a source of dlt
    """Give some resources of Clio Grow."""
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


def _value(value: Any, kind: str) -> Any:  # noqa: ANN401 - whatever the column holds
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
