"""The arithmetic of the pace: permits that rest after use, and how many of them may be used.

How many requests a second an application may send is documented, and may be less all the same:
others use it too, or Clio has lowered it. So a refusal halves the pace, at most once for what was
under way together, and quiet raises it step by step. The pace that was refused is tried again
after a minute, and after twice as long each time that it is refused anew.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from .retry import LONGEST_HOLD

LEASE = 10.0
"""Seconds after which a request that is still under way was surely counted, and after which the
permit of a process that died is free again."""
SLOWEST = 1 / 16
LONGEST_REST = LEASE + 1 / SLOWEST
TOGETHER = 1.5
QUIET = 10.0
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 3_600.0
GOOD_WHILE = 600.0
TOO_MANY = 429
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
