"""When data counts as too old."""

from datetime import timedelta
from typing import Any

import pendulum
import pytest

from pipelines.operate.freshness import judged, stale

NOW = pendulum.datetime(2026, 3, 2, 12)
TWO = timedelta(hours=2)


def row(name: str, hours: float | None, **more: Any) -> dict[str, Any]:
    """Return a collection that was loaded so many hours ago."""
    at = None if hours is None else NOW.subtract(minutes=round(60 * hours))
    loaded = {"resource": name, "state": "ok", "last_load": at, "watermark": at}
    return {**loaded, "mode": "incremental", **more}


@pytest.mark.parametrize(
    ("given", "old"),
    [
        (row("a", 1), False),
        (row("a", 2), False),
        (row("a", 2.1), True),
        (row("a", 25, mode="daily"), False),
        (row("a", 27, mode="daily"), True),
        (row("daily_by_rule", 25), False),
        (row("a", 0, state="failed", watermark=NOW.subtract(hours=3)), True),
        (row("a", 0, state="incomplete", watermark=NOW.subtract(hours=1)), False),
        (row("a", 0, state="interrupted", watermark=None), True),
    ],
)
def test_what_is_too_old(given: dict[str, Any], old: bool) -> None:
    """A complete load counts from its end, another one from what is complete; daily ones may be a
    day older.
    """
    assert bool(stale([given], frozenset({"daily_by_rule"}), NOW, TWO)) is old


def test_the_oldest_comes_first() -> None:
    """What was never complete first of all."""
    rows = [row("a", 3), row("b", 5), row("c", None, state="incomplete")]
    assert [name for name, _ in stale(rows, frozenset(), NOW, TWO)] == ["c", "b", "a"]


def test_what_clio_refuses_is_not_judged() -> None:
    """A collection that was never read and fails has its own error; once read, it can be old."""
    assert not judged(row("a", None, state="failed"))
    assert judged(row("a", 3, state="failed"))
    assert judged(row("a", None, state="incomplete"))
