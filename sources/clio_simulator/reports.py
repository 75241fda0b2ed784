"""Reports: asked for by a POST, worked out of the records in cents, fetched from a storage.

Clio documents the kinds of its reports and not their columns; these headings are an assumption.
"""

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any, TypeAlias

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
    """Return the rows of a report."""
    made = KINDS.get(kind)
    return list(made(books)) if made else []


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
        rows = rows_of(row["kind"], Books(self.store, self.switches, today, *period))
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


def _written(kind: str, rows: list[dict[str, str]]) -> bytes:
    if kind == "json":
        return json.dumps(rows).encode()
    text = io.StringIO(newline="")
    if rows:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")
