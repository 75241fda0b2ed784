"""Which parents' lists are read next: those never read, those that changed, then the oldest."""

from collections.abc import Sequence
from dataclasses import dataclass

import pendulum

from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Collection

from .warehouse import Warehouse


@dataclass(frozen=True)
class Queue:
    """The parents of one child collection that wait, in order.

    `unread` were never read, `changed` were stored anew after they were read, `rest` are the
    others, the longest unread first, with the moment they were last read.
    """

    unread: tuple[int, ...]
    changed: tuple[int, ...]
    rest: tuple[tuple[pendulum.DateTime, int], ...]


def queue(warehouse: Warehouse, source: str, collection: Collection) -> Queue:
    """Derive the queue of a child collection from the raw table of its parents."""
    parent = collection.parent
    schema = f"raw_{source}"
    if parent is None or not warehouse.columns(schema, parent.resource):
        return Queue((), (), ())
    raw = f"{quoted(schema)}.{quoted(parent.resource)}"
    found = warehouse.rows(
        "select case when p.read_at is null then 0 when t._synced_at > p.read_at then 1 else 2 end,"  # noqa: S608
        f" p.read_at, t.id from {raw} t left join meta.parents_read p"
        " on p.source = $1 and p.resource = $2 and p.parent_id = t.id"
        " where t.id::varchar not in (select record_id from meta.tombstones"
        " where source = $1 and resource = $3 and revived_at is null) order by 1, 2, 3",
        [source, collection.name, parent.resource],
    )
    return Queue(
        unread=tuple(key for kind, _, key in found if kind == 0),
        changed=tuple(key for kind, _, key in found if kind == 1),
        rest=tuple((read_at, key) for kind, read_at, key in found if kind == 2),  # noqa: PLR2004
    )


def choose(
    queues: dict[str, Queue],
    budget: int | None,
    *,
    full: bool,
    rolling: int,
) -> dict[str, Sequence[int]]:
    """Choose the parents to read in this run.

    Without a budget: all that were never read or changed, and `rolling` of the rest, the longest
    unread first over all child collections. With one: as many as it allows, in the same order.
    """
    first = [(name, key) for name, q in queues.items() for key in (*q.unread, *q.changed)]
    rest = sorted((read_at, name, key) for name, q in queues.items() for read_at, key in q.rest)
    some = rest if full or budget is not None else rest[:rolling]
    ordered = first + [(name, key) for _, name, key in some]
    if budget is not None:
        ordered = ordered[:budget]
    chosen: dict[str, list[int]] = {name: [] for name in queues}
    for name, key in ordered:
        chosen[name].append(key)
    return dict(chosen)
