"""What a command has to say: one JSON document, or text for a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pendulum

from sources.errors import ClioError


@dataclass
class Outcome:
    """The end of a command.

    `results` go into the JSON document; `text` is what a person reads on standard output. Where a
    command leaves `finished_at` open, the command line fills it in.
    """

    command: str
    started_at: pendulum.DateTime
    finished_at: pendulum.DateTime | None = None
    run_id: str = ""
    exit_code: int = 0
    results: Sequence[Mapping[str, Any]] = ()
    errors: list[tuple[str, ClioError]] = field(default_factory=list)
    text: str = ""

    def document(self) -> dict[str, Any]:
        """Return the JSON document: times in UTC, errors with code, message and hint."""
        return {
            "command": self.command,
            "status": status(self.exit_code),
            "exit_code": self.exit_code,
            "run_id": self.run_id,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "results": list(self.results),
            "errors": [
                {
                    "code": error.code,
                    "message": f"{subject}: {error}" if subject else str(error),
                    "hint": error.hint,
                }
                for subject, error in self.errors
            ],
        }


def status(exit_code: int) -> str:
    """Return the word for an exit code."""
    words = {
        0: "ok",
        1: "failed",
        2: "usage",
        3: "sign_in_needed",
        4: "incomplete",
        5: "stopped_by_guard",
        6: "needs_a_person",
        7: "check_failed",
        130: "interrupted",
    }
    return words.get(exit_code, "failed")


def jsonable(value: object) -> object:
    """Turn what JSON does not know into what it does: UTC ISO-8601 for moments."""
    if isinstance(value, pendulum.DateTime):
        return value.in_timezone("UTC").format("YYYY-MM-DD[T]HH:mm:ss[Z]")
    return str(value)


def printable(text: str) -> str:
    """Write control characters out, so that a name from Clio cannot drive the terminal.

    They are not dropped: two values that differ only there must not look alike to an approver.
    """
    return "".join(
        char if char == "\n" or char.isprintable() else ascii(char)[1:-1] for char in text
    )


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 row`, `2,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def named(names: Sequence[str], most: int = 3, between: str = ", ") -> str:
    """Name a few of many."""
    rest = len(names) - most
    return between.join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def one_line(text: str) -> str:
    """Write a text on one line, with its line breaks and control characters written out."""
    return printable(text).replace("\n", "\\n")


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Lay rows out in columns: numbers to the right, the rest to the left."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(line[at]) for line in [list(header), *cells]) for at in range(len(header))]
    right = [
        bool(rows) and all(isinstance(row[at], int) for row in rows) for at in range(len(header))
    ]

    def line(values: Sequence[str]) -> str:
        parts = [
            value.rjust(width) if to_right else value.ljust(width)
            for value, width, to_right in zip(values, widths, right, strict=True)
        ]
        return "  ".join(parts).rstrip()

    return "\n".join(
        [line(list(header)), line(["-" * width for width in widths]), *map(line, cells)]
    )


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, pendulum.DateTime):
        return value.in_timezone("UTC").format("YYYY-MM-DD HH:mm:ss")
    return one_line(str(value)) if value is not None else "-"


def errors_text(errors: Sequence[tuple[str, ClioError]]) -> str:
    """Return each error with what is safe and what to do next; what goes for several once."""
    lines = []
    for at, (subject, error) in enumerate(errors):
        where = f"{subject}: " if subject else ""
        lines.append(f"{where}{error}")
        if at + 1 == len(errors) or errors[at + 1][1].hint != error.hint:
            lines.append(f"  {error.hint}")
    return "\n".join(lines) + "\n" if lines else ""


FORMULA = frozenset("=+-@\t\r\n\0＝＋－＠")  # noqa: RUF001 - the wide forms are meant
"""What a cell begins with that a spreadsheet takes for a formula."""
MARK = "'"


def escaped(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would take for a formula."""
    is_formula = bool(text) and text[0] in FORMULA
    return MARK + text if is_formula or _is_marked(text) else text


def unescaped(text: str) -> str:
    """Take that apostrophe away again, and no other."""
    return text[1:] if _is_marked(text) else text


def _is_marked(text: str) -> bool:
    return text[:1] == MARK and len(text) > 1 and (text[1] in FORMULA or text[1] == MARK)
