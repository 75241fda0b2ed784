"""What Clio has deleted is confirmed, marked once, kept, and revived when it comes back."""

from typing import Any

import pytest

from sources.clio_simulator.changes import When
from sources.clio_simulator.faults import Status
from tests.system.conftest import NewFirm
from tests.system.firm import CATALOG, RAW, Firm

pytestmark = pytest.mark.long

LONG = pytest.mark.long


def tombstones(firm: Firm, name: str) -> list[tuple[Any, ...]]:
    """Return key, evidence and whether it was revived of each tombstone of a collection."""
    return firm.query(
        "select record_id, evidence, revived_at is not null from meta.tombstones"
        " where resource = $1 order by detected_at, record_id",
        name,
    )


EVIDENCE = {
    "tasks": "not found by its id",
    "line_items": "not found by ids[]",
    "internal_notifications_my_events": "absent from a second complete walk",
    "billable_clients": "absent from a second complete walk",
}


def stop_billing(firm: Firm) -> int:
    """Let a client have nothing left to be billed, so that it leaves the billable clients."""
    matters = firm.clio.store["matters"].rows
    rows = firm.clio.store["activities"].rows
    client = int(min(key for (key,) in firm.stored("billable_clients")))
    for key in [k for k, row in rows.items() if matters[row["matter"]]["client"] == client]:
        firm.clio.changes.update("activities", key, {"non_billable": True}, silent=True)
    return client


def test_each_way_of_confirming(firm: Firm) -> None:
    """A ghost is confirmed by its own address; where there is none by `ids[]`; where there is not
    even that by a second complete walk. Each leaves its evidence.
    """
    firm.load(*EVIDENCE)
    gone = {"billable_clients": stop_billing(firm)}
    for name in EVIDENCE.keys() - gone.keys():
        gone[name] = min(firm.clio.store[name].rows)
        firm.clio.changes.remove(name, gone[name])
    keys = {name: str(key) for name, key in gone.items()}
    events = "internal_notifications_my_events"
    keys[events] = next(
        str(key) for (key,) in firm.stored(events) if (key,) not in firm.served(events)
    )
    outcome = firm.sweep(*EVIDENCE)
    assert outcome.exit_code == 0, outcome.errors
    found = {name: tombstones(firm, name) for name in EVIDENCE}
    assert found == {name: [(keys[name], EVIDENCE[name], False)] for name in EVIDENCE}
    assert firm.live_differences(*EVIDENCE) == []
    requests = {row["resource"]: row["requests"] for row in outcome.results}
    pages = {"tasks": 1, "line_items": 2, events: 1, "billable_clients": 2}
    again = {"tasks": 1, "line_items": 1, events: 1, "billable_clients": 2}
    assert requests == {name: pages[name] + again[name] for name in EVIDENCE}


@pytest.mark.parametrize(
    "name",
    [
        "tasks",
        pytest.param("line_items", marks=LONG),
        pytest.param("internal_notifications_my_events", marks=LONG),
    ],
)
def test_row_that_the_second_reading_shows_is_kept(firm: Firm, name: str) -> None:
    """A row that the list did not show but that is there when asked for is no ghost: it is stored
    as it is now, and the two sides are equal.
    """
    firm.load(name)
    key = min(firm.clio.store[name].rows)
    last = -(-len(firm.clio.store[name].rows) // 200)
    firm.clio.changes.hide(name, key, when=When.before(name, 1))
    firm.clio.changes.restore(name, key, when=When.after(name, last))
    if name == "tasks":
        firm.clio.changes.update(name, key, {"name": "new"}, when=When.after(name, last))
    assert firm.sweep(name).exit_code == 0
    assert tombstones(firm, name) == []
    assert firm.differences(name) == []
    proof = firm.certificate(name)
    assert (proof["status"], proof["ghost"], proof["undecided"]) == ("ok", 0, 0)


def test_row_that_may_not_be_seen_stays(firm: Firm) -> None:
    """Refused, a confirmation decides nothing: the row stays, the certificate says so, and exit
    code 4 asks for another sweep; what else was absent is decided.
    """
    firm.load("tasks")
    key, gone = sorted(firm.clio.store["tasks"].rows)[:2]
    firm.clio.changes.remove("tasks", gone)
    firm.clio.changes.hide("tasks", key)
    firm.clio.switches.hidden_answer = 403
    outcome = firm.sweep("tasks")
    assert [(name, e.code) for name, e in outcome.errors] == [("tasks", "undecided")]
    assert outcome.exit_code == 4
    assert firm.buried("tasks") == {str(gone)}
    proof = firm.certificate("tasks")
    assert (proof["status"], proof["ghost"], proof["undecided"]) == ("unequal", 1, 1)
    firm.clio.changes.restore("tasks", key)
    assert firm.sweep("tasks").exit_code == 0
    assert firm.live_differences("tasks") == []


def test_token_that_ran_out_meanwhile(firm: Firm) -> None:
    """Nothing is marked or certified, and the next sweep asks that question alone."""
    firm.load("tasks")
    key = min(firm.clio.store["tasks"].rows)
    firm.clio.changes.remove("tasks", key)
    firm.clio.faults.add(Status(401), f"tasks/{key}", times=None)
    assert firm.sweep("tasks").exit_code == 3
    assert firm.query("select count(*) from meta.certificates") == [(0,)]
    assert tombstones(firm, "tasks") == []
    firm.clio.faults.clear()
    since = len(firm.clio.requests)
    assert firm.sweep("tasks").exit_code == 0
    assert len(firm.clio.requests) - since == 2
    assert firm.buried("tasks") == {str(key)}
    assert firm.live_differences("tasks") == []


def test_record_that_cannot_be_reached(firm: Firm) -> None:
    """It is kept and undecided, the certificate says so, and another sweep decides."""
    firm.load("tasks")
    key = min(firm.clio.store["tasks"].rows)
    firm.clio.changes.remove("tasks", key)
    firm.clio.faults.add(Status(500), f"tasks/{key}", times=None)
    assert firm.sweep("tasks").exit_code == 4
    proof = firm.certificate("tasks")
    assert (proof["status"], proof["undecided"], tombstones(firm, "tasks")) == ("unequal", 1, [])
    firm.clio.faults.clear()
    assert firm.sweep("tasks").exit_code == 0
    assert firm.buried("tasks") == {str(key)}


def test_record_that_is_answered_with_410(firm: Firm) -> None:
    """410 is as good as 404: the list was read with the same version."""
    firm.load("tasks")
    key = min(firm.clio.store["tasks"].rows)
    firm.clio.changes.remove("tasks", key)
    firm.clio.faults.add(Status(410), f"tasks/{key}", times=None)
    assert firm.sweep("tasks").exit_code == 0
    assert firm.buried("tasks") == {str(key)}


def test_tombstone_is_written_once_and_opened_again(firm: Firm) -> None:
    """A deleted row has one tombstone however often it is swept; it is revived when a load shows
    the record again, and deleted anew it gets a second one.
    """
    firm.load("tasks")
    key = min(firm.clio.store["tasks"].rows)
    found = (str(key), "not found by its id")
    firm.clio.changes.remove("tasks", key)
    for _ in range(2):
        assert firm.sweep("tasks").exit_code == 0
        assert tombstones(firm, "tasks") == [(*found, False)]
    assert firm.certificate("tasks")["ghost"] == 0
    firm.clio.changes.undelete("tasks", key)
    firm.load("tasks")
    assert tombstones(firm, "tasks") == [(*found, True)]
    assert firm.differences("tasks") == []
    firm.clio.changes.remove("tasks", key)
    firm.clio.clock.advance(60)
    assert firm.sweep("tasks").exit_code == 0
    assert tombstones(firm, "tasks") == [(*found, True), (*found, False)]


def test_record_that_comes_back_as_it_was_is_revived_by_a_sweep(firm: Firm) -> None:
    """Brought back with its old stamp a record is beyond a load's reach, not beyond a sweep's."""
    firm.load("tasks")
    key = min(firm.clio.store["tasks"].rows)
    firm.clio.changes.remove("tasks", key)
    firm.sweep("tasks")
    firm.clio.changes.undelete("tasks", key, silent=True)
    firm.load("tasks")
    assert firm.buried("tasks") == {str(key)}
    assert firm.sweep("tasks").exit_code == 0
    assert firm.buried("tasks") == set()
    assert firm.differences("tasks") == []
    assert firm.certificate("tasks")["status"] == "ok"


def test_deleted_row_stays_and_is_in_the_history(firm: Firm) -> None:
    """Nothing leaves the raw table; where a history is kept, it has the row that was deleted,
    with the moment, once.
    """
    firm.load("matters")
    key = min(firm.clio.store["matters"].rows)
    described = firm.stored("matters")[key,]["description"]
    firm.clio.changes.remove("matters", key)
    for _ in range(2):
        assert firm.sweep("matters").exit_code == 0
    assert firm.stored("matters")[key,]["description"] == described
    kept = firm.query(f"select description, _replaced_at from {RAW}.matters__versions")
    ((at,),) = firm.query("select detected_at from meta.tombstones")
    assert kept == [(described, at)]


def test_lists_of_a_deleted_parent_are_deleted_with_it(new_firm: NewFirm) -> None:
    """Contacts that a deleted matter's list held get their tombstones with it; the next load no
    longer asks for them, and a matter that comes back brings them back.
    """
    firm = new_firm(matters=6)
    firm.load("matters", "matter_contacts")
    key = min(firm.clio.store["matters"].rows)
    owned = {f"{m},{c},{r}" for m, c, r in firm.stored("matter_contacts") if m == key}
    firm.clio.changes.remove("matters", key)
    assert firm.sweep("matters").exit_code == 0
    assert firm.buried("matter_contacts") == owned
    assert {e for _, e, _ in tombstones(firm, "matter_contacts")} == {"its parent is gone"}
    assert firm.live_differences("matter_contacts") == []
    since = len(firm.clio.requests)
    firm.load("matter_contacts")
    assert f"/api/v4/matters/{key}/contacts.json" not in {
        asked.path for asked in firm.clio.requests[since:]
    }
    firm.clio.changes.undelete("matters", key)
    assert firm.load("matters", "matter_contacts").exit_code == 0
    assert firm.buried("matter_contacts") == set()
    assert firm.differences("matter_contacts") == []


def test_entry_that_left_a_parents_list(new_firm: NewFirm) -> None:
    """A contact taken off a matter gets a tombstone from the walk of that matter's list, after a
    second reading; a list that could not be read says nothing.
    """
    firm = new_firm(matters=6)
    firm.load("matters", "matter_contacts")
    relation = min(firm.clio.store["relationships"].rows.values(), key=lambda row: row["matter"])
    matter, contact = relation["matter"], relation["contact"]
    firm.clio.changes.remove("relationships", relation["id"])
    firm.clio.faults.add(Status(500), f"matters/{matter}/contacts", times=None)
    assert firm.load("matter_contacts").exit_code == 4
    assert firm.buried("matter_contacts") == set()
    firm.clio.faults.clear()
    firm.clio.clock.advance(3601)  # a list that failed is asked for again after an hour
    assert firm.load("matter_contacts").exit_code == 0
    found = tombstones(firm, "matter_contacts")
    key = f"{matter},{contact},{relation['id']}"
    assert found == [(key, "absent from a second complete walk", False)]
    assert firm.live_differences("matter_contacts") == []


def test_merged_contact(firm: Firm) -> None:
    """A22: the contact that was merged into another has a tombstone, and whatever pointed at it
    points at the other.
    """
    names = ("contacts", "matters", "relationships")
    firm.load(*names)
    winner, loser = sorted(firm.clio.store["contacts"].rows)[:2]
    firm.clio.switches.merge_moves_children = False
    firm.clio.changes.merge(winner, loser)
    assert firm.load(*names).exit_code == 0
    assert firm.sweep(*names).exit_code == 0
    assert firm.buried("contacts") == {str(loser)}
    assert firm.live_differences(*names) == []
    assert firm.query(f"select count(*) from {RAW}.matters where client__id = $1", loser) == [(0,)]


def marker_of(name: str, moment: int) -> dict[str, Any]:
    """Return the value with which a collection marks a record as deleted."""
    marker = CATALOG.loaded[name].deletion_marker
    kind = next(c.type for c in CATALOG.loaded[name].columns if c.name == marker)
    return {marker: {"BOOLEAN": True, "DATE": "2026-03-31"}.get(kind, moment)}


def test_records_that_clio_marks_as_deleted_itself(firm: Firm) -> None:
    """A document in the trash, a voided allocation, a deleted custom field and the like are still
    there: loads bring the mark, and no sweep takes them for gone.
    """
    names = [name for name, collection in CATALOG.loaded.items() if collection.deletion_marker]
    assert {"documents", "folders", "custom_fields", "task_types", "allocations"} <= {*names}
    firm.load(*names)
    firm.clio.clock.advance(60)
    keys = {}
    for name in names:
        marker = CATALOG.loaded[name].deletion_marker
        rows = firm.clio.store[name].rows.values()
        keys[name] = next(row["id"] for row in rows if not row.get(marker))
        moment = firm.clio.clock.now() // 1000 * 1000
        firm.clio.changes.update(name, keys[name], marker_of(name, moment))
    assert firm.load(*names).exit_code == 0
    assert firm.sweep(*names).exit_code == 0
    for name, key in keys.items():
        assert firm.stored(name)[key,][CATALOG.loaded[name].deletion_marker]
    assert firm.query("select count(*) from meta.tombstones") == [(0,)]
    assert firm.differences(*names) == []
    assert firm.query("select distinct status, healed from meta.certificates") == [("ok", 0)]
