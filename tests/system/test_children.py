"""Child lists: one for each parent, those that changed first, then a slice of the rest."""

from dataclasses import dataclass

import pytest

from pipelines.operate.status import run_status
from sources.clio_simulator.faults import (
    Action,
    Forbidden,
    ForgetNext,
    Html,
    Shuffled,
    Status,
)
from sources.errors import ConfigurationError
from tests.system.conftest import NewFirm
from tests.system.firm import CATALOG, Firm, QuickClock

pytestmark = pytest.mark.long


def parents_asked(firm: Firm, since: int) -> list[int]:
    """Return the matters whose contacts were asked for, in order."""
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


def test_list_that_fails_costs_its_parent_alone(firm: Firm) -> None:
    """All other lists are stored; it is named, left alone for an hour, and then read."""
    firm.load("matters")
    keys = sorted(firm.clio.store["matters"].rows)
    firm.clio.faults.add(Status(500), f"matters/{keys[10]}/contacts", times=None)
    outcome = firm.load("matter_contacts")
    assert outcome.exit_code == 4
    assert f"of matters {keys[10]}: " in str(outcome.errors[0][1])
    assert set(parents_asked(firm, 0)) == set(keys)
    firm.clio.faults.clear()
    since = len(firm.clio.requests)
    assert firm.load("matter_contacts").exit_code == 0
    assert keys[10] not in parents_asked(firm, since)
    assert f"matters {keys[10]}" in firm.log.getvalue()
    firm.clio.clock.advance(3600)
    since = len(firm.clio.requests)
    assert firm.load("matter_contacts").exit_code == 0
    assert parents_asked(firm, since)[0] == keys[10]
    assert firm.differences("matter_contacts") == []


def test_lists_that_may_not_be_read_do_not_hold_up_the_others(firm: Firm) -> None:
    """Two matters whose contacts answer 403: all others are stored, the load says how many it may
    not read (exit 4), `status` counts them as not read, and once allowed they are read.
    """
    firm.load("matters")
    keys = sorted(firm.clio.store["matters"].rows)
    for key in keys[:2]:
        firm.clio.faults.add(Status(403), f"matters/{key}/contacts", times=None)
    outcome = firm.load("matter_contacts")
    assert outcome.exit_code == 4
    assert "2 of" in str(outcome.errors[0][1])
    firm.clio.clock.advance(3600)
    assert firm.load("matter_contacts").exit_code == 0
    assert "2 lists could not be read, the first since" in firm.log.getvalue()
    read = firm.query(
        "select list(parent_id order by parent_id) from meta.parents_read where not failed"
    )
    assert read == [(keys[2:],)]
    owners = firm.query("select distinct matter_id from raw_clio_manage.matter_contacts")
    assert {owner for (owner,) in owners} <= set(keys[2:])
    firm.clio.faults.clear()
    assert firm.load("matter_contacts", full=True).exit_code == 0
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


@dataclass(frozen=True)
class Odd:
    """A fault of the list of one parent: `nth` of that child collection, or else by its path."""

    action: Action
    child: str = "conversation_messages"
    path: str = ""


ODD = [
    pytest.param(Odd(Status(500), "matter_contacts", "matters/{}/contacts"), id="500"),
    pytest.param(Odd(Html(), "matter_contacts", "matters/{}/contacts"), id="unreadable"),
    pytest.param(Odd(Forbidden()), id="403"),
    pytest.param(Odd(Status(422)), id="422"),
    pytest.param(Odd(ForgetNext(whole_meta=True)), id="no-end"),
]


@pytest.mark.parametrize("odd", ODD)
def test_odd_list_costs_itself(firm: Firm, odd: Odd) -> None:
    """Whatever is wrong with one parent's list: those of all others are stored, that one is named,
    `status` does not count it as read, and once it is due it is read again.
    """
    parent = CATALOG.loaded[odd.child].parent
    assert parent is not None
    keys = sorted(firm.clio.store[parent.resource].rows)
    at = next(n for n, key in enumerate(keys) if n > 0 and children(firm, odd, key) > 1)
    assert firm.load(parent.resource).exit_code == 0
    nth = None if odd.path else at + 1
    path = odd.path.format(keys[at]) or odd.child
    firm.clio.faults.add(odd.action, path, nth=nth, times=None)
    outcome = firm.load(odd.child)
    ((name, error),) = outcome.errors
    assert (outcome.exit_code, name, error.code) == (4, odd.child, "unread")
    of = f"1 of {len(keys)} lists could not be read, of {parent.resource} {keys[at]}:"
    assert of in str(error)
    rows = {row["resource"]: row for row in run_status(firm.settings, QuickClock()).results}
    assert rows[name]["parents_read"] == len(keys) - 1
    assert rows[name]["parents"] == len(keys)
    owners = firm.query(f"select distinct {parent.column} from raw_clio_manage.{name}")
    assert keys[at] not in {owner for (owner,) in owners}
    firm.clio.faults.clear()
    firm.clio.clock.advance(3600)
    assert firm.load(parent.resource, name).exit_code == 0
    assert firm.differences(parent.resource, name) == []
    assert firm.query("from meta.unread") == []


def test_list_on_one_page_needs_no_order(firm: Firm) -> None:
    """However its rows are mixed, nothing can be lost between pages: all of it is stored."""
    firm.load("conversations")
    firm.clio.faults.add(Shuffled(), "conversation_messages", times=None)
    outcome = firm.load("conversation_messages")
    assert (outcome.exit_code, outcome.errors) == (0, [])
    assert firm.differences("conversation_messages") == []


def children(firm: Firm, odd: Odd, key: int) -> int:
    """Count the rows of one parent's list."""
    if odd.path:
        return 2
    rows = firm.clio.store[odd.child].rows.values()
    return sum(row.get("conversation") == key for row in rows)


def test_parents_are_asked_for_with_growing_pauses(firm: Firm) -> None:
    """A list that is never to be had is asked for after one hour, six more, and a day more, and
    each of these loads ends with 0.
    """
    firm.load("matters")
    key = min(firm.clio.store["matters"].rows)
    firm.clio.faults.add(Forbidden(), f"matters/{key}/contacts", times=None)
    assert firm.load("matter_contacts").exit_code == 4
    asked = []
    for hours in range(1, 34):
        firm.clio.clock.advance(3600)
        since = len(firm.clio.requests)
        assert firm.load("matter_contacts").exit_code == 0
        asked += [hours] if key in parents_asked(firm, since) else []
    assert asked == [1, 7, 31]


def test_service_that_goes_away_is_not_taken_for_bad_parents(firm: Firm) -> None:
    """Where every further list answers 500 the walk ends soon, and none of them is put off."""
    firm.load("matters")
    keys = sorted(firm.clio.store["matters"].rows)
    for key in keys[5:]:
        firm.clio.faults.add(Status(500), f"matters/{key}/contacts", times=None)
    outcome = firm.load("matter_contacts")
    assert (outcome.exit_code, outcome.errors[0][1].code) == (4, "unavailable")
    assert len(set(parents_asked(firm, 0))) == 15
    firm.clio.faults.clear()
    assert firm.load("matter_contacts").exit_code == 0
    assert firm.differences("matter_contacts") == []
