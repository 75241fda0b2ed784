"""What a walk shows about Clio itself: versions that came late, changes without a new stamp."""

from collections import Counter
from dataclasses import dataclass, field

import pendulum

from pipelines.warehouse import Warehouse
from sources.clio_http.plan import OVERLAP


@dataclass(frozen=True)
class Watch:
    """What to look for: versions that the last load, begun at `covered`, should have seen.

    `loaded` is the watermark: loads never ask again for what is older. With `silent`, rows that
    changed though their stamp lies before it are counted field by field.
    """

    covered: pendulum.DateTime
    loaded: pendulum.DateTime
    silent: bool = False


@dataclass
class Observed:
    """How many rows came late, the longest time by which, and silent changes by field."""

    late: int = 0
    seconds: float = 0.0
    silent: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Observed") -> None:
        """Add what another reading showed."""
        self.late += other.late
        self.seconds = max(self.seconds, other.seconds)
        self.silent += other.silent


OK, WARN, FAIL = "ok", "warn", "fail"


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


def late_query(raw: str, same: str) -> str:
    """Build the query of late versions among classified rows; $1 is `covered`.

    A version is late by at least the time from its stamp to the start of the last complete load.
    """
    return (
        "select count(*), coalesce(max(epoch($1::timestamptz) - epoch(c.updated_at)), 0)"  # noqa: S608 - SQL of our own, no value
        f" from classed c left join {raw} r on {same}"
        " where c.updated_at < $1::timestamptz"
        " and (r._row_hash is null or r.updated_at is distinct from c.updated_at)"
    )


def silent_query(raw: str, same: str, columns: list[str]) -> str:
    """Build the query that counts changed fields of rows whose stamp is as it was; $1: `loaded`."""
    counts = ", ".join(f"count(*) filter (b.{name} is distinct from r.{name})" for name in columns)
    return (
        f"select {counts} from classed c join batch b on b._n = c._n join {raw} r on {same}"  # noqa: S608 - SQL of our own, no value
        " where c.updated_at is not distinct from r.updated_at"
        " and c.updated_at < $1::timestamptz"
    )


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
