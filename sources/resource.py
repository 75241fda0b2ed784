"""Collections as dlt resources, whatever product they belong to: merged by key."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import dlt
import pendulum
import pyarrow as pa
from dlt.extract.items import DataItemWithMeta
from dlt.extract.items_transform import ItemTransform
from dlt.sources import DltResource, DltSource

from sources.clio_http.api import ClientSettings
from sources.clio_http.catalog import WRITTEN_AS_JSON, Catalog, Collection
from sources.clio_http.changes import (
    Portion,
    State,
    changed_rows,
    plan_changes,
    plan_children,
    same_fields,
)
from sources.clio_http.client import WHO_AM_I, ClioClient
from sources.clio_http.clock import Clock, SystemClock
from sources.clio_http.misfits import UNKNOWN
from sources.clio_http.plan import Reading
from sources.clio_http.walks import PREFETCH_THREADS, Walk

from .errors import ClioError, UnavailableError

OURS = "clio"
"""The key in a resource's state below which ours is."""


def column_hints(collection: Collection) -> dict[str, Any]:
    """Tell dlt what Arrow's types do not: which text columns hold JSON."""
    return {
        column.name: {"name": column.name, "data_type": "json", "nullable": True}
        for column in collection.columns
        if column.type in WRITTEN_AS_JSON
    }


def collection_resource(
    collection: Collection,
    read: Callable[..., Iterator[Any]],
    **hints: Any,  # noqa: ANN401 - dlt's
) -> DltResource:
    """Make the dlt resource of a collection out of what reads it, merged by its key."""
    return dlt.resource(read, name=collection.name, primary_key=list(collection.key), **hints)


# For our own loader, which classifies, proves and keeps its own watermarks...


def walks_source(name: str, walks: Sequence[Walk], is_full: Callable[[], bool]) -> DltSource:
    """Make a source of walks that are under way, for a loader which keeps their places itself.

    Args:
        name: of the source.
        walks: one for each collection, not begun or put down earlier.
        is_full: asked after each reading; True ends the package, and the walk can go on later.

    Returns:
        A source with one resource for each walk, which yields `Reading`s: the loader attaches the
        step that turns them into Arrow tables.
    """

    def resource(walk: Walk) -> DltResource:
        def read() -> Iterator[Reading]:
            for reading in walk.readings():
                yield reading
                if is_full() or walk.error is not None:
                    return

        return collection_resource(
            walk.plan.collection,
            read,
            columns=column_hints(walk.plan.collection),
            write_disposition={"disposition": "merge", "strategy": "upsert"},
            parallelized=True,
        )

    @dlt.source(name=name, max_table_nesting=0)
    def source() -> list[DltResource]:
        return [resource(walk) for walk in walks]

    return source()


FRESH = 60.0
"""So many seconds long the start of a walk is taken for that of another: earlier is safe."""


@dataclass
class OpenClient:
    """A client, the threads that fetch ahead for it, and when it was told the time."""

    client: ClioClient
    clock: Clock
    threads: ThreadPoolExecutor
    asked: float = -FRESH
    told: pendulum.DateTime | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> pendulum.DateTime:
        """Return the server's time, told by a request that ended before any that follows.

        Where this machine's clock is behind it counts instead: a time that is too late would
        lose what changes until then, one that is too early costs requests.

        Raises:
            ClioError: Clio does not answer at all, or refuses the token.
        """
        with self.lock:
            if self.told is None or self.clock.monotonic() - self.asked >= FRESH:
                self.asked = self.clock.monotonic()
                self.told = min(self._ask(), self.clock.now())
            return self.told

    def _ask(self) -> pendulum.DateTime:
        try:
            self.client.get(WHO_AM_I)
        except ClioError:
            # an answer that refuses the request says what time it is, and lists say what is wrong
            if self.client.server_time is None:
                raise
        if self.client.server_time is None:
            message = "the server does not say what time it is"
            raise UnavailableError(message)
        return self.client.server_time


class SharedClient:
    """Opens the client for whoever comes first, and closes it after whoever goes last."""

    def __init__(self, settings: ClientSettings) -> None:
        """Take the settings; nothing is opened yet."""
        self._settings = settings
        self._lock = threading.Lock()
        self._users = 0
        self._open: OpenClient | None = None

    @contextmanager
    def opened(self) -> Iterator[OpenClient]:
        """Return the one open client."""
        with self._lock:
            self._users += 1
            if self._open is None:
                clock = SystemClock()
                threads = ThreadPoolExecutor(PREFETCH_THREADS, thread_name_prefix="prefetch")
                self._open = OpenClient(ClioClient(self._settings, clock), clock, threads)
            given = self._open
        try:
            yield given
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._open = None
                    given.threads.shutdown(wait=True, cancel_futures=True)
                    given.client.close()


# For any dlt pipeline, which keeps their places in its own state...


def changes_resources(catalog: Catalog, shared: SharedClient) -> list[DltResource]:
    """Make a resource for each collection, which yields Arrow tables of what changed.

    Child collections are transformers of their parents. What is off by default is not selected.
    """
    loaded = catalog.loaded.values()
    made = {each.name: _changes(catalog, each, shared) for each in loaded if not each.parent}
    for each in loaded:
        if each.parent is not None:
            made[each.name] = _children(each, shared, made[each.parent.resource])
    return list(made.values())


class Noted(ItemTransform[Any]):
    """Notes that rows were taken: by the last step, since `add_limit` drops what comes too late."""

    placement_affinity = 1.5  # after a limit, before what transformers are given

    def __init__(self) -> None:
        """Take nothing; what is to be noted comes with the rows."""
        super().__init__(lambda rows: rows)

    def __call__(self, item: Any, meta: Any = None) -> Any:  # noqa: ANN401 - dlt's
        """Return the rows as they are."""
        if isinstance(meta, Portion):
            meta.note()
        return item


def _hints(collection: Collection) -> dict[str, Any]:
    columns = column_hints(collection)
    columns[UNKNOWN] = {"name": UNKNOWN, "data_type": "json", "nullable": True}
    if collection.updated_at:
        # a record that moves between two lists of a walk may come twice
        columns["updated_at"] = {"name": "updated_at", "dedup_sort": "desc"}
    selected = not collection.off
    return {"columns": columns, "write_disposition": "merge", "selected": selected}


def _changes(catalog: Catalog, collection: Collection, shared: SharedClient) -> DltResource:
    def read() -> Iterator[DataItemWithMeta]:
        readers = _readers(collection.name)
        states = [_state(name, catalog.loaded.get(name, collection)) for name in readers]
        with shared.opened() as given:
            plan = plan_changes(collection, states, given.now())
            walk = Walk(given.client, plan, given.clock, given.threads)
            for portion in changed_rows(walk, states):
                yield DataItemWithMeta(portion, portion.rows)

    return collection_resource(collection, read, **_hints(collection)).add_step(Noted())


def _children(collection: Collection, shared: SharedClient, parent: DltResource) -> DltResource:
    def read(parents: pa.Table) -> Iterator[pa.Table]:
        with shared.opened() as given:
            plan = plan_children(collection, parents, given.now())
            walk = Walk(given.client, plan, given.clock, given.threads)
            for portion in changed_rows(walk, [_state(collection.name, collection)]):
                yield portion.rows

    return collection_resource(collection, read, data_from=parent, **_hints(collection))


def _state(name: str, collection: Collection) -> State:
    state: State = dlt.current.resource_state(name).setdefault(OURS, {})
    disposition = dlt.current.source().resources[name].write_disposition
    if isinstance(disposition, dict) and disposition.get("disposition") == "replace":
        # dlt itself begins anew only where this is one word
        state.clear()
    return same_fields(state, collection)


def _readers(name: str) -> list[str]:
    """Name the selected resources that get the rows of one: itself, and transformers of it.

    Each has a watermark of its own: one that was not selected has not got what others have.
    """
    resources, found = dlt.current.source().resources, {name}
    while more := {to for of, to in resources.selected_dag if of in found} - found:
        found |= more
    return sorted(found & resources.selected.keys())
