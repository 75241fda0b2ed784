"""A firm whose data folder is loaded and proved, and copies of it with something wrong."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from pipelines.config import Settings
from pipelines.context import Context
from pipelines.load.command import run_load
from pipelines.operate.doctor import examine, run_probe
from pipelines.outcome import Outcome
from pipelines.progress import Lines
from pipelines.sweep.command import run_sweep
from sources.clio_http.secret import Secret
from sources.clio_simulator import Seed, SimulatedClock, Simulator
from tests.system.firm import CATALOG, QuickClock, chosen
from tests.system.grow_firm import CALM, GrowFirm

NAMES = ("activities", "bills", "contacts", "documents", "inbox_leads", "matters", "users")
BOTH = ["clio_manage", "clio_grow"]
ROOMY: dict[str, Any] = {"rate_limit": 100_000, "grow_rate_limit": 0}
UNUSED = tuple(sorted(set(CATALOG.loaded) - {*NAMES, "tasks", "matter_contacts"}))
"""Collections that are off in the copies, so that an examination sends few requests."""
BAD = frozenset({"warn", "fail"})


@dataclass
class Patient:
    """A copy of a loaded data folder, the Clio that it was loaded from, and the settings."""

    clio: Simulator
    settings: Settings
    home: Path

    @property
    def folder(self) -> Path:
        """Return the data folder."""
        return self.settings.data_dir

    def work(self) -> Context:
        """Return what an examination works with."""
        return Context(self.settings, QuickClock(), Lines(), threading.Event(), self.home)

    def examined(self) -> Outcome:
        """Make every check."""
        return examine(self.work())

    def probed(self) -> dict[tuple[str, str], Any]:
        """Put every question; give what was observed by product and name."""
        path = self.home / "probe.json"
        path.unlink(missing_ok=True)
        outcome = run_probe(self.work(), path)
        assert json.loads(path.read_text())["answers"] == outcome.results
        return {(row["product"], row["name"]): row["observed"] for row in outcome.results}

    def change(self, **options: Any) -> None:
        """Change settings of Manage."""
        self.change_of("clio_manage", **options)

    def change_of(self, source: str, **options: Any) -> None:
        """Change settings of a product."""
        changed = replace(self.settings.sources[source], **options)
        sources = {**self.settings.sources, source: changed}
        self.settings = replace(self.settings, sources=sources)

    def tell(self, query: str, *parameters: object) -> None:
        """Change the warehouse behind the tool's back."""
        with duckdb.connect(str(self.folder / "warehouse.duckdb")) as warehouse:
            warehouse.execute(query, list(parameters))


Spoil = Callable[[Patient], None]


def bad(outcome: Outcome) -> dict[tuple[str, str], str]:
    """Return the checks that did not go well, by name and product."""
    return {
        (row["check"], row["product"] or ""): row["status"]
        for row in outcome.results
        if row["status"] in BAD
    }


def line(outcome: Outcome, check: str, product: str = "") -> dict[str, Any]:
    """Return the line of a check."""
    (found,) = (
        row for row in outcome.results if (row["check"], row["product"] or "") == (check, product)
    )
    return dict(found)


@contextmanager
def loaded_firm(folder: Path) -> Iterator[GrowFirm]:
    """Load and prove some collections of both products, in a folder that is private."""
    seed = Seed(7, **CALM, activities=250)
    with Simulator(seed, clock=SimulatedClock.real(), **ROOMY) as clio:
        firm = GrowFirm(clio, folder, manage=True)
        assert run_load(firm.context(), BOTH, chosen(*NAMES)).exit_code == 0
        assert run_sweep(firm.context(), BOTH, chosen(*NAMES)).exit_code == 0
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o700 if path.is_dir() else 0o600)
        yield firm


@contextmanager
def patient_of(firm: GrowFirm, home: Path) -> Iterator[Patient]:
    """Copy a firm's data folder; afterwards its Clio is as it was."""
    shutil.copytree(firm.folder, home / "data")
    kept, clock = deepcopy(vars(firm.clio.switches)), firm.clio.clock
    firm.clio.requests.clear()
    patient = Patient(firm.clio, replace(firm.settings, data_dir=home / "data"), home)
    patient.change(off=UNUSED)
    try:
        yield patient
    finally:
        vars(firm.clio.switches).update(kept)
        firm.clio.faults.clear()
        clock.set(QuickClock().now())


def without_token(patient: Patient) -> None:
    """Take both tokens away."""
    for source in BOTH:
        patient.change_of(source, access_token=None)


def wrong_token(patient: Patient) -> None:
    """Return Manage a token that nobody knows."""
    patient.change(access_token=Secret("no-such-token"))
