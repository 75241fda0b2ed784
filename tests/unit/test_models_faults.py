"""Each shipped check sees the fault that it is there for, planted in the raw tables."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.sql_folder import sql_folder
from pipelines.transform import BuildOptions
from pipelines.transform.build import missing_tables, read_plan
from pipelines.transform.custom_fields import custom_field_models
from pipelines.transform.inputs import stored
from pipelines.transform.plan import BuildPlan, rendered
from tests.unit.mini_firm import MiniFirm, copied

pytestmark = pytest.mark.long

RAW, GROW = "raw_clio_manage", "raw_clio_grow"


def _twice(table: str, key: int, schema: str = RAW) -> str:
    """Return a fault: a record is there twice."""
    return f"insert into {schema}.{table} from {schema}.{table} where id = {key}"


def _set(table: str, key: int, change: str, schema: str = RAW) -> str:
    """Return a fault: something of a record is not as it should be."""
    return f"update {schema}.{table} set {change} where id = {key}"


FAULTS: dict[str, tuple[str, ...]] = {
    "account_balance_is_ledger_sum": (_set("bank_accounts", 12, "balance = 701"),),
    "account_transactions_are_complete": (f"delete from {RAW}.bank_transactions where id = 502",),
    "activities_keep_their_value": (_twice("users", 1),),
    "allocations_can_be_spread": (f"update {RAW}.line_items set total = 0 where bill__id = 1001",),
    "approved_bills_have_a_date": (_set("bills", 1001, "issued_at = null"),),
    "ar_monthly_sums_to_movements": (_set("bills", 1001, "issued_at = '1980-01-01'"),),
    "ar_restatement_sums": (_twice("bills", 1001),),
    "ar_today_is_bill_balance": (_set("allocations", 1, "amount = 399"),),
    "bill_balance_adds_up": (_set("bills", 1001, "paid = 399"),),
    "bill_lines_add_up": (_set("line_items", 1, "total = 441"),),
    "bill_lines_have_a_date": (_set("line_items", 2, "activity__id = null"),),
    "bill_matter_totals_add_up": (
        _set("bills", 1003, """matter_totals = '[{"id": 20, "amount": 999}]'"""),
    ),
    "billed_work_has_a_bill": (_set("activities", 6, "billed = true, bill__id = 9999"),),
    "closed_months_are_frozen": (
        "delete from finance.fct_ar_frozen where month_end = '2026-02-28'",
    ),
    "collection_lines_are_allocations": (_twice("line_items", 1),),
    "compensation_is_within_fees": ("update seeds.comp_rules set pct = 1.5, cap = null",),
    "custom_field_values_fit": (
        (
            f"insert into {RAW}.custom_fields (id, parent_type, field_type)"
            " values (9, 'Matter', 'date')"
        ),
        _set(
            "matters",
            10,
            """custom_field_values = '[{"custom_field": {"id": 9}, "value": "31.02.2026"}]'""",
        ),
    ),
    "funnel_counts_every_enquiry_once": (_twice("sources", 1, GROW),),
    # no raw row can break it, so the model that it looks at is broken
    "funnel_stages_nest": (
        (
            "create or replace view intake.agg_funnel_month as select '2026-01-01' as lead_month,"
            " 'Web' as source, '' as matter_type, 1 as leads, 2 as contacted, 0 as consult_booked,"
            " 0 as consult_held, 0 as hired"
        ),
    ),
    "grow_links_are_one_to_one": (_set("contacts", 72, "clio_id = 100", GROW),),
    "grow_links_lead_to_manage": (_set("contacts", 71, "clio_id = 999", GROW),),
    "grow_statuses_are_mapped": (_set("matters", 82, "status = 'Strange'", GROW),),
    "hours_are_visible": (_set("activities", 6, "quantity_redacted = true"),),
    "lockup_is_the_sum_of_its_parts": (_twice("matters", 10),),
    "money_has_one_currency": (_set("bills", 1002, "currency__id = 2"),),
    "outstanding_balances_agree": (
        _set("outstanding_client_balances", 1, "total_outstanding_balance = 419"),
    ),
    "timekeeper_hours_are_all_hours": (_twice("users", 2),),
    "timekeeper_money_is_all_money": (
        _set("bills", 1001, "issued_at = null, created_at = null, due_at = null"),
    ),
    "trust_book_is_client_ledgers": (_set("contacts", 200, "account_balances = '[]'"),),
    "trust_ledger_ends_at_account_balance": (_set("bank_transactions", 502, "funds_out = 299"),),
    "trust_money_has_an_owner": (
        _set("bank_transactions", 501, "client__id = null, matter__id = null"),
    ),
    "wip_restatement_sums": (_set("activities", 6, "total = null"),),
    "wip_today_is_unbilled_work": (
        _set("bills", 1001, "issued_at = '2026-04-01'"),
        f"insert into {RAW}.activities_written_off (id) values (1)",
    ),
    "work_is_billed_once": (_set("line_items", 4, "activity__id = 1"),),
}
"""Check → statements that plant the fault."""


class Workbench:
    """The built firm with every model as a view, so that a fault shows at once everywhere."""

    def __init__(self, firm: MiniFirm) -> None:
        """Turn the tables into views; what was frozen stays."""
        self.firm = firm
        made = custom_field_models(firm.warehouse)
        wish = BuildOptions(own_seeds=firm.seeds, made=made)
        self.plan: BuildPlan = read_plan(firm.warehouse, [sql_folder()], wish)
        self.stand_ins = missing_tables(self.plan, stored(firm.warehouse))
        for relation in self.plan.order:
            if self.plan.project.models[relation].kind == "table":
                firm.rows(f"drop table {relation}")
                firm.rows(f"create view {relation} as {self.query(relation)}")

    def query(self, name: str) -> str:
        """Return the query of a model or check."""
        return rendered(self.plan, name, self.stand_ins)

    def failures(self, check: str, *faults: str) -> int:
        """Count what a check finds once faults are planted; afterwards they are gone."""
        self.firm.rows("begin")
        try:
            for fault in faults:
                self.firm.rows(fault)
            return len(self.firm.rows(self.query(f"checks.{check}")))
        finally:
            self.firm.rows("rollback")


@pytest.fixture(scope="module")
def bench(mini_firm_place: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """Return a copy of the firm to spoil."""
    with copied(mini_firm_place, tmp_path_factory.mktemp("spoiled")) as firm:
        yield Workbench(firm)


def test_every_check_has_its_fault() -> None:
    """No check is shipped that no planted fault turns red."""
    assert sorted(FAULTS) == sorted(path.stem for path in (sql_folder() / "checks").glob("*.sql"))


@pytest.mark.parametrize("check", FAULTS)
def test_check_sees_its_fault(bench: Workbench, check: str) -> None:
    """The check is silent about the firm, and finds rows once the fault is planted."""
    assert bench.failures(check) == 0
    assert bench.failures(check, *FAULTS[check]) > 0


def test_fees_by_the_day_of_the_payment_are_checked(bench: Workbench) -> None:
    """A payment that falls out of the months of payments alone is seen."""
    fault = _set("allocations", 1, "date = null")
    assert bench.failures("timekeeper_money_is_all_money", fault) > 0
