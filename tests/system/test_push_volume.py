"""What a large push costs in requests."""

from pathlib import Path

import pytest

from pipelines.edits.assignments import assigned
from pipelines.edits.edit import Gathered, WantedChange
from pipelines.plan.guards import Limits
from sources.clio_simulator import Seed, Simulator
from tests.system import history
from tests.system.firm import Firm, QuickClock
from tests.system.writing import Desk


class Paced(QuickClock):
    """A clock whose waits pass for the server as well, which counts requests by the minute."""

    def __init__(self, clio: Simulator) -> None:
        """Move a simulator's clock."""
        super().__init__()
        self.clio = clio

    def sleep(self, seconds: float) -> None:
        """Let the time pass at once, here and there."""
        super().sleep(seconds)
        self.clio.clock.advance(max(0.0, seconds))


@pytest.mark.long
def test_four_hundred_records(tmp_path: Path) -> None:
    """1,000 approved edits of 400 records need 400 PATCHes and four reads of blocks, and at fifty
    requests a minute no 429.
    """
    with Simulator(Seed(7, scale=0.1, matters=450), rate_limit=50) as clio:
        desk = Desk(Firm(clio, tmp_path / "data"), Paced(clio))
        loaded = desk.firm.load("matters", "custom_fields", clock=desk.clock)
        assert loaded.exit_code == 0, loaded.errors
        wanted: list[WantedChange] = []
        for at, row in enumerate(clio.dump("matters")[:400]):
            changes = [f"description=No {at}", f"client_reference=R-{at}", f"location=Room {at}"]
            found = assigned("matters", str(row["id"]), changes[: 3 if at < 200 else 2], "test")
            wanted += found.wanted
        desk.propose_all(Gathered(wanted))
        plan = desk.approved(Limits(max_share=100))
        before = len(clio.requests)
        outcome = desk.push(plan)
        assert outcome.exit_code == 0, outcome.errors
        asked = clio.requests[before:]
        assert sum(one.method == "PATCH" for one in asked) == 400
        assert sum(one.method == "GET" and one.collection == "matters" for one in asked) == 4
        assert all(one.status != 429 for one in asked)
        assert list(desk.states().values()) == ["applied"] * 1000
        assert desk.firm.differences("matters") == []
        history.check(desk.firm)
