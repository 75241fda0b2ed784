"""The firm's figures: models are built, checked and published; each figure has its date basis."""

from decimal import Decimal
from pathlib import Path

from pipelines.outcome import Outcome, table
from pipelines.publish.pointer import opened
from pipelines.publish.snapshot import run_publish
from pipelines.sql_folder import sql_folder
from pipelines.transform.metrics import BASES, Metric, read_metrics
from pipelines.transform.run import ModelContext, run_transform

SHOWN = (
    "utilization",
    "realization",
    "collection",
    "wip",
    "ar",
    "total_lockup",
    "operating_lockup",
    "trust_exceptions",
    "leads",
    "consultations",
    "hires",
)
"""Names of metrics, in the order in which they are shown: the last three are the funnel."""
UNITS = {
    "days": "{:,.0f} days",
    "hours": "{:,.1f} h",
    "money": "{:,.2f}",
    "number": "{:,.0f}",
    "percent": "{:.1%}",
    "rate": "{:,.2f}",
}
NOTHING = "-"


def show(context: ModelContext) -> Outcome:
    """Build and publish; the text has the figures of what is published."""
    built = run_transform(context)
    if built.exit_code == 0:
        published = run_publish(context)
        published.text = text(context.settings.data_dir)
        return published
    return built


def text(data: Path) -> str:
    """Return the figures of the newest snapshot of a data folder, over all its rows.

    Raises:
        NotPublishedError: nothing is published.
        PointerError: what is published cannot be found.

    """
    metrics = {metric.name: metric for metric in read_metrics(sql_folder())}
    with opened(data) as (current, snapshot):
        rows = [
            (metric.label, shown(metric, snapshot.rows(metric.query)[0][0]), BASES[metric.basis])
            for metric in (metrics[name] for name in SHOWN)
        ]
    head = f"The firm's figures, from generation {current.generation} of what is published:"
    return f"\n{head}\n{table(('figure', 'value', 'basis'), rows)}\n"


def shown(metric: Metric, value: Decimal | float | None) -> str:
    """Return a value in the unit of its metric; a dash where nothing can be divided by."""
    return NOTHING if value is None else UNITS[metric.format].format(value)
