"""Wide templates: a row for each record, names beside ids, lists to choose from; and back."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipelines.edits.read_book import LISTS
from pipelines.edits.template import TemplateChoice, run_template
from pipelines.outcome import Outcome
from tests.system.firm import Firm
from tests.system.proposing import bring, made, refused, told, work

FIELDS = ("status", "location", "client.id", "billable", "custom_field_values[]")


@pytest.fixture
def firm(unedited: Firm) -> Firm:
    """Return a loaded firm without any edit."""
    return unedited


def wide(firm: Firm, path: Path, resource: str, *fields: str, where: str = "") -> Outcome:
    """Write a wide template."""
    return run_template(work(firm), TemplateChoice(resource, fields, where, is_wide=True), path)


def opened(path: Path) -> tuple[Any, list[str]]:
    """Open a workbook; return it and its header."""
    book = openpyxl.load_workbook(path)
    return book, [cell.value for cell in book["edits"][1]]


def test_a_wide_template(firm: Firm, tmp_path: Path) -> None:
    """A row for each record, its name, the name beside each id, and the old values at the end."""
    path = tmp_path / "wide.xlsx"
    outcome = wide(firm, path, "matters", *FIELDS, where="id <= 2000003")
    assert outcome.results[0]["rows"] == 3
    book, header = opened(path)
    assert header[:8] == [
        *("resource", "id", "label", "status", "location", "client.id", "name:client.id"),
        "billable",
    ]
    assert "custom_field_values[Matter picklist]" in header
    matter = firm.clio.dump("matters")[0]
    rows = list(book["edits"].iter_rows(min_row=2, values_only=True))
    first = dict(zip(header, rows[0], strict=True))
    assert (first["label"], first["client.id"]) == (
        matter["display_number"],
        str(matter["client"]["id"]),
    )
    assert first["name:client.id"] == matter["client"]["name"]
    assert first["status"] == first["old:status"] == "open"
    assert made(bring(firm, path, "x")) == []


def test_lists_offer_what_may_be_chosen(firm: Firm, tmp_path: Path) -> None:
    """The choices of Clio, the options of a pick list that are not deleted, and the empty value."""
    path = tmp_path / "wide.xlsx"
    wide(firm, path, "matters", *FIELDS)
    book, header = opened(path)
    offered = {}
    for rule in book["edits"].data_validations.dataValidation:
        column = next(iter(rule.sqref.ranges)).min_col
        cells = book[LISTS][rule.formula1.rpartition("!")[2].replace("$", "")]
        offered[header[column - 1]] = [cell.value for (cell,) in cells]
    field = next(f for f in firm.clio.dump("custom_fields") if f["name"] == "Matter picklist")
    options = [o["option"] for o in field["picklist_options"] if not o.get("deleted_at")]
    assert offered["status"] == ["open", "closed", "pending"]
    assert offered["billable"] == ["true", "false"]
    assert offered["custom_field_values[Matter picklist]"] == [*options, "<clear>"]


def test_what_is_written_over_is_proposed(firm: Firm, tmp_path: Path) -> None:
    """Against the old value; where the warehouse has another by now, the cell is refused."""
    path = tmp_path / "wide.xlsx"
    wide(firm, path, "matters", *FIELDS, where="id <= 2000003")
    book, header = opened(path)
    sheet = book["edits"]
    sheet.cell(2, header.index("status") + 1).value = "closed"
    sheet.cell(3, header.index("location") + 1).value = "<clear>"
    sheet.cell(4, header.index("custom_field_values[Matter picklist]") + 1).value = "Medium"
    book.save(path)
    fields = [(field, new) for field, _, new in made(bring(firm, path, "x"))]
    assert fields[0] == ("status", "closed")
    assert fields[-1][0].startswith("custom_field_values[")
    with firm.writable() as warehouse:
        warehouse.execute(
            "update raw_clio_manage.matters set status = 'Pending' where id = 2000001"
        )
    try:
        for ledger in firm.folder.glob("ledger*"):
            ledger.unlink()
        words = refused(bring(firm, path, "x"))
    finally:
        with firm.writable() as warehouse:
            warehouse.execute(
                "update raw_clio_manage.matters set status = 'Open' where id = 2000001"
            )
    assert words.startswith("row 2, column status: is not what the warehouse holds")


def test_what_is_wrong_is_told_by_the_name_of_the_column(firm: Firm, tmp_path: Path) -> None:
    """And a wrong id once, not for each field."""
    path = tmp_path / "wide.xlsx"
    wide(firm, path, "matters", *FIELDS, where="id <= 2000002")
    book, header = opened(path)
    sheet = book["edits"]
    for column in ("status", "location", "billable"):
        sheet.cell(2, header.index(column) + 1).value = "no"
    sheet.cell(3, 2).value = "1.2E+12"
    for column in ("location", "billable"):
        sheet.cell(3, header.index(column) + 1).value = "x"
    book.save(path)
    lines = told(bring(firm, path, "x"))
    assert [line.partition(":")[0] for line in lines] == [
        "row 2, column status",
        "row 2, column billable",
        "row 3, column id",
    ]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_elements_of_lists(firm: Firm, tmp_path: Path, suffix: str) -> None:
    """By their place, with the id beside it."""
    path = tmp_path / f"phones{suffix}"
    wide(firm, path, "contacts", "phone_numbers[].number", "phone_numbers[].name")
    assert made(bring(firm, path, "x")) == []
    if suffix == ".csv":
        return
    contact = next(c for c in firm.clio.dump("contacts") if len(c["phone_numbers"]) > 1)
    book, header = opened(path)
    row = next(r for r in book["edits"].iter_rows(min_row=2) if r[1].value == str(contact["id"]))
    row[header.index("phone_numbers#2.number")].value = "text:+15"
    book.save(path)
    second = contact["phone_numbers"][1]
    assert made(bring(firm, path, "x")) == [
        (f"phone_numbers[{second['id']}].number", second["number"], "+15")
    ]
