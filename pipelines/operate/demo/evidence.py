"""Clio held against the warehouse at the end of the demo: the package and three lines about it."""

from pipelines.context import Context
from pipelines.outcome import Outcome
from pipelines.reconcile.run import ReconcileOptions, run_reconcile

SAMPLE = 40


def show(context: Context) -> Outcome:
    """Compare on every level, and say in three lines what came of it and where the package is."""
    found = run_reconcile(context, ReconcileOptions((), SAMPLE, reports=True))
    three = found.text.rstrip("\n").splitlines()[-3:]
    found.text = "\n".join(["", "Clio and the warehouse, compared on every level:", *three, ""])
    return found
