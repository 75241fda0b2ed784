"""What happens while a push is under way, or between two looks at the ledger."""

import json
from collections.abc import Callable

import pytest
from starlette.responses import Response

from pipelines.edits.listing import run_withdraw
from pipelines.ledger.errors import PlanRefusedError, StopSwitchError
from pipelines.ledger.ledger import Entry, Ledger
from pipelines.plan import outcomes, review
from pipelines.plan.approvers import run_policy
from pipelines.plan.four_eyes import Person
from pipelines.plan.guards import Limits
from pipelines.plan.review import ReviewAnswer
from pipelines.push import recovery
from pipelines.push.command import run_push
from sources.clio_http.clock import SystemClock
from sources.clio_simulator import SimulatedClock, When
from sources.clio_simulator.faults import Action, Reset, TooMany, Unauthorized
from sources.errors import SignInNeededError
from tests.system.firm import QuickClock
from tests.system.plain_engine import CrashError
from tests.system.writing import APPROVER, Desk

OURS = "Ours"


@pytest.fixture
def desk(quick_desk: Desk) -> Desk:
    """Return a firm whose people correct records."""
    return quick_desk


@pytest.fixture
def matters(desk: Desk) -> list[int]:
    """Return the ids of three matters."""
    return [int(row["id"]) for row in desk.firm.clio.dump("matters")[:3]]


def proposed(desk: Desk, keys: list[int]) -> list[str]:
    """Propose a new description of matters; gives the edits."""
    return [edit for key in keys for edit in desk.propose("matters", key, f"description={OURS}")]


class Then(Action):
    """Do something once a request was answered, before its answer arrives."""

    act: Callable[[], object]

    def after(self, response: Response, clock: SimulatedClock) -> Response:
        """Leave the answer as it is."""
        self.act()
        return response


def test_rejected_while_others_are_sent(desk: Desk, matters: list[int]) -> None:
    """An edit that is rejected while another is under way is not sent, and the push ends there."""
    edits = proposed(desk, matters)
    plan = desk.approved()
    reject = Then(lambda: desk.review(plan, ReviewAnswer(reject=(edits[1],))))
    desk.firm.clio.faults.add(reject, f"matters/{matters[0]}", method="PATCH")
    outcome = desk.push(plan)
    assert [type(error) for _, error in outcome.errors] == [PlanRefusedError]
    assert outcome.exit_code == 5
    assert [desk.states()[edit] for edit in edits] == ["applied", "rejected", "approved"]
    assert len(desk.patches) == 1
    assert desk.push(plan).exit_code == 0
    assert [desk.states()[edit] for edit in edits] == ["applied", "rejected", "applied"]
    assert desk.record("matters", matters[1])["description"] != OURS


@pytest.mark.parametrize("change", ["approved anew", "policy"])
def test_approvals_that_change_while_others_are_sent(
    desk: Desk, matters: list[int], change: str
) -> None:
    """An approval, or a policy, that is newer than the push has not been looked at: nothing of it
    leaves before the next push has.
    """
    edits = proposed(desk, matters)
    plan = desk.approved()

    def meanwhile() -> None:
        if change == "policy":
            run_policy(desk.context(APPROVER), "asserted", "said once more")
        else:
            desk.review(plan, ReviewAnswer(reject=(edits[1],)))
            with Ledger.open(desk.firm.folder, SystemClock()) as ledger:
                ((body, full),) = ledger.rows(
                    "select body, plan_hash from events where kind = 'edit_approved'"
                    " and edit_id = ?",
                    [edits[1]],
                )
                ledger.record("x", Entry("edit_approved", json.loads(body), edits[1], full))

    desk.firm.clio.faults.add(Then(meanwhile), f"matters/{matters[0]}", method="PATCH")
    outcome = desk.push(plan)
    assert [type(error) for _, error in outcome.errors] == [PlanRefusedError]
    assert len(desk.patches) == 1
    assert desk.push(plan).exit_code == 0
    assert len(desk.patches) == 3


def test_withdrawn_while_it_is_approved(
    desk: Desk, matters: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit that is withdrawn between an approver's look and word stays withdrawn."""
    (edit,) = proposed(desk, matters[:1])
    plan = str(desk.plan().results[0]["plan"])

    def withdrawing(_: object) -> Person:
        run = desk.context(APPROVER)
        run_withdraw(run, [edit], "settled")
        return Person(APPROVER)

    monkeypatch.setattr(review, "person", withdrawing)
    with pytest.raises(PlanRefusedError):
        desk.review(plan)
    assert desk.states() == {edit: "withdrawn"}
    assert desk.push(plan).exit_code == 0
    assert desk.patches == []


def test_token_refused_in_the_midst(desk: Desk, matters: list[int]) -> None:
    """A token that ends before a PATCH ends the push with 3; what was approved stays so, and is
    sent once somebody has signed in again.
    """
    edits = proposed(desk, matters)
    plan = desk.approved()
    desk.firm.clio.faults.add(Unauthorized(), f"matters/{matters[1]}", method="PATCH")
    outcome = desk.push(plan)
    assert [type(error) for _, error in outcome.errors] == [SignInNeededError]
    assert outcome.exit_code == 3
    assert [desk.states()[edit] for edit in edits] == ["applied", "approved", "approved"]
    assert len(desk.patches) == 2
    assert desk.push(plan).exit_code == 0
    assert set(desk.states().values()) == {"applied"}
    assert len(desk.patches) == 4


class Stopping(QuickClock):
    """A clock on which somebody makes the file STOP while the rate limit is waited for."""

    def __init__(self, desk: Desk) -> None:
        """Take the desk whose pushes are to stop."""
        super().__init__()
        self._stop_file = desk.firm.folder / "STOP"

    def sleep(self, seconds: float) -> None:
        """Make the file."""
        self._stop_file.touch()
        super().sleep(seconds)


def test_stopped_while_waiting_for_leave(desk: Desk, matters: list[int]) -> None:
    """The file STOP counts as well where it is made while a PATCH waits for the rate limit."""
    (edit,) = proposed(desk, matters[:1])
    plan = desk.approved()
    desk.firm.clio.faults.add(TooMany("30"), "matters/*", method="PATCH")
    desk.clock = Stopping(desk)
    outcome = desk.push(plan)
    assert isinstance(outcome.errors[0][1], StopSwitchError)
    assert desk.states() == {edit: "approved"}
    assert len(desk.patches) == 1
    assert desk.rows("select outcome from attempts order by seq") == [("deferred",), ("unsent",)]


def test_killed_after_a_doubt_of_another_plan(
    desk: Desk, matters: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 412 after an attempt in doubt counts as seen, also where that attempt was of an earlier
    plan and the run died before the end was recorded.
    """
    (edit,) = proposed(desk, matters[:1])
    first = desk.approved()
    faults = desk.firm.clio.faults
    faults.add(Reset(), "matters/*", method="PATCH", applied=False)
    stop = desk.firm.folder / "STOP"
    faults.add(Then(stop.touch), f"matters/{matters[0]}", method="GET")
    assert desk.push(first).exit_code == 5
    stop.unlink()
    second = desk.approved(Limits(expires_in=23), again=True)
    assert second != first
    when = When.before_request("PATCH", "matters", matters[0])
    desk.firm.clio.changes.update("matters", matters[0], {"description": OURS}, when=when)

    def dies(*_: object) -> None:
        raise CrashError

    with monkeypatch.context() as patched:
        patched.setattr(recovery, "conclude", dies)
        with pytest.raises(CrashError):
            run_push(desk.context(APPROVER), second, second)
    assert desk.states() == {edit: "in_flight"}
    assert desk.push(second).exit_code == 0
    assert desk.rows("select state, note from edits") == [("applied_observed", outcomes.SEEN)]
