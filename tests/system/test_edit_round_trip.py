"""Templates of whatever a firm holds, written and imported: nothing is proposed, nothing lost."""

import csv
import json
import random
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipelines.edits.edit import FIELD, ID, OLD, VALUE
from pipelines.edits.literals import TOO_LONG
from pipelines.edits.read_sheet import read_sheet
from pipelines.edits.template import TemplateChoice, run_template
from pipelines.edits.write_sheet import LONGEST_CELL
from pipelines.outcome import Outcome
from tests.system.firm import Firm
from tests.system.proposing import bring, made, work

SUFFIXES = (".csv", ".xlsx")
WIDTHS = (False, True)
PIECES = (
    *(
        "=1+1",
        "+1",
        "-1",
        "@x",
        "'",
        "text:",
        "Text:",
        "<clear>",
        "\u2039clear\u203a",
        "&lt;clear&gt;",
    ),
    *("null", "None", "N/A", "#REF!", "#NV", "#ÜBERLAUF!", "####", "_x0041_", "_x000D_", "_x005F_"),
    *("x005F_", '"', '""', ",", ";", "\t", "\n", "\r\n", "\r", " ", "  ", "\u00a0", "0", "007"),
    *("1.5", "1e5", "2026-03-31", "3/14/2026", "1:30", "5400s", "TRUE", "Ünïcode", "e\u0301", "é"),
    *(
        "\u200b",
        "\u200d",
        "\ufeff",
        "\u202e",
        "\U0001f600",
        "日本",
        "שלום",
        "\x08",
        "\x1b[2J",
        "\ufffe",
    ),
    *(
        "sep=;",
        "a;=1+1",
        "a\t@x",
        "\n- one\n- two",
        "\uff1d1",
        "|",
        "\\",
        "\\n",
        "&",
        "&amp;",
        "<b>",
        "]]>",
    ),
    *("(clear)", "jane", "O'Neil", "'t Hooft", "#1", "(empty)", TOO_LONG),
)
RESOURCES = ("matters", "contacts", "notes", "activities")
PLAIN = {
    "matters": ("description", "location", "client_reference"),
    "contacts": ("first_name", "last_name", "title", "prefix", "sales_tax_number"),
    "notes": ("detail", "subject"),
    "activities": ("note", "reference"),
}
"""Columns of texts, which get any text."""
OTHERS = {
    "matters": ("custom_field_values[]", "status", "billable", "open_date", "client.id"),
    "contacts": ("email_addresses[].address", "phone_numbers[].number", "type"),
    "notes": ("date",),
    "activities": ("quantity", "price", "date"),
}
WHERE = {"matters": "id % 4 = 0", "activities": "id % 8 = 0"}
NUMBERS = ("0", "5400", "5400.5", "90061", "1", "0.1", "125.005", "99999999999", "-1")
CUSTOM = {
    "checkbox": (True, False, None),
    "currency": ("12.50", "12345678901234567.89", "-0.01", "1.234"),
    "date": ("2026-02-28", "0026-03-31", "9999-12-31", "1899-12-31"),
    "numeric": ("12345678901234567890", "0.000001", "00012", "=1"),
    "time": ("09:30", "23:59:59", "half past nine"),
}


def text(chance: random.Random) -> str:
    """Return a text of odd pieces; now and then a very long one."""
    whole = "".join(chance.choices(PIECES, k=chance.choice((1, 1, 1, 2, 3, 6))))
    return whole * 20_000 if chance.random() < 0.005 else whole


def fill(firm: Firm, chance: random.Random) -> dict[tuple[str, str], str]:
    """Give the warehouse odd values of every kind; return the texts by id and column."""
    given: dict[tuple[str, str], str] = {}
    kinds = {field["id"]: field for field in firm.clio.dump("custom_fields")}

    def odd(old: str, key: str) -> list[dict[str, Any]]:
        entries = []
        for number, (field, what) in enumerate(kinds.items()):
            kind, options = what["field_type"], what["picklist_options"] or ()
            value = chance.choice(CUSTOM.get(kind, (text(chance), text(chance))))
            if options:
                value = chance.choice(options)["id"]
            entries.append({"id": f"{key}-{number}", "value": value, "custom_field": {"id": field}})
        return entries if old else []

    with firm.writable() as warehouse:
        for resource, columns in PLAIN.items():
            table = f"raw_clio_manage.{resource}"
            for (key,) in warehouse.execute(f"select id from {table} order by id").fetchall():
                values = [text(chance) for _ in columns]
                given |= {
                    (str(key), name): value for name, value in zip(columns, values, strict=True)
                }
                sets = ", ".join(f"{name} = ?" for name in columns)
                warehouse.execute(f"update {table} set {sets} where id = ?", [*values, key])
                if resource == "activities":
                    numbers = [chance.choice(NUMBERS) for _ in range(2)]
                    warehouse.execute(
                        f"update {table} set quantity = ?, price = ? where id = ?", [*numbers, key]
                    )
                if resource in {"matters", "contacts"}:
                    warehouse.execute(
                        f"update {table} set custom_field_values = ? where id = ?",
                        [json.dumps(odd("x", str(key))), key],
                    )
    return given


@pytest.fixture(scope="module")
def odd_firm(
    loaded_for_edits: Firm, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Firm, dict[tuple[str, str], str]]:
    """Return a firm that holds odd values, and the texts among them."""
    folder = tmp_path_factory.mktemp("odd") / "data"
    shutil.copytree(loaded_for_edits.folder, folder)
    firm = replace(loaded_for_edits, folder=folder)
    return firm, fill(firm, random.Random(1))


def written(firm: Firm, path: Path, resource: str, *, wide: bool) -> Outcome:
    """Write a template with fields of every kind."""
    fields = (*PLAIN[resource], *OTHERS[resource])
    choice = TemplateChoice(resource, fields, WHERE.get(resource, ""), wide)
    return run_template(work(firm), choice, path)


def copied(path: Path) -> None:
    """Copy each old value to the new one, as a person's spreadsheet does."""
    csv.field_size_limit(10_000_000)
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = list(csv.reader(file))
        old, new = header.index(OLD), header.index(VALUE)
        for row in rows:
            row[new] = row[old]
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header, *rows])
        return
    book = openpyxl.load_workbook(path)
    for cells in book["edits"].iter_rows(min_row=2):
        cells[4].value, cells[4].data_type = cells[3].value, cells[3].data_type
    book.save(path)


def judge(
    firm: Firm,
    path: Path,
    given: dict[tuple[str, str], str],
    plain: Callable[[str], str] = lambda text: text,
) -> int:
    """Import a file, which proposes nothing; each text is read as it is. Return how many were."""
    assert made(bring(firm, path, "x")) == []
    seen = 0
    for row in read_sheet(path):
        key = (row.cell(ID).text, row.cell(FIELD).text)
        if key in given and row.cell(OLD).text != TOO_LONG:
            seen += 1
            assert plain(row.cell(OLD).text) == plain(given[key]), key
    return seen


@pytest.mark.parametrize("wide", WIDTHS, ids=["narrow", "wide"])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_template_that_is_imported_proposes_nothing(
    odd_firm: tuple[Firm, dict[tuple[str, str], str]], tmp_path: Path, suffix: str, wide: bool
) -> None:
    """Of more than 500 texts and of values of every kind, each is read as it is held."""
    firm, given = odd_firm
    seen = 0
    for resource in RESOURCES:
        path = tmp_path / f"{resource}{suffix}"
        assert written(firm, path, resource, wide=wide).results[0]["rows"]
        seen += judge(firm, path, given)
        if not wide:
            copied(path)
            assert made(bring(firm, path, "x")) == []
    assert seen > 500


@pytest.mark.night
@pytest.mark.parametrize("seed", range(2, 22))
def test_many_templates_that_are_imported_propose_nothing(
    loaded_for_edits: Firm, tmp_path: Path, seed: int
) -> None:
    """The same with other values, twenty times."""
    shutil.copytree(loaded_for_edits.folder, tmp_path / "data")
    firm = replace(loaded_for_edits, folder=tmp_path / "data")
    given = fill(firm, random.Random(seed))
    for resource in RESOURCES:
        for suffix in SUFFIXES:
            for wide in WIDTHS:
                path = tmp_path / f"{resource}{wide}{suffix}"
                written(firm, path, resource, wide=wide)
                judge(firm, path, given)


def converted(path: Path, kind: str, folder: Path) -> Path:
    """Open a file in LibreOffice and save it as one of another kind."""
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("soffice (LibreOffice Calc) is not installed")
    folder.mkdir(exist_ok=True)
    profile = f"-env:UserInstallation=file://{folder.absolute()}/profile"
    # the text of a CSV file: a comma, quotes, UTF-8, from the first line, every column a text
    columns = "/".join(f"{number}/2" for number in range(1, 200))
    reading = [f"--infilter=CSV:44,34,76,1,{columns}"] if path.suffix == ".csv" else []
    saving = f"{kind}:Text - txt - csv (StarCalc):44,34,76,1,,0,true" if kind == "csv" else kind
    words = [program, profile, "--headless", *reading, "--convert-to", saving]
    subprocess.run(
        [*words, "--outdir", str(folder), str(path)], check=True, capture_output=True, timeout=300
    )
    return folder / f"{path.stem}.{kind}"


@pytest.mark.night
@pytest.mark.parametrize("wide", WIDTHS, ids=["narrow", "wide"])
@pytest.mark.parametrize(("suffix", "kind"), [(".xlsx", "xlsx"), (".csv", "xlsx"), (".csv", "csv")])
def test_a_template_that_libreoffice_saved_proposes_nothing(
    odd_firm: tuple[Firm, dict[tuple[str, str], str]],
    tmp_path: Path,
    suffix: str,
    kind: str,
    wide: bool,
) -> None:
    """Debian's LibreOffice, without a screen, opens the file and saves it; of all texts it changes
    nothing but the ends of lines. What is longer than its cells it cuts: the old value tells that,
    so that nothing can be made of it.
    """
    firm, every = odd_firm
    given = {
        key: text for key, text in every.items() if len(text.encode("utf-16-le")) < 2 * LONGEST_CELL
    }
    assert len(given) < len(every)
    seen = 0
    for resource in RESOURCES:
        path = tmp_path / f"{resource}{suffix}"
        written(firm, path, resource, wide=wide)
        saved = converted(path, kind, tmp_path / "saved")
        seen += judge(firm, saved, given, lambda text: re.sub("[\r\n]+", "\n", text))
    assert seen > 500
