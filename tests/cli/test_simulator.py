"""`clio-sync simulator` and `clio-sync demo`: a Clio to try things on."""

import re
import signal
from pathlib import Path

import httpx

from tests.system.process import SECONDS, environment, run, start


def test_simulator_serves_until_it_is_stopped(tmp_path: Path) -> None:
    """It prints where it is and which token it takes, and ends at a signal."""
    process = start("simulator", "--port", "0", env=environment(tmp_path / "data"))
    assert process.stderr is not None
    assert process.stdout is not None
    said = process.stderr.readline()
    try:
        for line in process.stdout:
            said += line
            if re.search(r"token", line, re.IGNORECASE):
                break
        url = re.search(r"http://127\.0\.0\.1:\d+", said)
        token = re.search(r"simulator-token", said)
        assert url, said
        assert token, said
        headers = {"Authorization": f"Bearer {token.group()}"}
        answer = httpx.get(f"{url.group()}/api/v4/users/who_am_i.json", headers=headers)
        assert answer.status_code == 200
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=SECONDS)


def test_demo_leaves_another_warehouse_alone(tmp_path: Path) -> None:
    """In a folder with a real warehouse the demo stops with exit 5 and touches nothing."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "warehouse.duckdb").write_bytes(b"precious")
    done = run("demo", env=environment(folder))
    assert done.returncode == 5
    assert (folder / "warehouse.duckdb").read_bytes() == b"precious"
