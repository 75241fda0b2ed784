"""The order of every list is what Clio's own document says of it: its enums and its sentences."""

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import httpx
import pytest

from sources.clio_http.catalog import Collection, read_catalog
from sources.clio_simulator import Simulator
from sources.clio_simulator.build import orders as build
from sources.clio_simulator.query import documented_orders
from tests.contract.test_simulator_honest import requests

CATALOG = read_catalog("clio_manage")
ORDERED = {name: CATALOG.collections[name] for name in documented_orders()}
UNORDERED = [name for name in CATALOG.collections if name not in ORDERED]
PLAIN = {"VARCHAR", "BIGINT", "DECIMAL", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMPTZ"}

GENERAL = r"Orders the [\w:]+ records by the given field\."
NOTE = r"Note that `id` is ordered by the `id` of the nested Relationship record\."
DEFAULT = r"Default: `(?P<default>[\w.]+\((?:asc|desc)\))`\."
PROSE = re.compile(rf"{GENERAL}(?P<note> {NOTE})? {DEFAULT}")
"""Every sentence that the document says of an order."""


def parameters(openapi: dict[str, Any], name: str) -> dict[str, Any]:
    """Return what the document says of the parameter `order` of a list."""
    operation = openapi["paths"][f"/{CATALOG.collections[name].path}.json"]["get"]
    found = [each for each in operation["parameters"] if each["name"] == "order"]
    return dict(found[0]) if found else {}


def prose(openapi: dict[str, Any], name: str) -> dict[str, str | None]:
    """Return what the sentences say; one that nobody has read yet fails."""
    text = parameters(openapi, name)["description"]
    found = PROSE.fullmatch(text)
    assert found, f"{name}: {text}"
    return found.groupdict()


def ask(
    clio: Simulator, http: httpx.Client, collection: Collection, **given: str
) -> httpx.Response:
    """Ask for the longest of the first lists of a collection."""
    found: list[httpx.Response] = []
    for number, (path, variant) in enumerate(requests(clio, collection)):
        if number == 12:
            break
        found.append(http.get(path, params={**variant, **given}))
    return max(found, key=lambda answer: len(answer.content))


def rows(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the rows of a page."""
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def plain(name: str) -> Iterator[tuple[str, str]]:
    """Yield field and direction of every listed order of a list by a plain field of its records."""
    known, schema = documented_orders()[name], CATALOG.schemas[ORDERED[name].schema]
    for order in known.listed:
        field, _, direction = order.removesuffix(")").partition("(")
        own = not (field == "id" and known.by_relationship)
        if own and schema.get(field, {}).get("type") in PLAIN:
            yield field, direction


@pytest.mark.shared
def test_orders_are_those_of_the_document(openapi: dict[str, Any]) -> None:
    """`orders.json` is what the document says, of every list that takes an order."""
    text = files("sources").joinpath("clio_simulator", "orders.json").read_text("utf-8")
    assert json.loads(text) == build(openapi, CATALOG)
    described = [
        path
        for path, operations in openapi["paths"].items()
        for each in operations.get("get", {}).get("parameters", ())
        if each["name"] == "order"
    ]
    assert len(described) == len(ORDERED)
    assert not any(parameters(openapi, name) for name in UNORDERED)


@pytest.mark.shared
@pytest.mark.parametrize("name", ORDERED)
def test_every_listed_order_is_served_and_no_other(
    name: str, openapi: dict[str, Any], clio: Simulator, http: httpx.Client
) -> None:
    """Each value of the enum is 200, any other 400 that names `order`; no enum takes any."""
    schema = parameters(openapi, name)["schema"]
    for order in schema.get("enum", ()):
        rows(ask(clio, http, ORDERED[name], order=order))
    for other in {"id(asc)", "nonsense(asc)", "id"} - set(schema.get("enum", ())):
        answer = ask(clio, http, ORDERED[name], order=other)
        assert answer.status_code == (400 if "enum" in schema else 200), other
        if answer.status_code == 400:
            assert "order" in answer.json()["error"]["message"]


@pytest.mark.shared
@pytest.mark.parametrize("name", ORDERED)
def test_default_order_is_the_one_in_the_prose(
    name: str, openapi: dict[str, Any], clio: Simulator, http: httpx.Client
) -> None:
    """Asking for no order gives the documented default, also where the enum leaves that out."""
    default = prose(openapi, name)["default"] or ""
    wanted = "id,relationship" if prose(openapi, name)["note"] else "id"
    shown = rows(ask(clio, http, ORDERED[name], fields=wanted))
    assert len(shown) > 1
    if default in parameters(openapi, name)["schema"].get("enum", [default]):
        assert shown == rows(ask(clio, http, ORDERED[name], fields=wanted, order=default))
    else:
        assert (name, default) == ("report_presets", "id(asc)")
        assert shown == sorted(shown, key=lambda row: int(row["id"]))


@pytest.mark.shared
@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("name", ORDERED)
def test_id_is_the_own_one_or_that_of_the_relationship(
    name: str, direction: str, openapi: dict[str, Any], clio: Simulator, http: httpx.Client
) -> None:
    """By `id`, rows are in order of their own; where the prose says so, of the relationship's."""
    order = f"id({direction})"
    if order not in parameters(openapi, name)["schema"].get("enum", [order]):
        assert name == "report_presets"
        return
    note = prose(openapi, name)["note"]
    wanted = "id,relationship{id}" if note else "id"
    shown = rows(ask(clio, http, ORDERED[name], fields=wanted, order=order))
    keys = [_number(row["relationship"] or {} if note else row) for row in shown]
    assert keys == sorted(keys, reverse=direction == "desc")
    assert len(keys) > 1


def _number(row: dict[str, Any]) -> int:
    return int(row.get("id", 0))


@pytest.mark.parametrize("name", ORDERED)
def test_order_by_a_plain_field(name: str, clio: Simulator, http: httpx.Client) -> None:
    """Values rise or fall as asked; rows without one stand together at one end."""
    for field, direction in plain(name):
        order = f"{field}({direction})"
        found = rows(ask(clio, http, ORDERED[name], fields=f"id,{field}", order=order))
        shown = [row[field] for row in found]
        keys = [int(value) if field == "id" else value for value in shown if value is not None]
        assert keys == sorted(keys, reverse=direction == "desc"), order
        empty = [value is None for value in shown]
        assert empty == sorted(empty, reverse=direction == "asc"), order


@pytest.mark.parametrize("name", UNORDERED)
def test_list_without_an_order_heeds_none(name: str, clio: Simulator, http: httpx.Client) -> None:
    """Where the document has no `order`, any is taken and changes nothing."""
    collection = CATALOG.collections[name]
    wanted = collection.fields[0].request
    shown = rows(ask(clio, http, collection, fields=wanted))
    for order in ("id(asc)", "id(desc)", "created_at(desc)", "nonsense"):
        assert rows(ask(clio, http, collection, fields=wanted, order=order)) == shown
