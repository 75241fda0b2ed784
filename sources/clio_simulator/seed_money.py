"""Bills and their lines, which add up to the cent; bank accounts, payments, trust money."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from .seed import DATA, Firm, Seed, day
from .store import Row
from .views import cents, money

STATES: list[str] = DATA["bill_states"]
TRANSITIONS = {
    "draft": ["awaiting_approval", "deleted"],
    "awaiting_approval": ["awaiting_payment", "deleted"],
    "awaiting_payment": ["void"],
}
GONE = {"void", "deleted"}
TAX, SECOND_TAX = 825, 150
"""Tax rates in hundredths of a percent."""

OPERATING, TRUST, SECOND_TRUST = 11, 12, 13


def build(firm: Firm, seed: Seed) -> None:
    """Build the money that the firm's work makes."""
    bank_accounts(firm)
    bills(firm, seed.size("bills", 60))
    money_moves(firm)


def bills(firm: Firm, count: int) -> None:
    """Add bills, each over some work of one matter."""
    matters = {row["id"]: row for row in firm.made["matters"]}
    for number, work in enumerate(_chunks(firm, count)):
        _bill(firm, number, matters[work[0]["matter"]], work)
    for number in range(3):
        _trust_request(firm, number, firm.made["matters"][number])


def _chunks(firm: Firm, count: int) -> Iterator[list[Row]]:
    """Return the oldest billable work of each matter in turn, a few entries at a time."""
    waiting: dict[int, list[Row]] = defaultdict(list)
    for row in firm.made["activities"]:
        billable = not row["non_billable"] and "_written_off" not in row
        if billable and len(waiting[row["matter"]]) < 200:
            waiting[row["matter"]].append(row)
    given = 0
    while given < count and any(waiting.values()):
        for matter in list(waiting):
            size = firm.chance.randrange(3, 9)
            work, waiting[matter] = waiting[matter][:size], waiting[matter][size:]
            if work and given < count:
                given += 1
                yield work


def _bill(firm: Firm, number: int, matter: Row, work: list[Row]) -> None:
    state = STATES[number % len(STATES)]
    taxed, twice = number % 3 != 0, number % 12 == 1
    rates = (TAX if taxed else 0, SECOND_TAX if twice else 0)
    ago = firm.chance.randrange(1, 300)
    bill = firm.add("bills", _head(firm, number, matter, state, ago), ago)
    bill |= {"tax_rate": money(rates[0]), "secondary_tax_rate": money(rates[1])}
    bill |= {"start_at": work[0]["date"], "end_at": work[-1]["date"]}
    lines = [_line(firm, bill, entry, rates, place) for place, entry in enumerate(work)]
    if state not in GONE:
        for entry in work:
            billed = state in {"awaiting_payment", "paid"}
            entry |= {"bill": bill["id"], "on_bill": True, "billed": billed}
    _add_up(bill, lines, rates)


def _head(firm: Firm, number: int, matter: Row, state: str, ago: int) -> Row:
    return {
        "number": str(number + 1),
        "issued_at": day(ago),
        "due_at": day(ago - 30),
        "subject": f"Services {number + 1}",
        "memo": "=SUM(1)" if number % 10 == 0 else "",
        "state": state,
        "shared": state in {"awaiting_payment", "paid"},
        "client": matter["client"],
        "matters": [matter["id"]],
        "bill_theme": firm.made["bill_themes"][0]["id"],
        "available_state_transitions": TRANSITIONS.get(state, []),
        "_overdue": state == "awaiting_payment" and ago > 30,
    }


def _line(firm: Firm, bill: Row, entry: Row, rates: tuple[int, int], place: int) -> Row:
    """Add the line of an activity: gross less discount is the sub-total, then tax on services."""
    service = entry["type"] == "TimeEntry"
    off = 1000 if service and place == 2 and cents(entry["total"]) > 10_000 else 0
    sub = cents(entry["total"]) - off
    taxes = [(sub * rate + 5000) // 10_000 if service else 0 for rate in rates]
    row = {
        **{name: entry[name] for name in ("note", "date", "price", "matter", "user")},
        **dict.fromkeys(("created_at", "updated_at"), bill["created_at"]),
        "description": entry["note"],
        "kind": "Service" if service else "Expense",
        "quantity": entry["rounded_quantity_in_hours" if service else "quantity"],
        "sub_total": money(sub),
        "total": money(sub + sum(taxes)),
        "group_ordering": place,
        "bill": bill["id"],
        "activity": entry["id"],
    }
    for which, rate, tax in zip(("", "secondary_"), rates, taxes, strict=True):
        row |= {f"{which}taxable": service and bool(rate), f"{which}tax": money(tax)}
    if off:
        row["discount"] = {"rate": money(off), "type": "money"}
    return firm.add("line_items", row, 1)


def _sum(lines: list[Row], name: str) -> int:
    return sum(cents(line[name]) for line in lines)


def _add_up(bill: Row, lines: list[Row], rates: tuple[int, int]) -> None:
    total, sub, taxes = _sum(lines, "total"), _sum(lines, "sub_total"), 0
    served = _sum([line for line in lines if line["kind"] == "Service"], "sub_total")
    bill |= {"sub_total": money(sub), "services_sub_total": money(served), "total": money(total)}
    for which, rate in zip(("", "secondary_"), rates, strict=True):
        tax = _sum(lines, f"{which}tax")
        bill |= {f"{which}tax_sum": money(tax), f"services_{which}tax": money(tax)}
        # Clio's document makes these integers; services come to whole dollars here.
        whole = ("", "services_")
        bill |= {f"{each}{which}taxable_sub_total": served // 100 if rate else 0 for each in whole}
        taxes += tax
    bill |= {"total_tax": money(taxes), "credits_issued": 0.0, "pending": 0.0}
    bill["matter_totals"] = [{"id": bill["matters"][0], "amount": money(total)}]
    settle(bill, 0)


def settle(bill: Row, paid: int) -> None:
    """Set what is paid, in cents, and what is left."""
    left = 0 if bill["state"] in GONE else cents(bill["total"]) - paid
    bill |= {"paid": money(paid), "balance": money(left), "due": money(left)}
    part = {"id": bill["matters"][0], "amount": money(left), "due": money(left)}
    bill["balances"] = [{**part, "type": "Matter", "interest_amount": 0.0}]


def _trust_request(firm: Firm, number: int, matter: Row) -> None:
    """Add a request for a retainer: a bill over trust line items."""
    ago = 50 + number
    bill = firm.add("bills", _head(firm, 900 + number, matter, "awaiting_payment", ago), ago)
    bill |= {"kind": "trust_kind", "number": f"T{number + 1}"}
    amounts = [50_000 + 10_000 * number, 12_345]
    for amount in amounts:
        row = {"date": day(ago), "total": money(amount), "bill": bill["id"]}
        row |= {"matter": matter["id"], "client": matter["client"]}
        firm.add("trust_line_items", row, ago)
    bill |= {"sub_total": money(sum(amounts)), "total": money(sum(amounts)), "total_tax": 0.0}
    bill |= {"tax_sum": 0.0, "secondary_tax_sum": 0.0, "pending": 0.0, "credits_issued": 0.0}
    settle(bill, 0)


def bank_accounts(firm: Firm) -> None:
    """Add an operating and two trust accounts, and one that nothing ever happened on."""
    for number, kind in enumerate(("Operating", "Trust", "Trust", "Operating")):
        given: Row = {"name": f"{kind} account {number + 1}", "type": kind, "user": 101}
        given |= {"currency": "USD", "currency_symbol": "$", "currency_id": 1}
        given["default_account"] = number < 2
        firm.add("bank_accounts", firm.filled("BankAccount", number + 1, given), 700)


class Movement(NamedTuple):
    """Money into (positive cents) or out of an account."""

    ago: int
    account: int
    amount: int
    about: str
    links: Row
    confirmation: str = ""


def money_moves(firm: Firm) -> None:
    """Pay bills, take retainers, and write every movement into the accounts in order of time."""
    movements = []
    for number, matter in enumerate(firm.made["matters"][::3]):
        links = {"client": matter["client"], "matter": matter["id"]}
        account, amount = SECOND_TRUST if number % 2 else TRUST, 1_000_001 + 3 * number
        ago = 500 - 3 * number % 50
        movements.append(Movement(ago, account, amount, "Retainer", links))
    movements += _payments(firm)
    balances: dict[int, int] = defaultdict(int)
    for movement in sorted(movements, key=lambda each: -each.ago):
        balances[movement.account] += movement.amount
        _transaction(firm, movement, balances[movement.account])
    _credit(firm)
    for bill in firm.made["bills"][:2]:  # allocations that were taken back count for nothing
        row = _allocated(bill, 100, day(9), {"id": firm.inner_id(), "type": "Payment"})
        allocation = firm.add("allocations", {**row, "destroyable": False}, 9)
        allocation["voided_at"] = allocation["updated_at"]
    _interest(firm)
    _online(firm)


def _transaction(firm: Firm, movement: Movement, balance: int) -> None:
    incoming, amount = movement.amount >= 0, money(abs(movement.amount))
    row: Row = {
        "bank_account_id": movement.account,
        "bank_account": movement.account,
        "confirmation": movement.confirmation,
        "date": day(movement.ago),
        "amount": amount,
        "description": movement.about,
        "transaction_type": "Deposit" if incoming else "Withdrawal",
        "current_account_balance": money(balance),
        **movement.links,
        "funds_in" if incoming else "funds_out": amount,
    }
    transaction = firm.add("bank_transactions", row, movement.ago)
    transaction["updated_at"] = transaction["created_at"]


def _payments(firm: Firm) -> list[Movement]:
    moves: list[Movement] = []
    for number, bill in enumerate(firm.made["bills"]):
        if bill["kind"] != "revenue_kind":
            continue
        total = cents(bill["total"])
        if bill["state"] == "paid":
            parts = [total // 3, total - total // 3] if number % 4 == 0 else [total]
        elif bill["state"] == "awaiting_payment" and number % 2:
            parts = [total // 2]
        else:
            continue
        for part in filter(None, parts):
            moves += _payment(firm, number, bill, part)
        settle(bill, sum(parts))
        if bill["state"] == "paid":
            bill |= {"paid_at": bill["updated_at"], "last_sent_at": bill["created_at"]}
    return moves


def _allocated(bill: Row, amount: int, date: str, parent: Row) -> Row:
    """Return what an allocation to a bill holds."""
    row = {"date": date, "amount": money(amount), "bill": bill["id"], "contact": bill["client"]}
    return {**row, "matter": bill["matters"][0], "parent": parent}


def _payment(firm: Firm, number: int, bill: Row, amount: int) -> list[Movement]:
    """Allocate a payment to a bill; every fifth comes out of trust."""
    payment, ago = firm.inner_id(), number % 100 + 1
    mark, about = f"PAY-{payment}", f"Payment for bill {bill['number']}"
    parent = {"id": payment, "type": "Payment", "identifier": mark}
    row = _allocated(bill, amount, day(ago), parent)
    row |= {"description": about, "destination_bank_account": OPERATING}
    from_trust = number % 5 == 0
    if from_trust:
        row |= {"source_bank_account": TRUST, "payment_type": "Trust"}
    links = {"client": bill["client"], "matter": bill["matters"][0], "bill": bill["id"]}
    links["allocation"] = firm.add("allocations", row, ago)["id"]
    moves = [Movement(ago, OPERATING, amount, about, links, mark)]
    if from_trust:
        moves.append(Movement(ago, TRUST, -amount, about, links, f"{mark}-OUT"))
    return moves


def _credit(firm: Firm) -> None:
    """Add credit memos, two of them allocated to bills that wait for payment."""
    waiting = [bill for bill in firm.made["bills"] if bill["state"] == "awaiting_payment"]
    open_bills = [bill for bill in waiting if cents(bill["balance"])]
    for number in range(3):
        memo = firm.add("credit_memos", {"date": day(number + 5)}, number + 5)
        if number == 2 or len(open_bills) <= number:
            memo |= {"contact": firm.pick("contacts"), "voided_at": memo["updated_at"]}
            continue
        bill = open_bills[number]
        memo["contact"] = bill["client"]
        parent = {"id": memo["id"], "type": "CreditMemo"}
        row = _allocated(bill, 1000, memo["date"], parent) | {"payment_type": "Credit memo"}
        memo["allocations"] = [firm.add("allocations", row, 5)["id"]]
        bill["credits_issued"] = 10.0
        settle(bill, cents(bill["paid"]) + 1000)


def _interest(firm: Firm) -> None:
    late = [bill for bill in firm.made["bills"] if bill["_overdue"]]
    for bill in late[:3]:
        matter = bill["matters"][0]
        sums = {"amount": 1.23, "type": "Matter", "interest_amount": 1.23, "due": 1.23}
        part = {"id": matter, **sums}
        row = {"date": day(2), "bill": bill["id"], "matters": [matter], "balances": [part]}
        firm.add("interest_charges", row, 2)
        bill["total"] = money(cents(bill["total"]) + 123)  # Clio's total holds the interest
        settle(bill, cents(bill["paid"]))
        rate = {"period": 30, "rate": 5.0, "total": 1.23, "type": "simple"}
        bill["interest"] = {"balance": 1.23, **rate}


def _online(firm: Firm) -> None:
    """Add payments by card: some of the payments above, and the links that asked for them."""
    paid = [row for row in firm.made["bank_transactions"] if "funds_in" in row and "bill" in row]
    for row in paid[:3]:
        row["clio_payments_transaction"] = True
        both = {"amount": row["amount"], "contact": row["client"]}
        link = {**both, "bill": row["bill"], "bank_account": row["bank_account"]}
        made = firm.add("clio_payments_links", link, 60)
        payment = {
            **both,
            "confirmation_number": row["confirmation"],
            "description": row["description"],
            "bank_transaction": row["id"],
            "clio_payments_link": made["id"],
            "destination_account": row["bank_account"],
            "allocations": [row["allocation"]],
            "bills": [row["bill"]],
            "matters": [row["matter"]],
        }
        made["clio_payments_payment"] = firm.add("clio_payments_payments", payment, 60)["id"]
