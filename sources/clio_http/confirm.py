"""A second, independent reading of records that a complete walk did not show.

A record that a list leaves out is deleted only if Clio says so when it is asked once more: by its
own address (404 or 410), by `ids[]`, or, where neither is offered, by a second complete walk.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from sources.errors import (
    BrokenWalkError,
    ClioError,
    MissingScopeError,
    RequestRefusedError,
    UnreadableAnswerError,
)

from .keys import UNKNOWN, key_texts, misfit_keys
from .plan import Plan, Point, Reading
from .records import joined, reading
from .walks import Walk

ABOUT_ONE = (MissingScopeError, RequestRefusedError, UnreadableAnswerError, BrokenWalkError)
"""Answers that leave one record undecided; after any other no further one is asked for."""


@dataclass
class Confirmation:
    """What a second reading said of some records.

    `gone` maps keys to the evidence. `present` are rows that are there after all. `undecided` keys
    were refused or answered unreadably; `unasked` are those not answered for because of `error`.
    """

    gone: dict[str, str] = field(default_factory=dict)
    present: Reading | None = None
    undecided: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    error: ClioError | None = None


def confirm(walk: Walk, keys: Sequence[str]) -> Confirmation:
    """Ask once more for records that `walk`, which is complete, did not show."""
    if not keys:
        return Confirmation()
    collection = walk.plan.collection
    if collection.item_path and walk.plan.mode != "child":
        return _one_by_one(walk, keys)
    again = _by_ids if collection.ids and walk.plan.mode != "child" else _by_walking
    try:
        return again(walk, keys)
    except ClioError as error:
        return Confirmation(unasked=list(keys), error=error)


def _one_by_one(walk: Walk, keys: Sequence[str]) -> Confirmation:
    result, found = Confirmation(), []
    records = walk.records
    for at, key in enumerate(keys):
        try:
            one = records.one(key)
        except ABOUT_ONE:
            result.undecided.append(key)
        except ClioError as error:
            result.error = error
            result.unasked = list(keys[at:])
            break
        else:
            if one is None:
                result.gone[key] = "not found by its id"
            else:
                found.append(one)
    return _with(result, found)


def _by_ids(walk: Walk, keys: Sequence[str]) -> Confirmation:
    return _without(walk, keys, walk.records.by_ids(keys), "not found by ids[]")


def _by_walking(walk: Walk, keys: Sequence[str]) -> Confirmation:
    second = Walk(walk.client, _plan_again(walk.plan, keys), walk.clock)
    second.meter = walk.meter
    wanted = pa.array(keys, pa.string())
    found = []
    for one in second.readings():
        misfits = one.misfits
        rows = one.table
        if rows.num_rows:
            texts = key_texts(rows, walk.plan.collection)
            rows = rows.filter(pa.compute.is_in(texts, wanted))
        found += [reading(rows, misfits)] if rows.num_rows or misfits else []
    if second.error is not None:
        raise second.error
    return _without(walk, keys, joined(found), "absent from a second complete walk")


def _plan_again(plan: Plan, keys: Sequence[str]) -> Plan:
    """Plan the second walk: of a child list only those parents whose records are in question."""
    lists = plan.lists
    if plan.mode == "child":
        parents = set(_parents(plan, keys))
        lists = tuple(one for one in lists if str(one.constants[-1][1]) in parents)
    return replace(plan, start=Point(), run_at=None, lists=lists)


def _parents(plan: Plan, keys: Sequence[str]) -> Iterator[str]:
    column = plan.collection.parent.column if plan.collection.parent else ""
    if column not in plan.collection.key:
        yield from (str(one.constants[-1][1]) for one in plan.lists)
        return
    at = plan.collection.key.index(column)
    for key in keys:
        yield key.split(",")[at]


def _without(walk: Walk, keys: Sequence[str], found: Reading, evidence: str) -> Confirmation:
    """Decide by a reading of everything that is there: what it lacks is gone."""
    collection = walk.plan.collection
    there = set(key_texts(found.table, collection).to_pylist()) if found.table.num_rows else set()
    unread = set(misfit_keys(found.misfits, collection))
    if UNKNOWN in unread:
        return _with(Confirmation(undecided=[key for key in keys if key not in there]), [found])
    gone = {key: evidence for key in keys if key not in there | unread}
    return _with(Confirmation(gone=gone), [found])


def _with(result: Confirmation, found: Sequence[Reading]) -> Confirmation:
    whole = joined([one for one in found if one.table.num_rows or one.misfits])
    if whole.table.num_rows or whole.misfits:
        result.present = replace(whole, rows=whole.table.num_rows + len(whole.misfits))
    return result
