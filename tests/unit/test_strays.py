"""The search for keys at the wrong host finds them, and fails the run."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from sources.clio_http.client import ClioClient
from sources.clio_simulator import Simulator
from tests.conftest import ROOT
from tests.strays import STRAYS, Strays, words
from tests.unit.http_faults import always
from tests.unit.http_loopback import FakeClock, Loopback, reply, settings

ERRS = '''"""A client that errs."""

import httpx

from sources.clio_simulator import Simulator


def test_errs() -> None:
    """Clio's token goes to the gateway."""
    with Simulator(rate_limit=0) as clio:
        httpx.get(f"{clio.maton_url}/connections", headers=dict(clio.headers))
'''


def _of_manage(strays: list[str]) -> int:
    """Count the secrets of Manage that the gateway was sent; a short one of another test may be
    found beside them.
    """
    return sum("the Maton gateway was sent a secret of Clio Manage" in each for each in strays)


def test_each_way_of_sending_is_searched(strays: list[str]) -> None:
    """A token of Clio's at the gateway is found in a header, an address, a form and as Basic."""
    with Simulator(rate_limit=0) as clio, httpx.Client(base_url=clio.maton_url) as http:
        token, plain = clio.token, {"Authorization": f"Bearer {clio.maton_key}"}
        ways = (
            {"headers": {"Authorization": f"Bearer {token}"}},
            {"headers": {**plain, "X-Other": f"token={token}"}},
            {"headers": plain, "params": {"q": token}},
            {"headers": plain, "data": {"token": token}},
            {"auth": ("user", token)},
        )
        for way in ways:
            before = _of_manage(strays)
            http.post("/connections", **way)
            assert _of_manage(strays) > before
        before = _of_manage(strays)
        http.post("/connections", headers=plain)
        assert _of_manage(strays) == before
    assert token not in str(strays)
    assert "test_each_way_of_sending_is_searched" in strays[0]


def test_hosts_are_told_apart(strays: list[str]) -> None:
    """Manage's, Grow's and the gateway's secrets are good at their own host only."""
    with Simulator(rate_limit=0) as clio:
        switches = clio.switches
        hosts = {
            f"{clio.url}/api/v4/users": (clio.token, switches.client_secret),
            f"{clio.grow_url}/users": (clio.grow_token, switches.grow_client_secret),
            f"{clio.maton_url}/connections": (clio.maton_key,),
        }
        for own in hosts:
            for whose, secrets in hosts.items():
                for secret in secrets:
                    before = len(strays)
                    httpx.get(own, headers={"Authorization": f"Bearer {secret}"})
                    assert len(strays) == before + (own != whose)


def test_loopback_servers_are_searched(strays: list[str]) -> None:
    """A token that a client has for one server is found at another, and a simulator's is too."""
    with Loopback(always(reply(200, {}))) as one, Loopback(always(reply(200, {}))) as other:
        with ClioClient(settings(one), FakeClock()) as client:
            client.get("contacts")
        assert strays == []
        token = settings(one).token.reveal()
        httpx.get(other.origin, headers={"Authorization": f"Bearer {token}"})
        assert len(strays) == 1


def test_check_fails_by_what_was_found() -> None:
    """Nothing found is a pass, anything is a failure that says what and where."""
    strays = Strays()
    strays.own("here", ["canary-secret-9"])
    strays.search("here", "GET /a", "Authorization: Bearer canary-secret-9")
    strays.check()
    assert strays.searched == 1
    strays.search("there", "GET /b", "Authorization: Bearer canary-secret-9")
    with pytest.raises(AssertionError, match="there was sent a secret of here: GET /b"):
        strays.check()
    strays = Strays()
    strays.own("here", ["canary-secret-9"])
    strays.disown("here")
    strays.search("there", "GET /b", "canary-secret-9")
    assert "a server that is gone" in strays.found[0]


def test_short_words_count_as_bearer_only() -> None:
    """A token that is an ordinary word is no secret in a body, and is one behind Bearer."""
    assert "other" not in words("q=other")
    assert "other" in words("authorization: Bearer other")


def test_this_suite_is_searched() -> None:
    """The requests of an ordinary test are among those that are searched."""
    before = STRAYS.searched
    with Simulator(rate_limit=0) as clio:
        httpx.get(f"{clio.url}/api/v4/users", headers=dict(clio.headers))
    assert STRAYS.searched == before + 1


@pytest.mark.long
def test_run_fails(tmp_path: Path) -> None:
    """A run in a worker, of one test that passes, fails at its end and names the test."""
    (tmp_path / "test_errs.py").write_text(ERRS, "utf-8")
    config = ["-c", str(ROOT / "pyproject.toml"), f"--rootdir={tmp_path}", "-p", "tests.conftest"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *config, "-n", "1", "-p", "no:cacheprovider", tmp_path],
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 passed, 1 error" in done.stdout
    assert "the Maton gateway was sent a secret of Clio Manage: GET /maton/connections" in (
        done.stdout
    )
    assert "test_errs" in done.stdout
