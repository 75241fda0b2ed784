"""The only source of now. A clock is always passed in, so that tests own the time."""

import threading
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Protocol

import pendulum

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Boot:
    """Seconds since this machine was started, its sleep included, and which start that was."""

    id: str
    seconds: float


class Clock(Protocol):
    """What the HTTP edge needs to know of time."""

    def now(self) -> pendulum.DateTime:
        """Return the time in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""

    def boot(self) -> Boot | None:
        """Return the time since the machine was started; None where it cannot be had."""

    def sleep(self, seconds: float) -> None:
        """Wait, or less if asked to stop."""


class SystemClock:
    """The machine's own clock. Its sleep ends early once `stop` is set."""

    def __init__(self, stop: threading.Event | None = None) -> None:
        """Take the event that ends every sleep."""
        self._stop = stop or threading.Event()

    def now(self) -> pendulum.DateTime:
        """Return the time in UTC."""
        return pendulum.now("UTC")

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    def boot(self) -> Boot | None:
        """Return the time since the machine was started; only Linux says which start that was."""
        try:
            return Boot(BOOT_ID.read_text("ascii").strip(), time.clock_gettime(time.CLOCK_BOOTTIME))
        except (OSError, ValueError, AttributeError):
            return None

    def sleep(self, seconds: float) -> None:
        """Wait, or less if asked to stop."""
        self._stop.wait(max(0.0, seconds))


def http_date(text: str | None) -> pendulum.DateTime | None:
    """Read an HTTP date as UTC; None if it is absent or not one."""
    try:
        parsed = parsedate_to_datetime(text) if text else None
    except (ValueError, OverflowError):
        return None
    return None if parsed is None else pendulum.instance(parsed).in_timezone("UTC")


def iso_date(text: object) -> pendulum.DateTime | None:
    """Read an ISO date with its time; None if it is absent or not one."""
    try:
        read = pendulum.parse(text) if isinstance(text, str) and text else None
    except (ValueError, OverflowError):
        return None
    return read if isinstance(read, pendulum.DateTime) else None
