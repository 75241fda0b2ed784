"""Bank accounts, payments and their allocation to bills, trust money."""

from dataclasses import dataclass

from .seed_bills import settle
from .seed_firm import Firm, day
from .store import Row
from .views import cents, money

OPERATING, TRUST, SECOND_TRUST, EMPTY = 11, 12, 13, 14


def bank_accounts(firm: Firm) -> None:
    """Add an operating and two trust accounts, and one that nothing ever happened on."""
    kinds = ("Operating", "Trust", "Trust", "Operating")
    for number, kind in enumerate(kinds):
        given: Row = {
            "name": f"{kind} account {number + 1}",
            "type": kind,
            "currency": "USD",
            "currency_symbol": "$",
            "currency_id": 1,
            "default_account": number < 2,
            "user": 101,
        }
        firm.add("bank_accounts", firm.filled("BankAccount", number + 1, given), 700)


@dataclass(frozen=True)
class Movement:
    """Money into (positive cents) or out of an account."""

    ago: int
    account: int
    amount: int
    about: str
    links: Row
    confirmation: str = ""


def money_moves(firm: Firm) -> None:
    """Pay bills, take retainers, and write every movement into the accounts in order of time."""
    movements = [*_retainers(firm), *_payments(firm)]
    balances: dict[int, int] = {}
    for movement in sorted(movements, key=lambda each: -each.ago):
        account, amount = movement.account, movement.amount
        balances[account] = balances.get(account, 0) + amount
        _transaction(firm, movement, balances[account])
    _credit(firm)
    _voided(firm)
    _interest(firm)
    _online(firm)


def _transaction(firm: Firm, movement: Movement, balance: int) -> None:
    incoming = movement.amount >= 0
    row: Row = {
        "type": "BankTransaction",
        "bank_account_id": movement.account,
        "bank_account": movement.account,
        "source": "Client",
        "confirmation": movement.confirmation,
        "date": day(movement.ago),
        "amount": money(abs(movement.amount)),
        "currency": "USD",
        "currency_id": 1,
        "description": movement.about,
        "exchange_rate": 1.0,
        "transaction_type": "Deposit" if incoming else "Withdrawal",
        "clio_payments_transaction": False,
        "current_account_balance": money(balance),
        "read_only_confirmation": False,
        **movement.links,
    }
    row["funds_in" if incoming else "funds_out"] = money(abs(movement.amount))
    transaction = firm.add("bank_transactions", row, movement.ago)
    transaction["updated_at"] = transaction["created_at"]


def _retainers(firm: Firm) -> list[Movement]:
    moves = []
    for number, matter in enumerate(firm.made["matters"]):
        if number % 3 == 0:
            links = {"client": matter["client"], "matter": matter["id"]}
            account = SECOND_TRUST if number % 6 == 3 else TRUST
            amount = 1_000_000 + 1 + number
            moves.append(Movement(500 - number % 50, account, amount, "Retainer", links))
    return moves


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
        parts = [part for part in parts if part]
        for part in parts:
            moves += _payment(firm, number, bill, part)
        settle(bill, sum(parts))
        if bill["state"] == "paid":
            bill |= {"paid_at": bill["updated_at"], "last_sent_at": bill["created_at"]}
    return moves


def _payment(firm: Firm, number: int, bill: Row, amount: int) -> list[Movement]:
    """Allocate a payment to a bill; every fifth comes out of trust."""
    payment, ago = firm.inner_id(), number % 100 + 1
    links = {"client": bill["client"], "matter": bill["matters"][0]}
    row: Row = {
        "date": day(ago),
        "amount": money(amount),
        "interest": False,
        "description": f"Payment for bill {bill['number']}",
        "has_online_payment": False,
        "destroyable": True,
        "payment_type": "Check",
        "bill": bill["id"],
        "destination_bank_account": OPERATING,
        "matter": bill["matters"][0],
        "contact": bill["client"],
        "parent": {"id": payment, "type": "Payment", "identifier": f"PAY-{payment}"},
    }
    from_trust = number % 5 == 0
    if from_trust:
        row |= {"source_bank_account": TRUST, "payment_type": "Trust"}
    links |= {"bill": bill["id"], "allocation": firm.add("allocations", row, ago)["id"]}
    mark, about = f"PAY-{payment}", f"Payment for bill {bill['number']}"
    moves = [Movement(ago, OPERATING, amount, about, links, mark)]
    if from_trust:
        moves.append(Movement(ago, TRUST, -amount, about, links, f"{mark}-OUT"))
    return moves


def _credit(firm: Firm) -> None:
    """Add credit memos, two of them allocated to bills that wait for payment."""
    open_bills = [
        b for b in firm.made["bills"] if b["state"] == "awaiting_payment" and cents(b["balance"])
    ]
    for number in range(3):
        memo = firm.add(
            "credit_memos",
            {
                "date": day(number + 5),
                "amount": 10.0,
                "description": "Goodwill",
                "discount": False,
                "user": 101,
            },
            number + 5,
        )
        if number == 2 or len(open_bills) <= number:
            memo |= {"contact": firm.pick("contacts"), "voided_at": memo["updated_at"]}
            continue
        bill = open_bills[number]
        memo["contact"] = bill["client"]
        memo["allocations"] = [_credit_allocation(firm, memo, bill)]
        bill["credits_issued"] = 10.0
        settle(bill, cents(bill["paid"]) + 1000)


def _credit_allocation(firm: Firm, memo: Row, bill: Row) -> int:
    row = {"date": memo["date"], "amount": 10.0, "interest": False, "payment_type": "Credit memo"}
    row |= {
        "has_online_payment": False,
        "destroyable": True,
        "bill": bill["id"],
        "contact": bill["client"],
    }
    row |= {"matter": bill["matters"][0], "parent": {"id": memo["id"], "type": "CreditMemo"}}
    key: int = firm.add("allocations", row, 5)["id"]
    return key


def _voided(firm: Firm) -> None:
    """Add allocations that were taken back: they count for nothing."""
    for number in range(2):
        bill = firm.made["bills"][number]
        row = {
            "date": day(9),
            "amount": 1.0,
            "interest": False,
            "bill": bill["id"],
            "payment_type": "Check",
        }
        row |= {"has_online_payment": False, "destroyable": False, "contact": bill["client"]}
        row |= {"matter": bill["matters"][0], "parent": {"id": firm.inner_id(), "type": "Payment"}}
        allocation = firm.add("allocations", row, 9)
        allocation["voided_at"] = allocation["updated_at"]


def _interest(firm: Firm) -> None:
    late = [bill for bill in firm.made["bills"] if bill["_overdue"]]
    for bill in late[:3]:
        row = {"date": day(2), "description": "Interest", "total": 1.23, "bill": bill["id"]}
        matter = bill["matters"][0]
        part = {
            "id": matter,
            "amount": 1.23,
            "type": "Matter",
            "interest_amount": 1.23,
            "due": 1.23,
        }
        firm.add("interest_charges", {**row, "matters": [matter], "balances": [part]}, 2)
        bill["total"] = money(cents(bill["total"]) + 123)  # Clio's total holds the interest
        settle(bill, cents(bill["paid"]))
        bill["interest"] = {
            "balance": 1.23,
            "period": 30,
            "rate": 5.0,
            "total": 1.23,
            "type": "simple",
        }


def _online(firm: Firm) -> None:
    """Add payments by card: some of the payments above, and the links that asked for them."""
    incoming = [
        row for row in firm.made["bank_transactions"] if "funds_in" in row and "bill" in row
    ][:3]
    for row in incoming:
        row["clio_payments_transaction"] = True
        link = {"active": False, "amount": row["amount"], "currency": "USD", "bill": row["bill"]}
        link |= {
            "contact": row["client"],
            "bank_account": row["bank_account"],
            "description": "Invoice",
        }
        made = firm.add("clio_payments_links", {**link, "url": "https://example.com/pay"}, 60)
        payment = {
            "amount": row["amount"],
            "confirmation_number": row["confirmation"],
            "currency": "USD",
            "deposit_as_revenue": False,
            "description": row["description"],
            "email_address": "payer@example.com",
            "state": "completed",
            "bank_transaction": row["id"],
            "clio_payments_link": made["id"],
            "contact": row["client"],
            "destination_account": row["bank_account"],
            "user": 101,
            "allocations": [row["allocation"]],
            "bills": [row["bill"]],
            "matters": [row["matter"]],
        }
        made["clio_payments_payment"] = firm.add("clio_payments_payments", payment, 60)["id"]
