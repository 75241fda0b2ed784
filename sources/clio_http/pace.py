"""The pace: so many requests a second for one application, across threads and processes.

Clio Grow says neither how many requests are left nor when there will be more. So each request
takes one of as many permits as a second allows, and gives it back a second after its answer.
Clio counted the request at some moment between the two; hence among any four requests the last
is counted a whole second after the first, however long they were under way. Where Clio refuses
more all the same, the pace falls until it does not.
"""

import math
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import filelock

from sources.errors import Interrupted, UnavailableError

from .clock import Clock
from .permits import Permit, Permits

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
        self._permits = Permits([-math.inf] * pace.requests)
        self._guard = threading.Lock()
        self._told = threading.local()
        self._lock: filelock.BaseFileLock | None = None
        if pace.file is not None:
            pace.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = filelock.FileLock(f"{pace.file}.lock", timeout=PATIENCE, mode=0o600)

    @property
    def usable(self) -> int:
        """Return the requests that a minute allows us."""
        return int(self._count * _MINUTE / self._pace.seconds)

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a permit to send one request, and keep it until its answer is read.

        Raises:
            Interrupted: if asked to stop while waiting.
            UnavailableError: if another process does not let go of the file.
        """
        permit = self._acquire()
        self._told.status = 0
        try:
            yield
        finally:
            with self._shared() as permits:
                now = self._clock.monotonic()
                permits.learn(self._told.status, now)
                permits.give_back(permit, now, self._pace.seconds + MARGIN)

    def learn(self, status: int, headers: Mapping[str, str]) -> None:  # noqa: ARG002 - as all budgets take them
        """Take in whether an answer was a refusal; no count is kept in its headers."""
        self._told.status = status

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
                wait = permits.wait(now, self._count)
                if wait == 0.0:
                    return permits.take(now)
            # an answer may come before the permit's time is over: looked after now and then
            self._clock.sleep(min(wait, _POLL))

    @contextmanager
    def _shared(self) -> Iterator[Permits]:
        """Return the permits, which nobody else changes meanwhile."""
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
                self._permits = self._read()
                yield self._permits
                self._write(self._permits)
            finally:
                self._lock.release()

    def _read(self) -> Permits:
        """Read what all share; of a file that is gone or makes no sense the last that is known."""
        try:
            permits = Permits.read(self._file.read_text("ascii"), self._pace.requests)
        except (OSError, ValueError):
            permits = self._permits
        return permits.without_nonsense(self._clock.monotonic())

    def _write(self, permits: Permits) -> None:
        """Write what all share, whole or not at all.

        On a full disk others do not hear of it; for this process what it remembers counts.
        """
        new = self._file.with_name(f"{self._file.name}.new")
        with suppress(OSError):
            new.unlink(missing_ok=True)
            handle = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(permits.text())
            new.replace(self._file)

    @property
    def _file(self) -> Path:
        if self._pace.file is None:
            raise AssertionError
        return self._pace.file
