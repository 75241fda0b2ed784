"""Seeds: small tables from CSV files, which a firm may replace by its own."""

import csv
import io
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ModelProblem, unknown
from .header import HeaderEntry, RelationHeader, read_header

LISTS = ("accepted", "matches", "not_null", "relationships", "unique")
TEXTS = ("description", "grain", "severity")
OWN = "seeds/{}.csv of the data folder"


@dataclass(frozen=True)
class SeedFile:
    """A CSV file and what is declared of it.

    `columns` maps each name to its SQL type; `rows` holds the texts in that order, None for an
    empty cell, and `lines` the line of each row in the file `csv_name`.
    """

    name: str
    declared_in: str
    declaration: str
    header: RelationHeader
    columns: Mapping[str, str]
    csv_name: str
    csv: str
    rows: tuple[tuple[str | None, ...], ...]
    lines: tuple[int, ...]


def read_seeds(
    folders: Sequence[Path], own: Path | None, problems: list[ModelProblem]
) -> Iterator[SeedFile]:
    """Read the seeds of some folders; what cannot be used is added to the problems."""
    names = set()
    for folder in folders:
        for path in sorted(folder.glob("*.csv")):
            names.add(path.stem)
            seed = _seed(path, own, problems)
            if seed is not None:
                yield seed
    problems += [
        ModelProblem(OWN.format(path.stem), 1, unknown("seed", path.stem, names))
        for path in (sorted(own.glob("*.csv")) if own is not None else ())
        if path.stem not in names
    ]


def _seed(path: Path, own: Path | None, problems: list[ModelProblem]) -> SeedFile | None:
    declared_in = f"{path.parents[1].name}/seeds/{path.stem}.toml"
    before = len(problems)
    try:
        declaration = path.with_suffix(".toml").read_text("utf-8")
        document = tomllib.loads(declaration)
    except FileNotFoundError:
        problems.append(
            ModelProblem(declared_in, 1, "there is no such file, so no column has a type")
        )
        return None
    except tomllib.TOMLDecodeError:
        problems.append(ModelProblem(declared_in, 1, "this is not valid TOML"))
        return None
    header, columns = _declared(declared_in, document, problems)
    replaced = own / path.name if own is not None else path
    taken, name = path, f"{path.parents[1].name}/seeds/{path.name}"
    if replaced is not path and replaced.exists():
        taken, name = replaced, OWN.format(path.stem)
    try:
        text = taken.read_text("utf-8-sig")
    except UnicodeDecodeError:
        problems.append(ModelProblem(name, 1, "this is not text in UTF-8; save it as CSV UTF-8"))
        text = ""
    rows, lines = _rows(name, text, list(columns), problems)
    if len(problems) > before:
        return None
    return SeedFile(path.stem, declared_in, declaration, header, columns, name, text, rows, lines)


def _declared(
    file: str, document: Mapping[str, Any], problems: list[ModelProblem]
) -> tuple[RelationHeader, dict[str, str]]:
    """Read the types of the columns, and what else is said of a seed, as a header says it."""
    found = []
    for key, value in document.items():
        if key in LISTS and isinstance(value, list):
            found += [HeaderEntry(key, str(text), 1) for text in value]
        elif key in TEXTS:
            found.append(HeaderEntry("" if key == "description" else key, str(value), 1))
        elif key != "columns":
            problems.append(ModelProblem(file, 1, unknown("key", key, (*LISTS, *TEXTS, "columns"))))
    columns: dict[str, str] = {}
    for name, said in document.get("columns", {}).items():
        details = said if isinstance(said, dict) else {"type": said}
        columns[name] = str(details.get("type", ""))
        if "comment" in details:
            found.append(HeaderEntry("column", f"{name}: {details['comment']}", 1))
    if not columns or not all(columns.values()):
        problems.append(ModelProblem(file, 1, "[columns] gives each column its type"))
    return read_header(file, found, problems), columns


def _rows(
    file: str, text: str, columns: list[str], problems: list[ModelProblem]
) -> tuple[tuple[tuple[str | None, ...], ...], tuple[int, ...]]:
    reader = csv.reader(io.StringIO(text), strict=True)
    rows, lines = [], []
    try:
        names = [name.strip() for name in next(reader, [])]
        _check_names(file, names, columns, problems)
        for cells in reader:
            if len(cells) != len(names) and cells:
                said = f"{len(cells)} cells, where there are {len(names)} names"
                problems.append(ModelProblem(file, reader.line_num, said))
            elif any(cell.strip() for cell in cells):
                found = {n: c.strip() or None for n, c in zip(names, cells, strict=True)}
                rows.append(tuple(found.get(name) for name in columns))
                lines.append(reader.line_num)
    except csv.Error:
        problems.append(ModelProblem(file, reader.line_num, "this is not CSV with commas"))
    return tuple(rows), tuple(lines)


def _check_names(
    file: str, names: list[str], columns: list[str], problems: list[ModelProblem]
) -> None:
    for name in names:
        if name not in columns:
            said = unknown("column", name, columns) + f"; it has {', '.join(columns)}"
            problems.append(ModelProblem(file, 1, said))
        elif names.count(name) > 1:
            problems.append(ModelProblem(file, 1, f"the column {name} comes twice"))
    problems += [
        ModelProblem(file, 1, f"the column {name} is missing")
        for name in columns
        if name not in names
    ]
