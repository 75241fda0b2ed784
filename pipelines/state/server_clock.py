"""What time it is at Clio: its `Date`, held against the clocks of this machine since the last run.

Loads ask for what changed since an earlier moment of Clio's clock. One answer with a `Date` that
is two hours ahead would let two hours of changes never be asked for. So each run keeps what
`Date` said and what this machine's clocks showed then, and the next one compares.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pendulum

from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.clock import Boot, Clock

NOTHING = pendulum.duration()
JUMP = pendulum.duration(minutes=5)
"""Clocks that differ by more, in the time since the last run, do not agree."""
DRIFT_SECONDS, DRIFT_SHARE = 5.0, 0.0002
"""By how much two clocks that are right may differ after a while: whole seconds, and quartz."""
LONGEST_LAG = pendulum.duration(days=1)
"""By more than that the wall clock of a machine that was started anew is wrong, not Clio's."""


@dataclass(frozen=True)
class ClockReading:
    """One moment: what Clio's `Date` said, and what this machine's clocks showed."""

    said: pendulum.DateTime
    wall: pendulum.DateTime
    boot: Boot | None = None


@dataclass(frozen=True)
class Past:
    """The reading of the last run, and the time at Clio that it was believed to be."""

    reading: ClockReading
    believed: pendulum.DateTime


@dataclass(frozen=True)
class Judgement:
    """The time that counts, the one that the next run compares with, and whether `Date` is right.

    `ahead` is by how much the run before took its time for later than it was.
    """

    time: pendulum.DateTime
    believed: pendulum.DateTime
    trusted: bool = True
    ahead: pendulum.Duration = NOTHING


def spans(past: ClockReading, now: ClockReading) -> list[pendulum.Duration]:
    """Return how long ago a reading was by each clock that can be compared, the best one first.

    The clock that runs since the machine was started also runs while it sleeps, and nobody sets
    it. The wall clock may be off by any amount, as long as that stays the same.
    """
    found = []
    if past.boot and now.boot and past.boot.id == now.boot.id:
        found.append(pendulum.duration(seconds=now.boot.seconds - past.boot.seconds))
    return [*found, pendulum.duration(seconds=(now.wall - past.wall).total_seconds())]


def judge(
    past: Past | None,
    now: ClockReading,
    newest: Callable[[], pendulum.DateTime | None] = lambda: None,
) -> Judgement:
    """Say what time it is at Clio.

    A `Date` that agrees with no clock is not trusted. If it is earlier than expected it is used
    all the same, for that is the safe side. If it is later, then what was expected is used, for
    as long as it stays so: but for what `newest`, the newest stamp of a record, proves.
    """
    if past is None:
        return Judgement(now.said, now.said)
    passed = spans(past.reading, now)
    agree = [s for s in passed if _apart(now.said, past.believed + s) <= JUMP]
    follow = [s for s in passed if _apart(now.said, past.reading.said + s) <= JUMP]
    span = (agree or follow or passed)[0]
    expected, trusted = past.believed + span, bool(agree or follow)
    later = now.said - expected
    if agree:
        drift = DRIFT_SECONDS + DRIFT_SHARE * abs(span.total_seconds())
        believed = now.said if later.total_seconds() <= drift else expected
        return Judgement(min(now.said, believed), believed)
    if later <= NOTHING:
        ahead = NOTHING if follow else pendulum.duration(seconds=-later.total_seconds())
        return Judgement(now.said, now.said if follow else expected, trusted, ahead)
    started_anew = len(passed) == 1
    if started_anew and later > LONGEST_LAG:
        return Judgement(now.said, now.said, trusted)
    proved = newest() or expected
    believed = max(expected, min(proved, now.said))
    return Judgement(believed, believed, trusted)


def _apart(one: pendulum.DateTime, other: pendulum.DateTime) -> pendulum.Duration:
    return pendulum.duration(seconds=abs((one - other).total_seconds()))


def expected(past: Past | None, now: ClockReading) -> pendulum.DateTime:
    """Return the time that the best of this machine's clocks makes it at Clio."""
    return now.said if past is None else past.believed + spans(past.reading, now)[0]


def read(clock: Clock, said: pendulum.DateTime) -> ClockReading:
    """Read this machine's clocks at the moment at which Clio said what time it is."""
    return ClockReading(said, clock.now(), clock.boot())


def last(warehouse: Warehouse, source: str) -> Past | None:
    """Return the reading of the last run; None before the first."""
    found = warehouse.rows(
        "select wall, boot_id, boot, said, believed from meta.server_clock where source = $1",
        [source],
    )
    for wall, boot_id, boot, said, believed in found:
        moments = [pendulum.instance(at).in_timezone("UTC") for at in (said, wall, believed)]
        reading = ClockReading(moments[0], moments[1], Boot(boot_id, boot) if boot_id else None)
        return Past(reading, moments[2])
    return None


def newest_stamp(warehouse: Warehouse, source: str) -> pendulum.DateTime | None:
    """Return the newest `updated_at` of all records that are stored."""
    schema = f"raw_{source}"
    tables = [name for name, columns in warehouse.layout(schema).items() if "updated_at" in columns]
    parts = [f"select max(updated_at) as moment from {quoted(schema)}.{quoted(t)}" for t in tables]  # noqa: S608 - names and constants
    if not parts:
        return None
    ((newest,),) = warehouse.rows(f"select max(moment) from ({' union all '.join(parts)})")  # noqa: S608 - names and constants
    return None if newest is None else pendulum.instance(newest).in_timezone("UTC")


def keep(warehouse: Warehouse, source: str, now: ClockReading, judgement: Judgement) -> None:
    """Keep a reading for the next run; after one that is not trusted everything is read once.

    A collection whose digest of fields is not known is walked in full, whatever walk was put
    down. Where the time was taken for later than it was, so were the moments of what was read.
    """
    boot_id, boot = (now.boot.id, now.boot.seconds) if now.boot else ("", 0.0)
    with warehouse.transaction():
        warehouse.rows("delete from meta.server_clock where source = $1", [source])
        warehouse.rows(
            "insert into meta.server_clock values ($1, $2, $3, $4, $5, $6)",
            [source, now.wall, boot_id, boot, now.said, judgement.believed],
        )
        if judgement.trusted:
            return
        for table in ("watermarks", "sweeps"):
            warehouse.rows(
                f"update meta.{table} set fields_hash = '',"  # noqa: S608 - names and constants
                " completed_at = completed_at - to_seconds($2) where source = $1",
                [source, judgement.ahead.total_seconds()],
            )
        warehouse.rows(
            "delete from meta.parents_read where source = $1 and read_at > $2",
            [source, judgement.time],
        )
