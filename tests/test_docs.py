"""What the documents say is so."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from pipelines.cli import main
from pipelines.config import KNOWN, read_settings
from tests import docs_cli, docs_collections, docs_metrics
from tests.conftest import ROOT

PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "sources/**/*.md", "pipelines/**/*.md")
    for page in ROOT.glob(pattern)
)
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def code(page: Path) -> list[str]:
    """Return every line of code of a page: whole lines of blocks, and what stands in backticks."""
    text = page.read_text("utf-8")
    blocks = re.findall(r"^```(?:sh)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line.strip() for line in lines + re.findall(r"`([^`\n]+)`", prose)]


def calls() -> list[str]:
    """Return every call of the command that a page shows."""
    found = {
        line.partition(" #")[0].rpartition("clio-sync ")[2].strip()
        for page in PAGES
        for line in code(page)
        if re.match(r"(\.venv/bin/)?clio-sync ", line)
    }
    return sorted(found)


def test_cli_page_is_what_the_program_says() -> None:
    """docs/cli.md is what `make docs` writes."""
    assert docs_cli.FILE.read_text("utf-8") == docs_cli.text()


@pytest.mark.parametrize(
    "context", list(docs_cli.contexts()), ids=lambda context: context.command_path
)
def test_cli_page_names_every_option(context: click.Context) -> None:
    """Every command has a chapter, with a sentence and each of its options."""
    page = docs_cli.FILE.read_text("utf-8")
    chapter = page.partition(f"## {context.command_path}\n")[2].partition("\n## ")[0]

    assert context.command.help
    for parameter in context.command.params:
        for name in parameter.opts if isinstance(parameter, click.Option) else ():
            assert name in chapter


@pytest.mark.parametrize("command", list(main.commands.values()), ids=lambda command: command.name)
def test_every_command_shows_an_example(command: click.Command) -> None:
    """The help of a command ends with a call that one can copy."""
    assert f"clio-sync {command.name}" in (command.help or "")


@pytest.mark.parametrize("page", docs_collections.PAGES, ids=lambda page: page.source)
def test_collections_page_is_what_the_catalogue_says(page: docs_collections.Page) -> None:
    """The tables of collections are what `make docs` writes."""
    assert page.file.read_text("utf-8") == docs_collections.text(page)


@pytest.mark.parametrize("call", calls())
def test_shown_calls_parse(call: str) -> None:
    """Every call of the command that a page shows is one that it takes."""
    for file in ("openapi.json", "plan.review", "bo.pub", "cy.pub", "approvers.pub", "key"):
        Path(file).touch()
    typed = shlex.split(call.replace("~/.ssh/id_ed25519", "key"))
    with suppress(click.exceptions.Exit):  # --help and the like
        context = main.make_context("clio-sync", typed)
        name, command, rest = main.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        assert command is not None
        command.make_context(name, rest, parent=context)


@each_page
def test_named_targets_exist(page: Path) -> None:
    """Every `make` target that a page names is in the Makefile."""
    named = {word for line in code(page) for word in _targets(line)}
    assert named <= TARGETS


def _targets(line: str) -> list[str]:
    if not line.startswith("make "):
        return []
    words = line.partition(" #")[0].split()[1:]
    return [word for word in words if not word.startswith("-") and "=" not in word]


@each_page
def test_relative_links_lead_somewhere(page: Path) -> None:
    """Every link within the repository leads to a file or folder."""
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8"))
    inside = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in inside if not (page.parent / link).exists()] == []


def test_every_setting_is_in_the_example() -> None:
    """`.dlt/config.toml` names every setting there is, and each is one that is understood."""
    shown = (ROOT / ".dlt" / "config.toml").read_text("utf-8")
    settings = re.sub(r"^# (?=\w+ = )", "", shown, flags=re.MULTILINE)
    sections = tomllib.loads(settings)
    products = {
        f"sources.{product}.{name}"
        for product, names in sections["sources"].items()
        for name in names
    }
    assert products | {f"clio_sync.{name}" for name in sections["clio_sync"]} == KNOWN


def test_the_example_changes_nothing(tmp_path: Path) -> None:
    """Settings read beside the example are the defaults."""
    assert read_settings({"USER": "x"}, ROOT) == read_settings({"USER": "x"}, tmp_path)


def test_first_screen_of_the_readme() -> None:
    """The README says what this is and how to see it within 60 lines."""
    screen = (ROOT / "README.md").read_text("utf-8").splitlines()[:60]
    assert "make demo" in "\n".join(screen)
    assert "## Set it up for your firm" in screen


def test_readme_names_every_command() -> None:
    """What is there today is all that there is."""
    today = (ROOT / "README.md").read_text("utf-8").partition("## What is there today\n")[2]
    named = re.findall(r"`([a-z]+)`", today.partition("\n## ")[0])
    assert sorted(named) == sorted(main.commands)


def test_hooks_run_what_make_runs() -> None:
    """Before a commit `make check` runs, and nothing that it would not run."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    entries = [hook["entry"] for repository in hooks for hook in repository["hooks"]]
    assert entries == ["make check"]


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.name)
def test_decisions_have_one_form(page: Path) -> None:
    """Number and title, date, status, then context, decision and consequences, none empty."""
    form = (
        rf"# {page.name[:4]}\. [^\n]+\n\n"
        r"- Date: 2\d{3}-\d\d-\d\d\n- Status: (accepted|replaced by (?P<later>\d{4}))\n\n"
        r"## Context\n\n(?s:.+)\n\n## Decision\n\n(?s:.+)\n\n## Consequences\n\n(?s:.+)\n"
    )
    text = page.read_text("utf-8")
    found = re.fullmatch(form, text)
    assert found is not None
    assert re.findall(r"^## .*", text, re.MULTILINE) == [
        "## Context", "## Decision", "## Consequences",
    ]  # fmt: skip
    assert (found["later"] or page.name[:4]) in {other.name[:4] for other in DECISIONS}


def test_decisions_are_listed() -> None:
    """Numbers have no gap, and the list of decisions has each with its very title."""
    assert [page.name[:4] for page in DECISIONS] == [
        f"{number:04}" for number in range(1, len(DECISIONS) + 1)
    ]
    titles = [page.read_text("utf-8").partition("\n")[0].split(". ", 1)[1] for page in DECISIONS]
    listed = (
        (ROOT / "docs" / "decisions" / "README.md").read_text("utf-8").splitlines()[-len(titles) :]
    )
    assert listed == [
        f"| [{page.name[:4]}]({page.name}) | {title} |"
        for page, title in zip(DECISIONS, titles, strict=True)
    ]


@each_page
def test_no_page_waits_for_what_is_there(page: Path) -> None:
    """Each page tells of what is, not of what was to come when it was written."""
    stale = r"(?:is|are) not built yet|will be able to|Nothing writes to Clio"
    assert re.findall(stale, page.read_text("utf-8")) == []


def test_metrics_page_is_what_the_definitions_say() -> None:
    """docs/metrics.md is what `make docs` writes."""
    assert docs_metrics.FILE.read_text("utf-8") == docs_metrics.text()


def test_words_have_every_package() -> None:
    """The table of words says, once, what each package of `pipelines` and `sources` is about."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    table = page.partition("\n## Words\n")[2]
    words = [word.strip("`") for word in re.findall(r"^\| (.+?) \| .+ \|$", table, re.MULTILINE)]
    packages = {
        path.parent.name
        for top in ("pipelines", "sources")
        for path in (ROOT / top).glob("*/**/__init__.py")
    }
    assert len(words) == len(set(words))
    assert [name for name in packages if not {name, name.removesuffix("s")} & set(words)] == []


def test_the_map_names_every_folder() -> None:
    """CONTRIBUTING.md has a place for each folder of the project, and names none that is not."""
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    shown = page.partition("## Where things are")[2].split("```")[1]
    named = {word.strip("/") for word in re.findall(r"[a-z_]+/", shown)}
    folders = {
        folder
        for top in ("docs", "pipelines", "sources", "sql", "tests")
        for path in (ROOT / top).rglob("*.*")
        for folder in path.relative_to(ROOT).parts[:-1]
        if "__pycache__" not in path.parts
    }
    shown_elsewhere = {"unit", "contract", "cli", "system"}
    assert folders - named <= shown_elsewhere
    assert named <= folders


def test_no_first_sentence_is_cut_in_the_help() -> None:
    """What a command does is told whole in the list of commands of its group."""
    cut = [
        text
        for name in _groups(main, "clio-sync")
        for text in [CliRunner().invoke(main, [*name.split()[1:], "--help"]).output]
        if "..." in text.partition("Commands:")[2]
    ]
    assert cut == []


def _groups(group: click.Group, name: str) -> Iterator[str]:
    """Name the groups of commands, as a user types them."""
    yield name
    for word, one in group.commands.items():
        if isinstance(one, click.Group):
            yield from _groups(one, f"{name} {word}")
