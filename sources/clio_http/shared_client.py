"""One client for all walks of a source, open while any of them is under way."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pendulum

from sources.errors import ClioError, UnavailableError

from .client import ClientSettings, ClioClient
from .clock import Clock, SystemClock

WHO_AM_I = "users/who_am_i"
"""Where Clio tells whose token it is: a small answer, whose date is the server's time."""
PREFETCH_THREADS = 4
FRESH = 60.0
"""So many seconds long the start of a walk is taken for that of another: earlier is safe."""


@dataclass
class OpenClient:
    """A client, the threads that fetch ahead for it, and when it was told the time."""

    client: ClioClient
    clock: Clock
    threads: ThreadPoolExecutor
    asked: float = -FRESH
    told: pendulum.DateTime | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> pendulum.DateTime:
        """Return the server's time, told by a request that ended before any that follows.

        Where this machine's clock is behind it counts instead: a time that is too late would
        lose what changes until then, one that is too early costs requests.

        Raises:
            ClioError: Clio does not answer at all, or refuses the token.

        """
        with self.lock:
            if self.told is None or self.clock.monotonic() - self.asked >= FRESH:
                self.asked = self.clock.monotonic()
                self.told = min(self._ask(), self.clock.now())
            return self.told

    def _ask(self) -> pendulum.DateTime:
        try:
            self.client.get(WHO_AM_I)
        except ClioError:
            # an answer that refuses the request says what time it is, and lists say what is wrong
            if self.client.server_time is None:
                raise
        if self.client.server_time is None:
            message = "the server does not say what time it is"
            raise UnavailableError(message)
        return self.client.server_time


class SharedClient:
    """Opens the client for whoever comes first, and closes it after whoever goes last."""

    def __init__(self, settings: ClientSettings) -> None:
        """Take the settings; nothing is opened yet."""
        self._settings = settings
        self._lock = threading.Lock()
        self._users = 0
        self._open: OpenClient | None = None

    @contextmanager
    def opened(self) -> Iterator[OpenClient]:
        """Return the one open client."""
        with self._lock:
            self._users += 1
            if self._open is None:
                clock = SystemClock()
                threads = ThreadPoolExecutor(PREFETCH_THREADS, thread_name_prefix="prefetch")
                self._open = OpenClient(ClioClient(self._settings, clock), clock, threads)
            given = self._open
        try:
            yield given
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._open = None
                    given.threads.shutdown(wait=True, cancel_futures=True)
                    given.client.close()
