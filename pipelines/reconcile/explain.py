"""What single records say of differences that the comparisons found and could not explain."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from sources.errors import ClioError, Interrupted

from .asked import GONE, Reader, ReconcileSession, complete_at
from .verdicts import UNEXPLAINED, Comparison, ComparisonLine, ComparisonStatus, worst

LEVELS = frozenset({2, 3})
MOST = 100
"""So many records are asked for at most."""
DELETED, TIMING = "deleted", "timing"


def explained(desk: ReconcileSession, comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Ask Clio for the records that unexplained differences lead to.

    One that is gone there was deleted; one that changed after the warehouse was complete moved.
    Where Clio stops answering, what is not explained stays so.
    """
    wanted = dict.fromkeys(
        (line.resource, line.record_id)
        for one in comparisons
        for line in one.lines
        if _is_open(one, line)
    )
    try:
        causes = _causes(desk, list(wanted)[:MOST])
    except Interrupted:
        raise
    except ClioError as error:
        desk.reporter.note(f"differences are not looked into any further: {error}")
        return list(comparisons)
    return [_told(one, causes) for one in comparisons]


def _is_open(comparison: Comparison, line: ComparisonLine) -> bool:
    return bool(
        comparison.definition.level in LEVELS
        and line.status is ComparisonStatus.DIFFERENCE
        and line.cause == UNEXPLAINED
        and line.record_id
    )


def _causes(
    desk: ReconcileSession, wanted: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    known = {one.name: one for one in desk.stored() if one.item_path}
    as_of = complete_at(desk.warehouse)
    causes = {}
    with closing(desk.warehouse.cursor()) as cursor:
        for resource, key in wanted:
            if resource not in known:
                continue
            seen = Reader.of(desk, cursor, known[resource], as_of.get(resource)).look(key)
            if seen.state == GONE:
                causes[resource, key] = DELETED
            elif seen.moved:
                causes[resource, key] = TIMING
    return causes


def _told(comparison: Comparison, causes: Mapping[tuple[str, str], str]) -> Comparison:
    lines = tuple(_line(comparison, line, causes) for line in comparison.lines)
    if lines == comparison.lines:
        return comparison
    return replace(comparison, lines=lines, status=worst(one.status for one in lines))


def _line(
    comparison: Comparison, line: ComparisonLine, causes: Mapping[tuple[str, str], str]
) -> ComparisonLine:
    cause = causes.get((line.resource, line.record_id))
    if cause is None or not _is_open(comparison, line):
        return line
    status = ComparisonStatus.MOVED if cause == TIMING else line.status
    return replace(line, cause=cause, status=status)
