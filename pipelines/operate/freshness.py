"""Whether data is older than it may be. Decisions only."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import pendulum

DAY = timedelta(days=1)
"""What is due once a day may be older by this."""
OK, FAILED = "ok", "failed"


def stale(
    rows: Iterable[Mapping[str, Any]],
    daily: frozenset[str],
    now: pendulum.DateTime,
    most: timedelta,
) -> list[tuple[str, pendulum.DateTime | None]]:
    """Name the collections of a product that are older than they may be, the oldest first.

    `rows` are those of `source_status`. A collection is as old as its last load, if that was
    complete, and otherwise as what it is complete up to; None where it never was.
    """
    found = []
    for row in rows:
        at = as_of(row)
        once_a_day = row["mode"] == "daily" or row["resource"] in daily
        if at is None or now - at > (most + DAY if once_a_day else most):
            found.append((row["resource"], at))
    return sorted(found, key=lambda one: (one[1] is not None, one[1] or now))


def judged(row: Mapping[str, Any]) -> bool:
    """Tell whether a collection can be too old: not if every load tells that Clio refuses it."""
    return row["state"] != FAILED or row["watermark"] is not None


def as_of(row: Mapping[str, Any]) -> pendulum.DateTime | None:
    """Return the moment up to which a collection is known."""
    known: pendulum.DateTime | None = row["last_load"] if row["state"] == OK else row["watermark"]
    return known
