"""`clio-sync edits`: a person's way from a proposal to a file and back, and what is refused."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pipelines.cli import main
from sources.clio_http.catalog import read_catalog
from sources.clio_manage.writable import COLLECTIONS
from tests.cli.here import put_back
from tests.system.firm import Firm
from tests.system.process import environment, run

HEAD = "resource,id,field,new_value,reason\n"
EVERY = sorted(read_catalog("clio_manage").collections)
Done = tuple[int, str, str]


@pytest.fixture
def firm(unedited: Firm, monkeypatch: pytest.MonkeyPatch) -> Iterator[Firm]:
    """Return a loaded firm without any edit, to which this process's commands go."""
    monkeypatch.setenv("CLIO_SYNC__DATA_DIR", str(unedited.folder))
    monkeypatch.setenv("CLIO_SYNC__ACTOR", "Ada Author")
    with put_back():
        yield unedited


def call(*words: str) -> Done:
    """Run a command in this process; give its exit code and what it printed where."""
    done = CliRunner().invoke(main, ["edits", *words])
    return done.exit_code, done.stdout, done.stderr


def document(*words: str) -> dict[str, Any]:
    """Run a command, and read the JSON document that it printed."""
    found: dict[str, Any] = json.loads(call(*words, "--json")[1])
    return found


def test_a_person_proposes_looks_and_withdraws(firm: Firm) -> None:
    """Each step names what comes next; the author is who is configured."""
    code, out, err = call("propose", "matters", "2000001", "status=closed", "--reason", "settled")
    assert (code, err) == (0, "")
    assert "open" in out
    assert "closed" in out
    assert "Next: clio-sync plan" in out
    (edit,) = document("list")["results"]
    assert (edit["author"], edit["reason"], edit["state"]) == ("Ada Author", "settled", "proposed")
    _, shown, _ = call("show", edit["edit_id"])
    assert "settled" in shown
    assert "edit_proposed" in shown
    code, out, _ = call("withdraw", edit["edit_id"], "--reason", "no")
    assert (code, out) == (0, "1 edit withdrawn; nothing was sent to Clio.\n")
    assert call("list")[1] == "0 open edits.\n"


def test_a_person_fills_in_a_file(firm: Firm, tmp_path: Path) -> None:
    """The template names the command that takes it; what is filled in is proposed."""
    path = tmp_path / "our matters.csv"
    where = ("--where", "id <= 2000003", "--fields", "status,location")
    code, out, _ = call("template", "matters", "--out", str(path), *where)
    assert code == 0
    assert f"Next: clio-sync edits import '{path}'" in out
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 7
    rows[2][4:6] = ["A2", "moved"]
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    printed = document("import", str(path))
    assert printed["command"] == "edits import"
    assert [edit["new_value"] for edit in printed["results"]] == ["A2"]


def test_a_person_names_a_record_by_its_number(firm: Firm) -> None:
    """Instead of its id; one that nobody has is refused, and its value is not repeated."""
    matter = firm.clio.dump("matters")[2]
    key = f"display_number={matter['display_number']}"
    printed = document("propose", "matters", key, "location=x", "--reason", "moved")
    assert [edit["record_id"] for edit in printed["results"]] == [str(matter["id"])]
    code, _, err = call("propose", "matters", "display_number=77777", "location=x", "--reason", "y")
    assert (code, "name it by its id" in err, "77777" in err) == (2, True, False)


def test_a_person_fills_in_a_wide_file(firm: Firm, tmp_path: Path) -> None:
    """A row for each record; what is written over is proposed, in words of its own column."""
    path = tmp_path / "wide.csv"
    where = ("--where", "id <= 2000002", "--fields", "status,location", "--wide")
    code, out, _ = call("template", "matters", "--out", str(path), *where)
    assert (code, out.startswith("2 rows were written")) == (0, True)
    text = path.read_text("utf-8-sig")
    head, first, rest = text.split("\n", 2)
    path.write_text("\n".join((head, first.replace('"open"', '"pending"', 1), rest)))
    printed = document("import", str(path), "--reason", "on hold")
    assert [edit["new_value"] for edit in printed["results"]] == ["pending"]


def test_a_query_is_run_by_name(firm: Firm) -> None:
    """And an unknown name is answered with those that there are."""
    assert call("run", "set_responsible_attorney")[0] == 0
    code, _, err = call("run", "close")
    assert code == 2
    assert "close_closable_matters, normalise_phone_numbers, set_responsible_attorney" in err


def test_every_error_of_a_file_is_told_at_once(firm: Firm, tmp_path: Path) -> None:
    """By row and column, with what would be right, and one hint for all of them; what Excel did
    to dates, zeros and long ids is not guessed at, and no value is repeated.
    """
    path = tmp_path / "damaged.csv"
    path.write_text(
        HEAD
        + "matters,2000001,open_date,46082,x\n"
        + "matters,1.2E+12,status,closed,x\n"
        + "matters,2000002,status,geschlossen,x\n"
        + "matters,2000002,location,fine,x\n"
    )
    code, out, err = call("import", str(path))
    assert (code, out) == (2, "Nothing was proposed.\n")
    lines = err.splitlines()
    assert lines[0].startswith("row 2, column new_value: open_date is a spreadsheet's number")
    assert lines[1].startswith("row 3, column id: was rounded by a spreadsheet")
    assert lines[2] == "row 4, column new_value: status is not one of open, closed, pending"
    assert len(lines) == 4
    assert "geschlossen" not in err
    errors = document("import", str(path))["errors"]
    assert [error["code"] for error in errors] == ["edit_refused"] * 3
    assert call("list")[1] == "0 open edits.\n"


def test_names_that_are_mistyped(firm: Firm) -> None:
    """A collection, a field, a state: each is answered with those that there are, exit 2."""
    for words, valid in (
        (("propose", "matter", "1", "status=closed", "--reason", "x"), "matters, notes"),
        (("propose", "matters", "2000001", "stauts=closed", "--reason", "x"), "status"),
        (("list", "--state", "porposed"), "proposed, planned"),
        (("template", "matter", "--out", "x.csv"), "matters, notes"),
        (("template", "matters", "--fields", "stauts", "--out", "x.csv"), "status"),
        (("propose", "matters", "2000001", "status", "--reason", "x"), "FIELD=VALUE"),
        (("propose", "matters", "2000001", "status=", "--reason", "x"), "status=<clear>"),
    ):
        code, _, err = call(*words)
        assert code == 2, words
        assert valid in err
    assert not Path("x.csv").exists()


def test_an_unknown_setting_is_answered_with_the_known(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a name in clio_sync.writable that the code never lets be written."""
    monkeypatch.setenv("CLIO_SYNC__WRITABEL", "matters")
    code, _, err = call("propose", "matters", "2000001", "location=x", "--reason", "x")
    assert code == 2
    assert "clio_sync.writable" in err
    monkeypatch.delenv("CLIO_SYNC__WRITABEL")
    monkeypatch.setenv("CLIO_SYNC__WRITABLE", "matters,bills")
    code, _, err = call("propose", "matters", "2000001", "location=x", "--reason", "x")
    assert code == 2
    assert "can only narrow; bills is unknown" in err


@pytest.mark.parametrize("words", [("--token", "canary-1"), ("--access-token=canary-1",)])
def test_a_token_on_the_command_line_is_refused(firm: Firm, words: tuple[str, ...]) -> None:
    """Process lists and shell histories would keep it; it is not repeated either."""
    code, out, err = call("propose", "matters", "2000001", "location=x", "--reason", "r", *words)
    assert code == 2
    assert "canary" not in out + err
    assert call("list")[1] == "0 open edits.\n"


def test_nothing_but_nine_collections_can_be_imported(firm: Firm, tmp_path: Path) -> None:
    """No bill, line item, trust, bank, payment, allocation, user or webhook: each row is told."""
    others = [name for name in EVERY if name not in COLLECTIONS]
    path = tmp_path / "money.csv"
    path.write_text(HEAD + "".join(f"{name},1,state,void,x\n" for name in others))
    code, _, err = call("import", str(path))
    assert code == 2
    lines = err.splitlines()[:-1]
    assert len(lines) == len(others) > 60
    for name, line in zip(others, lines, strict=True):
        assert f"records of {name} cannot be edited" in line
    assert recorded() == []


@pytest.mark.parametrize(
    "resource",
    ["bills", "line_items", "trust_line_items", "bank_transactions", "clio_payments_payments",
     "allocations", "users", "webhooks"],
)  # fmt: skip
def test_money_cannot_be_proposed_whatever_the_settings_say(
    firm: Firm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resource: str
) -> None:
    """A setting that names it is refused itself, and without it the collection is."""
    words = ("propose", resource, "1", "state=void", "--reason", "x")
    assert f"records of {resource} cannot be edited" in call(*words)[2]
    out = str(tmp_path / "out.csv")
    assert f"records of {resource} cannot be edited" in call("template", resource, "--out", out)[2]
    monkeypatch.setenv("CLIO_SYNC__WRITABLE", resource)
    assert f"can only narrow; {resource} is unknown" in call(*words)[2]
    monkeypatch.delenv("CLIO_SYNC__WRITABLE")
    assert recorded() == []


def recorded() -> list[object]:
    """Return every edit of the ledger."""
    return list(document("list", "--all")["results"])


@pytest.mark.parametrize("resource", sorted(COLLECTIONS))
def test_nothing_is_made_deleted_or_announced(firm: Firm, resource: str) -> None:
    """No field that removes, restores, is made by Clio or tells people may be edited."""
    changes = (
        *("_destroy=true", "_deleted=single", "id=5", "etag=x", "restore=true"),
        *("custom_rate.type=x", "notify_assignee=true", "send_email_notification=true"),
        *("task_template_list_instances=x", "statute_of_limitations.due_at=2026-01-01"),
    )
    code, _, err = call("propose", resource, "1", *changes, "--reason", "x")
    assert code == 2
    assert err.count("is not a field that may be edited") == len(changes)


def test_it_works_as_a_process_of_its_own(firm: Firm) -> None:
    """Without this process's modules, and with one line of JSON on standard output."""
    words = ("propose", "matters", "2000001", "location=x", "--reason", "r", "--json")
    done = run("edits", *words, env=environment(firm.folder))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    assert json.loads(done.stdout)["results"][0]["new_value"] == "x"
