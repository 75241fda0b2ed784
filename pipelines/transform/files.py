"""The files of models, checks and seeds, read and told apart; nothing is run."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from .errors import ModelProblem
from .header import ONE_ROW, TABLE, UNIQUE, VIEW, RelationHeader, entries, read_header
from .seeds import SeedFile, read_seeds
from .staging import staging_models

SEED = "seed"
VIEWS = frozenset({"staging", "intermediate", "bi"})
"""The folders whose models are views; those of the others are tables."""
NOT_MODELS = frozenset({"meta", "proposals", "reconciliation"})
CHECKS, SEEDS = "checks", "seeds"
TAKEN = re.compile(r"raw_.*|main|temp|system|pg_catalog|information_schema")
NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class SqlFile:
    """A file as read: `name` is how a person finds it."""

    name: str
    text: str

    @property
    def query(self) -> str:
        """Return the query without a semicolon at its end."""
        return self.text.rstrip().removesuffix(";").rstrip()


@dataclass(frozen=True)
class Model:
    """A relation that is built: its name with the schema, its kind, and where it comes from."""

    relation: str
    kind: str
    file: SqlFile
    header: RelationHeader
    seed: SeedFile | None = None

    @property
    def schema(self) -> str:
        """Return the schema."""
        return self.relation.partition(".")[0]

    @property
    def stored_as(self) -> str:
        """Return what the relation is in the warehouse: a view or a table."""
        return VIEW if self.kind == VIEW else TABLE

    @property
    def hash(self) -> str:
        """Digest what the model is made of: its text, its kind, and the rows of a seed."""
        rows = self.seed.csv if self.seed else ""
        return text_hash(repr((self.kind, self.file.text, rows)))


@dataclass(frozen=True)
class Singular:
    """A check that is a query of its own."""

    name: str
    file: SqlFile
    header: RelationHeader

    @property
    def key(self) -> str:
        """Return its name among relations and checks."""
        return f"{CHECKS}.{self.name}"


@dataclass(frozen=True)
class Project:
    """All files together, models by relation."""

    models: Mapping[str, Model] = field(default_factory=dict)
    singular: tuple[Singular, ...] = ()


def text_hash(text: str) -> str:
    """Return a digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_project(
    folders: Sequence[Path], made: Mapping[str, str], own_seeds: Path | None
) -> tuple[Project, list[ModelProblem]]:
    """Read every file of some folders.

    Args:
        folders: each like `sql`: a folder for each schema, and some that hold no models.
        made: further files, by path such as `staging/x.sql`, that were generated.
        own_seeds: CSV files that take the place of seeds of the same name.

    Returns:
        The project, and what is wrong with it.

    """
    problems: list[ModelProblem] = []
    models: dict[str, Model] = {}
    singular: dict[str, Singular] = {}
    for path, file in [*_files(folders, problems), *_made(made)]:
        schema = path.parts[0]
        if schema in NOT_MODELS:
            continue
        if wrong := _misnamed(path):
            problems.append(ModelProblem(file.name, 1, wrong))
            continue
        header = read_header(file.name, entries(file.text), problems)
        if schema == CHECKS:
            _once(singular, path.stem, file, problems)
            singular[path.stem] = Singular(path.stem, file, header)
            continue
        kind = header.materialized or (VIEW if schema in VIEWS else TABLE)
        model = Model(f"{schema}.{path.stem}", kind, file, header)
        _check_grain(model, problems)
        _once(models, model.relation, file, problems)
        models[model.relation] = model
    for seed in read_seeds([folder / SEEDS for folder in folders], own_seeds, problems):
        relation = f"{SEEDS}.{seed.name}"
        file = SqlFile(seed.declared_in, seed.declaration)
        _once(models, relation, file, problems)
        models[relation] = Model(relation, SEED, file, seed.header, seed)
        _check_grain(models[relation], problems)
    return Project(models, tuple(singular.values())), problems


def _files(
    folders: Iterable[Path], problems: list[ModelProblem]
) -> Iterator[tuple[PurePosixPath, SqlFile]]:
    for folder in folders:
        yield from _made(staging_models(folder))
        for path in sorted(folder.rglob("*.sql")):
            inside = PurePosixPath(path.relative_to(folder).as_posix())
            name = f"{folder.name}/{inside}"
            try:
                yield inside, SqlFile(name, path.read_text("utf-8"))
            except UnicodeDecodeError:
                problems.append(ModelProblem(name, 1, "this is not text in UTF-8"))


def _made(made: Mapping[str, str]) -> Iterator[tuple[PurePosixPath, SqlFile]]:
    for name, text in sorted(made.items()):
        yield PurePosixPath(name), SqlFile(f"{name} (generated)", text)


def _misnamed(path: PurePosixPath) -> str:
    """Say why a file cannot become a relation; empty if it can."""
    schema = path.parts[0]
    if len(path.parts) == 1:
        return "a model lies in the folder of its schema"
    if not NAME.fullmatch(path.stem) or not NAME.fullmatch(schema):
        return "a name has lower-case letters, digits and _ only"
    if TAKEN.fullmatch(schema):
        return f"the schema {schema} is not for models"
    return "the folder seeds holds CSV files" if schema == SEEDS else ""


def _once(
    found: Mapping[str, Model | Singular], name: str, file: SqlFile, problems: list[ModelProblem]
) -> None:
    if name in found:
        text = f"{name} is already made by {found[name].file.name}"
        problems.append(ModelProblem(file.name, 1, text))


def _check_grain(model: Model, problems: list[ModelProblem]) -> None:
    if not model.header.grain:
        text = "the header grain is missing: what is one row?"
        problems.append(ModelProblem(model.file.name, 1, text))
    elif not any(rule.kind in {UNIQUE, ONE_ROW} for rule in model.header.rules):
        text = "the grain is not tested: put its columns in parentheses after it, or add unique"
        problems.append(ModelProblem(model.file.name, 1, text))
