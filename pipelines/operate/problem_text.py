"""What is not known of the data, laid out for a person."""

from collections.abc import Iterator, Sequence

from pipelines.outcome import counted, named
from pipelines.state.problems import ACCEPTED, Problem

NO_PROBLEM = "Everything that is loaded is known."
KINDS = {
    "never": "never read",
    "behind": "out of date",
    "kept_out": "kept out",
    "refused_parameter": "refused",
    "unproved": "not proved",
}
"""How kinds of problems are called that have an internal name."""


def problem_text(found: Sequence[Problem]) -> str:
    """Return a paragraph for each cause of what is not known, and say how much that is."""
    return "\n".join([*_paragraphs(found), how_many(found), ""])


def how_many(found: Sequence[Problem]) -> str:
    """Count what is not known, apart from what a person has accepted."""
    accepted = sum(one.kind == ACCEPTED for one in found)
    number = len(found) - accepted
    said = f"{counted(number, 'thing')} {'is' if number == 1 else 'are'} not known."
    parts = [said if number else NO_PROBLEM]
    if accepted:
        parts.append(f"The empty values of {counted(accepted, 'column')} are accepted as they are.")
    return " ".join(parts)


def _paragraphs(found: Sequence[Problem]) -> Iterator[str]:
    """Tell of each problem, and once of several that have one cause and one remedy."""
    several = len({one.source for one in found}) > 1
    groups: dict[tuple[str, ...], list[Problem]] = {}
    for one in found:
        groups.setdefault((one.source, one.kind, one.field, one.message, one.fix), []).append(one)
    for (source, kind, _, message, fix), group in groups.items():
        # of several the earliest moment is told
        first = min(group, key=lambda one: (one.when == "", one.when))
        names = named([one.name for one in group])
        where = f"{names} of {source}" if several else names
        yield f"{where}: {KINDS.get(kind, kind)}{first.when}\n  {message}\n  To do: {fix}\n"
