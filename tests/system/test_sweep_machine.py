"""Whatever happens in a day of loads and sweeps: at its end the tables are what the server has.

A Hypothesis state machine. Each rule is a run of the real loader or of the real sweep that reads
pages of two or three rows from a real socket, while the server changes, silently changes, adds,
deletes, hides and brings back rows between the pages. Some runs die at a durable step, are told
to stop, run out of requests or are given a page without an end; a later one goes on.
"""

import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import field, fields
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from pipelines.failpoints import POINTS, SWEEP_POINTS
from pipelines.load.planning import Choice
from pipelines.load.products import Product
from pipelines.state.certificates import Certificate
from pipelines.state.runs import Meta
from pipelines.warehouse import Warehouse
from sources.clio_simulator import SimulatedClock, Simulator
from sources.clio_simulator.faults import Action, Draft, ForgetNext
from sources.clio_simulator.world import LoggedRequest
from tests.system.churn import FIELDS, Churn, Pages, Told, changes, pages
from tests.system.firm import Rows, served_rows, stored_rows
from tests.system.plain_engine import (
    CrashError,
    FastClock,
    PageTime,
    plain_client,
    plain_load,
    plain_sweep,
    small_product,
)

pytestmark = pytest.mark.long

WHOLE = ("updated_since", "ids[]")
"""Parameters that no page of a walk through everything is asked with."""


class Ends(Action):
    """Does no harm, and notes when the server gave the last page of a list."""

    clock: SimulatedClock
    given: list[int] = field(default_factory=list)

    def alter(self, draft: Draft) -> None:
        """Look at a page before another fault changes it."""
        if "next" not in draft.paging:
            self.given.append(self.clock.now())


@pytest.fixture(scope="module")
def clio() -> Iterator[Simulator]:
    """Return the server that all examples share, one after the other."""
    clock = PageTime()
    with Simulator(seed=7, rate_limit=0, clock=clock) as simulator:
        clock.requests = simulator.requests
        yield simulator


idle_seconds = st.sampled_from([0.6, 700.0, 2400.0])
load_crashes = st.sampled_from([*[""] * 4, "package-extracted", "package-committed"])
sweep_crashes = st.tuples(
    st.sampled_from([*[""] * 12, *POINTS[1:-1], *SWEEP_POINTS, "stop"]), st.integers(1, 3)
)
budgets = st.sampled_from([None, None, None, 2, 3, 4])
broken_pages = st.sampled_from([0] * 7 + [1, 2, 3])
blindness = st.sampled_from([False] * 9 + [True])


class Day(RuleBasedStateMachine):
    """Loads and sweeps of one collection of a server that does not hold still."""

    clio: ClassVar[Simulator]
    product: ClassVar[Product]

    def __init__(self) -> None:
        """Begin with an empty warehouse."""
        super().__init__()
        (self.collection,) = self.product.catalog.loaded.values()
        self.name = self.collection.name
        self.folder = Path(tempfile.mkdtemp(prefix="day-"))
        self.warehouse = Warehouse(self.folder)
        self.meta = Meta(self.warehouse)
        self.clock = FastClock(self.clio.clock)  # type: ignore[arg-type]
        self.client = plain_client(self.clio, self.clock)
        self.ends = Ends(self.clio.clock)
        self.churn = Churn(self.clio, self.collection)
        self.proofs = 0

    @initialize()
    def begin(self) -> None:
        """Return the server five rows, and load them."""
        self.clio.requests.clear()
        self.clio.faults.clear()
        self.clio.faults.add(self.ends, self.collection.path, times=None, absent=WHOLE)
        self.churn.plan(set(), [("add", 0, 0.0)] * 5, 3600, [])
        self.load()

    @rule(first=changes, idle=idle_seconds, after=pages, crash=load_crashes)
    def load_while_rows_change(
        self, first: list[Told], idle: float, after: Pages, crash: str
    ) -> None:
        """Change rows, wait, and load while rows change after each page."""
        self.churn.plan(self.buried(), first, idle, after)
        self.load(crash)
        self.end()

    @rule(
        first=changes,
        idle=idle_seconds,
        after=pages,
        crash=sweep_crashes,
        budget=budgets,
        broken=broken_pages,
        blind=blindness,
    )
    def sweep_while_rows_change(
        self,
        first: list[Told],
        idle: float,
        after: Pages,
        crash: tuple[str, int],
        budget: int | None,
        broken: int,
        *,
        blind: bool,
    ) -> None:
        """Change rows, wait, and sweep while rows change after each page; or while none is seen."""
        if blind and not self.is_under_way():
            self.sweep_blindly()
            return
        self.churn.plan(self.buried(), first, idle, after)
        if broken:
            fault = ForgetNext(whole_meta=True, half_page=True)
            self.clio.faults.add(fault, self.collection.path, page=broken, absent=WHOLE)
        self.sweep(*crash, budget=budget)
        self.end()

    def sweep_blindly(self) -> None:
        """Sweep while every row is hidden: none of them may be marked."""
        marked = self.buried()
        self.churn.blind()
        self.sweep()
        self.clio.changes.regain(self.name)
        assert self.buried() == marked

    # What is run...

    def end(self) -> None:
        """Drop the fault, and what waits for a page that was not asked for."""
        self.clio.faults.rules[1:] = []
        self.churn.end()

    def load(self, crash: str = "") -> None:
        """Run the loader, perhaps to its death, and look at what it left."""

        def die(name: str) -> None:
            if name == crash:
                raise CrashError(name)

        ends = list(self.ends.given)
        with suppress(CrashError):
            plain_load(self.client, self.product, self.warehouse, self.clock, Choice(), die)
        self.ends.given[:] = ends
        self.check()

    def sweep(self, crash: str = "", nth: int = 1, *, budget: int | None = None) -> None:
        """Run the sweep, perhaps to its death or until it is told to stop; look at its proofs."""
        stop, passed = threading.Event(), Counter[str]()
        point = "package-committed" if crash == "stop" else crash

        def die(name: str) -> None:
            passed[name] += 1
            if (name, passed[name]) == (point, nth):
                stop.set()
                if crash != "stop":
                    raise CrashError(name)

        choice = Choice(budget=budget)
        marked, fresh, since = self.buried(), not self.is_under_way(), len(self.clio.requests)
        with suppress(CrashError):
            plain_sweep(self.client, self.product, self.warehouse, self.clock, choice, stop, die)
        asked = self.clio.requests[since:]
        assert all(self.is_confirmed(key, asked, fresh=fresh) for key in self.buried() - marked)
        self.check()

    # What must hold...

    def is_under_way(self) -> bool:
        """Tell whether a sweep was put down."""
        return bool(self.meta.progress("clio_manage", "sweeps"))

    def buried(self) -> set[int]:
        """Return the rows that are marked as deleted, each once."""
        query = "select record_id from meta.tombstones where revived_at is null"
        found = self.warehouse.rows(query)
        keys = [int(key) for (key,) in found]
        assert len(keys) == len(set(keys))
        return set(keys)

    def live(self, but: set[int]) -> Rows:
        """Return what the warehouse holds and does not mark as deleted."""
        left_out = self.buried() | but
        stored = stored_rows(self.warehouse.connection, self.collection)
        return {key: row for key, row in stored.items() if key[0] not in left_out}

    def served(self, but: set[int]) -> Rows:
        """Return what the server has."""
        served = served_rows(self.clio, self.collection)
        return {key: row for key, row in served.items() if key[0] not in but}

    def is_confirmed(self, key: int, asked: list[LoggedRequest], *, fresh: bool) -> bool:
        """Tell whether Clio was asked for a row once more before it was marked."""
        if self.collection.item_path:
            return any(a.status == 404 and a.path.endswith(f"/{key}.json") for a in asked)
        if self.collection.ids:
            return any(str(key) in a.given.get("ids[]", ()) for a in asked)
        return sum(a.collection == self.name and a.page == 1 for a in asked) > fresh

    def check(self) -> None:
        """Hold marks and new certificates against what happened at the server."""
        self.clio.changes.settle(self.clio.clock.now())
        assert self.buried() <= self.churn.ever_lost()
        proofs = self.proved()
        for proof in proofs[self.proofs :]:
            self.check_proof(proof)
        self.proofs = len(proofs)

    def proved(self) -> list[Certificate]:
        """Return every certificate."""
        names = [field.name for field in fields(Certificate)]
        query = f"select {', '.join(names)} from meta.certificates order by rowid"
        return [Certificate(*row) for row in self.warehouse.rows(query)]

    def check_proof(self, proof: Certificate) -> None:
        """Believe no certificate whose walk saw no last page, or that says less than it proves."""
        began = round(proof.walked_at.timestamp() * 1000)
        assert max(self.ends.given, default=0) >= began
        if proof.undecided:
            assert proof.status == "unequal"
        elif proof.status != "guard":
            assert proof.complete
            assert proof.status in {"ok", "late"}
            assert proof.digest_clio == proof.digest_warehouse
            assert proof.rows_clio == proof.rows_warehouse
            changed = self.churn.touched(began)
            assert self.live(changed) == self.served(changed)

    def teardown(self) -> None:
        """Hold still, load, prove all, and compare."""
        try:
            self.churn.calm()
            self.load()
            if self.is_under_way():
                self.sweep()
            self.sweep()
            assert self.live(set()) == self.served(set())
            proof = self.proved()[-1]
            assert (proof.rows_clio, proof.undecided) == (len(self.served(set())), 0)
        finally:
            self.client.close()
            self.warehouse.close()
            shutil.rmtree(self.folder)


def run_days(clio: Simulator, name: str, page_size: int, examples: int) -> None:
    """Let so many days pass over a collection."""
    bound = {"clio": clio, "product": small_product(name, page_size)}
    run_state_machine_as_test(
        type("Bound", (Day,), bound),
        settings=settings(
            max_examples=examples,
            stateful_step_count=8,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("name", FIELDS)
def test_tables_equal_the_server(clio: Simulator, name: str) -> None:
    """After any day, a quiet load and a sweep, what is stored and not marked is what the server
    has; no row that was there all the time was ever marked, and none that Clio was not asked for
    once more; every certificate is of a walk that came to the last page, and what it covers was
    equal when it was written.
    """
    run_days(clio, name, page_size=2, examples=5)


@pytest.mark.night
@pytest.mark.parametrize(("name", "page_size"), list(zip(FIELDS, (2, 3, 2), strict=True)))
def test_tables_equal_the_server_after_many_days(
    clio: Simulator, name: str, page_size: int
) -> None:
    """The same over many more days."""
    run_days(clio, name, page_size, examples=50)
