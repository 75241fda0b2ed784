"""The seeded firm: repeatable, and its money adds up to the cent."""

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from sources.clio_http.catalog import read_catalog
from sources.clio_simulator import Seed, SimulatedClock, Simulator
from tests.contract.simulator_client import client

ROOT = Path(__file__).parents[2]
FIELDS = ",".join(
    field.request for field in read_catalog("clio_manage").collections["matters"].fields
)


@pytest.fixture(scope="module")
def clio() -> Iterator[Simulator]:
    """Return the firm of seed 7."""
    with Simulator(rate_limit=0, clock=SimulatedClock(running=False)) as simulator:
        yield simulator


def rows(clio: Simulator, collection: str) -> list[dict[str, Any]]:
    """Return all records of a collection, numbers as decimals."""
    table = clio.store[collection]
    return [
        {k: Decimal(repr(v)) if isinstance(v, float) else v for k, v in r.items()}
        for r in table.after(-1)
    ]


def test_same_seed_same_bytes_in_another_process(clio: Simulator) -> None:
    """Another process with the same seed answers with the same bytes, another seed with others."""
    with client(clio) as http:
        here = http.get("matters", params={"fields": FIELDS}).content
    asked = [sys.executable, "-m", "sources.clio_simulator", "--port", "0", "--clock", "firm"]
    answers = [_answer([*asked, "--seed", seed]) for seed in ("7", "8")]
    assert answers[0] == here
    assert answers[1] != here


def _answer(command: list[str]) -> bytes:
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        ready = orjson.loads(process.stdout.readline())
        headers = {"Authorization": f"Bearer {ready['token']}"}
        asked = {"fields": FIELDS}
        answer = httpx.get(
            f"{ready['url']}/api/v4/matters", params=asked, headers=headers, timeout=10
        )
        process.terminate()
    return answer.content


def test_rate_times_quantity_is_the_total(clio: Simulator) -> None:
    """Of every activity, price times rounded quantity is the total, or what it would have been."""
    for row in rows(clio, "activities"):
        quantity = row.get("rounded_quantity_in_hours", row["quantity"])
        assert row["price"] * quantity == row["total"] + row["non_billable_total"], row


def test_line_items_add_up_to_bills(clio: Simulator) -> None:
    """Sub-total and taxes of each bill are the sums of its lines; its total adds the interest."""
    lines = defaultdict(list)
    for row in [*rows(clio, "line_items"), *rows(clio, "trust_line_items")]:
        lines[row["bill"]].append(row)
    interest: dict[int, Decimal] = defaultdict(Decimal)
    for row in rows(clio, "interest_charges"):
        interest[row["bill"]] += row["total"]
    for bill in rows(clio, "bills"):
        mine = lines[bill["id"]]
        without_interest = bill["total"] - interest[bill["id"]]
        assert sum(line["total"] for line in mine) == without_interest, bill
        assert bill["sub_total"] + bill["tax_sum"] + bill["secondary_tax_sum"] == without_interest
        if bill["kind"] == "revenue_kind":
            assert sum(line["sub_total"] for line in mine) == bill["sub_total"]
            assert sum(line["tax"] for line in mine) == bill["tax_sum"]
            assert sum(line["secondary_tax"] for line in mine) == bill["secondary_tax_sum"]


def test_paid_and_balance(clio: Simulator) -> None:
    """What is paid is the sum of valid allocations; paid and balance are the total."""
    paid: dict[int, Decimal] = defaultdict(Decimal)
    for row in rows(clio, "allocations"):
        if "voided_at" not in row:
            paid[row["bill"]] += row["amount"]
    for bill in rows(clio, "bills"):
        if bill["state"] not in {"void", "deleted"}:
            assert bill["paid"] == paid[bill["id"]], bill
            assert bill["paid"] + bill["balance"] == bill["total"]
        if bill["state"] == "paid":
            assert bill["balance"] == 0


def test_allocations_add_up_to_payments(clio: Simulator) -> None:
    """The allocations of each payment are the money that came into the bank for it."""
    allocated: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows(clio, "allocations"):
        if row["parent"]["type"] == "Payment" and "voided_at" not in row:
            allocated[row["parent"]["identifier"]] += row["amount"]
    received: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows(clio, "bank_transactions"):
        if row["confirmation"].startswith("PAY-") and "funds_in" in row:
            received[row["confirmation"]] += row["funds_in"]
    assert allocated == received


def test_accounts_add_up(clio: Simulator) -> None:
    """Each account's balance is the sum of its transactions, and the last running balance."""
    accounts = {row["id"]: row for row in clio.dump("bank_accounts")}
    sums: dict[int, Decimal] = defaultdict(Decimal)
    last: dict[int, Decimal] = {}
    for row in rows(clio, "bank_transactions"):
        sums[row["bank_account"]] += row.get("funds_in", Decimal(0)) - row.get(
            "funds_out", Decimal(0)
        )
        last[row["bank_account"]] = row["current_account_balance"]
    for key, row in accounts.items():
        assert Decimal(repr(row["balance"])) == sums[key] == last.get(key, 0)
        assert sums[key] >= 0


def test_matter_balances_add_up_to_trust(clio: Simulator) -> None:
    """What matters hold in trust is what the trust accounts hold."""
    held = sum(
        Decimal(repr(balance["balance"]))
        for matter in clio.dump("matters")
        for balance in matter["account_balances"]
        if balance["type"] == "Trust"
    )
    accounts = [row for row in clio.dump("bank_accounts") if row["type"] == "Trust"]
    assert held == sum(Decimal(repr(row["balance"])) for row in accounts)


def test_unbilled_work_and_what_clients_owe(clio: Simulator) -> None:
    """Billable matters add up to billable clients; outstanding balances to the open bills."""
    matters, clients = clio.dump("billable_matters"), clio.dump("billable_clients")
    cents = [
        round(100 * sum(row["unbilled_amount"] for row in each)) for each in (matters, clients)
    ]
    assert cents[0] == cents[1] > 0
    owed = sum(
        Decimal(repr(r["total_outstanding_balance"]))
        for r in clio.dump("outstanding_client_balances")
    )
    open_bills = [b for b in rows(clio, "bills") if b["state"] == "awaiting_payment"]
    assert owed == sum(bill["balance"] for bill in open_bills)


def test_references_lead_somewhere(clio: Simulator) -> None:
    """Every reference of every record is the id of a record that exists."""
    catalog, targets = read_catalog("clio_manage"), clio.world.renderer.targets
    for name, table in clio.store.tables.items():
        collection = catalog.collections.get(name) or catalog.singletons[name]
        for field, described in catalog.schemas[collection.schema].items():
            target = targets.get(described.get("schema", ""))
            if target is None:
                continue
            for row in table.after(-1):
                value = row.get(field)
                for each in value if isinstance(value, list) else [value]:
                    assert not isinstance(each, int) or each in clio.store[target].rows, (
                        name,
                        field,
                    )


def test_every_type_of_custom_field_has_values(clio: Simulator) -> None:
    """All twelve types stand on matters and on contacts, with ids that name the type."""
    for collection in ("matters", "contacts"):
        values = [
            v for row in clio.store[collection].rows.values() for v in row["custom_field_values"]
        ]
        assert len({value["field_type"] for value in values}) == 12
        assert all(v["id"] is None or v["id"].startswith(f"{v['field_type']}-") for v in values)
        chosen = [value for value in values if value["field_type"] == "picklist"]
        assert all(value["value"] == str(value["picklist_option"]["id"]) for value in chosen)


def test_sizes_can_be_given() -> None:
    """Scale multiplies, and a number given overrides it."""
    store = Simulator(Seed(scale=0.5, activities=50)).store
    assert len(store["activities"]) == 50
    assert len(store["contacts"]) == 30


def test_stamps_lie_before_the_firm_s_today(clio: Simulator) -> None:
    """No record was changed in the future of the clock."""
    for table in clio.store.tables.values():
        assert all(row.get("updated_at", 0) <= clio.clock.now() for row in table.after(-1)), (
            table.name
        )


def test_a_list_of_what_changed_reads_only_blocks_with_changes() -> None:
    """`updated_since` looks at no record when nothing changed, and at one block when one did."""
    clio = Simulator(Seed(activities=5_000))
    table, now = clio.store["activities"], clio.clock.now()
    assert not list(table.after(-1, now))
    key = table.ids[3_000]
    clio.changes.update("activities", key, {"note": "changed"})
    touched = list(table.after(-1, now - 1000))
    assert len(touched) <= 512
    assert key in {row["id"] for row in touched}
