"""Whatever happens while pages are read: after two quiet runs nothing that Clio has is missing.

A Hypothesis state machine. Each rule is a run of the real loader that reads pages of two rows from
a real socket, while the server changes rows between the pages; some runs die at a page edge,
between commit and watermark, or between watermark and epoch; some changes show in lists only after
a while, up to the overlap and beyond it. Every page takes minutes of server time.
"""

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from pipelines.errors import StorageError
from pipelines.load.planning import Choice
from pipelines.load.products import Product
from pipelines.state.runs import Meta
from pipelines.warehouse import Warehouse
from sources.clio_http.plan import OVERLAP
from sources.clio_simulator import Simulator
from sources.clio_simulator.changes import Change, When
from sources.clio_simulator.faults import ForgetNext
from tests.system.firm import CATALOG, served_rows, stored_rows
from tests.system.plain_engine import (
    CrashError,
    FastClock,
    PageTime,
    plain_client,
    plain_load,
    small_product,
)

if TYPE_CHECKING:
    import pendulum

NAME = "practice_areas"
COLLECTION = CATALOG.collections[NAME]
LATE = OVERLAP.total_seconds()


@pytest.fixture(scope="module")
def clio() -> Iterator[Simulator]:
    """Return the server that all examples share, one after the other."""
    clock = PageTime()
    with Simulator(seed=7, rate_limit=0, clock=clock) as simulator:
        clock.requests = simulator.requests
        yield simulator


changes = st.lists(
    st.tuples(
        st.sampled_from([*["update"] * 4, "add", "remove"]),
        st.integers(0, 9),
        st.sampled_from([0.0, 0.0, LATE - 60, LATE, LATE, LATE + 600]),
    ),
    max_size=2,
)
idle_seconds = st.sampled_from([0.6, 700.0, LATE - 0.3, 2400.0])
crashes = st.tuples(
    st.sampled_from([*[""] * 4, "package-extracted", "package-committed", "epoch"]),
    st.integers(1, 3),
)
broken_pages = st.sampled_from([0] * 7 + [1, 2])


class Extraction(RuleBasedStateMachine):
    """Runs of the loader against a server that does not hold still."""

    clio: ClassVar[Simulator]
    product: ClassVar[Product]

    def __init__(self) -> None:
        """Begin with an empty warehouse."""
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="extraction-"))
        self.warehouse = Warehouse(self.folder)
        self.clock = FastClock(self.clio.clock)  # type: ignore[arg-type]
        self.client = plain_client(self.clio, self.clock)
        self.too_late: set[int] = set()
        self.watermark: pendulum.DateTime | None = None
        self.edits = 0

    @initialize()
    def seed(self) -> None:
        """Return the server five rows."""
        self.clio.requests.clear()
        self.clio.faults.clear()
        self.clio.changes.waiting.clear()
        for key in list(self.clio.store[NAME].rows):
            self.clio.changes.remove(NAME, key)
        for number in range(5):
            self.clio.changes.add(NAME, {"name": f"area {number}"})
        self.clio.clock.advance(3600)

    @rule(
        first=changes,
        idle=idle_seconds,
        pages=st.lists(changes, max_size=5),
        crash=crashes,
        broken=broken_pages,
    )
    def read_while_rows_change(
        self,
        first: list[tuple[str, int, float]],
        idle: float,
        pages: list[list[tuple[str, int, float]]],
        crash: tuple[str, int],
        broken: int,
    ) -> None:
        """Change rows, wait, and run while rows change after each page."""
        for change in first:
            self.change(change, None)
        self.clio.clock.advance(idle)
        for number, after in enumerate(pages, start=1):
            for change in after:
                self.change(change, When.after(NAME, number))
        if broken:
            self.clio.faults.add(ForgetNext(whole_meta=True, half_page=True), NAME, page=broken)
        self.run(*crash)
        self.clio.faults.clear()
        self.clio.changes.waiting[:] = [w for w in self.clio.changes.waiting if w[0].at is not None]

    def change(self, change: tuple[str, int, float], when: When | None) -> None:
        """Change a row now or after a page; note what comes later than the overlap."""
        operation, number, late = change
        keys = sorted(self.clio.store[NAME].rows)
        self.edits += 1
        fields = {"name": f"edit {self.edits}"}
        if operation == "add":
            self.clio.changes.do(Change("add", NAME, None, fields), when)
        elif operation == "update" and keys:
            key = keys[number % len(keys)]
            self.too_late |= {key} if late > LATE else set()
            self.clio.changes.do(Change("update", NAME, key, fields, visible_after=late), when)
        elif len(keys) > 2 and when is None:
            key = keys[number % len(keys)]
            waiting = self.clio.changes.waiting
            waiting[:] = [w for w in waiting if w[1].id != key]
            self.clio.changes.remove(NAME, key)

    def run(self, crash: str = "", nth: int = 1, *, full: bool = False) -> None:
        """Run the loader, perhaps to its death at the nth package."""
        passed, blocked = Counter[str](), self.folder / "epoch.tmp"

        def die(name: str) -> None:
            passed[name] += 1
            if passed[name] == nth and crash == name:
                raise CrashError(name)
            if passed[name] == nth and (crash, name) == ("epoch", "package-committed"):
                blocked.mkdir()

        choice = Choice(full=full)
        try:
            plain_load(self.client, self.product, self.warehouse, self.clock, choice, die)
        except (CrashError, StorageError):
            pass
        finally:
            if blocked.exists():
                blocked.rmdir()
        self.check_watermark()

    def check_watermark(self) -> None:
        """H8: the watermark never falls."""
        known = Meta(self.warehouse).progress("clio_manage").get(NAME)
        if known is None or known.watermark is None:
            return
        assert self.watermark is None or known.watermark >= self.watermark
        self.watermark = known.watermark

    def missing(self, but: set[int]) -> list[Any]:
        """Name the live rows of the server that the warehouse does not hold as they are."""
        served = served_rows(self.clio, COLLECTION)
        stored = stored_rows(self.warehouse.connection, COLLECTION)
        return [key for key, row in served.items() if key[0] not in but and stored.get(key) != row]

    def teardown(self) -> None:
        """Hold still, run twice, and compare; then read all again."""
        try:
            self.clio.clock.advance(7200)
            self.clio.changes.settle(self.clio.clock.now())
            self.clio.clock.advance(7200)
            self.run()
            self.run()
            assert self.missing(self.too_late) == []
            if self.too_late:
                self.run(full=True)
            assert self.missing(set()) == []
        finally:
            self.client.close()
            self.warehouse.close()
            shutil.rmtree(self.folder)


@pytest.mark.parametrize(
    ("page_size", "examples", "inclusive"),
    [
        (2, 6, False),
        pytest.param(3, 10, False, marks=pytest.mark.long),
        pytest.param(2, 5, True, marks=pytest.mark.long),
    ],
)
def test_nothing_is_lost(
    clio: Simulator,
    page_size: int,
    examples: int,
    *,
    inclusive: bool,
) -> None:
    """After any history and two quiet runs, every live row of the server is in the warehouse with
    equal content, the watermark never fell, and no key is there twice. Changes that came later
    than the overlap are found by a full load at the latest.
    """
    clio.switches.updated_since_inclusive = inclusive
    bound = {"clio": clio, "product": small_product(NAME, page_size)}
    run_state_machine_as_test(
        type("Bound", (Extraction,), bound),
        settings=settings(
            max_examples=examples,
            stateful_step_count=4,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
