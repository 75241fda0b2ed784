"""`clio-sync simulator` as a program reads it."""

import json
import signal
from pathlib import Path

import httpx

from tests.system.process import SECONDS, document, environment, run, start


def test_one_line_of_json_is_all_that_a_load_needs(tmp_path: Path) -> None:
    """The first line of standard output holds url and token; with them a load works."""
    env = environment(tmp_path / "data")
    process = start("simulator", "--port", "0", "--rate-limit", "0", env=env)
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert set(said) == {"url", "token"}
        listed = httpx.get(
            said["url"] + "/api/v4/currencies.json",
            headers={"Authorization": "Bearer " + said["token"]},
        )
        given = {
            "SOURCES__CLIO_MANAGE__BASE_URL": said["url"],
            "SOURCES__CLIO_MANAGE__ACCESS_TOKEN": said["token"],
        }
        done = run("load", "--resource", "currencies", "--json", env={**env, **given})
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=SECONDS)

    assert listed.status_code == 200
    (loaded,) = document(done)["results"]
    assert loaded["rows_read"] == len(listed.json()["data"]) > 0
    assert rest == ""
