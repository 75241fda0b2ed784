"""What Clio says of itself: what time it is there, whose token is used, and what it announces.

Loads ask for what changed since an earlier moment of Clio's clock. One answer with a `Date` that
is two hours ahead would let two hours of changes never be asked for. So each run keeps what
`Date` said and what this machine's clocks showed then, and the next one compares.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from statistics import median

import pendulum

from pipelines.access.account import Identity
from pipelines.warehouse import Warehouse, moment, utc
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Catalog
from sources.clio_http.clock import Boot, Clock
from sources.clio_http.statuses import DEPRECATED, Notice

NOTHING = pendulum.duration()
JUMP = pendulum.duration(minutes=5)
"""Clocks that differ by more, in the time since the last_reading run, do not agree."""
DRIFT_SECONDS, DRIFT_SHARE = 5.0, 0.0002
"""By how much two clocks that are right may differ after a while: whole seconds, and quartz."""
LONGEST_LAG = pendulum.duration(days=1)
"""By more than that the wall clock of a machine that was started anew is wrong, not Clio's."""
SKEW = pendulum.duration(minutes=2)
MORE_ANSWERS = 2
MINUTE, A_DAY = 60, 1_440
APART = (
    "Clio's clock is {much} {way} this machine's; this run goes by {used}. See that this"
    " machine's clock is set by a time server (NTP); if it is right, there is nothing to do"
)
EARLIER = "an earlier time than Clio's, {time:YYYY-MM-DD HH:mm} UTC, so that no change is missed"
DISTRUSTED = (
    "Clio's clock and this machine's went apart by {minutes} minutes since the last run: every"
    " collection is read whole once, so that no change is missed"
)


@dataclass(frozen=True)
class ClockReading:
    """One moment: what Clio's `Date` said, and what this machine's clocks showed."""

    said: pendulum.DateTime
    wall: pendulum.DateTime
    boot: Boot | None = None


@dataclass(frozen=True)
class Past:
    """The reading of the last_reading run, and the time at Clio that it was believed to be."""

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


def last_reading(warehouse: Warehouse, source: str) -> Past | None:
    """Return the reading of the last_reading run; None before the first."""
    found = warehouse.rows(
        "select wall, boot_id, boot, said, believed from meta.server_clock where source = $1",
        [source],
    )
    for wall, boot_id, boot, said, believed in found:
        boot_clock = Boot(boot_id, boot) if boot_id else None
        return Past(ClockReading(utc(said), utc(wall), boot_clock), utc(believed))
    return None


def newest_stamp(warehouse: Warehouse, source: str) -> pendulum.DateTime | None:
    """Return the newest `updated_at` of all records that are stored."""
    schema = f"raw_{source}"
    tables = [name for name, columns in warehouse.layout(schema).items() if "updated_at" in columns]
    parts = [f"select max(updated_at) as moment from {quoted(schema)}.{quoted(t)}" for t in tables]  # noqa: S608 - names and constants
    if not parts:
        return None
    ((newest,),) = warehouse.rows(f"select max(moment) from ({' union all '.join(parts)})")  # noqa: S608 - names and constants
    return moment(newest)


def keep_reading(
    warehouse: Warehouse, source: str, now: ClockReading, judgement: Judgement
) -> None:
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


def settle(
    warehouse: Warehouse,
    source: str,
    clock: Clock,
    said: pendulum.DateTime,
    ask: Callable[[], pendulum.DateTime],
) -> tuple[pendulum.DateTime, list[str]]:
    """Return the time at which a run starts at Clio, kept for the next one to compare, and notes.

    `said` is the `Date` of the answer that has just come. Where it agrees with no clock, a few
    more small requests, made by `ask`, tell whether it was that answer's alone.
    """
    past, newest = last_reading(warehouse, source), partial(newest_stamp, warehouse, source)
    now, notes = read(clock, said), []
    judged = judge(past, now, newest)
    if not judged.trusted:
        now = read(clock, _median(clock, said, ask))
        judged = judge(past, now, newest)
    keep_reading(warehouse, source, now, judged)
    if abs(now.said - now.wall) > SKEW:
        notes.append(apart(now, judged))
    if not judged.trusted:
        jump = abs((now.said - expected(past, now)).total_seconds())
        notes.append(DISTRUSTED.format(minutes=round(jump / MINUTE)))
    return judged.time, notes


def apart(now: ClockReading, judged: Judgement) -> str:
    """Say by how much Clio's clock and this machine's differ, and which time is gone by."""
    minutes = (now.said - now.wall).total_seconds() / MINUTE
    far = abs(minutes)
    much = f"{far:,.0f} minutes" if far < 2 * A_DAY else f"{far / A_DAY:,.0f} days"
    used = "Clio's" if judged.time == now.said else EARLIER.format(time=judged.time)
    return APART.format(much=much, way="ahead of" if minutes > 0 else "behind", used=used)


def _median(
    clock: Clock, said: pendulum.DateTime, ask: Callable[[], pendulum.DateTime]
) -> pendulum.DateTime:
    """Ask what time it is a few times more; give the middle answer, as of now."""
    moments = [(said, clock.monotonic())]
    for _ in range(MORE_ANSWERS):
        again = ask()
        moments.append((again, clock.monotonic()))
    last = moments[-1][1]
    return pendulum.from_timestamp(median(at.timestamp() + last - read for at, read in moments))


def pinned(warehouse: Warehouse, source: str) -> Identity | None:
    """Return the identity that the warehouse was first loaded with, or that a person accepted."""
    found = warehouse.rows(
        "select account_id, user_id, rights from meta.accounts where source = $1", [source]
    )
    return Identity(*found[0]) if found else None


def pin(warehouse: Warehouse, source: str, identity: Identity, at: pendulum.DateTime) -> None:
    """Take an identity as the one that this warehouse is read with."""
    with warehouse.transaction():
        warehouse.rows("delete from meta.accounts where source = $1", [source])
        warehouse.rows(
            "insert into meta.accounts values ($1, $2, $3, $4, $5)",
            [source, identity.account_id, identity.user_id, identity.rights, at],
        )


def keep_new(  # noqa: PLR0913 - each is a fact of its own
    warehouse: Warehouse,
    catalog: Catalog,
    notices: Iterable[Notice],
    *,
    run_id: str,
    asked: str,
    at: pendulum.DateTime,
) -> list[str]:
    """Keep the announcements that are new, and return a sentence about each of them."""
    told = []
    for notice in notices:
        resource = _resource(catalog, notice.path)
        name = [catalog.source, resource, notice.text, notice.kind]
        if warehouse.rows(
            "select 1 from meta.drift where source = $1 and resource = $2 and field = $3"
            " and kind = $4",
            name,
        ):
            continue
        warehouse.rows(
            "insert into meta.drift values ($1, $2, $3, $4, $5, $6)", [*name, at, run_id]
        )
        what = resource or notice.path
        said = f"Clio answers as version {notice.text} of its API, though {asked} is asked for"
        if notice.kind == DEPRECATED:
            said = (
                f"Clio announces that {what} {notice.text}; a newer clio-sync may be needed by then"
            )
        told.append(said)
    return told


def _resource(catalog: Catalog, path: str) -> str:
    """Name the collection that is read at a path template; empty where it is none."""
    for name, collection in {**catalog.collections, **catalog.singletons}.items():
        for known in (collection.path, collection.item_path):
            if known and re.sub(r"\{\w+\}", "{id}", f"/{known}") == path:
                return name
    return ""
