"""The road from a proposed correction to Clio and back into the warehouse."""

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.errors import LedgerError
from pipelines.ledger.errors import (
    ApprovalLevelError,
    FourEyesError,
    GuardError,
    PlanError,
    PlanRefusedError,
    StopSwitchError,
    UnresolvedError,
)
from pipelines.plan.approvers import run_policy
from pipelines.plan.guards import Limits
from pipelines.plan.review import ReviewAnswer
from pipelines.push.audit import run_verify
from pipelines.push.rebase import run_rebase
from pipelines.push.undo import run_undo
from sources.clio_simulator.faults import Forbidden, Html, Redirect, Reset, Status, TooMany
from sources.clio_simulator.store import OLD
from sources.clio_simulator.writes import Shown, Until
from tests.system.writing import Desk
from tests.tampering import unguarded


def colleague(desk: Desk, key: int, **fields: Any) -> None:
    """Let a colleague change a matter in Clio."""
    desk.firm.clio.changes.update("matters", key, fields)


def of(desk: Desk, key: int, name: str) -> Any:
    """Return a field of a matter as the server has it."""
    return desk.record("matters", key)[name]


def test_the_whole_road(desk: Desk, matter: int) -> None:
    """What another person approved is in Clio and in the warehouse, sent by one guarded PATCH."""
    before = desk.record("matters", matter)["etag"]
    desk.propose("matters", matter, "description=Settled", "client_reference=R-1")
    plan = desk.approved()
    dry = desk.push(plan, commit="")
    assert dry.exit_code == 0
    assert desk.patches == []

    outcome = desk.push(plan)
    assert outcome.exit_code == 0, outcome.errors
    now = desk.record("matters", matter)
    assert (now["description"], now["client_reference"]) == ("Settled", "R-1")
    assert [asked.if_match for asked in desk.firm.clio.writes] == [before]
    assert set(desk.states().values()) == {"applied"}
    assert desk.firm.differences("matters") == []
    assert desk.firm.query("select etag_before, etag_after from meta.echoes") == [
        (before, now["etag"])
    ]

    again = desk.push(plan)
    assert again.exit_code == 0
    assert len(desk.patches) == 1
    assert run_verify(desk.context("ana")).exit_code == 0


def test_a_colleague_is_not_overwritten(desk: Desk, matter: int) -> None:
    """A field that a colleague changed after the plan is a conflict, found before any PATCH."""
    (edit,) = desk.propose("matters", matter, "description=Ours")
    plan = desk.approved()
    colleague(desk, matter, description="Theirs")
    outcome = desk.push(plan)
    assert outcome.exit_code == 6
    assert desk.patches == []
    assert of(desk, matter, "description") == "Theirs"
    assert desk.rows("select state, base <> theirs, new_value, theirs from edits") == [
        ("conflicted", 1, '"Ours"', '"Theirs"')
    ]
    assert run_rebase(desk.context("ana"), [edit]).exit_code == 6
    assert desk.push(plan).exit_code == 6


@pytest.mark.long
def test_other_fields_moved(desk: Desk, matter: int) -> None:
    """Where only another field changed, the edit is offered anew and needs a new approval."""
    (edit,) = desk.propose("matters", matter, "description=Ours")
    first = desk.approved()
    colleague(desk, matter, client_reference="theirs")
    assert desk.push(first).exit_code == 6
    assert run_rebase(desk.context("ana"), [edit]).exit_code == 0
    assert desk.states() == {edit: "proposed"}
    assert desk.push(first).exit_code == 0
    assert desk.patches == []
    outcome = desk.push(desk.approved())
    assert outcome.exit_code == 0, outcome.errors
    assert of(desk, matter, "description") == "Ours"
    assert of(desk, matter, "client_reference") == "theirs"


def test_changed_between_reading_and_sending(desk: Desk, matter: int) -> None:
    """A change after our reading is answered 412: a conflict, and nothing was written."""
    desk.propose("matters", matter, "description=Ours")
    plan = desk.approved()
    desk.firm.clio.faults.add(
        Status(412, type="PreconditionFailed", message="x"), "matters/*", method="PATCH"
    )
    assert desk.push(plan).exit_code == 6
    assert len(desk.patches) == 1
    assert of(desk, matter, "description") != "Ours"


LOST: list[tuple[Any, bool]] = [
    (Reset(), True),
    (Reset(), False),
    (Status(503), True),
    (Status(504), False),
    (Html(), True),
    (Html(), False),
]


@pytest.mark.parametrize(("fault", "applied"), LOST, ids=str)
def test_a_lost_answer(desk: Desk, matter: int, fault: Any, applied: bool) -> None:
    """Whether a lost write was applied or not is found out; it has its effect exactly once."""
    (edit,) = desk.propose("matters", matter, "description=Ours")
    plan = desk.approved()
    desk.firm.clio.faults.add(fault, "matters/*", method="PATCH", applied=applied)
    outcome = desk.push(plan)
    assert outcome.exit_code == 0, outcome.errors
    assert desk.states() == {edit: "applied_observed" if applied else "applied"}
    assert len(desk.patches) == (1 if applied else 2)
    assert of(desk, matter, "description") == "Ours"


def test_never_seen_to_arrive(desk: Desk, matter: int) -> None:
    """After three attempts that nobody saw arrive, a person looks."""
    (edit,) = desk.propose("matters", matter, "description=Ours")
    plan = desk.approved()
    desk.firm.clio.faults.add(Status(503), "matters/*", method="PATCH", applied=False, times=None)
    assert desk.push(plan).exit_code == 6
    assert len(desk.patches) == 3
    assert desk.states() == {edit: "needs_human"}


@pytest.mark.long
def test_unknown_stops_everything(desk: Desk, matter: int) -> None:
    """While nobody can tell what became of a write nothing more is sent, also in the next run."""
    other = int(desk.firm.clio.dump("matters")[1]["id"])
    (first,) = desk.propose("matters", matter, "description=Ours")
    (second,) = desk.propose("matters", other, "description=Ours")
    plan = desk.approved()
    faults = desk.firm.clio.faults
    faults.add(Status(503), "matters/*", method="PATCH", applied=True)
    faults.add(Forbidden(), "matters/*", method="GET", times=None)
    outcome = desk.push(plan)
    assert outcome.exit_code == 6
    assert outcome.errors[0][1].code == "unresolved"
    assert desk.states() == {first: "unknown", second: "approved"}
    with pytest.raises(UnresolvedError):
        desk.push(plan)
    assert len(desk.patches) == 1
    faults.clear()
    assert desk.push(plan).exit_code == 0
    assert desk.states() == {first: "applied_observed", second: "applied"}
    assert len(desk.patches) == 2


def test_put_off(desk: Desk, matter: int) -> None:
    """A 429 is waited out; the same request follows, and has its effect once."""
    (edit,) = desk.propose("matters", matter, "description=Ours")
    plan = desk.approved()
    desk.firm.clio.faults.add(TooMany("3"), "matters/*", method="PATCH")
    outcome = desk.push(plan)
    assert outcome.exit_code == 0, outcome.errors
    assert desk.states() == {edit: "applied"}
    assert desk.rows("select outcome from attempts order by seq") == [("deferred",), ("applied",)]


@pytest.mark.parametrize("fault", [Status(422), Forbidden(), Redirect()], ids=str)
def test_refused_for_good(desk: Desk, matter: int, fault: Any) -> None:
    """What Clio refuses fails alone: the other records are sent. The same push again sends nothing
    and ends as it did: what failed did not get better.
    """
    other = int(desk.firm.clio.dump("matters")[1]["id"])
    (first,) = desk.propose("matters", matter, "description=Ours")
    (second,) = desk.propose("matters", other, "description=Ours")
    plan = desk.approved()
    desk.firm.clio.faults.add(fault, f"matters/{matter}", method="PATCH")
    assert desk.push(plan).exit_code == 1
    assert desk.states() == {first: "failed", second: "applied"}
    sent = len(desk.patches)
    again = desk.push(plan)
    assert (again.exit_code, len(desk.patches)) == (1, sent)
    assert [error.code for _, error in again.errors] == ["edit_failed"]


def test_accepted_and_not_stored(desk: Desk, matter: int) -> None:
    """A value that Clio takes and does not keep is seen, and needs a person."""
    desk.propose("matters", matter, "description=Ours")
    plan = desk.approved()
    desk.firm.clio.switches.ignored_fields.add("matters.description")
    assert desk.push(plan).exit_code == 6
    assert desk.rows("select state, note from edits") == [
        ("needs_human", "Clio accepted it and did not store it")
    ]


def test_written_in_its_own_way(desk: Desk, matter: int) -> None:
    """A value that Clio trims is applied."""
    desk.propose("matters", matter, "description= Ours ")
    plan = desk.approved()
    desk.firm.clio.switches.normalise.add("trim")
    assert desk.push(plan).exit_code == 0
    assert desk.rows("select state from edits") == [("applied",)]


def test_gone(desk: Desk, matter: int) -> None:
    """A record that is gone is a conflict, found without a PATCH."""
    desk.propose("matters", matter, "description=Ours")
    plan = desk.approved()
    desk.firm.clio.changes.remove("matters", matter)
    assert desk.push(plan).exit_code == 6
    assert desk.patches == []
    assert desk.rows("select state, note from edits") == [
        ("conflicted", "the record is gone in Clio")
    ]


def test_three_conflicts_in_a_row_stop(desk: Desk) -> None:
    """Three records in a row that conflict end the push; the rest stays approved."""
    keys = [int(row["id"]) for row in desk.firm.clio.dump("matters")[:5]]
    for key in keys:
        desk.propose("matters", key, "description=Ours")
    plan = desk.approved()
    for key in keys:
        colleague(desk, key, description="Theirs")
    assert desk.push(plan).exit_code == 6
    assert sorted(desk.states().values()) == ["approved"] * 2 + ["conflicted"] * 3


@pytest.mark.long
def test_canary_and_stop_switch(desk: Desk) -> None:
    """A canary sends so many records; with the file STOP nothing is sent and all stays."""
    for row in desk.firm.clio.dump("matters")[:3]:
        desk.propose("matters", row["id"], "description=Ours")
    plan = desk.approved()
    (desk.firm.folder / "STOP").touch()
    with pytest.raises(StopSwitchError):
        desk.push(plan)
    (desk.firm.folder / "STOP").unlink()
    assert desk.patches == []
    assert desk.push(plan, canary=1).exit_code == 0
    assert len(desk.patches) == 1
    assert sorted(desk.states().values()) == ["applied", "approved", "approved"]
    assert desk.push(plan).exit_code == 0
    assert len(desk.patches) == 3


def _one_byte(desk: Desk, plan: str) -> None:
    path = desk.firm.folder / "plans" / f"{plan}.json"
    path.write_bytes(path.read_bytes().replace(b"Ours", b"0urs"))


@pytest.mark.parametrize(
    "change",
    [
        _one_byte,
        lambda desk, plan: _tamper(desk, "update events set body = replace(body, 'Ours', 'Yours')"),
        lambda desk, plan: _tamper(
            desk,
            "update events set body = replace(body, 'content_hash\":\"', 'content_hash\":\"0')",
        ),
    ],
    ids=["plan", "ledger", "approval"],
)
def test_what_was_changed_is_refused(
    desk: Desk, matter: int, change: Callable[[Desk, str], None]
) -> None:
    """One byte of the plan, one value in the ledger, one approval: refused without a request."""
    desk.propose("matters", matter, "description=Ours")
    plan = desk.approved()
    change(desk, plan)
    asked = len(desk.firm.clio.requests)
    with pytest.raises((PlanError, LedgerError)) as caught:
        desk.push(plan)
    assert caught.value.exit_code == 7
    assert len(desk.firm.clio.requests) == asked


def _tamper(desk: Desk, statement: str) -> None:
    with unguarded(desk.firm.folder) as database:
        database.execute(statement)


@pytest.mark.parametrize("name", ["ana", " ANA ", "\u0430na", "A\u200bna", "an\u00e4"])
def test_nobody_approves_their_own(desk: Desk, matter: int, name: str) -> None:
    """The author's own approval is refused in every spelling, unless the firm says otherwise: as
    a policy of the ledger, and of plans that are made under it.
    """
    desk.propose("matters", matter, "description=Ours")
    plan = str(desk.plan().results[0]["plan"])
    with pytest.raises(FourEyesError):
        desk.review(plan, by=name)
    assert set(desk.states().values()) == {"planned"}
    run_policy(desk.context(name), "off", "a firm of one")
    with pytest.raises(FourEyesError):
        desk.review(plan, by=name)
    plan = str(desk.plan(again=True).results[0]["plan"])
    assert desk.review(plan, by=name).exit_code == 0
    assert desk.rows("select level, approver from approvals") == [("off", name)]
    run_policy(desk.context(name), "asserted", "two of us now")
    with pytest.raises(ApprovalLevelError):
        desk.push(plan)
    assert desk.patches == []


def test_a_plan_for_elsewhere_or_too_old(desk: Desk, matter: int) -> None:
    """A plan that is too old is refused, and its edits can be planned anew."""
    desk.propose("matters", matter, "description=Ours")
    plan = desk.approved(Limits(expires_in=1))
    desk.firm.clio.clock.advance(7200)
    with pytest.raises(PlanRefusedError, match="valid until"):
        desk.push(plan)
    assert desk.patches == []
    assert desk.push(desk.approved()).exit_code == 0


def test_guards(desk: Desk) -> None:
    """Each limit stops a plan that goes past it, names its flag and leaves nothing behind."""
    rows = desk.firm.clio.dump("matters")[:2]
    for row in rows:
        filled = next(
            n for n in ("client_reference", "location", "close_date", "open_date") if row[n]
        )
        desk.propose("matters", row["id"], f"{filled}=<clear>", "description=Ours")
    with pytest.raises(GuardError, match="--allow-blank"):
        desk.plan()
    with pytest.raises(GuardError, match="--max-records"):
        desk.plan(Limits(allow_blank=True, max_records=len(rows) - 1))
    assert set(desk.states().values()) == {"proposed"}
    assert desk.plan(Limits(allow_blank=True)).exit_code == 0


@pytest.mark.long
def test_rejected(desk: Desk, matter: int) -> None:
    """A record of which an edit is rejected is not sent; what is left of it is planned anew."""
    first, second = desk.propose("matters", matter, "description=Ours", "client_reference=R-1")
    plan = str(desk.plan().results[0]["plan"])
    desk.review(plan, ReviewAnswer(("all",), (first,)))
    assert desk.states() == {first: "rejected", second: "approved"}
    assert desk.push(plan).exit_code == 0
    assert desk.patches == []
    assert desk.push(desk.approved()).exit_code == 0
    assert of(desk, matter, "client_reference") == "R-1"
    assert of(desk, matter, "description") != "Ours"


@pytest.mark.long
def test_undo(desk: Desk) -> None:
    """What still holds our value goes back by the same road; what a colleague changed stays."""
    keys = [int(row["id"]) for row in desk.firm.clio.dump("matters")[:2]]
    before = {key: of(desk, key, "description") for key in keys}
    for key in keys:
        desk.propose("matters", key, "description=Ours")
    plan = desk.approved()
    assert desk.push(plan).exit_code == 0
    colleague(desk, keys[1], description="Theirs")
    outcome = run_undo(desk.context("ana"), plan)
    assert [bool(row["edit_id"]) for row in outcome.results] == [True, False]
    assert desk.push(desk.approved()).exit_code == 0
    assert of(desk, keys[0], "description") == before[keys[0]]
    assert of(desk, keys[1], "description") == "Theirs"


@pytest.mark.long
def test_old_page_after_our_write(desk: Desk, matter: int) -> None:
    """Lists that show the version before our write again do not bring it back."""
    clio = desk.firm.clio
    old = {**clio.store["matters"].rows[matter], OLD: True}
    desk.propose("matters", matter, "description=Ours")
    assert desk.push(desk.approved()).exit_code == 0
    query = f"select description from raw_clio_manage.matters where id = {matter}"
    clio.world.later.old["matters", matter] = Shown(old, Until(), lists=True, items=False)
    loaded = desk.firm.load("matters", full=True)
    assert loaded.exit_code == 0, loaded.errors
    assert desk.firm.query(query) == [("Ours",)]
    clio.world.later.old.clear()
    colleague(desk, matter, description="Theirs")
    assert desk.firm.load("matters").exit_code == 0
    assert desk.firm.query(query) == [("Theirs",)]
