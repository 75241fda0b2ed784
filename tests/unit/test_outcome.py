"""What a command says: a JSON document, a table for people, nothing that drives a terminal."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import orjson
import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ledger.open_work import PlanWaiting, Waiting
from pipelines.operate.doctor.machine import data_folder
from pipelines.outcome import Outcome, counted, errors_text, jsonable, printable, status, table
from sources.errors import ConfigurationError, SignInNeededError

START = pendulum.datetime(2026, 3, 2, 9, 0, 0)


def dumped(value: object) -> object:
    """Write a value as the command line does, and read it."""
    return json.loads(orjson.dumps(value, default=jsonable, option=orjson.OPT_PASSTHROUGH_DATETIME))


@given(st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2100, 1, 1)))
def test_moments_are_iso_8601_in_utc(naive: dt.datetime) -> None:
    """Whatever the zone, the text is UTC, to the second, and reads back as the same moment."""
    moment = pendulum.instance(naive.replace(microsecond=0), tz="America/New_York")
    text = str(dumped(moment))

    assert text.endswith("Z")
    assert len(text) == len("2026-03-02T09:00:00Z")
    assert dt.datetime.fromisoformat(text) == moment


def test_what_json_does_not_know_is_text() -> None:
    """A decimal keeps its digits; a day is a day."""
    assert dumped({"a": Decimal("1.10"), "b": pendulum.date(2026, 3, 2)}) == {
        "a": "1.10",
        "b": "2026-03-02",
    }


def test_the_document_has_its_eight_parts() -> None:
    """Command, status, exit code, run, times, results, errors with code, message and hint."""
    outcome = Outcome("load", START, START.add(seconds=5), run_id="r", exit_code=3)
    outcome.errors = [("matters", SignInNeededError()), ("", ConfigurationError("wrong"))]
    document = dumped(outcome.document())

    assert document == {
        "command": "load",
        "status": "sign_in_needed",
        "exit_code": 3,
        "run_id": "r",
        "started_at": "2026-03-02T09:00:00Z",
        "finished_at": "2026-03-02T09:00:05Z",
        "results": [],
        "errors": [
            {
                "code": "sign_in_needed",
                "message": "matters: Clio refused the access token.",
                "hint": SignInNeededError.hint,
            },
            {"code": "configuration", "message": "wrong", "hint": ConfigurationError.hint},
        ],
    }


def test_every_exit_code_has_a_word() -> None:
    """The words are part of the contract; an unknown code is a failure."""
    words = [status(code) for code in (0, 1, 2, 3, 4, 5, 6, 7, 130)]
    assert len(set(words)) == 9
    assert (status(0), status(4), status(99)) == ("ok", "incomplete", "failed")


def test_a_table_lays_numbers_to_the_right() -> None:
    """Columns are as wide as their widest cell; thousands are parted; nothing trails."""
    text = table(("name", "rows", "at"), [("matters", 1234567, None), ("a", 5, START)])
    assert text.split("\n") == [
        "name          rows  at",
        "-------  ---------  -------------------",
        "matters  1,234,567  -",
        "a                5  2026-03-02 09:00:00",
    ]


def test_a_table_without_rows_is_its_header() -> None:
    """Nothing to show still says what would be shown."""
    assert table(("name", "rows"), []) == "name  rows\n----  ----"


def test_a_flag_reads_as_yes_or_no() -> None:
    """True and false are words in a table."""
    cells = table(("done",), [(True,), (False,)]).split("\n")[2:]
    assert [cell.strip() for cell in cells] == ["yes", "no"]


@pytest.mark.parametrize("name", ["\x1b[2JAda", "Ada\r", "A\x9bda", "A\u202eda", "\x07A\x00da"])
def test_a_name_cannot_drive_the_terminal(name: str) -> None:
    """Escape sequences, carriage returns and turned writing direction are written out."""
    shown = table(("client",), [(name,)])
    assert "da" in shown
    assert all(char.isprintable() or char == "\n" for char in shown)


@given(st.text())
def test_printable_writes_out_only_what_cannot_be_printed(text: str) -> None:
    """Every other character stays, in order; no two texts of control characters look alike."""
    shown = printable(text)
    assert all(char.isprintable() or char == "\n" for char in shown)
    seen = [char for char in text if char.isprintable() or char == "\n"]
    written = "".join(c if c in seen else c.encode("unicode_escape").decode() for c in text)
    assert shown == written


def test_a_line_break_in_a_cell_does_not_break_the_table() -> None:
    """A name of two lines cannot look like two rows."""
    assert table(("client",), [("Ada\nmatters  9,999",)]).count("\n") == 2


def test_each_error_says_what_to_do() -> None:
    """The subject, the sentence and the hint; no error, no text."""
    text = errors_text([("matters", SignInNeededError()), ("", ConfigurationError("wrong"))])
    assert text == (
        f"matters: Clio refused the access token.\n  {SignInNeededError.hint}\n"
        f"wrong\n  {ConfigurationError.hint}\n"
    )
    assert errors_text([]) == ""


def test_one_thing_is_not_called_things() -> None:
    """Numbers and their nouns agree, here and in what waits on the way back to Clio."""
    assert [counted(n, "row") for n in (0, 1, 2_000)] == ["0 rows", "1 row", "2,000 rows"]
    plan = PlanWaiting("abc", "tomorrow", 1, 0)
    assert list(Waiting({"conflicted": 1, "proposed": 2}, (plan,)).lines()) == [
        "2 edits are proposed and wait for clio-sync plan.",
        "1 edit conflicts with what Clio has: clio-sync edits list.",
        "Plan abc: 1 edit waits for approval, and 0 approved not sent; valid until tomorrow.",
    ]


def test_a_file_of_gits_is_no_secret(tmp_path: Path) -> None:
    """What stands in an empty data folder of the repository lets nobody in."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    for name in (".gitkeep", ".gitignore"):
        (folder / name).touch(mode=0o644)
    assert data_folder(folder).status == "ok"
    (folder / "copy.csv").touch()
    (folder / "copy.csv").chmod(0o644)
    found = data_folder(folder)
    assert (found.status, found.what) == ("warn", "1 file has a mode for others too: copy.csv")
