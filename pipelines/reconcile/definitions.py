"""The comparisons as they are defined: SQL files whose first comment says what is compared."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from pipelines.sql_folder import sql_folder

from .errors import DefinitionError

FOLDER = "reconciliation"
LISTS = "lists"
SHARED = "shared"
OF_SEVERAL = f"{SHARED}."
ERROR, WARN = SEVERITIES = ("error", "warn")
MONEY, HOURS, COUNT, TEXT = UNITS = ("money", "hours", "count", "text")
KEYS = ("what", "level", "left", "right", "unit", "tolerance", "reason", "severity", "needs")
_LINE = re.compile(r"-- ([a-z]+): (.+)")
_MORE = re.compile(r"--   (.+)")


@dataclass(frozen=True)
class Definition:
    """One comparison.

    `left` and `right` say in words what stands on each side, `reason` why the tolerance is what it
    is. Differences of severity warn are shown and change no exit code. `needs` names the relations
    without which it cannot be run, `input.x` those that are asked of Clio for it, and `shared.x`
    a query that several comparisons read from as x.
    """

    name: str
    what: str
    level: int
    left: str
    right: str
    unit: str
    tolerance: Decimal
    reason: str
    severity: str
    needs: tuple[str, ...]
    query: str

    @property
    def is_number(self) -> bool:
        """Tell whether the two sides are numbers."""
        return self.unit != TEXT

    @property
    def shared(self) -> list[str]:
        """Name the shared queries that it reads from."""
        return [n.removeprefix(OF_SEVERAL) for n in self.needs if n.startswith(OF_SEVERAL)]


def read_definitions(levels: Iterable[int], folder: Path | None = None) -> list[Definition]:
    """Read the comparisons of some levels, by level and name.

    Raises:
        DefinitionError: a file does not say what it has to.

    """
    files = sorted((folder or sql_folder() / FOLDER).glob("*.sql"))
    found = [definition(file.stem, file.read_text("utf-8")) for file in files]
    wanted = set(levels)
    return sorted((d for d in found if d.level in wanted), key=lambda one: (one.level, one.name))


def read_list(name: str) -> str:
    """Return the query of one of the lists that go into the package beside the comparisons."""
    return (sql_folder() / FOLDER / LISTS / f"{name}.sql").read_text("utf-8")


def read_shared(name: str) -> str:
    """Return one of the queries that several comparisons read from.

    Raises:
        DefinitionError: there is none of that name.

    """
    path = sql_folder() / FOLDER / SHARED / f"{name}.sql"
    if not path.is_file():
        message = f"there is no query {name} that comparisons share"
        raise DefinitionError(message)
    return path.read_text("utf-8")


def definition(name: str, text: str) -> Definition:
    """Read one file.

    Raises:
        DefinitionError: its first comment does not say what it has to.

    """
    given: dict[str, Any] = _header(name, text)
    missing = [key for key in KEYS if key not in given]
    if missing:
        message = f"{name}.sql does not say its {missing[0]}"
        raise DefinitionError(message)
    try:
        given |= {"tolerance": Decimal(given["tolerance"]), "level": int(given["level"])}
    except (InvalidOperation, ValueError):
        message = f"{name}.sql: tolerance and level are numbers"
        raise DefinitionError(message) from None
    if given["unit"] not in UNITS or given["severity"] not in SEVERITIES:
        message = f"{name}.sql: the unit is {', '.join(UNITS)}, the severity error or warn"
        raise DefinitionError(message)
    given["needs"] = tuple(part.strip() for part in given["needs"].split(","))
    return Definition(name=name, query=text.rstrip().removesuffix(";"), **given)


def _header(name: str, text: str) -> dict[str, str]:
    given: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        if found := _LINE.fullmatch(line):
            last = found[1]
            if last not in KEYS or last in given:
                message = f"{name}.sql: {last} is no key of a comparison, or is said twice"
                raise DefinitionError(message)
            given[last] = found[2].strip()
        elif (more := _MORE.fullmatch(line)) and last:
            given[last] += f" {more[1].strip()}"
        else:
            message = f"{name}.sql: a line of its first comment is none of `key: text`"
            raise DefinitionError(message)
    return given
