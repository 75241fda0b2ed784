"""What a walk is to do, how its lists are asked for, and what it hands out: nothing is sent here.

What Clio refused to be asked with is written as `order` or `include_deleted` for a parameter as
such, and as `limit=200` or `type=Matter` for one of its values.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import pendulum
import pyarrow as pa

from .catalog import ARRAY, OBJECT, Collection, Field
from .misfits import Misfit

Parameters = tuple[tuple[str, str], ...]
ORDER, LIMIT, SINCE = "order", "limit", "updated_since"
MASS_ROWS = 20
MASS_SHARE = 0.01
OVERLAP = pendulum.duration(minutes=15)
"""How long before the start of a walk the next one begins: changes may become visible late."""
STEP_BACK = pendulum.duration(seconds=1)
"""`updated_since` may mean strictly after, and stamps have whole seconds."""


@dataclass(frozen=True)
class List:
    """One list to walk: its path, the parameters that make it, and the columns they fill."""

    path: str
    parameters: Parameters = ()
    constants: tuple[tuple[str, object], ...] = ()


def page_limit(collection: Collection, not_taken: frozenset[str]) -> int:
    """Return the greatest page size that is not known to be refused."""
    limit = collection.page_size
    while limit > 1 and f"{LIMIT}={limit}" in not_taken:
        limit //= 2
    return limit


def taken(parameters: Sequence[tuple[str, str]], not_taken: frozenset[str]) -> Parameters:
    """Return the parameters of a list as Clio takes them: left out, or in lower case."""
    return tuple(
        (name, value.lower() if f"{name}={value}" in not_taken else value)
        for name, value in parameters
        if name not in not_taken
    )


def give_way(
    collection: Collection,
    refused: Iterable[str],
    parameters: Sequence[tuple[str, str]],
    not_taken: frozenset[str],
) -> str:
    """Return what to add to `not_taken`, so that a refused request can be sent again.

    Empty if nothing can be given up: never given up are parameters without which the answer would
    be another list (`ids[]`, a page token, what the list requires or is made of). Without
    `updated_since` the walk is a full one, and without what makes a list the widest it is only a
    part of what there is. `refused` are names that Clio's words may be about; `parameters` make
    this list one of the collection's, as planned.
    """
    own = dict(parameters)
    for name in refused:
        found = _less(collection, name, own.get(name, ""), not_taken)
        if found and found not in not_taken:
            return found
    return ""


def _less(collection: Collection, name: str, value: str, not_taken: frozenset[str]) -> str:
    if name in {ORDER, SINCE}:
        return name
    if name == LIMIT:
        limit = page_limit(collection, not_taken)
        return f"{LIMIT}={limit}" if limit > 1 else ""
    described = collection.parameters.get(name, {})
    if value != value.lower() and f"{name}={value}" not in not_taken:
        return f"{name}={value}"
    return name if value and _widens(collection, name, described) else ""


def _widens(collection: Collection, name: str, described: dict[str, object]) -> bool:
    """Tell whether a list without a parameter holds nothing that the collection does not."""
    if described.get("required") or name in collection.variant_columns:
        return False
    without = any(name not in variant for variant in collection.variants)
    return described.get("type") == "boolean" or without


def is_repeat(lists: Sequence[List], index: int, not_taken: frozenset[str]) -> bool:
    """Tell whether a list has become one that comes before it, now that it is asked for without."""
    parameters = lists[index].parameters
    if not any(name in not_taken for name, _ in parameters):
        return False
    asked = taken(parameters, not_taken)
    return any(taken(other.parameters, not_taken) == asked for other in lists[:index])


def is_narrower(collection: Collection, not_taken: frozenset[str]) -> bool:
    """Tell whether the lists that are read no longer show all that the collection has."""
    return any(name in not_taken for variant in collection.variants for name in variant)


@dataclass(frozen=True)
class Point:
    """Where a walk stands: which list, which page is asked for next, the last id before it."""

    index: int = 0
    page_token: str = ""
    after: int = 0


@dataclass(frozen=True)
class WalkPlan:
    """What a walk is to do, decided before its first request.

    `since` asks only for records changed after that moment; None asks for all of them.
    `started_at` is server time before the walk's first page was asked for; `run_at` is server time
    at the start of a run that goes on with an earlier one's walk. `unread` names records that could
    not be had before, so that no page is asked for again because of them. `not_taken` is what Clio
    refused to be asked with, as `sources.clio_http.plan` writes it.
    """

    collection: Collection
    mode: str
    started_at: pendulum.DateTime
    lists: tuple[List, ...]
    since: pendulum.DateTime | None = None
    start: Point = field(default_factory=Point)
    left_out: frozenset[str] = frozenset()
    run_at: pendulum.DateTime | None = None
    unread: frozenset[str] = frozenset()
    not_taken: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reading:
    """The rows of some pages, and the point to go on from once they are stored.

    `table` has every column of the collection that this walk fills. `finished` lists the lists
    (by index) that ended inside this reading. `masked` says that what must not be stored is hidden.
    `new` names keys that the catalogue does not know.
    """

    table: pa.Table
    misfits: tuple[Misfit, ...]
    rows: int = 0
    size: int = 0
    point: Point = field(default_factory=Point)
    absent: frozenset[str] = frozenset()
    finished: tuple[int, ...] = ()
    masked: bool = False
    new: frozenset[str] = frozenset()

    @property
    def read(self) -> int:
        """Count the rows of the table and those that did not fit."""
        return int(self.table.num_rows) + sum(not misfit.field for misfit in self.misfits)

    @property
    def mass_misfits(self) -> frozenset[str]:
        """Name the columns that so many rows do not fit that their type must have changed.

        The empty name stands for rows that are kept out whole.
        """
        counts = Counter(misfit.field for misfit in self.misfits)
        return frozenset(
            name for name, n in counts.items() if n > MASS_ROWS and n > self.rows * MASS_SHARE
        )


def request_parameters(plan: WalkPlan, fields: Sequence[Field]) -> tuple[tuple[str, str], ...]:
    """Return the parameters that every page of a walk is asked with."""
    parameters = narrowing(plan.collection, fields, plan.not_taken)
    if plan.since is not None:
        parameters.append(("updated_since", stamp(plan.since)))
    return tuple(parameters)


def narrowing(
    collection: Collection, fields: Sequence[Field], not_taken: frozenset[str] = frozenset()
) -> list[tuple[str, str]]:
    """Return the parameters that choose fields, page size and order, where a list takes them."""
    if not collection.narrows:
        return []
    chosen = [("fields", ",".join(item.request for item in fields))]
    if collection.page_size > 1:
        chosen.append(("limit", str(page_limit(collection, not_taken))))
    if collection.order and ORDER not in not_taken:
        chosen.append(("order", collection.order))
    return chosen


def asked_without(plan: WalkPlan, refused: str) -> WalkPlan:
    """Return a plan without what Clio refused; one that cannot ask for changes asks for all."""
    plan = replace(plan, not_taken=plan.not_taken | {refused})
    return replace(plan, since=None, mode="full") if refused == SINCE else plan


def stamp(moment: pendulum.DateTime) -> str:
    """Return a moment as Clio's filters take it."""
    return moment.in_timezone("UTC").format("YYYY-MM-DD[T]HH:mm:ss[Z]")


def plain_fields(fields: Sequence[Field]) -> list[Field]:
    """Return the fields that are one value each."""
    return [item for item in fields if item.type not in {OBJECT, ARRAY}]


def without(fields: Sequence[Field], left_out: frozenset[str]) -> tuple[Field, ...]:
    """Drop fields by the names Clio gives them: `note`, or `client.name` inside an object."""
    kept = []
    for item in fields:
        if item.name in left_out:
            continue
        sub = tuple(pair for pair in item.sub if f"{item.name}.{pair[0]}" not in left_out)
        if item.sub and not sub:
            continue
        kept.append(replace(item, sub=sub))
    return tuple(kept)


def fields_hash(collection: Collection, left_out: frozenset[str]) -> str:
    """Return a digest of what is asked for and how it is stored; another one needs a full walk."""
    fields = without(collection.fields, left_out)
    columns = [(c.name, c.type) for item in fields for c in item.columns]
    text = repr((columns, collection.variants, collection.key))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def lists_of(collection: Collection, started_at: pendulum.DateTime) -> tuple[List, ...]:
    """Return the lists that together are a collection: one for each variant."""
    day: tuple[tuple[str, object], ...] = ()
    if collection.mode == "daily":
        day = (("day", started_at.in_timezone("UTC").date()),)
    return tuple(
        List(
            collection.path,
            tuple(variant.items()),
            day + tuple((name, variant[name]) for name in collection.variant_columns),
        )
        for variant in collection.variants
    )


def child_list(collection: Collection, key: int) -> List:
    """Return the list of a child collection that one parent owns.

    Raises:
        ValueError: the collection has no parent.
    """
    parent = collection.parent
    if parent is None:
        message = f"{collection.name} has no parent"
        raise ValueError(message)
    placeholder = "{" + parent.parameter + "}"
    path = collection.path.replace(placeholder, str(key))
    required = collection.parameters.get(parent.parameter, {}).get("required", False)
    parameters = ((parent.parameter, str(key)),) if required else ()
    return List(path, parameters, ((parent.column, key),))
