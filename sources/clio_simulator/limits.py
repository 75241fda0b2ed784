"""The rate limit: so many requests for each token in a fixed window."""

from dataclasses import dataclass

from .errors import Refusal
from .switches import Switches


@dataclass(frozen=True)
class Allowance:
    """What one request finds of its token's window; `reset` is in seconds since 1970."""

    limit: int
    remaining: int
    reset: int
    wait: int
    exceeded: bool

    @property
    def headers(self) -> dict[str, str]:
        """Give the headers that stand in every answer."""
        if not self.limit:
            return {}
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.reset),
        }


class RateLimit:
    """Count requests by token."""

    def __init__(self, switches: Switches) -> None:
        """Begin with nothing counted."""
        self.switches = switches
        self.windows: dict[str, tuple[int, int]] = {}

    def take(self, token: str, now: int) -> Allowance:
        """Count one request at `now` (milliseconds since 1970)."""
        limit = self.switches.rate_limit
        length = max(1, round(self.switches.rate_window * 1000))
        window = now // length
        number, used = self.windows.get(token, (window, 0))
        used = used + 1 if number == window else 1
        self.windows[token] = (window, used)
        left = (window + 1) * length - now
        return Allowance(
            limit=limit,
            remaining=max(0, limit - used),
            reset=-(-(window + 1) * length // 1000),
            wait=max(1, -(-left // 1000)),
            exceeded=bool(limit) and used > limit,
        )


def too_many(wait: int) -> Refusal:
    """Refuse for now."""
    return Refusal(429, f"Rate limit reached. Retry in {wait} seconds.")
