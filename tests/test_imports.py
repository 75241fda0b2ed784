"""Who may import whom."""

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
    """Give the layers of pyproject.toml, the highest first."""
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
