"""A figure whose inputs are not known is null, never 0 and never too small: for every input."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.transform.inputs import catalogued
from tests.unit.known_figures import METRICS, Cells, figures, lies, marts, shipped
from tests.unit.mini_firm import COLLECTIONS as KNOWN_COLLECTIONS
from tests.unit.mini_firm import MANAGE, MiniFirm, copied
from tests.unit.mini_records import BEN, DIVORCE, ESTATE

COLLECTIONS = sorted(
    f"raw_{source}.{name}"
    for source, name in KNOWN_COLLECTIONS
    if f"raw_{source}.{name}" in shipped().outside
)
OF_MONEY = (
    "activities",
    "allocations",
    "bank_accounts",
    "bank_transactions",
    "bills",
    "interest_charges",
    "line_items",
)
COLUMNS = [
    (name, column)
    for name in OF_MONEY
    for column in catalogued()[f"{MANAGE}.{name}"]
    if any(
        column in staging.file.query
        for staging in shipped().project.models.values()
        if f"{MANAGE}.{name}" in shipped().needs(staging.relation)
    )
    and column not in {"id", "etag", "_synced_at", "_dlt_load_id", "_row_hash"}
]


@pytest.fixture(scope="module")
def whole(mini_firm_place: Path, tmp_path_factory: pytest.TempPathFactory) -> Cells:
    """Return the figures of the firm that sees everything."""
    with copied(mini_firm_place, tmp_path_factory.mktemp("whole")) as firm:
        return figures(firm)


@pytest.fixture
def firm(mini_firm_place: Path, tmp_path: Path) -> Iterator[MiniFirm]:
    """Return a firm that was built with everything known, to see less."""
    with copied(mini_firm_place, tmp_path) as found:
        yield found


def rebuilt(firm: MiniFirm) -> Cells:
    """Build again, and give the figures; no check may fail for what is not known."""
    assert firm.build().failed == ()
    return figures(firm)


def test_without_bills_nothing_that_needs_them_is_a_number(firm: MiniFirm, whole: Cells) -> None:
    """Work in progress, receivables, realization and what was billed and collected are empty;
    hours, which need no bill, are what they were. Why is said of each column and in the comments.
    """
    firm.forbid("bills")
    seen = rebuilt(firm)
    assert lies(whole, seen) == []
    empty = ("wip", "ar", "realization", "collection", "billed", "collected", "total_lockup", "dso")
    assert {seen[METRICS, name, ()] for name in (*empty, "contribution", "ar_restated")} == {None}
    known = ("billable_hours", "utilization", "worked_value", "trust_balance", "leads")
    assert {name: seen[METRICS, name, ()] for name in known} == {
        name: whole[METRICS, name, ()] for name in known
    }
    assert firm.value(f"select hours from finance.agg_matter_profit where matter_id = {DIVORCE}")
    why = firm.rows(
        "select distinct source, state, reason from meta.not_known"
        " where model = 'finance.fct_wip_monthly' and column_name = 'wip_amount'"
    )
    assert why == [("clio_manage.bills", "never", "forbidden")]
    comment = firm.value("select comment from duckdb_views() where view_name = 'work_in_progress'")
    assert "Not known now: " in comment
    assert "clio_manage.bills" in comment


@pytest.mark.long
def test_work_that_clio_calls_billed_is_never_in_progress(firm: MiniFirm) -> None:
    """Also where its bill is not here; with bills known that is an error, else nothing is said."""
    firm.rows("delete from raw_clio_manage.bills where id = 1001")
    failed = {one.check for one in firm.build().failed}
    assert "checks.billed_work_has_a_bill" in failed
    firm.rows("delete from raw_clio_manage.line_items")
    firm.forbid("bills")
    built = firm.build()
    (said,) = [one for one in built.verdicts if one.check == "checks.billed_work_has_a_bill"]
    assert (said.failed, said.not_known) == (False, "clio_manage.bills")
    billed = firm.rows("select activity_id from core.fct_activity where billing_status = 'billed'")
    assert {key for (key,) in billed} == {1, 2, 4, 8}
    wip = "from intermediate.int_wip__intervals where billing_status = 'billed'"
    assert firm.value(f"select count(*) {wip}") == 0


@pytest.mark.long
@pytest.mark.parametrize("name", ["allocations", "line_items", "interest_charges", "users"])
def test_without_a_collection_nothing_lies(firm: MiniFirm, whole: Cells, name: str) -> None:
    """Each figure is what it would be if all were known, or empty."""
    firm.forbid(name)
    assert lies(whole, rebuilt(firm)) == []


@pytest.mark.long
def test_without_cost_rates_nothing_is_earned(firm: MiniFirm) -> None:
    """Hours without a rate: cost, contribution and margin are empty, of the matter and in sum; a
    matter whose hours all have one keeps its own.
    """
    rates = firm.seeds / "cost_rates.csv"
    kept = "user_email,valid_from,cost_per_hour\nann@firm.example.com,2025-01-01,50\n"
    rates.write_text(kept, "utf-8")
    seen = rebuilt(firm)
    found = firm.rows(
        "select matter_id, cost, contribution, margin_pct is null from finance.agg_matter_profit"
        " order by 1"
    )
    assert found == [
        (DIVORCE, None, None, True),
        (ESTATE, Decimal(300), Decimal(690), False),
    ]
    assert (seen[METRICS, "contribution", ()], seen[METRICS, "margin", ()]) == (None, None)
    rates.write_text(kept.partition("\n")[0] + "\n", "utf-8")
    rebuilt(firm)
    assert firm.value("select count(cost) from finance.agg_matter_profit") == 0
    assert firm.value("select count(margin_pct) from finance.agg_matter_profit") == 0


@pytest.mark.long
def test_balances_of_clients_that_are_withheld_make_no_difference(firm: MiniFirm) -> None:
    """The leg is not known, and the ledger by client stands for it: money without an owner is
    still found.
    """
    firm.rows("update raw_clio_manage.contacts set account_balances = null")
    firm.withhold("contacts", "account_balances")
    rebuilt(firm)
    query = "select book, ledgers, client_ledgers, status from trust.rpt_three_way"
    today = f"{query} where not is_closed"
    assert firm.rows(today) == [(700, None, 700, "ledgers not known")]
    firm.add("bank_transactions", {"id": 503, "bank_account__id": 12, "date": "2026-03-01"}
             | {"funds_in": 40, "updated_at": "2026-03-01T09:00:00Z"})  # fmt: skip
    firm.rows("update raw_clio_manage.bank_accounts set balance = 740,"
              " bank_transactions_count = 3")  # fmt: skip
    rebuilt(firm)
    assert firm.rows(today) == [(740, None, 700, "difference")]


@pytest.mark.long
def test_hours_that_are_withheld_of_one_entry_make_no_sum_too_small(firm: MiniFirm) -> None:
    """Hours and what is divided by them are empty; money of bills is not."""
    firm.rows(
        "update raw_clio_manage.activities set quantity_in_hours = null,"
        " rounded_quantity_in_hours = null where id = 2"
    )
    for field in ("quantity_in_hours", "rounded_quantity_in_hours"):
        firm.withhold("activities", field, "2")
    seen = rebuilt(firm)
    empty = ("billable_hours", "non_billable_hours", "utilization", "effective_rate", "margin")
    assert {seen[METRICS, name, ()] for name in empty} == {None}
    assert (seen[METRICS, "ar", ()], seen[METRICS, "billed_fees", ()]) == (420, 1650)
    assert firm.value(f"select count(hours) from bi.activities where user_id = {BEN} or true") == 0


@pytest.mark.long
def test_what_is_known_again_is_a_number_again(firm: MiniFirm, whole: Cells) -> None:
    """The models follow when a collection is read whole at last."""
    before = firm.rows("from raw_clio_manage.allocations order by id")
    firm.rows("create table raw_clio_manage.kept as from raw_clio_manage.allocations")
    firm.forbid("allocations")
    assert rebuilt(firm)[METRICS, "collected", ()] is None
    firm.rows("insert into raw_clio_manage.allocations from raw_clio_manage.kept")
    firm.rows("update meta.inputs set state = 'complete', reason = ''")
    assert rebuilt(firm) == whole
    assert firm.rows("from raw_clio_manage.allocations order by id") == before
    assert firm.rows("select * from meta.not_known") == []
    firm.withhold("allocations", "amount")
    firm.build(full=False)
    assert figures(firm)[METRICS, "collected", ()] is None
    firm.rows("delete from meta.withheld")
    firm.build(full=False)
    assert figures(firm) == whole


@pytest.mark.long
def test_what_a_selection_leaves_out_keeps_its_word(firm: MiniFirm) -> None:
    """Numbers that stand are not called unknown, and empty ones not known, by a build of others."""
    told = "select count(*) from meta.not_known where source like 'clio_manage.bills%'"
    bill = "and model = 'finance.fct_wip_monthly'"
    firm.rows("create table raw_clio_manage.kept as from raw_clio_manage.bills")
    firm.forbid("bills")
    firm.build("core.dim_user")
    assert firm.value(f"{told} {bill}") == 0
    firm.build(full=False)
    before = firm.value(told)
    assert firm.value(f"{told} {bill}") > 0
    firm.rows("insert into raw_clio_manage.bills from raw_clio_manage.kept")
    firm.rows("update meta.inputs set state = 'complete', reason = ''")
    firm.build("core.dim_user")
    assert firm.value(told) == before
    assert firm.build(full=False).failed == ()
    assert firm.value(told) == 0


@pytest.mark.parametrize(
    ("table", "column", "told"),
    [
        ("activities", "non_billable", "core.fct_activity.is_non_billable"),
        ("bills", "currency__id", "finance.agg_lockup_month.ar"),
        ("bank_transactions", "client__id", "trust.rpt_trust_exceptions.amount"),
        ("bank_accounts", "balance", "trust.rpt_trust_exceptions.amount"),
    ],
)
def test_what_rests_on_a_column_is_empty_without_it(
    firm: MiniFirm, table: str, column: str, told: str
) -> None:
    """A flag, a sum by currency, and money whose client is not known."""
    firm.rows(f'update raw_clio_manage.{table} set "{column}" = null')
    firm.withhold(table, column)
    rebuilt(firm)
    relation, _, name = told.rpartition(".")
    assert firm.value(f"select count({name}) from {relation}") == 0
    assert firm.rows(
        f"select distinct source from meta.not_known where model = '{relation}'"
        f" and column_name = '{name}'"
    ) == [(f"clio_manage.{table}.{column}",)]


def test_matters_stay_where_what_they_hold_is_not_known(firm: MiniFirm) -> None:
    """A closed matter that may hold money is listed, and what it holds is empty."""
    query = "select matter_id, ar from ops.rpt_matter_health where status = 'Closed' order by 1"
    firm.rows("update raw_clio_manage.matters set status = 'Closed'")
    firm.forbid("bank_transactions", "contacts", "bills", "activities", "line_items", "allocations")
    firm.rows("update raw_clio_manage.matters set account_balances = '[]'")
    rebuilt(firm)
    assert firm.rows(query) == [(DIVORCE, None), (ESTATE, None)]


@pytest.mark.long
def test_nothing_is_frozen_that_is_not_known(firm: MiniFirm) -> None:
    """Months wait until the money is known; what was frozen before stays."""
    frozen = firm.rows("from finance.fct_ar_frozen order by all")
    assert frozen
    firm.clock.at = "2026-04-15T12:00:00Z"
    firm.rows(
        "insert into meta.sync_runs (run_id, source, resource, status, started_at, finished_at)"
        " select 'later', source, resource, status, '2026-04-15', '2026-04-15'"
        " from meta.sync_runs where status = 'ok'"
    )
    firm.withhold("allocations", "amount")
    rebuilt(firm)
    assert firm.rows("from finance.fct_ar_frozen order by all") == frozen
    firm.rows("delete from meta.withheld")
    rebuilt(firm)
    months = firm.rows("select distinct month_end::varchar from finance.fct_ar_frozen order by 1")
    assert months[-1] == ("2026-03-31",)


def test_odd_records_count_from_defined_days(firm: MiniFirm) -> None:
    """A line without a date and without work counts from the issue of its bill, and a bill without
    an issue date from the day on which it was made; both are warnings, and no check fails.
    """
    firm.rows("update raw_clio_manage.line_items set activity__id = null where id = 2")
    firm.rows("update raw_clio_manage.bills set issued_at = null where id = 1001")
    firm.rows("update raw_clio_manage.activities set billed = false, on_bill = false,"
              " bill__id = null where id = 2")  # fmt: skip
    built = firm.build()
    assert built.failed == ()
    told = {one.check for one in built.warnings}
    assert {"checks.approved_bills_have_a_date", "checks.bill_lines_have_a_date"} <= told
    found = firm.rows(
        "select line_date::varchar, issued_date::varchar from core.fct_bill_line"
        " where line_item_id = 2"
    )
    assert found == [("2026-02-01", "2026-02-01")]


def test_every_figure_of_money_rests_on_something(firm: MiniFirm) -> None:
    """With nothing known no money, hours or rate of any mart is a number."""
    for name in COLLECTIONS:
        schema, _, table = name.partition(".")
        firm.forbid(table, source=schema)
    rebuilt(firm)
    told = {
        (model, column)
        for model, column in firm.rows("select distinct model, column_name from meta.not_known")
    }
    listed = {(relation, column) for relation, _, columns in marts(firm) for column in columns}
    assert listed - told == set()


@pytest.mark.long
@pytest.mark.parametrize("name", [f"{MANAGE}.matters", "raw_clio_grow.contacts"])
def test_without_these_collections_nothing_lies(firm: MiniFirm, whole: Cells, name: str) -> None:
    """Two of the collections that are taken away one by one at night."""
    schema, _, table = name.partition(".")
    firm.forbid(table, source=schema)
    assert lies(whole, rebuilt(firm)) == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "column"), [("line_items", "total"), ("bills", "issued_at"), ("bills", "state")]
)
def test_without_these_columns_nothing_lies(
    firm: MiniFirm, whole: Cells, name: str, column: str
) -> None:
    """Some of the columns that are withheld one by one at night."""
    firm.rows(f'update raw_clio_manage.{name} set "{column}" = null')
    firm.withhold(name, column)
    assert lies(whole, rebuilt(firm)) == []


@pytest.mark.night
@pytest.mark.parametrize("name", COLLECTIONS)
def test_without_any_collection_nothing_lies(
    mini_firm_place: Path, tmp_path: Path, whole: Cells, name: str
) -> None:
    """Every collection that models read, never read: each figure is right, or empty."""
    schema, _, table = name.partition(".")
    with copied(mini_firm_place, tmp_path) as firm:
        firm.forbid(table, source=schema)
        assert lies(whole, rebuilt(firm)) == []


@pytest.mark.night
@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_without_any_column_of_money_nothing_lies(
    mini_firm_place: Path, tmp_path: Path, whole: Cells, name: str, column: str
) -> None:
    """Every column of work, bills, payments and trust, withheld: each figure is right, or empty."""
    with copied(mini_firm_place, tmp_path) as firm:
        firm.rows(f'update raw_clio_manage.{name} set "{column}" = null')
        firm.withhold(name, column)
        assert lies(whole, rebuilt(firm)) == []
