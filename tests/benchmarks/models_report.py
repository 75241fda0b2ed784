"""The part of the page about the larger firm's warehouse."""

from collections.abc import Sequence
from statistics import median

from .measure import Measured
from .models import Models
from .tables import Target, at_most, megabytes, table, verdicts, within

SLOWEST = 5
HELD = {
    "activities": "core.fct_activity",
    "matters": "core.dim_matter",
    "contacts": "core.dim_contact",
    "bills": "core.fct_bill",
    "lines": "core.fct_bill_line",
    "allocations": "core.fct_allocation",
    "trust": "trust.fct_trust_ledger",
    "enquiries": "bi.intake",
    "wip": "bi.work_in_progress",
}
"""What is told of the warehouse → the relation whose rows are told."""


def targets(models: Models) -> list[Target]:
    """Work out what was promised for a warehouse of this size."""
    size, reconcile = f"{models.activities:,} activities", models.reconcile
    slowest = max(models.dashboards.values())
    return [
        at_most(f"{size}: full build with checks", models.full.wall, 60),
        within(f"{size}: peak memory of a full build", models.full.memory, 4e9),
        at_most(f"{size}: build, nothing changed", _wall(models.quiet), 3),
        at_most(f"{size}: publish", _wall(models.publish), 10),
        at_most(f"{size}: slowest dashboard query", slowest, 0.3),
        at_most(f"{size}: reconcile, besides its requests", reconcile.wall - models.waited, 30),
        within(f"{size}: peak memory of reconcile", reconcile.memory, 1e9),
    ]


def section(models: Models) -> str:
    """Write what the warehouse holds, what was run, and the slowest queries."""
    rows = models.rows
    slow = sorted(models.dashboards.items(), key=lambda item: -item[1])[:SLOWEST]
    shown = [[f"`bi.{name}`", f"{rows[f'bi.{name}']:,}", _ms(spent)] for name, spent in slow]
    fast = sum(spent < 0.3 for spent in models.dashboards.values())
    return f"""## Models, dashboards and reconciliation

{_holds(models)}

{table(("Process", "runs", "wall", "CPU", "peak memory"), _processes(models))}
The full build is the first one: every query is parsed, every table made, every check run.
`reconcile --ids all` compares levels 1, 2 and 4: it lists the ids and versions of every
collection, asks for a sample of 50 records, runs every comparison and writes the package. It waited
{models.waited:.2f} s for the answers to {models.asked:,} requests, one after the other; the time
besides them is the rest, {models.reconcile.wall - models.waited:.2f} s.

All {len(models.dashboards)} views of the published snapshot were asked what a chart or a list asks
of them, with a filter, a group or an order, in one process with one connection: the median of 3
after one that is not counted. {fast} of {len(models.dashboards)} answered in under 300 ms. The
slowest:

{table(("View", "rows", "query"), shown)}"""


def page(models: Models) -> str:
    """Write this part alone, with its targets."""
    return f"{verdicts(targets(models))}\n{section(models)}"


def _holds(models: Models) -> str:
    held = {said: f"{models.rows[name]:,}" for said, name in HELD.items()}
    return """One warehouse holds {activities} activities, which 8 people wrote in two years, on
{matters} matters of {contacts} contacts; {bills} bills that stand, with {lines} lines;
{allocations} allocations of payments, {trust} movements of trust money, and {enquiries} enquiries
of Clio Grow. Tasks, calendar, notes, documents and messages are as few as in the smallest firm;
lists that take a request for each record, such as the contacts of each matter, are not loaded. The
work of a matter is spread over all 8 people and much of it is never billed, which makes more rows
of work in progress at month-ends ({wip}) than a firm of this size would have.""".format(**held)


def _processes(models: Models) -> list[list[str]]:
    told = {
        "`transform --full`": [models.full],
        "`transform`, nothing changed": models.quiet,
        "`publish`": models.publish,
        "`reconcile --ids all`": [models.reconcile],
    }
    return [
        [
            name,
            str(len(runs)),
            f"{_wall(runs):.2f} s",
            f"{median(run.cpu for run in runs):.2f} s",
            megabytes(median(run.memory for run in runs)),
        ]
        for name, runs in told.items()
    ]


def _wall(runs: Sequence[Measured]) -> float:
    return median(run.wall for run in runs)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
