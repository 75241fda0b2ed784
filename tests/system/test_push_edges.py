"""Edges of the way back that a bug could move without anything else noticing."""

import json
from pathlib import Path

import pendulum
import pytest

from pipelines.ledger.errors import PlanRefusedError
from pipelines.ledger.ledger import Entry, Ledger
from pipelines.plan.guards import Limits
from pipelines.plan.review import ReviewAnswer
from pipelines.push.rebase import run_rebase
from pipelines.push.undo import run_undo
from pipelines.reconcile.acceptance import ACCEPTED, acceptances
from sources.clio_http.clock import SystemClock
from sources.clio_simulator.faults import Status, TooMany
from tests.system.firm import QuickClock
from tests.system.writing import AUTHOR, Desk

pytestmark = pytest.mark.long


class Later(QuickClock):
    """A clock two hours on."""

    def now(self) -> pendulum.DateTime:
        """Return the time in two hours."""
        return super().now().add(hours=2)


def test_rebase_beside_an_open_edit(desk: Desk, matter: int) -> None:
    """An edit in conflict is not offered anew while its field has another open edit."""
    (first,) = desk.propose("matters", matter, "description=Ours")
    plan = desk.approved()
    desk.firm.clio.changes.update("matters", matter, {"location": "elsewhere"})
    assert desk.push(plan).exit_code == 6
    assert desk.states() == {first: "conflicted"}
    with Ledger.open(desk.firm.folder, SystemClock()) as ledger:
        ((text,),) = ledger.rows("select body from events where kind = 'edit_proposed'")
        ledger.record("cy", Entry("edit_proposed", json.loads(text), "another"))
    outcome = run_rebase(desk.context(AUTHOR), (first,))
    assert outcome.exit_code == 6
    assert "open edit, another" in outcome.text
    assert desk.states()[first] == "conflicted"


@pytest.mark.parametrize("later", [False, True])
def test_undo_of_what_clio_wrote_in_its_own_way(desk: Desk, later: bool) -> None:
    """What Clio made of our value is ours, and is put back; what a colleague wrote since is not,
    though it be letter by letter what we had sent.
    """
    desk.firm.clio.switches.normalise.add("email_case")
    row = next(one for one in desk.firm.clio.dump("contacts") if one["email_addresses"])
    mail = row["email_addresses"][0]
    field = f"email_addresses[{mail['id']}].address"
    desk.propose("contacts", row["id"], f"{field}=New.Person@Example.org")
    plan = desk.approved()
    assert desk.push(plan).exit_code == 0
    stored = desk.record("contacts", row["id"])["email_addresses"][0]["address"]
    assert stored == "new.person@example.org"
    if later:
        mails = [dict(one) for one in desk.record("contacts", row["id"])["email_addresses"]]
        mails[0]["address"] = "other@example.org"
        desk.firm.clio.changes.update("contacts", row["id"], {"email_addresses": mails})
    (found,) = run_undo(desk.context(AUTHOR), plan).results
    assert bool(found["edit_id"]) != later
    assert found["base"] == stored


def test_retry_after_is_kept(desk: Desk, matter: int) -> None:
    """A write that Clio puts off is sent again after as long as Clio asked, not before."""
    clock = QuickClock()
    desk.propose("matters", matter, "description=Ours")
    plan = desk.approved()
    desk.clock = clock
    desk.firm.clio.faults.add(TooMany("47"), "matters/*", method="PATCH")
    assert desk.push(plan).exit_code == 0
    assert max(clock.slept) >= 46


def test_doubts_are_counted_over_pushes(desk: Desk, matter: int) -> None:
    """A write whose fate is unknown is sent three times in all, however often the push is run."""
    desk.propose("matters", matter, "description=Ours")
    plan = desk.approved()
    faults = desk.firm.clio.faults
    faults.add(Status(503), "matters/*", method="PATCH", applied=False, times=None)
    for _ in range(3):
        desk.push(plan)
    assert len(desk.patches) == 3
    assert set(desk.states().values()) == {"needs_human"}


def test_expired_plan_is_not_approved(desk: Desk, matter: int) -> None:
    """A plan that is too old takes no approval, nor a rejection."""
    (edit,) = desk.propose("matters", matter, "description=Ours")
    plan = str(desk.plan(Limits(expires_in=1)).results[0]["plan"])

    desk.clock = Later()
    for answer in (None, ReviewAnswer((), (edit,))):
        with pytest.raises(PlanRefusedError, match="valid until"):
            desk.review(plan, answer)
    assert desk.states() == {edit: "planned"}


def test_newest_word_counts(desk: Desk, matter: int) -> None:
    """Approved, rejected: nothing is sent. The last word about an edit is the one that counts."""
    (edit,) = desk.propose("matters", matter, "description=Ours")
    plan = desk.approved()
    desk.review(plan, ReviewAnswer((), (edit,)))
    desk.push(plan)
    assert desk.patches == []


def test_newest_acceptance_counts(tmp_path: Path) -> None:
    """A difference that was accepted twice is accepted as the last one said."""
    with Ledger.open(tmp_path, SystemClock()) as ledger:
        for content, reason in (("a", "first"), ("b", "second")):
            body = {"difference": "d1", "content": content, "reason": reason}
            ledger.record("ana", Entry(ACCEPTED, body))
        found = acceptances(ledger)["d1"]
    assert (found.content, found.reason) == ("b", "second")
