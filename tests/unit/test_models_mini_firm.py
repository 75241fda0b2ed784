"""The shipped models over a firm that was worked out by hand: every metric to the cent."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.sql_folder import sql_folder
from pipelines.transform.metrics import Metric, read_metrics
from tests.unit.mini_firm import MiniFirm, copied, empty_firm
from tests.unit.mini_records import ANN, BEN, DIVORCE, ESTATE, loaded

METRICS = read_metrics(sql_folder())

# Payment of 400 on lines of 440, 275 and 100: 215.95, 134.97 and 49.08; without tax 196.32, 122.70
# and 49.08. Weekdays: June 2025 21, January 2026 22, February 20.
FEES = Decimal("196.32") + Decimal("122.70") + 990
EXPECTED: dict[str, Any] = {
    "available_hours": 8 * (21 + 2 * 22 + 2 * 20),
    "billable_hours": Decimal("13.9"),
    "non_billable_hours": 1,
    "untracked_hours": Decimal("825.1"),
    "utilization": 13.9 / 840,
    "worked_value": 400 + 300 + 200 + 200 + 100 + 1000,
    "realization": 1650 / 2200,
    "collection": float(FEES) / 1650,
    "effective_rate": float(FEES) / 14.9,
    "billed_fees": 1650,
    "collected_fees": FEES,
    "billed": 820 + 1000,
    "collected": 400 + 990,
    "write_down": 50,
    "written_off": 100,
    "credits": 10,
    "wip": 200 + 200,
    "wip_on_draft": 200,
    "wip_over_90": 0,
    "ar": 420,
    "ar_over_90": None,
    "realization_lockup": 365 * 400 / 990,
    "collection_lockup": 365 * 420 / 990,
    "total_lockup": 365 * 820 / 990,
    "operating_lockup": 365 * 820 / 1390,
    "dso": 365 * 420 / 1820,
    "entry_lag": 0,
    "entry_lag_p90": 1.2,
    "days_to_bill": (400 * 22 + 250 * 12 + 100 * 10 + 1000 * 21) / 1750,
    "days_to_pay": (400 * 19 + 990 * 45) / 1390,
    "contribution": FEES - (8 * 50 + 207) - (100 - Decimal("49.08")),
    "margin": 651.10 / float(FEES),
    "trust_balance": 700,
    "trust_differences": 0,
    "trust_exceptions": 1,
    "stale_matters": 0,
    "overdue_deadlines": 1,
    "leads": 3,
    "consultations": 2,
    "hires": 1,
    "hired_rate": 1 / 3,
    "days_to_hire": 10,
    "cost_per_hire": 300,
    "ar_restated": 0,
    "wip_restated": 0,
}


@pytest.fixture(scope="module")
def firm(mini_firm_place: Path) -> Iterator[MiniFirm]:
    """Return the firm, to look at."""
    with empty_firm(mini_firm_place) as found:
        yield found


def test_every_metric_is_expected() -> None:
    """No metric is shipped whose value for this firm was not worked out."""
    assert [metric.name for metric in METRICS] == list(EXPECTED)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_metric(firm: MiniFirm, metric: Metric) -> None:
    """The metric is what the firm's few records come to: money to the cent."""
    found, expected = firm.value(metric.query), EXPECTED[metric.name]
    if metric.format in {"money", "hours", "number"} or expected is None:
        assert found == expected
    else:
        assert float(found) == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("proportional", [(1, "215.95"), (2, "134.97"), (3, "49.08")]),
        ("fifo", [(1, "400.00")]),
        ("expenses_first", [(1, "300.00"), (3, "100.00")]),
    ],
)
def test_payment_over_lines(firm: MiniFirm, method: str, expected: list[tuple[int, str]]) -> None:
    """A payment is spread over the lines of its bill by three methods, to the cent."""
    found = firm.rows(
        "select line_item_id, amount::varchar from core.fct_collection_line"
        f" where allocation_id = 1 and method = '{method}' and amount <> 0 order by 1"
    )
    assert found == expected


def test_timekeeper_month(firm: MiniFirm) -> None:
    """Ben's January: hours by kind, what was billed and collected for the month's work."""
    ((found),) = firm.rows(
        "select available_hours, billable_hours, non_billable_hours, untracked_hours,"
        " worked_amount, billed_cohort, collected_cohort, billed_event, written_down"
        f" from finance.agg_timekeeper_month where user_id = {BEN} and month_start = '2026-01-01'"
    )
    assert found == tuple(
        map(Decimal, ("176", "2.9", "1", "172.1", "300", "250", "122.70", "0", "50"))
    )


def test_receivables_over_time(firm: MiniFirm) -> None:
    """What was owed at each month-end and today, and in which age."""
    found = firm.rows(
        "select as_of_date::varchar, balance::varchar, bucket from finance.fct_ar_monthly"
        " order by 1"
    )
    assert found == [
        ("2025-07-31", "1000.00", "current"),
        ("2026-02-28", "415.00", "current"),
        ("2026-03-15", "420.00", "1-30"),
    ]


def test_work_in_progress_over_time(firm: MiniFirm) -> None:
    """Work is in progress from its day until an approved bill with it is issued."""
    found = firm.rows(
        "select as_of_date::varchar, sum(wip_amount)::varchar from finance.fct_wip_monthly"
        " group by all order by 1"
    )
    assert found == [
        ("2025-06-30", "1000.00"),
        ("2026-01-31", "800.00"),
        ("2026-02-28", "400.00"),
        ("2026-03-15", "400.00"),
    ]


def test_matter_profit(firm: MiniFirm) -> None:
    """A matter's value, fees, cost, what hard costs it did not get back, and its budget."""
    ((found),) = firm.rows(
        "select standard_value, billed, collected, cost, unrecovered_costs, contribution, wip, ar,"
        f" round(budget_burn, 6) from finance.agg_matter_profit where matter_id = {DIVORCE}"
    )
    fees = Decimal("319.02")
    costs = 2 * 50 + 207
    expected = (1100, 650, fees, costs, Decimal("50.92"), fees - costs - Decimal("50.92"), 200, 420)
    assert found == (*expected, 0.95)


def test_compensation_follows_the_day_of_the_payment(firm: MiniFirm) -> None:
    """Ann held the matter when it was paid, though Ben holds it now; 2025 stops at the cap."""
    found = firm.rows(
        "select user_id, matter_id, month_start::varchar, credit::varchar"
        " from finance.agg_compensation_month order by 3"
    )
    assert found == [
        (ANN, ESTATE, "2025-08-01", "50.00"),
        (ANN, DIVORCE, "2026-02-01", "31.90"),
    ]


def test_collection_curve(firm: MiniFirm) -> None:
    """Of February's bill 400 came within thirty days; of July's 990 within sixty."""
    found = firm.rows(
        "select issue_month::varchar, days_since_issue, collected::varchar"
        " from finance.agg_collection_curve where days_since_issue in (0, 30, 60) order by 1, 2"
    )
    july = [("2025-07-01", 0, "0.00"), ("2025-07-01", 30, "0.00"), ("2025-07-01", 60, "990.00")]
    february = [
        ("2026-02-01", 0, "0.00"),
        ("2026-02-01", 30, "400.00"),
        ("2026-02-01", 60, "400.00"),
    ]
    assert found == july + february


def test_three_way(firm: MiniFirm) -> None:
    """February's statement agrees once what it does not hold is taken off; today it is missing."""
    found = firm.rows(
        "select month_end::varchar, book::varchar, ledgers::varchar, adjusted::varchar, status"
        " from trust.rpt_three_way where month_end >= '2026-02-01' order by 1"
    )
    assert found == [
        ("2026-02-28", "700.00", None, "700.00", "ledgers not known"),
        ("2026-03-31", "700.00", "700.00", None, "statement missing"),
    ]
    exceptions = firm.rows("select kind, record_id, amount from trust.rpt_trust_exceptions")
    assert exceptions == [("closed matter with trust", f"matter:{ESTATE}", 700)]


def test_matter_health(firm: MiniFirm) -> None:
    """A closed matter with work and trust money is not done with."""
    found = firm.rows("select matter_id, blocked_reason, last_touch::varchar from bi.matters")
    assert sorted(found) == [
        (DIVORCE, None, "2026-02-11"),
        (ESTATE, "wip,trust", "2026-03-01"),
    ]


def test_intake_to_cash(firm: MiniFirm) -> None:
    """A lead and its matter are one enquiry, and what it brought is the cash of Manage's matter."""
    found = firm.rows(
        "select intake_key, stage, manage_matter_id, collected::varchar from intake.fct_intake"
        " order by 1"
    )
    assert found == [
        ("lead:1", "lead", None, "0.00"),
        ("matter:81", "hired", DIVORCE, "368.10"),
        ("matter:82", "consult_booked", None, "0.00"),
    ]


def test_links_of_grow(firm: MiniFirm) -> None:
    """A named contact is linked; a name alone is for a person to decide; a stranger is not."""
    found = firm.rows(
        "select grow_id, manage_id, method, score::varchar, status from core.xref_grow_manage"
        " where grow_kind = 'contact' order by 1"
    )
    assert found == [
        (71, 100, "named", "1.00", "linked"),
        (72, 200, "name", "0.60", "ambiguous"),
        (73, None, None, None, "missing"),
    ]


def test_bill_is_the_public_contract(firm: MiniFirm) -> None:
    """Bills that stand, drafts and requests for trust money too; void ones are left out."""
    found = firm.rows("select bill_id, number, state, total, paid, balance from core.fct_bill")
    assert sorted(found) == [
        (1001, "1001", "awaiting_payment", 820, 400, 420),
        (1002, "1002", "draft", 200, 0, 200),
        (1003, "1003", "paid", 1000, 1000, 0),
        (1004, "1004", "awaiting_payment", 500, 0, 500),
    ]


@pytest.mark.long
def test_months_stay_frozen_and_changes_are_told(mini_firm_place: Path, tmp_path: Path) -> None:
    """What was frozen never changes; the walk to what is known now sums exactly, by cause; the
    next month is added when it is over.
    """
    with copied(mini_firm_place, tmp_path) as firm:
        frozen = firm.rows("from finance.fct_ar_frozen order by all")
        work = firm.rows("from finance.fct_wip_frozen order by all")
        firm.rows("update raw_clio_manage.allocations set amount = 300 where id = 1")
        firm.rows("update raw_clio_manage.bills set paid = 300, balance = 520 where id = 1001")
        firm.rows("update raw_clio_manage.bills set state = 'void' where id = 1003")
        # Clio lets the work of a void bill be billed again
        firm.rows("update raw_clio_manage.activities set billed = false where bill__id = 1003")
        firm.rows("update raw_clio_manage.activities set bill__id = null where bill__id = 1003")
        firm.rows("update raw_clio_manage.activities set total = 250 where id = 6")
        firm.rows("update raw_clio_manage.activities set date = '2026-03-02' where id = 5")
        firm.clock.at = "2026-04-02T12:00:00Z"
        march = "month_end > '2026-03-01'"
        assert firm.build().failed == ()
        for table in ("fct_ar_frozen", "fct_wip_frozen"):
            # what was loaded in March does not know all of March
            assert firm.rows(f"from finance.{table} where {march}") == []
        loaded(firm, "2026-04-02T11:00:00Z")
        assert firm.build().failed == ()
        walk = firm.rows(
            "select figure, month_end::varchar, cause, amount::varchar from bi.restatement"
            " where cause <> 'frozen' and month_end < '2026-03-01' order by all"
        )
        assert walk[:4] == [
            ("ar", "2025-07-31", "bill gone", "-1000.00"),
            ("ar", "2026-02-28", "payments changed", "100.00"),
            ("wip", "2025-07-31", "entry appeared", "1000.00"),
            ("wip", "2025-08-31", "entry appeared", "1000.00"),
        ]
        assert walk[-3:] == [
            ("wip", "2026-02-28", "amount changed", "50.00"),
            ("wip", "2026-02-28", "date moved", "-200.00"),
            ("wip", "2026-02-28", "entry appeared", "1000.00"),
        ]
        assert firm.rows(f"from finance.fct_ar_frozen where not {march} order by all") == frozen
        assert firm.rows(f"from finance.fct_wip_frozen where not {march} order by all") == work
        now = firm.rows(f"select bill_id, balance from finance.fct_ar_frozen where {march}")
        assert now == [(1001, 520)]


@pytest.mark.long
def test_an_empty_warehouse(tmp_path: Path) -> None:
    """Before anything was loaded every model can be built, and every metric asked for."""
    with empty_firm(tmp_path) as firm:
        built = firm.build()
        assert [one.check for one in built.verdicts if one.failures] == []
        for metric in METRICS:
            assert not firm.value(metric.query)
