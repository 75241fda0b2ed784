"""Every command explains itself with an example."""

from pathlib import Path

import pytest

from tests.system.process import environment, run

COMMANDS = ("load", "status", "resources", "simulator", "demo")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(tmp_path: Path, command: str) -> None:
    """-h ends well and shows at least one example of the command."""
    done = run(command, "-h", env=environment(tmp_path / "data"))
    assert done.returncode == 0
    assert "Example" in done.stdout
    assert f"  clio-sync {command}" in done.stdout
    assert not (tmp_path / "data").exists()


def test_help_lists_the_commands(tmp_path: Path) -> None:
    """The help of the whole names every command and the exit codes."""
    done = run("--help", env=environment(tmp_path / "data"))
    assert all(f"  {command} " in done.stdout for command in COMMANDS)
    assert "Exit codes" in done.stdout
    assert "5 a person must look" in " ".join(done.stdout.split())


def test_sync_says_when_it_publishes(tmp_path: Path) -> None:
    """Exit code 5 is one of two things, and the help says how they are told apart."""
    done = run("sync", "-h", env=environment(tmp_path / "data"))
    said = " ".join(done.stdout.split())
    assert "Exit code 5 if Clio no longer shows values or rows that it showed before" in said
    assert "published all the same" in said
    assert "Nothing was published" in said
