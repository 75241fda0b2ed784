"""Which collections are read in a run, from where, and how. Decisions only; nothing is sent."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pendulum

from pipelines.state.certificates import Watch
from pipelines.state.runs import Progress
from sources.clio_http.catalog import Collection
from sources.clio_http.plan import (
    OVERLAP,
    SINCE,
    STEP_BACK,
    Point,
    WalkPlan,
    child_list,
    fields_hash,
    lists_of,
)

LONGEST_WALK = pendulum.duration(hours=12)
"""How long a proof may take, unless a budget says that it goes on night after night."""


@dataclass(frozen=True)
class Choice:
    """What the user asked for: some resources only, in full, every one, with a budget.

    `allow_absent` is how many absent rows a person takes for deleted; `accept_user` takes the
    token's user and role for the ones that the warehouse is proved with from now on;
    `accept_empty` is a column, such as `matters.description`, whose empties count as values.
    """

    resources: frozenset[str] = frozenset()
    full: bool = False
    every: bool = False
    budget: int | None = None
    allow_absent: int | None = None
    accept_user: bool = False
    accept_empty: str = ""

    def in_full(self, resource: str) -> bool:
        """Tell whether every row of a collection is asked for, changed or not."""
        return self.full or self.accept_empty.partition(".")[0] == resource


EVERYTHING = Choice()
"""What is asked for where nobody asks for less: all resources, what changed of them."""


@dataclass(frozen=True)
class Rules:
    """What is known about a source beside its catalogue.

    `daily_cadence` names collections that are due once a day; `left_out` the fields that
    configuration leaves out, by resource; `refused` those that Clio refused, by resource and
    catalogue entry, and `not_taken` the parameters that it refused.
    """

    daily_cadence: frozenset[str] = frozenset()
    left_out: Mapping[str, frozenset[str]] = field(default_factory=dict)
    refused: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    not_taken: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)


def not_asked_for(collection: Collection, rules: Rules) -> frozenset[str]:
    """Name the fields that configuration leaves out or that Clio refused."""
    refused = rules.refused.get((collection.name, catalog_hash(collection)), frozenset())
    return rules.left_out.get(collection.name, frozenset()) | refused


def not_asked_with(collection: Collection, rules: Rules) -> frozenset[str]:
    """Name the parameters, or values of them, that Clio refused."""
    return rules.not_taken.get((collection.name, catalog_hash(collection)), frozenset())


def catalog_hash(collection: Collection) -> str:
    """Return a digest of what the catalogue asks of a collection, and with what."""
    fields = [item.request for item in collection.fields]
    text = repr((fields, collection.order, collection.page_size, collection.variants))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def columns_of(collection: Collection, fields: Iterable[str]) -> list[str]:
    """Name the columns that some fields become: `note`, or `client.name` inside an object."""
    wanted = frozenset(fields)
    return [
        column.name
        for column in collection.columns
        if column.path and {column.path[0], ".".join(column.path)} & wanted
    ]


def is_due(
    collection: Collection, progress: Progress, rules: Rules, now: pendulum.DateTime
) -> bool:
    """Tell whether a collection is to be read now, when nobody asked for it by name."""
    once_a_day = collection.mode == "daily" or collection.name in rules.daily_cadence
    done = progress.completed_at
    return not (once_a_day and done is not None and done <= now and _day(done) == _day(now))


def _day(moment: pendulum.DateTime) -> pendulum.Date:
    """Return the day in UTC, by which daily copies are kept."""
    return moment.in_timezone("UTC").date()


def plan_walk(
    collection: Collection, progress: Progress, rules: Rules, choice: Choice, now: pendulum.DateTime
) -> WalkPlan:
    """Plan the walk of one collection. `now` is server time, taken before the first page."""
    plan = _from_the_start(collection, rules, now)
    same = progress.fields_hash == fields_hash(collection, plan.left_out)
    if progress.walk_started_at and same and _resumable(collection, progress, choice, now):
        started_at = progress.walk_started_at
        resumed = _resumed(plan, progress, started_at)
        return replace(resumed, mode=progress.mode, since=progress.since)
    mode, since = _fresh(collection, progress, choice, now, same=same)
    if mode == "incremental" and SINCE in plan.not_taken:
        mode, since = "full", None
    return replace(plan, mode=mode, since=since)


def plan_sweep(
    collection: Collection,
    progress: Progress | None,
    rules: Rules,
    now: pendulum.DateTime,
    budget: int | None = None,
) -> WalkPlan:
    """Plan the full walk that proves a collection, or go on with one that was put down.

    One is gone on with from a stored page only, and not for ever: unless it is read in parts, on
    a `budget` of requests, a walk that began half a day ago begins anew.
    """
    plan = replace(_from_the_start(collection, rules, now), mode="sweep")
    started_at = progress.walk_started_at if progress and progress.put_down else None
    too_long = LONGEST_WALK if budget is None else pendulum.duration(years=1)
    timely = started_at is not None and pendulum.duration() <= now - started_at <= too_long
    if progress and started_at and timely and same_walk(collection, progress, plan.left_out):
        return _resumed(plan, progress, started_at)
    return plan


def _from_the_start(collection: Collection, rules: Rules, now: pendulum.DateTime) -> WalkPlan:
    return WalkPlan(
        collection,
        collection.mode,
        now,
        lists_of(collection, now),
        left_out=not_asked_for(collection, rules),
        not_taken=not_asked_with(collection, rules),
    )


def _resumed(plan: WalkPlan, progress: Progress, started_at: pendulum.DateTime) -> WalkPlan:
    """Return a plan that goes on where the walk of an earlier run stands."""
    return replace(
        plan,
        started_at=started_at,
        lists=lists_of(plan.collection, started_at),
        start=Point(progress.list_index, progress.page_token, progress.after_id),
        run_at=plan.started_at,
    )


def same_walk(collection: Collection, progress: Progress, left_out: frozenset[str]) -> bool:
    """Tell whether a walk that is under way asked for the same as one that begins now."""
    same = progress.fields_hash == fields_hash(collection, left_out)
    return progress.walk_started_at is not None and same


def _resumable(
    collection: Collection, progress: Progress, choice: Choice, now: pendulum.DateTime
) -> bool:
    if choice.in_full(collection.name) and progress.mode == "incremental":
        return False
    started_at = progress.walk_started_at
    return collection.mode != "daily" or (started_at is not None and _day(started_at) == _day(now))


def _fresh(
    collection: Collection,
    progress: Progress,
    choice: Choice,
    now: pendulum.DateTime,
    *,
    same: bool,
) -> tuple[str, pendulum.DateTime | None]:
    if not collection.updated_since:
        return collection.mode, None
    if progress.watermark is None:
        return "first", None
    since = progress.read_from
    if choice.in_full(collection.name) or not same or since is None:
        return "full", None
    if progress.watermark > now:
        # it was set by a server's clock that was wrong: what changed since may lie before it
        return "full", None
    return "incremental", since - STEP_BACK


def due_collections(
    collections: Iterable[Collection],
    progress: Mapping[str, Progress],
    rules: Rules,
    choice: Choice,
    now: pendulum.DateTime,
) -> list[Collection]:
    """Choose the lists to walk in this run, child lists apart."""

    def due(collection: Collection) -> bool:
        if choice.resources:
            return collection.name in choice.resources
        known = progress.get(collection.name) or Progress("", collection.name)
        asked = choice.every or choice.in_full(collection.name)
        return asked or is_due(collection, known, rules, now)

    return [one for one in collections if one.parent is None and due(one)]


def child_plan(
    collection: Collection, parents: Sequence[int], rules: Rules, now: pendulum.DateTime
) -> WalkPlan:
    """Plan the walk of a child collection through some parents."""
    lists = tuple(child_list(collection, key) for key in parents)
    return replace(_from_the_start(collection, rules, now), mode="child", lists=lists)


def watermark_after(plan: WalkPlan, previous: pendulum.DateTime | None) -> pendulum.DateTime:
    """Return the watermark of a walk read to its last page: never the greatest stamp seen."""
    reached = plan.started_at - OVERLAP
    if plan.since is None or previous is None:
        # everything was read: nothing before this moment rests on an earlier watermark
        return reached
    return max(previous, reached)


def watch(known: Progress, *, silent: bool = False) -> Watch | None:
    """Say what versions a collection's last complete load should have seen; None before it."""
    if known.watermark is None:
        return None
    return Watch(known.watermark + OVERLAP, known.watermark - STEP_BACK, silent)
