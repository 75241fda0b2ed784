"""The files of a package: safe whatever the records hold, real numbers, whole and private."""

import csv
import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest

from pipelines.reconcile.document import lines
from pipelines.reconcile.errors import PackageAlteredError, PackageFolderError
from pipelines.reconcile.files import LINES, csv_text, line_cells, page, workbook
from pipelines.reconcile.package import verify_package, write_package
from tests.unit.evidence import HEADING, HOSTILE, evidence

TAGS = {
    *("html", "head", "meta", "link", "title", "style", "body", "main", "section", "h1", "h2", "p"),
    *("dl", "dt", "dd", "div", "table", "thead", "tbody", "tr", "th", "td", "a"),
}
TABS = [
    "Summary",
    "Differences",
    "Missing",
    "Extra",
    "Field differences",
    "By month",
    "Trust three-way",
    "Definitions",
    "Sign-off",
]


class Reader(HTMLParser):
    """Collects the elements, the attributes and the texts of a page."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.texts.append(data)


def read(text: str) -> Reader:
    """Read a page."""
    reader = Reader()
    reader.feed(text)
    return reader


def test_no_text_becomes_markup() -> None:
    """Whatever a name holds, the page has only our own elements, no handler and no foreign link,
    and shows the name as it is.
    """
    found = read(page(evidence()))
    assert found.tags <= TAGS
    assert not [name for name, _ in found.attributes if name.startswith("on") or name == "src"]
    links = {value for name, value in found.attributes if name == "href"}
    assert all(link.startswith(("https://app.clio.com/nc/#/", "data:,")) for link in links)
    assert HOSTILE[0] in found.texts
    assert HOSTILE[1] in found.texts


def test_page_needs_no_network() -> None:
    """Nothing in the page is fetched: no script, no import, no url(), and a policy that forbids it;
    directions of text are not changed.
    """
    text = page(evidence())
    found = read(text)
    assert "url(" not in text
    assert "@import" not in text
    policy = next(value for name, value in found.attributes if "default-src" in value)
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "\u202e" not in text


def test_page_shows_what_has_to_be_seen() -> None:
    """Verdict, differences first, summary, definitions and sign-off stand in it."""
    text = page(evidence())
    places = [text.index(f"<h2>{name}</h2>") for name in ("Differences", "Summary", "Sign-off")]
    assert places == sorted(places)
    assert "11 open differences." in text
    assert "(1233.56)" in text
    assert "Prepared by" in text


def test_workbook() -> None:
    """It has the tabs, real numbers, a header that stays, filters, links, and no formula."""
    book = openpyxl.load_workbook(io.BytesIO(workbook(evidence())))
    assert book.sheetnames == TABS
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref
        assert not [c.coordinate for row in sheet for c in row if c.data_type == "f"]
    money = next(row for row in book["Differences"].iter_rows() if row[1].value == "balances")
    assert [cell.value for cell in money[3:6]] == [1, 1234.56, -1233.56]
    assert {cell.data_type for cell in money[3:6]} == {"n"}
    assert "Red" in money[5].number_format
    assert money[11].hyperlink.target == "https://app.clio.com/nc/#/matters/1"
    links = [c.hyperlink.target for sheet in book for row in sheet for c in row if c.hyperlink]
    assert links
    assert all(link.startswith("https://app.clio.com/nc/#/") for link in links)
    names = [row[2].value for row in book["Differences"].iter_rows(min_row=2)]
    assert not [name for name in names if name[0] in "=+-@\t"]


def test_csv_holds_no_formula() -> None:
    """No cell of text begins with what a spreadsheet takes for a formula; numbers stay numbers."""
    data = csv_text(LINES, map(line_cells, lines(evidence()))).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(data, newline="")))
    assert len(rows) == 11
    assert not [row["label"] for row in rows if row["label"][0] in "=+-@\t"]
    assert next(row["difference"] for row in rows if row["comparison"] == "balances") == "-1233.56"


def test_package_is_private_and_named_without_clients(tmp_path: Path) -> None:
    """Only the owner reads it, no name of a file tells of a client, and its document is whole."""
    folder = tmp_path / "reports" / "one"
    write_package(folder, evidence())
    files = sorted(path.name for path in folder.iterdir())
    assert files == [
        "SHA256SUMS",
        "differences-balances.csv",
        "differences-fields.csv",
        "manifest.json",
        "reconciliation.html",
        "reconciliation.json",
        "reconciliation.xlsx",
    ]
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    document = json.loads((folder / "reconciliation.json").read_text())
    assert (document["open_differences"], document["audit_head"]) == (11, "3:abc")
    assert [path.name for path in folder.parent.iterdir()] == ["one"]


def test_altered_package_is_noticed(tmp_path: Path) -> None:
    """A byte that changed, a file more and a file less are all found."""
    folder = tmp_path / "one"
    digest = write_package(folder, evidence())
    assert verify_package(folder) == digest
    path = folder / "differences-balances.csv"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"1234.56", b"1234.57"))
    with pytest.raises(PackageAlteredError, match="differences-balances"):
        verify_package(folder)
    path.write_bytes(whole)
    (folder / "more").touch()
    with pytest.raises(PackageAlteredError, match="more"):
        verify_package(folder)
    (folder / "more").unlink()
    path.unlink()
    with pytest.raises(PackageAlteredError, match="balances"):
        verify_package(folder)


def test_a_folder_that_holds_something_stays(tmp_path: Path) -> None:
    """An earlier package is never written over."""
    folder = tmp_path / "one"
    write_package(folder, evidence())
    with pytest.raises(PackageFolderError):
        write_package(folder, evidence(replace(HEADING, run_id="fedcba9876543210")))
    with pytest.raises(PackageFolderError):
        write_package(Path(), evidence())
    assert verify_package(folder)
