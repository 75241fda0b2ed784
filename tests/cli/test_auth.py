"""`clio-sync auth`: what is refused before anybody signs in, and how it is told."""

from pathlib import Path

import click
import pytest

from pipelines.cli import main
from tests.system.process import document, environment, run

APPLICATION = {
    "SOURCES__CLIO_MANAGE__CLIENT_ID": "key",
    "SOURCES__CLIO_MANAGE__CLIENT_SECRET": "canary-secret",
}


@pytest.mark.parametrize("name", ["login", "status", "logout"])
def test_each_command_shows_an_example(name: str) -> None:
    """The help of each ends with a call that one can copy."""
    group = main.commands["auth"]
    assert isinstance(group, click.Group)
    assert f"clio-sync auth {name}" in (group.commands[name].help or "")


@pytest.mark.parametrize("name", ["--client-secret", "--client-secret=canary-1", "--token"])
def test_secret_on_the_command_line_is_refused(tmp_path: Path, name: str) -> None:
    """Process lists and shell histories would keep it: exit 2, nothing made, nothing repeated."""
    done = run("auth", "login", name, "canary-1", env=environment(tmp_path / "data"))
    assert done.returncode == 2
    assert "canary" not in done.stdout + done.stderr
    assert not (tmp_path / "data").exists()


def test_application_must_be_configured(tmp_path: Path) -> None:
    """Without key and secret: exit 2, and both settings are named."""
    done = run("auth", "login", "grow", "--json", env=environment(tmp_path / "data"))
    (error,) = document(done)["errors"]
    assert (done.returncode, document(done)["command"]) == (2, "auth login")
    assert "sources.clio_grow.client_id and sources.clio_grow.client_secret" in error["message"]


def test_machine_without_a_keyring(tmp_path: Path) -> None:
    """L15: exit 3 before anybody is asked, the setting is named, and no file stands in for it."""
    env = {**environment(tmp_path / "data"), **APPLICATION}
    done = run("auth", "login", "--json", env=env)
    (error,) = document(done)["errors"]
    assert (done.returncode, error["code"]) == (3, "token_store")
    assert "clio_sync.token_store" in error["hint"]
    assert not (tmp_path / "data").exists()


def test_status_of_nobody(tmp_path: Path) -> None:
    """Exit 3 with a row for each product; a token of the environment counts, and is not shown."""
    env = {**environment(tmp_path / "data"), "CLIO_SYNC__TOKEN_STORE": "file"}
    done = run("auth", "status", "--json", env=env)
    states = [(row["source"], row["state"]) for row in document(done)["results"]]
    assert (done.returncode, document(done)["status"]) == (3, "sign_in_needed")
    assert states == [("clio_manage", "nobody"), ("clio_grow", "nobody")]
    assert not (tmp_path / "data").exists()

    token = {"SOURCES__CLIO_MANAGE__ACCESS_TOKEN": "canary-token"}
    done = run("auth", "status", env={**env, **token})
    assert done.returncode == 0
    assert "never renewed" in done.stdout
    assert "canary" not in done.stdout + done.stderr
