"""`sync` reads again what a failed check points at, before it stops for it."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from pipelines.operate.status import run_status
from pipelines.operate.sync import run_sync
from pipelines.outcome import Outcome
from pipelines.publish.pointer import opened
from pipelines.transform.run import ModelContext
from sources.clio_simulator.faults import Status
from tests.system.conftest import NewFirm
from tests.system.firm import Firm, QuickClock, chosen

pytestmark = pytest.mark.long

LOADED = (
    "activities",
    "activities_written_off",
    "allocations",
    "bank_accounts",
    "bank_transactions",
    "bills",
    "contacts",
    "interest_charges",
    "line_items",
    "matters",
    "outstanding_client_balances",
    "practice_areas",
    "users",
)


@pytest.fixture
def firm(new_firm: NewFirm) -> Firm:
    """Return a small firm that was synced once."""
    firm = new_firm(scale=0.1)
    first = sync(firm)
    assert first.exit_code == 0, first.errors
    return firm


def sync(firm: Firm, **given: Any) -> Outcome:
    """Run all stages of Manage for what money needs."""
    context = ModelContext.of(firm.context())
    return run_sync(context, ["clio_manage"], choice=chosen(*LOADED), **given)


def paid(firm: Firm) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a payment that stands, and its bill."""
    bills = {row["id"]: row for row in firm.clio.dump("bills")}
    for row in firm.clio.dump("allocations"):
        bill = bills[row["bill"]["id"]]
        if not row.get("voided_at") and bill["state"] in {"paid", "awaiting_payment"}:
            return row, bill
    raise AssertionError


def owed(firm: Firm) -> Decimal:
    """Return the receivables of today, as they are published."""
    with opened(firm.folder) as (_, snapshot):
        ((found,),) = snapshot.rows("select sum(balance) from core.fct_bill where is_revenue")
        return Decimal(found)


def take_back(firm: Firm) -> dict[str, Any]:
    """Delete a payment in Clio: its bill owes the money again, and the list shows it no more."""
    payment, bill = paid(firm)
    firm.clio.changes.remove("allocations", payment["id"])
    again = {"paid": bill["paid"] - payment["amount"]}
    again |= {"balance": bill["balance"] + payment["amount"], "state": "awaiting_payment"}
    firm.clio.changes.update("bills", bill["id"], again)
    return payment


def test_a_payment_that_was_deleted_stops_nothing(firm: Firm) -> None:
    """It is read again, found to be gone and marked so; what is published is right."""
    before = owed(firm)
    payment = take_back(firm)
    outcome = sync(firm)
    assert (outcome.exit_code, outcome.errors) == (0, [])
    assert "Read again since checks failed" in outcome.text
    assert owed(firm) == before + Decimal(str(payment["amount"]))
    with firm.opened() as connection:
        found = connection.execute(
            "select record_id, evidence from meta.tombstones where resource = 'allocations'"
        ).fetchall()
    assert found == [(str(payment["id"]), "not found by its id")]
    assert sync(firm).exit_code == 0


def test_what_cannot_be_healed_names_the_sweep(firm: Firm) -> None:
    """A balance that Clio itself says wrongly: exit code 7, nothing is published anew, and the
    error names the records and the command.
    """
    _, bill = paid(firm)
    firm.clio.changes.update("bills", bill["id"], {"balance": bill["balance"] + 5})
    before = owed(firm)
    outcome = sync(firm)
    assert outcome.exit_code == 7
    ((subject, error),) = [one for one in outcome.errors if "ar_today" in one[0]]
    assert subject == "transform checks.ar_today_is_bill_balance"
    assert f"bills {bill['id']}" in str(error)
    assert "clio-sync sweep --resource allocations --resource bills" in error.hint
    assert owed(firm) == before
    told = run_status(firm.settings, QuickClock()).text
    assert "The last build was undone at" in told
    assert "clio-sync check show checks.ar_today_is_bill_balance" in told


def test_a_list_that_cannot_be_read_any_more(firm: Firm) -> None:
    """What Clio refuses to show is not deleted, and its figures are empty where the rest is newer:
    nothing is published but with --partial, and once it can be read again all is as it was.
    """
    before = owed(firm)
    payment = take_back(firm)
    firm.clio.faults.add(Status(403), "allocations", times=None)
    for first in (True, False):
        outcome = sync(firm)
        assert outcome.exit_code == 4, outcome.errors
        assert "publish" in [subject for subject, _ in outcome.errors]
        assert "clio_manage.allocations" in str(outcome.errors[-1][1])
        assert ("does not show these now" in outcome.text) is first
    assert owed(firm) == before
    assert firm.buried("allocations") == set()
    outcome = sync(firm, partial=True)
    assert outcome.exit_code == 4
    with opened(firm.folder) as (_, snapshot):
        said = dict(snapshot.rows("select key, value from bi.about"))
        ((known,),) = snapshot.rows("select count(amount) from core.fct_collection_line")
    assert said["not_known clio_manage.allocations"].startswith("behind since ")
    assert known == 0
    firm.clio.faults.clear()
    assert sync(firm).exit_code == 0
    assert owed(firm) == before + Decimal(str(payment["amount"]))
    assert firm.buried("allocations") == {str(payment["id"])}


def test_a_value_that_does_not_fit_hides_no_contradiction(firm: Firm) -> None:
    """A list of which a value is kept out was read to its end: what checks find in it is wrong, and
    ends with 7; once it is right in Clio the figures are there again.
    """
    (odd, wrong) = [row for row in firm.clio.dump("bills") if row["state"] == "awaiting_payment"][
        :2
    ]
    firm.clio.switches.misfits = {"bills": {odd["id"]: {"memo": {"an": "object"}}}}
    firm.clio.changes.update("bills", odd["id"], {})
    assert sync(firm).exit_code == 4
    assert firm.query("select state from meta.inputs where resource = 'bills'") == [("incomplete",)]
    firm.clio.changes.update("bills", wrong["id"], {"balance": wrong["balance"] + 5})
    assert sync(firm).exit_code == 7
    firm.clio.changes.update("bills", wrong["id"], {"balance": wrong["balance"]})
    assert sync(firm).exit_code == 0
    assert owed(firm) > 0


def test_odd_records_never_block_a_firm(firm: Firm) -> None:
    """An approved bill without an issue date and a line without a date and without work count
    from defined days, and are told as warnings.
    """
    payment, bill = paid(firm)
    assert payment
    firm.clio.changes.update("bills", bill["id"], {"issued_at": None})
    line = next(row for row in firm.clio.dump("line_items") if row["bill"]["id"] == bill["id"])
    firm.clio.changes.update("line_items", line["id"], {"date": None, "activity": None})
    outcome = sync(firm)
    assert outcome.exit_code == 0, outcome.errors
    with opened(firm.folder) as (_, snapshot):
        found = snapshot.rows(
            "select relation, record_id from bi.data_problems where kind = 'check'"
            " and relation like 'checks.%date'"
        )
    assert ("checks.approved_bills_have_a_date", str(bill["id"])) in found


def test_without_bills_it_is_published_only_when_asked_for(new_firm: NewFirm) -> None:
    """Bills forbidden from the first load: 4 and nothing published; with --partial figures are
    empty, 4 once and then 0 with a warning; `bi.about` says why.
    """
    firm = new_firm(scale=0.1)
    firm.clio.faults.add(Status(403), "bills", times=None)
    refused = sync(firm)
    assert refused.exit_code == 4
    assert "publish" in [subject for subject, _ in refused.errors]
    first = sync(firm, partial=True)
    assert first.results[-1]["status"] == "incomplete"
    with opened(firm.folder) as (_, snapshot):
        money = "select count(wip_amount), count(*) from finance.fct_wip_monthly"
        ((known, rows),) = snapshot.rows(money)
        assert known == 0 < rows
        said = dict(snapshot.rows("select key, value from bi.about"))
        assert "finance.fct_wip_monthly.wip_amount" in said["not_known clio_manage.bills"]
        comment = snapshot.rows(
            "select comment from duckdb_tables() where table_name = 'work_in_progress'"
        )
        assert "clio_manage.bills" in comment[0][0]
    again = sync(firm, partial=True)
    assert again.results[-1]["status"] == "ok"
    assert "Warning: published without the figures that need clio_manage.bills" in again.text


def test_rows_that_are_only_out_of_sight_are_not_buried(new_firm: NewFirm) -> None:
    """More of a list is missing than a sweep would let go: a person is asked, by exit code 7."""
    firm = new_firm(scale=0.6)
    assert sync(firm).exit_code == 0
    listed = firm.clio.dump("bank_transactions")
    largest = Counter(row["bank_account"]["id"] for row in listed).most_common(1)[0][0]
    mine = [row for row in listed if row["bank_account"]["id"] == largest][:18]
    *hidden, last = mine
    for row in hidden:
        firm.clio.changes.hide("bank_transactions", row["id"])
    firm.clio.changes.remove("bank_transactions", last["id"])
    (account,) = [row for row in firm.clio.dump("bank_accounts") if row["id"] == largest]
    amount = (last.get("funds_in") or 0) - (last.get("funds_out") or 0)
    balance = {"balance": account["balance"] - amount}
    firm.clio.changes.update("bank_accounts", largest, balance)
    assert sync(firm).exit_code == 7
    assert firm.buried("bank_transactions") == set()


def test_a_lost_sign_in_while_healing_is_told_as_such(firm: Firm) -> None:
    """Exit code 3 and not 7: nothing is known of the records, and the next run goes on."""
    take_back(firm)
    lost = firm.clio.faults.add(
        Status(401), "allocations", times=None, absent=("updated_since", "created_since")
    )
    outcome = sync(firm)
    assert (lost.played > 0, outcome.exit_code) == (True, 3), outcome.errors
    firm.clio.faults.clear()
    assert sync(firm).exit_code == 0


def test_a_payment_that_is_there_after_all_is_built_with(firm: Firm) -> None:
    """Marked as deleted here though Clio shows it: the mark goes, and the build that failed is
    done once more.
    """
    payment, bill = paid(firm)
    with firm.writable() as connection:
        connection.execute(
            "insert into meta.tombstones by name select 'clio_manage' as source,"
            " 'allocations' as resource, $1 as record_id, now() as detected_at, 'x' as evidence",
            [str(payment["id"])],
        )
    firm.clio.changes.update("bills", bill["id"], {"memo": "touched"})
    outcome = sync(firm)
    assert (outcome.exit_code, "Read again" in outcome.text) == (0, True), outcome.errors


def test_a_column_that_was_never_seen_blocks_no_firm(new_firm: NewFirm) -> None:
    """Balances of bills that are null from the first load on: what needs them is empty and the
    rest is published; once they are shown, the figures are there.
    """
    firm = new_firm(scale=0.1)
    firm.clio.switches.hidden_fields = {"bills": {"balance"}}
    outcome = sync(firm)
    assert outcome.exit_code == 0, outcome.errors
    assert "does not show these now: clio_manage.bills.balance." in outcome.text
    with opened(firm.folder) as (_, snapshot):
        found = snapshot.rows("select count(balance), count(total) from core.fct_bill")
        assert [value > 0 for value in found[0]] == [False, True]
    again = sync(firm)
    assert (again.exit_code, "does not show" in again.text) == (0, False)
    firm.clio.switches.hidden_fields = {}
    assert firm.load("bills", full=True).exit_code == 0
    assert sync(firm).exit_code == 0
    assert owed(firm) > 0
