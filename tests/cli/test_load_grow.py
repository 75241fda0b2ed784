"""`clio-sync load` and `sweep` with Clio Grow: which products are read, and how it is told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.clio_simulator import Seed, Simulator
from tests.system.process import document, environment, run

FEW = ("--resource", "matters", "--resource", "locations")


@pytest.fixture
def clio() -> Iterator[Simulator]:
    """Return a Clio."""
    with Simulator(Seed(7, grow_contacts=5, grow_matters=5, grow_notes=0), rate_limit=0) as clio:
        yield clio


def grow(folder: Path, clio: Simulator, *, manage: bool = False) -> dict[str, str]:
    """Return an environment with a token for Grow, and for Manage where it is wanted."""
    return environment(
        folder,
        clio if manage else None,
        SOURCES__CLIO_GROW__BASE_URL=clio.grow_url,
        SOURCES__CLIO_GROW__ACCESS_TOKEN=clio.grow_token,
    )


def test_the_product_with_a_token_is_read(clio: Simulator, tmp_path: Path) -> None:
    """The other one is noted; exit 0."""
    done = run("load", "--resource", "matters", "--json", env=grow(tmp_path / "data", clio))
    assert done.returncode == 0, done.stderr
    assert "clio_manage is not read" in done.stderr
    (row,) = document(done)["results"]
    assert (row["source"], row["resource"], row["rows_read"]) == ("clio_grow", "matters", 5)


def test_both_are_read_and_shown_apart(clio: Simulator, tmp_path: Path) -> None:
    """A load, a sweep of one of them, and the state of both."""
    env = grow(tmp_path / "data", clio, manage=True)
    done = run("load", *FEW, env=env)
    assert done.returncode == 0, done.stderr
    assert "Clio Manage\n\n" in done.stdout
    assert "Clio Grow\n\n" in done.stdout
    swept = document(run("sweep", "grow", "--json", env=env))
    assert {
        (r["source"], r["resource"], r["status"]) for r in swept["results"] if r["complete"]
    } == {
        ("clio_grow", "matters", "ok"),
        ("clio_grow", "locations", "ok"),
    }
    text = run("status", env=env).stdout
    assert "clio_grow.matters" in text
    assert "clio_manage.matters" in text


def test_a_product_that_refuses_its_token_is_told_under_its_heading(
    clio: Simulator, tmp_path: Path
) -> None:
    """No heading stands alone; the other product is read."""
    env = grow(tmp_path / "data", clio, manage=True) | {"SOURCES__CLIO_GROW__ACCESS_TOKEN": "wrong"}
    done = run("load", "--resource", "users", env=env)
    assert done.returncode == 3
    assert "Clio Grow\n\nNothing was read; the reason stands below.\n" in done.stdout


def test_a_product_that_is_named_must_have_a_token(tmp_path: Path) -> None:
    """Exit 3, and no warehouse is made."""
    env = environment(tmp_path / "data") | {"CLIO_SYNC__TOKEN_STORE": "file"}
    done = run("load", "grow", "--json", env=env)
    assert done.returncode == 3
    assert "auth login grow" in document(done)["errors"][0]["hint"]
    assert not (tmp_path / "data" / "warehouse.duckdb").exists()


def test_a_refused_token_of_grow(clio: Simulator, tmp_path: Path) -> None:
    """Exit 3, and the command that signs in to Grow."""
    env = {**grow(tmp_path / "data", clio), "SOURCES__CLIO_GROW__ACCESS_TOKEN": "wrong"}
    done = run("load", "grow", "--json", env=env)
    assert done.returncode == 3
    assert "clio-sync auth login grow" in document(done)["errors"][0]["hint"]


def test_without_any_token_nothing_is_read(tmp_path: Path) -> None:
    """Exit 3."""
    assert run("load", env=environment(tmp_path / "data")).returncode == 3


def test_early_access_by_a_setting(clio: Simulator, tmp_path: Path) -> None:
    """The version of the API is a setting like any other."""
    clio.switches.grow_version = "v1"
    env = {**grow(tmp_path / "data", clio), "SOURCES__CLIO_GROW__API_VERSION": "v1"}
    done = run("load", "--resource", "matters", "--json", env=env)
    assert done.returncode == 0, done.stderr
    assert run("load", "--resource", "locations", env=env).returncode == 2
