"""Grow's rate limit: so many requests a second for the whole application."""

from collections import deque

from .switches import Switches


class GrowLimit:
    """Count the requests of the application, whoever's token they bring."""

    def __init__(self, switches: Switches) -> None:
        """Begin with nothing counted."""
        self.switches = switches
        self.window = 0
        self.used = 0
        self.moments: deque[int] = deque()

    def take(self, now: int) -> int:
        """Count one request at `now`; give the seconds to wait, 0 where it is allowed."""
        limit = self.switches.grow_rate_limit if self.switches.rate_limit else 0
        length = max(1, round(self.switches.grow_rate_window * 1000))
        if not limit:
            return 0
        count = self._slide if self.switches.grow_rate_sliding else self._step
        return -(-count(now, length, limit) // 1000)

    def _step(self, now: int, length: int, limit: int) -> int:
        """Count in windows that begin at full multiples; give the milliseconds that are left."""
        window = now // length
        self.window, self.used = window, self.used + 1 if window == self.window else 1
        return (window + 1) * length - now if self.used > limit else 0

    def _slide(self, now: int, length: int, limit: int) -> int:
        """Count what was allowed within the last window; give the milliseconds to the next."""
        while self.moments and self.moments[0] <= now - length:
            self.moments.popleft()
        if len(self.moments) >= limit:
            return self.moments[0] + length - now
        self.moments.append(now)
        return 0
