"""Budgets: how long a file and a function may be, and that everything is annotated."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median, quantiles

import pytest

from tests.conftest import ROOT

Function = ast.FunctionDef | ast.AsyncFunctionDef

LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 60
REASONED = re.compile(r"# noqa: [A-Z]+\d+(, [A-Z]+\d+)* - \S")
FILES = sorted(
    path.relative_to(ROOT)
    for package in ("pipelines", "sources", "tests")
    for path in (ROOT / package).rglob("*.py")
)
PACKAGE = [path for path in FILES if path.parts[0] != "tests"]
each_file = pytest.mark.parametrize("path", FILES, ids=str)


@cache
def source(path: Path) -> str:
    """Return the text of a file."""
    return (ROOT / path).read_text("utf-8")


def functions(path: Path) -> Iterator[Function]:
    """Yield every function of a file."""
    for node in ast.walk(ast.parse(source(path))):
        if isinstance(node, Function):
            yield node


def length(function: Function) -> int:
    """Count the lines of a function, its docstring included."""
    return (function.end_lineno or function.lineno) - function.lineno + 1


@each_file
def test_file_is_not_too_long(path: Path) -> None:
    """A file past 400 lines is split."""
    lines = source(path).count("\n")
    assert lines <= LINES_OF_A_FILE


@each_file
def test_functions_are_not_too_long(path: Path) -> None:
    """No function has more than 60 lines."""
    assert [f.name for f in functions(path) if length(f) > LINES_OF_A_FUNCTION] == []


@each_file
def test_functions_are_annotated(path: Path) -> None:
    """Every function says what it takes and gives."""
    assert [f.name for f in functions(path) if not _annotated(f)] == []


def _annotated(function: Function) -> bool:
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
    bare = [arg.arg for arg in named if arg is not None and arg.annotation is None]
    return function.returns is not None and set(bare) <= {"self", "cls"}


@pytest.mark.parametrize("path", [p for p in FILES if "noqa" in source(p)], ids=str)
def test_what_is_not_checked_has_its_reason(path: Path) -> None:
    """A comment that turns a rule off names the rule, and says why after a dash."""
    tokens = tokenize.generate_tokens(io.StringIO(source(path)).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    off = [text for text in comments if re.search("noqa", text, re.IGNORECASE)]
    assert [text for text in off if not REASONED.search(text)] == []


def test_the_product_is_checked_nearly_everywhere() -> None:
    """Outside the simulator at most 140 lines turn a rule off."""
    lines = [
        line
        for path in PACKAGE
        if "clio_simulator" not in path.parts
        for line in source(path).splitlines()
        if REASONED.search(line)
    ]
    assert len(lines) <= 140


def test_most_files_and_functions_are_short() -> None:
    """Half of the files have at most 180 lines; of functions half 10, nine in ten 30.

    A file is a subject that is read as a whole: fewer and larger ones are entered by a command.
    """
    files = [len(source(path).splitlines()) for path in PACKAGE]
    lengths = [length(function) for path in PACKAGE for function in functions(path)]

    assert median(files) <= 180
    assert median(lengths) <= 10
    assert quantiles(lengths, n=10)[-1] <= 30
