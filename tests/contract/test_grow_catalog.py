"""Grow's catalogue is exactly what the shared document and the settings give."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from sources.clio_grow import settings
from sources.clio_grow.build_catalog import build
from sources.clio_grow.versions import catalog_of
from sources.clio_http.catalog import EXTRA, JSON, SCALAR_TYPES, Catalog, read_catalog

LISTS = {
    "contact_notes", "contacts", "custom_actions", "inbox_leads", "locations", "matter_notes",
    "matter_types", "matters", "sources", "users",
}  # fmt: skip
NOT_IN_V1 = {"locations", "matter_types", "sources"}


@pytest.fixture(scope="module")
def original(shared: Path) -> dict[str, Any]:
    """Return the document of Grow's API."""
    document: dict[str, Any] = yaml.safe_load(
        (shared / "reference" / "grow-schema.yaml").read_text("utf-8")
    )
    return document


@pytest.fixture(scope="module")
def grow() -> Catalog:
    """Return the catalogue of Grow."""
    return read_catalog("clio_grow")


@pytest.mark.shared
def test_rebuilding_gives_exactly_the_stored_catalogue(original: dict[str, Any]) -> None:
    """The stored file was generated, and by this code: byte for byte."""
    text = files("sources").joinpath("clio_grow", "catalog.json").read_text("utf-8")
    assert text == json.dumps(build(original), indent=1, ensure_ascii=False) + "\n"


@pytest.mark.shared
def test_every_get_path_is_a_list_a_record_or_left_out(
    original: dict[str, Any], grow: Catalog
) -> None:
    """Each path that answers GET is a table, the record of a list, or the single record."""
    paths = {path.strip("/") for path, of in original["paths"].items() if "get" in of}
    every = grow.loaded.values()
    assert {c.path for c in every} | {c.item_path for c in every if c.item_path} == paths


@pytest.mark.shared
def test_scopes_are_those_of_the_developer_portal(original: dict[str, Any], grow: Catalog) -> None:
    """Each list names its scope, but the one of which nobody knows it."""
    known = set(original["x-oauth"]["scopes"])
    assert {c.name for c in grow.loaded.values() if c.scope not in known} == {"sources"}


def test_the_tables_are_those_of_the_design(grow: Catalog) -> None:
    """Ten lists and one single record; the notes belong to a parent."""
    assert set(grow.collections) == LISTS
    assert set(grow.singletons) == {"users_who_am_i"}
    assert {
        n: (c.parent.resource, c.parent.column) for n, c in grow.loaded.items() if c.parent
    } == {
        "contact_notes": ("contacts", "contact__id"),
        "matter_notes": ("matters", "matter__id"),
    }
    assert {c.mode for n, c in grow.collections.items() if not c.parent} == {"incremental"}


def test_every_list_is_asked_as_grow_takes_it(grow: Catalog) -> None:
    """No fields, limit or order; at most 50 ids a request; unknown keys are kept."""
    for name, collection in grow.collections.items():
        assert not collection.narrows, name
        assert collection.ids_at_once == 50, name
        assert not collection.ordered, name
        assert [f.name for f in collection.fields if f.type == EXTRA] == ["_extra"], name
        assert {c.type for c in collection.columns} <= SCALAR_TYPES | {JSON, EXTRA}, name
        assert set(collection.key) <= {c.name for c in collection.columns}, name


def test_nested_objects_become_columns(grow: Catalog) -> None:
    """A copy of another record leaves its id, a value its fields, an array stays whole."""
    columns = {n: {c.name: c.type for c in grow.loaded[n].columns} for n in grow.loaded}
    assert columns["matters"]["client__id"] == "BIGINT"
    assert not [name for name in columns["matters"] if name.startswith("client__full")]
    assert columns["users"]["account__firm_name"] == "VARCHAR"
    assert columns["inbox_leads"]["marketing_source__id"] == "BIGINT"
    assert columns["contacts"]["matters"] == columns["contacts"]["custom_field_values"] == "JSON"
    assert columns["matters"]["hired_date"] == "DATE"
    assert "projected_value" not in columns["matters"]


def test_what_is_special_is_said_as_data(grow: Catalog) -> None:
    """Custom fields by `include`, both states of leads, what is hidden, and who leaves."""
    assert grow.loaded["matters"].variants == ({"include": "custom_field_values"},)
    assert grow.loaded["matters"].item_parameters == (("include", "custom_field_values"),)
    assert [v["state"] for v in grow.loaded["inbox_leads"].variants] == ["untriaged", "ignored"]
    assert {n for n, c in grow.loaded.items() if c.leaves} == {"inbox_leads"}
    assert {n for n, c in grow.loaded.items() if c.redaction} == {"contacts", "matters"}


def test_settings_name_what_exists(grow: Catalog) -> None:
    """Every name of the settings is a collection, and every field of v1 is one of v2."""
    named = {*settings.DAILY_CADENCE, *settings.HISTORY, *settings.LEAVES, *settings.VARIANTS}
    assert named <= set(grow.loaded)
    for name, fields in settings.VERSIONS["v1"].fields.items():
        assert set(fields) <= {f.name for f in grow.loaded[name].fields}, name


def test_the_current_version_is_the_whole_catalogue(grow: Catalog) -> None:
    """Nothing is taken away from v2."""
    assert catalog_of("v2") == grow


def test_early_access_has_less(grow: Catalog) -> None:
    """Three lists are missing, and no custom fields are asked for; unknown keys are kept."""
    early = catalog_of("v1")
    assert set(grow.loaded) - set(early.loaded) == NOT_IN_V1
    assert early.loaded["contacts"].variants == ({},)
    assert early.loaded["contacts"].item_parameters == ()
    assert len(early.loaded["inbox_leads"].variants) == 2
    assert {c.name for c in early.loaded["matters"].columns} == {
        "_extra", "clio_id", "created_at", "description", "id", "location",
        "primary_contact__id", "status", "status_category", "type", "updated_at",
    }  # fmt: skip
