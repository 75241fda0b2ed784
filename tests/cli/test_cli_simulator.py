"""`clio-sync simulator` as a program reads it."""

import json
import re
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
        assert set(said) == {"url", "token", "grow_url", "grow_token"}
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


def test_what_it_says_can_be_pasted(tmp_path: Path) -> None:
    """Two lines for each product, with which both are read."""
    env = environment(tmp_path / "data")
    process = start("simulator", "--port", "0", "--rate-limit", "0", env=env)
    try:
        assert process.stdout is not None
        process.stdout.readline()
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=SECONDS)
    found = re.findall(r"^export (\w+)=(\S+)$", said, re.MULTILINE)
    url = dict(found)["SOURCES__CLIO_MANAGE__BASE_URL"]
    assert found == [
        ("SOURCES__CLIO_MANAGE__BASE_URL", url),
        ("SOURCES__CLIO_MANAGE__ACCESS_TOKEN", "simulator-token"),
        ("SOURCES__CLIO_GROW__BASE_URL", f"{url}/grow"),
        ("SOURCES__CLIO_GROW__ACCESS_TOKEN", "simulator-grow-token"),
    ]
