"""A simulated firm for each test, and one that is loaded whole for all that only look."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pipelines.load.package import ENGINE
from sources.clio_http import walks
from sources.clio_simulator import Seed, Simulator
from tests.system import history
from tests.system.firm import Firm
from tests.system.grow_firm import CALM, GrowFirm, NewGrow
from tests.system.pipelines_of_dlt import settings
from tests.system.plain_engine import plain_engine
from tests.system.postgres import address, driver
from tests.system.proposing import COLLECTIONS, prepare
from tests.system.reconciling import make
from tests.system.writing import LOADED, SEED, Desk

__all__ = ["address", "driver"]
NewFirm = Callable[..., Firm]


@pytest.fixture
def new_firm(tmp_path: Path) -> Iterator[NewFirm]:
    """Return a function that starts a Clio and names an empty data folder for it."""
    with ExitStack() as stack:

        def start(*, options: dict[str, Any] | None = None, **sizes: Any) -> Firm:
            given = {name: sizes.pop(name) for name in Seed.__dataclass_fields__ if name in sizes}
            seed = Seed(**{"seed": 7, **given})
            clio = stack.enter_context(Simulator(seed, **{"rate_limit": 0, **sizes}))
            return Firm(clio, tmp_path / "data", options or {})

        yield start


@pytest.fixture
def new_grow(tmp_path: Path) -> Iterator[NewGrow]:
    """Return a function that starts a Clio Grow and names an empty data folder for it."""
    with ExitStack() as stack:

        def start(*, manage: bool = False, **sizes: Any) -> GrowFirm:
            grow = sizes.pop("grow", {})
            given = {name: sizes.pop(name) for name in Seed.__dataclass_fields__ if name in sizes}
            seed = Seed(**{"seed": 7, **CALM, **given})
            clio = stack.enter_context(Simulator(seed, **{"rate_limit": 0, **sizes}))
            return GrowFirm(clio, tmp_path / "data", manage=manage, grow=grow)

        yield start


@pytest.fixture
def firm(new_firm: NewFirm) -> Firm:
    """Return a small firm."""
    return new_firm()


@pytest.fixture
def plain_dlt(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Take away what our own loader sets, and let nothing be sent to dlt's makers."""
    for name in ENGINE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.setenv("RUNTIME__LOG_LEVEL", "CRITICAL")
    return monkeypatch


@pytest.fixture
def dlt_firm(firm: Firm, plain_dlt: pytest.MonkeyPatch) -> Firm:
    """Return a firm that dlt finds in the environment."""
    for name, value in settings(firm.clio).items():
        plain_dlt.setenv(name, value)
    return firm


@pytest.fixture
def dlt_grow(new_grow: NewGrow, plain_dlt: pytest.MonkeyPatch) -> GrowFirm:
    """Return a firm of Clio Grow that dlt finds in the environment."""
    firm = new_grow(grow_contacts=250, grow_matters=4)
    for name, value in settings(firm.clio).items():
        plain_dlt.setenv(name, value)
    return firm


@pytest.fixture
def page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each page be a reading of its own, as fifty are where a list is long."""
    monkeypatch.setattr(walks, "MAX_PAGES", 1)


@pytest.fixture(scope="session")
def whole_firm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """Return a firm of which everything was loaded once; tests only look at it."""
    with Simulator(Seed(7), rate_limit=0) as clio:
        firm = Firm(clio, tmp_path_factory.mktemp("whole") / "data")
        outcome = firm.load(every=True)
        assert outcome.exit_code == 0, outcome.errors
        firm.first_requests = len(clio.requests)
        yield firm


@pytest.fixture(scope="session")
def loaded_for_edits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firm]:
    """Return a firm of which all that edits need is loaded; tests put back what they change."""
    with Simulator(Seed(7), rate_limit=0) as clio:
        firm = Firm(clio, tmp_path_factory.mktemp("edits") / "data")
        prepare(clio)
        assert firm.load(*COLLECTIONS).exit_code == 0
        yield firm


@pytest.fixture
def unedited(loaded_for_edits: Firm) -> Iterator[Firm]:
    """Return that firm without any edit; nobody may ask Clio anything meanwhile."""
    for path in loaded_for_edits.folder.glob("ledger*"):
        path.unlink()
    asked = len(loaded_for_edits.clio.requests)
    yield loaded_for_edits
    assert len(loaded_for_edits.clio.requests) == asked


@pytest.fixture(scope="session")
def loaded_for_writes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder into which the small firm that is written to was loaded."""
    with Simulator(SEED, rate_limit=0) as clio:
        firm = Firm(clio, tmp_path_factory.mktemp("loaded") / "data")
        loaded = firm.load(*LOADED)
        assert loaded.exit_code == 0, loaded.errors
    return firm.folder


@pytest.fixture
def desk(loaded_for_writes: Path, tmp_path: Path) -> Iterator[Desk]:
    """Return a loaded firm whose people correct records; at the end its history is judged."""
    folder = tmp_path / "data"
    shutil.copytree(loaded_for_writes, folder)
    with Simulator(SEED, rate_limit=0) as clio:
        desk = Desk(Firm(clio, folder))
        yield desk
        history.check(desk.firm, ended=desk.ended)


@pytest.fixture(scope="session")
def reconciled_firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the data folder of a firm of both products that is loaded, built and never changed."""
    folder = tmp_path_factory.mktemp("reconciled") / "data"
    make(folder)
    return folder


@pytest.fixture(scope="session")
def loaded_plainly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with matters and contacts, merged without the engine."""
    with plain_engine(), Simulator(SEED, rate_limit=0) as clio:
        firm = Firm(clio, tmp_path_factory.mktemp("plain") / "data")
        loaded = firm.load("contacts", "custom_fields", "matters")
        assert loaded.exit_code == 0, loaded.errors
    return firm.folder


@pytest.fixture
def quick_desk(loaded_plainly: Path, tmp_path: Path) -> Iterator[Desk]:
    """Return a desk as `desk` does, without the engine, which takes most of a push's time."""
    folder = tmp_path / "data"
    shutil.copytree(loaded_plainly, folder)
    with plain_engine(), Simulator(SEED, rate_limit=0) as clio:
        desk = Desk(Firm(clio, folder))
        yield desk
        history.check(desk.firm, ended=desk.ended)


@pytest.fixture
def matter(desk: Desk) -> int:
    """Return the id of a matter."""
    return int(desk.firm.clio.dump("matters")[0]["id"])
