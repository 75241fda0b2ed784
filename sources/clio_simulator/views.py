"""Fields and lists that are worked out of other tables when asked for, and so always agree."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from .answers import Refusal, not_found
from .store import PLACE, Row, Store, Table
from .switches import Switches
from .values import data

Ledger: TypeAlias = dict[tuple[str, int], dict[int, int]]


def cents(amount: float | None) -> int:
    """Return an amount of a row in cents."""
    return round((amount or 0) * 100)


def money(amount_in_cents: int) -> float:
    """Return cents as the number that stands in JSON; its shortest writing is exact."""
    return amount_in_cents / 100


@dataclass(frozen=True)
class Derived:
    """One worked-out field: the tables that it reads and how."""

    depends: tuple[str, ...]
    work_out: Callable[[Store, Row], Any]


def ledger(store: Store) -> Ledger:
    """Sum the bank transactions by owner (account, matter, client) and account, in cents."""

    def build() -> Ledger:
        sums: Ledger = defaultdict(lambda: defaultdict(int))
        for row in store["bank_transactions"].after(0):
            account = row["bank_account"]
            amount = cents(row.get("funds_in")) - cents(row.get("funds_out"))
            for owner in ("bank_account", "matter", "client"):
                if owner in row:
                    sums[owner, row[owner]][account] += amount
        return sums

    return store.remember("ledger", ("bank_transactions",), build)


def in_trust(store: Store, owner: str, key: int) -> int:
    """Return what the trust accounts hold for a matter or client, in cents."""
    accounts = store["bank_accounts"].rows
    sums = ledger(store).get((owner, key), {})
    trust = {account for account in sums if accounts.get(account, {}).get("type") == "Trust"}
    return sum(sums[account] for account in trust)


def _balance(store: Store, row: Row) -> float:
    return money(ledger(store).get(("bank_account", row["id"]), {}).get(row["id"], 0))


def _balances(owner: str, store: Store, row: Row) -> list[Row]:
    accounts = store["bank_accounts"].rows
    return [
        {"id": account, "balance": money(amount)}
        | {name: accounts[account][name] for name in ("type", "name", "currency_id")}
        for account, amount in sorted(ledger(store).get((owner, row["id"]), {}).items())
        if account in accounts
    ]


BANK = ("bank_transactions", "bank_accounts")


def _pointing(pick: Callable[[list[int]], Any], table: str, field: str) -> Derived:
    """Work a field out of the ids of those that point at its record."""
    return Derived((table,), lambda store, row: pick(store[table].where(field, row["id"])))


PICKS: dict[str, Callable[[list[int]], Any]] = {
    "all": list,
    "first": lambda keys: keys[0] if keys else None,
    "last": lambda keys: keys[-1] if keys else None,
    "size": len,
}

DERIVED: dict[tuple[str, str], Derived] = {
    ("bank_accounts", "balance"): Derived(("bank_transactions",), _balance),
    ("matters", "account_balances"): Derived(BANK, partial(_balances, "matter")),
    ("contacts", "account_balances"): Derived(BANK, partial(_balances, "client")),
} | {
    (name, field): _pointing(PICKS[pick], table, by)
    for name, fields in data("manage")["pointing"].items()
    for field, (pick, table, by) in fields.items()
}
"""(collection, field) → how it is worked out."""


@dataclass(frozen=True)
class View:
    """One such list: the tables that it reads, and what makes its rows out of the request.

    `takes` names the path or query parameters that decide its rows, `heeds` the switches.
    """

    depends: tuple[str, ...]
    build: Callable[..., list[Row]]
    takes: tuple[str, ...] = ()
    heeds: tuple[str, ...] = ()

    def table(
        self, name: str, store: Store, parameters: dict[str, str], switches: Switches
    ) -> Table:
        """Return the list as a table, built again only when what it reads has changed."""
        given = {key: parameters.get(key, "") for key in self.takes}
        given |= {key: getattr(switches, key) for key in self.heeds}

        def build() -> Table:
            table = Table(name)
            table.load(self.build(store, **given))
            return table

        return store.remember((name, *given.values()), self.depends, build)


def _billable_matters(store: Store) -> list[Row]:
    """Return the matters with unbilled, billable work."""
    sums: dict[int, list[float]] = defaultdict(lambda: [0, 0.0])
    for row in store["activities"].after(0):
        if not (row.get("on_bill") or row.get("non_billable") or row.get("_written_off")):
            sums[row.get("matter", 0)][0] += cents(row.get("total"))
            sums[row.get("matter", 0)][1] += row.get("rounded_quantity_in_hours", 0.0)
    rows = []
    for key, both in sorted(sums.items()):
        amount, hours, matter = round(both[0]), round(both[1], 2), store["matters"].get(key)
        if matter is None or not (amount or hours):
            continue
        held, number = money(in_trust(store, "matter", key)), matter["display_number"]
        row = {"id": key, "currency_code": "USD", "currency_id": 1, "amount_in_trust": held}
        row |= {"unbilled_hours": hours, "unbilled_amount": money(amount)}
        rows.append({**row, "display_number": number, "client": matter.get("client")})
    return rows


def _billable_clients(store: Store) -> list[Row]:
    by_client: dict[int, list[Row]] = defaultdict(list)
    for row in _billable_matters(store):
        by_client[row.pop("client")].append(row)
    return [
        {
            "id": client,
            "unbilled_hours": round(sum(matter["unbilled_hours"] for matter in matters), 2),
            "unbilled_amount": money(sum(cents(matter["unbilled_amount"]) for matter in matters)),
            "amount_in_trust": money(in_trust(store, "client", client)),
            "name": store["contacts"].rows.get(client, {}).get("name"),
            "billable_matters_count": len(matters),
            "billable_matters": matters,
        }
        for client, matters in sorted(by_client.items())
    ]


def _outstanding(store: Store) -> list[Row]:
    by_client: dict[int, list[Row]] = defaultdict(list)
    for bill in store["bills"].after(0):
        if bill["state"] == "awaiting_payment" and cents(bill.get("balance")) and "client" in bill:
            by_client[bill["client"]].append(bill)
    return [_owing(store, client, bills) for client, bills in sorted(by_client.items())]


def _owing(store: Store, client: int, bills: list[Row]) -> Row:
    allocations = store["allocations"]
    payments = [allocations.rows[key]["date"] for key in allocations.where("contact", client)]
    sent = [bill["last_sent_at"] for bill in bills if "last_sent_at" in bill]
    row: Row = {
        "id": client,
        "associated_matter_ids": sorted({matter for bill in bills for matter in bill["matters"]}),
        "newest_issued_bill_due_date": max(bill["due_at"] for bill in bills),
        "pending_payments_total": money(sum(cents(bill.get("pending")) for bill in bills)),
        "reminders_enabled": bool(sent),
        "total_outstanding_balance": money(sum(cents(bill["balance"]) for bill in bills)),
        "created_at": min(bill["created_at"] for bill in bills),
        "updated_at": max(bill["updated_at"] for bill in bills),
        "outstanding_bills": [bill["id"] for bill in bills],
        "contact": client,
        "currency": 1,
    }
    if payments:
        row["last_payment_date"] = max(payments)
    return row


def _seen(store: Store, collection: str, key: str) -> Row:
    row = store[collection].get(int(key)) if key.isdigit() else None
    if row is None:
        raise not_found()
    return row


def _copied(contact: Row, origin: Row, **more: object) -> Row:
    """Return what a matter shows of a contact, with the stamps of what it comes from."""
    row = {name: contact[name] for name in data("manage")["copied"] if name in contact}
    return row | {name: origin[name] for name in ("created_at", "updated_at")} | more


def _relationships(store: Store, matter: Row) -> list[Row]:
    table = store["relationships"]
    return [table.rows[key] for key in table.where("matter", matter["id"])]


OUTSIDE = 1 << 62
"""The place of a row behind all relationships."""


def _matter_contacts(
    store: Store, matter_id: str, client_row: str, *, contact_listed_twice: bool
) -> list[Row]:
    """Return the client of a matter, and its related contacts, placed by their relationship."""
    matter = _seen(store, "matters", matter_id)
    client, found = matter.get("client"), _relationships(store, matter)
    if not contact_listed_twice:
        found = list({each["contact"]: each for each in found}.values())
    alone = contact_listed_twice or all(each["contact"] != client for each in found)
    both: list[tuple[int, Row]] = [(client, {})] if client is not None and alone else []
    rows = []
    for key, relationship in [*both, *((each["contact"], each) for each in found)]:
        contact = store["contacts"].get(key)
        if contact is None:
            continue
        row = _copied(contact, relationship or contact, id=key, is_client=key == client)
        row |= {f"contact_{name}": contact[name] for name in ("created_at", "updated_at")}
        row |= {"matter_id": matter["id"], "matter_number": matter["display_number"]}
        row[PLACE] = relationship.get("id", 0 if client_row == "first" else OUTSIDE)
        if relationship:
            described = relationship.get("description")
            row |= {"description": described, "relationship_name": described}
            row["relationship"] = relationship["id"]
        rows.append(row)
    return rows


def _related_contacts(store: Store, matter_id: str, related_contact_id: str) -> list[Row]:
    matter = _seen(store, "matters", matter_id)
    rows = []
    for relationship in _relationships(store, matter):
        key, contact = relationship["id"], store["contacts"].get(relationship["contact"])
        if contact is not None:
            own = key if related_contact_id == "relationship" else contact["id"]
            row = _copied(contact, relationship, id=own, contact_id=contact["id"], relationship=key)
            row["is_matter_client"] = contact["id"] == matter.get("client")
            rows.append({**row, PLACE: key})
    return rows


def _inside_contact(field: str) -> View:
    def build(store: Store, contact_id: str) -> list[Row]:
        return list(_seen(store, "contacts", contact_id).get(field, ()))

    return View(("contacts",), build, ("contact_id",))


def _expense_categories(store: Store, region: str) -> list[Row]:
    if not region:
        raise Refusal(400, "region is required")
    rows = store["lauk_expense_categories"].after(0)
    return [
        {**row, "rate": row.get("_london", row["rate"]) if region == "London" else row["rate"]}
        for row in rows
    ]


_MATTER_TABLES = ("matters", "contacts", "relationships")
_BILLABLE = ("activities", "matters", "contacts", "bank_transactions", "bank_accounts")

VIEWS = {
    "billable_matters": View(_BILLABLE, _billable_matters),
    "billable_matters_ids": View(_BILLABLE, _billable_matters),
    "billable_clients": View(_BILLABLE, _billable_clients),
    "outstanding_client_balances": View(("bills", "allocations"), _outstanding),
    "matter_contacts": View(
        _MATTER_TABLES, _matter_contacts, ("matter_id",), ("client_row", "contact_listed_twice")
    ),
    "matter_related_contacts": View(
        _MATTER_TABLES, _related_contacts, ("matter_id",), ("related_contact_id",)
    ),
    "contact_email_addresses": _inside_contact("email_addresses"),
    "contact_phone_numbers": _inside_contact("phone_numbers"),
    "folders_list": View(
        ("folders", "documents"),
        lambda store: [*store["folders"].after(0), *store["documents"].after(0)],
    ),
    "lauk_expense_categories": View(("lauk_expense_categories",), _expense_categories, ("region",)),
}
"""Collection → how its rows are made."""
