"""A simulator for the contract tests, and Clio's own document to hold it against."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sources.clio_http.catalog import Catalog, read_catalog
from sources.clio_manage.build_catalog import correct, corrections
from sources.clio_simulator import SimulatedClock, Simulator

DOCUMENT = Path(__file__).parents[3] / "shared" / "reference" / "manage-openapi-2026-04-08.json"


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """Return the catalogue of Manage."""
    return read_catalog("clio_manage")


@pytest.fixture(scope="session")
def openapi() -> dict[str, Any]:
    """Return Clio's document with the known corrections; it is not part of this repository."""
    if not DOCUMENT.exists():
        pytest.skip(f"Clio's OpenAPI document is not at {DOCUMENT.name} beside the repository")
    return correct(json.loads(DOCUMENT.read_text("utf-8")), corrections())


@pytest.fixture(scope="session")
def clio() -> Iterator[Simulator]:
    """Return a simulator that the tests only read."""
    with Simulator(seed=7, rate_limit=0, clock=SimulatedClock(running=False)) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def http(clio: Simulator) -> Iterator[httpx.Client]:
    """Return a client with a valid token."""
    with httpx.Client(base_url=f"{clio.url}/api/v4/", headers=clio.headers) as client:
        yield client
