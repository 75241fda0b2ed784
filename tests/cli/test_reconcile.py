"""`clio-sync reconcile` as a user runs it: help, and what it says where nothing was loaded."""

from pathlib import Path

import pytest

from tests.system.process import document, environment, run


@pytest.mark.parametrize("words", [(), ("accept",), ("verify",)], ids=" ".join)
def test_help_has_an_example(tmp_path: Path, words: tuple[str, ...]) -> None:
    """-h shows an example of the command, and makes no data folder."""
    done = run("reconcile", *words, "-h", env=environment(tmp_path / "data"))
    assert done.returncode == 0
    assert f"  {' '.join(('clio-sync reconcile', *words))}" in done.stdout
    assert not (tmp_path / "data").exists()


def test_nothing_was_loaded(tmp_path: Path) -> None:
    """It says so, as one document, and writes nothing."""
    done = run("reconcile", "--json", env=environment(tmp_path / "data"))
    printed = document(done)
    assert done.returncode == printed["exit_code"] != 0
    assert printed["errors"][0]["code"] == "no_warehouse"
    assert not (tmp_path / "data").exists()


def test_acceptance_without_a_reason(tmp_path: Path) -> None:
    """A difference is accepted with a reason that says something, or not at all."""
    words = ("reconcile", "accept", "0123456789ab", "--reason", "  ")
    done = run(*words, env=environment(tmp_path / "data"))
    assert done.returncode == 2
    assert "--reason says why" in done.stderr


def test_folder_that_holds_no_package(tmp_path: Path) -> None:
    """`verify` ends with 7 and names the folder."""
    done = run("reconcile", "verify", str(tmp_path), env=environment(tmp_path / "data"))
    assert done.returncode == 7
    assert "holds no package" in done.stderr
