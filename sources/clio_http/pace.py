"""The pace: so many requests a second for one application, across threads and processes.

Clio Grow says neither how many requests are left nor when there will be more. So each request
takes one of as many permits as a second allows, and gives it back a second after its answer.
Clio counted the request at some moment between the two; hence among any four requests the last
is counted a whole second after the first, however long they were under way.

How many requests a second an application may send is documented, and may be less all the same:
others use it too, or Clio has lowered it. So a refusal halves the pace, at most once for what was
under way together, and quiet raises it step by step. The pace that was refused is tried again
after a minute, and after twice as long each time that it is refused anew.
"""

import hashlib
import json
import math
import os
import stat
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import filelock

from sources.errors import Interrupted, UnavailableError

from .clock import Clock
from .retry import LONGEST_HOLD
from .statuses import TOO_MANY

MARGIN = 0.02
PATIENCE = 30.0
_POLL = 0.05
_MINUTE = 60.0
LEASE = 10.0
"""Seconds after which a request that is still under way was surely counted, and after which the
permit of a process that died is free again."""
SLOWEST = 1 / 16
LONGEST_REST = LEASE + 1 / SLOWEST
TOGETHER = 1.5
QUIET = 10.0
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 3_600.0
GOOD_WHILE = 600.0
GOOD = 400


@dataclass(frozen=True)
class Permit:
    """A permit that was taken, and the moment at which it is taken to be lost."""

    number: int
    until: float


@dataclass
class Permits:
    """When each permit is free again, and until when nobody may send. Monotonic seconds.

    `pace` is how many permits may be used at once; below one it stretches the rest of the only
    one. It was last changed at `changed`. The pace that was `refused` may be tried again `again`,
    which is `pause` after the refusal.
    """

    free: list[float]
    held: float = -math.inf
    pace: float = math.inf
    changed: float = -math.inf
    refused: float = math.inf
    again: float = -math.inf
    pause: float = FIRST_PAUSE

    def usable(self, most: int) -> int:
        """Return how many permits may be used at once by one who may use so many at most."""
        return max(1, int(min(self.pace, most, len(self.free))))

    def wait(self, now: float, most: int = 1_000) -> float:
        """Tell how long until a request may start; 0 now."""
        taken = sorted(at for at in self.free if at > now)
        over = len(taken) - self.usable(most)
        return max(0.0, self.held - now, taken[over] - now if over >= 0 else 0.0)

    def take(self, now: float) -> Permit:
        """Take the permit that has been free the longest."""
        number = self.free.index(min(self.free))
        self.free[number] = now + LEASE
        return Permit(number, now + LEASE)

    def give_back(self, permit: Permit, now: float, rest: float) -> None:
        """Let a permit be free after a rest, unless somebody else has it by now."""
        if self.free[permit.number] == permit.until:
            self.free[permit.number] = now + rest / min(1.0, self.pace)

    def learn(self, status: int, now: float) -> None:
        """Slow down after a refusal; after answers that are none go faster, step by step."""
        if status == TOO_MANY:
            self._fall(now)
        elif 0 < status < GOOD and now - self.changed >= QUIET:
            self._rise(now)

    def _fall(self, now: float) -> None:
        if now - self.changed < TOGETHER:
            return
        current = min(self.pace, float(len(self.free)))
        anew = now - self.changed >= GOOD_WHILE
        self.pause = FIRST_PAUSE if anew else min(self.pause * 2, LONGEST_PAUSE)
        self.refused, self.again, self.changed = current, now + self.pause, now
        self.pace = max(SLOWEST, current / 2)

    def _rise(self, now: float) -> None:
        if self.pace >= len(self.free):
            return
        faster = self.pace * 2 if self.pace < 1 else math.floor(self.pace) + 1.0
        if faster >= self.refused and now < self.again:
            return
        self.pace, self.changed = min(faster, float(len(self.free))), now

    def without_nonsense(self, now: float) -> "Permits":
        """Forget moments that no run can have meant: the machine's clock has started anew."""
        never = -math.inf
        return Permits(
            [at if at <= now + LONGEST_REST else never for at in self.free],
            self.held if self.held <= now + LONGEST_HOLD else never,
            SLOWEST if math.isnan(self.pace) else max(self.pace, SLOWEST),
            self.changed if self.changed <= now else never,
            self.refused if self.refused > 0 else math.inf,
            self.again if self.again <= now + LONGEST_PAUSE else never,
            self.pause if FIRST_PAUSE <= self.pause <= LONGEST_PAUSE else FIRST_PAUSE,
        )

    def text(self) -> str:
        """Return what is kept for other processes."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str, count: int) -> "Permits":
        """Read what another process, or this one, has kept for so many permits.

        Raises:
            ValueError: it is not that.
        """
        given = json.loads(text)
        if not isinstance(given, Mapping):
            raise ValueError(text)  # noqa: TRY004 - the text is wrong, not its type
        try:
            free = [float(at) for at in given["free"]]
            others = {name: float(value) for name, value in given.items() if name != "free"}
            found = cls(free, **others)
        except (KeyError, TypeError) as error:
            raise ValueError(text) from error
        if len(found.free) != count:
            raise ValueError(text)
        return found


@dataclass(frozen=True)
class Pace:
    """So many requests in any window of so many seconds, for all who share the file."""

    requests: int
    seconds: float = 1.0
    file: Path | None = None


class PacedBudget:
    """Permits that threads share, and through a file other processes as well."""

    def __init__(
        self, clock: Clock, pace: Pace, reserve: float = 0.0, stop: threading.Event | None = None
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


FOLDER = "clio-sync"


def state_home() -> Path:
    """Return the folder in which a user's programs keep their state on this system.

    Raises:
        RuntimeError: the user has no home.
    """
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    given = Path(os.environ.get("XDG_STATE_HOME", ""))
    return given if given.is_absolute() else Path.home() / ".local" / "state"


def pace_file(product: str, origin: str, application: str, otherwise: Path) -> Path:
    """Return the file of an application's pace; `otherwise` where it cannot be kept there.

    Its name is a digest of the origin and of the application's key, or of the token where that
    is all that is known. A folder or file of another user's is not used.
    """
    digest = hashlib.sha256(f"{origin}\n{application}".encode()).hexdigest()[:32]
    try:
        folder = state_home() / FOLDER
        for each in (*reversed(folder.parents), folder):
            each.mkdir(mode=0o700, exist_ok=True)  # not even the parents are open to others
        file = folder / f"{product}-{digest}.pace"
        ours = all(_is_ours(path) for path in (folder, file, Path(f"{file}.lock")))
    except (OSError, RuntimeError):
        return otherwise
    return file if ours and os.access(folder, os.W_OK) else otherwise


def _is_ours(path: Path) -> bool:
    """Tell whether a folder or file is this user's alone to write, or not there yet."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return True
    kind = stat.S_ISDIR(found.st_mode) or stat.S_ISREG(found.st_mode)
    if sys.platform == "win32":
        return kind
    return kind and found.st_uid == os.geteuid() and not found.st_mode & 0o022
