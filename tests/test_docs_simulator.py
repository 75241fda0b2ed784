"""What docs/simulator.md shows works: its tables, its requests, and each case from end to end."""

import re
import shlex
from pathlib import Path

import httpx
import pytest

from sources.clio_simulator import Seed, SimulatedClock, Simulator
from tests import docs_simulator
from tests.system.process import environment, run

CASES = docs_simulator.cases()


def test_tables_are_what_the_code_says() -> None:
    """docs/simulator.md is what `make docs` writes."""
    assert docs_simulator.FILE.read_text("utf-8") == docs_simulator.text()


def test_every_request_is_taken() -> None:
    """Each call of curl, one after the other."""
    with Simulator(Seed(7), rate_limit=0) as clio:
        for line in docs_simulator.requests():
            method, path, body = docs_simulator.request(line)
            answer = httpx.request(method, clio.url + path, content=body)
            assert answer.status_code == 200, line


def test_each_case_of_the_page_on_what_is_not_known_can_be_tried() -> None:
    """Each way in which values go missing has a case."""
    shown = " ".join(line for lines in CASES.values() for line in lines)
    for name in ("hidden_fields", "grow_redacted", "emptied", "who_am_i", "forbidden", "misfits"):
        assert f'"{name}"' in shown
    for name in ("RefuseFields", "poison", "date_offset", "--partial", "grow_tokens"):
        assert name in shown


@pytest.mark.long
@pytest.mark.parametrize("name", CASES)
def test_case_ends_as_it_says(name: str, tmp_path: Path) -> None:
    """Every command of a case ends with the code that stands beside it, else with 0."""
    with Simulator(Seed(7), rate_limit=0, clock=SimulatedClock.real()) as clio:
        env = environment(
            tmp_path / "data",
            clio,
            SOURCES__CLIO_GROW__BASE_URL=clio.grow_url,
            SOURCES__CLIO_GROW__ACCESS_TOKEN=clio.grow_token,
        )
        for line in CASES[name]:
            if line.startswith("curl "):
                method, path, body = docs_simulator.request(line)
                assert httpx.request(method, clio.url + path, content=body).status_code == 200
            if line.startswith("clio-sync "):
                done = run(*shlex.split(line, comments=True)[1:], env=env)
                ends = re.search(r"# ends with (\d)$", line)
                assert done.returncode == (int(ends[1]) if ends else 0), line + done.stderr
