"""What may be written, held against Clio's own document of its API."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sources.clio_http.catalog import read_catalog
from sources.clio_manage.writable import (
    CHOICES,
    COLLECTIONS,
    CUSTOM,
    FILLED,
    MAY_BE_EMPTIED,
    NEVER,
    REQUIRED,
    TARGETS,
    editables,
    writable_fields,
)

pytestmark = pytest.mark.shared
CATALOG = read_catalog("clio_manage")
NEEDED: Mapping[str, set[str]] = {
    "activities": {"type", "date"},
    "calendar_entries": {"summary", "start_at", "end_at", "calendar_owner"},
    "communications": {"body", "received_at", "subject", "type"},
    "contacts": {"name", "type"},
    "documents": {"name", "parent"},
    "matters": {"client", "description"},
    "notes": {"contact", "matter", "type"},
    "relationships": set(),
    "tasks": {"name", "description", "assignee"},
}
"""What Clio's document says that a record cannot be made without."""
ALSO_HELD: Mapping[str, set[str]] = {
    "matters": {"display_number"},
    "notes": {"detail_text_type"},
    "relationships": {"contact.id", "matter.id"},
}
"""What has no empty value besides: a name that Clio gives, a choice, the two ends of a link."""
MONEY = (
    *("bills", "line_items", "trust_line_items", "bank_accounts", "bank_transactions"),
    *("clio_payments_payments", "clio_payments_links", "allocations", "credit_memos", "users"),
    *("webhooks", "interest_charges", "activity_rates", "outstanding_client_balances"),
)


def body(document: Mapping[str, Any], resource: str, method: str) -> dict[str, Any]:
    """Return the fields of the body of a request, references followed."""
    path = f"/{resource}.json" if method == "post" else f"/{resource}/{{id}}.json"
    operation = document["paths"][path].get(method)
    if operation is None:
        return {}
    content = operation["requestBody"]["content"]["application/json"]["schema"]
    found: dict[str, Any] = followed(document, followed(document, content)["properties"]["data"])
    return found


def followed(document: Mapping[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference of a schema."""
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return found


def leaves(document: Mapping[str, Any], resource: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every leaf of the body of a PATCH with its pattern."""
    for name, schema in body(document, resource, "patch")["properties"].items():
        yield name, schema
        inner = schema.get("items", schema)
        between = "[]." if "items" in schema else "."
        for part, leaf in inner.get("properties", {}).items():
            yield f"{name}{between}{part}", leaf


@pytest.mark.parametrize("resource", sorted(COLLECTIONS))
def test_choices_are_those_of_the_document(resource: str, openapi: dict[str, Any]) -> None:
    """Each field with choices has those that PATCH takes, and no field of the document that has
    choices lacks them here.
    """
    there = {
        f"{resource}.{name}": tuple(schema["enum"])
        for name, schema in leaves(openapi, resource)
        if "enum" in schema and name in editables(CATALOG, resource)
    }
    notes = {"notes.detail_text_type"}  # PATCH gives no list there, what is read does
    here = {name: choices for name, choices in CHOICES.items() if name.startswith(f"{resource}.")}
    assert {name: set(c) for name, c in here.items() if name not in notes} == {
        name: set(choices) for name, choices in there.items()
    }


@pytest.mark.parametrize("resource", sorted(COLLECTIONS))
def test_emptied_references_are_those_of_the_document(
    resource: str, openapi: dict[str, Any]
) -> None:
    """A reference may be emptied where the document says that null means no association."""
    there = {
        f"{resource}.{name}"
        for name, schema in leaves(openapi, resource)
        if "to specify no association" in schema.get("description", "")
        and name in editables(CATALOG, resource)
    }
    assert {name for name in MAY_BE_EMPTIED if name.startswith(f"{resource}.")} == there


@pytest.mark.parametrize("resource", sorted(COLLECTIONS))
def test_what_a_record_cannot_be_made_without_is_never_emptied(
    resource: str, openapi: dict[str, Any]
) -> None:
    """What POST requires has no empty value, and beside that only what is listed with a reason.

    Of notes it requires what cannot be written, of relationships nothing; there the references
    stand for the rest, without which neither would be about anything.
    """
    known = editables(CATALOG, resource)
    needed = set(body(openapi, resource, "post").get("required", []))
    assert needed == NEEDED[resource]
    held = {name for name, one in known.items() if not one.may_be_empty}
    written = {one for name in needed for one in (name, f"{name}.id") if one in known}
    assert written | ALSO_HELD.get(resource, set()) <= held
    plain = {name for name in held if not known[name].choices and not known[name].targets}
    mine = {name.partition(".")[2] for name in REQUIRED if name.startswith(f"{resource}.")}
    assert mine == {name for name in plain if known[name].type not in FILLED}
    assert mine <= needed | ALSO_HELD.get(resource, set())


@pytest.mark.parametrize("resource", sorted(COLLECTIONS))
def test_every_field_that_patch_takes_is_editable_or_left_out_for_a_reason(
    resource: str, openapi: dict[str, Any]
) -> None:
    """Of the fields that PATCH takes, those that are neither forbidden nor editable cannot be
    read back.
    """
    known = set(writable_fields(CATALOG.collections[resource]))
    left = {field.name for field in CATALOG.collections[resource].patch} - known
    left -= NEVER.get(resource, frozenset())
    readable = {field.name for field in CATALOG.collections[resource].fields}
    shown_only_by_id = {"co_counsel_rate", "relationships"}
    only_who = {"senders", "receivers"}
    assert left & readable <= shown_only_by_id | only_who
    assert known <= set(body(openapi, resource, "patch")["properties"])


@pytest.mark.parametrize("resource", MONEY)
def test_money_and_users_and_webhooks_are_never_editable(resource: str) -> None:
    """Not one field of them, though PATCH takes some."""
    assert resource in CATALOG.collections
    assert editables(CATALOG, resource) == {}


def test_references_point_at_collections_that_are_loaded() -> None:
    """Otherwise a reference could not be checked."""
    pointed = {
        target
        for resource in COLLECTIONS
        for editable in editables(CATALOG, resource).values()
        for _, target in editable.targets
    }
    assert pointed <= set(CATALOG.loaded)
    assert set(TARGETS.values()) <= pointed
    assert f"{CUSTOM}[]" in editables(CATALOG, "matters")
