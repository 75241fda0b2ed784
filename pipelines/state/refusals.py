"""What Clio refuses to be asked for, and what it could not be brought to show.

What it refused the next run does not ask for again. A record that breaks every page it is on, a
parent whose list cannot be read, a whole collection that nobody needs: each is asked for again
with a growing pause, never at full price in every load.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pendulum

from pipelines.warehouse import Warehouse, moments
from sources.clio_http.salvage import NOT_HAD

FIELD, PARAMETER = "refused", "refused_parameter"
Refusals = Mapping[tuple[str, str], frozenset[str]]
"""Names by collection and by the catalogue entry that asked."""


@dataclass(frozen=True)
class RefusedRequest:
    """A field, or with the other status a parameter, and the catalogue entry that asked for it."""

    source: str
    resource: str
    field: str
    catalog_hash: str
    status: str = FIELD


def refused(warehouse: Warehouse, source: str, status: str = FIELD) -> Refusals:
    """Return the fields or parameters that Clio refused."""
    found = warehouse.rows(
        "select resource, catalog_hash, list(field) from meta.fields"
        " where source = $1 and status = $2 group by all",
        [source, status],
    )
    return {(resource, digest): frozenset(fields) for resource, digest, fields in found}


def accept(warehouse: Warehouse, source: str, resource: str, still: Iterable[str]) -> None:
    """Forget what Clio refused of a collection once, all but what it refuses now."""
    warehouse.rows(
        "delete from meta.fields where source = $1 and resource = $2"
        " and list_contains($3, status) and not list_contains($4::varchar[], field)",
        [source, resource, [FIELD, PARAMETER], list(still)],
    )


PAUSES = (pendulum.duration(hours=1), pendulum.duration(hours=6), pendulum.duration(hours=24))
"""How long to wait after the first time, the second, and every later one."""
EARLY = pendulum.duration(minutes=5)
"""A schedule does not run to the second: what is due so soon is due."""
WHOLE = ""
"""Stands in the place of a record's id for the whole collection."""


@dataclass(frozen=True)
class Unread:
    """One thing that could not be read: a record, a parent's list or with `WHOLE` a collection."""

    source: str
    resource: str
    record_id: str
    since: pendulum.DateTime
    asked_at: pendulum.DateTime
    times: int
    reason: str

    def due(self, now: pendulum.DateTime) -> bool:
        """Tell whether it is to be asked for again."""
        pause = PAUSES[min(self.times, len(PAUSES)) - 1]
        return now - self.asked_at >= pause - EARLY


class AllUnread:
    """What could not be read of one source when the run began, and what the run adds."""

    def __init__(self, warehouse: Warehouse, source: str, now: pendulum.DateTime) -> None:
        """Read what is known."""
        self.warehouse = warehouse
        self.source = source
        self.now = now
        found = warehouse.rows(
            "select resource, record_id, since, asked_at, times, reason from meta.unread"
            " where source = $1",
            [source],
        )
        read = [Unread(source, *moments(row)) for row in found]
        self.known = {(one.resource, one.record_id): one for one in read}

    def of(self, resource: str) -> dict[str, Unread]:
        """Return what was known of one collection when the run began, by id."""
        return {key: one for (name, key), one in self.known.items() if name == resource and key}

    def paused(self, resource: str) -> frozenset[str]:
        """Name what is not to be asked for yet."""
        return frozenset(key for key, one in self.of(resource).items() if not one.due(self.now))

    def since(self, resource: str, keys: Iterable[str]) -> pendulum.DateTime:
        """Return the moment since which some of it is known, the earliest."""
        known = [self.known[resource, key].since for key in keys if (resource, key) in self.known]
        return min(known, default=self.now)

    def new(self, resource: str, keys: Iterable[str]) -> list[str]:
        """Name what was not known when the run began."""
        return [key for key in keys if (resource, key) not in self.known]

    def keep(self, resource: str, reasons: dict[str, str]) -> None:
        """Note what was asked for in vain, with the reason by id."""
        self.forget(resource, list(reasons))
        for key, reason in reasons.items():
            known = self.known.get((resource, key))
            since, times = (known.since, known.times + 1) if known else (self.now, 1)
            self.warehouse.rows(
                "insert into meta.unread values ($1, $2, $3, $4, $5, $6, $7)",
                [self.source, resource, key, since, self.now, times, reason],
            )

    def forget(self, resource: str, keys: Sequence[str]) -> None:
        """Drop what could be read by now."""
        self.warehouse.rows(
            "delete from meta.unread where source = $1 and resource = $2"
            " and list_contains($3::varchar[], record_id)",
            [self.source, resource, list(keys)],
        )

    def left(self, resource: str) -> list[str]:
        """Name the records that are unread now."""
        found = self.warehouse.rows(
            "select record_id from meta.unread where source = $1 and resource = $2"
            " and record_id <> ''",
            [self.source, resource],
        )
        return [key for (key,) in found]

    def all_shown(self, resource: str) -> None:
        """Drop what was of unknown id, after a walk that showed every record."""
        self.warehouse.rows(
            "delete from meta.quarantine where source = $1 and resource = $2 and record_id = ''"
            " and field is null and starts_with(reason, $3)",
            [self.source, resource, NOT_HAD],
        )

    def tidy(self, resource: str) -> None:
        """Drop the records and parents of a collection that were read since."""
        self.warehouse.rows(
            "delete from meta.unread u where source = $1 and resource = $2 and record_id <> ''"
            " and not exists (select 1 from meta.parents_read p where p.source = u.source"
            " and p.resource = u.resource and p.parent_id::varchar = u.record_id and p.failed)"
            " and not exists (select 1 from meta.quarantine q where q.source = u.source"
            " and q.resource = u.resource and q.record_id = u.record_id)",
            [self.source, resource],
        )
