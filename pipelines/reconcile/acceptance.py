"""Differences that a person accepted as they are, kept in the ledger."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from pipelines.durable import replace_durably
from pipelines.ledger import Entry, Ledger

from .errors import NoDifferenceError
from .verdicts import Comparison, Line, Status, content, difference_id

ACCEPTED, REPORTED = "difference_accepted", "reconciled"
LAST = "differences.json"
"""The file in the folder of the reports that names what the last run found."""


@dataclass(frozen=True)
class Found:
    """One difference of the last run, as it is named when it is accepted."""

    id: str
    comparison: str
    content: str


@dataclass(frozen=True)
class Acceptance:
    """Who accepted a difference, when and why; it goes for that content and for no other."""

    content: str
    actor: str
    at: str
    reason: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.actor}, {self.at[:10]}: {self.reason}"


def acceptances(ledger: Ledger) -> dict[str, Acceptance]:
    """Read the newest acceptance of each difference, by its id."""
    found = ledger.rows(
        "select body ->> '$.difference', body ->> '$.content', actor, at, body ->> '$.reason'"
        " from events where kind = ? order by seq",
        [ACCEPTED],
    )
    return {key: Acceptance(*rest) for key, *rest in found}


def applied(comparisons: Sequence[Comparison], known: Mapping[str, Acceptance]) -> list[Comparison]:
    """Mark the differences that were accepted and are still the same."""
    return [
        replace(one, lines=tuple(_marked(one.definition.name, line, known) for line in one.lines))
        for one in comparisons
    ]


def _marked(name: str, line: Line, known: Mapping[str, Acceptance]) -> Line:
    found = known.get(difference_id(name, line))
    if line.status is not Status.DIFFERENCE or found is None:
        return line
    holds = found.content == content(name, line)
    return replace(line, accepted=str(found)) if holds else line


def remember(folder: Path, comparisons: Sequence[Comparison]) -> None:
    """Write down what differs, by ids and digests alone, so that it can be accepted."""
    found = [
        asdict(Found(difference_id(one.definition.name, line), one.definition.name, digest))
        for one in comparisons
        for line in one.differences
        for digest in [content(one.definition.name, line)]
    ]
    replace_durably(folder / LAST, json.dumps(found))


def accept(ledger: Ledger, folder: Path, actor: str, wanted: str, reason: str) -> Found:
    """Record that a person takes a difference of the last run as it is.

    Raises:
        NoDifferenceError: the last run found none with this id.

    """
    mine = [one for one in _last(folder) if one.id == wanted]
    if not mine:
        message = f"the last run found no difference {wanted}"
        raise NoDifferenceError(message)
    body: dict[str, Any] = {
        "difference": mine[0].id,
        "comparison": mine[0].comparison,
        "content": mine[0].content,
        "reason": reason,
    }
    ledger.record(actor, Entry(ACCEPTED, body))
    return mine[0]


def _last(folder: Path) -> list[Found]:
    try:
        return [Found(**one) for one in json.loads((folder / LAST).read_text("utf-8"))]
    except (OSError, ValueError, TypeError):
        message = "no run of clio-sync reconcile is known here"
        raise NoDifferenceError(message) from None
