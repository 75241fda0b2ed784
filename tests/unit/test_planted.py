"""Traps that somebody lays in a data folder or in the environment, and what cannot be printed."""

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import orjson
import pendulum
import pytest

from pipelines.cli.base import _print_document
from pipelines.errors import QueryError, StorageError
from pipelines.files import replace_durably, replace_privately, write_beside
from pipelines.outcome import Outcome, jsonable
from pipelines.publish.copy import VERIFIED, _demand_verified
from pipelines.publish.errors import DestinationError
from pipelines.publish.sql import csv_text, limited
from pipelines.warehouse import Warehouse, writer_lock
from sources.clio_http import hosts
from tests.system.nursery import ROOT

NOW = pendulum.datetime(2026, 3, 31)
WRITERS = (
    (replace_durably, "epoch.json", "epoch.tmp"),
    (replace_durably, "ledger-head.json", "ledger-head.tmp"),
    (write_beside, "lock.json", "lock.json"),
)


@pytest.mark.parametrize(("write", "name", "trap"), WRITERS, ids=[trap for *_, trap in WRITERS])
def test_planted_link_is_not_followed(
    write: Callable[[Path, str], None], name: str, trap: str, tmp_path: Path
) -> None:
    """A link in the place of a file that is about to be written leads nowhere."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / trap).symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        write(folder / name, "ours")
    assert victim.read_text() == "precious"


def test_planted_link_beside_tokens(tmp_path: Path) -> None:
    """What is left in the way of a private file is removed, not written through."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "token.tmp").symlink_to(victim)
    replace_privately(tmp_path / "token", "ours")
    assert victim.read_text() == "precious"
    assert (tmp_path / "token").read_text() == "ours"


def test_planted_lock(tmp_path: Path) -> None:
    """A command whose lock was replaced by a link says so in words, and touches nothing."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "lock.json").symlink_to(victim)
    with pytest.raises(StorageError), writer_lock(tmp_path, "load", NOW):
        pass
    assert victim.read_text() == "precious"


def test_keys_of_connections_are_not_logged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """SSLKEYLOGFILE is not obeyed: whoever set it could read tokens on the wire."""
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    assert ssl.create_default_context().keylog_filename is not None
    assert hosts._certificates.__wrapped__(()).keylog_filename is None


def test_no_core_dumps() -> None:
    """A command leaves no dump of its memory, in which there are tokens."""
    code = (
        "import resource; from pipelines.cli import main\n"
        "from click.testing import CliRunner\n"
        "CliRunner().invoke(main, ['sql', '-h'])\n"
        "print(resource.getrlimit(resource.RLIMIT_CORE)[0])"
    )
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, check=True, timeout=60)
    assert done.stdout.split()[-1] == b"0"


def test_large_whole_numbers_are_printed(capfd: pytest.CaptureFixture[str]) -> None:
    """A whole number of more than 64 bits, such as a sum in SQL, stands in the JSON as it is."""
    outcome = Outcome("sql", NOW, NOW)
    outcome.results = [{"sum": 2**100}]
    with pytest.raises(orjson.JSONEncodeError):
        orjson.dumps(outcome.document(), default=jsonable, option=orjson.OPT_PASSTHROUGH_DATETIME)
    assert _print_document(outcome) == 0
    assert json.loads(capfd.readouterr().out)["results"] == [{"sum": 2**100}]


@pytest.mark.parametrize("text", ["a;=1+1", "a\t=1+1", "a\n@SUM(1)", "=1", "a; +1"])
def test_formulas_by_another_separator(text: str) -> None:
    """A text is no formula either where the spreadsheet parts cells by `;` or by tabs."""
    shown = csv_text(["x"], [[text]])
    for mark in ";\t\n":
        for cell in shown.replace('"', "").split(mark):
            assert not cell.strip(" ").startswith(("=", "+", "@"))


def test_query_that_takes_too_long(tmp_path: Path) -> None:
    """A query is ended after the time that it may take, in words."""
    with Warehouse(tmp_path) as warehouse:
        warehouse.rows("create table t as select range as n from range(10)")
    with Warehouse(tmp_path, read_only=True) as warehouse:
        warehouse.lock_down()
        many = "range(10000000)"
        endless = f"select count(*) from {many} a, {many} b where a.range * b.range = 7"
        with pytest.raises(QueryError, match="ran longer than"), limited(warehouse, 0.3):
            warehouse.ask(endless, 10)
        with limited(warehouse, 30):
            assert warehouse.ask("select count(*) from t", 10)[1] == [(10,)]


@pytest.mark.parametrize(
    ("address", "refused"),
    [
        ("clio:pw@127.0.0.1:5432/firm", False),
        ("clio:pw@localhost/firm", False),
        ("clio:pw@db.example.org/firm", False),
        ("clio:pw@db.example.org/firm?sslmode=verify-full", False),
        ("clio:pw@db.example.org/firm?sslmode=require", True),
        ("clio:pw@10.0.0.5/firm?sslmode=disable", True),
    ],
)
def test_other_machines_prove_who_they_are(
    monkeypatch: pytest.MonkeyPatch, address: str, refused: bool
) -> None:
    """A database on another machine is reached with its certificate checked, or not at all."""
    monkeypatch.delenv("PGSSLMODE", raising=False)
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", f"postgresql://{address}")
    if refused:
        with pytest.raises(DestinationError, match="verify-full"):
            _demand_verified()
        return
    _demand_verified()
    is_far = "example.org/firm" in address and "sslmode" not in address
    assert os.environ.get("PGSSLMODE") == (VERIFIED if is_far else None)
