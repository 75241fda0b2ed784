"""Every request that a load sends is one that Clio's own document describes."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pendulum
import pytest

from sources.clio_manage.build_catalog import correct, corrections
from sources.clio_simulator.world import LoggedRequest
from tests.contract.exceptions import EXCEPTIONS
from tests.system.firm import CATALOG, Firm

LET_PASS = {(one.path, one.name, one.value) for one in EXCEPTIONS}
ON = tuple(name for name, collection in CATALOG.loaded.items() if collection.off)


@pytest.fixture(scope="module")
def document(shared: Path) -> dict[str, Any]:
    """Return Clio's document with the known corrections."""
    text = (shared / "reference" / "manage-openapi-2026-04-08.json").read_text("utf-8")
    return correct(json.loads(text), corrections())


@pytest.fixture(scope="module")
def sent(whole_firm: Firm, tmp_path_factory: pytest.TempPathFactory) -> list[LoggedRequest]:
    """Return the requests of a first load of everything, of incremental loads, and of the
    collections that are off by default.
    """
    clio = whole_firm.clio
    first = list(clio.requests[: whole_firm.first_requests])
    firm = Firm(clio, tmp_path_factory.mktemp("sent") / "data", {"on": ON})
    names = ("bills", "notes", "matters", "documents")
    began = len(clio.requests)
    for _ in range(2):
        assert firm.load(*names, *ON, budget=60).exit_code == 0
    return first + list(clio.requests[began:])


def described(document: dict[str, Any], asked: LoggedRequest) -> tuple[str, dict[str, Any]] | None:
    """Find path and operation of a request, a path without parameters before others."""
    path = asked.path.removeprefix("/api/v4")
    patterns = sorted(document["paths"], key=lambda name: name.count("{"))
    for pattern in patterns:
        if re.fullmatch(
            re.sub(r"\{\w+\}", "[^/]+", re.escape(pattern).replace(r"\{", "{").replace(r"\}", "}")),
            path,
        ):
            operation: dict[str, Any] | None = document["paths"][pattern].get(asked.method.lower())
            return (pattern, operation) if operation else None
    return None


def problems(path: str, operation: dict[str, Any], asked: LoggedRequest) -> Iterator[str]:
    """Name each query parameter that is neither documented with its value nor an exception."""
    known = {p["name"]: p["schema"] for p in operation["parameters"] if p["in"] == "query"}
    required = {
        p["name"] for p in operation["parameters"] if p["in"] == "query" and p.get("required")
    }
    given = {name: values for name, values in asked.given.items() if values}
    for name in required - given.keys():
        yield f"{asked.path}: {name} is required"
    for name, values in given.items():
        if name not in known and (path, name, *values) in LET_PASS:
            continue
        if name not in known:
            yield f"{asked.path}: {name} is not documented"
        elif not all(valid(known[name], value) for value in values):
            yield f"{asked.path}: {name}={values} is not valid"


def valid(schema: dict[str, Any], value: str) -> bool:
    """Tell whether a value fits type, format and enumeration."""
    if "enum" in schema and value not in schema["enum"]:
        return False
    if schema.get("format") == "date-time":
        return isinstance(pendulum.parse(value), pendulum.DateTime)
    if schema.get("type") == "integer":
        return value.isdigit()
    return schema.get("type") != "boolean" or value in {"true", "false"}


def test_every_request_is_documented(sent: list[LoggedRequest], document: dict[str, Any]) -> None:
    """Path, parameters and values are Clio's, but for the list of exceptions."""
    found = set()
    for asked in sent:
        one = described(document, asked)
        found |= set(problems(*one, asked)) if one else {f"{asked.path} is unknown"}
    assert sorted(found) == []


def test_nothing_is_asked_for_twice(whole_firm: Firm) -> None:
    """A first load sends no request again, and none in vain. Two lists have a daily copy that asks
    for the same.
    """
    first = list(whole_firm.clio.requests[: whole_firm.first_requests])
    counts = Counter((one.path, one.query) for one in first)
    twice = {path for (path, _), count in counts.items() if count > 1}
    daily = {f"/api/v4/{name}.json" for name in ("billable_matters", "outstanding_client_balances")}
    assert twice == daily
    assert {one.status for one in first} == {200}


def test_only_gets_are_sent(sent: list[LoggedRequest]) -> None:
    """A load never asks Clio to change anything."""
    assert {asked.method for asked in sent} == {"GET"}


def test_every_collection_was_asked_for(sent: list[LoggedRequest]) -> None:
    """The requests looked at cover every collection that can be loaded."""
    asked = {(one.collection) for one in sent}
    bases = {c.path for c in CATALOG.loaded.values()}
    missing = {
        name
        for name in CATALOG.collections
        if CATALOG.collections[name].path in bases and name not in asked
    }
    assert missing & set(CATALOG.loaded) == set()
