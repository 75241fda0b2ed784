"""Every command that a hint, a message, a page or a document names is there, with its options."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pipelines.cli import main
from pipelines.transform.errors import UnhealedError
from tests.conftest import ROOT

NAME = "clio-sync"
PROSE = re.compile(
    "asks|at|could|does|ever|for|has|if|is|made|makes|may|or|reads|refuses|that|this|was|wrote|writes"
)
"""Words that follow the program's name where it is what a sentence is about."""
CALL = re.compile(rf"\b{NAME}((?: (?!{NAME})(?:[a-z][a-z-]*|--[a-z][a-z-]*|[A-Z][A-Z_.]+|\x00))+)")
TEXTS = sorted(
    path
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "docs/**/*.toml",
        "sql/**/*.sql",
        "pipelines/**/*.html",
        "pipelines/**/*.j2",
        "pipelines/**/*.md",
        "sources/**/*.md",
        ".dlt/*.toml",
    )
    for path in ROOT.glob(pattern)
)
CODE = sorted(path for name in ("pipelines", "sources") for path in (ROOT / name).rglob("*.py"))


def texts(path: Path) -> Iterator[str]:
    """Yield the text of a file, or each string of Python, with a zero byte for what is put in."""
    if path.suffix != ".py":
        yield path.read_text("utf-8")
        return
    tree = ast.parse(path.read_text("utf-8"))
    parts = {
        part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "\x00"
                for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in parts:
            yield node.value


def missing(text: str) -> Iterator[str]:
    """Yield each call in a text that names a command or an option which is not there."""
    for found in CALL.finditer(re.sub(r"\s+", " ", text)):
        command: click.Command = main
        for word in found[1].split():
            if word.startswith("--"):
                options = {name for one in command.params for name in one.opts}
                if word not in {*options, "--help"}:
                    yield found[0]
                if word == "--help":
                    break
            elif isinstance(command, click.Group):
                if word in command.commands:
                    command = command.commands[word]
                    continue
                known = word == "\x00" or (command is main and PROSE.fullmatch(word))
                if not (known or command.invoke_without_command):
                    yield found[0]
                break
            elif word in main.commands:
                # the phrase goes on with another command
                break


@pytest.mark.parametrize("path", [*TEXTS, *CODE], ids=lambda path: str(path.relative_to(ROOT)))
def test_named_commands_are_there(path: Path) -> None:
    """What a person reads can be typed."""
    assert [call for text in texts(path) for call in missing(text)] == []


@pytest.mark.parametrize("path", [*TEXTS, *CODE], ids=lambda path: str(path.relative_to(ROOT)))
def test_the_name_of_a_check_is_quoted(path: Path) -> None:
    """Names of checks may hold parentheses and spaces: a shell needs them in quotes."""
    said = re.sub(r"\s+", " ", " ".join(texts(path)))
    assert "check show NAME" not in said.replace("check show [OPTIONS] NAME", "")


def test_the_rows_of_a_check_that_was_not_healed() -> None:
    """The command in the hint is what a shell takes for one name."""
    check = "core.fct_bill.not_null(bill_id, state, total, balance)"
    hint = UnhealedError("1 row is wrong", check, "1 bills", ["bills"]).hint
    command = hint.partition("clio-sync check show ")[2].partition(" shows the rows")[0]
    assert shlex.split(command) == [check]


@pytest.mark.parametrize(
    "text",
    [
        "Run clio-sync edits fields first.",
        "clio-sync lod",
        "See clio-sync sweep --accept-eyes.",
        "clio-sync auth connections make",
    ],
)
def test_what_is_not_there_is_found(text: str) -> None:
    """A command, an option, and a command of a group."""
    assert list(missing(text))


@pytest.mark.parametrize("text", ["An older clio-sync wrote it.", "clio-sync load --resource X"])
def test_what_is_there_is_not(text: str) -> None:
    """A sentence about the program, and a call with a value."""
    assert list(missing(text)) == []
