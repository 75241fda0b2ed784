"""What the firm's own books say: the reports that Clio makes, worked out of the records in cents.

Clio documents the kinds of its reports and not their columns; these headings are an assumption.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from .derived import cents, in_trust
from .store import Row, Store
from .switches import Switches

Cells: TypeAlias = dict[str, str]
OPEN, DRAFTS = {"awaiting_payment", "paid"}, {"draft", "awaiting_approval"}
BUCKETS = ((0, "Current"), (30, "1-30"), (60, "31-60"), (90, "61-90"))
OLDEST = "91+"
FIRM_CURRENCY = 1


@dataclass(frozen=True)
class Books:
    """The records, the day, and the period that a report is asked for."""

    store: Store
    switches: Switches
    today: str
    start: str = ""
    end: str = ""

    def holds(self, day: str) -> bool:
        """Tell whether a day is in the period."""
        return (not self.start or day >= self.start) and (not self.end or day <= self.end)

    def bills(self) -> list[Row]:
        """Give the bills that ask for fees; drafts only where the switch counts them."""
        states = OPEN | (DRAFTS if self.switches.reports_count_drafts else set())
        rows = self.store["bills"].after(0)
        return [row for row in rows if row["kind"] == "revenue_kind" and row["state"] in states]

    def owed(self, bill: Row) -> int:
        """Give the balance of a bill in cents of the firm's currency."""
        left = cents(bill["balance"])
        return (
            left if bill["currency"] == FIRM_CURRENCY else round(left * self.switches.report_rate)
        )

    def name(self, table: str, key: object, field: str = "name") -> str:
        """Give the name of a record; empty where there is none."""
        row = self.store[table].rows.get(key) if isinstance(key, int) else None
        return str((row or {}).get(field, ""))

    def matter(self, key: object) -> str:
        """Give the number of a matter as people know it."""
        return self.name("matters", key, "display_number")


def amount(value: int) -> str:
    """Write cents as a report does."""
    return f"{value / 100:,.2f}"


def _receivable(books: Books) -> list[Cells]:
    return [
        {
            "Client": books.name("contacts", bill.get("client")),
            "Matter": books.matter(bill["matters"][0]),
            "Bill": str(bill["number"]),
            "Currency": "USD",
            "Balance": amount(books.owed(bill)),
        }
        for bill in books.bills()
        if books.owed(bill)
    ]


def _bucket(books: Books, bill: Row) -> str:
    due = date.fromisoformat(bill.get("due_at") or bill["issued_at"])
    late = (date.fromisoformat(books.today) - due).days
    return next((name for days, name in BUCKETS if late <= days), OLDEST)


def _ageing(books: Books) -> list[Cells]:
    rows = []
    for bill in books.bills():
        left = books.owed(bill)
        if not left:
            continue
        mine = _bucket(books, bill)
        names = [*(name for _, name in BUCKETS), OLDEST]
        spread = {name: amount(left if name == mine else 0) for name in names}
        named = {"Client": books.name("contacts", bill.get("client")), "Bill": str(bill["number"])}
        rows.append({**named, **spread})
    return rows


def _work(books: Books) -> dict[int, tuple[float, int]]:
    """Sum the work that is on no approved bill, by matter: hours and cents."""
    sums: dict[int, tuple[float, int]] = {}
    for row in books.store["activities"].after(0):
        skipped = row.get("billed") or row.get("non_billable") or row.get("_written_off")
        if skipped or row["date"] > books.today:
            continue
        hours, money = sums.get(row.get("matter", 0), (0.0, 0))
        more = row.get("rounded_quantity_in_hours", 0.0) if row["type"] == "TimeEntry" else 0.0
        sums[row.get("matter", 0)] = (hours + more, money + cents(row.get("total")))
    return sums


def _in_progress(books: Books) -> list[Cells]:
    return [
        {"Matter": books.matter(key), "Hours": f"{hours:.2f}", "Amount": amount(money)}
        for key, (hours, money) in sorted(_work(books).items())
        if hours or money
    ]


def spread(method: str, paid: int, lines: list[Row]) -> dict[int, int]:
    """Spread a payment in cents over the lines of its bill, by line: proportional or in order."""
    whole = sum(cents(line["total"]) for line in lines)
    if method == "in_order":
        found, left = {}, paid
        for line in lines:
            found[line["id"]] = min(left, cents(line["total"]))
            left -= found[line["id"]]
        return found
    shares = {line["id"]: divmod(paid * cents(line["total"]), whole) for line in lines}
    found = {key: share for key, (share, _) in shares.items()}
    order = sorted(shares, key=lambda key: (-shares[key][1], key))
    for key in order[: paid - sum(found.values())]:
        found[key] += 1
    return found


def _revenue(books: Books) -> list[Cells]:
    billed: dict[tuple[str, str], int] = defaultdict(int)
    collected: dict[tuple[str, str], int] = defaultdict(int)
    for bill in books.bills():
        keys = books.store["line_items"].where("bill", bill["id"])
        lines = [books.store["line_items"].rows[key] for key in keys]
        owner = {
            line["id"]: (str(bill["number"]), books.name("users", line["user"])) for line in lines
        }
        if books.holds(bill["issued_at"]):
            for line in lines:
                billed[owner[line["id"]]] += cents(line["total"])
        for paid in _payments(books, bill):
            for key, share in spread(books.switches.report_allocation, paid, lines).items():
                collected[owner[key]] += share
    return [
        {
            "Bill": bill,
            "User": user,
            "Billed": amount(billed[bill, user]),
            "Collected": amount(collected[bill, user]),
        }
        for bill, user in sorted({*billed, *collected})
        if billed[bill, user] or collected[bill, user]
    ]


def _payments(books: Books, bill: Row) -> Iterable[int]:
    allocations = books.store["allocations"]
    for key in allocations.where("bill", bill["id"]):
        row = allocations.rows[key]
        stands = "voided_at" not in row and not row.get("interest")
        if stands and row["parent"]["type"] == "Payment" and books.holds(row["date"]):
            yield cents(row["amount"])


def _trust(books: Books) -> Iterable[Row]:
    accounts = books.store["bank_accounts"].rows
    for row in books.store["bank_transactions"].after(0):
        if accounts.get(row["bank_account"], {}).get("type") == "Trust":
            yield row


def _trust_listing(books: Books) -> list[Cells]:
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in _trust(books):
        matter, client = books.matter(row.get("matter")), books.name("contacts", row.get("client"))
        account = books.name("bank_accounts", row["bank_account"])
        sums[account, matter, client] += cents(row.get("funds_in")) - cents(row.get("funds_out"))
    return [
        {"Account": account, "Matter": matter, "Client": client, "Balance": amount(left)}
        for (account, matter, client), left in sorted(sums.items())
        if left
    ]


def _trust_ledger(books: Books) -> list[Cells]:
    return [
        {
            "Account": books.name("bank_accounts", row["bank_account"]),
            "Date": row["date"],
            "Matter": books.matter(row.get("matter")),
            "Client": books.name("contacts", row.get("client")),
            "Funds in": amount(cents(row.get("funds_in"))),
            "Funds out": amount(cents(row.get("funds_out"))),
        }
        for row in _trust(books)
        if books.holds(row["date"])
    ]


def _balances(books: Books) -> list[Cells]:
    owed: dict[int, int] = defaultdict(int)
    for bill in books.bills():
        owed[bill["matters"][0]] += books.owed(bill)
    work = _work(books)
    rows = []
    for matter in books.store["matters"].after(0):
        key = matter["id"]
        three = (work.get(key, (0.0, 0))[1], owed[key], in_trust(books.store, "matter", key))
        if any(three):
            names = ("Work in progress", "Outstanding", "Trust")
            told = dict(zip(names, map(amount, three), strict=True))
            rows.append({"Matter": books.matter(key), **told})
    return rows


KINDS: dict[str, Callable[[Books], list[Cells]]] = {
    "accounts_receivable": _receivable,
    "accounts_receivable_aging": _ageing,
    "work_in_progress": _in_progress,
    "revenue": _revenue,
    "trust_listing": _trust_listing,
    "trust_ledger": _trust_ledger,
    "matter_balance_summary": _balances,
}
"""The kinds of reports that are made here; others end as empty."""


def rows_of(kind: str, books: Books) -> list[dict[str, Any]]:
    """Give the rows of a report."""
    made = KINDS.get(kind)
    return list(made(books)) if made else []
