"""What time it is at Clio: `Date` held against this machine's clocks."""

from dataclasses import dataclass, replace
from pathlib import Path

import pendulum
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.state.runs import Meta
from pipelines.state.server import (
    ClockReading,
    Past,
    apart,
    judge,
    keep_reading,
    last_reading,
    newest_stamp,
)
from pipelines.warehouse import Warehouse
from sources.clio_http.clock import BOOT_ID, Boot, SystemClock
from sources.clio_http.plan import OVERLAP

NOON = pendulum.datetime(2026, 3, 31, 12, 0, 0)
HOUR, DAY = 3_600, 86_400


@dataclass(frozen=True)
class Machine:
    """A machine: how far its wall clock is off, and which start of it runs since when."""

    off: int = 0
    start: str = "first"
    booted: int = -1_000

    def reads(self, seconds: int, said: int) -> ClockReading:
        """Read all clocks so many seconds after noon, with `Date` off by so many."""
        boot = Boot(self.start, float(seconds - self.booted)) if self.start else None
        wall = NOON.add(seconds=seconds + self.off)
        return ClockReading(NOON.add(seconds=seconds + said), wall, boot)


FIRST = Machine()
PAST = Past(FIRST.reads(0, 0), NOON)


@pytest.mark.parametrize(
    ("machine", "seconds"),
    [
        pytest.param(Machine(), HOUR, id="an-hour-later"),
        pytest.param(Machine(), 30 * DAY, id="a-month-later"),
        pytest.param(Machine(off=7_200), HOUR, id="somebody-set-the-clock"),
        pytest.param(Machine(off=-90 * DAY), HOUR, id="a-clock-that-was-set-far-back"),
        pytest.param(Machine(start="second", booted=HOUR), 2 * HOUR, id="started-anew"),
        pytest.param(Machine(start=""), 2 * HOUR, id="another-system"),
        pytest.param(Machine(booted=2 * HOUR), 3 * HOUR, id="put-back-from-a-picture"),
    ],
)
def test_no_jump(machine: Machine, seconds: int) -> None:
    """One clock that agrees is enough; what `Date` says is then the time."""
    found = judge(PAST, machine.reads(seconds, 0))
    assert (found.trusted, found.time) == (True, NOON.add(seconds=seconds))


@pytest.mark.parametrize(
    ("past", "off", "said", "told"),
    [
        pytest.param(None, 0, 7_200, "120 minutes ahead of", id="a-first-load"),
        pytest.param(PAST, 5 * DAY, 0, "5 days behind", id="a-machine-that-is-wrong"),
        pytest.param(PAST, 0, -7_200, "120 minutes behind", id="a-jump-back"),
        pytest.param(PAST, 0, 7_200, "120 minutes ahead of", id="a-jump"),
    ],
)
def test_clocks_that_differ_are_told(past: Past | None, off: int, said: int, told: str) -> None:
    """By how much, what to do, and which time the load goes by: the one that it does go by."""
    now = Machine(off=off).reads(HOUR, said)
    judged = judge(past, now)
    text = apart(now, judged)
    assert text.startswith(f"Clio's clock is {told} this machine's; this run goes by ")
    assert "time server (NTP)" in text
    assert ("goes by Clio's." in text) is (judged.time == now.said)
    earlier = f"goes by an earlier time than Clio's, {judged.time:YYYY-MM-DD HH:mm} UTC, so"
    assert (earlier in text) is (judged.time < now.said) is (past is PAST and said > 0)


@pytest.mark.parametrize("off", [-5 * DAY, -7_200, 7_200, 5 * DAY])
def test_machine_whose_clock_is_always_wrong(off: int) -> None:
    """A constant offset of this machine is no jump, started anew or not."""
    past = Past(Machine(off=off).reads(0, 0), NOON)
    for machine in (Machine(off=off), Machine(off=off, start="second")):
        assert judge(past, machine.reads(HOUR, 0)).trusted


@pytest.mark.parametrize("start", ["first", "second", ""])
@pytest.mark.parametrize(("said", "time"), [(7_200, 0), (-7_200, -7_200), (301, 0), (-301, -301)])
def test_date_that_jumps(start: str, said: int, time: int) -> None:
    """It agrees with no clock: not trusted. The earlier one of the two times is used."""
    found = judge(PAST, Machine(start=start).reads(HOUR, said))
    assert (found.trusted, found.time) == (False, NOON.add(seconds=HOUR + time))


@pytest.mark.parametrize("said", [-299, 0, 4, 299])
def test_small_differences_are_no_jump(said: int) -> None:
    """Up to five minutes `Date` is trusted, but the time runs no faster than this machine's."""
    found = judge(PAST, FIRST.reads(HOUR, said))
    assert found.trusted
    assert found.time == NOON.add(seconds=HOUR + (0 if said == 299 else said))


def test_first_run_has_nothing_to_compare() -> None:
    """Whatever this machine's clock shows."""
    found = judge(None, Machine(off=-DAY).reads(0, 0))
    assert (found.trusted, found.time) == (True, NOON)


def test_time_that_was_too_late_is_put_right() -> None:
    """The first run took a wrong `Date`: the next one is told by how much, and compares with it."""
    past = Past(FIRST.reads(0, 7_200), NOON.add(seconds=7_200))
    found = judge(past, FIRST.reads(HOUR, 0))
    assert (found.trusted, found.time, found.ahead.total_seconds()) == (
        False, NOON.add(seconds=HOUR), 7_200,
    )  # fmt: skip
    again = judge(Past(FIRST.reads(HOUR, 0), found.believed), FIRST.reads(2 * HOUR, 0))
    assert (again.trusted, again.time) == (True, NOON.add(seconds=2 * HOUR))
    assert again.believed == again.time


def test_date_that_stays_ahead_is_followed_as_far_as_records_prove_it() -> None:
    """Such a time is trusted after one full walk, but the watermark is not counted from it: a
    record's own stamp must show first that Clio's clock has come so far.
    """
    ahead = judge(PAST, FIRST.reads(HOUR, 7_200))
    past = Past(FIRST.reads(HOUR, 7_200), ahead.believed)
    found = judge(past, FIRST.reads(2 * HOUR, 7_200))
    assert (found.trusted, found.time) == (True, NOON.add(seconds=2 * HOUR))
    for stamp, time in ((-DAY, 0), (1_800, 1_800), (DAY, 7_200)):
        newest = [NOON.add(seconds=2 * HOUR + stamp)]
        found = judge(past, FIRST.reads(2 * HOUR, 7_200), newest.pop)
        assert found.time == NOON.add(seconds=2 * HOUR + time)


def test_wall_clock_that_is_years_behind_after_a_start() -> None:
    """It does not keep the time back: Clio's is used after one full walk."""
    found = judge(PAST, Machine(off=-400 * DAY, start="second").reads(HOUR, 0))
    assert (found.trusted, found.time) == (False, NOON.add(seconds=HOUR))


offsets = st.sampled_from([0, 0, 0, 7_200, -7_200, 240, -240, 600, -600, 20 * HOUR])
runs = st.lists(
    st.tuples(
        st.integers(60, 3 * DAY),  # seconds since the run before
        offsets,
        st.sampled_from(["sleeps", "sleeps", "starts anew", "sets its clock"]),
    ),
    min_size=1,
    max_size=12,
)


@given(history=runs, off=st.integers(-DAY, DAY))
@example(history=[(1_800, 7_200, "sleeps")] * 4, off=0)
@example(history=[(1_800, 7_200, "starts anew"), (1_800, 0, "sleeps")], off=7_200)
@example(history=[(1_800, -7_200, "sleeps"), (1_800, 0, "starts anew")], off=0)
def test_nothing_is_skipped_whatever_date_says(
    history: list[tuple[int, int, str]], off: int
) -> None:
    """After a first run at the right time, each later one reads everything, or from a moment at
    which the one before had already begun: no change lies between.
    """
    machine, at = Machine(off=off), 0
    past = Past(machine.reads(0, 0), NOON)
    watermark = NOON - OVERLAP
    for number, (seconds, said, event) in enumerate(history):
        before, at = NOON.add(seconds=at), at + seconds
        if event == "starts anew":
            machine = replace(machine, start=str(number), booted=at)
        elif event == "sets its clock":
            machine = replace(machine, off=machine.off + 1_000)
        reading = machine.reads(at, said)
        found = judge(past, reading)
        full = not found.trusted or watermark > found.time
        assert full or watermark <= before
        watermark = found.time - OVERLAP if full else max(watermark, found.time - OVERLAP)
        past = Past(reading, found.believed)


@given(history=runs)
def test_a_right_date_is_always_trusted(history: list[tuple[int, int, str]]) -> None:
    """Sleep, a start and a clock that is set are no jumps, and the time is Clio's."""
    machine, at, past = Machine(), 0, PAST
    for number, (seconds, _, event) in enumerate(history):
        at += seconds
        if event == "starts anew":
            machine = replace(machine, start=str(number), booted=at)
        elif event == "sets its clock":
            machine = replace(machine, off=machine.off + 1_000)
        reading = machine.reads(at, 0)
        found = judge(past, reading)
        assert (found.trusted, found.time) == (True, reading.said)
        past = Past(reading, found.believed)


def test_readings_are_kept(tmp_path: Path) -> None:
    """One for each product, of the last run; and without a start of the machine."""
    with Warehouse(tmp_path) as warehouse:
        Meta(warehouse)
        assert last_reading(warehouse, "clio_manage") is None
        for machine in (Machine(), Machine(start="")):
            reading = machine.reads(HOUR, 7)
            keep_reading(warehouse, "clio_manage", reading, judge(None, reading))
            assert last_reading(warehouse, "clio_manage") == Past(reading, reading.said)
        assert last_reading(warehouse, "clio_grow") is None
        assert newest_stamp(warehouse, "clio_manage") is None


@pytest.mark.skipif(not BOOT_ID.exists(), reason="only Linux says which start of it runs")
def test_this_machines_boot_clock() -> None:
    """It runs, and says the same start each time."""
    clock = SystemClock()
    first, second = clock.boot(), clock.boot()
    assert first is not None
    assert second is not None
    assert first.id == second.id
    assert 0 < first.seconds <= second.seconds
