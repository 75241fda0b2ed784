"""Clio held against the warehouse: the seed firm matches, and what is planted is found."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from pipelines.load.command import run_load
from pipelines.reconcile.errors import PackageFolderError
from pipelines.reconcile.run import REPORTS, ReconcileOptions, run_accept, run_reconcile, run_verify
from sources.clio_http.clock import SystemClock
from sources.clio_simulator.faults import Status
from tests.system.firm import chosen
from tests.system.reconciling import Audit, amounts, audited, found, statuses
from tests.system.writing import Desk


@pytest.fixture
def audit(reconciled_firm: Path, tmp_path: Path) -> Iterator[Audit]:
    """Return a copy of the loaded and built firm with a Clio of its own."""
    with audited(reconciled_firm, tmp_path / "data") as audit:
        yield audit


def one(rows: list[dict[str, Any]], **fields: object) -> dict[str, Any]:
    """Return the first row with these fields."""
    return next(row for row in rows if all(row.get(k) == v for k, v in fields.items()))


def test_the_seed_firm_matches(audit: Audit) -> None:
    """On levels 1 to 4 everything that can be run matches, the exit code is 0, and the only POSTs
    that reached Clio ask for its reports.
    """
    outcome = audit.run(ids=(), sample=24, reports=True)
    assert (outcome.exit_code, outcome.errors) == (0, [])
    ends = statuses(outcome)
    assert {name for name, end in ends.items() if end != "match"} == {"certificates"}
    assert ends["certificates"] == "not run"
    assert len(ends) >= 24
    writes = [asked for asked in audit.clio.requests if asked.method != "GET"]
    assert {(asked.method, asked.path) for asked in writes} == {("POST", "/api/v4/reports.json")}
    assert len(writes) == 7
    again = run_verify(audit.firm.context(), audit.package(outcome))
    assert again.exit_code == 0


def test_planted_differences(audit: Audit) -> None:
    """A bill that is missing here, a trust transaction that is gone there, an allocation that
    changed without a trace, a Grow contact whose contact is deleted, a bill that changed after the
    load: each is found, in its class, to the cent, and nothing else is.
    """
    clio, firm = audit.clio, audit.firm
    bill = one(clio.dump("bills"), state="awaiting_payment", kind="revenue_kind")
    moved = one(clio.dump("bills"), state="paid")
    retainer = next(
        row
        for row in clio.dump("bank_transactions")
        if row["bank_account_id"] == 12 and not row.get("bill") and row.get("funds_in")
    )
    busy = {row["client"]["id"] for row in clio.dump("matters")}
    linked = firm.query(
        "select id, clio_id from raw_clio_grow.contacts where clio_id is not null order by id"
    )
    grow_id, contact = next((g, c) for g, c in linked if c not in busy)
    with firm.writable() as warehouse:
        warehouse.execute("delete from raw_clio_manage.bills where id = ?", [bill["id"]])
        warehouse.execute(
            "insert into meta.tombstones values"
            " ('clio_manage', 'contacts', ?, '2000-01-01', 'not found by its id', null)",
            [str(contact)],
        )
    clio.changes.remove("contacts", contact)
    clio.changes.remove("bank_transactions", retainer["id"])
    clio.changes.update("bills", moved["id"], {"subject": "changed meanwhile"})
    outcome = audit.run(ids=("bills", "bank_transactions", "contacts"), reports=True)
    gone, listed = f"bank_transactions:{retainer['id']}", f"bills:{bill['id']}"
    assert outcome.exit_code == 7
    assert found(outcome, "ids") == {
        ("ids", listed, "missing in the warehouse"),
        ("ids", gone, "deleted"),
    }
    assert statuses(outcome)["etags"] == "moved during run"
    assert statuses(outcome)["fields"] == "moved during run"
    assert found(outcome, "grow_links") == {
        ("grow_links", f"grow contact:{grow_id}", "deleted"),
    }
    owed = f"client:{bill['client']['id']}"
    assert amounts(outcome, "outstanding_client_balances") == {owed: cents(bill["balance"])}
    asked_for = f"bill:{bill['number']}"
    assert amounts(outcome, "report_receivable") == {asked_for: cents(bill["balance"])}
    ledger = amounts(outcome, "report_trust_ledger")
    assert list(ledger.values()) == [cents(-Decimal(str(retainer["funds_in"])))]
    assert {cause for _, _, cause in found(outcome, "report_trust_ledger")} == {"deleted"}
    assert list(amounts(outcome, "report_trust_listing").values()) == list(ledger.values())
    expected = {
        "ids", "grow_links", "outstanding_client_balances", "report_receivable", "report_ageing",
        "report_billed", "report_collected", "report_trust_ledger", "report_trust_listing",
        "report_matter_balances",
    }  # fmt: skip
    assert {name for name, end in statuses(outcome).items() if end == "difference"} <= expected


def cents(value: object) -> str:
    """Write money as the results do."""
    return str(Decimal(str(value)).quantize(Decimal("0.01")))


def test_allocation_changed_without_a_trace(audit: Audit) -> None:
    """No id, stamp or etag shows it; the revenue report does, to the cent, unexplained."""
    allocation = next(
        row
        for row in audit.clio.dump("allocations")
        if row["parent"]["type"] == "Payment" and not row.get("voided_at")
    )
    less = Decimal(str(allocation["amount"])) - 1
    audit.clio.changes.update(
        "allocations", allocation["id"], {"amount": float(less)}, silent=True, keep_etag=True
    )
    outcome = audit.run(ids=("allocations",), reports=True)
    assert {name for name, end in statuses(outcome).items() if end == "difference"} == {
        "report_collected"
    }
    assert sum(map(Decimal, amounts(outcome, "report_collected").values())) == -1
    assert {cause for _, _, cause in found(outcome)} == {"unexplained"}


@pytest.mark.long
def test_sample_of_records_that_are_gone(audit: Audit) -> None:
    """A record of the sample that Clio has deleted is a difference, one that it refuses to show is
    not run, and one that is known to be deleted is not asked for: none ends as a match unseen.
    """
    first, second, third = (row["id"] for row in audit.clio.dump("bank_accounts")[:3])
    with audit.firm.writable() as warehouse:
        warehouse.execute(
            "insert into meta.tombstones values"
            " ('clio_manage', 'bank_accounts', ?, '2000-01-01', 'not found by its id', null)",
            [str(third)],
        )
    audit.clio.changes.remove("bank_accounts", first)
    audit.clio.faults.add(Status(403), f"bank_accounts/{second}", times=None)
    outcome = audit.run(sample=100)
    said = {
        (row["key"], row["status"], row["cause"])
        for row in outcome.results
        if row.get("comparison") == "fields" and row.get("key", "").startswith("bank_accounts:")
    }
    assert said == {
        (f"bank_accounts:{first}.id", "difference", "deleted"),
        (f"bank_accounts:{second}.id", "not run", ""),
    }


def test_reports_that_reckon_otherwise(audit: Audit) -> None:
    """A report that counts drafts and one that spreads payments in order: each gap has its class,
    and the sum of the drafts is found to the cent.
    """
    audit.clio.switches.reports_count_drafts = True
    audit.clio.switches.report_allocation = "in_order"
    outcome = audit.run(reports=True)
    drafts = [
        row
        for row in audit.clio.dump("bills")
        if row["state"] in {"draft", "awaiting_approval"} and row["kind"] == "revenue_kind"
    ]
    assert amounts(outcome, "report_receivable") == {
        f"bill:{row['number']}": cents(row["balance"]) for row in drafts if row["balance"]
    }
    causes = {(name, cause) for name, _, cause in found(outcome)}
    assert causes == {
        ("report_receivable", "draft state"),
        ("report_ageing", "draft state"),
        ("report_billed", "draft state"),
        ("report_matter_balances", "draft state"),
        ("report_collected", "allocation method"),
    }


def test_report_that_fails(audit: Audit) -> None:
    """What needs it is not run and says why; everything else is compared, and the end is 0."""
    audit.clio.switches.report_fails = True
    outcome = audit.run(reports=True)
    ends = {row["comparison"]: row for row in outcome.results if "level" in row}
    assert {row["status"] for row in ends.values() if row["level"] == 3} == {"not run"}
    assert ends["report_receivable"]["reason"] == "Clio says that the report failed"
    assert ends["bank_account_balances"]["status"] == "match"
    assert outcome.exit_code == 0


def test_folder_that_is_named(audit: Audit, tmp_path: Path) -> None:
    """The first package of a firm may be written to another folder: it is whole, its difference
    can be accepted, and the folder of the reports is private.
    """
    with audit.firm.writable() as warehouse:
        warehouse.execute(
            "update raw_clio_manage.bank_accounts set balance = balance + 5 where id = 12"
        )
    outcome = audit.run(out=tmp_path / "elsewhere")
    assert audit.package(outcome) == tmp_path / "elsewhere"
    run = audit.firm.context()
    assert run_verify(run, tmp_path / "elsewhere").exit_code == 0
    (difference,) = [row for row in outcome.results if row.get("id")]
    assert run_accept(run, difference["id"], "a test").exit_code == 0
    assert (audit.firm.folder / REPORTS).stat().st_mode & 0o077 == 0


def test_folder_that_is_taken(audit: Audit, tmp_path: Path) -> None:
    """A folder that holds something is refused before Clio is asked for anything, above all for
    reports; what is in it stays.
    """
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine")
    before = len(audit.clio.requests)
    with pytest.raises(PackageFolderError, match="already"):
        audit.run(reports=True, out=tmp_path / "taken")
    assert len(audit.clio.requests) == before
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["mine.txt"]


def test_accepted_only_while_unchanged(audit: Audit) -> None:
    """An accepted difference raises no alarm and stays shown; another amount is open again."""
    with audit.firm.writable() as warehouse:
        warehouse.execute(
            "update raw_clio_manage.bank_accounts set balance = balance + 5 where id = 12"
        )
    run = audit.firm.context()
    first = audit.run()
    (difference,) = [row for row in first.results if row.get("id")]
    assert (first.exit_code, str(difference["difference"])) == (7, "5.00")
    assert run_accept(run, difference["id"], "a test").exit_code == 0
    second = audit.run()
    assert second.exit_code == 0
    assert [row["accepted"] for row in second.results if row.get("id")] == [True]
    with audit.firm.writable() as warehouse:
        warehouse.execute(
            "update raw_clio_manage.bank_accounts set balance = balance + 1 where id = 12"
        )
    third = audit.run()
    assert third.exit_code == 7
    assert [row["accepted"] for row in third.results if row.get("id")] == [False]


def test_log_of_requests(audit: Audit) -> None:
    """The package tells of each run how many requests it sent: as many as Clio was asked."""
    choice = chosen("bank_accounts", "users")
    assert run_load(audit.firm.context(), ["clio_manage"], choice).exit_code == 0
    sent = [one for one in audit.clio.requests if one.collection in {"bank_accounts", "users"}]
    package = audit.package(audit.run())
    listed = json.loads((package / "reconciliation.json").read_text("utf-8"))["lists"]["Requests"]
    newest, *older = listed["rows"]
    told = (newest["source"], newest["collections"], newest["requests"], newest["not_ok"])
    assert told == ("clio_manage", 2, len(sent), 0)
    assert {row["source"] for row in older} == {"clio_manage", "clio_grow"}
    book = openpyxl.load_workbook(package / "reconciliation.xlsx", read_only=True)
    rows = list(book["Requests"].iter_rows(values_only=True))
    book.close()
    assert dict(zip(rows[0], rows[1], strict=True))["requests"] == len(sent)


@pytest.mark.long
def test_pushed_values(desk: Desk) -> None:
    """A value that was sent holds; then somebody changes it back; sent once more and changed back
    once more, it is one that another integration fights over.
    """
    task = desk.firm.clio.dump("tasks")[0]

    def said() -> set[tuple[str, str, str]]:
        assert desk.firm.load("tasks").exit_code == 0
        run = desk.firm.context(SystemClock())
        return found(run_reconcile(run, ReconcileOptions()), "pushed_edits")

    for expected in ("changed back", "fighting another integration"):
        desk.propose("tasks", task["id"], "name=Ours")
        desk.push(desk.approved())
        assert said() == set()
        desk.firm.clio.changes.update("tasks", task["id"], {"name": task["name"]})
        assert {cause for _, _, cause in said()} == {expected}
