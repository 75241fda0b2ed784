"""`transform`, `check` and `models`, on a few models: what they say, and how they end."""

import io
import threading
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pipelines.config import Settings
from pipelines.errors import BusyError, FileInTheWayError, NoWarehouseError
from pipelines.progress import Lines
from pipelines.transform.errors import NotBuiltError, SelectionError
from pipelines.transform.failing import run_check_show
from pipelines.transform.listing import run_docs, run_ls, run_show
from pipelines.transform.run import ModelContext, run_check, run_transform
from pipelines.warehouse import Warehouse, writer_lock
from tests.unit.tiny_models import FACTS, MODELS, StoppedClock, workshop

CHECK = "sql/checks/nothing_negative.sql"
NEGATIVE = "-- No total is below zero.\nselect * from core.fct_bill where total < 0"
METRIC = """
- name: billed
  label: Billed
  sentence: What was <billed>.
  basis: event
  relation: core.fct_bill
  formula: sum(total)
  filter: state <> 'draft'
  format: money
  good: up
"""
MARKUP = '<script src="https://x.example/a.js">&'


@pytest.fixture
def work(tmp_path: Path) -> ModelContext:
    """Return the commands a folder with models and a warehouse that nobody has open."""
    with workshop(tmp_path, {**MODELS, CHECK: NEGATIVE}):
        pass
    return ModelContext(
        Settings(tmp_path / "data", "tester"),
        StoppedClock(),
        Lines(io.StringIO()),
        threading.Event(),
        folders=(tmp_path / "sql",),
        generate=lambda _warehouse: {},
    )


def change(work: ModelContext, statement: str) -> list[tuple[object, ...]]:
    """Run a statement in the warehouse."""
    with Warehouse(work.settings.data_dir) as warehouse:
        return warehouse.rows(statement)


def test_transform_tells_what_it_built(work: ModelContext) -> None:
    """A result for each model, and a summary; the second time there is nothing to do."""
    outcome = run_transform(work)
    assert (outcome.exit_code, outcome.errors) == (0, [])
    assert [(row["model"], row["rows"], row["status"]) for row in outcome.results] == [
        ("staging.stg_bills", None, "built"),
        ("core.fct_bill", 2, "built"),
        ("bi.bill_totals", None, "built"),
    ]
    assert "3 models built" in outcome.text
    again = run_transform(work)
    assert again.results == []
    assert "0 models built in 0.0 s, 3 unchanged; 4 checks, 0 failed" in again.text


def test_transform_tells_what_failed(work: ModelContext) -> None:
    """Exit code 7; the check and the number of rows are named, what is in them is not."""
    change(work, "insert into raw_firm.bills values (3, 'a secret', -1, '2')")
    outcome = run_transform(work)
    ((subject, error),) = outcome.errors
    assert (outcome.exit_code, error.code) == (7, "checks_failed")
    assert (subject, str(error)) == ("checks.nothing_negative", "1 row is wrong")
    assert "rolled back" in outcome.text
    assert "secret" not in outcome.text + repr(outcome.document())
    assert outcome.results[-1] == {
        "check": "checks.nothing_negative",
        "model": None,
        "severity": "error",
        "failures": 1,
        "status": "failed",
    }


def test_transform_tells_warnings(work: ModelContext) -> None:
    """A check that only warns is in the text and the results, and the exit code is 0."""
    (work.folders[0] / "checks" / "nothing_negative.sql").write_text(
        f"-- severity: warn\n{NEGATIVE}", "utf-8"
    )
    change(work, "insert into raw_firm.bills values (3, 'x', -1, '2')")
    outcome = run_transform(work)
    assert outcome.exit_code == 0
    assert outcome.results[-1]["status"] == "warned"
    assert "checks.nothing_negative     1" in outcome.text


def test_transform_is_the_only_writer(work: ModelContext) -> None:
    """While another run holds the data folder, exit code 4 and nothing is built."""
    now = work.clock.now()
    with (
        writer_lock(work.settings.data_dir, "load", now),
        pytest.raises(BusyError, match="load"),
    ):
        run_transform(work)


def test_commands_need_a_warehouse(work: ModelContext, tmp_path: Path) -> None:
    """Without one, transform and check say how to make it, and make none themselves."""
    empty = tmp_path / "empty"
    here = replace(work, settings=Settings(empty, "tester"))
    for command in (run_transform, run_check):
        with pytest.raises(NoWarehouseError):
            command(here)
    assert not empty.exists()


def test_check_looks_at_what_is_built(work: ModelContext) -> None:
    """Rows that went wrong since are found, kept and told with exit code 7; nothing is built. The
    next transform finds them too, although no raw table changed.
    """
    with pytest.raises(NotBuiltError):
        run_check(work)
    run_transform(work)
    good = run_check(work)
    assert (good.exit_code, {row["status"] for row in good.results}) == (0, {"passed"})
    change(work, "update core.fct_bill set total = -1 where bill_id = 1")
    bad = run_check(work)
    assert [(name, error.code) for name, error in bad.errors] == [
        ("checks.nothing_negative", "checks_failed")
    ]
    assert bad.exit_code == 7
    query = "select run_id, check_name from meta.check_failures"
    assert change(work, query) == [(bad.run_id, "checks.nothing_negative")]
    assert run_transform(work).exit_code == 7
    assert run_transform(work, ["fct_bill"]).exit_code == 0
    assert run_check(work).exit_code == 0
    assert change(work, query) == []


def test_check_names_what_is_not_built(work: ModelContext) -> None:
    """A model that was added since: its checks wait, exit code 4."""
    run_transform(work)
    (work.folders[0] / "core" / "new.sql").write_text("-- grain: one row\nselect 1 as a", "utf-8")
    outcome = run_check(work)
    assert outcome.exit_code == 4
    assert outcome.results[-1]["check"] == "core.new.one_row()"
    assert outcome.results[-1]["status"] == "not_built"


def test_models_are_listed_without_a_build(work: ModelContext) -> None:
    """In the order of building, with columns and what they read; rows once they are built."""
    results = run_ls(work).results
    assert [row["model"] for row in results] == [
        "staging.stg_bills",
        "core.fct_bill",
        "bi.bill_totals",
    ]
    fact = results[1]
    assert fact["reads"] == ["staging.stg_bills"]
    assert fact["read_by"] == ["bi.bill_totals"]
    assert fact["columns"][0] == {
        "name": "bill_id",
        "type": "BIGINT",
        "comment": 'Clio\'s id of "the bill"',
    }
    assert (fact["rows"], fact["built_at"]) == (None, None)
    run_transform(work)
    assert run_ls(work).results[1]["rows"] == 2


def test_a_model_is_shown(work: ModelContext) -> None:
    """With its grain, its columns, its checks and its query."""
    outcome = run_show(work, "fct_bill")
    for said in ("Bills that count.", "DECIMAL(18,2)", "unique: bill_id", "from bills", FACTS):
        assert said in outcome.text
    with pytest.raises(SelectionError):
        run_show(work, "nothing")


class Page(HTMLParser):
    """Collects what a page links to, names, would load, and says; a title is that of a drawing."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.links: set[str] = set()
        self.names: set[str] = set()
        self.loads: list[str] = []
        self.texts: list[str] = []
        self.within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one tag."""
        given = dict(attrs)
        self.within = tag
        if (tag, given) == ("link", {"rel": "icon", "href": "data:,"}):
            return  # an empty image: browsers ask for no other
        if given.get("href"):
            self.links.add(str(given["href"]))
        if given.get("id"):
            self.names.add(str(given["id"]))
        if tag in {"script", "link", "img", "iframe", "object"} or "src" in given:
            self.loads.append(tag)

    def handle_data(self, data: str) -> None:
        """Note a text and the element that it begins in."""
        self.texts.append(f"{self.within}: {data}")


def test_the_page_stands_alone(work: ModelContext, tmp_path: Path) -> None:
    """One file: every link leads within it, nothing is loaded, and texts cannot become markup."""
    fact = tmp_path / FACTS
    text = fact.read_text("utf-8").replace("Bills that count.", f"Bills {MARKUP}")
    fact.write_text(text.replace("select bill_id", "-- </pre><script>\nselect bill_id"), "utf-8")
    (tmp_path / "sql" / "metrics.yml").write_text(METRIC, "utf-8")
    run_transform(work)
    out = tmp_path / "page.html"
    assert run_docs(work, out).results == [{"file": str(out), "models": 3}]
    html = out.read_text("utf-8")
    page = Page()
    page.feed(html)
    assert page.loads == []
    assert page.names == {"staging.stg_bills", "core.fct_bill", "bi.bill_totals"}
    assert page.links == {f"#{name}" for name in page.names}
    assert f"p: Bills {MARKUP}" in page.texts
    assert any("-- </pre><script>\nselect bill_id" in text for text in page.texts)
    assert "No total is below zero." in html
    assert "td: Billed. What was <billed>." in page.texts
    at = page.texts.index("code: sum(total)")
    assert page.texts[at + 1 : at + 3] == ["code:  where ", "code: state <> 'draft'"]
    assert "default-src 'none'" in html
    assert "title: raw_firm.bills" in page.texts


def test_the_page_replaces_files_only(work: ModelContext, tmp_path: Path) -> None:
    """A folder of that name is left alone."""
    with pytest.raises(FileInTheWayError):
        run_docs(work, tmp_path)


def test_the_rows_of_a_check_are_shown(work: ModelContext) -> None:
    """`check show` names the check, its rows and since when, also when the build was undone; of
    what is not known it says so; another name is an error with the ones that there are.
    """
    change(work, "update raw_firm.bills set total = -1 where id = 1")
    assert run_transform(work).exit_code == 7
    outcome = run_check_show(work, "nothing_negative")
    assert [row["bill_id"] for row in outcome.results] == [1]
    assert outcome.results[0]["since"] is not None
    assert "checks.nothing_negative (error): 1 rows" in outcome.text
    change(work, "update raw_firm.bills set total = 1 where id = 1")
    assert run_transform(work).exit_code == 0
    assert "finds nothing wrong" in run_check_show(work, "checks.nothing_negative").text
    with pytest.raises(SelectionError, match="nothing_negative") as raised:
        run_check_show(work, "nothing_negativ")
    assert "clio-sync check --json" in raised.value.hint
    assert "built" not in raised.value.hint
    assert {"checks.nothing_negative"} <= {row["check"] for row in run_check(work).results}
