"""How far each collection is loaded and proved, and whether it is older than it may be."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import Any

import pendulum

from pipelines.state import certificates, inputs, quarantine, row_history
from pipelines.state.certificates import silent_counts, verdict, worst_lateness
from pipelines.state.inputs import OFF, parents_read
from pipelines.state.row_history import SUFFIX
from pipelines.warehouse import Warehouse, moment
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection, read_catalog

DAY = timedelta(days=1)
"""What is due once a day may be older by this."""


def source_status(
    warehouse: Warehouse, source: str, now: pendulum.DateTime, off: AbstractSet[str] = frozenset()
) -> list[dict[str, Any]]:
    """Return one row for each raw table of a source; of those that are `off` the state says so."""
    known = SourceState(warehouse, source, now)
    rows = [
        known.row(name)
        for name in sorted(known.layout)
        if not name.startswith("_dlt") and not name.endswith(("__versions", SUFFIX))
    ]
    return [row | {"state": OFF} if row["resource"] in off else row for row in rows]


class SourceState:
    """What is stored of a source, and what the `meta` schema says of it, by collection."""

    def __init__(self, warehouse: Warehouse, source: str, now: pendulum.DateTime) -> None:
        """Read what is known of every collection."""
        self.warehouse, self.source, self.now = warehouse, source, now
        self.layout = warehouse.layout(f"raw_{source}")
        self.loaded = read_catalog(source).loaded
        self.runs = inputs.last_runs(warehouse, source)
        self.marks = inputs.marks(warehouse, source)
        self.parents = parents_read(warehouse, source)
        self.quarantined = quarantine.counts(warehouse, source)
        self.silent = silent_counts(warehouse, source)
        self.late = worst_lateness(warehouse, source, now)
        self.proved = certificates.last(warehouse, source)
        self.deletes = certificates.proved(warehouse, source)
        self.buried = row_history.buried(warehouse, source)

    def row(self, name: str) -> dict[str, Any]:
        """Return all that is told of one collection."""
        collection = self.loaded.get(name)
        count, newest = self._counted(name, stamped="updated_at" in self.layout[name])
        never = (None, "never loaded", None, None, None)
        mode, state, finished_at, error, succeeded_at = self.runs.get(name, never)
        mark, under_way, frozen = self.marks.get(name, (None, False, ""))
        if frozen:
            state, error = "failed", frozen
        read, oldest = self.parents.get(name, (0, None))
        walked_at, proof = self.proved.get(name, (None, None))
        late = self.late.get(name, 0.0)
        parent = collection.parent.resource if collection and collection.parent else None
        owners = self._counted(parent)[0] if parent in self.layout else 0
        complete = moment(mark) or moment(oldest)
        out = self.quarantined.get(name)
        if complete and out and out.rows_since:
            # of a row that is kept out whole, the version that is stored may be older than this
            complete = min(complete, out.rows_since)
        deletes = moment(self.deletes.get(name))
        return {
            "source": self.source,
            "resource": name,
            "rows": count - self.buried.get(name, 0),
            "deleted": self.buried.get(name, 0),
            "newest": moment(newest),
            "last_load": moment(finished_at),
            "last_success": moment(succeeded_at),
            "mode": mode,
            "watermark": complete,
            "walk_under_way": bool(under_way),
            "parent": parent,
            "parents": owners - self.buried.get(parent or "", 0),
            "parents_read": read,
            "quarantined": out.rows + out.values if out else 0,
            "kept_out": out.told if out else None,
            "deletes_known_as_of": _deletes_known(
                collection, deletes, complete if state == "ok" else None
            ),
            "certificate": proof,
            "certified_at": moment(walked_at),
            "late_seconds": late,
            "lateness": verdict(late),
            "silent_changes": self.silent.get(name, 0),
            "state": state,
            "error": error or None,
        }

    def _counted(self, name: str, *, stamped: bool = False) -> tuple[int, object]:
        """Count the rows of a table; with its newest stamp, of which one of the future is none."""
        newest, given = "null", []
        if stamped:
            newest, given = "max(updated_at) filter (updated_at <= $1)", [self.now.add(days=1)]
        query = f"select count(*), {newest} from {quoted('raw_' + self.source)}.{quoted(name)}"  # noqa: S608 - names of the catalogue, quoted
        ((count, value),) = self.warehouse.rows(query, given)
        return int(count), value


def _deletes_known(
    collection: Collection | None,
    walked_at: pendulum.DateTime | None,
    loaded: pendulum.DateTime | None,
) -> pendulum.DateTime | None:
    """Return the moment up to which deletions are known: the last walk that left nothing open."""
    if collection is None or collection.mode == "daily" or collection.leaves:
        return None
    by_load = loaded if collection.mode in {"full", "child"} else None
    return max((at for at in (walked_at, by_load) if at is not None), default=None)


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
        at: pendulum.DateTime | None = (
            row["last_load"] if row["state"] == "ok" else row["watermark"]
        )
        once_a_day = row["mode"] == "daily" or row["resource"] in daily
        if at is None or now - at > (most + DAY if once_a_day else most):
            found.append((row["resource"], at))
    return sorted(found, key=lambda one: (one[1] is not None, one[1] or now))


def judged(row: Mapping[str, Any]) -> bool:
    """Tell whether a collection can be too old: not if every load tells that Clio refuses it."""
    return row["state"] != "failed" or row["watermark"] is not None
