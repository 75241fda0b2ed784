"""`clio-sync doctor`: exit codes, the document, and the file of a probe."""

import json
import stat
from pathlib import Path

import pytest

from sources.clio_simulator import Seed, SimulatedClock, Simulator
from tests.system.process import document, environment, run

SMALL = Seed(7, scale=0.1)


def test_an_empty_machine(tmp_path: Path) -> None:
    """Without anything: exit 0, notes say how to begin, and nothing is made."""
    folder = tmp_path / "data"
    done = run("doctor", "--json", env=environment(folder))
    printed = document(done)
    assert (done.returncode, printed["status"], printed["errors"]) == (0, "ok", [])
    rows = {(row["check"], row["product"]): row for row in printed["results"]}
    assert rows["sign_in", "clio_grow"]["fix"] == "clio-sync auth login grow"
    assert rows["data_folder", None]["status"] == "note"
    assert not folder.exists()


def test_settings_that_cannot_be_read(tmp_path: Path) -> None:
    """An unknown setting: exit 2, and it is named in a line as every other check."""
    env = environment(tmp_path / "data", CLIO_SYNC__NO_SUCH_THING="1")
    done = run("doctor", "--json", env=env)
    assert done.returncode == 2
    (row,) = (row for row in document(done)["results"] if row["check"] == "configuration")
    assert (row["status"], "no_such_thing" in row["what"]) == ("fail", True)


@pytest.mark.long
def test_exit_codes_and_the_probe(tmp_path: Path) -> None:
    """0 where all is well, 3 for a refused token, 7 for anything else; a probe writes its file
    once, readable by its owner alone.
    """
    token, folder = "SOURCES__CLIO_MANAGE__ACCESS_TOKEN", tmp_path / "data"
    with Simulator(SMALL, clock=SimulatedClock.real(), rate_limit=1000) as clio:
        env = environment(folder, clio)
        done = run("doctor", env=env)
        assert (done.returncode, "0 fail" in done.stdout) == (0, True), done.stdout
        assert "Nothing was changed." in done.stdout
        assert run("doctor", env={**env, token: "other"}).returncode == 3
        clio.switches.oldest_version, clio.switches.newest_version = 14, 15
        assert run("doctor", env=env).returncode == 7
        clio.switches.oldest_version, clio.switches.newest_version = 4, 13
        path = tmp_path / "probe.json"
        done = run("doctor", "--probe", "--out", str(path), "--json", env=env)
        assert done.returncode == 0, done.stderr
        assert json.loads(path.read_text())["answers"] == document(done)["results"]
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        again = run("doctor", "--probe", "--out", str(path), "--json", env=env)
        assert (again.returncode, document(again)["errors"][0]["code"]) == (2, "file_in_the_way")
    assert run("doctor", "--out", str(path), env=env).returncode == 2
