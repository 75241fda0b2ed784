"""`clio-sync backup create` and `backup verify`: documents, exit codes and what they say."""

from pathlib import Path

import pytest

from tests.system.conftest import NewFirm
from tests.system.process import document, environment, run

RESULT = {"backup", "kind", "name", "size", "rows", "digest"}


def test_documents(new_firm: NewFirm) -> None:
    """One object for each file and table; a verification says of each whether it is the same."""
    firm = new_firm()
    firm.load("tasks")
    env = environment(firm.folder)
    made = run("backup", "create", "--json", env=env)
    verified = run("backup", "verify", "--json", env=env)

    assert (made.returncode, verified.returncode) == (0, 0), made.stderr + verified.stderr
    first, second = document(made), document(verified)
    assert (first["command"], first["status"]) == ("backup create", "ok")
    assert (second["command"], second["status"]) == ("backup verify", "ok")
    assert all(set(result) == RESULT for result in first["results"])
    assert [result | {"same": True} for result in first["results"]] == second["results"]
    rows = {result["name"]: result["rows"] for result in second["results"]}
    assert rows["raw_clio_manage.tasks"] == 60
    assert rows["warehouse.duckdb"] is None


def test_texts(new_firm: NewFirm) -> None:
    """A person reads where the backup is, how much it holds, and what was compared."""
    firm = new_firm()
    firm.load("tasks")
    env = environment(firm.folder)
    made = run("backup", "create", env=env)
    assert made.stdout.startswith(str(firm.folder / "backups"))
    assert "2 files" in made.stdout
    assert "clio-sync backup verify" in made.stdout
    verified = run("backup", "verify", env=env)
    assert "every file and every table is what was copied" in verified.stdout


def test_a_damaged_backup(new_firm: NewFirm) -> None:
    """Exit 7; the file is named on standard error, with what is safe and what to do."""
    firm = new_firm()
    firm.load("tasks")
    env = environment(firm.folder)
    made = document(run("backup", "create", "--json", env=env))
    path = Path(made["results"][0]["backup"]) / "warehouse.duckdb"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    said = run("backup", "verify", env=env)
    assert said.returncode == 7
    assert said.stderr.splitlines()[-2].startswith("warehouse.duckdb: ")
    assert "The warehouse itself is not touched" in said.stderr
    printed = document(run("backup", "verify", "--json", env=env))
    assert (printed["status"], printed["exit_code"]) == ("check_failed", 7)
    assert [error["code"] for error in printed["errors"]] == ["damaged_backup"]
    files = {r["name"]: r["same"] for r in printed["results"] if r["kind"] == "file"}
    assert files == {"warehouse.duckdb": False, "epoch.json": True}


@pytest.mark.parametrize(
    ("command", "words", "exit_code", "code"),
    [
        ("backup create", (), 4, "no_warehouse"),
        ("backup verify", (), 4, "no_backup"),
        ("backup verify", ("nowhere",), 2, "not_a_backup"),
        ("backup create", ("--where", "here"), 2, "usage"),
        ("backup", ("remove",), 2, "usage"),
    ],
)
def test_errors(
    tmp_path: Path, command: str, words: tuple[str, ...], exit_code: int, code: str
) -> None:
    """What cannot be done is told as in every command, and nothing is made."""
    done = run(*command.split(), *words, "--json", env=environment(tmp_path / "data"))
    printed = document(done)
    assert (done.returncode, printed["exit_code"]) == (exit_code, exit_code)
    assert [error["code"] for error in printed["errors"]] == [code]
    assert printed["command"] == command
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("command", ["create", "verify"])
def test_help_has_an_example(tmp_path: Path, command: str) -> None:
    """-h ends well and shows a call that one can copy."""
    done = run("backup", command, "-h", env=environment(tmp_path / "data"))
    assert done.returncode == 0
    assert f"  clio-sync backup {command} " in done.stdout
