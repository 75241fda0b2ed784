"""The shipped models over the firm that was worked out by hand, once something is otherwise."""

from pathlib import Path

import pytest

from pipelines.sql_folder import sql_folder
from pipelines.transform.metrics import read_metrics
from tests.unit.mini_firm import GROW, copied
from tests.unit.mini_records import DIVORCE, ESTATE, IN_TRUST

pytestmark = pytest.mark.long

METRICS = {metric.name: metric for metric in read_metrics(sql_folder())}


def test_a_restatement_is_no_sum_of_months(mini_firm_place: Path, tmp_path: Path) -> None:
    """A payment of August that is 90 less now: seven month-ends owe 90 more, and so does the firm,
    not seven times as much.
    """
    with copied(mini_firm_place, tmp_path) as firm:
        firm.rows("update raw_clio_manage.allocations set amount = 900 where id = 2")
        firm.rows("update raw_clio_manage.bills set paid = 910, balance = 90 where id = 1003")
        assert firm.build().failed == ()
        months = firm.rows("from finance.rpt_ar_restatement where cause <> 'frozen'")
        assert len(months) == 7
        assert firm.value(METRICS["ar_restated"].query) == 90


def test_twelve_months_end_today(mini_firm_place: Path, tmp_path: Path) -> None:
    """Collections of twelve months are those since the same day of the last year, until today."""
    with copied(mini_firm_place, tmp_path) as firm:
        firm.rows("update raw_clio_manage.allocations set date = '2025-03-16' where id = 2")
        firm.rows("update raw_clio_manage.allocations set date = '2026-03-16' where id = 1")
        assert firm.build().failed == ()
        query = "select sum(ttm_collections) from finance.agg_lockup_month where not is_closed"
        assert firm.value(query) == 990
        firm.clock.at = "2026-03-16T12:00:00Z"
        assert firm.build().failed == ()
        assert firm.value(query) == 400


def test_work_that_is_written_off_no_more(mini_firm_place: Path, tmp_path: Path) -> None:
    """An entry that left the list of what is written off is work in progress again."""
    with copied(mini_firm_place, tmp_path) as firm:
        assert firm.value(METRICS["wip"].query) == 400
        firm.rows(
            "insert into meta.tombstones (source, resource, record_id, detected_at)"
            " values ('clio_manage', 'activities_written_off', '7', '2026-03-01')"
        )
        assert firm.build().failed == ()
        assert firm.value(METRICS["wip"].query) == 500
        assert firm.value(METRICS["written_off"].query) is None


def test_deleted_contacts_hold_nothing(mini_firm_place: Path, tmp_path: Path) -> None:
    """A contact that was merged into another is in no client ledger, and is nobody's link."""
    with copied(mini_firm_place, tmp_path) as firm:
        address = {"email_addresses": [{"id": 1, "address": "new@client.example.com"}]}
        firm.add(
            "contacts",
            {"id": 201, "type": "Person", "name": "Old", "account_balances": IN_TRUST, **address},
            {"id": 202, "type": "Person", "name": "New", **address},
        )
        firm.add("contacts", {"id": 74, "emails": ["new@client.example.com"]}, source=GROW)
        firm.rows(
            "insert into meta.tombstones (source, resource, record_id, detected_at)"
            " values ('clio_manage', 'contacts', '201', '2026-03-01')"
        )
        assert firm.build().failed == ()
        book = "select ledgers, status from trust.rpt_three_way where not is_closed"
        assert firm.rows(book) == [(700, "statement missing")]
        links = "select manage_id, status from core.xref_grow_manage where grow_id = 74"
        assert firm.rows(links) == [(202, "linked")]


def test_a_shared_bill_blocks_every_matter_of_it(mini_firm_place: Path, tmp_path: Path) -> None:
    """A matter is not done with while a bill is unpaid that asks most for another matter."""
    with copied(mini_firm_place, tmp_path) as firm:
        shared = """matters = '[{"id": 10}, {"id": 20}]'"""
        firm.rows(f"update raw_clio_manage.bills set {shared} where id = 1001")
        assert firm.build().failed == ()
        query = f"select blocked_reason from ops.rpt_matter_health where matter_id = {ESTATE}"
        assert firm.value(query) == "wip,ar,trust"


def test_money_of_a_matter_is_counted_once(mini_firm_place: Path, tmp_path: Path) -> None:
    """Where two matters of Grow name one of Manage, the first of them brought its money."""
    with copied(mini_firm_place, tmp_path) as firm:
        second = {"id": 83, "client__id": 71, "clio_id": DIVORCE, "status": "Signed"}
        firm.add("matters", {**second, "created_at": "2026-01-12T09:00:00Z"}, source=GROW)
        assert firm.build().failed == ()
        found = firm.rows(
            "select intake_key, collected::varchar from intake.fct_intake"
            f" where manage_matter_id = {DIVORCE} order by 1"
        )
        assert found == [("matter:81", "368.10"), ("matter:83", "0.00")]
        assert firm.value("select sum(collected)::varchar from intake.agg_funnel_month") == "368.10"


def test_marketing_that_brought_nobody_costs_too(mini_firm_place: Path, tmp_path: Path) -> None:
    """Money for a source without an enquiry in the month is part of what a hire costs."""
    with copied(mini_firm_place, tmp_path) as firm:
        spent = "month,source,amount\n2026-01-01,Web,300\n2026-01-01,Radio,700\n"
        (firm.seeds / "marketing_spend.csv").write_text(spent, "utf-8")
        assert firm.build().failed == ()
        assert firm.value(METRICS["cost_per_hire"].query) == 1000
        assert firm.value(METRICS["leads"].query) == 3
