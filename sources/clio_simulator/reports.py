"""Reports: asked for by a POST, worked out of the records in cents, fetched from a storage.

Clio documents the kinds of its reports and not their columns; these headings are an assumption.
"""

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from math import inf
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import values
from .answers import Refusal, not_found
from .changes import Changes
from .store import Row, Store
from .switches import Switches
from .views import cents, in_trust

Cells: TypeAlias = dict[str, str]
OPEN, DRAFTS = {"awaiting_payment", "paid"}, {"draft", "awaiting_approval"}
BUCKETS = {0: "Current", 30: "1-30", 60: "31-60", 90: "61-90", inf: "91+"}
"""Days since a bill was due, at most → what that is called."""

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
        """Return the bills that ask for fees; drafts only where the switch counts them."""
        states = OPEN | (DRAFTS if self.switches.reports_count_drafts else set())
        rows = self.store["bills"].after(0)
        return [row for row in rows if row["kind"] == "revenue_kind" and row["state"] in states]

    def owed(self, bill: Row) -> int:
        """Return the balance of a bill in cents of the firm's currency."""
        left = cents(bill["balance"])
        return (
            left if bill["currency"] == FIRM_CURRENCY else round(left * self.switches.report_rate)
        )

    def name(self, table: str, key: object, field: str = "name") -> str:
        """Return the name of a record; empty where there is none."""
        row = self.store[table].rows.get(key) if isinstance(key, int) else None
        return str((row or {}).get(field, ""))

    def matter(self, key: object) -> str:
        """Return the number of a matter as people know it."""
        return self.name("matters", key, "display_number")

    def client(self, row: Row) -> str:
        """Return the name of whom a record is for."""
        return self.name("contacts", row.get("client"))


def amount(value: int) -> str:
    """Write cents as a report does."""
    return f"{value / 100:,.2f}"


def _receivable(books: Books) -> Iterator[Cells]:
    for bill in filter(books.owed, books.bills()):
        yield {
            "Client": books.client(bill),
            "Matter": books.matter(bill["matters"][0]),
            "Bill": str(bill["number"]),
            "Currency": "USD",
            "Balance": amount(books.owed(bill)),
        }


def _ageing(books: Books) -> Iterator[Cells]:
    for bill in filter(books.owed, books.bills()):
        due = date.fromisoformat(bill.get("due_at") or bill["issued_at"])
        late = (date.fromisoformat(books.today) - due).days
        mine = next(days for days in BUCKETS if late <= days)
        shares = {days: books.owed(bill) if days == mine else 0 for days in BUCKETS}
        spread = {name: amount(shares[days]) for days, name in BUCKETS.items()}
        yield {"Client": books.client(bill), "Bill": str(bill["number"]), **spread}


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


def _in_progress(books: Books) -> Iterator[Cells]:
    for key, (hours, money) in sorted(_work(books).items()):
        if hours or money:
            named = {"Matter": books.matter(key), "Hours": f"{hours:.2f}"}
            yield {**named, "Amount": amount(money)}


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


def _revenue(books: Books) -> Iterator[Cells]:
    billed: dict[tuple[str, str], int] = defaultdict(int)
    collected: dict[tuple[str, str], int] = defaultdict(int)
    table, allocations = books.store["line_items"], books.store["allocations"]
    for bill in books.bills():
        lines = [table.rows[key] for key in table.where("bill", bill["id"])]
        users = {line["id"]: books.name("users", line["user"]) for line in lines}
        owner = {key: (str(bill["number"]), user) for key, user in users.items()}
        for line in lines if books.holds(bill["issued_at"]) else ():
            billed[owner[line["id"]]] += cents(line["total"])
        for key in allocations.where("bill", bill["id"]):
            row = allocations.rows[key]
            stands = "voided_at" not in row and not row.get("interest")
            if not (stands and row["parent"]["type"] == "Payment" and books.holds(row["date"])):
                continue
            shares = spread(books.switches.report_allocation, cents(row["amount"]), lines)
            for line_id, share in shares.items():
                collected[owner[line_id]] += share
    for both in sorted({*billed, *collected}):
        if billed[both] or collected[both]:
            sums = {"Billed": amount(billed[both]), "Collected": amount(collected[both])}
            yield {"Bill": both[0], "User": both[1], **sums}


def _trust(books: Books) -> Iterator[Row]:
    accounts = books.store["bank_accounts"].rows
    for row in books.store["bank_transactions"].after(0):
        if accounts.get(row["bank_account"], {}).get("type") == "Trust":
            yield row


def _trust_listing(books: Books) -> Iterator[Cells]:
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in _trust(books):
        account = books.name("bank_accounts", row["bank_account"])
        owner = (account, books.matter(row.get("matter")), books.client(row))
        sums[owner] += cents(row.get("funds_in")) - cents(row.get("funds_out"))
    for owner, left in sorted(sums.items()):
        if left:
            named = dict(zip(("Account", "Matter", "Client"), owner, strict=True))
            yield {**named, "Balance": amount(left)}


def _trust_ledger(books: Books) -> Iterator[Cells]:
    for row in _trust(books):
        if books.holds(row["date"]):
            yield {
                "Account": books.name("bank_accounts", row["bank_account"]),
                "Date": row["date"],
                "Matter": books.matter(row.get("matter")),
                "Client": books.client(row),
                "Funds in": amount(cents(row.get("funds_in"))),
                "Funds out": amount(cents(row.get("funds_out"))),
            }


def _balances(books: Books) -> Iterator[Cells]:
    owed: dict[int, int] = defaultdict(int)
    for bill in books.bills():
        owed[bill["matters"][0]] += books.owed(bill)
    work = _work(books)
    for matter in books.store["matters"].after(0):
        key = matter["id"]
        three = (work.get(key, (0.0, 0))[1], owed[key], in_trust(books.store, "matter", key))
        if any(three):
            names = ("Work in progress", "Outstanding", "Trust")
            told = dict(zip(names, map(amount, three), strict=True))
            yield {"Matter": books.matter(key), **told}


KINDS: dict[str, Callable[[Books], Iterator[Cells]]] = {
    "accounts_receivable": _receivable,
    "accounts_receivable_aging": _ageing,
    "work_in_progress": _in_progress,
    "revenue": _revenue,
    "trust_listing": _trust_listing,
    "trust_ledger": _trust_ledger,
    "matter_balance_summary": _balances,
}
"""The kinds of reports that are made here; others end as empty."""


STORAGE = "/_storage/reports"
ASKED = "_asked"
"""The mark of a report that was asked for here, and is not one of the seed."""
_DOWNLOAD = re.compile(r"reports/([0-9]+)/download")
UNPROCESSABLE, SEE_OTHER = 422, 303


@dataclass
class Reports:
    """Make reports, and keep them for who fetches them."""

    store: Store
    changes: Changes
    switches: Switches
    contents: dict[str, bytes] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def settle(self, now: int) -> None:
        """Make the reports that are due by now, in milliseconds since 1970."""
        rows = self.store["reports"].rows.values()
        for row in [one for one in rows if one.get(ASKED) and one["state"] == "queued"]:
            if now - row["created_at"] >= self.switches.report_seconds * 1000:
                self._make(row, now)

    def _make(self, row: Row, now: int) -> None:
        if self.switches.report_fails:
            self.changes.update("reports", row["id"], {"state": "failed"})
            return
        today = values.stamp(now)[:10]
        period = (str(row.get("start_date") or ""), str(row.get("end_date") or ""))
        books, made = Books(self.store, self.switches, today, *period), KINDS.get(row["kind"])
        rows = list(made(books)) if made else []
        name = sha256(f"report {row['id']}".encode()).hexdigest()[:32]
        self.contents[name] = _written(row["format"], rows)
        self.names[row["id"]] = name
        state = "completed" if rows else "empty"
        self.changes.update("reports", row["id"], {"state": state, "progress": 100})

    def download(self, path: str, host: str) -> Response | None:
        """Answer a download with the address in the storage; None where the path is none.

        `host` is the address that the server was asked by, with a slash at its end.
        """
        found = _DOWNLOAD.fullmatch(path)
        if found is None:
            return None
        key = int(found[1])
        if self.store["reports"].get(key) is None:
            raise not_found()
        if key not in self.names:
            raise Refusal(422, "The report is not completed", "NotReady")
        address = f"{host.rstrip('/')}{STORAGE}/{self.names[key]}"
        return Response(b"", SEE_OTHER, {"Location": address})

    def fetch(self, request: Request) -> Response:
        """Answer as a storage does: who knows the address may read, and no token is taken."""
        if "authorization" in request.headers:
            return Response(b"only one way to authorise", 400)
        data = self.contents.get(request.path_params["name"])
        return Response(data or b"", 404 if data is None else 200, media_type="text/csv")

    def routes(self) -> list[Route]:
        """Return the routes of the storage."""
        return [Route(f"{STORAGE}/{{name}}", self.fetch)]


def _written(kind: str, rows: list[Cells]) -> bytes:
    if kind == "json":
        return json.dumps(rows).encode()
    text = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")
