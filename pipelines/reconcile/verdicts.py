"""What becomes of the two sides of a comparison. Tables and arithmetic; no effects."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from .definitions import ERROR, Definition

Value: TypeAlias = Decimal | str | None
"""One side of a line: a number where the comparison is of numbers; None where it lacks."""


class ComparisonStatus(StrEnum):
    """The ends of a comparison, the worst last. There are no others."""

    MATCH = "match"
    TOLERANCE = "within tolerance"
    NOT_RUN = "not run"
    MOVED = "moved during run"
    DIFFERENCE = "difference"


WORST = tuple(reversed(ComparisonStatus))
"""In the order in which one line decides for all."""
UNEXPLAINED = "unexplained"
NOTHING_THERE = "neither side has anything to compare"


@dataclass(frozen=True)
class ComparisonLine:
    """One row of a comparison of which the two sides are not the same.

    `resource` and `record_id` lead to the record in Clio. `moved` says that the record changed in
    Clio after the moment that the warehouse is complete up to, `not_run` why nothing can be said.
    `accepted` names who accepted the difference as it is, and why.
    """

    key: str
    label: str
    left: Value
    right: Value
    resource: str = ""
    record_id: str = ""
    moved: bool = False
    cause: str = ""
    not_run: str = ""
    status: ComparisonStatus = ComparisonStatus.DIFFERENCE
    accepted: str = ""


@dataclass(frozen=True)
class Comparison:
    """One comparison that was made, or was not, with every line that is not equal.

    `rows` counts all lines, `equal` those that match; `left` and `right` are the sums of the two
    sides over all lines, where they are numbers.
    """

    definition: Definition
    status: ComparisonStatus
    rows: int = 0
    equal: int = 0
    left: Decimal | None = None
    right: Decimal | None = None
    lines: tuple[ComparisonLine, ...] = ()
    reason: str = ""

    @property
    def open(self) -> list[ComparisonLine]:
        """Return the differences that nobody accepted."""
        return [one for one in self.differences if not one.accepted]

    @property
    def differences(self) -> list[ComparisonLine]:
        """Return the lines that are differences, accepted or not."""
        return [one for one in self.lines if one.status is ComparisonStatus.DIFFERENCE]

    @property
    def difference(self) -> Decimal | None:
        """Return left less right, where both were summed."""
        both = self.left is not None and self.right is not None
        return self.left - self.right if both else None  # type: ignore[operator]

    @property
    def accepted(self) -> int:
        """Count the differences that somebody accepted."""
        return len(self.differences) - len(self.open)

    @property
    def alarms(self) -> bool:
        """Tell whether there is a difference that somebody has to look at."""
        return self.definition.severity == ERROR and bool(self.open)


def judge(definition: Definition, line: ComparisonLine) -> ComparisonStatus:
    """Say what one line is."""
    if line.not_run:
        return ComparisonStatus.NOT_RUN
    if line.left == line.right:
        return ComparisonStatus.MATCH
    if (
        isinstance(line.left, Decimal)
        and isinstance(line.right, Decimal)
        and abs(line.left - line.right) <= definition.tolerance
    ):
        return ComparisonStatus.TOLERANCE
    return ComparisonStatus.MOVED if line.moved else ComparisonStatus.DIFFERENCE


def concluded(counted: Comparison) -> Comparison:
    """Judge every line of a comparison, and the whole by the worst of them."""
    lines = [_judged(counted.definition, one) for one in counted.lines]
    untold = [one for one in lines if one.status is ComparisonStatus.NOT_RUN]
    why = f"{len(untold):,} of {counted.rows:,}: {untold[0].not_run}" if untold else ""
    why = why if counted.rows else NOTHING_THERE
    status = worst(one.status for one in lines)
    return replace(counted, status=status, lines=tuple(lines), reason=why)


def _judged(definition: Definition, line: ComparisonLine) -> ComparisonLine:
    status = judge(definition, line)
    causes = {ComparisonStatus.DIFFERENCE: UNEXPLAINED, ComparisonStatus.MOVED: "timing"}
    return replace(line, status=status, cause=line.cause or causes.get(status, ""))


def worst(statuses: Iterable[ComparisonStatus]) -> ComparisonStatus:
    """Return the status that decides; match where there is none."""
    found = set(statuses)
    return next((one for one in WORST if one in found), ComparisonStatus.MATCH)


def difference_id(comparison: str, line: ComparisonLine) -> str:
    """Return the name under which a difference is accepted: the same while it is about that."""
    return _digest(comparison, line.key)[:12]


def content(comparison: str, line: ComparisonLine) -> str:
    """Digest what a difference is: another one as soon as either side changes."""
    sides = [
        f"{value.normalize():f}" if isinstance(value, Decimal) else value
        for value in (line.left, line.right)
    ]
    return _digest(comparison, line.key, *map(repr, sides))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def difference_of(line: ComparisonLine) -> Decimal | None:
    """Return left less right, where both are numbers; what lacks counts as nothing."""
    left, right = line.left, line.right
    if isinstance(left, str) or isinstance(right, str) or (left is None and right is None):
        return None
    return (left or Decimal(0)) - (right or Decimal(0))
