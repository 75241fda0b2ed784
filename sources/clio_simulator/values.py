"""The simulator's clock, and how values look in JSON: stamps, tags, identifiers, raw bytes."""

import time
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from hashlib import blake2b
from importlib.resources import files
from typing import Any

import orjson
import pendulum

from sources.clio_http.leaves import JsonValue

FIRM_TODAY = "2026-03-31"
"""The day on which the seeded firm lives; nothing in the seed depends on the real date."""

START = pendulum.datetime(2026, 3, 31, 12, 0, 0)
"""Where a clock begins that was not told otherwise."""


def milliseconds(moment: pendulum.DateTime | str) -> int:
    """Return a moment as milliseconds since 1970; text is ISO-8601, without offset read as UTC.

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
        """Return a clock that shows real time."""
        return cls(pendulum.now("UTC"))

    @property
    def running(self) -> bool:
        """Tell whether time passes by itself."""
        return self._since is not None

    def now(self) -> int:
        """Return the present moment in milliseconds since 1970."""
        if self._since is None:
            return self._base
        return self._base + int((time.monotonic() - self._since) * 1000)

    def moment(self) -> pendulum.DateTime:
        """Return the present moment as a date and time in UTC."""
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


SECOND = 1000
DAY = 86_400 * SECOND


@lru_cache
def data(name: str) -> dict[str, Any]:
    """Read one of the files of data beside the modules."""
    text = files("sources").joinpath("clio_simulator", f"{name}.json").read_text("utf-8")
    found: dict[str, Any] = orjson.loads(text)
    return found


LIVE: dict[str, str] = data("manage")["live"]
"""Fields of a custom field value → where they stand in its custom field."""


@dataclass(frozen=True)
class Raw:
    """A value that stands in the answer byte for byte, valid JSON or not."""

    data: bytes


@lru_cache(maxsize=100_000)
def _day_of(number: int) -> str:
    return pendulum.from_timestamp(number * 86_400).to_date_string()


@lru_cache(maxsize=86_400)
def _time_of_day(second: int) -> str:
    minutes, seconds = divmod(second, 60)
    hours, minutes = divmod(minutes, 60)
    return f"T{hours:02}:{minutes:02}:{seconds:02}"


def stamp(milliseconds: int) -> str:
    """Write a moment as Clio does: whole seconds, UTC."""
    day, rest = divmod(milliseconds, DAY)
    return f"{_day_of(day)}{_time_of_day(rest // SECOND)}Z"


def fine_stamp(milliseconds: int) -> str:
    """Write a moment with its milliseconds."""
    day, rest = divmod(milliseconds, DAY)
    return f"{_day_of(day)}{_time_of_day(rest // SECOND)}.{rest % SECOND:03}Z"


def http_date(milliseconds: int) -> str:
    """Write a moment for an HTTP header."""
    return formatdate(milliseconds // SECOND, usegmt=True)


def etag(*parts: object) -> str:
    """Make an entity tag; the double quotes are part of the value, as they are in Clio's JSON."""
    digest = blake2b("/".join(map(str, parts)).encode(), digest_size=16)
    return f'"{digest.hexdigest()}"'


def _raw(value: object) -> orjson.Fragment:
    if isinstance(value, Raw):
        return orjson.Fragment(value.data)
    raise TypeError(type(value).__name__)


def dump(value: JsonValue) -> bytes:
    """Write JSON, putting every `Raw` in as it is."""
    return orjson.dumps(value, default=_raw, option=orjson.OPT_PASSTHROUGH_DATACLASS)


def unraw(value: JsonValue) -> JsonValue:
    """Read `{"$raw": "1e400"}` as bytes that stand in the answer as they are."""
    if isinstance(value, dict):
        if set(value) == {"$raw"}:
            return Raw(value["$raw"].encode("utf-8", "surrogateescape"))
        return {key: unraw(inner) for key, inner in value.items()}
    return [unraw(inner) for inner in value] if isinstance(value, list) else value


ULID_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid(moment: int, *of: object) -> str:
    """Return the identifier of something that began at a moment (milliseconds since 1970)."""
    digest = blake2b("/".join(map(str, of)).encode(), digest_size=10).digest()
    number = (moment << 80) + int.from_bytes(digest)
    return "".join(ULID_LETTERS[number >> shift & 31] for shift in range(125, -1, -5))
