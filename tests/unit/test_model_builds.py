"""Building: what is made, what is left as it is, and what comes back when something fails."""

import threading
from pathlib import Path

import pytest

from pipelines.transform import BuildOptions, build
from pipelines.transform.errors import ModelFailedError
from sources.errors import Interrupted
from tests.unit.tiny_models import BILLS, FACTS, MODELS, TOTALS, built, workshop

ORDER = ["staging.stg_bills", "core.fct_bill", "bi.bill_totals"]
CHECK = "sql/checks/nothing_negative.sql"
NEGATIVE = "-- No total is below zero.\nselect * from core.fct_bill where total < 0"
STATE = ("from core.fct_bill", "from meta.models order by all", "from meta.checks order by all")
UNIQUE = "core.fct_bill.unique(bill_id)"
FROZEN = """-- What was seen on a day.
-- grain: one row per bill and day (bill_id, day)
-- materialized: append
-- append_by: day
select bill_id, total, (select today from meta.build) as day from staging.stg_bills
"""


def test_a_build_makes_what_the_files_say(tmp_path: Path) -> None:
    """Views and tables by folder, in order, with descriptions as comments; and `meta` tells it."""
    with workshop(tmp_path) as shop:
        result = shop.build()
        assert built(result) == ORDER
        assert shop.rows("from bi.bill_totals order by all") == [("draft", 4), ("paid", 10.5)]
        kinds = dict(shop.rows("select table_name, table_type from information_schema.tables"))
        assert [kinds[name.partition(".")[2]] for name in ORDER] == ["VIEW", "BASE TABLE", "VIEW"]
        comments = shop.rows(
            "select comment from duckdb_tables() where table_name = 'fct_bill' union all"
            " select comment from duckdb_views() where view_name = 'bill_totals' union all"
            " select comment from duckdb_columns() where comment is not null"
        )
        assert [text for (text,) in comments] == [
            "Bills that count. Grain: one row per bill.",
            "What was billed, by state. Grain: one row per state (state). Date basis: event.",
            'Clio\'s id of "the bill"',
        ]
        runs = shop.rows("select run_id, model, kind, rows, status from meta.model_runs")
        names = ("view", "table", "view")
        assert runs == [
            (result.run_id, name, kind, 2 if kind == "table" else None, "built")
            for name, kind in zip(ORDER, names, strict=True)
        ]


def test_nothing_is_built_when_nothing_changed(tmp_path: Path) -> None:
    """A second build makes nothing, and runs no check."""
    with workshop(tmp_path) as shop:
        shop.build()
        again = shop.build()
        assert (again.models, again.unchanged) == ((), 3)
        assert shop.rows("select count(*) from meta.model_runs") == [(3,)]
        assert built(shop.build(full=True)) == ORDER


@pytest.mark.parametrize(
    ("change", "models"),
    [
        ("insert into raw_firm.bills values (3, 'paid', 1, '2')", ORDER),
        ("update raw_firm.bills set total = 5, _dlt_load_id = '2' where id = 1", ORDER),
        # the clock was set back between two loads
        ("update raw_firm.bills set total = 5, _dlt_load_id = '0' where id = 1", ORDER),
        ("alter table raw_firm.bills add column note varchar", ORDER),
        ("drop view bi.bill_totals", ORDER[2:]),
    ],
)
def test_what_changed_is_built(tmp_path: Path, change: str, models: list[str]) -> None:
    """A newer load, other columns or a relation that is gone bring a model, and all behind it."""
    with workshop(tmp_path) as shop:
        shop.build()
        shop.rows(change)
        assert built(shop.build()) == models
        assert built(shop.build()) == []


def test_a_changed_file_is_built_with_all_behind_it(tmp_path: Path) -> None:
    """What lies before it stays; the new query is what is there afterwards."""
    with workshop(tmp_path) as shop:
        shop.build()
        shop.replace(FACTS, "from bills", "from bills where state = 'paid'")
        assert built(shop.build()) == ORDER[1:]
        assert shop.rows("from bi.bill_totals") == [("paid", 10.5)]


def test_a_model_of_the_day_is_built_each_day(tmp_path: Path) -> None:
    """What reads meta.build or asks for the date is built again on the next business day."""
    with workshop(tmp_path) as shop:
        grain = "-- grain: one row\n-- materialized: table\n"
        shop.write(
            {
                "sql/core/today.sql": f"{grain}select today, time_zone from meta.build",
                "sql/core/clock.sql": f"{grain}select current_date as today",
            }
        )
        shop.build(time_zone="America/New_York")
        shop.clock.at = "2026-03-03T03:00:00Z"
        assert built(shop.build(time_zone="America/New_York")) == []
        shop.clock.at = "2026-03-03T06:00:00Z"
        again = shop.build(time_zone="America/New_York")
        assert set(built(again)) == {"core.clock", "core.today"}
        ((today, zone),) = shop.rows("from core.today")
        assert (str(today), zone) == ("2026-03-03", "America/New_York")


def test_a_failing_check_leaves_the_last_good_build(tmp_path: Path) -> None:
    """Rows, columns and what `meta` tells of the build stay; the failing rows are kept."""
    with workshop(tmp_path, {**MODELS, CHECK: NEGATIVE}) as shop:
        shop.build()
        before = [shop.rows(query) for query in STATE]
        shop.rows("insert into raw_firm.bills values (1, 'void', -7, '2')")
        shop.write({"sql/core/more.sql": "-- grain: one row\nselect 1 as one"})
        result = shop.build()
        assert {one.check: one.failures for one in result.failed} == {
            UNIQUE: 1,
            "staging.stg_bills.unique(bill_id)": 1,
            "checks.nothing_negative": 1,
        }
        assert [shop.rows(query) for query in STATE] == before
        assert shop.rows("select 1 from duckdb_tables() where table_name = 'more'") == []
        assert shop.failing("checks.nothing_negative") == [
            {"bill_id": 1, "state": "void", "total": -7.0}
        ]
        assert shop.failing(UNIQUE) == [{"bill_id": 1, "rows": 2}]
        statuses = shop.rows(
            f"select distinct status from meta.model_runs where run_id = '{result.run_id}'"
        )
        assert statuses == [("rolled_back",)]
        shop.rows("delete from raw_firm.bills where total < 0")
        assert shop.build().failed == ()
        assert shop.rows("from meta.check_failures") == []
        assert shop.rows("select one from core.more") == [(1,)]


@pytest.mark.parametrize(
    ("line", "row", "check"),
    [
        ("not_null: state", "(3, null, 1, '2')", "core.fct_bill.not_null(state)"),
        ("accepted: state in (paid, draft)", "(3, 'x', 1, '2')", "core.fct_bill.accepted(state)"),
        (
            "relationships: state -> core.states.state",
            "(3, 'x', 1, '2')",
            "core.fct_bill.relationships(state -> core.states.state)",
        ),
        ("grain: one row", "(3, 'paid', 1, '2')", "core.few.one_row()"),
    ],
)
def test_each_header_is_a_test(tmp_path: Path, line: str, row: str, check: str) -> None:
    """A row that breaks a line of a header stops the build; without it the same build goes."""
    states = "-- grain: one row per state (state)\nselect unnest(['paid', 'draft']) as state"
    few = "-- grain: one row\nselect * from staging.stg_bills where state = 'paid'"
    with workshop(
        tmp_path, {**MODELS, "sql/core/states.sql": states, "sql/core/few.sql": few}
    ) as shop:
        if not line.startswith("grain"):
            shop.replace(FACTS, "-- unique: bill_id", f"-- unique: bill_id\n-- {line}")
        assert shop.build().failed == ()
        shop.rows(f"insert into raw_firm.bills values {row}")
        assert [one.check for one in shop.build().failed] == [check]
        assert len(shop.failing(check)) == 1


def test_a_warning_lets_the_build_pass(tmp_path: Path) -> None:
    """Severity `warn`: the build is kept, the rows too, and the next one still tells it."""
    with workshop(tmp_path, {**MODELS, CHECK: "-- severity: warn\n" + NEGATIVE}) as shop:
        shop.rows("insert into raw_firm.bills values (3, 'void', -7, '2')")
        for _ in range(2):
            result = shop.build()
            assert result.failed == ()
            assert [one.check for one in result.warnings] == ["checks.nothing_negative"]
        assert len(shop.failing("checks.nothing_negative")) == 1
        assert shop.rows("select count(*) from core.fct_bill") == [(3,)]


def test_so_many_failing_rows_are_kept(tmp_path: Path) -> None:
    """All rows are counted, a hundred are kept."""
    with workshop(tmp_path, {**MODELS, CHECK: NEGATIVE}) as shop:
        shop.rows("insert into raw_firm.bills select 10 + i, 'x', -1, '2' from range(250) t(i)")
        (failed,) = shop.build().failed
        assert failed.failures == 250
        assert len(shop.failing("checks.nothing_negative")) == 100


def test_a_query_that_stops_leaves_the_last_good_build(tmp_path: Path) -> None:
    """The file is named, the row that DuckDB quotes is not."""
    with workshop(tmp_path) as shop:
        shop.build()
        shop.replace(FACTS, "select bill_id, state, total", "select state::integer as bill_id")
        shop.replace(TOTALS, "select state, sum(total)", "select bill_id as state, 1")
        shop.replace(TOTALS, "group by state", "")
        with pytest.raises(ModelFailedError) as raised:
            shop.build()
        assert str(raised.value) == f"{FACTS}: its query stopped (ConversionException)"
        assert "paid" not in str(raised.value)
        assert shop.rows("select count(*) from bi.bill_totals") == [(2,)]
        last = shop.rows(
            "select model, status from meta.model_runs order by started_at desc limit 1"
        )
        assert last == [("core.fct_bill", "failed")]


def test_a_stopped_build_leaves_the_last_good_one(tmp_path: Path) -> None:
    """Ctrl-C ends a build before the next model, and nothing of it stays."""
    with workshop(tmp_path) as shop:
        shop.build()
        shop.rows("insert into raw_firm.bills values (3, 'paid', 1, '2')")
        stop = threading.Event()
        stop.set()
        with pytest.raises(Interrupted):
            build(shop.warehouse, [tmp_path / "sql"], BuildOptions(), clock=shop.clock, stop=stop)
        assert shop.rows("select count(*) from core.fct_bill") == [(2,)]


def test_a_model_without_its_file_is_dropped(tmp_path: Path) -> None:
    """Its relation, its checks and what `meta` has of it go with the next build."""
    with workshop(tmp_path) as shop:
        shop.build()
        shop.write({TOTALS: None})
        assert shop.build().dropped == ("bi.bill_totals",)
        assert shop.relations() == {"staging.stg_bills", "core.fct_bill"}
        assert shop.rows("from meta.checks where model = 'bi.bill_totals'") == []


def test_a_view_may_become_a_table(tmp_path: Path) -> None:
    """And a table a view: what was there is replaced, and what reads it goes on."""
    with workshop(tmp_path) as shop:
        shop.build()
        shop.replace(FACTS, "-- unique", "-- materialized: view\n-- unique")
        shop.replace(BILLS, "-- grain", "-- materialized: table\n-- grain")
        assert built(shop.build()) == ORDER
        assert shop.rows("select count(*) from duckdb_views() where schema_name = 'core'") == [(1,)]
        assert shop.rows("select count(*) from bi.bill_totals") == [(2,)]


def test_what_was_appended_stays(tmp_path: Path) -> None:
    """`append` adds the rows of new days and changes none: not when raw changes, not when all is
    built anew, not when the query gets a column, and not when its file is gone.
    """
    frozen = "sql/core/frozen.sql"
    query = "select * from core.frozen order by day, bill_id"
    with workshop(tmp_path, {**MODELS, frozen: FROZEN}) as shop:
        shop.build()
        first = shop.rows(query)
        shop.rows("update raw_firm.bills set total = 99, _dlt_load_id = '2'")
        shop.build(full=True)
        assert shop.rows(query) == first
        shop.clock.at = "2026-03-03T12:00:00Z"
        shop.replace(frozen, "select bill_id", "select 'late' as note, bill_id")
        shop.build()
        rows = shop.rows(
            "select bill_id, total::varchar, note from core.frozen order by day, bill_id"
        )
        assert rows == [
            (1, "10.50", None),
            (2, "4.00", None),
            (1, "99.00", "late"),
            (2, "99.00", "late"),
        ]
        shop.write({frozen: None})
        assert shop.build().dropped == ()
        assert len(shop.rows(query)) == 4
