"""A column that is seen again while the walk that shows it does not come to its end."""

import pytest

from sources.clio_simulator.faults import Forbidden
from tests.system.conftest import NewFirm

NAME = "matters"


@pytest.mark.long
def test_walk_put_down_after_a_column_is_seen_again(new_firm: NewFirm) -> None:
    """What changed while nobody could see it is read all the same: the next walk is whole."""
    firm = new_firm()
    assert firm.load(NAME).exit_code == 0
    keys = sorted(firm.clio.store[NAME].rows)
    firm.clio.clock.advance(7200)
    firm.clio.switches.hidden_fields = {NAME: {"description"}}
    for key in keys[:3]:
        firm.clio.changes.update(NAME, key, {})
    firm.clio.changes.update(NAME, keys[-1], {"description": "changed"})
    assert firm.load(NAME).exit_code == 5
    firm.clio.clock.advance(7200)
    firm.load(NAME)
    firm.clio.clock.advance(7200)
    firm.clio.switches.hidden_fields = {}
    firm.clio.switches.limit_maximum = {NAME: 10}
    for key in keys[:30]:
        firm.clio.changes.update(NAME, key, {})
    firm.clio.faults.add(Forbidden(), NAME, page=2, times=None)
    assert firm.load(NAME).exit_code != 0
    firm.clio.faults.clear()
    assert firm.load(NAME).exit_code == 0
    assert firm.query("from meta.withheld") == []
    assert firm.differences(NAME) == []
