"""Edits out of CSV files and workbooks: the round trip, and what a spreadsheet does to them."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import openpyxl
import pytest

from pipelines.edits import sheet
from pipelines.edits import template as templates
from pipelines.errors import EditRefusedError
from tests.system.firm import Firm
from tests.system.proposing import bring, made, propose, refused, template, told

pytestmark = pytest.mark.long

HEAD = "resource,id,field,new_value,reason\n"
Change = Mapping[str, str]


@pytest.fixture
def firm(unedited: Firm) -> Firm:
    """Return a loaded firm without any edit."""
    return unedited


def csv_rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file as any program does."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def fill_csv(path: Path, key: str, field: str, change: Change) -> None:
    """Fill in one row of a CSV file, and save it as a spreadsheet does."""
    rows = csv_rows(path)
    for row in rows:
        if (row["id"], row["field"]) == (key, field):
            row.update(change)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def fill_book(path: Path, key: str, field: str, change: Change) -> None:
    """Fill in one row of a workbook."""
    made = openpyxl.load_workbook(path)
    header, *rows = made.active.iter_rows()
    names = [cell.value for cell in header]
    for row in rows:
        if (row[1].value, row[2].value) == (key, field):
            for name, text in change.items():
                row[names.index(name)].value = text
    made.save(path)


FILL: dict[str, Callable[[Path, str, str, Change], None]] = {".csv": fill_csv, ".xlsx": fill_book}


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_file_makes_the_round_trip(firm: Firm, tmp_path: Path, suffix: str) -> None:
    """As it was exported it changes nothing; of what is filled in each cell becomes one edit;
    <clear> empties the field.
    """
    path = tmp_path / f"matters{suffix}"
    done = template(firm, path, "matters", where="id < 2000005")
    assert done.results[0]["rows"] > 60
    assert made(bring(firm, path)) == []
    FILL[suffix](path, "2000001", "status", {"new_value": "closed", "reason": "done"})
    FILL[suffix](path, "2000001", "practice_area.id", {"new_value": "<clear>", "reason": "none"})
    FILL[suffix](path, "2000002", "location", {"new_value": "'=1+1", "reason": "a room"})
    outcome = bring(firm, path)
    area = firm.clio.dump("matters")[0]["practice_area"]["id"]
    assert {field: (base, new) for field, base, new in made(outcome)} == {
        "location": (firm.clio.dump("matters")[1]["location"], "=1+1"),
        "practice_area.id": (area, None),
        "status": ("open", "closed"),
    }
    assert {edit["origin"] for edit in outcome.results} == {f"file {path.name}"}


RIGHTLY_REFUSED = (
    *("is not an option", "holds a line break", "that cannot be shown", "is not from 1900-01-01"),
    *("of more than 15 digits", "that turns the order of letters", "is money beyond"),
)
"""What the firm has and nobody may write: an option that is deleted, lines in a field of one."""


@pytest.mark.parametrize("resource", ["matters", "contacts", "tasks", "activities", "notes"])
def test_every_value_survives_the_round_trip(firm: Firm, tmp_path: Path, resource: str) -> None:
    """Each value, written back as the new one, is the one that the record has: names in any
    script, formulas, line ends, numbers with all their digits, options, dates.
    """
    path = tmp_path / "all.csv"
    template(firm, path, resource)
    rows = csv_rows(path)
    outcome = bring(firm, copied(path, rows))
    strange = [line for line in told(outcome) if not any(w in line for w in RIGHTLY_REFUSED)]
    assert strange == []
    refused_rows = {int(line.split(",")[0].removeprefix("row ")) for line in told(outcome)}
    kept = [row for number, row in enumerate(rows, 2) if number not in refused_rows]
    assert len(kept) > 0.9 * len(rows)
    assert made(bring(firm, copied(path, kept))) == []


def copied(path: Path, rows: list[dict[str, str]]) -> Path:
    """Write a file in which each value is to become what it is."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["resource", "id", "field", "new_value", "reason"])
        for row in rows:
            writer.writerow([row["resource"], row["id"], row["field"], row["old_value"], "same"])
    return path


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_an_old_value_that_is_copied_changes_nothing(
    firm: Firm, tmp_path: Path, suffix: str
) -> None:
    """Not even one that nobody could write, such as an escape character."""
    path = tmp_path / f"notes{suffix}"
    rows = template(firm, path, "notes").results[0]["rows"]
    if suffix == ".csv":
        filled = csv_rows(path)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(filled[0]))
            writer.writeheader()
            writer.writerows({**row, "new_value": row["old_value"]} for row in filled)
    else:
        book = openpyxl.load_workbook(path)
        for cells in book.active.iter_rows(min_row=2):
            cells[4].value = cells[3].value
        book.save(path)
    outcome = bring(firm, path)
    assert made(outcome) == []
    assert f"{rows} rows without a new value, or with the old one" in outcome.text


def test_a_row_that_was_made_from_another_value_is_refused(firm: Firm, tmp_path: Path) -> None:
    """The record changed after the file was written, or a spreadsheet changed the cell."""
    path = tmp_path / "matters.csv"
    template(firm, path, "matters", "location", where="id = 2000001")
    fill_csv(
        path, "2000001", "location", {"old_value": "elsewhere", "new_value": "x", "reason": "r"}
    )
    assert "row 2, column old_value: is not what the warehouse holds" in refused(bring(firm, path))


DAMAGED = [
    ("matters", "2000001", "open_date", "46082", "new_value", "a spreadsheet's number for a date"),
    ("matters", "2000001", "open_date", "3/14/2026", "new_value", "such as 2026-03-31"),
    ("matters", "1.2E+12", "status", "closed", "id", "was rounded by a spreadsheet"),
    ("matters", "2000001.0", "status", "closed", "id", "is not the id of a record"),
    ("matters", "2000001", "responsible_attorney.id", "1E+02", "new_value", "was rounded"),
    ("matters", "2000001", "client_reference", "1.2E+12", "new_value", "was rounded"),
    ("matters", "2000001", "location", "#REF!", "new_value", "an error of a spreadsheet"),
    ("matters", "2000001", "location", "=A1", "new_value", "is a formula"),
    ("matters", "2000001", "display_number", "1", "new_value", "without the zeros"),
    ("matters", "2000001", "billable", "YES", "new_value", "neither true nor false"),
    ("activities", "1", "price", "1,234.50", "new_value", "no thousands separator"),
    ("matter", "2000001", "status", "closed", "field", "cannot be edited"),
    ("matters", "2000001", "stauts", "closed", "field", "is not a field"),
]


def test_what_a_spreadsheet_damaged_is_told_by_row_and_column(firm: Firm, tmp_path: Path) -> None:
    """All of it at once, and nothing is proposed, not even the rows that are right."""
    number = firm.clio.dump("matters")[0]["display_number"]
    query = "update raw_clio_manage.matters set display_number = $1 where id = 2000001"
    with firm.writable() as warehouse:
        warehouse.execute(query, ["00001"])
    try:
        path = tmp_path / "damaged.csv"
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEAD.strip().split(","))
            writer.writerow(["matters", "2000002", "location", "right", "x"])
            writer.writerows([*row[:4], "x"] for row in DAMAGED)
        outcome = bring(firm, path)
    finally:
        with firm.writable() as warehouse:
            warehouse.execute(query, [number])
    assert outcome.results == ()
    found = told(outcome)
    assert len(found) == len(DAMAGED)
    for at, (line, (*_, column, words)) in enumerate(zip(found, DAMAGED, strict=True), 3):
        assert line.startswith(f"row {at}, column {column}: ")
        assert words in line


def test_cells_of_the_wrong_kind_are_refused(firm: Firm, tmp_path: Path) -> None:
    """A number or date cell for a text field is what a spreadsheet made of it; for a field of
    that kind it is taken.
    """
    contact = next(c for c in firm.clio.dump("contacts") if c["phone_numbers"])
    phone = f"phone_numbers[{contact['phone_numbers'][0]['id']}].number"
    free = next(a for a in firm.clio.dump("activities") if not (a["on_bill"] or a["billed"]))

    def book(*rows: tuple[object, ...]) -> Path:
        made = openpyxl.Workbook()
        made.active.append(HEAD.strip().split(","))
        for row in rows:
            made.active.append([*row, "x"])
        path = tmp_path / "kinds.xlsx"
        made.save(path)
        return path

    wrong = book(
        ("contacts", contact["id"], phone, 16045550100),
        ("matters", 2_000_001, "location", True),
    )
    lines = told(bring(firm, wrong))
    assert ["is a number cell" in lines[0], "is a boolean cell" in lines[1]] == [True, True]
    right = book(
        ("activities", free["id"], "price", 12.5),
        ("matters", 2_000_001, "billable", False),
        ("matters", 2_000_001, "responsible_attorney.id", 103),
    )
    assert [new for _, _, new in made(bring(firm, right))] == ["12.5", False, 103]


def test_the_same_row_twice_is_refused(firm: Firm, tmp_path: Path) -> None:
    """Even where both say the same, and where a field is spelled in two ways."""
    field = next(
        f for f in firm.clio.dump("custom_fields")
        if f["field_type"] == "text_area" and f["parent_type"] == "Matter"
    )  # fmt: skip
    path = tmp_path / "twice.csv"
    names = (f"custom_field_values[{field['id']}]", f"custom_field_values[{field['name']}]")
    path.write_text(HEAD + "".join(f"matters,2000001,{name},x,r\n" for name in names))
    assert "row 3, column field: the same field of the same record is changed by row 2" in refused(
        bring(firm, path)
    )


def test_reasons_come_from_the_row_or_for_all(firm: Firm, tmp_path: Path) -> None:
    """A row's own goes before the one for all; without any it is refused."""
    path = tmp_path / "reasons.csv"
    path.write_text(HEAD + "matters,2000001,location,x,mine\nmatters,2000002,location,x,\n")
    assert "row 3, column reason: is missing" in refused(bring(firm, path))
    edits = bring(firm, path, "for all").results
    assert [edit["reason"] for edit in edits] == ["mine", "for all"]


@pytest.mark.parametrize("resource", ["bills", "users", "trust_line_items", "webhooks"])
def test_money_is_neither_exported_nor_imported(firm: Firm, tmp_path: Path, resource: str) -> None:
    """Nor anything else that is never written."""
    with pytest.raises(EditRefusedError, match=f"records of {resource} cannot be edited"):
        template(firm, tmp_path / "x.csv", resource)
    path = tmp_path / "money.csv"
    path.write_text(HEAD + f"{resource},1,state,void,x\n")
    assert f"records of {resource} cannot be edited" in refused(bring(firm, path))


def test_templates_leave_out_what_cannot_be_edited(firm: Firm, tmp_path: Path) -> None:
    """Work on bills, documents in the trash; and stop where there would be too many rows."""
    path = tmp_path / "work.csv"
    template(firm, path, "activities", "note")
    billed = {str(a["id"]) for a in firm.clio.dump("activities") if a["on_bill"] or a["billed"]}
    shown = {row["id"] for row in csv_rows(path)}
    assert billed
    assert not shown & billed
    assert shown | billed == {str(a["id"]) for a in firm.clio.dump("activities")}


def test_templates_are_bounded(firm: Firm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than can be imported again are not written."""
    assert vars(templates)["MOST_ROWS"] == sheet.MOST_ROWS > 10
    monkeypatch.setattr(templates, "MOST_ROWS", 10)
    with pytest.raises(EditRefusedError, match="choose fields with --fields"):
        template(firm, tmp_path / "x.csv", "matters", "status", "location", where="id < 2000008")
    assert not (tmp_path / "x.csv").exists()
    assert propose(firm, "matters", 2_000_001, "location=x").exit_code == 0
