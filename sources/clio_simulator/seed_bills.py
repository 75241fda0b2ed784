"""Bills and their line items, which add up to the cent."""

from collections import defaultdict
from collections.abc import Iterator

from .derived import cents, money
from .seed_firm import Firm, day
from .store import Row

STATES = (
    "paid",
    "awaiting_payment",
    "paid",
    "draft",
    "awaiting_payment",
    "awaiting_approval",
    "void",
    "deleted",
)
TRANSITIONS = {
    "draft": ["awaiting_approval", "deleted"],
    "awaiting_approval": ["awaiting_payment", "deleted"],
    "awaiting_payment": ["void"],
}
GONE = {"void", "deleted"}
TAX, SECOND_TAX = 825, 150
"""Tax rates in hundredths of a percent."""


def bills(firm: Firm, count: int) -> None:
    """Add bills, each over some work of one matter."""
    matters = {row["id"]: row for row in firm.made["matters"]}
    for number, work in enumerate(_chunks(firm, count)):
        _bill(firm, number, matters[work[0]["matter"]], work)
    for number in range(3):
        _trust_request(firm, number, firm.made["matters"][number])


def _chunks(firm: Firm, count: int) -> Iterator[list[Row]]:
    """Give the oldest billable work of each matter in turn, a few entries at a time."""
    waiting: dict[int, list[Row]] = defaultdict(list)
    for row in firm.made["activities"]:
        if (
            not row["non_billable"]
            and "_written_off" not in row
            and len(waiting[row["matter"]]) < 200
        ):
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
    bill = firm.add("bills", _plain(firm, number, matter, state, ago), ago)
    bill |= {"tax_rate": money(rates[0]), "secondary_tax_rate": money(rates[1])}
    bill |= {"start_at": work[0]["date"], "end_at": work[-1]["date"]}
    lines = [_line(firm, bill, entry, rates, place) for place, entry in enumerate(work)]
    if state not in GONE:
        for entry in work:
            billed = state in {"awaiting_payment", "paid"}
            entry |= {"bill": bill["id"], "on_bill": True, "billed": billed}
    _add_up(bill, lines, rates)


def _plain(firm: Firm, number: int, matter: Row, state: str, ago: int) -> Row:
    return {
        "number": str(number + 1),
        "issued_at": day(ago),
        "due_at": day(ago - 30),
        "subject": f"Services {number + 1}",
        "type": "MatterBill",
        "memo": "=SUM(1)" if number % 10 == 0 else "",
        "state": state,
        "kind": "revenue_kind",
        "can_update": True,
        "shared": state in {"awaiting_payment", "paid"},
        "user": 101,
        "client": matter["client"],
        "matters": [matter["id"]],
        "bill_theme": firm.made["bill_themes"][0]["id"],
        "currency": 1,
        "available_state_transitions": TRANSITIONS.get(state, []),
        "_overdue": state == "awaiting_payment" and ago > 30,
    }


def _line(firm: Firm, bill: Row, entry: Row, rates: tuple[int, int], place: int) -> Row:
    """Add the line of an activity: gross less discount is the sub-total, then tax on services."""
    service = entry["type"] == "TimeEntry"
    off = 1000 if service and place == 2 and cents(entry["total"]) > 10_000 else 0
    sub = cents(entry["total"]) - off
    tax, second = ((sub * rate + 5000) // 10_000 if service else 0 for rate in rates)
    row = {
        "type": "ActivityLineItem",
        "description": entry["note"],
        "note": entry["note"],
        "date": entry["date"],
        "price": entry["price"],
        "taxable": service and bool(rates[0]),
        "secondary_taxable": service and bool(rates[1]),
        "kind": "Service" if service else "Expense",
        "quantity": entry["rounded_quantity_in_hours"] if service else entry["quantity"],
        "sub_total": money(sub),
        "tax": money(tax),
        "secondary_tax": money(second),
        "total": money(sub + tax + second),
        "group_ordering": place,
        "bill": bill["id"],
        "activity": entry["id"],
        "matter": entry["matter"],
        "user": entry["user"],
    }
    if off:
        row["discount"] = {"rate": money(off), "type": "money"}
    stamps = {"created_at": bill["created_at"], "updated_at": bill["created_at"]}
    return firm.add("line_items", {**row, **stamps}, 1)


def _sum(lines: list[Row], name: str) -> int:
    return sum(cents(line[name]) for line in lines)


def _add_up(bill: Row, lines: list[Row], rates: tuple[int, int]) -> None:
    services = [line for line in lines if line["kind"] == "Service"]
    total, sub = _sum(lines, "total"), _sum(lines, "sub_total")
    served = _sum(services, "sub_total")
    bill |= {
        "sub_total": money(sub),
        "services_sub_total": money(served),
        # Clio's document makes these four integers; services come to whole dollars here.
        "taxable_sub_total": served // 100 if rates[0] else 0,
        "secondary_taxable_sub_total": served // 100 if rates[1] else 0,
        "services_taxable_sub_total": served // 100 if rates[0] else 0,
        "services_secondary_taxable_sub_total": served // 100 if rates[1] else 0,
        "tax_sum": money(_sum(lines, "tax")),
        "services_tax": money(_sum(lines, "tax")),
        "secondary_tax_sum": money(_sum(lines, "secondary_tax")),
        "services_secondary_tax": money(_sum(lines, "secondary_tax")),
        "total_tax": money(_sum(lines, "tax") + _sum(lines, "secondary_tax")),
        "total": money(total),
        "credits_issued": 0.0,
        "pending": 0.0,
        "matter_totals": [{"id": bill["matters"][0], "amount": money(total)}],
    }
    settle(bill, 0)


def settle(bill: Row, paid: int) -> None:
    """Set what is paid, in cents, and what is left."""
    left = 0 if bill["state"] in GONE else cents(bill["total"]) - paid
    bill |= {"paid": money(paid), "balance": money(left), "due": money(left)}
    kind = {"type": "Matter", "interest_amount": 0.0}
    bill["balances"] = [
        {"id": bill["matters"][0], "amount": money(left), "due": money(left), **kind}
    ]


def _trust_request(firm: Firm, number: int, matter: Row) -> None:
    """Add a request for a retainer: a bill over trust line items."""
    ago = 50 + number
    bill = firm.add("bills", _plain(firm, 900 + number, matter, "awaiting_payment", ago), ago)
    bill |= {"kind": "trust_kind", "number": f"T{number + 1}"}
    amounts = [50_000 + 10_000 * number, 12_345]
    for amount in amounts:
        row = {"date": day(ago), "total": money(amount), "note": "Retainer", "bill": bill["id"]}
        owner = {"matter": matter["id"], "client": matter["client"]}
        firm.add("trust_line_items", {**row, **owner}, ago)
    bill |= {"sub_total": money(sum(amounts)), "total": money(sum(amounts)), "total_tax": 0.0}
    bill |= {"tax_sum": 0.0, "secondary_tax_sum": 0.0, "pending": 0.0, "credits_issued": 0.0}
    settle(bill, 0)
