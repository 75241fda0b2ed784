"""Everything that the simulator answers is what Clio's own document describes."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sources.clio_http.catalog import Collection, read_catalog
from sources.clio_simulator import Simulator
from tests.contract.schemas import Schemas

CATALOG = read_catalog("clio_manage")
PARENTS = {
    "matter_id": "matters",
    "contact_id": "contacts",
    "jurisdiction_id": "court_rules_jurisdictions",
}


@pytest.fixture(scope="module")
def schemas(openapi: dict[str, Any]) -> Schemas:
    """Return the validators of Clio's document."""
    return Schemas(openapi)


def fields(collection: Collection) -> str:
    """Ask for everything."""
    return ",".join(field.request for field in collection.fields)


def requests(clio: Simulator, collection: Collection) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield path and parameters of every list that there is of a collection."""
    for variant in collection.variants:
        if collection.name == "document_versions":
            for key in clio.store["documents"].rows:
                yield f"documents/{key}/versions", {"id": str(key)}
        elif collection.name == "conversation_messages":
            for key in clio.store["conversations"].rows:
                yield collection.path, {"conversation_id": str(key)}
        elif "{" in collection.path:
            name = collection.path.partition("{")[2].partition("}")[0]
            for key in clio.store[PARENTS[name]].rows:
                yield collection.path.replace(f"{{{name}}}", str(key)), {}
        else:
            yield collection.path, dict(variant)


def walk(http: httpx.Client, path: str, parameters: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield every page of a list."""
    answer = http.get(f"{path}.json", params=parameters)
    while True:
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield page
        if "next" not in page["meta"]["paging"]:
            return
        answer = http.get(page["meta"]["paging"]["next"])


@pytest.mark.parametrize("name", CATALOG.collections)
def test_list_is_what_clio_describes(
    name: str, clio: Simulator, http: httpx.Client, schemas: Schemas
) -> None:
    """Every row of the list, with every field, validates; and there are at least two rows."""
    collection = CATALOG.collections[name]
    validator = schemas.answer(f"/{collection.path}.json")
    rows = 0
    for path, parameters in requests(clio, collection):
        for page in walk(http, path, {**parameters, "fields": fields(collection)}):
            problems = [f"{list(e.path)}: {e.message}" for e in validator.iter_errors(page)]
            assert not problems, problems[:5]
            rows += len(page["data"])
    assert rows >= 2


@pytest.mark.parametrize("name", [n for n, c in CATALOG.collections.items() if c.item_path])
def test_item_is_what_clio_describes(
    name: str, clio: Simulator, http: httpx.Client, schemas: Schemas
) -> None:
    """Items validate, and hold the same as the list does."""
    collection = CATALOG.collections[name]
    validator = schemas.answer(f"/{collection.item_path}.json")
    wanted = {"fields": fields(collection)}
    for path, parameters in requests(clio, collection):
        for row in next(walk(http, path, {**parameters, **wanted}))["data"][:3]:
            address = path if "jurisdiction" in path else collection.path
            answer = http.get(f"{address}/{row['id']}.json", params=wanted)
            assert answer.status_code == 200, answer.text
            assert not list(validator.iter_errors(answer.json()))
            assert answer.json()["data"] == row


@pytest.mark.parametrize("name", CATALOG.singletons)
def test_singleton_is_what_clio_describes(name: str, http: httpx.Client, schemas: Schemas) -> None:
    """The paths that answer with one record validate."""
    collection = CATALOG.singletons[name]
    answer = http.get(f"{collection.path}.json", params={"fields": fields(collection)})
    assert answer.status_code == 200
    assert not list(schemas.answer(f"/{collection.path}.json").iter_errors(answer.json()))
    assert answer.json()["data"]["id"]


def test_line_item_answers_without_being_documented(
    clio: Simulator, http: httpx.Client, schemas: Schemas
) -> None:
    """`GET /line_items/{id}` is in no document and answers all the same."""
    key = next(iter(clio.store["line_items"].rows))
    wanted = {"fields": fields(CATALOG.collections["line_items"])}
    answer = http.get(f"line_items/{key}", params=wanted)
    assert not list(schemas.record("LineItem").iter_errors(answer.json()))


def test_whole_records_validate(clio: Simulator, schemas: Schemas) -> None:
    """Records with every nested field, as the control interface dumps them, validate too."""
    for name, collection in CATALOG.collections.items():
        if "{" in collection.path:
            continue
        validator = schemas.answer(f"/{collection.path}.json")
        problems = list(validator.iter_errors({"data": clio.dump(name)}))
        assert not problems, (name, [f"{list(e.path)}: {e.message}" for e in problems][:5])


def test_every_field_has_a_value_somewhere(clio: Simulator) -> None:
    """Fields that are null in every record of the firm are few, and known."""
    null_everywhere = {
        name: sorted(
            field
            for field in CATALOG.schemas[collection.schema]
            if all(row.get(field) in (None, []) for row in clio.dump(name))
        )
        for name, collection in CATALOG.collections.items()
        if "{" not in collection.path
    }
    assert not [name for name, empty in null_everywhere.items() if len(empty) > 12], null_everywhere
