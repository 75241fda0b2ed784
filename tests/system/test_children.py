"""Child lists: one for each parent, those that changed first, then a slice of the rest."""

import pytest

from sources.clio_simulator.faults import Status
from sources.errors import ConfigurationError
from tests.system.conftest import NewFirm
from tests.system.firm import Firm

pytestmark = pytest.mark.long


def parents_asked(firm: Firm, since: int) -> list[int]:
    """Give the matters whose contacts were asked for, in order."""
    return [
        int(a.path.split("/")[-2])
        for a in firm.clio.requests[since:]
        if a.collection == "matter_contacts"
    ]


def test_every_parent_is_read_once_at_first(firm: Firm) -> None:
    """The first load reads the contacts of every matter; parents come before children."""
    outcome = firm.load("matters", "matter_contacts")
    assert outcome.exit_code == 0, outcome.errors
    assert sorted(parents_asked(firm, 0)) == sorted(firm.clio.store["matters"].rows)
    assert firm.differences("matter_contacts") == []


@pytest.mark.long
def test_changed_parent_comes_first_then_a_slice_of_the_rest(new_firm: NewFirm) -> None:
    """A later load reads the parents that changed and 200 of the others, the longest unread
    first; a budget bounds both and leaves exit code 0 and `complete: false`.
    """
    firm = new_firm(matters=230)
    assert firm.load("matters", "matter_contacts").exit_code == 0
    firm.clio.clock.advance(60)
    changed = max(firm.clio.store["matters"].rows)
    firm.clio.changes.update("matters", changed, {"description": "changed"})
    since = len(firm.clio.requests)
    firm.load("matters", "matter_contacts")
    asked = parents_asked(firm, since)
    assert len(asked) == 201
    assert asked[0] == changed
    firm.clio.clock.advance(60)
    since = len(firm.clio.requests)
    firm.load("matter_contacts", budget=29)
    assert sorted(parents_asked(firm, since)) == sorted(
        set(firm.clio.store["matters"].rows) - set(asked)
    )


def test_budget_of_a_first_load(firm: Firm) -> None:
    """A budget reads so many parents; the load is complete only when none is left unread."""
    outcomes = [firm.load("matters", "matter_contacts", budget=15) for _ in range(3)]
    children = [next(r for r in o.results if r["resource"] == "matter_contacts") for o in outcomes]
    assert [o.exit_code for o in outcomes] == [0, 0, 0]
    assert [row["requests"] for row in children] == [15, 15, 15]
    assert [row["complete"] for row in children] == [False, False, True]
    assert firm.differences("matter_contacts") == []


def test_child_walk_that_fails_is_gone_on_with(firm: Firm) -> None:
    """Parents read before an error are not read again; the rest follows with the next load, and
    the one that failed comes last.
    """
    firm.load("matters")
    keys = sorted(firm.clio.store["matters"].rows)
    firm.clio.faults.add(Status(500), f"matters/{keys[10]}/contacts", times=None)
    assert firm.load("matter_contacts").exit_code == 4
    firm.clio.faults.clear()
    since = len(firm.clio.requests)
    assert firm.load("matter_contacts").exit_code == 0
    assert parents_asked(firm, since)[: len(keys) - 10] == [*keys[11:], keys[10]]
    assert firm.differences("matter_contacts") == []


def test_lists_that_may_not_be_read_do_not_hold_up_the_others(firm: Firm) -> None:
    """Two matters whose contacts answer 403: all others are stored, the load says how many it may
    not read (exit 4), `status` counts them as not read, and once allowed they are read.
    """
    firm.load("matters")
    keys = sorted(firm.clio.store["matters"].rows)
    for key in keys[:2]:
        firm.clio.faults.add(Status(403), f"matters/{key}/contacts", times=None)
    for _ in range(2):
        outcome = firm.load("matter_contacts")
        assert outcome.exit_code == 4
        assert "2 of" in str(outcome.errors[0][1])
    read = firm.query(
        "select list(parent_id order by parent_id) from meta.parents_read where not failed"
    )
    assert read == [(keys[2:],)]
    owners = firm.query("select distinct matter_id from raw_clio_manage.matter_contacts")
    assert {owner for (owner,) in owners} <= set(keys[2:])
    firm.clio.faults.clear()
    assert firm.load("matter_contacts").exit_code == 0
    assert firm.differences("matter_contacts") == []


def test_collection_that_may_not_be_read_costs_few_requests(firm: Firm) -> None:
    """Where every list answers 403, three requests are enough to say so."""
    firm.load("matters")
    firm.clio.faults.add(Status(403), "matters/*/contacts", times=None)
    since = len(firm.clio.requests)
    assert firm.load("matter_contacts").exit_code == 4
    assert len(parents_asked(firm, since)) == 3


def test_parent_that_is_gone_does_not_stop_the_others(firm: Firm) -> None:
    """A matter that was deleted at Clio after it was stored is passed over."""
    firm.load("matters")
    firm.clio.changes.remove("matters", min(firm.clio.store["matters"].rows))
    outcome = firm.load("matter_contacts")
    assert outcome.exit_code == 0, outcome.errors
    assert firm.differences("matter_contacts") == []


def test_collection_that_is_switched_on_is_read(new_firm: NewFirm) -> None:
    """`on` reads a collection that is off by default; `off` leaves one out."""
    firm = new_firm(options={"on": ("matter_related_contacts",), "off": ("tasks",)})
    assert firm.load("matters", "matter_related_contacts").exit_code == 0
    assert firm.differences("matter_related_contacts") == []
    with pytest.raises(ConfigurationError, match="tasks is off"):
        firm.load("tasks")
    assert firm.asked("tasks") == []
