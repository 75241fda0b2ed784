"""One pace for an application: it falls when Clio refuses, rises again, and folders share it."""

import json
import os
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.access.client import open_client
from pipelines.config import Settings, SourceSettings
from sources.clio_http.clock import SystemClock
from sources.clio_http.pace import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    Pace,
    PacedBudget,
    Permits,
    pace_file,
    state_home,
)
from sources.clio_http.secret import Secret
from tests.unit.http_loopback import FakeClock, Loopback, Request, page, reply

OK, REFUSED = 200, 429
LOOPBACK = "http://127.0.0.1:9/grow"


class Limited:
    """A server that allows so many requests in each full second, and those who ask it."""

    def __init__(self, limit: int, file: Path | None = None) -> None:
        """Begin with nothing sent."""
        self.limit, self.clock = limit, FakeClock()
        self.budget = PacedBudget(self.clock, Pace(3, 1.0, file))
        self.counted: dict[int, int] = {}
        self.answers: list[tuple[float, int]] = []

    def ask(self) -> None:
        """Send a request; a refusal is waited out for a second, as the client does."""
        with self.budget.slot():
            self.clock.sleep(0.05)
            now = self.clock.monotonic()
            self.counted[int(now)] = self.counted.get(int(now), 0) + 1
            status = OK if self.counted[int(now)] <= self.limit else REFUSED
            self.answers.append((now, status))
            self.budget.learn(status, {})
            if status == REFUSED:
                self.budget.hold(1.05)

    def refusals(self, since: float = 0.0) -> int:
        """Count the refusals since a moment."""
        return sum(status == REFUSED for at, status in self.answers if at >= since)


def test_pace_falls_to_a_lower_limit() -> None:
    """At two requests a second two or three in a hundred are refused at first and fewer later;
    nearly two a second are sent.
    """
    server = Limited(2)
    for _ in range(600):
        server.ask()
    took = server.clock.monotonic()
    assert server.refusals() <= 12
    assert server.refusals(took / 2) <= server.refusals() / 2
    assert 600 / took > 1.5


def test_pace_falls_below_one_a_second() -> None:
    """Where only every second request is answered, the only permit rests longer."""
    permits, now = Permits([0.0] * 3), 100.0
    found = []
    for _ in range(8):
        permits.learn(REFUSED, now)
        found.append(permits.pace)
        now += 2
    assert found == [1.5, 0.75, 0.375, 0.1875, 0.09375, 0.0625, 0.0625, 0.0625]
    permit = permits.take(now)
    permits.give_back(permit, now, 1.0)
    assert permits.wait(now) == pytest.approx(16.0)


def test_pace_rises_again() -> None:
    """Once the limit is what it was, the pace is too, after a minute or two."""
    server = Limited(1)
    while server.clock.monotonic() < 30:
        server.ask()
    server.limit = 3
    before = server.clock.monotonic()
    while server.clock.monotonic() < before + 300:
        server.ask()
    last = [at for at, _ in server.answers if at >= before + 200]
    assert server.refusals(before + 1) == 0
    assert len(last) / 100 > 2.5


def test_refusals_of_one_moment_count_once() -> None:
    """What was under way together was sent at one pace."""
    permits = Permits([0.0] * 3)
    for at in (10.0, 10.1, 10.2, 11.4):
        permits.learn(REFUSED, at)
    assert permits.pace == 1.5
    permits.learn(REFUSED, 11.6)
    assert permits.pace == 0.75


def test_what_was_refused_is_tried_again_after_ever_longer() -> None:
    """A minute, two, four … and an hour at most; a minute again after ten good ones."""
    permits, now, pauses = Permits([0.0] * 3), 0.0, []
    for _ in range(9):
        while permits.pace < 3:
            now += 1
            permits.learn(OK, now)
        permits.learn(REFUSED, now + 20)
        now += 20
        pauses.append(permits.again - now)
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert max(pauses) == LONGEST_PAUSE
    while permits.pace < 3:
        now += 1
        permits.learn(OK, now)
    permits.learn(REFUSED, now + 700)
    assert permits.again - now - 700 == FIRST_PAUSE


def test_fall_is_everyones(tmp_path: Path) -> None:
    """What one process learns, others know, and those that begin later."""
    file = tmp_path / "pace"
    one, two = Limited(3, file), Limited(3, file)
    with one.budget.slot():
        one.budget.learn(REFUSED, {})
    assert Permits.read(file.read_text(), 3).pace == 1.5
    with two.budget.slot():
        assert two.budget._permits.pace == 1.5


def test_other_reserve_takes_nobodys_permits(tmp_path: Path) -> None:
    """One who leaves a share to others counts with the same permits, and uses fewer of them."""
    clock, file = FakeClock(), tmp_path / "pace"
    whole, careful = (PacedBudget(clock, Pace(3, 1.0, file), share) for share in (0.0, 0.5))
    with whole.slot(), careful.slot():
        pass
    free = json.loads(file.read_text())["free"]
    assert sum(at > 0 for at in free) == 2


def test_writer_that_died_leaves_a_whole_file(tmp_path: Path) -> None:
    """A new file that was not finished is no hindrance, nor is a folder in its place."""
    file = tmp_path / "pace"
    (tmp_path / "pace.new").write_text('{"free": [')
    budget = PacedBudget(FakeClock(), Pace(3, 1.0, file))
    budget.hold(5.0)
    assert Permits.read(file.read_text(), 3).held == 5.0
    file.unlink()
    file.mkdir()
    with budget.slot():
        assert budget._clock.monotonic() >= 5.0


def settings(folder: Path, **options: object) -> Settings:
    """Return settings of a product on this machine."""
    given = {"base_url": LOOPBACK, "access_token": Secret("a-token"), **options}
    grow = SourceSettings(**given)  # type: ignore[arg-type]
    return Settings(folder, "tester", {"clio_manage": SourceSettings(), "clio_grow": grow})


def file_of(given: Settings) -> Path:
    """Return the file of the pace that a client keeps."""
    with open_client("clio_grow", given, SystemClock(), threading.Event()) as client:
        pace = client.settings.pace
        assert pace is not None
        assert pace.file is not None
        return pace.file


def test_two_folders_with_one_application_share_its_pace(tmp_path: Path) -> None:
    """Whatever token each has; another application, token or origin has its own. The file tells
    neither.
    """
    one, two = tmp_path / "one", tmp_path / "two"
    with_key = file_of(settings(one, client_id="our-key"))
    other_token = Secret("another-token")
    assert file_of(settings(two, client_id="our-key", access_token=other_token)) == with_key
    assert file_of(settings(one)) == file_of(settings(two))
    found = {
        with_key,
        file_of(settings(one)),
        file_of(settings(one, access_token=other_token)),
        file_of(settings(one, client_id="other-key")),
        file_of(settings(one, client_id="our-key", base_url="http://127.0.0.1:8/grow")),
    }
    assert len(found) == 5
    assert all(path.is_relative_to(state_home()) for path in found)
    assert not any(word in path.name for path in found for word in ("key", "token"))


def test_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system says; private, and made where it is not there."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state" / "deep"))
    before = os.umask(0)
    try:
        file = pace_file("clio_grow", "origin", "key", tmp_path / "other")
    finally:
        os.umask(before)
    made = [file.parent, *file.parent.parents[:2]]
    assert [path.stat().st_mode & 0o777 for path in made] == [0o700] * 3
    monkeypatch.setenv("XDG_STATE_HOME", "not/absolute")
    assert state_home() == Path.home() / ".local" / "state"


@pytest.mark.parametrize("what", ["folder", "file", "link", "open", "parent"])
def test_what_is_not_ours_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A folder or file of another user's, a link, one that others may write, no folder at all."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    otherwise = tmp_path / "data" / "pace"
    file = pace_file("clio_grow", "origin", "key", otherwise)
    assert file != otherwise
    if what == "link":
        file.symlink_to(tmp_path / "target")
    elif what == "open":
        file.touch()
        file.chmod(0o666)
    elif what == "parent":
        monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/state")
    elif os.geteuid() == 0:
        file.touch()
        os.chown(file.parent if what == "folder" else file, 12_345, 12_345)
    else:
        pytest.skip("only root can give a file away")
    assert pace_file("clio_grow", "origin", "key", otherwise) == otherwise


def test_settings_of_a_reserve(tmp_path: Path) -> None:
    """It is of what the application may send."""
    given = settings(tmp_path)
    grow = replace(given.sources["clio_grow"], reserve=0.4)
    given = replace(given, sources={**given.sources, "clio_grow": grow})
    with open_client("clio_grow", given, SystemClock(), threading.Event()) as client:
        assert client.rate == 60


@pytest.mark.long
def test_two_folders_at_a_lower_limit_over_real_sockets(tmp_path: Path) -> None:
    """Two data folders with one application, whom Clio allows two requests a second: together
    they are refused a few times, not every third.
    """
    counted: Counter[int] = Counter()
    statuses: list[int] = []
    guard = threading.Lock()

    def script(_: Request, __: int) -> bytes:
        with guard:
            second = int(time.monotonic())
            counted[second] += 1
            statuses.append(OK if counted[second] <= 2 else REFUSED)
            return page([]) if statuses[-1] == OK else reply(REFUSED, b"{}")

    def ask(folder: Path, url: str) -> None:
        given, clock = settings(folder, client_id="our-key", base_url=url), SystemClock()
        with open_client("clio_grow", given, clock, threading.Event()) as client:
            for _ in range(15):
                client.get("users")

    with Loopback(script) as server:
        url = f"{server.origin}/grow"
        both = [threading.Thread(target=ask, args=(tmp_path / n, url)) for n in ("one", "two")]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
    assert statuses.count(OK) == 30
    assert statuses.count(REFUSED) <= 4
