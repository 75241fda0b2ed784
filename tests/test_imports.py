"""Who may import whom."""

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT

LINT = Path(sys.executable).with_name("lint-imports")


def test_layers_hold() -> None:
    """import-linter finds every contract of pyproject.toml kept."""
    done = subprocess.run(
        [LINT, "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def layers() -> list[str]:
    """Return the layers of pyproject.toml, the highest first."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    found: list[str] = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    return found


def test_the_page_shows_the_layers(layers: list[str]) -> None:
    """docs/architecture.md shows the layers as they are checked."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    assert "\n".join(["```text", *layers[1:], "```"]) in page


def test_every_module_has_its_layer(layers: list[str]) -> None:
    """No module of `pipelines` and no package of `sources` is left out of the layers."""
    placed = {name.strip() for layer in layers for name in layer.split("|")}
    modules = {
        f"{package}.{path.stem}"
        for package in ("pipelines", "sources")
        for path in (ROOT / package).iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert modules - {"pipelines.__init__", "sources.__init__"} == placed


@pytest.mark.parametrize("top", ["pipelines", "sources"])
def test_imports_within_a_package_are_relative(top: str) -> None:
    """A module names its neighbours relatively, and everything else by its whole name."""
    wrong = [
        f"{path.relative_to(ROOT)}: {node.module}"
        for path in sorted((ROOT / top).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and not _is_written_well(path, node)
    ]
    assert wrong == []


def _is_written_well(path: Path, node: ast.ImportFrom) -> bool:
    if node.level:
        return node.level == 1
    package = ".".join(path.relative_to(ROOT).parent.parts)
    return (node.module or "").rpartition(".")[0] != package
