"""Three requests a second for one application: never over, across threads and processes."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import filelock
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.clio_http import pace as module
from sources.clio_http.api import ClientSettings
from sources.clio_http.client import ClioClient
from sources.clio_http.clock import SystemClock
from sources.clio_http.pace import LEASE, MARGIN, Pace, PacedBudget, Permit, Permits
from sources.clio_http.secret import Secret
from sources.errors import Interrupted, UnavailableError
from tests.conftest import ROOT
from tests.unit.http_loopback import FakeClock, Loopback, Request, page

TENTH = 0.1
KEPT = ("held", "pace", "changed", "refused", "again", "pause")


def most_within(moments: list[float], seconds: float) -> int:
    """Return the greatest number of moments in any window of so many seconds."""
    ordered = sorted(moments)
    return max(sum(1 for at in ordered if first <= at < first + seconds) for first in ordered)


def budget(clock: FakeClock, file: Path | None = None, reserve: float = 0.0) -> PacedBudget:
    """Return a budget of three requests a second."""
    return PacedBudget(clock, Pace(3, 1.0, file), reserve)


@pytest.fixture(params=["alone", "with a file"])
def paced(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[PacedBudget, FakeClock]:
    """Return a budget and its clock, once with a file for other processes."""
    clock = FakeClock()
    return budget(clock, tmp_path / "pace" if request.param != "alone" else None), clock


def test_three_go_at_once_and_the_fourth_a_second_later(
    paced: tuple[PacedBudget, FakeClock],
) -> None:
    """A permit rests a second after the answer to the request that had it."""
    three, clock = paced
    started = []
    for _ in range(7):
        with three.slot():
            started.append(clock.monotonic())
    assert started[:3] == [0.0, 0.0, 0.0]
    assert started[3] == pytest.approx(1 + MARGIN, abs=0.06)
    assert started[6] == pytest.approx(2 * (1 + MARGIN), abs=0.12)


def test_the_second_counts_from_the_answer(paced: tuple[PacedBudget, FakeClock]) -> None:
    """Clio may count a request as late as when it answers it."""
    three, clock = paced
    for _ in range(3):
        with three.slot():
            clock.sleep(2.0)
    with three.slot():
        assert clock.monotonic() == pytest.approx(6.0)  # the first rested long enough
    with three.slot():
        pass
    with three.slot():
        assert clock.monotonic() >= 6.0 + 1.0


def test_a_hold_is_everyones(tmp_path: Path) -> None:
    """What one process is told to wait, all wait."""
    clock = FakeClock()
    one, two = budget(clock, tmp_path / "pace"), budget(clock, tmp_path / "pace")
    one.hold(8.0)
    with two.slot():
        assert 8.0 <= clock.monotonic() < 8.1


def test_processes_share_the_permits(tmp_path: Path) -> None:
    """Two clients on one file send three requests together, not three each."""
    clock = FakeClock()
    one, two = budget(clock, tmp_path / "pace"), budget(clock, tmp_path / "pace")
    for each in (one, two, one):
        with each.slot():
            assert clock.monotonic() == 0.0
    with two.slot():
        assert clock.monotonic() >= 1.0


def test_a_reserve_leaves_requests_to_others() -> None:
    """A share of the three; one is always ours."""
    clock = FakeClock()
    assert budget(clock).usable == 180
    assert budget(clock, reserve=0.4).usable == 60
    assert budget(clock, reserve=0.9).usable == 60


def test_a_waiting_thread_obeys_the_stop() -> None:
    """A thread that waits for a permit ends when asked to stop."""
    stop = threading.Event()
    three = PacedBudget(FakeClock(), Pace(1), 0.0, stop)
    with three.slot():
        stop.set()
        with pytest.raises(Interrupted), three.slot():
            pass


def test_a_permit_of_a_process_that_died_comes_back(tmp_path: Path) -> None:
    """It is lost for ten seconds, no longer."""
    clock = FakeClock()
    died = budget(clock, tmp_path / "pace")
    for _ in range(3):
        died._acquire()
    with budget(clock, tmp_path / "pace").slot():
        assert clock.monotonic() == pytest.approx(LEASE, abs=0.1)


def test_a_late_answer_takes_nobody_elses_permit() -> None:
    """After its lease a permit may be another request's; giving it back then changes nothing."""
    permits = Permits([0.0])
    late = permits.take(0.0)
    other = permits.take(LEASE)
    permits.give_back(late, LEASE, 1.0)
    assert permits.free == [other.until]
    permits.give_back(Permit(0, other.until), 29.0, 1.0)
    assert permits.free == [30.0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[[1, 2, 3], 4]",
        "\0",
        '{"free": 1}',
        '{"free": [1]}',
        '{"free": [0, 0, 0], "held": "a"}',
        '{"free": [0, 0, 0], "other": 1}',
        json.dumps(dict.fromkeys(KEPT, 99999) | {"free": [99_999] * 3}),
        json.dumps(dict.fromkeys(KEPT, -99999) | {"free": [0] * 3}),
        json.dumps(dict.fromkeys(KEPT, float("nan")) | {"free": [float("nan")] * 3}),
    ],
)
def test_a_file_that_makes_no_sense_stops_nobody(tmp_path: Path, text: str) -> None:
    """Broken off, of another version, or from before the machine was started anew."""
    file = tmp_path / "pace"
    file.write_text(text, "ascii")
    clock = FakeClock()
    with budget(clock, file).slot():
        assert clock.monotonic() == 0.0
    kept = Permits.read(file.read_text("ascii"), 3)
    assert kept.held < 0
    assert kept.usable(3) >= 1


def test_a_file_that_nobody_lets_go_of_ends_the_walk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A suspended process does not hang the others for ever."""
    monkeypatch.setattr(module, "PATIENCE", TENTH)
    with (
        filelock.FileLock(tmp_path / "pace.lock"),
        pytest.raises(UnavailableError),
        budget(FakeClock(), tmp_path / "pace").slot(),
    ):
        pass


@given(
    trips=st.lists(st.tuples(st.floats(0, 2), st.floats(0, 2)), min_size=4, max_size=40),
)
def test_never_over_whatever_the_network_does(trips: list[tuple[float, float]]) -> None:
    """However long requests and answers take, no four requests are counted within a second."""
    permits, counted = Permits([float("-inf")] * 3), []
    under_way: list[tuple[float, Permit]] = []
    now = 0.0
    for there, back in trips:
        while permits.wait(now) > 0:
            at, permit = min(under_way, key=lambda one: one[0], default=(now, None))
            if permit is not None and at <= now + permits.wait(now):
                now = max(now, at)
                under_way.remove((at, permit))
                permits.give_back(permit, at, 1.0 + MARGIN)
            else:
                now += permits.wait(now)
        permit = permits.take(now)
        counted.append(now + there)
        under_way.append((now + there + back, permit))
    assert most_within(counted, 1.0) <= 3


@contextmanager
def server() -> Iterator[tuple[Loopback, list[float]]]:
    """Serve empty pages and note when each request came."""
    arrived: list[float] = []

    def script(_: Request, __: int) -> bytes:
        arrived.append(time.monotonic())
        return page([])

    with Loopback(script) as loopback:
        yield loopback, arrived


def test_threads_keep_the_pace_over_real_sockets(tmp_path: Path) -> None:
    """Five threads, real time: never four in a second, and little is wasted."""
    with server() as (loopback, arrived):
        settings = ClientSettings(
            "clio_grow", loopback.origin, "", Secret("x" * 9), pace=Pace(3, 1.0, tmp_path / "pace")
        )
        with ClioClient(settings, SystemClock()) as client:
            threads = [
                threading.Thread(target=lambda: [client.get("users") for _ in range(3)])
                for _ in range(5)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert len(arrived) == 15
    assert most_within(arrived, 1.0) <= 3
    assert max(arrived) - min(arrived) < 4 * 1.5


OTHER = """
import sys
from pathlib import Path
from sources.clio_http.client import ClientSettings, ClioClient
from sources.clio_http.clock import SystemClock
from sources.clio_http.pace import Pace
from sources.clio_http.secret import Secret
given = ClientSettings(
    "x", sys.argv[1], "", Secret("x" * 9), pace=Pace(3, 1.0, Path(sys.argv[2]))
)
with ClioClient(given, SystemClock()) as client:
    for _ in range(6):
        client.get("users")
"""


@pytest.mark.long
def test_processes_keep_the_pace_over_real_sockets(tmp_path: Path) -> None:
    """Two processes, real time: never four in a second together, and both get on."""
    with server() as (loopback, arrived):
        words = [sys.executable, "-c", OTHER, loopback.origin, str(tmp_path / "pace")]
        both = [subprocess.Popen(words, cwd=ROOT) for _ in range(2)]
        assert [one.wait(60) for one in both] == [0, 0]
    assert len(arrived) == 12
    assert most_within(arrived, 1.0) <= 3
    assert all(later - earlier < 5 for earlier, later in pairwise(sorted(arrived)))
