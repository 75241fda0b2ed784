"""Differences of bills and payments, planted in the warehouse, in Clio or in its reports."""

import datetime as dt

from sources.clio_simulator.changes import Change
from sources.clio_simulator.reports import OPEN
from sources.clio_simulator.store import Row
from sources.clio_simulator.values import FIRM_TODAY
from sources.clio_simulator.views import cents
from tests.system.plants import MOVED, Gap, Ground, Kind, Plant, Sql, Switch, md5, money

HERE, GONE, DRAFT = "missing in the warehouse", "deleted", "draft state"
NO_CLIENT, CURRENCY, METHOD = "missing client", "currency", "allocation method"
RATE = 1.25
OTHER_CURRENCY = 2
HOSTILE = "=<b>1</b>"
BUCKETS = ((0, "current"), (30, "1-30"), (60, "31-60"), (90, "61-90"))


def missing_bill(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a bill that never arrived."""
    bill = ground.open_bills[pick % len(ground.open_bills)]
    plant = Plant({("bills", bill["id"])}, steps=_without(bill))
    plant.text("ids", f"bills:{bill['id']}", HERE)
    plant.money("outstanding_client_balances", f"client:{bill['client']}", cents(bill["balance"]))
    return _whole(plant, ground, bill, 1, HERE)


def missing_client(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a client who never arrived, with all of the bills."""
    names = [str(row["name"]) for row in ground.rows("contacts")]
    clients = sorted({bill["client"] for bill in ground.open_bills})
    clients = [key for key in clients if names.count(ground.row("contacts", key)["name"]) == 1]
    client = clients[pick % len(clients)]
    bills = [row for row in ground.rows("bills") if row["client"] == client]
    plant = Plant({("contacts", client), *(("bills", bill["id"]) for bill in bills)})
    plant.steps.append(Sql("delete from raw_clio_manage.contacts where id = ?", (client,)))
    plant.text("ids", f"contacts:{client}", HERE)
    owed = sum(cents(bill["balance"]) for bill in bills if bill["state"] in OPEN)
    plant.money("outstanding_client_balances", f"client:{client}", owed, NO_CLIENT)
    left: dict[int, int] = {}
    for bill in bills:
        plant.steps += _without(bill)
        plant.text("ids", f"bills:{bill['id']}", HERE)
        if bill in ground.open_bills:
            _whole(plant, ground, bill, 1, HERE)
            plant.money("report_receivable", _key(bill), cents(bill["balance"]), NO_CLIENT)
            matter = bill["matters"][0]
            left[matter] = left.get(matter, 0) + cents(bill["balance"])
    for matter, amount_left in left.items():
        plant.money("report_matter_balances", f"matter:{matter} outstanding", amount_left)
    for (account, number), held in ground.held(client).items():
        name = str(ground.row("contacts", client)["name"])
        plant.money("report_trust_listing", f"ledger:{md5(account, number, name)}", held, NO_CLIENT)
        plant.money("report_trust_listing", f"ledger:{md5(account, number, '')}", -held, NO_CLIENT)
    for grow in [key for key, linked in ground.linked.items() if linked == client]:
        plant.text("grow_links", f"grow contact:{grow}", "missing in Manage")
    return plant


def void_here(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a bill that is void in the warehouse and still owed in Clio."""
    bill = ground.owing[pick % len(ground.owing)]
    plant = Plant({("bills", bill["id"])})
    plant.steps = [
        Sql("update raw_clio_manage.bills set state = 'void' where id = ?", (bill["id"],)),
        Sql("delete from core.fct_bill where bill_id = ?", (bill["id"],)),
    ]
    plant.money("outstanding_client_balances", f"client:{bill['client']}", cents(bill["balance"]))
    return _whole(plant, ground, bill, 1, GONE)


def gone_there(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a bill that was deleted in Clio and still stands in the warehouse."""
    bill = ground.open_bills[pick % len(ground.open_bills)]
    plant = Plant({("bills", bill["id"])}, steps=[Change("remove", "bills", bill["id"])])
    plant.text("ids", f"bills:{bill['id']}", GONE)
    return _whole(plant, ground, bill, -1, GONE)


def balance_here(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant another balance of a bill in the warehouse."""
    bill = ground.open_bills[pick % len(ground.open_bills)]
    query = "update raw_clio_manage.bills set balance = balance + ? where id = ?"
    plant = Plant({("bills", bill["id"])}, steps=[Sql(query, (money(amount), bill["id"]))])
    plant.money("bill_balances", f"bill:{bill['id']}", amount)
    plant.money("outstanding_client_balances", f"client:{bill['client']}", -amount)
    plant.money("report_receivable", _key(bill), -amount)
    plant.money("report_ageing", f"{_key(bill)} {_bucket(bill)}", -amount)
    return plant


def line_here(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant another amount of a bill's line in the warehouse."""
    bill = ground.open_bills[pick % len(ground.open_bills)]
    lines = ground.lines(bill)
    query = "update raw_clio_manage.line_items set total = total + ? where id = ?"
    line = lines[pick % len(lines)]["id"]
    plant = Plant({("bills", bill["id"])}, steps=[Sql(query, (money(amount), line))])
    plant.money("bill_totals", f"bill:{bill['id']}", -amount)
    return plant


def late_payment(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a payment that grew, with a stamp after the moment that bills are complete up to."""
    payment = _payments(ground)[pick % len(_payments(ground))]
    bill = payment["bill"]
    query = (
        "update raw_clio_manage.allocations set amount = amount + ?, updated_at = now()"
        " where id = ?"
    )
    steps = [Sql(query, (money(amount), payment["id"]))]
    plant = Plant({("bills", bill)}, steps=[*steps])
    plant.lines["bill_balances", f"bill:{bill}"] = Gap("timing", money(amount), MOVED)
    return plant


def payment_there(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a payment that changed in Clio, and neither its stamp nor its version with it."""
    payment = _payments(ground)[pick % len(_payments(ground))]
    bill, now = ground.row("bills", payment["bill"]), cents(payment["amount"]) + amount
    change = {"amount": now / 100}
    step = Change("update", "allocations", payment["id"], change, silent=True, keep_etag=True)
    plant = Plant({("bills", bill["id"]), "spreading"}, steps=[step])
    after = ground.collected(bill, instead={payment["id"]: now})
    for name, before in ground.collected(bill).items():
        plant.money("report_collected", f"{_key(bill)} {md5(name)}", after[name] - before)
    total = sum(gap.amount or 0 for gap in plant.lines.values())
    assert total == money(amount)
    return plant


def other_version(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a field that changed in Clio with the version of the record and without its stamp."""
    bill = ground.rows("bills")[pick % len(ground.rows("bills"))]
    change = {"subject": f"Other {amount}"}
    step = Change("update", "bills", bill["id"], change, silent=True)
    plant = Plant({("bills", bill["id"])}, steps=[step])
    plant.text("etags", f"bills:{bill['id']}", "another version")
    for name in ("subject", "etag"):
        plant.text("fields", f"bills:{bill['id']}.{name}", "another value")
    return plant


def changed_meanwhile(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a bill that somebody changed after the load."""
    bill = ground.rows("bills")[pick % len(ground.rows("bills"))]
    step = Change("update", "bills", bill["id"], {"subject": f"Other {amount}"})
    plant = Plant({("bills", bill["id"])}, steps=[step])
    plant.text("etags", f"bills:{bill['id']}", "another version", MOVED)
    for name in ("subject", "etag", "updated_at"):
        plant.text("fields", f"bills:{bill['id']}.{name}", "another value", MOVED)
    return plant


def foreign_bill(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a bill in another currency, which Clio's reports show in the firm's own."""
    bill = ground.owing[pick % len(ground.owing)]
    change = {"currency": OTHER_CURRENCY}
    query = "update raw_clio_manage.bills set currency__id = ? where id = ?"
    plant = Plant({("bills", bill["id"])})
    plant.steps = [
        Change("update", "bills", bill["id"], change, silent=True, keep_etag=True),
        Sql(query, (OTHER_CURRENCY, bill["id"])),
        Switch("report_rate", RATE),
    ]
    more = round(cents(bill["balance"]) * RATE) - cents(bill["balance"])
    _owed(plant, ground, bill, more, CURRENCY)
    matter = bill["matters"][0]
    plant.money("report_matter_balances", f"matter:{matter} outstanding", more, CURRENCY)
    return plant


def drafts_counted(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant reports that count drafts."""
    plant, left = Plant(steps=[Switch("reports_count_drafts", True)]), dict[int, int]()
    for bill in ground.rows("bills"):
        if bill["kind"] != "revenue_kind" or bill["state"] not in {"draft", "awaiting_approval"}:
            continue
        plant.claims.add(("bills", bill["id"]))
        _whole(plant, ground, bill, 1, DRAFT)
        matter = bill["matters"][0]
        left[matter] = left.get(matter, 0) + cents(bill["balance"])
    for matter, owed in left.items():
        plant.money("report_matter_balances", f"matter:{matter} outstanding", owed, DRAFT)
    return plant


def spread_in_order(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant a report that spreads payments over lines in their order."""
    plant = Plant({"spreading"}, steps=[Switch("report_allocation", "in_order")])
    for bill in ground.open_bills:
        ours = ground.collected(bill)
        for name, theirs in ground.collected(bill, "in_order").items():
            plant.money(
                "report_collected", f"{_key(bill)} {md5(name)}", theirs - ours[name], METHOD
            )
            if theirs != ours[name]:
                plant.claims.add(("bills", bill["id"]))
    return plant


def client_balance_here(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant another sum that a client owes, as it was loaded from Clio."""
    clients = sorted({bill["client"] for bill in ground.owing})
    client = clients[pick % len(clients)]
    query = (
        "update raw_clio_manage.outstanding_client_balances"
        " set total_outstanding_balance = total_outstanding_balance + ? where contact__id = ?"
    )
    plant = Plant({("contacts", client)}, steps=[Sql(query, (money(amount), client))])
    plant.money("outstanding_client_balances", f"client:{client}", amount)
    return plant


def hostile_client(ground: Ground, pick: int, amount: int) -> Plant:
    """Plant another sum that a client owes whose name is both a formula and markup."""
    plant = client_balance_here(ground, pick, amount)
    (claim,) = plant.claims
    client = claim[1]  # type: ignore[index]
    plant.steps += [
        Change("update", "contacts", client, {"name": HOSTILE}, silent=True, keep_etag=True),
        Sql("update raw_clio_manage.contacts set name = ? where id = ?", (HOSTILE, client)),
    ]
    for grow in [key for key, linked in ground.linked.items() if linked == client]:
        plant.text("grow_fields", f"grow contact:{grow}.name", "another value")
    return plant


def _without(bill: Row) -> list[Sql | Change | Switch]:
    return [
        Sql("delete from raw_clio_manage.bills where id = ?", (bill["id"],)),
        Sql("delete from core.fct_bill where bill_id = ?", (bill["id"],)),
    ]


def _whole(plant: Plant, ground: Ground, bill: Row, sign: int, cause: str) -> Plant:
    """Expect that all of a bill stands on one side alone: `sign` is 1 where Clio has it."""
    left = sign * cents(bill["balance"])
    _owed(plant, ground, bill, left, cause)
    for name, amount in ground.billed(bill).items():
        plant.money("report_billed", f"{_key(bill)} {md5(name)}", sign * amount, cause)
    for name, amount in ground.collected(bill).items():
        plant.money("report_collected", f"{_key(bill)} {md5(name)}", sign * amount, cause)
    matter = bill["matters"][0]
    plant.money("report_matter_balances", f"matter:{matter} outstanding", left)
    return plant


def _owed(plant: Plant, ground: Ground, bill: Row, amount: int, cause: str) -> None:
    plant.money("report_receivable", _key(bill), amount, cause)
    plant.money("report_ageing", f"{_key(bill)} {_bucket(bill)}", amount, cause)


def _key(bill: Row) -> str:
    return f"bill:{bill['number']}"


def _bucket(bill: Row) -> str:
    due = dt.date.fromisoformat(bill["due_at"])
    late = (dt.date.fromisoformat(FIRM_TODAY) - due).days
    return next((name for days, name in BUCKETS if late <= days), "91+")


def _payments(ground: Ground) -> list[Row]:
    bills = {bill["id"] for bill in ground.open_bills}
    return [
        row
        for row in ground.rows("allocations")
        if row["bill"] in bills and row["parent"]["type"] == "Payment" and "voided_at" not in row
    ]


KINDS: dict[str, Kind] = {
    kind.__name__: kind
    for kind in (
        missing_bill,
        missing_client,
        void_here,
        gone_there,
        balance_here,
        line_here,
        late_payment,
        payment_there,
        other_version,
        changed_meanwhile,
        foreign_bill,
        drafts_counted,
        spread_in_order,
        client_balance_here,
        hostile_client,
    )
}
