"""Whether the service answers any list at all, so that a run does not wait for one after another.

A list that hangs takes minutes, and a firm has sixty of them. Once three lists in a row were asked
for and none was answered meanwhile, the service is taken to be away: nothing more is sent.
"""

import threading

from sources.errors import SilentError

LISTS = 3
"""So many lists without an answer, and none answered meanwhile: the rest are not tried."""
HANGS = 2
"""So many waits of one list that ended without an answer count as if it had failed for good."""


class Silence:
    """What the walks of a run tell one another of the service; shared by their threads."""

    def __init__(self) -> None:
        """Begin with nothing asked and nothing answered."""
        self._lock = threading.Lock()
        self._answers = 0
        self._hangs: dict[int, int] = {}
        self._unanswered: set[int] = set()

    @property
    def answers(self) -> int:
        """Count the answers so far."""
        return self._answers

    def answered(self) -> None:
        """Note that some list was answered, if only with a refusal."""
        with self._lock:
            self._answers += 1
            if not self.fallen:
                self._hangs.clear()
                self._unanswered.clear()

    def hung(self, walk: object, since: int) -> None:
        """Note that a request of a walk got no answer; `since` are the answers before it."""
        with self._lock:
            if since == self._answers:
                self._hangs[id(walk)] = self._hangs.get(id(walk), 0) + 1
                if self._hangs[id(walk)] >= HANGS:
                    self._unanswered.add(id(walk))

    def failed(self, walk: object, since: int) -> None:
        """Note that a walk ends because Clio did not answer it, whatever was tried."""
        with self._lock:
            if since == self._answers:
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
