"""Metrics as `sql/metrics.yml` defines them: one definition for figures, pages and documents."""

import re
from dataclasses import dataclass, fields
from pathlib import Path

import yaml

from .errors import ModelsError

FILE = "metrics.yml"
BASES = {
    "cohort": "by the day of the work",
    "event": "by the day of the bill or payment",
    "as_of": "as of a day",
}
FORMATS = frozenset({"days", "hours", "money", "number", "percent", "rate"})
_WORD = re.compile(r"[a-z_][a-z0-9_]*")
DIRECTIONS = frozenset({"up", "down", "none"})


@dataclass(frozen=True)
class Metric:
    """One metric.

    `formula` is an aggregate in SQL over the rows of `relation` for which `filter` holds; `date`
    is the column that follows it over time, empty where there is none. `format` is the unit: a
    percent is a share of 1, a rate is money for one.
    """

    name: str
    label: str
    sentence: str
    basis: str
    relation: str
    formula: str
    format: str
    good: str
    filter: str = ""
    date: str = ""

    @property
    def query(self) -> str:
        """Return the query for the one value of the metric, over all its rows.

        It gives null where something that the metric reads is not known.
        """
        where = f" where {self.filter}" if self.filter else ""
        words = ", ".join(f"'{word}'" for word in self.words)
        return (
            "select case when not exists (select 1 from meta.not_known"
            f" where model = '{self.relation}' and column_name in ('', {words}))"
            f" then {self.formula} end as {self.name} from {self.relation}{where}"
        )

    @property
    def words(self) -> list[str]:
        """Name whatever may be a column in the formula and the filter."""
        return sorted(set(_WORD.findall(f"{self.formula} {self.filter}")))


def read_metrics(folder: Path) -> tuple[Metric, ...]:
    """Read the metrics of a folder like `sql`, in their order.

    Raises:
        ModelsError: the file cannot be read, or a metric lacks or misspells something.

    """
    try:
        listed = yaml.safe_load((folder / FILE).read_text("utf-8"))
    except yaml.YAMLError:
        message = f"{FILE}: this is not valid YAML"
        raise ModelsError(message) from None
    found = tuple(_metric(entry) for entry in listed)
    names = [metric.name for metric in found]
    for name in names:
        if names.count(name) > 1:
            message = f"{FILE}: the metric {name} is defined twice"
            raise ModelsError(message)
    return found


def _metric(entry: dict[str, str]) -> Metric:
    known = {field.name for field in fields(Metric)}
    try:
        metric = Metric(**{key: str(value) for key, value in entry.items()})
    except TypeError:
        message = f"{FILE}: {entry.get('name')} has {sorted(entry)}, of {sorted(known)}"
        raise ModelsError(message) from None
    valid = metric.basis in BASES and metric.format in FORMATS and metric.good in DIRECTIONS
    if not valid:
        message = f"{FILE}: {metric.name} has an unknown basis, format or direction"
        raise ModelsError(message)
    return metric
