"""The fault list of the way back, by number; each history is judged at its end as well."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from pipelines.errors import BusyError, LedgerError
from pipelines.ledger.canonical import sha256
from pipelines.ledger.errors import PlanRefusedError, StopSwitchError
from pipelines.ledger.ledger import HEAD, Entry, Ledger, link
from pipelines.plan import outcomes, plan_file
from pipelines.push.audit import run_verify
from pipelines.push.command import run_push
from pipelines.warehouse import writer_lock
from sources.clio_http.clock import SystemClock
from sources.clio_simulator import SimulatedClock, When
from sources.clio_simulator.faults import Action, Again, Cut, Reset, Stale, Status
from sources.errors import WriteRefusedError
from tests.system import history
from tests.system.writing import APPROVER, AUTHOR, Desk
from tests.tampering import unguarded

pytestmark = pytest.mark.long

OURS, THEIRS = "Ours", "Theirs"


@pytest.fixture
def desk(quick_desk: Desk) -> Desk:
    """Return a firm whose people correct records."""
    return quick_desk


@pytest.fixture
def matter(desk: Desk) -> int:
    """Return the id of a matter."""
    return int(desk.firm.clio.dump("matters")[0]["id"])


def ready(desk: Desk, *keys: int) -> str:
    """Plan and approve a new description of matters; gives the plan."""
    for key in keys:
        desk.propose("matters", key, f"description={OURS}")
    return desk.approved()


def colleague(desk: Desk, key: int, when: When | None = None, **fields: Any) -> None:
    """Let a colleague change a matter in Clio."""
    desk.firm.clio.changes.update("matters", key, fields, when=when)


def now(desk: Desk, key: int) -> Any:
    """Return the description that the server has."""
    return desk.record("matters", key)["description"]


def ends(desk: Desk) -> list[tuple[str, str]]:
    """Return state and note of every edit."""
    return desk.rows("select state, note from edits order by edit_id")


def applied(desk: Desk) -> int:
    """Count the writes that had an effect."""
    return sum(one.applied for one in desk.firm.clio.writes)


def test_w3_changed_between_reading_and_writing(desk: Desk, matter: int) -> None:
    """W3: a colleague who writes after our reading and before our PATCH is not overwritten."""
    plan = ready(desk, matter)
    when = When.before_request("PATCH", "matters", matter)
    colleague(desk, matter, when, description=THEIRS)
    assert desk.push(plan).exit_code == 6
    assert (now(desk, matter), applied(desk)) == (THEIRS, 0)
    assert ends(desk) == [("conflicted", outcomes.BOTH)]


def test_w6_delayed_copy(desk: Desk, matter: int) -> None:
    """W6: a copy of the lost PATCH that lands after our retry is refused by its tag."""
    plan = ready(desk, matter)
    faults = desk.firm.clio.faults
    faults.add(Again(requests=2), "matters/*", method="PATCH")
    faults.add(Reset(), "matters/*", method="PATCH", applied=False)
    assert desk.push(plan).exit_code == 0
    assert [(w.status, w.applied, bool(w.again)) for w in desk.firm.clio.writes] == [
        (200, False, False),
        (200, True, False),
        (412, False, True),
    ]
    assert ends(desk) == [("applied", "")]


@pytest.mark.parametrize("content_etags", [False, True])
def test_w7_w27_applied_and_put_back(desk: Desk, matter: int, *, content_etags: bool) -> None:
    """W7, W27: a lost write that was applied and put back by a person is not applied again; where
    etags are made of contents, so that the old one is back, `updated_at` tells.
    """
    desk.firm.clio.switches.content_etags = content_etags
    base = now(desk, matter)
    plan = ready(desk, matter)
    desk.firm.clio.faults.add(Cut(), "matters/*", method="PATCH", applied=True)
    when = When.after_request("PATCH", "matters", matter)
    colleague(desk, matter, when, description=base)
    assert desk.push(plan).exit_code == 6
    assert (now(desk, matter), applied(desk), len(desk.patches)) == (base, 1, 1)
    assert ends(desk) == [("conflicted", outcomes.REVERTED)]


def test_w8_refused_after_a_doubt(desk: Desk, matter: int) -> None:
    """W8: a 412 after an attempt that nobody saw arrive is looked into: it was applied."""
    plan = ready(desk, matter)
    faults = desk.firm.clio.faults
    faults.add(Stale(requests=1, items=True), "matters/*", method="PATCH", nth=1)
    faults.add(Reset(), "matters/*", method="PATCH", nth=1, applied=True)
    assert desk.push(plan).exit_code == 0
    assert [w.status for w in desk.firm.clio.writes] == [200, 412]
    assert ends(desk) == [("applied_observed", outcomes.SEEN)]


@pytest.mark.parametrize("again", ["push", "plan"])
def test_late_effect_of_what_was_stopped(desk: Desk, matter: int, again: str) -> None:
    """A lost write that lands after the push was stopped counts as seen in the next push, or in
    the next plan: it was sent, and is not called a value that was there already.
    """
    plan = ready(desk, matter)
    faults = desk.firm.clio.faults
    faults.add(Again(requests=3), "matters/*", method="PATCH", nth=1)
    faults.add(Reset(), "matters/*", method="PATCH", nth=1, applied=False)
    faults.add(Stop(desk.firm.folder), f"matters/{matter}", method="GET")
    assert desk.push(plan).errors[0][1].code == "stop_switch"
    assert ends(desk) == [("approved", "")]
    (desk.firm.folder / "STOP").unlink()
    while now(desk, matter) != OURS:
        desk.firm.load("matters")
    if again == "plan":
        desk.plan(again=True)
    else:
        assert desk.push(plan).exit_code == 0
    assert ends(desk) == [("applied_observed", outcomes.SEEN)]
    assert applied(desk) == 1


def test_refused_after_a_doubt(desk: Desk, matter: int) -> None:
    """A refusal after an attempt in doubt does not make it failed where that attempt landed."""
    plan = ready(desk, matter)
    faults = desk.firm.clio.faults
    faults.add(Stale(requests=1, items=True), "matters/*", method="PATCH", nth=1)
    faults.add(Reset(), "matters/*", method="PATCH", nth=1, applied=True)
    faults.add(Status(422), "matters/*", method="PATCH", nth=2)
    assert desk.push(plan).exit_code == 0
    assert ends(desk) == [("applied_observed", outcomes.SEEN)]


@pytest.mark.parametrize(
    ("form", "state", "sent"),
    [
        ("weak", "invalid", 0),
        ("none", "invalid", 0),
        ("bare", "applied", 1),
        ("comma", "applied", 1),
    ],
)
def test_w13_odd_etags(desk: Desk, matter: int, form: str, state: str, sent: int) -> None:
    """W13: a tag is sent exactly as it was read; without a strong one nothing is planned."""
    desk.firm.clio.switches.etag_forms = {"matters": form}
    before = desk.record("matters", matter)["etag"]
    desk.propose("matters", matter, f"description={OURS}")
    outcome = desk.plan()
    if sent:
        plan = str(outcome.results[0]["plan"])
        desk.review(plan)
        assert desk.push(plan).exit_code == 0
    assert set(desk.states().values()) == {state}
    assert [one.if_match for one in desk.firm.clio.writes] == [before] * sent


def test_w15_written_in_its_own_way(desk: Desk) -> None:
    """W15: a value that Clio normalises is applied, with a note."""
    contact = next(one for one in desk.firm.clio.dump("contacts") if one["phone_numbers"])
    desk.firm.clio.switches.normalise.add("phone")
    phone = contact["phone_numbers"][0]["id"]
    desk.propose("contacts", contact["id"], f"phone_numbers[{phone}].number=(604) 555-0199")
    assert desk.push(desk.approved()).exit_code == 0
    assert ends(desk) == [("applied", outcomes.IN_ITS_WAY)]


@pytest.mark.parametrize("how", ["remove", "hide", "read_only"])
def test_w17_gone_or_no_permission(desk: Desk, matter: int, how: str) -> None:
    """W17: gone when the PATCH comes is a conflict; not allowed is a failure; neither is sent
    again.
    """
    plan = ready(desk, matter)
    clio, when = desk.firm.clio, When.before_request("PATCH", "matters", matter)
    if how == "read_only":
        clio.switches.read_only.add("matters")
    else:
        getattr(clio.changes, how)("matters", matter, when=when)
    found = desk.push(plan)
    expected = ("failed", 1) if how == "read_only" else ("conflicted", 6)
    assert (ends(desk)[0][0], found.exit_code) == expected
    assert (len(desk.patches), applied(desk)) == (1, 0)


def test_w19_two_terminals(desk: Desk, matter: int) -> None:
    """W19: while one push is at work the other is told so; the same plan again sends nothing."""
    plan = ready(desk, matter)
    with writer_lock(desk.firm.folder, "push", SystemClock().now()), pytest.raises(BusyError):
        desk.push(plan)
    assert desk.patches == []
    assert desk.push(plan).exit_code == 0
    assert desk.push(plan).exit_code == 0
    assert len(desk.patches) == 1


@pytest.mark.parametrize("what", ["account", "region", "host"])
def test_w20_plan_for_elsewhere(desk: Desk, matter: int, what: str) -> None:
    """W20: a plan for another account, region or host is refused before anything is sent."""
    plan = ready(desk, matter)
    path = plan_file.find(desk.firm.folder, plan)
    other: dict[str, Any] = {what: "elsewhere"}
    frozen = replace(plan_file.load(path), **other)
    forged(desk, frozen)
    with pytest.raises(PlanRefusedError, match=what):
        desk.push(frozen.short)
    assert desk.patches == []


def forged(desk: Desk, plan: plan_file.Plan) -> None:
    """Make files and events as whoever holds the data folder could: a plan that was approved."""
    path = plan_file.write(desk.firm.folder, plan)
    with Ledger.open(desk.firm.folder, SystemClock()) as ledger:
        edits = [edit.edit_id for edit in plan.edits]
        frozen = {"path": path.name, "edits": edits, "expires_at": plan.expires_at}
        said = {"approver": APPROVER, "login": "", "level": "asserted", "comment": ""}
        ledger.record(
            AUTHOR,
            Entry("plan_frozen", frozen, plan_hash=plan.hash),
            *(
                Entry("edit_approved", {**said, "content_hash": e.content}, e.edit_id, plan.hash)
                for e in plan.edits
            ),
        )


class Stop(Action):
    """Put the file STOP into a data folder once a request was answered."""

    folder: Path

    def after(self, response: Response, clock: SimulatedClock) -> Response:
        """Leave the answer as it is."""
        (self.folder / "STOP").touch()
        return response


def test_w21_kill_switch(desk: Desk) -> None:
    """W21: the file STOP, made after edit 3 of 10, leaves 3 applied and 7 approved."""
    keys = [int(row["id"]) for row in desk.firm.clio.dump("contacts")[:10]]
    for key in keys:
        desk.propose("contacts", key, f"ledes_client_id=L-{key}")
    plan = desk.approved()
    desk.firm.clio.faults.add(Stop(desk.firm.folder), "contacts/*", method="PATCH", nth=3)
    outcome = desk.push(plan)
    assert outcome.exit_code == 5
    assert isinstance(outcome.errors[0][1], StopSwitchError)
    assert sorted(desk.states().values()) == ["applied"] * 3 + ["approved"] * 7
    (desk.firm.folder / "STOP").unlink()
    assert desk.push(plan).exit_code == 0
    assert len(desk.patches) == 10


def test_w23_rules_that_were_narrowed(desk: Desk, matter: int) -> None:
    """W23: a field that the settings leave out by now is refused at the push, too."""
    plan = ready(desk, matter)
    run = desk.context(APPROVER)
    narrowed = replace(run, settings=replace(run.settings, writable=("tasks",)))
    with pytest.raises(PlanRefusedError):
        run_push(narrowed, plan, plan)
    assert desk.patches == []


@pytest.mark.parametrize(
    "change",
    [
        {"resource": "bills"},
        {"resource": "trust_line_items"},
        {"body": '{"data":{"description":"Ours","billing_method":"flat"}}'},
        {"body": '{"data":{"custom_rate":{"type":"FlatRate"}}}'},
        {"body": '{"data":{"description":"Theirs"}}'},
        {"etag": ""},
        {"etag": "*"},
    ],
    ids=str,
)
def test_w23_forged_plan(desk: Desk, matter: int, change: dict[str, Any]) -> None:
    """W23: even a plan that was forged with its events, so that every hash fits, cannot write
    money, another field than its edits', or without a tag.
    """
    plan = ready(desk, matter)
    true = plan_file.load(plan_file.find(desk.firm.folder, plan))
    record = replace(true.records[0], **change)
    record = replace(record, body_sha256=sha256(record.body))
    false = replace(true, records=(record,))
    forged(desk, false)
    if 'description":"Theirs' in change.get("body", ""):
        assert isinstance(desk.push(false.short).errors[0][1], PlanRefusedError)
    elif change.get("etag") is None:
        with pytest.raises(PlanRefusedError):
            desk.push(false.short)
    else:
        outcome = desk.push(false.short)
        assert outcome.exit_code == 6 or isinstance(outcome.errors[0][1], WriteRefusedError)
    assert desk.patches == []


def test_w26_old_page_in_our_own_reading(desk: Desk, matter: int) -> None:
    """W26: the list that we read right after our PATCH may show the old version; the warehouse
    keeps the newer one, or gets it with the next load.
    """
    plan = ready(desk, matter)
    desk.firm.clio.faults.add(Stale(requests=4), "matters/*", method="PATCH")
    assert desk.push(plan).exit_code == 0
    while desk.firm.clio.world.later.old:
        assert desk.firm.load("matters").exit_code == 0
    assert desk.firm.load("matters").exit_code == 0
    assert desk.firm.differences("matters") == []


def edited(rows: list[list[Any]]) -> list[list[Any]]:
    """Change the text of an event."""
    rows[0][6] = rows[0][6].replace(OURS, THEIRS)
    return rows


def swapped(rows: list[list[Any]]) -> list[list[Any]]:
    """Let two events change places."""
    rows[1][1:], rows[2][1:] = rows[2][1:], rows[1][1:]
    return rows


def rehashed(rows: list[list[Any]]) -> list[list[Any]]:
    """Change the first event and write every hash anew."""
    rows[0][2] = "mallory"
    before = ""
    for row in rows:
        row[7:] = [before, link(before, row[:7])]
        before = row[8]
    return rows


@pytest.mark.parametrize(
    "change",
    [edited, lambda rows: rows[:1] + rows[2:], swapped, lambda rows: rows[:-1], rehashed],
    ids=["edited", "dropped", "swapped", "cut", "rehashed"],
)
def test_o6_audit(
    desk: Desk, matter: int, change: Callable[[list[list[Any]]], list[list[Any]]]
) -> None:
    """O6: given the head that was kept, every way of changing the ledger is found."""
    desk.known = False
    plan = ready(desk, matter)
    assert desk.push(plan).exit_code == 0
    kept = str(run_verify(desk.context(AUTHOR)).results[0]["head"])
    assert run_verify(desk.context(AUTHOR), kept).exit_code == 0
    history.check(desk.firm)
    desk.firm.clio.writes.clear()
    with unguarded(desk.firm.folder) as database:
        rows = change([list(row) for row in database.execute("select * from events order by seq")])
        database.execute("delete from events")
        database.executemany("insert into events values (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    (desk.firm.folder / HEAD).unlink()
    assert run_verify(desk.context(AUTHOR), kept).exit_code == 7
    asked = len(desk.firm.clio.requests)
    with pytest.raises(LedgerError):
        desk.push(plan)
    assert desk.firm.clio.writes == []
    assert asked == len(desk.firm.clio.requests) or change is rehashed
    for path in desk.firm.folder.glob("ledger*"):
        path.unlink()
