"""What becomes of the two sides of a comparison. Tables and arithmetic; no effects."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from .definitions import ERROR, Definition

Value: TypeAlias = Decimal | str | None
"""One side of a line: a number where the comparison is of numbers; None where it lacks."""


class ComparisonStatus(StrEnum):
    """The ends of a comparison. There are no others."""

    MATCH = "match"
    TOLERANCE = "within tolerance"
    NOT_RUN = "not run"
    MOVED = "moved during run"
    DIFFERENCE = "difference"


WORST = (
    ComparisonStatus.DIFFERENCE,
    ComparisonStatus.MOVED,
    ComparisonStatus.NOT_RUN,
    ComparisonStatus.TOLERANCE,
    ComparisonStatus.MATCH,
)
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


@dataclass(frozen=True)
class Counted:
    """What the query of a comparison gave: all lines counted, and those that are not equal."""

    rows: int
    equal: int
    left: Decimal | None
    right: Decimal | None
    lines: Sequence[ComparisonLine] = field(default_factory=tuple)


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


def concluded(definition: Definition, counted: Counted) -> Comparison:
    """Judge every line of a comparison, and the whole by the worst of them."""
    lines = [_judged(definition, one) for one in counted.lines]
    untold = [one for one in lines if one.status is ComparisonStatus.NOT_RUN]
    why = f"{len(untold):,} of {counted.rows:,}: {untold[0].not_run}" if untold else ""
    why = why if counted.rows else NOTHING_THERE
    return Comparison(
        definition,
        worst(one.status for one in lines),
        counted.rows,
        counted.equal,
        counted.left,
        counted.right,
        tuple(lines),
        why,
    )


def _judged(definition: Definition, line: ComparisonLine) -> ComparisonLine:
    status = judge(definition, line)
    cause = line.cause
    if status is ComparisonStatus.DIFFERENCE:
        cause = cause or UNEXPLAINED
    elif status is ComparisonStatus.MOVED:
        cause = cause or "timing"
    return replace(line, status=status, cause=cause)


def worst(statuses: Iterable[ComparisonStatus]) -> ComparisonStatus:
    """Return the status that decides; match where there is none."""
    found = set(statuses)
    return next((one for one in WORST if one in found), ComparisonStatus.MATCH)


def not_run(definition: Definition, reason: str) -> Comparison:
    """Say of a comparison that it was not made, and why."""
    return Comparison(definition, ComparisonStatus.NOT_RUN, reason=reason)


def difference_id(comparison: str, line: ComparisonLine) -> str:
    """Return the name under which a difference is accepted: the same while it is about that."""
    return _digest(comparison, line.key)[:12]


def content(comparison: str, line: ComparisonLine) -> str:
    """Digest what a difference is: another one as soon as either side changes."""
    return _digest(comparison, line.key, repr(_plain(line.left)), repr(_plain(line.right)))


def _plain(value: Value) -> str | None:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def difference_of(line: ComparisonLine) -> Decimal | None:
    """Return left less right, where both are numbers; what lacks counts as nothing."""
    left, right = line.left, line.right
    if isinstance(left, str) or isinstance(right, str) or (left is None and right is None):
        return None
    return (left or Decimal(0)) - (right or Decimal(0))
