"""When to ask again, and how long to wait before: bounded in attempts, in time, and with jitter.

Only requests that are safe to repeat come here. The loop is our own, and small, because a general
one waits on the machine's clock: here the clock is passed in and every wait ends at a stop.
"""

import logging
import math
import random
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, TypeVar

import pendulum

from sources.errors import ClioError, Interrupted, RateLimitedError

from .clock import Clock, http_date, iso_date

T = TypeVar("T")

_LOG = logging.getLogger(__name__)
LONGEST_HOLD = 300.0


@dataclass(frozen=True)
class Policy:
    """How often and how long to try. Refusals (429) count apart from failures.

    `waits` are the seconds to wait after one refusal after another that does not say how long,
    and after the last of them there is no further try; without any, waits double up to a bound.
    """

    attempts: int = 5
    total: float = 180.0
    refusals: int = 20
    first_wait: float = 0.5
    longest_wait: float = 30.0
    waits: tuple[float, ...] = ()


@dataclass(frozen=True)
class Succeeded(Generic[T]):
    """The request succeeded."""

    value: T


@dataclass(frozen=True)
class Transient:
    """The request failed in a way that may pass; `error` is raised if it does not."""

    error: ClioError


@dataclass(frozen=True)
class Throttled:
    """Clio answered 429 and asked for a wait of `seconds`, or did not say how long."""

    seconds: float | None


Outcome = Succeeded[T] | Transient | Throttled


class Retrier:
    """Repeats a request until it succeeds, fails for good or the policy is used up."""

    def __init__(
        self, policy: Policy, clock: Clock, stop: threading.Event, hold: Callable[[float], None]
    ) -> None:
        """Take the policy, and `hold`, which keeps every thread from sending for so long."""
        self._policy = policy
        self._clock = clock
        self._stop = stop
        self._hold = hold

    def call(
        self,
        slot: Callable[[], AbstractContextManager[None]],
        once: Callable[[], Outcome[T]],
        attempts: int | None = None,
    ) -> T:
        """Run `once`, each time within a new slot, and give the value of its success.

        `attempts` bounds the failures instead of the policy, where another try is of no use.

        Waiting for a slot is not counted as time spent on failures: it is how the rate limit is
        kept, and may rightly take a minute.
        """
        failures = refusals = unsaid = 0
        spent = 0.0
        while True:
            with slot():
                began = self._clock.monotonic()
                outcome = once()
                spent += self._clock.monotonic() - began
                if isinstance(outcome, Throttled):
                    refusals += 1
                    unsaid += outcome.seconds is None
                    # Held before the slot is given back, so that no other thread slips through.
                    self._hold_all(outcome, refusals, unsaid)
            if isinstance(outcome, Succeeded):
                return outcome.value
            if isinstance(outcome, Transient):
                failures += 1
                spent += self._pause(outcome, failures, spent, attempts or self._policy.attempts)

    def _hold_all(self, refusal: Throttled, refusals: int, unsaid: int) -> None:
        waits = self._policy.waits
        if refusals >= self._policy.refusals or (waits and unsaid > len(waits)):
            message = f"Clio answered 429 (too many requests) {refusals} times in a row"
            raise RateLimitedError(message)
        wait = refusal.seconds
        if wait is None and waits:
            # never shorter than Clio advises, and not the same for everyone
            wait = waits[unsaid - 1] * random.uniform(1.0, 1.1)  # noqa: S311 - guards nothing
        elif wait is None:
            wait = backoff(refusals, 1.0, LONGEST_HOLD)
        _LOG.warning("Clio answered 429 (too many requests): waiting %.1f s", wait)
        self._hold(wait)

    def _pause(self, failure: Transient, failures: int, spent: float, attempts: int) -> float:
        wait = backoff(failures, self._policy.first_wait, self._policy.longest_wait)
        if failures >= attempts or spent + wait > self._policy.total:
            raise failure.error
        _LOG.info("%s; asking again in %.1f s", failure.error, wait)
        self._clock.sleep(wait)
        if self._stop.is_set():
            raise Interrupted
        return wait


def backoff(failures: int, first: float, longest: float) -> float:
    """Return the wait after so many failures: doubling up to a bound, its upper half random."""
    most = min(longest, first * 2.0 ** min(failures - 1, 30))
    return most * random.uniform(0.5, 1.0)  # noqa: S311 - spreads requests, guards nothing


def asked_wait(headers: Mapping[str, str], now: pendulum.DateTime) -> float | None:
    """Read how long a 429 asks to wait: seconds, at most `LONGEST_HOLD`; None if it does not say.

    `Retry-After` is a number of seconds or an HTTP date; `Retry-At`, which an older article of
    Clio's names, is a moment: unix seconds, an HTTP date or an ISO date. What is not in the future
    or cannot be read counts as not said. A moment is measured against the answer's own Date.
    """
    at = http_date(headers.get("date")) or now
    after = headers.get("retry-after")
    candidates = (_number(after), _until(after, at), _until(headers.get("retry-at"), at))
    wait = next((seconds for seconds in candidates if seconds is not None and seconds > 0), None)
    return None if wait is None else min(wait, LONGEST_HOLD)


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text else math.nan
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _until(text: str | None, now: pendulum.DateTime) -> float | None:
    seconds = _number(text)
    moment = http_date(text) or iso_date(text)
    if seconds is not None:
        return seconds - now.timestamp()
    return None if moment is None else moment.timestamp() - now.timestamp()
