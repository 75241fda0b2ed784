"""What is shipped: the wheel, the locks, and a command that works where nothing else is."""

import json
import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tests.conftest import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock")


def run(*command: str | Path, folder: Path = ROOT) -> str:
    """Run a program and give what it prints."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def project() -> dict[str, Any]:
    """Read pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def pins(name: str) -> dict[str, str]:
    """Return the locked version of each distribution."""
    text = (ROOT / name).read_text("utf-8")
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE))


def names(requirements: Sequence[str]) -> set[str]:
    """Return the names of the distributions that are required."""
    return {re.split(r"[^\w.-]", requirement)[0] for requirement in requirements}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_holds_two_packages(wheel: Path) -> None:
    """Nothing but `pipelines` and `sources` lands in an environment."""
    inside = ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in inside}

    assert {name for name in tops if not name.endswith(".dist-info")} == {"pipelines", "sources"}
    assert len(tops) == 3


@pytest.mark.parametrize(
    "name",
    [
        "sources/clio_manage/catalog.json",
        "sources/clio_manage/spec_corrections.json",
        "sources/clio_simulator/server.py",
    ],
)
def test_wheel_holds_data_and_simulator(wheel: Path, name: str) -> None:
    """The catalogue and the simulator are shipped."""
    assert name in ZipFile(wheel).namelist()


def test_wheel_holds_the_templates(wheel: Path) -> None:
    """Every template and style sheet is where it is in the repository."""
    kinds = (".html", ".css", ".j2")
    inside = {name for name in ZipFile(wheel).namelist() if name.endswith(kinds)}
    there = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "pipelines").rglob("*")
        if path.suffix in kinds
    }
    assert inside == there
    assert {"pipelines/templates/base.html", "pipelines/templates/page.css"} <= inside


def test_wheel_holds_the_queries(wheel: Path) -> None:
    """Every file of sql/ is inside the package `pipelines`, never at the top."""
    inside = {name for name in ZipFile(wheel).namelist() if name.endswith(".sql")}
    there = {f"pipelines/{path.relative_to(ROOT)}" for path in (ROOT / "sql").rglob("*.sql")}

    assert inside == there


@pytest.mark.parametrize("name", LOCKS)
def test_locks_name_no_index(name: str) -> None:
    """A lock holds names, versions and digests, and no address."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    asked = [line for line in lines if not line.lstrip().startswith(("#", "--hash=sha256:"))]

    assert [line for line in lines if "://" in line] == []
    assert [line for line in asked if not re.match(r"[\w.-]+==[\w.]+( ; [^\\]+)? \\$", line)] == []


def test_locks_agree() -> None:
    """The lock for development holds every version that the command runs with."""
    assert pins(LOCKS[0]).items() <= pins(LOCKS[1]).items()


def test_locks_hold_what_is_declared() -> None:
    """Every dependency of pyproject.toml is locked."""
    declared = project()
    groups = declared["dependency-groups"]
    development = [r for group in groups.values() for r in group if isinstance(r, str)]
    runtime = declared["project"]["dependencies"] + groups["build"]

    assert names(runtime) <= set(pins(LOCKS[0]))
    assert names(development) <= set(pins(LOCKS[1]))


def test_build_backend_is_locked() -> None:
    """The locked build backend is the one that pyproject.toml asks for."""
    declared = project()
    assert declared["build-system"]["requires"] == declared["dependency-groups"]["build"]


@pytest.mark.long
def test_installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The wheel, installed with what is locked, is all that the command needs, anywhere."""
    command = installed(wheel, tmp_path_factory.mktemp("environment"))
    says_its_version(command, tmp_path_factory.mktemp("version"))
    shows_the_demo(command, tmp_path_factory.mktemp("demo"))
    ignores_local_folders(command, tmp_path_factory.mktemp("local"))


def installed(wheel: Path, folder: Path) -> Path:
    """Install the wheel and what is locked into an empty environment; give the command."""
    venv.create(folder, with_pip=True)
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet")
    run(*pip, "--require-hashes", "-r", ROOT / LOCKS[0])
    run(*pip, "--no-deps", wheel)
    return folder / "bin" / "clio-sync"


def says_its_version(installed: Path, tmp_path: Path) -> None:
    """The command starts from a folder that holds nothing."""
    assert project()["project"]["version"] in run(installed, "--version", folder=tmp_path)


def shows_the_demo(installed: Path, tmp_path: Path) -> None:
    """The demo of an installed wheel loads a firm, and leaves nothing beside its data folder."""
    run(installed, "demo", folder=tmp_path)
    status = json.loads(run(installed, "status", "--json", folder=tmp_path))

    assert status["status"] == "ok"
    assert sum(row.get("rows", 0) for row in status["results"]) > 1000
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert not (tmp_path / "data" / ".dlt").exists()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def ignores_local_folders(installed: Path, tmp_path: Path) -> None:
    """A folder called `pipelines` where the command is started does not take its place."""
    local = tmp_path / "pipelines"
    local.mkdir()
    (local / "__init__.py").write_text("raise SystemExit('the wrong one')")

    assert "Usage" in run(installed, "--help", folder=tmp_path)
