"""A contact that was merged away, whose address answers with the one that it was merged into."""

import pytest

from sources.clio_simulator.faults import Status
from tests.system.conftest import NewFirm
from tests.system.firm import Firm

NAME = "contacts"


def merged(new_firm: NewFirm) -> tuple[Firm, int, int]:
    """Load a firm, merge one contact into another, and give both ids."""
    firm = new_firm(merged_answers_survivor=True)
    assert firm.load(NAME).exit_code == 0
    loser, winner = sorted(firm.clio.store[NAME].rows)[:2]
    firm.clio.clock.advance(60)
    firm.clio.changes.merge(winner, loser)
    return firm, loser, winner


def test_merged_contact_is_gone(new_firm: NewFirm) -> None:
    """The sweep marks it as deleted, with the survivor as evidence, and ends with 0."""
    firm, loser, winner = merged(new_firm)
    outcome = firm.sweep(NAME)
    assert outcome.exit_code == 0, outcome.errors
    assert firm.query("select record_id, evidence from meta.tombstones") == [
        (str(loser), f"answers as {winner}")
    ]
    assert firm.live_differences(NAME) == []
    assert firm.certificate(NAME)["status"] == "ok"


@pytest.mark.parametrize("status", [404, 500])
def test_survivor_that_does_not_answer_proves_nothing(new_firm: NewFirm, status: int) -> None:
    """Where the other record is not to be had by its own id, nothing is marked: exit 4."""
    firm, _, winner = merged(new_firm)
    firm.clio.faults.add(Status(status), f"{NAME}/{winner}", times=None)
    assert firm.sweep(NAME).exit_code == 4
    assert firm.buried(NAME) == set()
