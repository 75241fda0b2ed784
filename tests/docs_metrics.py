"""Write the page of metrics from their definitions: `python -m tests.docs_metrics`."""

from pathlib import Path

from pipelines.sql_folder import sql_folder
from pipelines.transform.metrics import BASES, Metric, read_metrics
from tests.docs_collections import table

FILE = Path(__file__).parents[1] / "docs" / "metrics.md"

BEGIN = "<!-- generated from sql/metrics.yml by make docs -->\n"
END = "<!-- end of what is generated -->\n"


def shown(metric: Metric) -> tuple[str, ...]:
    """Return a metric as a row of the table."""
    formula = metric.formula + (f" where {metric.filter}" if metric.filter else "")
    return (
        metric.label,
        metric.sentence,
        metric.basis,
        metric.format,
        f"`{metric.relation}`: `{formula}`",
    )


def text() -> str:
    """Return the whole page: what a person wrote, and the tables between the marks."""
    page = FILE.read_text("utf-8")
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    bases = table(("basis", "places money"), BASES.items())
    metrics = table(
        ("metric", "what it says", "basis", "format", "formula"),
        map(shown, read_metrics(sql_folder())),
    )
    return f"{before}{BEGIN}{bases}\n{metrics}{END}{after}"


if __name__ == "__main__":
    FILE.write_text(text(), "utf-8")
