"""What the catalogue says of the order of lists is what Clio's document says."""

from typing import Any

import pytest

from sources.clio_http.catalog import ORDER, read_catalog
from sources.clio_http.plan import narrowing
from tests.contract.exceptions import EXCEPTIONS

CATALOG = read_catalog("clio_manage")
NESTED = {"matter_contacts", "matter_related_contacts"}


def parameter(openapi: dict[str, Any], name: str) -> dict[str, Any] | None:
    """Return what the document says of the parameter `order` of a list."""
    operation = openapi["paths"][f"/{CATALOG.collections[name].path}.json"]["get"]
    return next((one for one in operation["parameters"] if one["name"] == "order"), None)


@pytest.mark.shared
def test_orders_are_the_documented_ones(openapi: dict[str, Any]) -> None:
    """Every value of every list is in the catalogue, and nothing else."""
    for name, collection in CATALOG.collections.items():
        described = parameter(openapi, name)
        listed = described["schema"].get("enum", []) if described else []
        assert list(collection.orders) == listed, name


@pytest.mark.shared
def test_only_what_the_document_promises_is_checked(openapi: dict[str, Any]) -> None:
    """Ids must rise where the document lists `id(asc)` or says it is the default; of two lists the
    prose says that it orders by the relationship. A list without the parameter promises nothing.
    """
    for name, collection in CATALOG.collections.items():
        described = parameter(openapi, name)
        text = described["description"] if described else ""
        nested = "ordered by the `id` of the nested Relationship record" in text
        promised = bool(described) and collection.order == ORDER
        assert nested == (name in NESTED), name
        expected = "relationship__id" if nested else "id" if promised else ""
        assert collection.rises == expected, name


def test_presets_alone_are_asked_for_without_an_order() -> None:
    """Of every other list of more than one record `id(asc)` is asked for."""
    without = {
        name
        for name, c in CATALOG.loaded.items()
        if c.page_size > 1 and ("order", ORDER) not in narrowing(c, c.fields)
    }
    assert without == {"report_presets"}


@pytest.mark.shared
def test_every_exception_is_needed(openapi: dict[str, Any]) -> None:
    """What the document does describe is no exception, and each one has a source."""
    for one in EXCEPTIONS:
        parameters = openapi["paths"][one.path]["get"]["parameters"]
        assert one.name not in {each["name"] for each in parameters}, one
        assert one.source, one
    assert len({(one.path, one.name, one.value) for one in EXCEPTIONS}) == len(EXCEPTIONS)


@pytest.mark.shared
def test_every_list_without_an_order_is_an_exception(openapi: dict[str, Any]) -> None:
    """The lists that are asked for by id though they do not document it are all named."""
    undocumented = {
        f"/{c.path}.json"
        for name, c in CATALOG.collections.items()
        if c.loaded and c.order and parameter(openapi, name) is None
    }
    assert undocumented == {one.path for one in EXCEPTIONS if one.name == "order"}
