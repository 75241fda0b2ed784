"""What is wrong with the files of models, told with file and line, all of it at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from .errors import ModelsError

SHOWN = 20


@dataclass(frozen=True, order=True)
class ModelProblem:
    """One thing that is wrong: `file` as a person finds it, `line` from 1."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        """Return it as editors and people read it."""
        return f"{self.file}:{self.line}: {self.text}"


def refuse(problems: Iterable[ModelProblem]) -> None:
    """Go on only if nothing is wrong.

    Raises:
        ModelsError: something is; the message has a line for each of the first twenty.

    """
    found = sorted(set(problems))
    if not found:
        return
    lines = [str(problem) for problem in found[:SHOWN]]
    if len(found) > SHOWN:
        lines.append(f"… and {len(found) - SHOWN} more")
    raise ModelsError("\n".join(lines))


def unknown(what: str, name: str, valid: Iterable[str]) -> str:
    """Say that a name is not known, with the ones that look like it."""
    close = get_close_matches(name, list(valid), n=3)
    return f"unknown {what} {name}" + (f"; did you mean {' or '.join(close)}?" if close else "")
