"""What can go wrong with models: their files, their queries, their checks."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from sources.errors import ClioError

SHOWN = 20
"""So many problems are told at once."""


@dataclass(frozen=True, order=True)
class ModelProblem:
    """One thing that is wrong: `file` as a person finds it, `line` from 1."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        """Return it as editors and people read it."""
        return f"{self.file}:{self.line}: {self.text}"


class ModelsError(ClioError):
    """The files of the models cannot be built as they are."""

    code = "models"
    hint = (
        "Nothing was built and nothing was changed. Correct the lines that are named, then run the"
        " same command; docs/models.md says how a model is written."
    )
    exit_code = 2


class SelectionError(ClioError):
    """There is no model of the name that was given."""

    code = "selection"
    hint = "Nothing was built. clio-sync models ls lists the names; +name takes what it needs, too."
    exit_code = 2


class UnknownCheckError(SelectionError):
    """There is no check of the name that was given."""

    hint = "Nothing was changed. clio-sync check --json names every check, as it was found now."


class ModelFailedError(ClioError):
    """A query stopped at a row that it cannot work with."""

    code = "model_failed"
    hint = (
        "Nothing of this build was kept; what was built before stays. The reason may quote a row,"
        " so it is not shown here: run the query of the file that is named in a DuckDB shell, on a"
        " copy of the warehouse that is opened with -readonly."
    )
    exit_code = 1


class ChecksFailedError(ClioError):
    """Rows are not as the models say that they must be."""

    code = "checks_failed"
    hint = (
        "Nothing of this build was kept; what was built before stays. clio-sync check show 'NAME'"
        " shows the rows. clio-sync sync reads them again from Clio; else correct them in Clio, or"
        " the model, then run clio-sync transform."
    )
    exit_code = 7


class UnhealedError(ChecksFailedError):
    """Rows are not as the models say, also after their records were read again from Clio."""

    def __init__(self, message: str, check: str, records: str, resources: Sequence[str]) -> None:
        """Name the check, the records that were read again, and what a sweep would prove."""
        super().__init__(f"{message}, also after these were read again: {records}")
        named = " ".join(f"--resource {name}" for name in resources)
        self.hint = (
            "Nothing of this build was kept; what was built before stays. clio-sync check show"
            f" {shlex.quote(check)} shows the rows. See whether clio-sync sweep {named} heals them;"
            " if it does not, correct the records in Clio and run clio-sync sync again."
        )


class BuiltChecksFailedError(ChecksFailedError):
    """Rows of what is built are not as the models say that they must be."""

    hint = (
        "Nothing was changed. clio-sync check show 'NAME' shows the rows. Correct them in Clio"
        " and load, or correct the model; then run clio-sync transform."
    )


class UndoneBuildError(ChecksFailedError):
    """The last build was undone, since its checks failed: what stands is an older one."""

    def __init__(self, checks: Iterable[str]) -> None:
        """Name the checks."""
        first, *others = checks
        more = f" and {len(others)} more" if others else ""
        super().__init__(f"the last build failed its check {first}{more}, and was undone")
        self.hint = (
            "What is published stays, and so does the good build before it. clio-sync check show"
            f" {shlex.quote(first)} shows the rows; clio-sync sync reads them again from Clio."
        )


class NotBuiltError(ClioError):
    """Models are not built yet."""

    code = "not_built"
    hint = "Run clio-sync transform to build them, then the same command again."
    exit_code = 4


def refuse(problems: Iterable[ModelProblem]) -> None:
    """Go on only if nothing is wrong.

    Raises:
        ModelsError: something is; the message has a line for each of the first twenty.

    """
    lines = [str(problem) for problem in sorted(set(problems))]
    if len(lines) > SHOWN:
        lines[SHOWN:] = [f"… and {len(lines) - SHOWN} more"]
    if lines:
        raise ModelsError("\n".join(lines))


def unknown(what: str, name: str, valid: Iterable[str]) -> str:
    """Say that a name is not known, with the ones that look like it."""
    close = get_close_matches(name, list(valid), n=3)
    return f"unknown {what} {name}" + (f"; did you mean {' or '.join(close)}?" if close else "")
