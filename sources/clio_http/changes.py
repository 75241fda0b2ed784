"""What changed since the last run, for whoever keeps a dictionary of state from run to run.

The watermark is the server's time at the start of a walk, less the overlap, and it moves after
the last page alone. Until then the state says from which page to go on: a place is noted by
whoever has taken what comes before it, so that one who stops early never skips.
"""

import logging
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import orjson
import pendulum
import pyarrow as pa

from sources.errors import BrokenWalkError

from .catalog import Collection
from .misfits import UNKNOWN
from .plan import (
    OVERLAP,
    STEP_BACK,
    Point,
    Reading,
    WalkPlan,
    child_list,
    fields_hash,
    lists_of,
    stamp,
)
from .readings import with_unread
from .rows import arrow_schema
from .walks import Walk

_LOG = logging.getLogger(__name__)

State = MutableMapping[str, Any]
"""What is kept of one collection: `watermark`, `before`, `asked`, `kept_out`, `walk`."""


def same_fields(state: State, collection: Collection) -> State:
    """Return a state, emptied where it is of other fields than those that are asked for now."""
    asked = fields_hash(collection, frozenset())
    if state.get("asked") != asked:
        state.clear()
        state["asked"] = asked
    return state


def plan_changes(
    collection: Collection, states: Sequence[State], now: pendulum.DateTime
) -> WalkPlan:
    """Plan the walk that brings all of some states up to date.

    Several are those of a collection and of its children, whose parents' changes are read with
    it. They go on together only from where they were put down together; otherwise the walk begins
    where the one begins that is furthest behind. `now` is server time before the first page.
    """
    under_way = states[0].get("walk")
    same = all(state.get("walk") == under_way for state in states)
    late = (
        collection.mode == "daily" and under_way and under_way["started_at"][:10] != stamp(now)[:10]
    )
    if under_way and same and not late:
        started_at = _moment(under_way["started_at"])
        since = _moment(under_way["since"]) if under_way["since"] else None
        start = Point(under_way["index"], under_way["page_token"], under_way["after"])
        lists = lists_of(collection, started_at)
        mode = "full" if since is None else "incremental"
        return WalkPlan(collection, mode, started_at, lists, since, start, run_at=now)
    for state in states:
        if state.pop("kept_out", False):
            state["watermark"] = state.get("before")
    since = None
    if collection.updated_since and all(state.get("watermark") for state in states):
        since = min(_moment(state["watermark"]) for state in states) - STEP_BACK
    if since is not None and since > now:
        since = None
    mode = "full" if since is None else "incremental"
    return WalkPlan(collection, mode, now, lists_of(collection, now), since)


def _moment(text: str) -> pendulum.DateTime:
    return pendulum.instance(datetime.fromisoformat(text))


def plan_children(collection: Collection, parents: pa.Table, now: pendulum.DateTime) -> WalkPlan:
    """Plan the walk through the lists of some parents, given as rows of their collection."""
    lists = tuple(child_list(collection, key) for key in parents["id"].to_pylist())
    return WalkPlan(collection, "child", now, lists)


@dataclass(frozen=True)
class Portion:
    """Some rows, and what notes in the states that one can go on after them.

    `rows` have every column of the collection, and `_unknown`: JSON that lists what is not known
    of a row.
    """

    rows: pa.Table
    note: Callable[[], None]


def changed_rows(walk: Walk, states: Sequence[State]) -> Iterator[Portion]:
    """Read a walk to its end, which moves the watermark of all states.

    One of the first walks that has no rows gives an empty portion, so that its table is known.

    Raises:
        ClioError: the walk failed. Nothing of this run is to be kept.
    """
    empty = not any(state.get("before") for state in states)
    for reading in walk.readings():
        _keep_asking(walk, states, reading)
        note = partial(_note, walk.plan, states, reading.point)
        if reading.table.num_rows:
            empty = False
            yield Portion(_whole(walk, reading.table), note)
        else:
            note()
    if walk.error is not None:
        raise walk.error
    if walk.failed:
        name, (why, *_) = walk.plan.collection.name, walk.failed.values()
        message = f"{len(walk.failed)} lists of {name} could not be read: {why}"
        raise BrokenWalkError(message)
    if empty:
        nothing = arrow_schema(walk.plan.collection.columns).empty_table()
        yield Portion(_whole(walk, nothing), lambda: None)
    if walk.plan.mode != "child":
        for state in states:
            state["before"] = state.get("watermark")
            state["watermark"] = (walk.plan.started_at - OVERLAP).isoformat()
            state.pop("walk", None)


def _whole(walk: Walk, table: pa.Table) -> pa.Table:
    """Return rows with every column, in order; those that Clio refuses are null and not known."""
    columns = walk.plan.collection.columns
    missing = [column for column in columns if column.name not in table.column_names]
    if missing:
        table = with_unread(table, missing)
    unknown = pa.nulls(table.num_rows, pa.string())
    if UNKNOWN in table.column_names:
        marks = table[UNKNOWN].to_pylist()
        unknown = pa.array([orjson.dumps(m).decode() if m else None for m in marks], pa.string())
    return table.select([column.name for column in columns]).append_column(UNKNOWN, unknown)


def _keep_asking(walk: Walk, states: Sequence[State], reading: Reading) -> None:
    """Let the watermark stay where it was before, if a record could not be had as it is."""
    if lost := sum(not misfit.field for misfit in reading.misfits):
        told = "%s: %d records are left out, and asked for again by the next run"
        _LOG.warning(told, walk.plan.collection.name, lost)
        for state in states:
            state["kept_out"] = True


def _note(plan: WalkPlan, states: Sequence[State], point: Point) -> None:
    """Note where to go on; a child goes on with its parent."""
    if plan.mode != "child":
        for state in states:
            state["walk"] = {
                "started_at": plan.started_at.isoformat(),
                "since": plan.since and plan.since.isoformat(),
                "index": point.index,
                "page_token": point.page_token,
                "after": point.after,
            }
