"""What a run says in the end: rows for the JSON document, and a text for a person."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.outcome import Outcome, table

from .document import Evidence, ShownLine, lines, shown_value
from .errors import DifferencesError
from .package import PAGE
from .verdicts import Comparison, ComparisonStatus

SHOWN_LINES = 20
NO_PACKAGE = "No package was written: no difference is open that an earlier run did not tell."


def tell(outcome: Outcome, found: Evidence, package: Path | None) -> None:
    """Fill the outcome in; without a package there is nothing that an earlier one does not tell."""
    outcome.results = [
        {
            "package": str(package) if package else None,
            "open_differences": found.open,
            **found.counts,
        },
        *map(_result, found.ordered),
        *map(_difference, lines(found)),
    ]
    outcome.text = _text(found, package)
    if found.open:
        outcome.errors.insert(0, ("", DifferencesError(found.open)))
        outcome.exit_code = DifferencesError.exit_code
    else:
        outcome.exit_code = max((error.exit_code for _, error in outcome.errors), default=0)


def _result(one: Comparison) -> dict[str, Any]:
    return {
        "comparison": one.definition.name,
        "level": one.definition.level,
        "status": one.status.value,
        "rows": one.rows,
        "equal": one.equal,
        "left": one.left,
        "right": one.right,
        "differences": len(one.differences),
        "accepted": one.accepted,
        "reason": one.reason,
    }


def _difference(shown: ShownLine) -> dict[str, Any]:
    """Return a line by its keys alone: texts of records stand in the package only."""
    return {
        "id": shown.id,
        "comparison": shown.comparison.definition.name,
        "key": shown.line.key,
        "status": shown.line.status.value,
        "cause": shown.line.cause,
        "difference": shown.difference,
        "accepted": bool(shown.line.accepted),
    }


def _text(found: Evidence, package: Path | None) -> str:
    header = ("comparison", "rows", "equal", "status", "why")
    cells = [
        (one.definition.name, one.rows, one.equal, one.status.value, one.reason)
        for one in found.ordered
    ]
    parts = [table(header, cells)]
    shown = [one for one in lines(found) if one.line.status is ComparisonStatus.DIFFERENCE]
    if shown:
        rows = [
            (
                one.id,
                one.comparison.definition.name,
                one.line.key,
                shown_value(one.difference),
                one.line.cause,
                "yes" if one.line.accepted else "no",
            )
            for one in shown[:SHOWN_LINES]
        ]
        titles = ("id", "comparison", "key", "difference", "cause", "accepted")
        parts += ["", table(titles, rows)]
        if len(shown) > SHOWN_LINES:
            where = "are in the package" if package else "stand in what --json prints"
            parts.append(f"{len(shown) - SHOWN_LINES:,} further ones {where}.")
    return "\n".join([*parts, "", *summary(found.counts, found.open, package)]) + "\n"


def summary(counts: Mapping[str, int], open_differences: int, package: Path | None) -> list[str]:
    """Return three lines: what agrees, what does not, and where the package is."""
    agree = counts[ComparisonStatus.MATCH] + counts[ComparisonStatus.TOLERANCE]
    others = (
        f"{counts[ComparisonStatus.MOVED]} moved, {counts[ComparisonStatus.NOT_RUN]} were not run"
    )
    where = f"The package is in {package}: open {PAGE}." if package else NO_PACKAGE
    return [
        f"{agree} comparisons agree, {counts[ComparisonStatus.DIFFERENCE]} differ, {others}.",
        f"Open differences: {open_differences:,}.",
        where,
    ]
