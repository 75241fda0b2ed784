"""What walks showed of Clio itself: versions that came late, changes without a new stamp."""

from dataclasses import dataclass

import pendulum

from pipelines.warehouse import Warehouse
from sources.clio_http.plan import OVERLAP

OK, WARN, FAIL = "ok", "warn", "fail"


@dataclass(frozen=True)
class Watch:
    """What to look for: versions that the last load, begun at `covered`, should have seen.

    `loaded` is the watermark: loads never ask again for what is older. With `silent`, rows that
    changed though their stamp lies before it are counted field by field.
    """

    covered: pendulum.DateTime
    loaded: pendulum.DateTime
    silent: bool = False


def verdict(seconds: float) -> str:
    """Judge the greatest lateness: fail above the overlap, warn from half of it on."""
    if seconds > OVERLAP.total_seconds():
        return FAIL
    return WARN if seconds >= OVERLAP.total_seconds() / 2 else OK


def worst_lateness(warehouse: Warehouse, source: str, now: pendulum.DateTime) -> dict[str, float]:
    """Return the longest time in seconds by which a version was late in the last 30 days."""
    found = warehouse.rows(
        "select resource, max(seconds) from meta.lateness"
        " where source = $1 and seen_at >= $2 group by 1",
        [source, now.subtract(days=30)],
    )
    return dict(found)


def lateness_of_walk(
    warehouse: Warehouse, source: str, resource: str, walked_at: pendulum.DateTime
) -> tuple[int, float]:
    """Return how many versions of one sweep were late, and the longest time by which."""
    ((records, seconds),) = warehouse.rows(
        "select coalesce(sum(records), 0), coalesce(max(seconds), 0) from meta.lateness"
        " where source = $1 and resource = $2 and walked_at = $3 and mode = 'sweep'",
        [source, resource, walked_at],
    )
    return int(records), float(seconds)


def silent_changes(warehouse: Warehouse) -> list[tuple[str, str, int]]:
    """Return collection, field and number of the rows that changed without a new stamp."""
    return warehouse.rows("select resource, field, records from meta.silent_changes")


def silent_counts(warehouse: Warehouse, source: str) -> dict[str, int]:
    """Count the rows of each collection that changed without a new stamp."""
    query = "select resource, sum(records) from meta.silent_changes where source = $1 group by 1"
    return {name: int(count) for name, count in warehouse.rows(query, [source])}
