"""Every figure of the marts with its key, to hold a firm that sees less against the whole one."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from pipelines.sql_folder import sql_folder
from pipelines.transform.build import BuildOptions, read_plan
from pipelines.transform.header import UNIQUE
from pipelines.transform.knowing import FIGURES, WITHOUT_FIGURES
from pipelines.transform.metrics import read_metrics
from pipelines.transform.plan import BuildPlan
from tests.unit.mini_firm import MiniFirm

Cells = dict[tuple[str, str, tuple[Any, ...]], Any]
"""Values by relation, column and key of the row."""
METRICS = "metrics"
OF_ANYTHING = frozenset({"bi.timekeeper_month", "finance.agg_timekeeper_month"})
"""Relations with a row for whoever has anything at all, where a sum of nothing is truly 0."""


@cache
def shipped() -> BuildPlan:
    """Return the models that are shipped."""
    return read_plan(None, [sql_folder()], BuildOptions())


def figures(firm: MiniFirm) -> Cells:
    """Return every money, hours and rate of a firm that is built, and every metric."""
    cells = dict(_cells(firm))
    for metric in read_metrics(sql_folder()):
        cells[METRICS, metric.name, ()] = firm.value(metric.query)
    return cells


def _cells(firm: MiniFirm) -> Iterator[tuple[tuple[str, str, tuple[Any, ...]], Any]]:
    for relation, keys, columns in marts(firm):
        listed = ", ".join([*keys, *columns])
        for row in firm.rows(f"select {listed} from {relation}"):
            key, values = tuple(row[: len(keys)]), row[len(keys) :]
            for column, value in zip(columns, values, strict=True):
                yield (relation, column, key), value


def marts(firm: MiniFirm) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield each mart with the columns of its grain and those of its figures."""
    for relation, model in shipped().project.models.items():
        kinds = {name: kind for name, kind, *_ in firm.rows(f"describe {relation}")}
        keys = [n for rule in model.header.rules if rule.kind == UNIQUE for n in rule.columns]
        columns = [name for name, kind in kinds.items() if kind.startswith(FIGURES)]
        columns = [name for name in columns if name not in keys]
        if model.schema not in WITHOUT_FIGURES and columns:
            yield relation, list(dict.fromkeys(keys)), columns


def lies(whole: Cells, seen: Cells) -> list[str]:
    """Name the figures that are numbers, and not those of a firm that sees everything.

    Bills of which nobody knows who worked make a row for nobody; that nobody wrote hours is true.
    """
    absent = object()
    wrong = {
        f"{relation}.{column}"
        for (relation, column, key), value in seen.items()
        if value is not None
        and whole.get((relation, column, key), 0 if relation in OF_ANYTHING else absent) != value
    }
    return sorted(wrong)
