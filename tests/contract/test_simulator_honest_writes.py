"""Every documented write is accepted, and answered with what Clio's own document describes."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from sources.clio_simulator import SimulatedClock, Simulator
from sources.clio_simulator.build import bodies as build
from sources.clio_simulator.store import Row
from sources.clio_simulator.values import data
from tests.contract.samples import CATALOG, Samples
from tests.contract.schemas import Schemas
from tests.contract.simulator_client import client

OPERATIONS = data("bodies")
ITEMS = "/{id}.json"
PATCHED = [n for n, e in OPERATIONS.items() if "patch" in e and n in CATALOG.collections]
POSTED = [n for n, e in OPERATIONS.items() if "post" in e]
UNWRAPPED = "calendar_entry_event_types"
"""The collection whose answers are described without `data`, against the rest of the document."""

CONTRADICTION = "task_calendars.color"
"""The field whose colours that can be written are none of those that can be read."""


@pytest.fixture(scope="module")
def schemas(openapi: dict[str, Any]) -> Schemas:
    """Return the validators of Clio's document."""
    return Schemas(openapi)


@pytest.fixture(scope="module")
def firm() -> Iterator[tuple[Simulator, httpx.Client]]:
    """Return a simulator that is written to, with the task statuses of larger plans."""
    clock = SimulatedClock(running=False)
    with (
        Simulator(rate_limit=0, scale=0.3, clock=clock, advanced_tasks=True) as clio,
        client(clio) as http,
    ):
        yield clio, http


def whole(name: str) -> dict[str, str]:
    """Ask for every field."""
    return {"fields": ",".join(field.request for field in CATALOG.collections[name].fields)}


def answer(
    schemas: Schemas, name: str, path: str, method: str, status: str
) -> Draft202012Validator:
    """Return the validator of an answer."""
    if name == UNWRAPPED:
        return schemas.record(CATALOG.collections[name].schema)
    return schemas.answer(path, method, status)


def writable(clio: Simulator, name: str) -> Row:
    """Return a record that may be written: of the activities, one that is on no bill."""
    rows = clio.store[name].rows.values()
    return next(row for row in rows if name != "activities" or not row.get("on_bill"))


def test_bodies_are_those_of_the_document(openapi: dict[str, Any]) -> None:
    """`bodies.json` is what the document says, with PATCH at all its 47 paths."""
    text = files("sources").joinpath("clio_simulator", "bodies.json").read_text("utf-8")
    assert json.loads(text) == build(openapi, CATALOG)
    documented = [path for path, ways in openapi["paths"].items() if "patch" in ways]
    known = [f"/{entry['path']}{ITEMS}" for entry in OPERATIONS.values() if "patch" in entry]
    assert sorted(known) == sorted(documented)
    assert len(documented) == 47


@pytest.mark.parametrize("name", PATCHED)
def test_documented_patch_is_accepted(
    name: str, firm: tuple[Simulator, httpx.Client], schemas: Schemas
) -> None:
    """Each field alone is accepted with the current etag, and the answer validates."""
    clio, http = firm
    path = OPERATIONS[name]["path"]
    validator = answer(schemas, name, f"/{path}{ITEMS}", "patch", "200")
    row = writable(clio, name)
    for field, value in Samples(clio).fields(name, OPERATIONS[name]["patch"], row):
        if f"{name}.{field}" == CONTRADICTION:
            continue
        headers = {"If-Match": etag(clio, name, row["id"])}
        got = http.patch(
            f"{path}/{row['id']}.json",
            params=whole(name),
            json={"data": {field: value}},
            headers=headers,
        )
        assert got.status_code == 200, (field, value, got.text)
        problems = [f"{list(e.path)}: {e.message}" for e in validator.iter_errors(got.json())]
        assert not problems, (field, problems[:5])
        assert clio.writes[-1].status == 200


def etag(clio: Simulator, name: str, key: int) -> str:
    """Return the current tag of a record; any, where its schema has none."""
    row = clio.store[name].rows[key]
    return clio.world.renderer.etag(name, row) or "*"


@pytest.mark.parametrize("name", POSTED)
def test_documented_post_is_accepted(
    name: str, firm: tuple[Simulator, httpx.Client], schemas: Schemas
) -> None:
    """A record with every documented field is made, and the answer validates."""
    clio, http = firm
    path = OPERATIONS[name]["path"]
    validator = answer(schemas, name, f"/{path}.json", "post", "201")
    before = len(clio.store[name])
    body = Samples(clio).body(name, OPERATIONS[name]["post"])
    got = http.post(f"{path}.json", params=whole(name), json={"data": body})
    assert got.status_code == 201, got.text
    problems = [f"{list(e.path)}: {e.message}" for e in validator.iter_errors(got.json())]
    assert not problems, problems[:5]
    assert len(clio.store[name]) == before + 1


def test_firm_is_still_what_clio_describes(
    firm: tuple[Simulator, httpx.Client], schemas: Schemas
) -> None:
    """After all these writes every record of the firm validates as before."""
    clio, _ = firm
    for name, collection in CATALOG.collections.items():
        if "{" in collection.path:
            continue
        validator = schemas.answer(f"/{collection.path}.json")
        problems = list(validator.iter_errors({"data": clio.dump(name)}))
        assert not problems, (name, [f"{list(e.path)}: {e.message}" for e in problems][:5])
