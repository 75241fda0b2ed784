"""Workbooks and CSV files as spreadsheets really write them: escapes, merged and hidden cells."""

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
import pytest

from pipelines.edits.edit import Gathered
from pipelines.edits.literals import TOO_LONG
from pipelines.edits.read_sheet import HIDDEN, gathered, imported, read_sheet
from pipelines.edits.write_sheet import LONGEST_CELL, SheetLine, write_sheet
from pipelines.errors import EditRefusedError

HEAD = ["resource", "id", "field", "new_value", "reason"]
OF_TEXTS = (
    b'<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-'
    b'officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
)
ROWS = [["tasks", number, "name", f"text {number}", "x"] for number in (1, 2, 3)]


def saved(folder: Path, change: Callable[[Any], None] = lambda sheet: None) -> Path:
    """Write a workbook of three rows, changed by a function that is given its sheet."""
    made = openpyxl.Workbook()
    for row in (HEAD, *ROWS):
        made.active.append(row)
    change(made.active)
    path = folder / "edits.xlsx"
    made.save(path)
    return path


def told(found: Gathered) -> list[tuple[str, str, str]]:
    """Return row, column and words of each problem."""
    return [(where, problem.column, str(problem)) for where, problem in found.problems]


def shared(folder: Path, *texts: str) -> Path:
    """Write a workbook whose texts are in a table of their own, as Excel and LibreOffice do."""
    path = saved(folder, lambda sheet: sheet.delete_rows(2, 3))
    items = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in texts)
    names = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in HEAD)
    rows = "".join(
        "<row>"
        '<c t="inlineStr"><is><t>tasks</t></is></c><c><v>1</v></c>'
        f'<c t="inlineStr"><is><t>name</t></is></c><c t="s"><v>{at}</v></c>'
        "</row>"
        for at in range(len(texts))
    )
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    parts = {
        "xl/sharedStrings.xml": f"<sst {space}>{items}</sst>",
        "xl/worksheets/sheet1.xml": (
            f"<worksheet {space}><sheetData><row>{names}</row>{rows}</sheetData></worksheet>"
        ),
    }
    made = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name).replace(b"</Types>", OF_TEXTS))
        for name, part in parts.items():
            new.writestr(name, part)
    path.write_bytes(made.getvalue())
    return path


def test_escapes_of_a_workbook_are_decoded(tmp_path: Path) -> None:
    """In the table of texts and in cells, each once; openpyxl's own way with them is undone."""
    escaped = [
        "a_x000D_\nb",
        "_x005F_x0041_",
        "_x0041_",
        "x005F_",
        "_x005f_x000D_",
        "_xD83D__xDE00_",
    ]
    meant = ["a\r\nb", "_x0041_", "A", "x005F_", "_x000D_", "\U0001f600"]
    found = [row.cell("new_value").text for row in read_sheet(shared(tmp_path, *escaped))]
    assert found == meant

    def put(sheet: Any) -> None:
        for at, text in enumerate(escaped[:3], 2):
            sheet.cell(at, 4).value = text

    path = saved(tmp_path, put)
    assert [row.cell("new_value").text for row in read_sheet(path)] == meant[:3]


@pytest.mark.parametrize(
    "text", ["_x000D_", "_x0041_", "a\r\nb", "\r", "_x005F_x0041_", "\x08", "\x1b[2J", "__x0041__"]
)
def test_what_looks_like_an_escape_is_written_as_a_text(tmp_path: Path, text: str) -> None:
    """And characters that no workbook can hold are written as escapes."""
    path = tmp_path / "a.xlsx"
    write_sheet(path, [SheetLine("notes", "1", "detail", text, "")])
    assert read_sheet(path)[0].cell("old_value").text == text


@pytest.mark.parametrize(
    "text", ["x" * (LONGEST_CELL + 1), "\U0001f600" * 20_000, "_x0041_" * 4_000]
)
def test_a_text_that_no_cell_can_hold_is_not_shortened(tmp_path: Path, text: str) -> None:
    """The cell says so; left alone it changes nothing, and it can be neither copied nor replaced.
    A CSV file holds the text.
    """
    path = tmp_path / "a.xlsx"
    write_sheet(path, [SheetLine("notes", "1", "detail", text, "")])
    (row,) = read_sheet(path)
    assert row.cell("old_value").text == TOO_LONG
    found = gathered([row], "x")
    assert (found.wanted, list(found.problems), found.blank) == ([], [], 1)
    book = openpyxl.load_workbook(path)
    book.active["E2"].value = "new"
    book.save(path)
    assert [(where, column) for where, column, _ in told(imported(path, "x"))] == [
        ("row 2", "old_value")
    ]
    write_sheet(tmp_path / "a.csv", [SheetLine("notes", "1", "detail", text, "")])
    assert read_sheet(tmp_path / "a.csv")[0].cell("old_value").text == text


def test_a_text_that_just_fits_is_whole(tmp_path: Path) -> None:
    """So many characters a cell of a workbook holds."""
    path = tmp_path / "a.xlsx"
    write_sheet(path, [SheetLine("notes", "1", "detail", "x" * LONGEST_CELL, "")])
    assert read_sheet(path)[0].cell("old_value").text == "x" * LONGEST_CELL


def test_merged_cells_are_refused(tmp_path: Path) -> None:
    """Each row that they cover, by its column: the value shows in all and is kept in one."""
    path = saved(tmp_path, lambda sheet: sheet.merge_cells("D2:D4"))
    found = told(imported(path, ""))
    assert [(where, column) for where, column, _ in found] == [
        (f"row {number}", "new_value") for number in (2, 3, 4)
    ]
    assert all("is merged with other cells" in words for *_, words in found)


def test_a_merged_header_is_refused(tmp_path: Path) -> None:
    """Whatever stands below."""
    with pytest.raises(EditRefusedError, match="column new_value is merged"):
        read_sheet(saved(tmp_path, lambda sheet: sheet.merge_cells("D1:E1")))


def hide_row(sheet: Any) -> None:
    """Hide a row."""
    sheet.row_dimensions[3].hidden = True


def filter_rows(sheet: Any) -> None:
    """Filter the table; a spreadsheet hides the rows that do not pass."""
    sheet.auto_filter.ref = "A1:E4"
    sheet.auto_filter.add_filter_column(3, ["text 1", "text 3"])
    hide_row(sheet)


@pytest.mark.parametrize("change", [hide_row, filter_rows])
def test_a_hidden_row_that_changes_something_is_refused(
    tmp_path: Path, change: Callable[[Any], None]
) -> None:
    """By its number: nobody saw what it proposes. One that changes nothing is left alone."""
    assert told(imported(saved(tmp_path, change), "")) == [("row 3", "", HIDDEN)]

    def emptied(sheet: Any) -> None:
        change(sheet)
        sheet["D3"].value = None

    found = imported(saved(tmp_path, emptied), "")
    assert (told(found), len(found.wanted), found.blank) == ([], 2, 1)


def test_a_hidden_column_is_refused(tmp_path: Path) -> None:
    """By its name."""

    def hide(sheet: Any) -> None:
        sheet.column_dimensions["D"].hidden = True

    with pytest.raises(EditRefusedError, match="the column new_value is hidden"):
        read_sheet(saved(tmp_path, hide))


def test_an_apostrophe_that_a_spreadsheet_keeps_aside_counts(tmp_path: Path) -> None:
    """It marks the text in the cell as one that is meant, and is no part of it."""

    def quote(sheet: Any) -> None:
        for at, text in enumerate(["Null", "<clear>", "plain"], 2):
            cell = sheet.cell(at, 4)
            cell.value = text
            cell.number_format = "@"
            cell._style.quotePrefix = 1

    found = imported(saved(tmp_path, quote), "").wanted
    assert [(one.new_value, one.is_literal) for one in found] == [
        ("Null", True),
        ("<clear>", True),
        ("plain", False),
    ]


def test_a_clock_is_taken_where_a_time_is_meant(tmp_path: Path) -> None:
    """A spreadsheet makes a clock of 1:30."""

    def put(sheet: Any) -> None:
        sheet["D2"].value = dt.time(1, 30)

    (first, *_) = read_sheet(saved(tmp_path, put))
    assert (first.cell("new_value").text, first.cell("new_value").kind) == ("01:30:00", "time")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("sep=,\nresource,id,field,new_value,reason\ntasks,1,name,a,x\n", ["row 2"]),
        ('"sep=;"\r\nresource;id;field;new_value;reason\r\ntasks;1;name;"a;b";x\r\n', ["row 2"]),
        ("sep=|\nresource|id|field|new_value|reason\ntasks|1|name|a|x\n", ["row 2"]),
        ("\n\nresource,id,field,new_value,reason\ntasks,1,name,a,x\n", ["row 4"]),
        (";;;;\r\nresource;id;field;new_value;reason\r\ntasks;1;name;a,b;x\r\n", ["row 3"]),
    ],
)
def test_first_lines_that_are_no_header(tmp_path: Path, text: str, numbers: list[str]) -> None:
    """One that names the separator, which spreadsheets do not show, and blank ones."""
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    assert [wanted.where for wanted in imported(path, "").wanted] == numbers


def test_blank_first_rows_of_a_workbook(tmp_path: Path) -> None:
    """Rows keep the numbers that the spreadsheet shows."""
    path = saved(tmp_path, lambda sheet: sheet.insert_rows(1, 2))
    assert [wanted.where for wanted in imported(path, "").wanted] == ["row 4", "row 5", "row 6"]


def test_a_cell_of_any_length_is_read(tmp_path: Path) -> None:
    """Longer than Python's own bound, which stays as it was."""
    before, path = csv.field_size_limit(), tmp_path / "a.csv"
    path.write_text(f"resource,id,field,new_value,reason\ntasks,1,name,{'x' * 131_073},y\n")
    assert len(imported(path, "").wanted[0].new_value) == 131_073
    assert csv.field_size_limit() == before


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_separator_makes_a_formula_of_a_text(tmp_path: Path, separator: str) -> None:
    """Whichever a spreadsheet takes, and whether or not it heeds quotes in the middle of a line."""
    texts = ["a;=1+1", "a;@SUM(A1)", "a\t=1", "a\n=cmd|' /C calc'!A0", "x; -1+1", "a;\n+1", "'a;=1"]
    lines = [SheetLine("notes", "1", "detail", text, text) for text in texts]
    path = tmp_path / "a.csv"
    write_sheet(path, lines)
    text = path.read_text("utf-8-sig")
    cells = [cell.strip(' "') for line in text.splitlines() for cell in line.split(separator)]
    assert [cell for cell in cells if cell[:1] in {"=", "+", "-", "@"}] == []
    assert [row.cell("old_value").text for row in read_sheet(path)] == texts
