"""The start time of a run: what Clio says, checked before anything is planned by it."""

from statistics import median
from typing import TYPE_CHECKING

import pendulum

from pipelines.state import server_clock

if TYPE_CHECKING:
    from .runner import Runner

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


def settle(run: "Runner", said: pendulum.DateTime) -> pendulum.DateTime:
    """Return the time at which the run starts at Clio, and keep it for the next one to compare.

    `said` is the `Date` of the answer that has just come. Where it agrees with no clock, a few
    more small requests tell whether it was that answer's alone.
    """
    warehouse, source = run.warehouse, run.source
    past = server_clock.last(warehouse, source)
    now = server_clock.read(run.clock, said)

    def newest() -> pendulum.DateTime | None:
        return server_clock.newest_stamp(warehouse, source)

    judged = server_clock.judge(past, now, newest)
    if not judged.trusted:
        now = server_clock.read(run.clock, _median(run, said))
        judged = server_clock.judge(past, now, newest)
    server_clock.keep(warehouse, source, now, judged)
    if abs(now.said - now.wall) > SKEW:
        run.reporter.note(apart(now, judged))
    if not judged.trusted:
        jump = abs((now.said - server_clock.expected(past, now)).total_seconds())
        run.reporter.note(DISTRUSTED.format(minutes=round(jump / MINUTE)))
    run.result.server_time = judged.time
    return judged.time


def apart(now: server_clock.ClockReading, judged: server_clock.Judgement) -> str:
    """Say by how much Clio's clock and this machine's differ, and which time is gone by."""
    minutes = (now.said - now.wall).total_seconds() / MINUTE
    far = abs(minutes)
    much = f"{far:,.0f} minutes" if far < 2 * A_DAY else f"{far / A_DAY:,.0f} days"
    used = "Clio's" if judged.time == now.said else EARLIER.format(time=judged.time)
    return APART.format(much=much, way="ahead of" if minutes > 0 else "behind", used=used)


def _median(run: "Runner", said: pendulum.DateTime) -> pendulum.DateTime:
    """Ask what time it is a few times more; give the middle answer, as of now."""
    moments = [(said, run.clock.monotonic())]
    for _ in range(MORE_ANSWERS):
        again = run.server_says()
        moments.append((again, run.clock.monotonic()))
    last = moments[-1][1]
    return pendulum.from_timestamp(median(at.timestamp() + last - read for at, read in moments))
