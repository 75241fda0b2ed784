"""How values look in JSON: timestamps, etags, and bytes put in as they are."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson
import pendulum

SECOND = 1000
DAY = 86_400 * SECOND


@dataclass(frozen=True)
class Raw:
    """A value that stands in the answer byte for byte, valid JSON or not."""

    data: bytes


@lru_cache(maxsize=100_000)
def _day(number: int) -> str:
    return pendulum.from_timestamp(number * 86_400).to_date_string()


@lru_cache(maxsize=86_400)
def _time(second: int) -> str:
    minutes, seconds = divmod(second, 60)
    hours, minutes = divmod(minutes, 60)
    return f"T{hours:02}:{minutes:02}:{seconds:02}"


def stamp(milliseconds: int) -> str:
    """Write a moment as Clio does: whole seconds, UTC."""
    day, rest = divmod(milliseconds, DAY)
    return f"{_day(day)}{_time(rest // SECOND)}Z"


def fine_stamp(milliseconds: int) -> str:
    """Write a moment with its milliseconds."""
    day, rest = divmod(milliseconds, DAY)
    return f"{_day(day)}{_time(rest // SECOND)}.{rest % SECOND:03}Z"


def http_date(milliseconds: int) -> str:
    """Write a moment for an HTTP header."""
    moment = pendulum.from_timestamp(milliseconds // SECOND)
    return moment.format("ddd, DD MMM YYYY HH:mm:ss [GMT]", locale="en")


def etag(*parts: object) -> str:
    """Make an entity tag; the double quotes are part of the value, as they are in Clio's JSON."""
    digest = blake2b("/".join(map(str, parts)).encode(), digest_size=16)
    return f'"{digest.hexdigest()}"'


def _raw(value: object) -> orjson.Fragment:
    if isinstance(value, Raw):
        return orjson.Fragment(value.data)
    raise TypeError(type(value).__name__)


def dump(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Write JSON, putting every `Raw` in as it is."""
    return orjson.dumps(value, default=_raw, option=orjson.OPT_PASSTHROUGH_DATACLASS)


def unraw(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Read `{"$raw": "1e400"}` as bytes that stand in the answer as they are."""
    if isinstance(value, dict):
        if set(value) == {"$raw"}:
            return Raw(value["$raw"].encode("utf-8", "surrogateescape"))
        return {key: unraw(inner) for key, inner in value.items()}
    return [unraw(inner) for inner in value] if isinstance(value, list) else value
