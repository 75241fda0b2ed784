"""Loads and sweeps with their real planning, walking, classification and meta tables, but with a
plain merge in place of dlt's, so that a thousand runs take seconds.
"""

import io
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pendulum
import pyarrow as pa
import pytest

from pipelines.access.client import open_client
from pipelines.config import Settings, SourceSettings
from pipelines.load import products
from pipelines.load.classify import Classifier
from pipelines.load.load import Load
from pipelines.load.package import Engine, Package, read
from pipelines.load.planning import Choice, Rules
from pipelines.load.products import Product
from pipelines.load.result import Result
from pipelines.load.task import Task
from pipelines.progress import Lines
from pipelines.state.hashed_columns import Masks
from pipelines.sweep import sweep
from pipelines.warehouse import Warehouse
from sources.clio_http.casts import quoted
from sources.clio_http.catalog import Catalog
from sources.clio_http.client import ClioClient
from sources.clio_http.clock import Boot, Clock
from sources.clio_http.secret import Secret
from sources.clio_simulator import SimulatedClock as ServerClock
from sources.clio_simulator import Simulator
from tests.system.firm import CATALOG, QuickClock

if TYPE_CHECKING:
    from sources.clio_simulator.world import LoggedRequest

CrashPoint = Callable[[str], None]
PAGE_MINUTES = 7


class CrashError(Exception):
    """A run that died."""


class PageTime(ServerClock):
    """The server's clock: it stands, but for each page or record that it serves."""

    def __init__(self) -> None:
        """Begin with nothing served."""
        super().__init__(running=False)
        self.requests: list[LoggedRequest] = []

    def now(self) -> int:
        """Return the moment in milliseconds."""
        served = [asked for asked in self.requests if asked.collection != "users_who_am_i"]
        return super().now() + len(served) * PAGE_MINUTES * 60_000


class FastClock(QuickClock):
    """This machine's clock: five minutes fast, and a minute older with each request."""

    def __init__(self, server: PageTime) -> None:
        """Follow the server's clock."""
        super().__init__()
        self.server = server

    def now(self) -> pendulum.DateTime:
        """Return the wrong time."""
        return self.server.moment().add(minutes=5)

    def boot(self) -> Boot | None:
        """Return as much time as passed at the server."""
        return Boot("simulated", self.server.now() / 1000)

    def monotonic(self) -> float:
        """Return a minute for each request, so that every page is a package of its own."""
        return super().monotonic() + 61.0 * len(self.server.requests)


class PlainEngine(Engine):
    """Merges packages by key with two statements; `crash` may raise at the edges of a commit."""

    def __init__(self, warehouse: Warehouse, crash: CrashPoint) -> None:
        """Work on an open warehouse."""
        self.warehouse = warehouse
        self.source = "clio_manage"
        self.schema = f"raw_{self.source}"
        self.crash = crash

    def run(self, make: Callable[..., Any], tasks: Sequence[Task], package: Package) -> None:
        """Read, classify and merge one package."""
        classifiers = self.classifiers(tasks)
        found = {task: self._read(task, classifiers[task.name], package) for task in tasks}
        self.crash("package-extracted")
        for task, tables in found.items():
            self._merge(task, tables)
        self.crash("package-committed")

    def _read(self, task: Task, classifier: Classifier, package: Package) -> list[pa.Table]:
        task.begin()
        tables: list[pa.Table] = []
        for reading in task.walk.readings():
            tables += read(task, classifier, package, reading)
            if package.is_full() or task.walk.error is not None:
                break
        classifier.close()
        return tables

    def _merge(self, task: Task, tables: Sequence[pa.Table]) -> None:
        if not tables:
            return
        raw = f"{quoted(self.schema)}.{quoted(task.name)}"
        key = " and ".join(f"t.{name} = b.{name}" for name in task.walk.plan.collection.key)
        cursor = self.warehouse.cursor()
        cursor.register("b", pa.concat_tables(tables, promote_options="default"))
        cursor.execute("begin")
        cursor.execute(f"create schema if not exists {quoted(self.schema)}")
        cursor.execute(f"create table if not exists {raw} as from b limit 0")
        cursor.execute(f"delete from {raw} t using b where {key}")
        cursor.execute(f"insert into {raw} by name from b")
        cursor.execute("commit")
        cursor.close()

    def close(self) -> None:
        """Nothing is left."""


@contextmanager
def plain_engine() -> Iterator[None]:
    """Let every run in this process merge plainly."""
    with pytest.MonkeyPatch.context() as patched:
        make = lambda _source, warehouse, _folder: PlainEngine(warehouse, lambda _: None)  # noqa: E731 - what it is given stays untyped
        patched.setattr("pipelines.load.runner.Engine", make)
        yield


def small_product(name: str, page_size: int) -> Product:
    """Return a product of one collection that is read in small pages, with history."""
    whole = products.product("clio_manage", SourceSettings())
    collection = replace(CATALOG.collections[name], page_size=page_size)
    catalog = Catalog("clio_manage", {name: collection}, {}, CATALOG.schemas, {})
    return replace(whole, catalog=catalog, rules=Rules(), history=frozenset({name}))


def plain_client(clio: Simulator, clock: Clock) -> ClioClient:
    """Open a client of a simulator."""
    options = SourceSettings(base_url=clio.url, access_token=Secret(clio.token))
    settings = Settings(Path(), "tester", {"clio_manage": options})
    return open_client("clio_manage", settings, clock, threading.Event())


def plain_load(
    client: ClioClient,
    product: Product,
    warehouse: Warehouse,
    clock: Clock,
    choice: Choice,
    crash: CrashPoint = lambda _: None,
) -> Result:
    """Run the loader once."""
    return Load(
        product,
        warehouse,
        client,
        clock,
        run_id="run",
        choice=choice,
        reporter=Lines(io.StringIO()),
        stop=threading.Event(),
        masks=Masks(),
        engine=PlainEngine(warehouse, crash),
    ).run()


def plain_sweep(
    client: ClioClient,
    product: Product,
    warehouse: Warehouse,
    clock: Clock,
    choice: Choice,
    stop: threading.Event,
    crash: CrashPoint = lambda _: None,
) -> Result:
    """Run the sweep once; `crash` may raise at every durable step, or ask the run to stop."""
    with pytest.MonkeyPatch.context() as points:
        for name, module in list(sys.modules.items()):
            if name.startswith("pipelines.") and hasattr(module, "crash_point"):
                points.setattr(module, "crash_point", crash)
        try:
            return sweep.Sweep(
                product,
                warehouse,
                client,
                clock,
                run_id="run",
                choice=choice,
                reporter=Lines(io.StringIO()),
                stop=stop,
                masks=Masks(),
                engine=PlainEngine(warehouse, crash),
            ).run()
        finally:
            client.allowance.left = None
