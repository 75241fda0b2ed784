"""`--select`: what is built of a selection, and what the next whole build makes good."""

from pathlib import Path

import pytest

from pipelines.transform.errors import SelectionError
from tests.unit.tiny_models import FACTS, MODELS, TOTALS, built, workshop

REPORT = "sql/finance/report.sql"
FILES = {
    **MODELS,
    REPORT: "-- grain: one row per state (state)\nselect state, total from bi.bill_totals",
}
ALL = ["staging.stg_bills", "core.fct_bill", "bi.bill_totals", "finance.report"]
NEWER = "insert into raw_firm.bills values (3, 'paid', 1, '2')"


def test_what_is_needed_and_absent_is_built_too(tmp_path: Path) -> None:
    """The first build of one model brings what it needs, and views on top, but no more tables."""
    with workshop(tmp_path, FILES) as shop:
        assert built(shop.build("fct_bill")) == ALL[:3]
        assert built(shop.build()) == ALL[3:]


@pytest.mark.parametrize(
    ("wish", "models"),
    [
        ("core.fct_bill", ALL[1:3]),
        ("+fct_bill", ALL[:3]),
        ("fct_bill+", ALL[1:]),
        ("+report", ALL),
        ("report", ALL[3:]),
    ],
)
def test_selected_models_are_built(tmp_path: Path, wish: str, models: list[str]) -> None:
    """A selection is built whether it changed or not, with the views on top of it."""
    with workshop(tmp_path, FILES) as shop:
        shop.build()
        assert built(shop.build(wish)) == models
        assert built(shop.build()) == []


def test_what_was_left_out_is_built_later(tmp_path: Path) -> None:
    """A model that was built on something stale is not taken for current afterwards."""
    with workshop(tmp_path, FILES) as shop:
        shop.replace(TOTALS, "-- grain", "-- materialized: table\n-- grain")
        shop.build()
        shop.rows(NEWER)
        assert built(shop.build("report")) == ["finance.report"]
        assert shop.rows("select sum(total)::float from finance.report") == [(14.5,)]
        assert built(shop.build()) == ALL
        assert shop.rows("select sum(total)::float from finance.report") == [(15.5,)]


def test_views_on_top_follow_their_table(tmp_path: Path) -> None:
    """A selected table that changes its columns leaves no view behind that cannot be read."""
    with workshop(tmp_path, FILES) as shop:
        shop.build()
        shop.replace(
            FACTS, "select bill_id, state, total", "select bill_id, total::double as total, state"
        )
        shop.build("fct_bill")
        assert shop.rows("select sum(total) from bi.bill_totals") == [(14.5,)]


def test_checks_of_what_was_selected_are_run(tmp_path: Path) -> None:
    """A selection that fails a check is rolled back; checks of other models are not run."""
    with workshop(tmp_path, FILES) as shop:
        shop.build()
        shop.rows("insert into raw_firm.bills values (1, 'paid', 1, '2')")
        assert shop.build("report").failed == ()
        assert [one.check for one in shop.build("fct_bill").failed] == [
            "core.fct_bill.unique(bill_id)"
        ]
        assert shop.rows("select count(*) from core.fct_bill") == [(2,)]


def test_an_unknown_name_is_refused(tmp_path: Path) -> None:
    """Nothing is built, and the name that was meant is given."""
    with workshop(tmp_path, FILES) as shop:
        with pytest.raises(SelectionError, match="unknown model fct_bil; did you mean fct_bill"):
            shop.build("fct_bil")
        assert shop.relations() == set()
