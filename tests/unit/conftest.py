"""What several modules share: a firm worked out by hand, and a simulator that is written to."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sources.clio_simulator import Simulator
from tests.unit.mini_firm import empty_firm
from tests.unit.mini_records import fill
from tests.unit.written import clean, firm


@pytest.fixture(scope="session")
def mini_firm_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the firm, built without any check that fails or warns."""
    folder = tmp_path_factory.mktemp("mini")
    with empty_firm(folder) as firm:
        fill(firm)
        built = firm.build()
        assert [(one.check, one.rows) for one in built.verdicts if one.failures] == []
    return folder


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Simulator, httpx.Client]]:
    """Return one simulator for all tests of a module, and a client."""
    with firm() as running:
        yield running


@pytest.fixture
def clio(served: tuple[Simulator, httpx.Client]) -> Iterator[Simulator]:
    """Return the simulator with the switches of the start."""
    with clean(served[0]) as simulator:
        yield simulator


@pytest.fixture
def http(clio: Simulator, served: tuple[Simulator, httpx.Client]) -> httpx.Client:
    """Return the client."""
    return served[1]
