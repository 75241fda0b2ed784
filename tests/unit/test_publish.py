"""`publish`, and what readers find: on a few models, in a warehouse without a server."""

import csv
import dataclasses
import io
import json
import stat
import threading
from pathlib import Path

import duckdb
import pytest

from pipelines.config import Settings
from pipelines.errors import QueryError
from pipelines.progress import Lines
from pipelines.publish.errors import NotPublishedError, PointerError
from pipelines.publish.pointer import read_published
from pipelines.publish.snapshot import KEPT, run_publish
from pipelines.publish.sql import csv_text, run_sql
from pipelines.transform.errors import BuiltChecksFailedError, NotBuiltError, UndoneBuildError
from pipelines.transform.run import ModelContext, run_check, run_transform
from pipelines.warehouse import Warehouse
from sources.errors import ConfigurationError
from tests.unit.tiny_models import MODELS, StoppedClock, workshop

CHECK = "sql/checks/nothing_negative.sql"
NEGATIVE = "-- No total is below zero.\nselect * from core.fct_bill where total < 0"
REFUSED = (
    "copy core.fct_bill to 'out.csv'",
    "attach 'other.duckdb'",
    "select * from read_text('{data}/published/current.json')",
    "select * from '{data}/published/parquet-000001/core.fct_bill.parquet'",
    "set enable_external_access = true",
    "install httpfs",
    "delete from core.fct_bill",
    "select 1; select 2",
    "select * from glob('{data}/*')",
)


@pytest.fixture
def work(tmp_path: Path) -> ModelContext:
    """Return the commands a folder with models that are built."""
    with workshop(tmp_path, {**MODELS, CHECK: NEGATIVE}):
        pass
    work = ModelContext(
        Settings(tmp_path / "data", "tester"),
        StoppedClock(),
        Lines(io.StringIO()),
        threading.Event(),
        folders=(tmp_path / "sql",),
        generate=lambda _warehouse: {},
    )
    assert run_transform(work).exit_code == 0
    return work


def home(work: ModelContext) -> Path:
    """Name the folder of what is published."""
    return work.settings.data_dir / "published"


def change(work: ModelContext, statement: str) -> None:
    """Run a statement in the warehouse."""
    with Warehouse(work.settings.data_dir) as warehouse:
        warehouse.rows(statement)


def test_what_an_older_release_built_is_built_again_first(work: ModelContext) -> None:
    """It took the unknown for a value, so nothing of it is published; a build makes it good."""
    with Warehouse(work.settings.data_dir) as warehouse:
        warehouse.rows("drop table meta.versions")
        warehouse.rows("drop table meta.not_known")
        warehouse.rows("alter table meta.models drop column format")
        warehouse.rows("update meta.models set signature = 'of before'")
    with pytest.raises(NotBuiltError, match="2 models were built by a release") as caught:
        run_publish(work)
    assert "clio-sync transform" in caught.value.hint
    assert run_transform(work).exit_code == 0
    assert run_publish(work).exit_code == 0


def test_marts_and_bi_are_published(work: ModelContext) -> None:
    """As tables of one file, with their comments, and each as a Parquet file; staging is not, and
    the file is in the format of DuckDB 1.5.
    """
    outcome = run_publish(work)
    assert (outcome.exit_code, outcome.errors) == (0, [])
    current = read_published(work.settings.data_dir)
    assert current.models == {"bi.bill_totals": 2, "core.fct_bill": 2}
    with duckdb.connect() as connection:
        file = home(work) / current.snapshot
        connection.execute(f"attach '{file}' as s (read_only)")
        tables = connection.execute(
            "select schema_name || '.' || table_name, comment from duckdb_tables()"
            " where database_name = 's' order by 1"
        ).fetchall()
        assert [name for name, _ in tables] == [
            *("bi.about", "bi.bill_totals", "bi.data_problems"),
            *("core.fct_bill", "meta.not_known", "meta.snapshot", "meta.versions"),
        ]
        assert "What was billed, by state." in tables[1][1]
        comments = connection.execute(
            "select comment from duckdb_columns() where database_name = 's'"
            " and table_name = 'fct_bill' and column_name = 'bill_id'"
        ).fetchall()
        assert comments == [('Clio\'s id of "the bill"',)]
        said = connection.execute("select generation, run_id from s.meta.snapshot").fetchall()
        assert said == [(1, outcome.run_id)]
        version = connection.execute(
            "select tags['storage_version'] from duckdb_databases() where database_name = 's'"
        ).fetchall()
        assert version == [("v1.5.0+",)]
        totals = "select * from {} order by state"
        parquet = home(work) / current.parquet / "bi.bill_totals.parquet"
        of_parquet = connection.execute(totals.format(f"'{parquet}'")).fetchall()
        assert of_parquet == connection.execute(totals.format("s.bi.bill_totals")).fetchall()
        assert [state for state, _ in of_parquet] == ["draft", "paid"]
    assert sorted(path.name for path in (home(work) / current.parquet).iterdir()) == [
        "bi.about.parquet",
        "bi.bill_totals.parquet",
        "bi.data_problems.parquet",
        "core.fct_bill.parquet",
    ]


def test_what_is_published_is_private_and_read_only(work: ModelContext) -> None:
    """Folders are the owner's alone, snapshots and Parquet are written by nobody."""
    run_publish(work)
    modes = {
        str(path.relative_to(home(work))): stat.S_IMODE(path.stat().st_mode)
        for path in [home(work), *home(work).rglob("*")]
    }
    assert modes == {
        ".": 0o700,
        "current.json": 0o600,
        "parquet-000001": 0o700,
        "parquet-000001/bi.about.parquet": 0o400,
        "parquet-000001/bi.bill_totals.parquet": 0o400,
        "parquet-000001/bi.data_problems.parquet": 0o400,
        "parquet-000001/core.fct_bill.parquet": 0o400,
        "warehouse-000001.duckdb": 0o400,
        "warehouse.duckdb": 0o400,
    }


CUSTOM = """
create schema raw_clio_manage;
create table raw_clio_manage.custom_fields as select unnest([901, 902, 903])::bigint as id,
    'Field' as name, 'Matter' as parent_type, 'text_line' as field_type, false as deleted;
create table core.dim_matter_custom as select 1 as matter_id, 'a' as cf_901, 'b' as cf_902,
    5 as cf_902_option_id, 'c' as cf_903;
comment on column core.dim_matter_custom.cf_901 is 'A field';
insert into meta.models by name (select * replace ('core.dim_matter_custom' as model)
    from meta.models limit 1)
"""


@pytest.mark.parametrize(
    ("listed", "published"),
    [
        ((), {"matter_id"}),
        (("902",), {"matter_id", "cf_902", "cf_902_option_id"}),
        (("all",), {"matter_id", "cf_901", "cf_902", "cf_902_option_id", "cf_903"}),
    ],
)
def test_custom_fields_are_published_where_they_are_listed(
    work: ModelContext, listed: tuple[str, ...], published: set[str]
) -> None:
    """A field whose id is not in the list is in no file: in the snapshot, and in the Parquet."""
    change(work, CUSTOM)
    settings = dataclasses.replace(work.settings, published_custom_fields=listed)
    run_publish(dataclasses.replace(work, settings=settings))
    current = read_published(work.settings.data_dir)
    parquet = home(work) / current.parquet / "core.dim_matter_custom.parquet"
    with duckdb.connect(str(home(work) / current.snapshot), read_only=True) as connection:
        for relation in ("core.dim_matter_custom", f"'{parquet}'"):
            assert {
                row[0] for row in connection.execute(f"describe from {relation}").fetchall()
            } == (published)
        names = "select distinct comment from duckdb_columns() where comment is not null"
        assert (("A field",) in connection.execute(names).fetchall()) == ("cf_901" in published)


def test_a_custom_field_that_is_not_there_cannot_be_published(work: ModelContext) -> None:
    """An id that is none of the firm's is told, and what is published stays."""
    change(work, CUSTOM)
    settings = dataclasses.replace(work.settings, published_custom_fields=("902", "90"))
    with pytest.raises(ConfigurationError, match="'90', which is the id of no custom field"):
        run_publish(dataclasses.replace(work, settings=settings))
    assert not home(work).exists()


def test_a_load_that_failed_brought_nothing(work: ModelContext) -> None:
    """The pointer tells the last load that was complete, not one that ended without its rows."""
    for hour, status in ((8, "ok"), (9, "failed"), (10, "incomplete")):
        at = f"2026-03-02T{hour:02}:00:00Z"
        change(
            work,
            "insert into meta.sync_runs (run_id, mode, status, finished_at)"
            f" values ('{hour}', 'incremental', '{status}', '{at}')",
        )
    run_publish(work)
    assert read_published(work.settings.data_dir).last_load_at == "2026-03-02T08:00:00Z"


def test_a_load_that_is_not_built_is_not_told(work: ModelContext) -> None:
    """The load of the pointer is one whose rows the models hold, changed by it or not."""
    change(
        work,
        "insert into meta.sync_runs (run_id, mode, status, finished_at) select 'x', 'incremental',"
        " 'ok', as_of + interval 1 second from meta.built_up_to",
    )
    run_publish(work)
    assert read_published(work.settings.data_dir).last_load_at == ""
    assert isinstance(work.clock, StoppedClock)
    work.clock.at = "2026-03-02T13:00:00Z"
    assert run_transform(work).exit_code == 0
    run_publish(work)
    assert read_published(work.settings.data_dir).last_load_at != ""


def test_a_build_that_was_undone_is_told_until_one_stands(work: ModelContext) -> None:
    """Nothing is published meanwhile; `check`, which looks at the build before it, loses nothing
    of what was found.
    """
    change(work, "insert into raw_firm.bills values (3, 'draft', -1, '2')")
    assert run_transform(work).exit_code == 7
    looked = run_check(work)
    assert looked.exit_code == 0
    assert "The last build was undone" in looked.text
    with pytest.raises(UndoneBuildError, match=r"checks\.nothing_negative") as caught:
        run_publish(work)
    assert "clio-sync check show checks.nothing_negative" in caught.value.hint
    assert not home(work).exists()
    change(work, "delete from raw_firm.bills where total < 0")
    assert run_transform(work).exit_code == 0
    assert "undone" not in run_check(work).text
    assert run_publish(work).exit_code == 0


def test_the_last_five_stay(work: ModelContext) -> None:
    """Numbers go up; older generations are removed, and the second name is the newest's."""
    for _ in range(KEPT + 2):
        run_publish(work)
    numbers = sorted(path.name for path in home(work).glob("warehouse-*"))
    assert numbers == [f"warehouse-{number:06}.duckdb" for number in range(3, 8)]
    assert len(list(home(work).glob("parquet-*"))) == KEPT
    assert read_published(work.settings.data_dir).generation == KEPT + 2
    assert (home(work) / "warehouse.duckdb").samefile(home(work) / numbers[-1])


def test_nothing_is_published_that_a_check_refuses(work: ModelContext) -> None:
    """What failed in `check` since it was built: exit code 7, and the pointer stays."""
    run_publish(work)
    before = read_published(work.settings.data_dir)
    change(work, "update meta.checks set failures = 3 where check_name like '%negative'")
    with pytest.raises(BuiltChecksFailedError, match="1 checks failed"):
        run_publish(work)
    assert read_published(work.settings.data_dir) == before


def test_nothing_built_is_nothing_to_publish(tmp_path: Path, work: ModelContext) -> None:
    """Before the first transform: exit code 4."""
    with workshop(tmp_path / "other"):
        pass
    settings = Settings(tmp_path / "other" / "data", "tester")
    with pytest.raises(NotBuiltError):
        run_publish(dataclasses.replace(work, settings=settings))


def test_sql_reads_what_is_published(work: ModelContext) -> None:
    """Not what was built since; results have types, the text is a table with the generation."""
    query = "select state, total from core.fct_bill order by bill_id"
    with pytest.raises(NotPublishedError):
        run_sql(work.settings, work.clock, query)
    run_publish(work)
    change(work, "update core.fct_bill set state = 'other'")
    outcome = run_sql(work.settings, work.clock, query)
    assert [row["state"] for row in outcome.results] == ["paid", "draft"]
    assert str(outcome.results[0]["total"]) == "10.50"
    assert "2 rows; generation 1" in outcome.text
    twice = run_sql(work.settings, work.clock, "select 1 as a, 2 as a")
    assert twice.results == [{"a": 1, "a_1": 2}]


def test_sql_reaches_nothing_else(work: ModelContext) -> None:
    """No other file, no change, no extension, no second statement: exit code 2."""
    run_publish(work)
    for query in REFUSED:
        with pytest.raises(QueryError):
            run_sql(work.settings, work.clock, query.format(data=work.settings.data_dir))


def test_csv_holds_no_formula() -> None:
    """A text that a spreadsheet would run begins with an apostrophe; numbers stay numbers."""
    texts = ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\0=1", "＝1", "plain"]  # noqa: RUF001 - the wide form is meant
    rows = [[text, -5, None, True] for text in texts]
    read = list(csv.reader(io.StringIO(csv_text(["=name", "n", "none", "yes"], rows), newline="")))
    assert read[0] == ["'=name", "n", "none", "yes"]
    shown = ["'" + text for text in texts[:-1]] + ["plain"]
    # by tabs and line breaks a spreadsheet may part cells too
    inside = {"'\t=1": "'\t'=1", "'\r=1": "'\r'=1"}
    assert [row[0] for row in read[1:]] == [inside.get(text, text) for text in shown]
    assert {tuple(row[1:]) for row in read[1:]} == {("-5", "", "true")}


def test_a_pointer_that_is_no_pointer(work: ModelContext) -> None:
    """It is told with exit code 7, and the next publish mends it with a new number."""
    run_publish(work)
    whole = (home(work) / "current.json").read_text("utf-8")
    unnumbered = whole.replace('"generation": 1', '"generation": null')
    for text in ("", "{}", "[]", '{"generation": 1}', unnumbered):
        (home(work) / "current.json").write_text(text, "utf-8")
        with pytest.raises(PointerError):
            read_published(work.settings.data_dir)
    run_publish(work)
    assert read_published(work.settings.data_dir).generation == 2


def test_a_pointer_leads_nowhere_else(work: ModelContext) -> None:
    """A name that is not the generation's own is refused; a file that is gone is told."""
    run_publish(work)
    pointer = home(work) / "current.json"
    held = json.loads(pointer.read_text("utf-8"))
    pointer.write_text(json.dumps({**held, "snapshot": "../warehouse.duckdb"}), "utf-8")
    with pytest.raises(PointerError):
        run_sql(work.settings, work.clock, "select 1")
    pointer.write_text(json.dumps(held), "utf-8")
    (home(work) / held["snapshot"]).unlink()
    with pytest.raises(PointerError, match="not there"):
        run_sql(work.settings, work.clock, "select 1")


def test_what_is_missing_for_good_is_told_once_in_each_run(work: ModelContext) -> None:
    """As incomplete the first time, afterwards as a warning; never as both."""
    with Warehouse(work.settings.data_dir) as warehouse:
        columns = warehouse.columns("meta", "not_known")
        row = {"source": "clio_manage.bills", "state": "never", "model": "core.fct_bill"}
        row |= {"column_name": "total", "reason": "403"}
        warehouse.rows(
            f"insert into meta.not_known ({', '.join(row)}) values ($1, $2, $3, $4, $5)",
            list(row.values()),
        )
        assert set(row) <= set(columns)
    first, again = (run_publish(work, partial=True) for _ in range(2))
    assert [error.code for _, error in first.errors] == ["partial"]
    assert "Warning" not in first.text
    assert again.errors == []
    assert again.text.count("Warning: published without the figures") == 1
