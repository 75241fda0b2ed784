"""A `Date` that is wrong for an answer, a load or for ever: nothing is skipped, then or later."""

from collections.abc import Iterator

import pytest

from tests.system.conftest import NewFirm
from tests.system.firm import Firm
from tests.system.plain_engine import plain_engine

NAMES = ("tasks", "users")
TOLD = "every collection is read whole once"


@pytest.fixture(autouse=True)
def plainly() -> Iterator[None]:
    """Merge without the engine: what is asked for is the point."""
    with plain_engine():
        yield


def change(firm: Firm, turn: int) -> None:
    """Change one task after the other in the next half hour."""
    for at, key in enumerate(sorted(firm.clio.store["tasks"].rows)[:3]):
        firm.clio.clock.advance(600)
        firm.clio.changes.update("tasks", key, {"name": f"{turn}.{at}"})


def load(firm: Firm, offset: float, answers: int | None = None) -> tuple[str, int]:
    """Load while `Date` is off; give how the tasks were read, and how many requests that took."""
    firm.clio.switches.date_offset, firm.clio.switches.date_answers = offset, answers
    since = len(firm.clio.requests)
    outcome = firm.load(*NAMES)
    firm.clio.switches.date_offset = 0.0
    assert (outcome.exit_code, outcome.errors) == (0, [])
    assert firm.differences("tasks") == []
    modes = {row["resource"]: row["mode"] for row in outcome.results}
    return modes["tasks"], len(firm.clio.requests) - since


@pytest.mark.parametrize(
    ("offsets", "modes"),
    [
        pytest.param([0, 7_200, 0, 0], "first full incremental incremental", id="one-load"),
        pytest.param([7_200, 0, 0], "first full incremental", id="the-first-load"),
        pytest.param([0, 7_200] + [7_200] * 4, "first full" + " incremental" * 4, id="for-ever"),
        pytest.param([0, -7_200, 0, 0], "first full incremental incremental", id="behind-once"),
        pytest.param([0, -7_200, -7_200, -7_200, 0], None, id="behind-for-a-while"),
        pytest.param([0, 7_200, -7_200, 7_200, 0, 0], None, id="to-and-fro"),
        pytest.param([0, 240, 480, 720, 960, 1_200], None, id="bit-by-bit"),
    ],
)
def test_date_that_is_wrong(firm: Firm, offsets: list[int], modes: str | None) -> None:
    """Each load, that one and all later ones, leaves what Clio has, and ends with 0."""
    found = []
    for turn, offset in enumerate(offsets):
        if turn:
            change(firm, turn)
        found.append(load(firm, offset)[0])
    if modes:
        assert found == modes.split()
        assert firm.log.getvalue().count(TOLD) == found.count("full")


def test_one_answer_that_is_wrong_costs_two_requests(firm: Firm) -> None:
    """Two more answers tell that it was one alone: nothing is read anew."""
    load(firm, 0)
    change(firm, 1)
    mode, usual = load(firm, 0)
    change(firm, 2)
    assert load(firm, 7_200, answers=1) == (mode, usual + 2)
    change(firm, 3)
    assert load(firm, 0) == ("incremental", usual)
    assert TOLD not in firm.log.getvalue()


def test_full_walk_is_due_until_it_was_made(new_firm: NewFirm) -> None:
    """A collection that is not read in the run that distrusts `Date` is read whole later."""
    firm = new_firm()
    load(firm, 0)
    change(firm, 1)
    firm.clio.switches.date_offset = 7_200
    assert firm.load("users").results[0]["mode"] == "full"
    change(firm, 2)
    assert load(firm, 0)[0] == "full"
    change(firm, 3)
    assert load(firm, 0)[0] == "incremental"


def test_watermark_in_the_future_heals_itself(firm: Firm) -> None:
    """Whoever set it: one full walk puts it right."""
    load(firm, 0)
    with firm.writable() as connection:
        connection.execute("delete from meta.server_clock")
        for name in ("watermark", "seen"):
            connection.execute(f"update meta.watermarks set {name} = {name} + interval 2 hour")
    change(firm, 1)
    assert load(firm, 0)[0] == "full"
    change(firm, 2)
    assert load(firm, 0)[0] == "incremental"


@pytest.mark.long
def test_daily_copies_after_a_date_that_was_ahead(firm: Firm) -> None:
    """A first load whose `Date` says tomorrow: the copy of that day is made when it comes."""
    firm.clio.clock.set("2026-03-31T23:30:00Z")
    firm.clio.switches.date_offset = 7_200
    assert "bank_accounts__daily" in {row["resource"] for row in firm.load(budget=0).results}
    firm.clio.switches.date_offset = 0
    firm.clio.clock.set("2026-04-01T02:00:00Z")
    rows = {row["resource"] for row in firm.load(budget=0).results}
    assert {"bank_accounts__daily", "billable_matters__daily"} <= rows


def test_first_load_ahead_and_the_next_one_hours_later(firm: Firm) -> None:
    """The watermark is no longer in the future by then; what changed before it is found."""
    load(firm, 7_200)
    change(firm, 1)
    firm.clio.clock.advance(3 * 3_600)
    assert load(firm, 0)[0] == "full"
