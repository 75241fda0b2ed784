"""Counts of requests: those that were sent, and those that may still be."""

import threading

from sources.errors import BudgetSpent


class Meter:
    """Counts the requests of one walk, retries included."""

    def __init__(self) -> None:
        """Start at nothing."""
        self._lock = threading.Lock()
        self._requests = 0

    @property
    def requests(self) -> int:
        """Return the number of requests sent so far."""
        return self._requests

    def count(self) -> None:
        """Add one."""
        with self._lock:
            self._requests += 1


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
