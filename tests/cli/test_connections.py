"""`clio-sync auth connections`, and what the other commands say of the gateway, as processes."""

from collections.abc import Iterator
from pathlib import Path

import click
import httpx
import pytest

from pipelines.cli import main
from sources.clio_simulator import Seed, Simulator
from tests.system.process import document, environment, run, run_typing

UNKNOWN = "21fd90f9-5935-43cd-b6c8-bde9d915ca80"


@pytest.fixture(scope="module")
def clio() -> Iterator[Simulator]:
    """Return one small Clio for all."""
    with Simulator(Seed(7, contacts=3, matters=3, activities=5, bills=3), rate_limit=0) as made:
        yield made


@pytest.fixture
def env(clio: Simulator, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a person who reaches Clio through the gateway."""
    return environment(
        tmp_path / "data",
        None,
        SOURCES__CLIO_MANAGE__GATEWAY="maton",
        SOURCES__CLIO_MANAGE__GATEWAY_URL=clio.maton_url,
        MATON_API_KEY=clio.maton_key,
    )


def asked_to_delete(key: str, typed: bytes, env: dict[str, str]) -> tuple[int, str]:
    """Run delete at a terminal and type something; give the exit code and what was said."""
    done = run_typing(typed, "auth", "connections", "delete", key, env=env)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["list", "create", "show", "delete"])
def test_each_command_shows_an_example(name: str) -> None:
    """The help of each ends with a call that one can copy."""
    auth = main.commands["auth"]
    assert isinstance(auth, click.Group)
    connections = auth.commands["connections"]
    assert isinstance(connections, click.Group)
    assert f"clio-sync auth connections {name}" in (connections.commands[name].help or "")


def test_from_creating_to_loading(clio: Simulator, env: dict[str, str]) -> None:
    """Create prints where to sign in, show tells when it was done, a load reads by it; no key."""
    made = run("auth", "connections", "create", "--json", env=env)
    (row,) = document(made)["results"]
    key = row["connection_id"]
    assert (made.returncode, row["status"]) == (0, "PENDING")
    assert row["url"].startswith(clio.maton_url)
    assert httpx.get(row["url"]).status_code == 200

    shown = run("auth", "connections", "show", key, "--json", env=env)
    (row,) = document(shown)["results"]
    assert (row["connection_id"], row["status"], row["app"]) == (key, "ACTIVE", "clio")
    assert row["created_at"].endswith("Z")

    listed = run("auth", "connections", "list", env=env)
    assert listed.returncode == 0
    assert key in listed.stdout

    chosen = {**env, "SOURCES__CLIO_MANAGE__MATON_CONNECTION": key}
    clio.requests.clear()
    loaded = run("load", "manage", "--resource", "users", "--json", "--debug", env=chosen)
    assert loaded.returncode == 0, loaded.stderr
    assert {each.headers["maton-connection"] for each in clio.requests if "/maton/" in each.path}
    said = "".join(each.stdout + each.stderr for each in (shown, listed, loaded))
    assert clio.maton_key not in said + made.stdout + made.stderr
    assert "session_token" not in said


def test_deleting_needs_a_yes(clio: Simulator, env: dict[str, str], tmp_path: Path) -> None:
    """No terminal and anything but yes mean no, with 5; y at a terminal and --yes delete."""
    first, second = clio.connections.add().id, clio.connections.add().id
    (tmp_path / "typed").write_text("y\n", "utf-8")
    with (tmp_path / "typed").open() as typed:
        silent = run("auth", "connections", "delete", first, "--json", env=env, stdin=typed)
    (error,) = document(silent)["errors"]
    assert (silent.returncode, error["code"]) == (5, "not_confirmed")
    assert asked_to_delete(first, b"\n", env)[0] == 5
    assert {first, second} <= set(clio.connections.known)

    code, said = asked_to_delete(first, b"y\n", env)
    assert (code, first in clio.connections.known) == (0, False), said
    assert run("auth", "connections", "delete", second, "--yes", env=env).returncode == 0
    assert second not in clio.connections.known


def test_what_is_unknown_or_refused(env: dict[str, str]) -> None:
    """An unknown connection and a refused key: 3, and the command that helps."""
    done = run("auth", "connections", "show", UNKNOWN, "--json", env=env)
    (error,) = document(done)["errors"]
    assert (done.returncode, error["code"]) == (3, "gateway_connection")
    assert "clio-sync auth connections list" in error["hint"]

    wrong = {**env, "MATON_API_KEY": "canary-wrong-key"}
    done = run("auth", "connections", "list", "--json", env=wrong)
    (error,) = document(done)["errors"]
    assert (done.returncode, error["code"]) == (3, "gateway_key")
    assert "canary" not in done.stdout + done.stderr


def test_without_the_setting(env: dict[str, str]) -> None:
    """The commands need the setting, and name it; an unknown gateway names the valid ones."""
    without = {name: value for name, value in env.items() if "GATEWAY" not in name}
    done = run("auth", "connections", "list", "--json", env=without)
    (error,) = document(done)["errors"]
    assert (done.returncode, error["code"]) == (2, "configuration")
    assert 'sources.clio_manage.gateway must be set to "maton"' in error["message"]
    done = run("auth", "status", "--json", env={**env, "SOURCES__CLIO_MANAGE__GATEWAY": "x"})
    assert done.returncode == 2
    assert "valid are maton" in document(done)["errors"][0]["message"]


def test_sign_in_commands_beside_the_gateway(env: dict[str, str]) -> None:
    """Status shows that the key is configured, and login says what is done instead."""
    done = run("auth", "status", "manage", "--json", env=env)
    (row,) = document(done)["results"]
    assert (done.returncode, row["state"]) == (0, "configured")
    assert "Maton gateway" in row["kept_in"]
    keyless = {name: value for name, value in env.items() if name != "MATON_API_KEY"}
    done = run("auth", "status", "manage", "--json", env=keyless)
    assert (done.returncode, document(done)["errors"][0]["code"]) == (3, "gateway_key")
    done = run("auth", "login", "--json", env=env)
    assert done.returncode == 2
    assert "clio-sync auth connections create" in document(done)["errors"][0]["message"]
