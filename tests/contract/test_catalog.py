"""The catalogue is exactly what Clio's document, the corrections and the settings give."""

import json
from collections.abc import Iterator
from copy import deepcopy
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from sources.clio_http.catalog import (
    ARRAY,
    JSON,
    OBJECT,
    SCALAR_TYPES,
    Catalog,
    Collection,
    from_document,
)
from sources.clio_manage import settings
from sources.clio_manage.build_catalog import (
    CorrectionNotNeededError,
    build,
    correct,
    corrections,
)

WITHOUT_UPDATED_SINCE = {
    "billable_clients",
    "billable_matters",
    "billable_matters_ids",
    "clio_payments_payments",
    "document_versions",
    "internal_notifications_my_events",
    "lauk_civil_certificated_rates",
    "lauk_civil_controlled_rates",
    "lauk_criminal_controlled_rates",
    "lauk_expense_categories",
    "matter_contacts",
    "matter_related_contacts",
    "outstanding_client_balances",
}
CHILDREN = {
    "conversation_messages": "conversations",
    "court_rules_triggers": "court_rules_jurisdictions",
    "document_versions": "documents",
    "matter_contacts": "matters",
    "matter_related_contacts": "matters",
}
NOT_LOADED = {
    "billable_matters_ids",
    "contact_email_addresses",
    "contact_phone_numbers",
    "folders_list",
}
ITEM_KEYS = {"type", "schema", "items", "enum"}


@pytest.fixture(scope="module")
def stored() -> dict[str, Any]:
    """Return the catalogue as it is stored."""
    text = files("sources").joinpath("clio_manage", "catalog.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


@pytest.fixture(scope="module")
def original(shared: Path) -> dict[str, Any]:
    """Return Clio's document as Clio published it."""
    text = (shared / "reference" / "manage-openapi-2026-04-08.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


@pytest.mark.shared
def test_rebuilding_gives_exactly_the_stored_catalogue(
    original: dict[str, Any], stored: dict[str, Any]
) -> None:
    """The stored file was generated, and by this code: byte for byte."""
    built = build(original)
    text = files("sources").joinpath("clio_manage", "catalog.json").read_text("utf-8")

    assert built == stored
    assert text == json.dumps(built, indent=1, ensure_ascii=False) + "\n"


@pytest.mark.shared
def test_building_leaves_the_document_alone(original: dict[str, Any]) -> None:
    """Corrections are applied to a copy."""
    before = deepcopy(original)
    build(original)
    assert original == before


@pytest.mark.shared
def test_every_correction_is_still_needed(original: dict[str, Any]) -> None:
    """Each entry corrects what the document says, changes it, and names its source."""
    for entry in corrections():
        assert set(entry) == {"pointer", "was", "becomes", "source"}, entry
        assert entry["source"], entry["pointer"]
        assert entry["was"] != entry["becomes"], entry["pointer"]
    assert correct(original, corrections()) != original


def holding(pointer: str, value: object) -> dict[str, Any]:
    """Return a document that holds one value, at a JSON pointer."""
    for part in reversed(pointer.removeprefix("/").split("/")):
        last = part == pointer.rsplit("/", 1)[-1]
        value = {part if last else part.replace("~1", "/").replace("~0", "~"): value}
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("entry", corrections(), ids=lambda entry: entry["pointer"][-40:])
def test_a_correction_that_no_longer_fits_raises(entry: dict[str, Any]) -> None:
    """Where the document says something else than `was`, building stops and names the place."""
    pointer = entry["pointer"]
    fits = holding(pointer, entry["was"])
    assert correct(fits, [entry]) == holding(pointer, entry["becomes"])

    for other in (entry["becomes"], {"type": "other"}, None):
        with pytest.raises(CorrectionNotNeededError) as raised:
            correct(holding(pointer, other), [entry])
        assert str(raised.value) == pointer


@pytest.mark.shared
def test_every_list_of_the_document_is_a_collection(
    original: dict[str, Any], stored: dict[str, Any]
) -> None:
    """The collections are the GET paths that take a page token, no more and no fewer."""
    paths = {
        path.removeprefix("/").removesuffix(".json")
        for path, operations in original["paths"].items()
        if any(
            parameter.get("name") == "page_token"
            for parameter in operations.get("get", {}).get("parameters", ())
        )
    }
    assert {entry["path"] for entry in stored["collections"]} == paths


def test_the_numbers_are_those_of_the_design(catalog: Catalog) -> None:
    """77 lists, 73 of them loaded, 6 narrower lists of our own and 2 single records."""
    assert len(catalog.collections) == 77
    assert sum(collection.loaded for collection in catalog.collections.values()) == 73
    assert len(catalog.derived) == 6
    assert set(catalog.singletons) == {"settings_billing", "users_who_am_i"}
    assert len(catalog.loaded) == 81


def test_the_lists_that_are_not_loaded_say_why(catalog: Catalog) -> None:
    """Four repeat what others hold; each has its reason, and only they are left out."""
    out = {name for name, collection in catalog.collections.items() if not collection.loaded}
    assert out == NOT_LOADED
    assert all(catalog.collections[name].off for name in out)


def test_the_lists_without_updated_since_are_read_in_full(catalog: Catalog) -> None:
    """13 lists cannot be asked for changes: full walks, child walks or none."""
    without = {name for name, c in catalog.collections.items() if not c.updated_since}
    assert without == WITHOUT_UPDATED_SINCE
    for name in without - NOT_LOADED - set(CHILDREN):
        assert catalog.collections[name].mode == "full", name
    for name, collection in catalog.collections.items():
        if collection.updated_since and name not in NOT_LOADED | set(CHILDREN):
            assert collection.mode == "incremental", name


def test_the_child_lists_know_their_parents(catalog: Catalog) -> None:
    """Five lists belong to a parent that is loaded; its id is a column of the child."""
    children = {n: c.parent.resource for n, c in catalog.collections.items() if c.parent}
    assert children == CHILDREN
    for name, parent in children.items():
        child = catalog.collections[name]
        assert child.mode == "child"
        assert child.parent is not None
        assert child.parent.column in {column.name for column in child.columns}
        assert "{" + child.parent.parameter + "}" in child.path or (
            child.parent.parameter in child.parameters
        )
        assert catalog.collections[parent].loaded


def test_keys_are_ids_but_where_the_design_says_otherwise(catalog: Catalog) -> None:
    """`my_events`, the contacts of a matter, a rate of a region and daily copies differ."""
    other = {name: c.key for name, c in catalog.loaded.items() if c.key != ("id",)}
    daily = {name: ("day", "id") for name, c in catalog.loaded.items() if c.mode == "daily"}
    assert other == daily | {
        "internal_notifications_my_events": ("event__id",),
        "lauk_expense_categories": ("region", "id"),
        "matter_contacts": ("matter__id", "id", "relationship_key"),
        "matter_related_contacts": ("matter__id", "id", "relationship_key"),
    }


def loaded(catalog: Catalog) -> Iterator[Collection]:
    """Yield every collection that becomes a table."""
    yield from catalog.loaded.values()


def test_every_table_has_a_key_a_mode_and_variants(catalog: Catalog) -> None:
    """The key is among the columns, which are unique; each list is walked at least once."""
    for collection in loaded(catalog):
        names = [column.name for column in collection.columns]
        assert len(names) == len(set(names)), collection.name
        assert collection.key, collection.name
        assert set(collection.key) <= set(names), collection.name
        assert collection.mode in {"incremental", "full", "child", "daily"}
        assert collection.variants, collection.name
        assert 1 <= collection.page_size <= 2000
        assert {c.type for c in collection.columns} <= SCALAR_TYPES | {JSON}, collection.name


def test_names_are_safe_for_sql_and_urls(catalog: Catalog) -> None:
    """Tables and columns are plain lower-case words, apart from the digest of a path."""
    for collection in loaded(catalog):
        for name in (collection.name, *(column.name for column in collection.columns)):
            assert name.isascii(), name
            assert name.replace("_", "").replace("?", "").isalnum(), name


def test_a_copy_of_another_record_is_asked_for_by_id_only(catalog: Catalog) -> None:
    """A client's name inside a matter would go stale: only what identifies it is read."""
    for name, fields in {"matters": ("client", "user"), "bills": ("user",)}.items():
        wanted = {field.name: field.sub for field in catalog.collections[name].fields}
        for field in fields:
            if field in wanted:
                assert [sub for sub, _ in wanted[field]] == ["id"], (name, field)


def test_money_is_never_a_double(catalog: Catalog) -> None:
    """Only numbers that measure time or progress are doubles; ids and stamps have one type."""
    for collection in loaded(catalog):
        for column in collection.columns:
            if column.type == "DOUBLE":
                assert column.name.rpartition("__")[2] in settings.DOUBLES, column
            if column.name in {"created_at", "updated_at", "deleted_at"}:
                assert column.type == "TIMESTAMPTZ", (collection.name, column)
    text_ids = {
        c.name for c in loaded(catalog) if "id" in c.key and c.key_columns[-1].type != "BIGINT"
    }
    assert text_ids == {"calendar_entries"}


def test_what_is_not_the_plain_list_says_why(catalog: Catalog) -> None:
    """Every extra parameter is sent for a written reason, and Clio knows its name."""
    for collection in loaded(catalog):
        extra = {name for variant in collection.variants for name in variant}
        if extra:
            assert collection.reason, collection.name
            assert extra <= set(collection.parameters), collection.name
        assert set(collection.variant_columns) <= extra, collection.name


def test_required_parameters_are_always_sent(catalog: Catalog) -> None:
    """A list that needs a parameter gets it from its variants or its parent."""
    for collection in loaded(catalog):
        sent = set.intersection(*(set(variant) for variant in collection.variants))
        given = sent | ({collection.parent.parameter} if collection.parent else set())
        needed = {
            name
            for name, parameter in collection.parameters.items()
            if parameter.get("required") and parameter["in"] == "query"
        }
        assert needed <= given, collection.name


def test_settings_name_only_what_exists(catalog: Catalog) -> None:
    """No table of the settings speaks of a collection that Clio does not have."""
    own = set(catalog.collections)
    every = own | set(catalog.singletons)
    paths = {collection.path for collection in catalog.collections.values()}

    assert set(settings.NAMES) <= paths
    for table in (settings.KEYS, settings.NOT_LOADED, settings.OFF_BY_DEFAULT, settings.WIDEST):
        assert set(table) <= own
    assert set(settings.PAGE_SIZES) <= own
    assert set(settings.PARENTS) <= own
    assert {parent["resource"] for parent in settings.PARENTS.values()} <= own
    assert every >= settings.DAILY_CADENCE
    assert own >= settings.HISTORY
    assert {chosen["base"] for chosen in settings.DERIVED.values()} <= own
    assert set(catalog.derived) == set(settings.DERIVED)


def test_settings_name_only_fields_that_exist(catalog: Catalog) -> None:
    """Doubles, polymorphic schemas and upload fields all occur in Clio's schemas."""
    fields = {name for schema in catalog.schemas.values() for name in schema}
    assert fields >= settings.DOUBLES
    assert fields >= settings.UPLOAD_ONLY
    for name, kept in settings.POLYMORPHIC.items():
        assert set(kept) <= set(catalog.schemas[name]), name
    assert set(catalog.schemas) >= settings.VALUES


def test_schemas_hold_names_and_types_only(stored: dict[str, Any]) -> None:
    """No prose of Clio's: a field has a type, perhaps a schema, an item type or its values."""
    for name, schema in stored["schemas"].items():
        for field, described in schema.items():
            assert set(described) <= ITEM_KEYS, (name, field)
            assert described["type"] in SCALAR_TYPES | {OBJECT, ARRAY}, (name, field)
            assert described.get("schema", name) in stored["schemas"]
    assert not {"description", "summary", "example", "title"} & set(keys(stored["schemas"], 3))


def keys(value: object, depth: int) -> Iterator[str]:
    """Yield the keys below the names of schemas and fields."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if depth <= 1:
                yield key
            yield from keys(inner, depth - 1)


def test_the_stored_text_is_small_and_has_no_prose(stored: dict[str, Any]) -> None:
    """The longest text is a reason of our own; everything of Clio's is a name."""
    entries = [*stored["collections"], *stored["derived"], *stored["singletons"]]
    ours = {entry["off"] for entry in entries}
    ours |= {entry["extra_parameters"].get("reason", "") for entry in entries}
    for text in strings(stored):
        assert text in ours or (len(text) <= 80 and text.count(" ") <= 4), text


def strings(value: object) -> Iterator[str]:
    """Yield every text inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def test_reading_the_stored_document_gives_the_catalogue(
    stored: dict[str, Any], catalog: Catalog
) -> None:
    """What the code works with is what is stored, nothing added by hand."""
    assert from_document(stored) == catalog
