"""What a walk read, and what a package in the making will mean."""

from dataclasses import dataclass, field

import pyarrow as pa

from pipelines.state.lateness import Observed
from pipelines.state.runs import Quarantined
from pipelines.state.withheld import ColumnMark
from sources.clio_http.plan import Point


@dataclass
class RowCounts:
    """What became of the rows of a walk."""

    rows_read: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    quarantined: int = 0

    def add(self, other: "RowCounts") -> None:
        """Add the counts of one package."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def add_counts(counts: dict[str, tuple[int, int]], more: dict[str, tuple[int, int]]) -> None:
    """Add counts of cells, those that show a value and the others, column by column."""
    for name, (known, marked) in more.items():
        before = counts.get(name, (0, 0))
        counts[name] = (before[0] + known, before[1] + marked)


@dataclass
class Pending:
    """What a package in the making will mean once it is committed."""

    counts: RowCounts = field(default_factory=RowCounts)
    quarantined: list[Quarantined] = field(default_factory=list)
    finished: list[int] = field(default_factory=list)
    seen: list[pa.Table] = field(default_factory=list)
    observed: Observed = field(default_factory=Observed)
    absent: set[str] = field(default_factory=set)
    new: set[str] = field(default_factory=set)
    cells: list[pa.Table] = field(default_factory=list)
    whole: dict[str, ColumnMark] = field(default_factory=dict)
    shown: dict[str, tuple[int, int]] = field(default_factory=dict)
    future: int = 0
    point: Point | None = None
    opened: bool = False
    held: bool = False
