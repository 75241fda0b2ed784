"""CSV files and workbooks: what comes out is what went in, and nothing is guessed."""

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.edits import read_book
from pipelines.edits import read_sheet as sheets
from pipelines.edits.literals import guarded, marked, unguarded, unmarked
from pipelines.edits.read_csv import csv_lines
from pipelines.edits.read_sheet import gathered, imported, read_sheet
from pipelines.edits.write_sheet import HEADER, SheetLine, write_sheet
from pipelines.errors import EditRefusedError
from pipelines.outcome import FORMULA

HEAD = "resource,id,field,new_value,reason\n"
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
NASTY = st.one_of(
    TEXTS, st.builds("".join, st.tuples(st.sampled_from([*sorted(FORMULA - {"\0"}), "'"]), TEXTS))
)


def csv_file(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    """Write a CSV file as it stands."""
    path = folder / "edits.csv"
    path.write_bytes(text.encode(encoding))
    return path


def book(
    folder: Path, *rows: Sequence[object], change: Callable[[openpyxl.Workbook], None] | None = None
) -> Path:
    """Write a workbook as a spreadsheet would, each value as what it is."""
    made = openpyxl.Workbook()
    for row in (HEAD.strip().split(","), *rows):
        made.active.append(row)
    if change:
        change(made)
    path = folder / "edits.xlsx"
    made.save(path)
    return path


@given(NASTY)
def test_a_text_survives_the_guard_against_formulas(text: str) -> None:
    """Whatever it is; and what is written begins with nothing that is taken for a formula."""
    assert unmarked(marked(text))[0] == text
    assert unguarded(guarded(text)) == text
    assert marked(text)[:1] not in FORMULA or not text


@given(st.lists(st.tuples(NASTY, NASTY), min_size=1, max_size=5))
def test_a_csv_file_that_was_written_is_read_as_it_was(rows: list[tuple[str, str]]) -> None:
    """Values and labels, whatever is in them: quotes, commas, line ends, formulas, wide signs."""
    lines = [
        SheetLine("matters", str(n), "status", old, label) for n, (old, label) in enumerate(rows, 1)
    ]
    text = io.StringIO(newline="")
    cells = [[cell.meant for cell in line.cells] for line in lines]
    csv.writer(text).writerows([HEADER, *cells])
    found = list(sheets._rows("x.csv", csv_lines, text.getvalue().encode("utf-8-sig")))
    for line, row in zip(lines, found, strict=True):
        assert row.cell("old_value").text == line.old_value
        assert (row.cell("id").text, row.cell("new_value").text) == (line.record_id, "")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_file_is_private_and_never_overwritten(tmp_path: Path, suffix: str) -> None:
    """It holds what the firm's records hold; a file that a person filled in is not lost."""
    path = tmp_path / f"edits{suffix}"
    old = "=1+1\nÜ"
    write_sheet(
        path,
        [
            SheetLine("notes", "5", "detail", old, "@SUM(1)"),
            SheetLine("a", "1", "b", "-5", "", True),
        ],
    )
    assert path.stat().st_mode & 0o777 == 0o600
    first, second = read_sheet(path)
    assert (first.number, first.cell("old_value").text, first.cell("label").text) == (
        2,
        old,
        "@SUM(1)",
    )
    assert second.cell("old_value").text == "-5"
    before = path.read_bytes()
    with pytest.raises(EditRefusedError, match="is there already"):
        write_sheet(path, [])
    assert path.read_bytes() == before


def test_no_cell_of_a_written_file_is_a_formula(tmp_path: Path) -> None:
    """A spreadsheet that opens it finds texts only; negative numbers stay numbers in a CSV."""
    nasty = ["=cmd()", "+1", "-1+1", "@x", "\t=1", "＝1"]  # noqa: RUF001 - the wide form is meant
    lines = [SheetLine("notes", "1", "detail", text, text) for text in nasty]
    lines.append(SheetLine("activities", "1", "price", "-5.5", "", is_number=True))
    write_sheet(tmp_path / "a.xlsx", lines)
    rows = openpyxl.load_workbook(tmp_path / "a.xlsx").active.iter_rows()
    assert {cell.data_type for row in rows for cell in row if cell.value is not None} == {"s"}
    write_sheet(tmp_path / "a.csv", lines)
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        written = [row["old_value"] for row in csv.DictReader(file)]
    assert written == [f"'{text}".replace("\t=", "\t'=") for text in nasty] + ["-5.5"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (HEAD + "matters,1,status,closed,why\n", "utf-8"),
        (HEAD + "matters,1,status,closed,why", "utf-8-sig"),
        (HEAD.replace(",", ";") + "matters;1;status;closed;why\r\n", "utf-8"),
        (HEAD.replace(",", "\t") + "matters\t1\tstatus\tclosed\twhy\n", "utf-8"),
        (" Resource ,ID,Field,New_Value,Reason,\nmatters,1,status,closed,why,\n\n,,,,,\n", "utf-8"),
        ("reason,new_value,field,id,resource\nwhy,closed,status,1,matters\n", "utf-8"),
    ],
)
def test_files_that_are_read(tmp_path: Path, text: str, encoding: str) -> None:
    """A mark of UTF-8, the header's separator, columns in any order, empty rows."""
    (wanted,) = imported(csv_file(tmp_path, text, encoding), "").wanted
    assert (wanted.resource, wanted.record_id, wanted.field) == ("matters", "1", "status")
    assert (wanted.new_value, wanted.reason, wanted.where) == ("closed", "why", "row 2")


@pytest.mark.parametrize(
    ("text", "encoding", "words"),
    [
        ("", "utf-8", "is empty"),
        ("id,field,new_value\n", "utf-8", "has no column resource"),
        ("resource,id,id,field,new_value\n", "utf-8", "has the column id twice"),
        ("resource,id,field,new_value,valeu\n", "utf-8", "a column of another name"),
        (HEAD + "matters,1,description,Müller,x\n", "cp1252", "is not UTF-8"),
        (HEAD, "utf-16", "is not UTF-8"),
        (HEAD + 'matters,1,status,"clo"sed,x\n', "utf-8", "are broken at line 2"),
        (HEAD + 'matters,1,status,"closed,x\n', "utf-8", "are broken"),
        ("sep=;\n" + HEAD, "utf-8", "has no column"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, text: str, encoding: str, words: str) -> None:
    """In words that say what to do, and nothing of the file is used."""
    with pytest.raises(EditRefusedError) as error:
        imported(csv_file(tmp_path, text, encoding), "")
    assert words in str(error.value)
    assert "Müller" not in str(error.value)


def test_every_broken_row_is_told(tmp_path: Path) -> None:
    """More cells than the header, fewer, an error of a spreadsheet, a formula: each with its row
    and column, together.
    """
    text = HEAD + (
        "matters,1,status,closed,x,too many\n"
        "matters,1,status\n"
        "matters,1,status,#REF!,x\n"
        "matters,1,description,=A1,x\n"
        "matters,1,description,'=A1,x\n"
        "matters,########,description,a,x\n"
        "matters,1,status,,left as it is\n"
    )
    found = imported(csv_file(tmp_path, text), "")
    assert [(where, problem.column) for where, problem in found.problems] == [
        ("row 2", ""),
        ("row 3", ""),
        ("row 4", "new_value"),
        ("row 5", "new_value"),
        ("row 7", "id"),
    ]
    assert [wanted.new_value for wanted in found.wanted] == ["=A1"]
    assert found.blank == 1


def test_cells_of_a_workbook(tmp_path: Path) -> None:
    """Numbers, dates and booleans keep their kind, texts stay texts, and empty is empty."""
    values: list[object] = [
        "text",
        12,
        12.5,
        True,
        dt.date(2026, 3, 2),
        dt.datetime(2026, 3, 2, 9, 30),
        None,
    ]
    path = book(tmp_path, *(["tasks", 5.0, "name", value, "x"] for value in values))
    found = [(row.cell("new_value").text, row.cell("new_value").kind) for row in read_sheet(path)]
    assert found == [
        ("text", "text"),
        ("12", "number"),
        ("12.5", "number"),
        ("true", "boolean"),
        ("2026-03-02", "date"),
        ("2026-03-02T09:30:00", "date"),
        ("", "text"),
    ]
    assert {row.cell("id").text for row in read_sheet(path)} == {"5"}


def test_damage_in_a_workbook_is_told(tmp_path: Path) -> None:
    """A formula, an error, an id of more digits than a spreadsheet keeps."""
    path = book(
        tmp_path,
        ["tasks", 1, "name", "=A1&B1", "x"],
        ["tasks", 1, "name", "#N/A", "x"],
        ["tasks", 1234567890123456, "name", "a", "x"],
        ["tasks", 1.2e20, "name", "a", "x"],
        ["tasks", 1, "price", 1 / 3, "x"],
    )
    found = gathered(read_sheet(path), "x")
    assert [(where, problem.column) for where, problem in found.problems] == [
        ("row 2", "new_value"),
        ("row 3", "new_value"),
        ("row 4", "id"),
        ("row 5", "id"),
        ("row 6", "new_value"),
    ]
    assert not found.wanted


def test_workbooks_that_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several sheets, no workbook at all, one that unpacks to more than fits, a huge file, too
    many rows, another kind of file.
    """
    several = book(tmp_path, change=lambda made: made.create_sheet("more"))
    broken = tmp_path / "broken.xlsx"
    broken.write_bytes(b"PK nothing")
    empty = tmp_path / "empty.xlsx"
    with zipfile.ZipFile(empty, "w") as packed:
        packed.writestr("a", "b")
    other = tmp_path / "edits.ods"
    other.touch()
    for path, words in (
        (several, "has 2 sheets"),
        (broken, "is not a workbook"),
        (empty, "is not a workbook that can be read"),
        (other, "is neither a .csv nor an .xlsx file"),
    ):
        with pytest.raises(EditRefusedError, match=words):
            read_sheet(path)
    one = book(tmp_path, *(["tasks", 1, "name", "a", "x"] for _ in range(5)))
    for module, name, most, words in (
        (read_book, "MOST_UNPACKED", 100, "unpacks to more than"),
        (sheets, "MOST_BYTES", 100, "is larger than"),
        (sheets, "MOST_ROWS", 4, "has more than 4 rows"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, most)
            with pytest.raises(EditRefusedError, match=words):
                read_sheet(one)
    assert len(read_sheet(one)) == 5
