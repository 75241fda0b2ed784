"""What may be sent: within the rate budget, within the run's own, and while Clio answers at all.

Clio counts requests in fixed windows and says in each answer how many are left and when the next
window starts. What may be sent is the lesser of two bounds: what Clio last said is left, less the
requests still under way (it may or may not have counted them), and what was left when this window
was first seen, less all that was sent since (which also counts requests whose answers were lost).
The budget is one for each token, shared by every thread, spent in full and never over.

A list that hangs takes minutes, and a firm has sixty of them. Once three lists in a row were asked
for and none was answered meanwhile, the service is taken to be away: nothing more is sent.
"""

import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from sources.errors import BudgetSpent, Interrupted, SilentError

from .clock import Clock, http_date
from .statuses import TOO_MANY

LISTS = 3
"""So many lists without an answer, and none answered meanwhile: the rest are not tried."""
HANGS = 2
"""So many waits of one list that ended without an answer count as if it had failed for good."""
MARGIN = 0.02
LONGEST_WINDOW = 300.0
_POLL = 0.1
_SERVER_ERROR = 500


class Meter:
    """Counts the requests of one walk, retries included."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._lock = threading.Lock()
        self.requests = 0

    def count(self) -> None:
        """Add one."""
        with self._lock:
            self.requests += 1


class RequestBudget:
    """The requests that a run may still send; without a number there is no bound."""

    def __init__(self, requests: int | None = None) -> None:
        """Allow so many requests."""
        self._lock = threading.Lock()
        self.left = requests

    def take(self) -> None:
        """Use one.

        Raises:
            BudgetSpent: there is none left; nothing may be sent.
        """
        with self._lock:
            if self.left is None:
                return
            if self.left <= 0:
                raise BudgetSpent
            self.left -= 1


class Silence:
    """What the walks of a run tell one another of the service; shared by their threads."""

    def __init__(self) -> None:
        """Begin with nothing asked and nothing answered."""
        self._lock = threading.Lock()
        self.answers = 0
        self._hangs: dict[int, int] = {}
        self._unanswered: set[int] = set()

    def answered(self) -> None:
        """Note that some list was answered, if only with a refusal."""
        with self._lock:
            self.answers += 1
            if not self.fallen:
                self._hangs.clear()
                self._unanswered.clear()

    def hung(self, walk: object, since: int) -> None:
        """Note that a request of a walk got no answer; `since` are the answers before it."""
        with self._lock:
            if since == self.answers:
                self._hangs[id(walk)] = self._hangs.get(id(walk), 0) + 1
                if self._hangs[id(walk)] >= HANGS:
                    self._unanswered.add(id(walk))

    def failed(self, walk: object, since: int) -> None:
        """Note that a walk ends because Clio did not answer it, whatever was tried."""
        with self._lock:
            if since == self.answers:
                self._unanswered.add(id(walk))

    @property
    def fallen(self) -> bool:
        """Tell whether the service is taken to be away, from when on that holds for the run."""
        return len(self._unanswered) >= LISTS

    def check(self) -> None:
        """Refuse to send anything more to a service that is away.

        Raises:
            SilentError: it is.
        """
        if self.fallen:
            raise SilentError


@dataclass(frozen=True)
class Report:
    """What one answer says about the window that it was counted in."""

    limit: int
    remaining: int
    reset: float

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> "Report | None":
        """Read the three headers; None if they are not all there and sensible."""
        names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
        try:
            limit, remaining, reset = (float(headers[name]) for name in names)
        except (KeyError, ValueError):
            return None
        if not all(map(math.isfinite, (limit, remaining, reset))) or limit < 1:
            return None
        return cls(int(limit), max(0, int(remaining)), reset)


class Window:
    """The arithmetic of the budget, without threads or waiting. Times are monotonic seconds."""

    def __init__(self, reserve: float = 0.0) -> None:
        """Take the share of each window that is left for others."""
        self._reserve = reserve
        self._known: bool | None = None  # None: no answer yet; False: this server keeps no count
        self._limit = 0
        self._remaining = 0
        self._unsent = 0
        self._reset = -math.inf
        self._latest = -math.inf  # the window is over by then, whatever its headers said
        self._rolled = False
        self._offset: float | None = None  # lower bound of server time - monotonic time
        self._asked_to_wait = -math.inf
        self.in_flight = 0

    def wait(self, now: float, wall: float) -> float | None:
        """Tell how long until a request may start: 0 now, None once another one has ended.

        `wall` is the local time in unix seconds, used only if the server never says its own.
        """
        if now < self._asked_to_wait:
            return self._asked_to_wait - now
        if self._known is False:
            return 0.0
        left = min(self._reset - self._server_time(now, wall), self._latest - now)
        if left <= 0.0 and not self._rolled:
            self._remaining = self._unsent = self._limit
            self._rolled = True
        if self._free() > 0:
            return 0.0
        if left > 0.0 and min(self._remaining, self._unsent) <= self._reserved():
            return left + MARGIN
        # Nothing is known yet, or the new window has not shown itself: one at a time.
        return None if self.in_flight else 0.0

    def start(self) -> None:
        """Count a request that is about to be sent."""
        self.in_flight += 1
        self._unsent -= 1

    def end(self) -> None:
        """Count a request as over, whatever became of it."""
        self.in_flight -= 1

    def learn(self, status: int, headers: Mapping[str, str], now: float) -> None:
        """Take in what an answer says; `now` is when it arrived."""
        self._learn_time(status, headers, now)
        report = Report.read(headers)
        if report:
            self._learn_report(report, now)
        elif self._known is None and status < _SERVER_ERROR:
            self._known = False

    def hold(self, until: float) -> None:
        """Let nothing start before `until`."""
        self._asked_to_wait = max(self._asked_to_wait, until)

    def _learn_time(self, status: int, headers: Mapping[str, str], now: float) -> None:
        date = http_date(headers.get("date"))
        if date is None:
            return
        # The answer was dated, in whole seconds cut off, before it arrived: the true difference
        # is never smaller, so the greatest one seen is the closest.
        offset = date.timestamp() - now
        # A refusal proves that the window is not over. If the bound says otherwise it is wrong:
        # the server's clock went back.
        refused = status == TOO_MANY or self._offset is None
        self._offset = offset if refused or self._offset is None else max(self._offset, offset)

    def _learn_report(self, report: Report, now: float) -> None:
        if self._known and report.reset < self._reset:
            return  # an answer from an earlier window, delivered late
        if not self._known or report.reset > self._reset:
            self._known, self._rolled = True, False
            self._limit, self._reset = report.limit, report.reset
            self._remaining = self._unsent = report.remaining
            self._latest = now + LONGEST_WINDOW
            return
        self._remaining = min(self._remaining, report.remaining)

    def _reserved(self) -> int:
        return max(0, min(math.ceil(self._limit * self._reserve), self._limit - 1))

    @property
    def usable(self) -> int:
        """Return the requests that one window allows us, 0 where the server has not said."""
        return max(0, self._limit - self._reserved()) if self._limit else 0

    def _free(self) -> int:
        return min(self._remaining - self.in_flight, self._unsent) - self._reserved()

    def _server_time(self, now: float, wall: float) -> float:
        return wall if self._offset is None else now + self._offset


class RateBudget:
    """A `Window` that threads share: they queue for a slot, and one of them waits for all."""

    def __init__(
        self, clock: Clock, reserve: float = 0.0, stop: threading.Event | None = None
    ) -> None:
        """Take the clock, the share left for others and the event that ends every wait."""
        self._clock = clock
        self._stop = stop or threading.Event()
        self._window = Window(reserve)
        self._changed = threading.Condition()
        self._sleeping = False

    @property
    def usable(self) -> int:
        """Return the requests that one window allows us, 0 where the server has not said."""
        return self._window.usable

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for leave to send one request, and hold it until its answer is read.

        Raises:
            Interrupted: if asked to stop while waiting.
        """
        self._acquire()
        try:
            yield
        finally:
            with self._changed:
                self._window.end()
                self._changed.notify_all()

    def learn(self, status: int, headers: Mapping[str, str]) -> None:
        """Take in what an answer says, within its slot."""
        with self._changed:
            self._window.learn(status, headers, self._clock.monotonic())

    def hold(self, seconds: float) -> None:
        """Let no thread send anything for so long."""
        with self._changed:
            self._window.hold(self._clock.monotonic() + seconds)

    def _acquire(self) -> None:
        with self._changed:
            while True:
                if self._stop.is_set():
                    raise Interrupted
                wait = self._window.wait(self._clock.monotonic(), self._clock.now().timestamp())
                if wait == 0.0:
                    self._window.start()
                    return
                if wait is None or self._sleeping:
                    self._changed.wait(_POLL)
                else:
                    self._sleep(wait)

    def _sleep(self, seconds: float) -> None:
        # One thread sleeps and the others wait for its word, so that news from an answer that
        # arrives meanwhile reaches them at once.
        self._sleeping = True
        self._changed.release()
        try:
            self._clock.sleep(seconds)
        finally:
            self._changed.acquire()
            self._sleeping = False
            self._changed.notify_all()
