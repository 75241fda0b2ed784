"""Tables of the page: their cells, and the targets that must be reached."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A number that must be reached."""

    name: str
    value: str
    wanted: str
    reached: bool


def at_most(name: str, seconds: float, limit: float) -> Target:
    """Promise a time, in seconds."""
    return Target(name, f"{seconds:.2f} s", f"under {limit:g} s", seconds < limit)


def within(name: str, size: float, limit: float) -> Target:
    """Promise a peak of memory, in bytes."""
    return Target(name, megabytes(size), f"under {limit / 1e6:,.0f} MB", size < limit)


def megabytes(size: float) -> str:
    """Write a number of bytes."""
    return f"{size / 1e6:.0f} MB"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; every column but the first is of numbers."""
    lines = [header, ["---", *(["---:"] * (len(header) - 1))], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def verdicts(targets: Iterable[Target]) -> str:
    """Write what was promised, and whether it is so."""
    rows = [
        [each.name, each.value, each.wanted, "yes" if each.reached else "**no**"]
        for each in targets
    ]
    return table(("What", "measured", "target", "reached"), rows)
