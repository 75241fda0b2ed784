"""What a walk showed, kept for all that ask: the census, tombstones, quarantine, sightings."""

from dataclasses import dataclass

import pendulum
import pyarrow as pa

from pipelines.warehouse import Cursor

from . import quarantine
from .last_seen import keep_sightings
from .snapshots import forget_earlier, keep_seen, keep_stored


@dataclass(frozen=True)
class Seen:
    """The keys and content hashes that a walk showed, with the turn in which it did.

    `census` says that they are kept, to be held against what was known. `children` are the lists
    that each of these rows owns. `proving` says that a sweep of so many `lists` was put down, and
    is told of them. `read_at` is server time at the start of the run; `restarted` says that the
    walk began again in it. `sighted_at` is the moment to keep for rows that may leave their list.
    """

    source: str
    resource: str
    walk: str
    census: bool
    pairs: pa.Table
    children: tuple[str, ...] = ()
    quarantined: bool = False
    proving: bool = False
    lists: int = 1
    read_at: pendulum.DateTime | None = None
    restarted: bool = False
    sighted_at: pendulum.DateTime | None = None


def count_seen(cursor: Cursor, seen: Seen, at: pendulum.DateTime, run_id: str) -> None:
    """Keep what a walk showed, and revive rows that had been marked as deleted.

    A row that fits its table by now leaves the quarantine.
    """
    cursor.register("pairs", seen.pairs)
    revived = cursor.execute(
        "update meta.tombstones set revived_at = $3 where source = $1 and resource = $2"
        " and revived_at is null and record_id in (select key from pairs) returning record_id",
        [seen.source, seen.resource, at],
    ).fetchall()
    if revived and seen.children:
        cursor.execute(
            "delete from meta.parents_read where source = $1 and list_contains($2, resource)"
            " and list_contains($3, parent_id::varchar)",
            [seen.source, list(seen.children), [key for (key,) in revived]],
        )
    if seen.quarantined:
        quarantine.release(cursor, seen.source, seen.resource, run_id)
    if seen.census:
        if seen.restarted and seen.read_at is not None:
            forget_earlier(cursor, seen.source, seen.resource, seen.walk, seen.read_at)
        keep_seen(cursor, seen.source, seen.resource, seen.walk, seen.read_at)
    if seen.proving:
        keep_stored(cursor, seen.source, seen.resource, "sweep", seen.lists)
    if seen.sighted_at is not None:
        keep_sightings(cursor, seen.source, seen.resource, seen.sighted_at)
    cursor.unregister("pairs")
