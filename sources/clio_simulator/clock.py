"""The simulator's clock: an instant of its own that runs at the pace of real time or stands."""

import time

import pendulum

FIRM_TODAY = "2026-03-31"
"""The day on which the seeded firm lives; nothing in the seed depends on the real date."""

START = pendulum.datetime(2026, 3, 31, 12, 0, 0)
"""Where a clock begins that was not told otherwise."""


def milliseconds(moment: pendulum.DateTime | str) -> int:
    """Give a moment as milliseconds since 1970; text is ISO-8601, without offset read as UTC.

    Raises:
        ValueError: the text is no moment.

    """
    if isinstance(moment, str):
        # A "+" that arrived unescaped in a query has become a space.
        parsed = pendulum.parse(moment.strip().replace(" ", "+"), tz="UTC")
        if not isinstance(parsed, pendulum.DateTime):
            raise ValueError(moment)  # noqa: TRY004 - the text is wrong, not its type
        moment = parsed
    return round(moment.timestamp() * 1000)


class SimulatedClock:
    """Tell the time, in milliseconds since 1970."""

    def __init__(self, start: pendulum.DateTime = START, *, running: bool = True) -> None:
        """Begin at `start` and run from there, or stand still."""
        self._base = milliseconds(start)
        self._since = time.monotonic() if running else None

    @classmethod
    def real(cls) -> "SimulatedClock":
        """Give a clock that shows real time."""
        return cls(pendulum.now("UTC"))

    @property
    def running(self) -> bool:
        """Tell whether time passes by itself."""
        return self._since is not None

    def now(self) -> int:
        """Give the present moment in milliseconds since 1970."""
        if self._since is None:
            return self._base
        return self._base + int((time.monotonic() - self._since) * 1000)

    def moment(self) -> pendulum.DateTime:
        """Give the present moment as a date and time in UTC."""
        return pendulum.from_timestamp(self.now() / 1000)

    def advance(self, seconds: float) -> None:
        """Move the clock forward, or back when `seconds` is negative."""
        self._base += round(seconds * 1000)

    def set(self, moment: pendulum.DateTime | str) -> None:
        """Move the clock to a moment; it runs on if it was running."""
        self._base = milliseconds(moment)
        if self.running:
            self._since = time.monotonic()

    def freeze(self) -> None:
        """Stop the clock where it stands."""
        self._base, self._since = self.now(), None

    def resume(self) -> None:
        """Let a frozen clock run again."""
        if not self.running:
            self._since = time.monotonic()
