"""The pace: so many requests a second for one application, across threads and processes.

Clio Grow says neither how many requests are left nor when there will be more. So each request
takes one of as many permits as a second allows, and gives it back a second after its answer.
Clio counted the request at some moment between the two; hence among any four requests the last
is counted a whole second after the first, however long they were under way.
"""

import json
import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock

from sources.clio_http.clock import Clock
from sources.clio_http.retry import LONGEST_HOLD
from sources.errors import Interrupted, UnavailableError

LEASE = 10.0
"""Seconds after which a request that is still under way was surely counted, and after which the
permit of a process that died is free again."""
MARGIN = 0.02
PATIENCE = 30.0
_POLL = 0.05
_MINUTE = 60.0


@dataclass(frozen=True)
class Pace:
    """So many requests in any window of so many seconds, for all who share the file."""

    requests: int
    seconds: float = 1.0
    file: Path | None = None


@dataclass(frozen=True)
class Permit:
    """A permit that was taken, and the moment at which it is taken to be lost."""

    number: int
    until: float


@dataclass
class Permits:
    """When each permit is free again, and until when nobody may send. Monotonic seconds."""

    free: list[float]
    held: float = -math.inf

    def wait(self, now: float) -> float:
        """Tell how long until a request may start; 0 now."""
        return max(0.0, min(self.free) - now, self.held - now)

    def take(self, now: float) -> Permit:
        """Take the permit that has been free the longest."""
        number = self.free.index(min(self.free))
        self.free[number] = now + LEASE
        return Permit(number, now + LEASE)

    def give_back(self, permit: Permit, free_at: float) -> None:
        """Let a permit be free from a moment on, unless somebody else has it by now."""
        if self.free[permit.number] == permit.until:
            self.free[permit.number] = free_at

    def without_nonsense(self, now: float) -> "Permits":
        """Forget moments that no run can have meant: the machine's clock has started anew."""
        free = [at if at <= now + LEASE else -math.inf for at in self.free]
        return Permits(free, self.held if self.held <= now + LONGEST_HOLD else -math.inf)


class PacedBudget:
    """Permits that threads share, and through a file other processes as well."""

    def __init__(
        self,
        clock: Clock,
        pace: Pace,
        reserve: float = 0.0,
        stop: threading.Event | None = None,
    ) -> None:
        """Take the clock, the pace, the share left for others and the event that ends waits."""
        self._clock = clock
        self._pace = pace
        self._stop = stop or threading.Event()
        # what is reserved is for others than us, so that all our processes count alike
        self._count = max(1, math.floor(pace.requests * (1.0 - reserve)))
        self._permits = Permits([-math.inf] * self._count)
        self._guard = threading.Lock()
        self._lock: filelock.BaseFileLock | None = None
        if pace.file is not None:
            pace.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = filelock.FileLock(f"{pace.file}.lock", timeout=PATIENCE, mode=0o600)

    @property
    def usable(self) -> int:
        """Give the requests that a minute allows us."""
        return int(self._count * _MINUTE / self._pace.seconds)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a permit to send one request, and keep it until its answer is read.

        Raises:
            Interrupted: if asked to stop while waiting.
            UnavailableError: if another process does not let go of the file.
        """
        permit = self._acquire()
        try:
            yield
        finally:
            with self._shared() as permits:
                rested = self._clock.monotonic() + self._pace.seconds + MARGIN
                permits.give_back(permit, rested)

    def learn(self, status: int, headers: Mapping[str, str]) -> None:
        """Take in what an answer says: nothing, since no count is kept in its headers."""

    def hold(self, seconds: float) -> None:
        """Let nobody send anything for so long."""
        with self._shared() as permits:
            permits.held = max(permits.held, self._clock.monotonic() + seconds)

    def _acquire(self) -> Permit:
        while True:
            if self._stop.is_set():
                raise Interrupted
            with self._shared() as permits:
                now = self._clock.monotonic()
                wait = permits.wait(now)
                if wait == 0.0:
                    return permits.take(now)
            # an answer may come before the permit's time is over: looked after now and then
            self._clock.sleep(min(wait, _POLL))

    @contextmanager
    def _shared(self) -> Iterator[Permits]:
        """Give the permits, which nobody else changes meanwhile."""
        with self._guard:
            if self._lock is None:
                yield self._permits
                return
            try:
                self._lock.acquire()
            except filelock.Timeout:
                message = "another process holds the file of the request limit"
                raise UnavailableError(message) from None
            try:
                permits = self._read()
                yield permits
                self._write(permits)
            finally:
                self._lock.release()

    def _read(self) -> Permits:
        try:
            free, held = json.loads(self._file.read_text("ascii"))
            permits = Permits([float(at) for at in free], float(held))
        except (OSError, ValueError, TypeError):
            permits = Permits([])
        if len(permits.free) != self._count:
            permits.free = [-math.inf] * self._count
        return permits.without_nonsense(self._clock.monotonic())

    def _write(self, permits: Permits) -> None:
        self._file.write_text(json.dumps([permits.free, permits.held]), "ascii")

    @property
    def _file(self) -> Path:
        if self._pace.file is None:
            raise AssertionError
        return self._pace.file
