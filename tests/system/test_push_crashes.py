"""kill -9 in the midst of a push; the next start settles each edit to the truth at the server."""

import signal

import pytest

from pipelines.failpoints import PUSH_POINTS
from sources.clio_simulator.faults import Reset
from tests.system import history
from tests.system.process import environment, run
from tests.system.writing import APPROVER, Desk

pytestmark = pytest.mark.long

LEFT = {
    "before_intent": ("approved", 0, 0),
    "after_intent": ("in_flight", 1, 0),
    "after_send": ("in_flight", 1, 1),
    "after_answer": ("in_flight", 1, 1),
    "before_final": ("in_flight", 1, 1),
}
"""State of the edit, intents and applied writes that each point leaves."""


def killed(desk: Desk, plan: str, point: str) -> None:
    """Push in a process that dies at a point."""
    env = environment(
        desk.firm.folder, desk.firm.clio, CLIO_SYNC__CRASH_AT=point, CLIO_SYNC__ACTOR=APPROVER
    )
    died = run("push", plan, "--commit", plan, env=env)
    assert died.returncode == -signal.SIGKILL, (point, died.stderr)


def test_every_point_is_tried() -> None:
    """No point of a push is left out here."""
    assert tuple(LEFT) == PUSH_POINTS


@pytest.mark.parametrize("point", PUSH_POINTS)
def test_killed_at_a_point(desk: Desk, matter: int, point: str) -> None:
    """W9: killed around the intent, the send and the answer, the next push finds out what became
    of the write before it sends anything; each edit has its effect once, and its true end.
    """
    other = int(desk.firm.clio.dump("matters")[1]["id"])
    (edit,) = desk.propose("matters", matter, "description=Ours")
    desk.propose("matters", other, "description=Ours")
    plan = desk.approved()
    killed(desk, plan, point)
    state, intents, applied = LEFT[point]
    assert desk.states()[edit] == state
    assert desk.rows("select count(*) from attempts") == [(intents,)]
    assert sum(one.applied for one in desk.firm.clio.writes) == applied
    history.check(desk.firm, ended=False)

    asked = len(desk.firm.clio.requests)
    outcome = desk.push(plan)
    assert outcome.exit_code == 0, outcome.errors
    later = [one.method for one in desk.firm.clio.requests[asked:] if one.collection == "matters"]
    doubtful = point in {"after_intent", "after_send", "after_answer"}
    assert later[0] == "GET"
    assert later.count("PATCH") == (2 - applied)
    seen = "applied_observed" if doubtful and applied else "applied"
    assert desk.states()[edit] == seen
    assert sum(one.applied for one in desk.firm.clio.writes) == 2
    assert [desk.record("matters", key)["description"] for key in (matter, other)] == ["Ours"] * 2


def test_killed_again_and_again(desk: Desk, matter: int) -> None:
    """Killed at one point after the other, with the answer of each attempt lost, one write has its
    effect, and a person is asked rather than that it is sent a fourth time.
    """
    desk.propose("matters", matter, "description=Ours")
    plan = desk.approved()
    for point in ("after_intent", "after_send", "after_answer"):
        desk.firm.clio.faults.add(Reset(), "matters/*", method="PATCH", applied=False)
        killed(desk, plan, point)
        history.check(desk.firm, ended=False)
    desk.firm.clio.faults.clear()
    assert desk.push(plan).exit_code == 6
    assert set(desk.states().values()) == {"needs_human"}
    assert sum(one.applied for one in desk.firm.clio.writes) == 0


@pytest.mark.parametrize("point", ["after_send", "before_final"])
def test_killed_and_changed_by_a_colleague(desk: Desk, matter: int, point: str) -> None:
    """What a colleague writes between the crash and the next push stays: where the answer was not
    recorded, a person looks; where it was, it counts.
    """
    desk.propose("matters", matter, "description=Ours")
    plan = desk.approved()
    killed(desk, plan, point)
    desk.firm.clio.changes.update("matters", matter, {"description": "Theirs"})
    recorded = point == "before_final"
    assert desk.push(plan).exit_code == (0 if recorded else 6)
    assert set(desk.states().values()) == {"applied" if recorded else "conflicted"}
    assert desk.record("matters", matter)["description"] == "Theirs"
    assert len(desk.patches) == 1


def test_nothing_is_left_in_the_way(desk: Desk, matter: int) -> None:
    """A killed push leaves no lock and no working folder: reading and writing go on at once."""
    desk.propose("matters", matter, "description=Ours")
    plan = desk.approved()
    killed(desk, plan, "after_send")
    assert desk.firm.load("matters").exit_code == 0
    assert desk.push(plan).exit_code == 0
    assert not (desk.firm.folder / "dlt").exists()
    assert desk.firm.differences("matters") == []
