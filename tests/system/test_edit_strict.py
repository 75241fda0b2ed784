"""One strict reading: hours with their unit, records found by a field, names hard to write."""

import csv
import json
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipelines.edits.assignments import assigned
from pipelines.edits.finding import found
from pipelines.edits.literals import guarded
from pipelines.edits.propose import run_proposal
from pipelines.edits.template import TemplateChoice, run_template
from pipelines.errors import EditRefusedError
from pipelines.outcome import Outcome
from tests.system.firm import Firm
from tests.system.proposing import ask, bring, made, propose, refused, template, told, work

HEAD = "resource,id,field,new_value,reason\n"
BARE = "1.5h, minutes as 90m, seconds as 5400s, or 1:30"


@pytest.fixture
def firm(unedited: Firm) -> Firm:
    """Return a loaded firm without any edit."""
    return unedited


def activity(firm: Firm, kind: str) -> dict[str, Any]:
    """Return an activity of a type that is on no bill."""
    return next(
        dict(a)
        for a in firm.clio.dump("activities")
        if a["type"] == kind and not (a["on_bill"] or a["billed"])
    )


@contextmanager
def changed(firm: Firm, before: str, after: str) -> Iterator[None]:
    """Change the warehouse for a while."""
    with firm.writable() as warehouse:
        warehouse.execute(before)
    try:
        yield
    finally:
        with firm.writable() as warehouse:
            warehouse.execute(after)


@contextmanager
def held(firm: Firm, table: str, column: str, key: object, value: object) -> Iterator[None]:
    """Let a record hold another value for a while."""
    where = f"raw_clio_manage.{table} set {column} = $1 where id = $2"
    with firm.writable() as warehouse:
        query = f"select {column} from raw_clio_manage.{table} where id = $1"
        (before,) = warehouse.execute(query, [key]).fetchall()[0]
        warehouse.execute(f"update {where}", [value, key])
    try:
        yield
    finally:
        with firm.writable() as warehouse:
            warehouse.execute(f"update {where}", [before, key])


@pytest.mark.parametrize("text", ["1.5h", "90m", "5400s", "1:30"])
def test_hours_are_written_with_their_unit(firm: Firm, text: str) -> None:
    """However they are, Clio is sent seconds, and a person sees both."""
    entry = activity(firm, "TimeEntry")
    outcome = propose(firm, "activities", entry["id"], f"quantity={text}")
    assert [new for *_, new in made(outcome)] == ["5400"]
    assert "5400s (1.5 h)" in outcome.text


@pytest.mark.parametrize("text", ["1.5", "0.1", "1.234", "-3600", "99999999999", "3600"])
def test_hours_without_a_unit_are_refused(firm: Firm, text: str, tmp_path: Path) -> None:
    """On the command line, out of a file, and as the number of a query."""
    key = activity(firm, "TimeEntry")["id"]
    assert BARE in refused(propose(firm, "activities", key, f"quantity={text}"))
    path = tmp_path / "a.csv"
    path.write_text(f"{HEAD}activities,{key},quantity,{text},x\n")
    words = refused(bring(firm, path))
    assert words.startswith("row 2, column new_value: quantity is a time without a unit")
    assert text not in words.replace(BARE, "")
    query = (
        f"select 'activities' as resource, {key} as id, 'quantity' as field, {{}} as new_value,"
        " 'x' as reason"
    )
    folder = firm.folder / "proposals"
    folder.mkdir(exist_ok=True)
    (folder / "hours.sql").write_text(query.format(text))
    assert BARE in refused(ask(firm, "hours"))
    (folder / "hours.sql").write_text(query.format("'3600s'"))
    assert made(ask(firm, "hours"))


def test_the_quantity_of_an_expense_is_a_count(firm: Firm) -> None:
    """A plain number; a unit is refused. Which of the two it is the record says."""
    key = activity(firm, "ExpenseEntry")["id"]
    assert [new for *_, new in made(propose(firm, "activities", key, "quantity=7"))] == ["7"]
    assert "and no time" in refused(propose(firm, "activities", key, "quantity=1.5h"))
    with held(firm, "activities", "type", key, None):
        words = refused(propose(firm, "activities", key, "quantity=7"))
    assert "whether this is time or an expense is not known" in words
    assert "no such record" in refused(propose(firm, "activities", 5, "quantity=7"))


def test_type_and_quantity_are_not_changed_together(firm: Firm) -> None:
    """The same number would mean something else; an unchanged type is no change."""
    key = activity(firm, "TimeEntry")["id"]
    both = propose(firm, "activities", key, "type=ExpenseEntry", "quantity=1h")
    assert "has another unit in an entry of another type" in " ".join(told(both))
    assert made(propose(firm, "activities", key, "type=TimeEntry", "quantity=1h"))


def test_templates_show_the_unit(firm: Firm, tmp_path: Path) -> None:
    """Of time, not of an expense; and what they show is what is imported."""
    work_, paid = (activity(firm, kind) for kind in ("TimeEntry", "ExpenseEntry"))
    path = tmp_path / "a.csv"
    where = f"id in ({work_['id']}, {paid['id']})"
    template(firm, path, "activities", "quantity", where=where)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    shown = {int(row["id"]): row["old_value"] for row in rows}
    assert shown == {
        work_["id"]: f"{int(work_['quantity'])}s",
        paid["id"]: str(paid["quantity"]).removesuffix(".0"),
    }
    for row in rows:
        row.update(new_value="2h" if row["id"] == str(work_["id"]) else "41", reason="x")
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert sorted(new for *_, new in made(bring(firm, path))) == ["41", "7200"]


@pytest.mark.parametrize(
    ("settings", "text", "words"),
    [
        ("6 as rounding, false as use_decimal_rounding", "100m", "in steps of 6 minutes"),
        ("6 as rounding, false as use_decimal_rounding", "1.5h", ""),
        ("null as rounding, true as use_decimal_rounding", "100s", "a hundredth of an hour"),
        ("null as rounding, true as use_decimal_rounding", "36s", ""),
        ("0 as rounding, false as use_decimal_rounding", "100s", ""),
    ],
)
def test_what_clio_will_round_is_said(firm: Firm, settings: str, text: str, words: str) -> None:
    """Where the billing settings are loaded and say so."""
    table = "raw_clio_manage.settings_billing"
    key = activity(firm, "TimeEntry")["id"]
    with changed(firm, f"create table {table} as select {settings}", f"drop table {table}"):
        outcome = propose(firm, "activities", key, f"quantity={text}")
    assert made(outcome)
    assert ("Clio bills time" in outcome.text) is bool(words)
    assert words in outcome.text


def test_an_amount_that_is_ten_times_the_old_one_is_said(firm: Firm) -> None:
    """Or a tenth of it; not less."""
    entry = activity(firm, "TimeEntry")
    with held(firm, "activities", "price", entry["id"], 200):
        for price, is_said in (("2000", True), ("20", True), ("1999", False), ("21", False)):
            for path in firm.folder.glob("ledger*"):
                path.unlink()
            outcome = propose(firm, "activities", entry["id"], f"price={price}")
            assert made(outcome)
            assert ("look again" in outcome.text) is is_said


def named(firm: Firm, resource: str, name: str, *changes: str) -> Outcome:
    """Propose changes of the record that a field names."""
    return run_proposal(
        work(firm),
        "edits propose",
        lambda at: assigned(resource, found(at, resource, name), changes, "x"),
    )


def test_a_record_is_found_by_a_field_that_it_alone_has(firm: Firm) -> None:
    """E-mail addresses in any case, also one that is not the first; the rest as it is written."""
    contact = next(c for c in firm.clio.dump("contacts") if c["email_addresses"])
    matter = firm.clio.dump("matters")[3]
    entries = [{"id": 1, "address": "first@x.org"}, {"id": 2, "address": "Jané@X.org"}]
    with held(firm, "contacts", "email_addresses", contact["id"], json.dumps(entries)):
        for key in ("email=JANÉ@x.ORG", "email= first@x.org ", f"id={contact['id']}"):
            for path in firm.folder.glob("ledger*"):
                path.unlink()
            (edit,) = named(firm, "contacts", key, "title=Dr").results
            assert edit["record_id"] == str(contact["id"])
    (edit,) = named(
        firm, "matters", f"display_number={matter['display_number']}", "location=x"
    ).results
    assert edit["record_id"] == str(matter["id"])


def test_a_record_that_is_not_certain_is_not_guessed(firm: Firm) -> None:
    """None, several, a part of it, a deleted one, another field; and no value is repeated."""
    one, two = (contact["id"] for contact in firm.clio.dump("contacts")[:2])
    entries = json.dumps([{"id": 1, "address": "twice@x.org"}])
    with (
        held(firm, "contacts", "email_addresses", one, entries),
        held(firm, "contacts", "email_addresses", two, entries),
    ):
        for key, words in (
            ("email=twice@x.org", f"have this email: {one}, {two}; name one by its id"),
            ("email=nobody@x.org", "no record of contacts in the warehouse has this email"),
            ("email=twice@x", "no record of contacts"),
            ("email=", "no record of contacts"),
            ("title=Dr", "valid are id, email, name"),
        ):
            with pytest.raises(EditRefusedError) as error:
                named(firm, "contacts", key, "title=Dr")
            assert words in str(error.value)
            assert "nobody@" not in str(error.value)
    for resource, valid in (("tasks", "valid are id"), ("matters", "valid are id, display_number")):
        with pytest.raises(EditRefusedError, match=valid):
            named(firm, resource, "name=x", "name=y")


def test_a_deleted_record_is_not_found(firm: Firm) -> None:
    """Of two with one address, the other one is meant."""
    one, two = (contact["id"] for contact in firm.clio.dump("contacts")[:2])
    entries = json.dumps([{"id": 1, "address": "twice@x.org"}])
    bury = (
        "insert into meta.tombstones by name select 'clio_manage' as source,"
        f" 'contacts' as resource, '{one}' as record_id"
    )
    dig = f"delete from meta.tombstones where record_id = '{one}'"
    with (
        held(firm, "contacts", "email_addresses", one, entries),
        held(firm, "contacts", "email_addresses", two, entries),
        changed(firm, bury, dig),
    ):
        (edit,) = named(firm, "contacts", "email=twice@x.org", "title=Dr").results
    assert edit["record_id"] == str(two)


@pytest.mark.parametrize("name", ["Rate [old] = x", "Gru\u0308\u00df Gott", "a ] b", "x, y;=1"])
def test_a_custom_field_of_a_hard_name_is_addressed(firm: Firm, tmp_path: Path, name: str) -> None:
    """On the command line, by a template and by an import, its letters composed or not."""
    key = next(
        f["id"] for f in firm.clio.dump("custom_fields")
        if f["field_type"] == "text_line" and f["parent_type"] == "Matter" and not f["deleted"]
    )  # fmt: skip
    field = f"custom_field_values[{key}]"
    other = unicodedata.normalize("NFC", name)
    with held(firm, "custom_fields", "name", key, name):
        for spelled in (name, other):
            wanted = f"custom_field_values[{spelled}]"
            for path in firm.folder.glob("ledger*"):
                path.unlink()
            assert made(propose(firm, "matters", 2_000_001, f"{wanted}=5"))[0][0] == field
            path = tmp_path / f"{len(list(tmp_path.iterdir()))}.csv"
            template(firm, path, "matters", wanted, where="id = 2000001")
            wide = path.with_suffix(".xlsx")
            run_template(
                work(firm), TemplateChoice("matters", (wanted,), "id = 2000001", is_wide=True), wide
            )
            book = openpyxl.load_workbook(wide)
            header = [cell.value for cell in book["edits"][1]]
            book["edits"].cell(2, 4).value = "7"
            book.save(wide)
            assert header[3] == guarded(f"custom_field_values[{name}]")
            for path in firm.folder.glob("ledger*"):
                path.unlink()
            assert [name for name, *_ in made(bring(firm, wide, "x"))] == [field]


def test_a_text_that_looks_like_a_word_can_be_written(firm: Firm) -> None:
    """A person named Null; and `<clear>` in every bracket empties the field."""
    key = firm.clio.dump("contacts")[0]["id"]
    assert "stands for no value" in refused(propose(firm, "contacts", key, "last_name=Null"))
    assert "an error of a spreadsheet" in refused(propose(firm, "contacts", key, "title=#NV"))
    assert "is nearly <clear>" in refused(propose(firm, "contacts", key, "title=[clear]"))
    edits = made(propose(firm, "contacts", key, "last_name='Null", "title=text:<clear>"))
    assert [new for *_, new in edits] == ["Null", "<clear>"]
    with held(firm, "contacts", "prefix", key, "Dr"):
        assert [
            new for *_, new in made(propose(firm, "contacts", key, "prefix=\u2039CLEAR\u203a"))
        ] == [None]
