"""`clio-sync resources` for people, and each kind of difference of another document."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from pipelines.operate.resources import run_diff
from sources.clio_http.clock import SystemClock
from sources.errors import ConfigurationError
from tests.system.process import document, environment, run

CORRECTED = "/components/schemas/BankAccount_base/properties/currency_id/type"


def test_the_table_says_how_many_and_why_not(tmp_path: Path) -> None:
    """One line for each collection, and the fewest requests of a load."""
    env = environment(tmp_path / "data")
    shown = run("resources", env=env).stdout
    every = document(run("resources", "--json", env=env))["results"]
    assert {row["source"] for row in every} == {"clio_manage", "clio_grow"}
    manage, shown_of_grow = shown.split("one for each list variant.\n", 1)
    rows = [row for row in every if row["source"] == "clio_manage"]
    lists = sum(len(row["variants"]) for row in rows if row["loaded"])

    assert (len(rows), len(every)) == (85, 96)
    assert "77 collections of Clio Manage, 6 narrower lists of them and 2 single records" in manage
    assert "10 collections of Clio Grow" in shown_of_grow
    assert f"at least {lists} requests" in manage
    for row in rows:
        (line,) = [line for line in manage.splitlines() if line.split(" ")[0] == row["resource"]]
        assert (row["mode"] if row["loaded"] else "off") in line.split()
        assert (row["reason"] or "") in line
    assert not (tmp_path / "data").exists()


def test_every_kind_of_difference_is_named(shared: Path, tmp_path: Path) -> None:
    """A list added and one gone; a field added, dropped, of another type; a correction."""
    text = (shared / "reference" / "manage-openapi-2026-04-08.json").read_text("utf-8")
    other: dict[str, Any] = json.loads(text)
    schemas, paths = other["components"]["schemas"], other["paths"]
    currency = schemas["Currency_base"]["properties"]
    currency["symbol"] = {"type": "string"}
    currency["sign"] = {"type": "integer"}
    del currency["code"]
    paths["/currencies_of_old.json"] = {"get": copy.deepcopy(paths["/currencies.json"]["get"])}
    del paths["/task_types.json"]
    schemas["BankAccount_base"]["properties"]["currency_id"]["type"] = "integer"
    path = tmp_path / "other.json"
    path.write_text(json.dumps(other), "utf-8")
    done = run("resources", "--diff", str(path), env=environment(tmp_path / "data"))

    assert done.returncode == 0, done.stderr
    said = set(done.stdout.splitlines())
    assert said >= {
        "new collection: currencies_of_old",
        "collection gone: task_types",
        "new field: currencies.symbol",
        "field gone: currencies.code",
        "field type: currencies.sign: VARCHAR to BIGINT",
        f"correction no longer needed: {CORRECTED}",
    }
    assert not [line for line in said if "matters" in line]


REFUSED = r"^canary\.json is not an OpenAPI document of Clio Manage$"
GARBAGE = {
    "text": "openapi: 3.0.0",
    "nothing": "",
    "a number": "5",
    "no paths": '{"components": {"schemas": {}}}',
    "empty": "{}",
    "paths of text": '{"paths": "all", "components": {"schemas": {}}}',
    "not UTF-8": "\xff\xfe",
}


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_refused(tmp_path: Path, text: str) -> None:
    """The file is named, and nothing in it is quoted."""
    path = tmp_path / "canary.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigurationError, match=REFUSED) as raised:
        run_diff(path, SystemClock())
    assert raised.value.exit_code == 2


def test_garbage_is_exit_2_and_a_document(tmp_path: Path) -> None:
    """With --json the refusal is a document as any other."""
    path = tmp_path / "canary.json"
    path.write_text("{", "utf-8")
    done = run("resources", "--diff", str(path), "--json", env=environment(tmp_path / "data"))

    assert done.returncode == 2
    (error,) = document(done)["errors"]
    assert re.fullmatch(REFUSED, error["message"])


def test_a_document_that_is_not_there_is_exit_2(tmp_path: Path) -> None:
    """A wrong path is a matter of usage."""
    done = run("resources", "--diff", "no.json", env=environment(tmp_path / "data"))
    assert done.returncode == 2
    assert "no.json" in done.stderr
