"""A fault of our own over what one collection's lists answer."""

from dataclasses import replace

from pipelines.load.planning import Rules, plan_sweep
from sources.clio_http.api import ClientSettings
from sources.clio_http.catalog import read_catalog
from sources.clio_http.client import ClioClient
from sources.clio_http.secret import Secret
from sources.clio_http.walks import Walk
from sources.clio_simulator import Seed, Simulator
from sources.errors import UnforeseenError
from tests.unit.http_loopback import FakeClock
from tests.unit.test_confirm import NOW


def test_fault_of_our_own_ends_its_walk_alone() -> None:
    """The walk ends with an error that names the kind and the place, and no text."""
    with Simulator(Seed(7, matters=4), rate_limit=0) as clio:
        settings = ClientSettings("clio_manage", clio.url, "/api/v4", Secret(clio.token))
        with ClioClient(settings, FakeClock()) as client:
            matters = read_catalog("clio_manage").loaded["matters"]
            plan = plan_sweep(matters, None, Rules(), NOW)
            wrong = replace(plan.lists[0], constants=(("no_column", 1),))
            walk = Walk(client, replace(plan, lists=(wrong,)), FakeClock())
            assert sum(reading.rows for reading in walk.readings()) == 0
    assert isinstance(walk.error, UnforeseenError)
    assert walk.error.exit_code == 1
    assert str(walk.error).startswith("KeyError at readings.py:")
    assert "no_column" not in str(walk.error)
