"""Differences that a person accepted as they are, kept in the ledger."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pipelines.files import replace_durably
from pipelines.ledger.ledger import Entry, Ledger
from pipelines.warehouse import PRIVATE

from .errors import NoDifferenceError
from .verdicts import Comparison, ComparisonLine, ComparisonStatus, content, difference_id

ACCEPTED, REPORTED = "difference_accepted", "reconciled"
LAST = "differences.json"
"""The file in the folder of the reports that names what the last run found."""


@dataclass(frozen=True)
class FoundDifference:
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

    def marked(name: str, line: ComparisonLine) -> ComparisonLine:
        found = known.get(difference_id(name, line))
        differs = line.status is ComparisonStatus.DIFFERENCE
        holds = differs and found is not None and found.content == content(name, line)
        return replace(line, accepted=str(found)) if holds else line

    return [
        replace(one, lines=tuple(marked(one.definition.name, line) for line in one.lines))
        for one in comparisons
    ]


def remember(folder: Path, comparisons: Sequence[Comparison], *, more: bool = False) -> None:
    """Write down what differs, by ids and digests alone, so that it can be accepted.

    With `more` what an earlier run found stays, since this one compared less than that did.
    """
    before = _known(folder) if more else {}
    kept = {**before, **{one.id: one for one in _named(comparisons)}}
    folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)  # the package may be elsewhere
    replace_durably(folder / LAST, json.dumps([asdict(one) for one in kept.values()]))


def is_news(folder: Path, comparisons: Sequence[Comparison]) -> bool:
    """Tell whether a difference is open that no run since the last whole one has told."""
    before = _known(folder)
    return any(before.get(one.id) != one for one in _named(comparisons, alarming=True))


def _named(
    comparisons: Sequence[Comparison], *, alarming: bool = False
) -> Iterator[FoundDifference]:
    """Name the differences of a run, or those alone that somebody has to look at."""
    for one in comparisons:
        if alarming and not one.alarms:
            continue
        name = one.definition.name
        for line in one.open if alarming else one.differences:
            yield FoundDifference(difference_id(name, line), name, content(name, line))


def accept(ledger: Ledger, folder: Path, actor: str, wanted: str, reason: str) -> FoundDifference:
    """Record that a person takes a difference of the last run as it is.

    Raises:
        NoDifferenceError: the last run found none with this id.

    """
    mine = next((one for one in _last(folder) if one.id == wanted), None)
    if mine is None:
        message = f"the last run found no difference {wanted}"
        raise NoDifferenceError(message)
    told = {"difference": mine.id, "comparison": mine.comparison, "content": mine.content}
    ledger.record(actor, Entry(ACCEPTED, {**told, "reason": reason}))
    return mine


def _last(folder: Path) -> list[FoundDifference]:
    try:
        return [FoundDifference(**one) for one in json.loads((folder / LAST).read_text("utf-8"))]
    except (OSError, ValueError, TypeError):
        message = "no run of clio-sync reconcile is known here"
        raise NoDifferenceError(message) from None


def _known(folder: Path) -> dict[str, FoundDifference]:
    """Return what earlier runs found by its id; nothing where none is known."""
    try:
        return {one.id: one for one in _last(folder)}
    except NoDifferenceError:
        return {}
