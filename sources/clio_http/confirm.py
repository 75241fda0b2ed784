"""A second, independent reading of records that a complete walk did not show.

A record that a list leaves out is deleted only if Clio says so when it is asked once more: by its
own address (404 or 410, or the record that it was merged into), by `ids[]`, or, where neither is
offered, by a second complete walk.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from sources.errors import (
    BrokenWalkError,
    ClioError,
    FieldsRefusedError,
    MissingScopeError,
    RateLimitedError,
    RedirectRefusedError,
    RequestRefusedError,
    UnavailableError,
    UnreadableAnswerError,
    UntrustedServerError,
)

from .misfits import NO_KEY, key_texts, misfit_keys
from .plan import List, Point, Reading
from .readings import joined
from .walks import Walk

ABOUT_ONE = (
    BrokenWalkError,
    FieldsRefusedError,
    MissingScopeError,
    RedirectRefusedError,
    RequestRefusedError,
    UnreadableAnswerError,
)
"""Answers that leave one record undecided."""
ABOUT_ALL = (RateLimitedError, UntrustedServerError)
FAILURES = 3
"""So many records in a row that could not be reached: no further one is asked for."""


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


def confirm(
    walk: Walk, keys: Sequence[str], parents: Mapping[str, str] | None = None
) -> Confirmation:
    """Ask once more for records that `walk`, which is complete, did not show.

    `parents` tells in which parent's list each record of a child collection stood.
    """
    if not keys:
        return Confirmation()
    collection = walk.plan.collection
    if collection.item_path and walk.plan.mode != "child":
        return _one_by_one(walk, keys)
    try:
        if collection.ids and walk.plan.mode != "child":
            return _without(walk, keys, walk.records.by_ids(keys), "not found by ids[]")
        return _by_walking(walk, keys, parents or {})
    except ClioError as error:
        return Confirmation(unasked=list(keys), error=error)


def _one_by_one(walk: Walk, keys: Sequence[str]) -> Confirmation:
    result, found = Confirmation(), []
    records, failures = walk.records, 0
    for at, key in enumerate(keys):
        try:
            one = records.one(key)
            survivor = _survivor(walk, key, one)
        except ABOUT_ONE:
            result.undecided.append(key)
        except ClioError as error:
            failures += 1
            unreachable = isinstance(error, UnavailableError) and not isinstance(error, ABOUT_ALL)
            if unreachable and failures < FAILURES:
                result.undecided.append(key)
                continue
            result.error, result.unasked = error, list(keys[at:])
            break
        else:
            failures = 0
            if one is None:
                result.gone[key] = "not found by its id"
            elif _keys(walk, one) == {key}:
                found.append(one)
            elif survivor:
                result.gone[key] = f"answers as {survivor}"
            else:
                result.undecided.append(key)
    return _with(result, found)


def _survivor(walk: Walk, key: str, one: Reading | None) -> str:
    """Name the record that a merge put in this one's place; empty where nobody can tell.

    The other record that answered must answer as itself when it is asked for by its own id.
    """
    others = _keys(walk, one) if one is not None else {key}
    if len(others) != 1 or others <= {key, NO_KEY}:
        return ""
    (other,) = others
    itself = walk.records.one(other)
    return other if itself is not None and _keys(walk, itself) == {other} else ""


def _keys(walk: Walk, one: Reading) -> set[str]:
    """Name the records that a reading holds, whether they fit their table or not."""
    collection = walk.plan.collection
    there = key_texts(one.table, collection).to_pylist() if one.table.num_rows else []
    return {*there, *misfit_keys(one.misfits, collection)}


def _by_walking(walk: Walk, keys: Sequence[str], parents: Mapping[str, str]) -> Confirmation:
    plan = walk.plan
    lists = plan.lists
    if plan.mode == "child":
        asked = set(parents.values())
        lists = tuple(one for one in lists if _parent(one) in asked)
    second = Walk(walk.client, replace(plan, start=Point(), run_at=None, lists=lists), walk.clock)
    second.meter = walk.meter
    found = [_only(walk, one, keys) for one in second.readings()]
    if second.error is not None:
        raise second.error
    # a list that is gone by now says nothing of its rows
    gone_lists = {_parent(lists[index]) for index in second.skipped}
    told = [key for key in keys if parents.get(key) not in gone_lists]
    return _without(walk, told, joined(found), "absent from a second complete walk")


def _parent(one: List) -> str:
    return str(one.constants[-1][1]) if one.constants else ""


def _only(walk: Walk, one: Reading, keys: Sequence[str]) -> Reading:
    """Keep of a reading the records that are asked for, and what did not fit."""
    rows = one.table
    if rows.num_rows:
        texts = key_texts(rows, walk.plan.collection)
        rows = rows.filter(pa.compute.is_in(texts, pa.array(keys, pa.string())))
    return Reading(rows, one.misfits)


def _without(walk: Walk, keys: Sequence[str], whole: Reading, evidence: str) -> Confirmation:
    """Decide by a reading of everything that is there: what it lacks is gone."""
    found = _only(walk, whole, keys)
    there = _keys(walk, found)
    if NO_KEY in there:
        return _with(Confirmation(undecided=[key for key in keys if key not in there]), [found])
    return _with(Confirmation(gone={key: evidence for key in keys if key not in there}), [found])


def _with(result: Confirmation, found: Sequence[Reading]) -> Confirmation:
    whole = joined([one for one in found if one.table.num_rows or one.misfits])
    if whole.table.num_rows or whole.misfits:
        result.present = replace(whole, rows=whole.read)
    return result
