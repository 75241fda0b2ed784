"""A service that answers nobody ends the run soon; one that answers somebody does not."""

import io
import threading
from contextlib import ExitStack

import pytest

from pipelines.load import products
from pipelines.load.load import Load
from pipelines.load.planning import Choice
from pipelines.load.result import Result
from pipelines.progress import Lines
from pipelines.state.hashed_columns import Masks
from pipelines.warehouse import Warehouse, prepare_data_folder
from sources.clio_http.api import ClientSettings
from sources.clio_http.client import ClioClient
from sources.clio_http.exchange import Bounds
from sources.clio_http.secret import Secret
from sources.clio_simulator.faults import Status
from tests.system.conftest import NewFirm
from tests.system.firm import Firm, QuickClock

SHORT = Bounds(connect=1.0, read=0.5, total=1.0)
"""What takes a minute outside of tests takes half a second."""


def loaded(firm: Firm, *names: str) -> Result:
    """Load with a client that soon gives up waiting."""
    prepare_data_folder(firm.folder)
    options = firm.settings.sources["clio_manage"]
    given = ClientSettings(
        "clio_manage", firm.clio.url, "/api/v4", Secret(firm.clio.token), bounds=SHORT
    )
    clock, stop = QuickClock(), threading.Event()
    with ExitStack() as stack:
        warehouse = stack.enter_context(Warehouse(firm.folder))
        client = stack.enter_context(ClioClient(given, clock, stop=stop))
        return Load(
            products.product("clio_manage", options),
            warehouse,
            client,
            clock,
            run_id="r",
            choice=Choice(frozenset(names)),
            reporter=Lines(io.StringIO()),
            stop=stop,
            masks=Masks(),
        ).run()


@pytest.mark.long
def test_service_that_hangs_on_every_list(new_firm: NewFirm) -> None:
    """Two waits of three lists and nobody answered: the rest, nearly sixty, are not tried. The load
    ends with 4 after three waits, which are three minutes, and says so once.
    """
    firm = new_firm()
    firm.clio.world.switches.hang = True
    asked = loaded_and_asked(firm)
    assert sum(asked.values()) <= 15
    assert max(asked.values()) <= 3


def loaded_and_asked(firm: Firm) -> dict[str, int]:
    """Load, and count the requests for each collection."""
    result = loaded(firm)
    assert result.exit_code == 4
    assert "lists were not tried" in str(result.errors[-1][1])
    assert len(result.errors) <= 6
    return {row.resource: row.requests for row in result.rows if row.requests}


@pytest.mark.long
def test_service_that_is_down(new_firm: NewFirm) -> None:
    """Where every list answers 503 the rest are not tried either."""
    firm = new_firm()
    for name in products.product(
        "clio_manage", firm.settings.sources["clio_manage"]
    ).catalog.loaded:
        firm.clio.faults.add(Status(503), name, times=None)
    result = loaded(firm)
    assert result.exit_code == 4
    assert "were not tried" in str(result.errors[-1][1])
    assert sum(row.requests for row in result.rows) < 60


def test_lists_that_hang_beside_others_that_answer(new_firm: NewFirm) -> None:
    """Four lists hang: they cost themselves, and every other one is loaded."""
    firm = new_firm()
    names = ("activities", "bills", "contacts", "matters", "tasks", "users", "notes", "groups")
    firm.clio.world.switches.hang = {"bills", "contacts", "groups", "notes"}
    result = loaded(firm, *names)
    assert result.exit_code == 4
    told = {name for name, _ in result.errors}
    assert told - {""} <= {"bills", "contacts", "groups", "notes"}
    assert len(told) >= 4
    assert firm.differences("activities", "matters", "tasks", "users") == []


@pytest.mark.parametrize("times", [1, 2])
def test_hang_that_passes(new_firm: NewFirm, times: int) -> None:
    """A list that hangs and then answers is read."""
    firm = new_firm()
    firm.clio.world.switches.hang = {"tasks"}
    timer = threading.Timer(times * 0.4, setattr, (firm.clio.world.switches, "hang", False))
    timer.start()
    result = loaded(firm, "tasks")
    timer.join()
    assert result.exit_code == 0, result.errors
    assert firm.differences("tasks") == []
