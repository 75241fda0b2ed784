"""A firm of both products that is loaded and built, to be held against its Clio."""

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipelines.load.command import run_load
from pipelines.outcome import Outcome
from pipelines.reconcile.run import ReconcileOptions, run_reconcile
from pipelines.transform.run import ModelContext, run_transform
from sources.clio_simulator import Seed, Simulator
from tests.system.firm import chosen
from tests.system.grow_firm import CALM, GrowFirm

SMALL = {**CALM, "grow_notes": 0, "grow_leads": 0}
SEED = Seed(7, scale=0.2, **SMALL)
MANAGE = (
    "activities",
    "activities_written_off",
    "allocations",
    "bank_accounts",
    "bank_transactions",
    "billable_matters",
    "bills",
    "contacts",
    "line_items",
    "matters",
    "outstanding_client_balances",
    "trust_line_items",
    "users",
)
MODELS = (
    "+fct_activity",
    "+fct_bill",
    "+fct_collection_line",
    "+stg_grow__contacts",
    "+stg_grow__matters",
    "+stg_manage__bank_transactions",
    "+stg_manage__billable_matters",
    "+stg_manage__matter_account_balances",
    "+stg_manage__outstanding_client_balances",
    "+stg_manage__trust_line_items",
)


@dataclass
class Audit:
    """A firm, its Clio, and what a run of `reconcile` says of the two."""

    firm: GrowFirm

    @property
    def clio(self) -> Simulator:
        """Return the firm's Clio."""
        return self.firm.clio

    def run(self, **wish: Any) -> Outcome:
        """Compare."""
        run = self.firm.context()
        return run_reconcile(run, ReconcileOptions(**wish))

    def package(self, outcome: Outcome) -> Path:
        """Return the folder of the package."""
        return Path(outcome.results[0]["package"])


def make(folder: Path) -> None:
    """Load and build the firm."""
    with Simulator(SEED, rate_limit=0) as clio:
        firm = GrowFirm(clio, folder, manage=True)
        for product, names in (("clio_manage", MANAGE), ("clio_grow", ("contacts", "matters"))):
            done = run_load(firm.context(), [product], chosen(*names))
            assert done.exit_code == 0, done.errors
        work = replace(ModelContext.here(threading.Event()), settings=firm.settings)
        built = run_transform(work, MODELS)
        assert built.exit_code == 0, built.errors


@contextmanager
def audited(made: Path, folder: Path) -> Iterator[Audit]:
    """Return a copy of the firm, with a Clio of its own."""
    shutil.copytree(made, folder)
    with Simulator(SEED, rate_limit=0) as clio:
        clio.clock.advance(3600)  # its clock begins where that of the load did
        yield Audit(GrowFirm(clio, folder, manage=True))


def found(outcome: Outcome, *names: str) -> set[tuple[str, str, str]]:
    """Return comparison, key and cause of the differences, or of those of some comparisons."""
    return {
        (row["comparison"], row["key"], row["cause"])
        for row in outcome.results
        if row.get("status") == "difference" and "key" in row
        if not names or row["comparison"] in names
    }


def statuses(outcome: Outcome) -> dict[str, str]:
    """Return the end of each comparison."""
    rows: Sequence[Any] = outcome.results
    return {row["comparison"]: row["status"] for row in rows if "level" in row}


def amounts(outcome: Outcome, name: str) -> dict[str, str]:
    """Return the difference of each line of a comparison, by its key."""
    return {
        row["key"]: str(row["difference"])
        for row in outcome.results
        if row.get("comparison") == name and "key" in row
    }
