"""Which parents' lists are read next: those never read, those that changed, then the oldest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pendulum

from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection


@dataclass(frozen=True)
class Queue:
    """The parents of one child collection that wait, in order.

    `unread` were never read, `changed` were stored anew after they were read, `failed` could not
    be read when they were last asked for, `rest` are the others. These two come with the
    moment they were last asked for, the earliest first. `paused` are not asked for yet.
    """

    unread: tuple[int, ...]
    changed: tuple[int, ...]
    rest: tuple[tuple[pendulum.DateTime, int], ...]
    failed: tuple[tuple[pendulum.DateTime, int], ...] = ()
    paused: tuple[int, ...] = ()


def queue(
    warehouse: Warehouse,
    source: str,
    collection: Collection,
    paused: frozenset[str] = frozenset(),
) -> Queue:
    """Derive the queue of a child collection from the raw table of its parents.

    The `paused` parents failed and are left alone for now, unless they changed since.
    """
    parent = collection.parent
    schema = f"raw_{source}"
    if parent is None or not warehouse.columns(schema, parent.resource):
        return Queue((), (), ())
    raw = f"{quoted(schema)}.{quoted(parent.resource)}"
    found = warehouse.rows(
        "select case when p.read_at is null then 'unread'"  # noqa: S608 - names and constants
        " when p.failed and list_contains($4, t.id::varchar) and t._synced_at <= p.read_at"
        " then 'paused' when p.failed then 'failed'"
        " when t._synced_at > p.read_at then 'changed' else 'rest' end,"
        f" p.read_at, t.id from {raw} t left join meta.parents_read p"
        " on p.source = $1 and p.resource = $2 and p.parent_id = t.id"
        " where t.id::varchar not in (select record_id from meta.tombstones"
        " where source = $1 and resource = $3 and revived_at is null) order by 1, 2, 3",
        [source, collection.name, parent.resource, sorted(paused)],
    )
    return Queue(
        unread=tuple(key for kind, _, key in found if kind == "unread"),
        changed=tuple(key for kind, _, key in found if kind == "changed"),
        rest=tuple((read_at, key) for kind, read_at, key in found if kind == "rest"),
        failed=tuple((read_at, key) for kind, read_at, key in found if kind == "failed"),
        paused=tuple(key for kind, _, key in found if kind == "paused"),
    )


def choose(
    queues: dict[str, Queue],
    budget: int | None,
    *,
    full: bool,
    rolling: int,
) -> dict[str, Sequence[int]]:
    """Choose the parents to read in this run.

    Without a budget: all that were never read, changed or failed, and `rolling` of the rest, the
    longest unread first over all child collections. With one: as many as it allows, those that
    failed in turn with the rest, so that they do not use it up.
    """
    first = [(name, key) for name, q in queues.items() for key in (*q.unread, *q.changed)]
    failed = sorted((at, name, key) for name, q in queues.items() for at, key in q.failed)
    rest = sorted((at, name, key) for name, q in queues.items() for at, key in q.rest)
    unbounded = failed + (rest if full else rest[:rolling])
    some = unbounded if budget is None else sorted(failed + rest)
    ordered = (first + [(name, key) for _, name, key in some])[:budget]
    chosen: dict[str, list[int]] = {name: [] for name in queues}
    for name, key in ordered:
        chosen[name].append(key)
    return dict(chosen)


def parents_read(warehouse: Warehouse, source: str) -> dict[str, tuple[int, datetime]]:
    """Return of how many parents each child collection was read, and when the oldest was."""
    found = warehouse.rows(
        "select resource, count(*), min(read_at) from meta.parents_read"
        " where source = $1 and failed is not true group by 1",
        [source],
    )
    return {name: (count, at) for name, count, at in found}
