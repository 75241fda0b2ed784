"""The proof of a sweep: both sides counted and digested, before and after.

Beside it, what walks showed of Clio itself: versions that came late, changes without a new stamp.
"""

import json
from dataclasses import dataclass

import pendulum

from pipelines.warehouse import Warehouse
from sources.clio_http.plan import OVERLAP

from .snapshots import Census

OK, LATE, UNEQUAL, GUARD, WITHHELD = "ok", "late", "unequal", "guard", "withheld"
PROVED = frozenset({OK, LATE, WITHHELD})
"""What these certificates say of the rows of a list is proved."""
WARN, FAIL = "warn", "fail"


@dataclass(frozen=True)
class Absences:
    """What kept rows that a walk did not show from being marked as deleted."""

    undecided: int = 0
    stopped: bool = False


@dataclass(frozen=True)
class Certificate:
    """One completed sweep of one collection, as `meta.certificates` keeps it.

    `digest_before` is the warehouse's side as it was before the walk. `status` is ok (both sides
    are equal now), late (equal, but some version came later than loads allow for), withheld
    (equal as far as this token sees: some columns or values are not known), unequal, or guard
    (too much was absent; a person decides). `parts` is a JSON array: when each run that had a
    part in the walk began, and how many rows it read.
    """

    source: str
    resource: str
    walked_at: pendulum.DateTime
    complete: bool
    rows_clio: int
    rows_warehouse: int
    missing: int
    ghost: int
    stale: int
    healed: int
    digest_clio: str
    digest_warehouse: str
    status: str
    digest_before: str
    undecided: int
    late: int
    late_seconds: float
    finished_at: pendulum.DateTime
    run_id: str
    parts: str = "[]"


def judge(
    absences: Absences, *, equal: bool, seconds: float, overlap: float, unknown: int = 0
) -> str:
    """Say what a completed sweep has proved; `unknown` counts what of the rows is not known."""
    if absences.stopped:
        return GUARD
    if not equal or absences.undecided:
        return UNEQUAL
    if unknown:
        return WITHHELD
    return LATE if seconds > overlap else OK


def draw_up(  # noqa: PLR0913 - each is a fact of its own
    census: Census,
    absences: Absences,
    *,
    walked_at: pendulum.DateTime,
    late: tuple[int, float],
    overlap: float,
    finished_at: pendulum.DateTime,
    run_id: str,
) -> Certificate:
    """Count and digest both sides of a walk that was read to its end."""
    compared, ghosts = census.compare(), census.ghosts()
    _, before = census.digest(census.known_pairs())
    rows_clio, digest_clio = census.digest(census.seen_pairs())
    rows_warehouse, digest_warehouse = census.digest(census.live_pairs())
    parts = [
        {"walked_at": at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else "", "rows": rows}
        for at, rows in census.parts()
    ]
    status = judge(
        absences,
        equal=digest_clio == digest_warehouse,
        seconds=late[1],
        overlap=overlap,
        unknown=unknown_cells(census.warehouse, *census.of_walk[:2]) + census.unfit(),
    )
    source, resource, _ = census.of_walk
    return Certificate(
        source,
        resource,
        walked_at,
        complete=True,
        rows_clio=rows_clio,
        rows_warehouse=rows_warehouse,
        missing=compared.missing,
        ghost=ghosts,
        stale=compared.stale,
        healed=census.healed() + ghosts,
        digest_clio=digest_clio,
        digest_warehouse=digest_warehouse,
        status=status,
        digest_before=before,
        undecided=absences.undecided,
        late=late[0],
        late_seconds=late[1],
        finished_at=finished_at,
        run_id=run_id,
        parts=json.dumps(parts),
    )


def unknown_cells(warehouse: Warehouse, source: str, resource: str) -> int:
    """Count the columns and values of a collection that are withheld or did not fit."""
    ((withheld, kept_out),) = warehouse.rows(
        "select (select count(*) from meta.withheld where source = $1 and resource = $2),"
        " (select count(*) from meta.quarantine where source = $1 and resource = $2)",
        [source, resource],
    )
    return int(withheld + kept_out)


def save(warehouse: Warehouse, certificate: Certificate) -> None:
    """Write a certificate; with it the sweep is over, and there is nothing to go on with."""
    values = list(vars(certificate).values())
    marks = ", ".join(f"${at}" for at in range(1, len(values) + 1))
    names = ", ".join(vars(certificate))
    with warehouse.transaction():
        warehouse.rows(f"insert into meta.certificates ({names}) values ({marks})", values)  # noqa: S608 - SQL of our own, no value
        warehouse.rows(
            "delete from meta.sweeps where source = $1 and resource = $2",
            [certificate.source, certificate.resource],
        )


def proved(warehouse: Warehouse, source: str) -> dict[str, pendulum.DateTime]:
    """Return up to when the deletions of each collection are known: nothing was left undecided."""
    found = warehouse.rows(
        "select resource, max(walked_at) from meta.certificates where source = $1"
        " and status <> $2 and undecided = 0 group by 1",
        [source, GUARD],
    )
    return dict(found)


def last(warehouse: Warehouse, source: str) -> dict[str, tuple[pendulum.DateTime, str]]:
    """Return when each collection was last proved, and with what result."""
    found = warehouse.rows(
        "select resource, max(walked_at), arg_max(status, walked_at) from meta.certificates"
        " where source = $1 group by 1",
        [source],
    )
    return {name: (at, status) for name, at, status in found}


def newest(warehouse: Warehouse) -> pendulum.DateTime | None:
    """Return when the newest walk began that has a certificate."""
    ((at,),) = warehouse.rows("select max(walked_at) from meta.certificates")
    return None if at is None else pendulum.instance(at)


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
