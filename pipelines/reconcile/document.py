"""All that a run found, as one document from which every file of the package is written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

import pendulum

from pipelines.release import PACKAGE, release
from sources.clio_manage.settings import API_VERSION

from .definitions import WARN
from .verdicts import (
    WORST,
    Comparison,
    ComparisonLine,
    ComparisonStatus,
    Value,
    difference_id,
    difference_of,
)

FORMAT = 1
MISSING, EXTRA = "missing", "extra"
CENT = Decimal("0.01")
PAGES = frozenset({"bills", "contacts", "matters"})
"""Collections with a page in Clio's web application; for others the API's address is given."""


@dataclass(frozen=True)
class Heading:
    """Who compared what, when, and from which state of the ledger."""

    run_id: str
    made_at: pendulum.DateTime
    actor: str
    host: str
    account: str
    loaded_at: pendulum.DateTime | None
    built_at: pendulum.DateTime | None
    audit_head: str
    scope: str
    is_demo: bool = False


@dataclass(frozen=True)
class ListedRows:
    """A list that goes along: the names of its columns and its rows; or why there is none."""

    names: Sequence[str] = ()
    rows: Sequence[Sequence[Any]] = ()
    reason: str = ""


@dataclass(frozen=True)
class Evidence:
    """One run, whole."""

    heading: Heading
    comparisons: Sequence[Comparison]
    listings: Mapping[str, ListedRows] = field(default_factory=dict)

    @property
    def ordered(self) -> list[Comparison]:
        """Return the comparisons, those first that somebody has to look at."""

        def place(one: Comparison) -> tuple[object, ...]:
            told = one.definition
            return not one.alarms, WORST.index(one.status), told.level, told.name

        return sorted(self.comparisons, key=place)

    @property
    def counts(self) -> dict[str, int]:
        """Count the comparisons by how they ended."""
        ends = [one.status for one in self.comparisons]
        return {status.value: ends.count(status) for status in ComparisonStatus}

    @property
    def open(self) -> int:
        """Count the differences that nobody accepted and that are not only warnings."""
        return sum(len(one.open) for one in self.comparisons if one.alarms)


@dataclass(frozen=True)
class ShownLine:
    """One line as files show it, with the address of its record and the id of the difference."""

    comparison: Comparison
    line: ComparisonLine
    host: str

    @property
    def link(self) -> str:
        """Return the address of the record, with everything in it escaped; empty for none."""
        resource, key = self.line.resource, quote(self.line.record_id, safe="")
        if not resource or not key:
            return ""
        if resource in PAGES:
            return f"{self.host}/nc/#/{resource}/{key}"
        return f"{self.host}/api/v4/{quote(resource, safe='')}/{key}.json"

    @property
    def id(self) -> str:
        """Return the id under which the difference is accepted; empty for what is none."""
        if self.line.status is not ComparisonStatus.DIFFERENCE:
            return ""
        return difference_id(self.comparison.definition.name, self.line)

    @property
    def difference(self) -> Decimal | None:
        """Return left less right, where these are numbers."""
        return difference_of(self.line)

    @property
    def note(self) -> str:
        """Say what is known of the line beside its values."""
        accepted = self.line.accepted
        return f"accepted by {accepted}" if accepted else self.line.not_run


def lines(evidence: Evidence) -> Iterator[ShownLine]:
    """Yield every line that is not equal, differences that nobody accepted first."""
    found = [
        ShownLine(one, line, evidence.heading.host)
        for one in evidence.ordered
        for line in one.lines
    ]
    yield from sorted(found, key=_first)


def _first(shown: ShownLine) -> tuple[bool, bool, bool]:
    line = shown.line
    is_open = line.status is ComparisonStatus.DIFFERENCE and not line.accepted
    warns = shown.comparison.definition.severity == WARN
    return not is_open, line.status is not ComparisonStatus.DIFFERENCE, warns


def side(line: ComparisonLine) -> str:
    """Tell whether the line is of something that only one side has."""
    if line.right is None and line.left is not None:
        return MISSING
    return EXTRA if line.left is None and line.right is not None else ""


def versions() -> dict[str, str]:
    """Name what the package was made with."""
    own = release() or "not installed"
    return {PACKAGE: own, "Clio API": API_VERSION, "DuckDB": version("duckdb")}


def document(evidence: Evidence) -> dict[str, Any]:
    """Return everything as one JSON document; numbers are texts with all their digits."""
    return {
        "format": FORMAT,
        **_plainly(vars(evidence.heading)),
        "versions": versions(),
        "counts": evidence.counts,
        "open_differences": evidence.open,
        "comparisons": [_comparison(one) for one in evidence.ordered],
        "lines": [_line(one) for one in lines(evidence)],
        "lists": {
            name: {
                "reason": one.reason,
                "rows": [_plainly(dict(zip(one.names, row, strict=True))) for row in one.rows],
            }
            for name, one in evidence.listings.items()
        },
    }


def _comparison(one: Comparison) -> dict[str, Any]:
    told = one.definition
    return {
        "name": told.name,
        "level": told.level,
        "what": told.what,
        "left": told.left,
        "right": told.right,
        "unit": told.unit,
        "tolerance": str(told.tolerance),
        "reason_of_tolerance": told.reason,
        "severity": told.severity,
        "status": one.status.value,
        "reason": one.reason,
        "rows": one.rows,
        "equal": one.equal,
        "left_total": _plain(one.left),
        "right_total": _plain(one.right),
        "differences": len(one.differences),
        "accepted": one.accepted,
    }


def _line(shown: ShownLine) -> dict[str, Any]:
    line = shown.line
    return {
        "id": shown.id,
        "comparison": shown.comparison.definition.name,
        "key": line.key,
        "label": line.label,
        "left": _plain(line.left),
        "right": _plain(line.right),
        "difference": _plain(shown.difference),
        "status": line.status.value,
        "cause": line.cause,
        "resource": line.resource,
        "record_id": line.record_id,
        "link": shown.link,
        "accepted": line.accepted,
        "not_run": line.not_run,
    }


def _plainly(values: Mapping[str, object]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: object) -> object:
    if isinstance(value, pendulum.DateTime):
        return value.in_timezone("UTC").format("YYYY-MM-DD[T]HH:mm:ss[Z]")
    if value is None or isinstance(value, bool | int):
        return value
    return shown_value(value) if isinstance(value, Decimal) else str(value)


def shown_value(value: Value) -> str:
    """Write a value with the digits that count, money with its cents; nothing for None."""
    if not isinstance(value, Decimal):
        return value or ""
    if value == value.to_integral_value() and not value.same_quantum(CENT):
        return f"{value:f}".partition(".")[0]
    cents = value.quantize(CENT)
    return f"{cents if cents == value else value.normalize():f}"
