"""The road from a proposed correction to Clio and back into the warehouse."""

from pipelines.errors import PlanError
from tests.system.conftest import NewFirm
from tests.system.writing import Desk

import pytest


@pytest.fixture
def desk(new_firm: NewFirm) -> Desk:
    """Give a small firm with matters, contacts and custom fields loaded."""
    firm = new_firm()
    loaded = firm.load("matters", "contacts", "custom_fields", "users", "tasks")
    assert loaded.exit_code == 0, loaded.errors
    return Desk(firm)


def test_the_whole_road(desk: Desk) -> None:
    """What another person approved is in Clio and in the warehouse, sent by one guarded PATCH."""
    matter = desk.firm.clio.dump("matters")[0]
    desk.propose("matters", matter["id"], "description=Settled", "client_reference=R-1")
    plan = desk.approved()
    dry = desk.push(plan, commit="")
    assert dry.exit_code == 0
    assert desk.patches == []

    outcome = desk.push(plan)
    assert outcome.exit_code == 0, outcome.errors
    (patch,) = desk.patches
    now = desk.record("matters", matter["id"])
    assert (now["description"], now["client_reference"]) == ("Settled", "R-1")
    assert set(desk.states().values()) == {"applied"}
    assert desk.firm.differences("matters") == []

    again = desk.push(plan)
    assert again.exit_code == 0
    assert len(desk.patches) == 1
